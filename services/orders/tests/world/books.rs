//! Compares what orders believes with what the neighbours hold, and with what was published.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use techtrove_bus::{Bus, Event, HandlerError, RelayOptions, Subscription, Taken, drain};
use techtrove_core::{SeededIds, SharedClock, TypedId as _};
use techtrove_db::{DbError, Wanted};
use techtrove_inventory_api::{ReservationId, ReservationState};
use techtrove_orders::{
    domain::{Booking, CapturePolicy, Order, RefundStatus, Return, ReturnStatus, ShipmentStatus},
    store,
};
use techtrove_orders_api::{
    ORDER_AGGREGATE, ORDER_KEYS_DELIVERED, ORDER_PARCEL_SHIPPED, ORDER_REFUNDED,
    ORDER_RETURN_APPROVED, ORDER_RETURN_RECEIVED, ORDER_RETURN_REJECTED, ORDER_RETURN_REQUESTED,
    OrderChanged, OrderEntry, OrderRefunded, OrderStatus, ParcelShipped, Parts, ReturnChanged,
    ReturnClaim, ReturnId, StockClaim,
};
use techtrove_payments_api::{PaymentId, PaymentStatus};
use uuid::Uuid;

use super::{PIECES, Stock, World, stock::sums};

impl World {
    /// Every order as it is stored.
    pub async fn orders(&self) -> Vec<Order> {
        let entries = self.entries().await;
        let orders = self.db.read("test.orders", move |tx| {
            let orders = entries.iter().map(|entry| store::lookup_order(tx, entry.id));
            orders.collect::<Result<Vec<_>, DbError>>()
        });
        orders.await.expect("read").into_iter().flatten().collect()
    }

    /// The orders' book.
    pub async fn entries(&self) -> Vec<OrderEntry> {
        let wanted = Wanted { after: None, limit: 100_000 };
        let entries = self.db.read("test.entries", move |tx| store::list_entries(tx, &wanted));
        entries.await.expect("read").items
    }

    /// Asserts that the books agree, and that no order is left to be driven.
    pub async fn assert_settled(&self, context: &str) {
        for entry in self.entries().await {
            assert!(entry.settled, "{context}: {entry:?} is not settled");
            assert_ne!(entry.status, OrderStatus::Pending, "{context}: {entry:?}");
        }
        self.assert_books_agree(context).await;
        self.assert_events(context).await;
    }

    /// The same once more: nothing was told since.
    pub async fn assert_settled_again(&self, context: &str) {
        assert!(self.entries().await.iter().all(|entry| entry.settled), "{context}");
        self.assert_books_agree(context).await;
        assert!(self.published().await.is_empty(), "{context}: something was told again");
    }

    /// Asserts that what the neighbours hold is what orders says, at whatever step.
    pub async fn assert_books_agree(&self, context: &str) {
        let entries = self.entries().await;
        entries.iter().for_each(assert_adds_up);
        let (stock, till) = (self.stock.lock().expect("whole"), self.till.lock().expect("whole"));
        for entry in &entries {
            let context = format!("{context}: {entry:?}");
            let id = ReservationId::from_uuid(entry.id.uuid());
            let open: Vec<_> = stock
                .reservations
                .iter()
                .filter(|((reservation, _), known)| *reservation == id && known.is_open())
                .map(|(_, known)| known)
                .collect();
            let charge = till.charges.get(&PaymentId::from_uuid(entry.payment));
            match entry.stock {
                StockClaim::InFlight => {}
                StockClaim::Held => {
                    assert_eq!(open.len(), 1, "{context} holds {open:?}");
                    assert_eq!(open[0].state, ReservationState::Held, "{context}");
                }
                StockClaim::Nothing | StockClaim::Left => {
                    assert!(open.is_empty(), "{context} holds {open:?}")
                }
                StockClaim::Committed => {
                    assert_eq!(open.len(), 1, "{context} holds {open:?}");
                    assert_eq!(open[0].state, ReservationState::Committed, "{context}");
                    let mut sold = BTreeMap::new();
                    for line in entry.lines.iter().filter(|line| line.shipped < line.quantity) {
                        let left = line.quantity - line.shipped;
                        *sold.entry(line.sku.clone()).or_default() += i64::from(left);
                    }
                    assert_eq!(open[0].remaining(), sold, "{context}");
                }
            }
            let money = charge.map(|charge| charge.status);
            match entry.status {
                OrderStatus::Pending => {}
                OrderStatus::Confirmed
                | OrderStatus::Processing
                | OrderStatus::Shipped
                | OrderStatus::Delivered => {
                    let charge = charge.unwrap_or_else(|| panic!("{context} was never paid"));
                    assert_eq!(charge.amount, entry.total, "{context}");
                    let reserved = [Some(PaymentStatus::Authorized), Some(PaymentStatus::Captured)];
                    assert!(reserved.contains(&money), "{context}: {charge:?}");
                    let taken = i64::from(charge.captured) * entry.total.amount;
                    let late = self.capture == CapturePolicy::Shipment
                        && entry.status == OrderStatus::Confirmed;
                    assert!(
                        !entry.settled || charge.captured == 1 || late,
                        "{context}: {charge:?}"
                    );
                    assert!(entry.captured <= taken, "{context}: {charge:?}");
                    if entry.settled {
                        let known = (entry.captured, entry.refunded);
                        assert_eq!(known, (taken, charge.refunded()), "{context}");
                    }
                }
                // What a cancelled order's money does may follow by a moment.
                OrderStatus::Cancelled if !entry.settled => {}
                OrderStatus::PaymentFailed | OrderStatus::Cancelled => {
                    let gone = [None, Some(PaymentStatus::Failed), Some(PaymentStatus::Voided)];
                    let back = charge.is_some_and(|c| c.refunded() == c.amount.amount);
                    assert!(gone.contains(&money) || back, "{context}: money is {charge:?}");
                    assert_eq!(entry.captured, entry.refunded, "{context}");
                }
            }
            assert!(
                charge.is_none_or(|c| {
                    c.reserved <= 1 && c.captured <= 1 && c.refunded() <= c.amount.amount
                }),
                "{context}: charged twice"
            );
        }
        assert_returned(&entries, &stock, context);
        assert_pieces(&entries, &stock, context);
    }

    /// Asserts that each order has told its stations, parcels and refunds, each once and in their order.
    async fn assert_events(&self, context: &str) {
        let mut told: BTreeMap<_, Vec<OrderStatus>> = BTreeMap::new();
        let (mut done, mut returned) = (Vec::new(), Vec::new());
        for event in self.published().await {
            let data: OrderChanged = event.decode_data().expect("the order event's data");
            assert_eq!(event.aggregate_id, data.order_id.uuid(), "{context}");
            match event.kind.as_str() {
                ORDER_KEYS_DELIVERED => {}
                ORDER_PARCEL_SHIPPED => {
                    let data: ParcelShipped = event.decode_data().expect("a parcel's event");
                    done.push(data.shipment_id.uuid());
                }
                ORDER_REFUNDED => {
                    let data: OrderRefunded = event.decode_data().expect("a refund's event");
                    done.push(data.refund_id);
                }
                ORDER_RETURN_REQUESTED
                | ORDER_RETURN_APPROVED
                | ORDER_RETURN_REJECTED
                | ORDER_RETURN_RECEIVED => {
                    let data: ReturnChanged = event.decode_data().expect("a return's event");
                    returned.push((data.return_id, data.return_status));
                }
                _ => told.entry(data.order_id).or_default().push(data.status),
            }
        }
        let mut expected: Vec<_> = self.orders().await.iter().flat_map(done_for).collect();
        done.sort();
        expected.sort();
        assert_eq!(done, expected, "{context}: parcels and refunds");
        let orders = self.orders().await;
        let mut moved: Vec<_> = orders.iter().flat_map(|it| &it.returns).flat_map(way_of).collect();
        let key = |(id, status): &(_, ReturnStatus)| (*id, *status as u8);
        returned.sort_by_key(key);
        moved.sort_by_key(key);
        assert_eq!(returned, moved, "{context}: returns");
        let passed = |order: &Order| order.history[1..].iter().map(|entry| entry.status).collect();
        let stations: BTreeMap<_, Vec<OrderStatus>> =
            self.orders().await.iter().map(|order| (order.id, passed(order))).collect();
        assert_eq!(told, stations, "{context}");
    }

    /// All events that orders has published since the last time.
    async fn published(&self) -> Vec<Arc<Event>> {
        let seen: Arc<Mutex<Vec<Arc<Event>>>> = Arc::default();
        let sink = Arc::clone(&seen);
        let db = self.db.clone();
        let take = move |event: Arc<Event>| {
            let (sink, db) = (Arc::clone(&sink), db.clone());
            async move {
                let claimed = Arc::clone(&event);
                let first = db.write("test.take", move |tx| {
                    techtrove_bus::first_time(tx, "test.orders", &claimed)
                });
                if first.await? {
                    sink.lock().expect("whole").push(event);
                }
                Ok::<_, HandlerError>(Taken::Handled)
            }
        };
        let mut bus = Bus::in_process();
        bus.subscribe(Subscription {
            consumer: "test.orders",
            aggregate_kinds: &[ORDER_AGGREGATE],
            db: self.db.clone(),
            handler: Arc::new(take),
        })
        .expect("the only consumer");
        let clock: SharedClock = Arc::clone(&self.clock) as SharedClock;
        let ids = Arc::new(SeededIds::new(Arc::clone(&clock), 99));
        let options = RelayOptions::new("/techtrove/orders", &self.db, clock, ids);
        drain(&[(&self.db, &options)], &bus).await.expect("drained");
        let seen = seen.lock().expect("whole");
        seen.clone()
    }
}

/// The parcels of the order that left, and the refunds that were made.
fn done_for(order: &Order) -> Vec<Uuid> {
    let left = order
        .shipments
        .iter()
        .filter(|parcel| parcel.status == ShipmentStatus::Shipped && parcel.carrier != "digital");
    let made = order.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
    left.map(|parcel| parcel.id.uuid()).chain(made.map(|refund| refund.id.uuid())).collect()
}

/// The stations of a return, the first one first.
fn way_of(back: &Return) -> Vec<(ReturnId, ReturnStatus)> {
    use ReturnStatus::{Approved, Received, Rejected, Requested};
    let stations: &[ReturnStatus] = match back.status {
        Requested => &[Requested],
        Approved => &[Requested, Approved],
        Rejected => &[Requested, Rejected],
        Received => &[Requested, Approved, Received],
    };
    assert_ne!(back.booking, Booking::Pending, "{back:?}");
    stations.iter().map(|status| (back.id, *status)).collect()
}

/// Asserts that what is charged is what the order consists of.
fn assert_adds_up(entry: &OrderEntry) {
    let Parts { subtotal, discount, shipping, tax, prices_include_tax } = entry.parts;
    let tax = if prices_include_tax { 0 } else { tax };
    assert_eq!(subtotal - discount + shipping + tax, entry.total.amount, "{entry:?}");
    for line in &entry.lines {
        assert_eq!((line.in_parcels, line.in_returns), (line.shipped, line.returned), "{entry:?}");
        assert_eq!(line.unit_price * i64::from(line.quantity), line.total, "{entry:?}");
    }
    assert_eq!(subtotal, entry.lines.iter().map(|line| line.total).sum::<i64>(), "{entry:?}");
}

/// Asserts that what came back is the same in both books, once nothing is left to do.
fn assert_returned(entries: &[OrderEntry], stock: &Stock, context: &str) {
    for entry in entries.iter().filter(|entry| entry.settled) {
        let id = ReservationId::from_uuid(entry.id.uuid());
        let of_order = stock.reservations.iter().filter(|((of, _), _)| *of == id);
        let counted = |claim: &ReturnClaim| {
            let mut lines = BTreeMap::new();
            for (sku, count) in &claim.lines {
                *lines.entry(sku.clone()).or_default() += i64::from(*count);
            }
            (claim.id, (lines, claim.restock))
        };
        let told: BTreeMap<_, _> = entry.returns.iter().map(counted).collect();
        let kept: BTreeMap<_, _> = of_order
            .flat_map(|(_, known)| &known.returns)
            .map(|(id, (lines, restock))| (*id, (sums(lines), *restock)))
            .collect();
        assert_eq!(told, kept, "{context}: returns of {}", entry.id);
    }
}

/// Asserts that nothing is held for no order, and that no piece was lost or made.
fn assert_pieces(entries: &[OrderEntry], stock: &Stock, context: &str) {
    let known: Vec<_> = entries.iter().map(|e| ReservationId::from_uuid(e.id.uuid())).collect();
    for ((id, attempt), reserved) in &stock.reservations {
        let ours = known.contains(id) || !reserved.is_open();
        assert!(ours, "{context}: {id} {attempt} is held for no order");
    }
    for (sku, available) in &stock.available {
        let open = stock.reservations.values().filter(|known| known.is_open());
        let held: i64 = open.filter_map(|known| known.remaining().get(sku).copied()).sum();
        let parcels = stock.reservations.values().flat_map(|known| known.parcels.values());
        let gone: i64 = parcels.filter_map(|lines| sums(lines).get(sku).copied()).sum();
        let back = stock.reservations.values().flat_map(|known| known.returns.values());
        let back = back.filter(|(_, restock)| *restock);
        let back: i64 = back.filter_map(|(lines, _)| sums(lines).get(sku).copied()).sum();
        assert!(*available >= 0, "{context}: {sku} is oversold");
        let pieces = available + held + gone - back;
        assert_eq!(pieces, PIECES, "{context}: pieces of {sku} were lost or made");
    }
}
