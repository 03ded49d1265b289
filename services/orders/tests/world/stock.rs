//! A stock that keeps reservations as inventory does: all lines or none, attempts that have ended are
//! remembered, and every call may come twice.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use techtrove_core::{Problem, SharedClock, Sku, Timestamp};
use techtrove_http::HttpError;
use techtrove_inventory_api::{
    HoldRequest, Line, OUT_OF_STOCK, OutOfStockLine, RESERVATION_ENDED, RESERVATION_MISMATCH,
    Reservation, ReservationId, ReservationState, ShipRequest, SoldKey, SoldKeys, TakeBackRequest,
};
use uuid::Uuid;

use super::sku;

#[derive(Clone, Debug)]
pub struct Reserved {
    pub lines: Vec<Line>,
    pub state: ReservationState,
    pub expires_at: Option<Timestamp>,
    /// What has left the building, each parcel once.
    pub parcels: BTreeMap<Uuid, Vec<Line>>,
    /// What came back of it, each return once, and whether it can be sold again.
    pub returns: BTreeMap<Uuid, (Vec<Line>, bool)>,
}

#[derive(Debug, Default)]
pub struct Stock {
    pub available: BTreeMap<Sku, i64>,
    pub reservations: BTreeMap<(ReservationId, u32), Reserved>,
    /// Each hold ends before anybody can commit it, so many times.
    pub early_ends: u32,
    /// Whether nothing may leave the building.
    pub keeps_all: bool,
}

impl Reserved {
    /// The pieces that are still in the building.
    pub fn remaining(&self) -> BTreeMap<Sku, i64> {
        let mut left = sums(&self.lines);
        for (sku, count) in self.parcels.values().flat_map(|lines| sums(lines)) {
            *left.entry(sku).or_default() -= count;
        }
        left.retain(|_, count| *count != 0);
        left
    }

    /// What left and has not come back.
    fn out(&self) -> BTreeMap<Sku, i64> {
        let mut out = BTreeMap::new();
        for (sku, count) in self.parcels.values().flat_map(|lines| sums(lines)) {
            *out.entry(sku).or_default() += count;
        }
        for (sku, count) in self.returns.values().flat_map(|(lines, _)| sums(lines)) {
            *out.entry(sku).or_default() -= count;
        }
        out
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, ReservationState::Held | ReservationState::Committed)
    }
}

impl Stock {
    pub fn with(pieces: impl IntoIterator<Item = (&'static str, i64)>) -> Self {
        let available = pieces.into_iter().map(|(text, count)| (sku(text), count)).collect();
        Self { available, ..Self::default() }
    }

    /// How many attempts there are of a reservation.
    pub fn attempts(&self, id: ReservationId) -> usize {
        self.reservations.keys().filter(|(reservation, _)| *reservation == id).count()
    }

    fn hold(&mut self, request: &HoldRequest) -> Result<Reserved, Problem> {
        let key = (request.reservation_id, request.attempt);
        if let Some(known) = self.reservations.get(&key) {
            return if known.is_open() { Ok(known.clone()) } else { Err(ended()) };
        }
        let wanted = sums(&request.lines);
        let short: Vec<OutOfStockLine> = wanted
            .iter()
            .filter_map(|(sku, count)| {
                let available = self.available.get(sku).copied().unwrap_or(0);
                (available < *count).then(|| OutOfStockLine {
                    sku: sku.clone(),
                    requested: u32::try_from(*count).expect("a small count"),
                    available: u32::try_from(available).expect("a small count"),
                })
            })
            .collect();
        if !short.is_empty() {
            let lines = serde_json::to_value(short).expect("JSON");
            return Err(Problem::new(OUT_OF_STOCK, "not enough").with("lines", lines));
        }
        for (sku, count) in wanted {
            *self.available.entry(sku).or_default() -= count;
        }
        let reserved = Reserved {
            lines: request.lines.clone(),
            state: ReservationState::Held,
            expires_at: request.expires_at,
            parcels: BTreeMap::new(),
            returns: BTreeMap::new(),
        };
        self.reservations.insert(key, reserved.clone());
        Ok(reserved)
    }

    fn change(&mut self, key: (ReservationId, u32), verb: &str) -> Result<Reserved, Problem> {
        if verb == "release" {
            return Ok(self.end(key, ReservationState::Released));
        }
        if verb == "commit" && self.early_ends > 0 && self.reservations.contains_key(&key) {
            self.early_ends -= 1;
            self.end(key, ReservationState::Expired);
        }
        let reserved = self.reservations.get_mut(&key).filter(|known| known.is_open());
        let reserved = reserved.ok_or_else(ended)?;
        match verb {
            "commit" => reserved.state = ReservationState::Committed,
            other => panic!("inventory has no {other}"),
        }
        Ok(reserved.clone())
    }

    fn end(&mut self, key: (ReservationId, u32), state: ReservationState) -> Reserved {
        let none = Reserved {
            lines: Vec::new(),
            state,
            expires_at: None,
            parcels: BTreeMap::new(),
            returns: BTreeMap::new(),
        };
        let known = self.reservations.entry(key).or_insert(none);
        assert!(known.parcels.is_empty(), "what was shipped in part is given back");
        if known.is_open() {
            for (sku, count) in known.remaining() {
                *self.available.entry(sku).or_default() += count;
            }
            known.state = state;
        }
        known.clone()
    }

    fn ship(
        &mut self,
        key: (ReservationId, u32),
        request: &ShipRequest,
    ) -> Result<Reserved, Problem> {
        let keeps_all = self.keeps_all;
        let reserved = self.reservations.get_mut(&key).ok_or_else(ended)?;
        if reserved.parcels.contains_key(&request.shipment_id) {
            return Ok(reserved.clone());
        }
        let left = reserved.remaining();
        let enough = |(sku, count): (&Sku, &i64)| left.get(sku).is_some_and(|left| left >= count);
        match reserved.state {
            ReservationState::Committed
                if sums(&request.lines).iter().all(enough) && !keeps_all =>
            {
                reserved.parcels.insert(request.shipment_id, request.lines.clone());
            }
            ReservationState::Released | ReservationState::Expired => return Err(ended()),
            _ => return Err(Problem::new(RESERVATION_MISMATCH, "not committed")),
        }
        if reserved.remaining().is_empty() {
            reserved.state = ReservationState::Shipped;
        }
        Ok(reserved.clone())
    }

    fn take_back(
        &mut self,
        key: (ReservationId, u32),
        request: &TakeBackRequest,
    ) -> Result<Reserved, Problem> {
        let mismatch = || Problem::new(RESERVATION_MISMATCH, "it never left");
        let reserved = self.reservations.get_mut(&key).ok_or_else(mismatch)?;
        if reserved.returns.contains_key(&request.return_id) {
            return Ok(reserved.clone());
        }
        let out = reserved.out();
        let wanted = sums(&request.lines);
        if self.keeps_all || wanted.iter().any(|(sku, count)| out.get(sku) < Some(count)) {
            return Err(mismatch());
        }
        let back = (request.lines.clone(), request.restock);
        reserved.returns.insert(request.return_id, back);
        let reserved = reserved.clone();
        for (sku, count) in wanted.into_iter().filter(|_| request.restock) {
            *self.available.entry(sku).or_default() += count;
        }
        Ok(reserved)
    }

    pub fn expire(&mut self, now: Timestamp) {
        let over: Vec<_> = self
            .reservations
            .iter()
            .filter(|(_, known)| known.state == ReservationState::Held)
            .filter(|(_, known)| known.expires_at.is_some_and(|end| end <= now))
            .map(|(key, _)| *key)
            .collect();
        for key in over {
            self.end(key, ReservationState::Expired);
        }
    }
}

pub fn sums(lines: &[Line]) -> BTreeMap<Sku, i64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        *sums.entry(line.sku.clone()).or_default() += line.quantity.as_i64();
    }
    sums
}

fn ended() -> Problem {
    Problem::new(RESERVATION_ENDED, "it has ended")
}

#[derive(Clone)]
struct Counter {
    stock: Arc<Mutex<Stock>>,
    clock: SharedClock,
}

pub fn router(stock: Arc<Mutex<Stock>>, clock: SharedClock) -> Router {
    Router::new()
        .route("/internal/inventory/reservations", post(hold))
        .route("/internal/inventory/reservations/{id}/keys", get(keys))
        .route("/internal/inventory/reservations/{id}/{attempt}/ship", post(ship))
        .route("/internal/inventory/reservations/{id}/{attempt}/returns", post(take_back))
        .route("/internal/inventory/reservations/{id}/{attempt}/{verb}", post(change))
        .with_state(Counter { stock, clock })
}

impl Counter {
    fn serve(
        &self,
        id: ReservationId,
        attempt: u32,
        serve: impl FnOnce(&mut Stock) -> Result<Reserved, Problem>,
    ) -> Result<Json<Reservation>, HttpError> {
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        stock.expire(self.clock.now());
        let Reserved { state, expires_at, .. } = serve(&mut stock)?;
        Ok(Json(Reservation { reservation_id: id, attempt, state, expires_at }))
    }
}

async fn hold(
    State(counter): State<Counter>,
    Json(request): Json<HoldRequest>,
) -> Result<Json<Reservation>, HttpError> {
    counter.serve(request.reservation_id, request.attempt, |stock| stock.hold(&request))
}

async fn change(
    State(counter): State<Counter>,
    Path((id, attempt, verb)): Path<(ReservationId, u32, String)>,
) -> Result<Json<Reservation>, HttpError> {
    counter.serve(id, attempt, |stock| stock.change((id, attempt), &verb))
}

async fn ship(
    State(counter): State<Counter>,
    Path((id, attempt)): Path<(ReservationId, u32)>,
    Json(request): Json<ShipRequest>,
) -> Result<Json<Reservation>, HttpError> {
    counter.serve(id, attempt, |stock| stock.ship((id, attempt), &request))
}

async fn take_back(
    State(counter): State<Counter>,
    Path((id, attempt)): Path<(ReservationId, u32)>,
    Json(request): Json<TakeBackRequest>,
) -> Result<Json<Reservation>, HttpError> {
    counter.serve(id, attempt, |stock| stock.take_back((id, attempt), &request))
}

/// A key for each licence that has left.
async fn keys(State(counter): State<Counter>, Path(id): Path<ReservationId>) -> Json<SoldKeys> {
    let stock = counter.stock.lock().unwrap_or_else(PoisonError::into_inner);
    let of_order = stock.reservations.iter().filter(|((reservation, _), _)| *reservation == id);
    let left = of_order.flat_map(|(_, known)| known.parcels.values().flatten());
    let licences = left.filter(|line| line.sku.as_str() == "KEY");
    let keys = licences.flat_map(|line| {
        let key = |number| SoldKey { sku: line.sku.clone(), key: format!("SECRET-{number}") };
        (0..line.quantity.get()).map(key)
    });
    Json(SoldKeys { keys: keys.collect() })
}
