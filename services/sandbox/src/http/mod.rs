//! The provider's HTTP API: parse, ask the use case, answer. Its words are its own; nobody shares a type
//! with it. Every route may be repeated with the same keys.

mod stripe;
mod wire;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use techtrove_core::{BookPage, PageRequest};
use techtrove_db::Wanted;
use techtrove_http::{HttpError, Json, OptionalJson, Path, Query};

use crate::{
    app::{self, App},
    domain::Key,
    error::Error,
    faults::Operation,
};

use wire::{ChargeBody, CompletedAction, ListedBody, NewCharge, NewRefund, RefundBody};

type Shared = State<Arc<App>>;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/charges", get(list_charges).post(create_charge))
        .route("/v1/charges/{key}", get(get_charge))
        .route("/v1/charges/{key}/complete-action", post(complete_action))
        .route("/v1/charges/{key}/capture", post(capture_charge))
        .route("/v1/charges/{key}/void", post(void_charge))
        .route("/v1/charges/{key}/lapse", post(lapse_charge))
        .route("/v1/charges/{key}/refunds", post(refund_charge))
        .route("/v1/charges/{key}/refunds/{refund}", get(get_refund))
        .route("/v1/charges/{key}/refunds/{refund}/end", post(end_refund))
        .with_state(Arc::clone(&app))
        .merge(stripe::router(app))
}

async fn create_charge(
    State(app): Shared,
    Json(body): Json<NewCharge>,
) -> Result<Response, HttpError> {
    let (key, terms) = body.check()?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::create_charge(&app, key, terms).await };
    let created = faults.around(Operation::Charge, silence, work).await?;
    let status = if created.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ChargeBody::from(&created.charge))).into_response())
}

async fn get_charge(
    State(app): Shared,
    Path(key): Path<String>,
) -> Result<Json<ChargeBody>, HttpError> {
    let key = path_key(&key)?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::get_charge(&app, key).await };
    Ok(Json(ChargeBody::from(&faults.around(Operation::Lookup, silence, work).await?)))
}

async fn complete_action(
    State(app): Shared,
    Path(key): Path<String>,
    OptionalJson(body): OptionalJson<CompletedAction>,
) -> Result<Json<ChargeBody>, HttpError> {
    let key = path_key(&key)?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::complete_action(&app, key, body.outcome()).await };
    Ok(Json(ChargeBody::from(&faults.around(Operation::CompleteAction, silence, work).await?)))
}

async fn capture_charge(
    State(app): Shared,
    Path(key): Path<String>,
) -> Result<Json<ChargeBody>, HttpError> {
    let key = path_key(&key)?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::capture_charge(&app, key).await };
    Ok(Json(ChargeBody::from(&faults.around(Operation::Capture, silence, work).await?)))
}

async fn void_charge(
    State(app): Shared,
    Path(key): Path<String>,
) -> Result<Json<ChargeBody>, HttpError> {
    let key = path_key(&key)?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::void_charge(&app, key).await };
    Ok(Json(ChargeBody::from(&faults.around(Operation::Void, silence, work).await?)))
}

/// What a bank does by itself is no call of the shop's, so no fault meets it.
async fn lapse_charge(
    State(app): Shared,
    Path(key): Path<String>,
) -> Result<Json<ChargeBody>, HttpError> {
    Ok(Json(ChargeBody::from(&app::lapse_charge(&app, path_key(&key)?).await?)))
}

async fn refund_charge(
    State(app): Shared,
    Path(key): Path<String>,
    Json(body): Json<NewRefund>,
) -> Result<Json<RefundBody>, HttpError> {
    let key = path_key(&key)?;
    let (refund, amount) = body.check()?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::refund_charge(&app, key, refund, amount).await };
    Ok(Json(RefundBody::from(&faults.around(Operation::Refund, silence, work).await?)))
}

async fn get_refund(
    State(app): Shared,
    Path((key, refund)): Path<(String, String)>,
) -> Result<Json<RefundBody>, HttpError> {
    let (key, refund) = (path_key(&key)?, path_key(&refund)?);
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::get_refund(&app, key, refund).await };
    Ok(Json(RefundBody::from(&faults.around(Operation::ListRefunds, silence, work).await?)))
}

/// What a bank decides is no call of the shop's, so no fault meets it.
async fn end_refund(
    State(app): Shared,
    Path((key, refund)): Path<(String, String)>,
    OptionalJson(body): OptionalJson<CompletedAction>,
) -> Result<Json<RefundBody>, HttpError> {
    let (key, refund) = (path_key(&key)?, path_key(&refund)?);
    Ok(Json(RefundBody::from(&app::end_refund(&app, key, refund, body.refund_outcome()).await?)))
}

async fn list_charges(
    State(app): Shared,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<ListedBody>>, HttpError> {
    let wanted = Wanted::try_from(&page)?;
    let (faults, silence) = app.misbehaviour();
    let work = async move { app::list_charges(&app, wanted).await };
    let page = faults.around(Operation::List, silence, work).await?;
    Ok(Json(page.map(|listed| ListedBody::from(&listed))))
}

fn path_key(text: &str) -> Result<Key, Error> {
    text.parse().map_err(|error: crate::domain::InvalidKey| Error::Invalid {
        pointer: "/key",
        detail: error.to_string(),
    })
}
