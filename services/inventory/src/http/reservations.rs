//! Reservations, for orders.

use axum::extract::State;
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json, Path};
use techtrove_inventory_api::{
    HoldRequest, Reservation, ReservationId, ShipRequest, TakeBackRequest,
};

use crate::{
    app::{self, App, NewHold},
    domain::{Lines, Parcel, Returned, Verb},
    error::Error,
};

/// Which attempt of which reservation.
type Attempt = Path<(ReservationId, u32)>;

type Answer = Result<axum::Json<Reservation>, HttpError>;

/// Sets all lines aside, or none.
pub(super) async fn hold(State(app): State<App>, Json(request): Json<HoldRequest>) -> Answer {
    check_attempt(request.attempt)?;
    let lines =
        Lines::merged(&request.lines).map_err(|invalid| Problem::from(Error::from(invalid)))?;
    let new = NewHold {
        id: request.reservation_id,
        attempt: request.attempt,
        lines,
        digital: request.digital,
        expires_at: request.expires_at,
    };
    Ok(axum::Json(app::hold(&app, new).await.map_err(Problem::from)?))
}

/// Sells what is held.
pub(super) async fn commit(app: State<App>, attempt: Attempt) -> Answer {
    change(app, attempt, Verb::Commit).await
}

/// Gives back what is held or sold.
pub(super) async fn release(app: State<App>, attempt: Attempt) -> Answer {
    change(app, attempt, Verb::Release).await
}

/// Lets committed pieces leave the building.
pub(super) async fn ship(
    State(app): State<App>,
    Path((reservation, attempt)): Attempt,
    Json(request): Json<ShipRequest>,
) -> Answer {
    check_attempt(attempt)?;
    let lines =
        Lines::merged(&request.lines).map_err(|invalid| Problem::from(Error::from(invalid)))?;
    let parcel = Parcel { reservation, attempt, lines };
    let shipped = app::ship(&app, request.shipment_id, parcel).await;
    Ok(axum::Json(shipped.map_err(Problem::from)?))
}

/// Takes back what left.
pub(super) async fn take_back(
    State(app): State<App>,
    Path((reservation, attempt)): Attempt,
    Json(request): Json<TakeBackRequest>,
) -> Answer {
    check_attempt(attempt)?;
    let lines =
        Lines::merged(&request.lines).map_err(|invalid| Problem::from(Error::from(invalid)))?;
    let returned = Returned { reservation, attempt, lines, restock: request.restock };
    let taken = app::take_back(&app, request.return_id, returned).await;
    Ok(axum::Json(taken.map_err(Problem::from)?))
}

async fn change(State(app): State<App>, Path((id, attempt)): Attempt, verb: Verb) -> Answer {
    check_attempt(attempt)?;
    let changed = app::change_reservation(&app, id, attempt, verb).await;
    Ok(axum::Json(changed.map_err(Problem::from)?))
}

fn check_attempt(attempt: u32) -> Result<(), Problem> {
    if attempt == 0 {
        return Err(Problem::invalid_field("/attempt", "attempts are counted from 1"));
    }
    Ok(())
}
