//! Sending back what left: asked for by who bought it, decided and received by the shop.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use techtrove_catalog_api::Reach;
use techtrove_core::{Currency, Money, Problem, Quantity, Sku, TypedId as _};
use techtrove_http::{
    HttpError, Json, NoFields, OptionalJson, Path, ProblemBody,
    idempotency::{IdempotencyKey, Idempotent, Once, Repeatable as _, Scope},
};
use techtrove_identity_api::{Caller, Role, UserId};
use techtrove_orders_api::{OrderId, ReturnId};
use utoipa::ToSchema;

use super::{
    currency,
    orders::{OrderCaller, hidden, scope},
    texts,
};
use crate::app::{self, App, AskReturn, ReceiveReturn, Received, ReturnBody};

/// The most lines of a return.
const MAX_LINES: usize = 100;

/// The longest reason, in characters.
const MAX_REASON: usize = 500;

/// Asks to send something back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"sku": "GPU-RTX4090-24G", "quantity": 1}], "reason": "too loud"}))]
pub(crate) struct ReturnRequest {
    /// What. A SKU may come more than once.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<ReturnedLine>,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
}

/// So many pieces of a SKU, of whichever of the order's lines.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnedLine {
    /// Of what.
    sku: Sku,
    /// How many.
    quantity: Quantity,
}

/// The face of an amount that is given back for a return.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says how [`Money`] is written here, and is never made")]
pub(crate) struct GivenBack {
    /// Minor units: cents of a dollar, whole yen; 0 for nothing.
    #[schema(minimum = 0)]
    amount: i64,
    /// The shop's currency.
    currency: Currency,
}

/// Says that what was sent back is here.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"restock": true}))]
pub(crate) struct ReceiveRequest {
    /// Whether it can be sold again; else it is written off.
    restock: bool,
    /// How much is given back, when it is less than it is worth: 0 for nothing.
    #[serde(default)]
    #[schema(value_type = Option<GivenBack>)]
    refund: Option<Money>,
}

/// Somebody of support or of those who keep the stock; decided before the rest of the request is looked
/// at. The latter may be limited to categories.
pub(crate) struct Desk {
    user: UserId,
    reach: Reach,
}

impl<S: Send + Sync> FromRequestParts<S> for Desk {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if let Ok(support) = caller.require(Role::Support) {
            return Ok(Self { user: support.sub, reach: Reach::default() });
        }
        let manager = caller.require(Role::Manager)?;
        Ok(Self { user: manager.sub, reach: Reach::of(manager.categories.clone()) })
    }
}

impl ReturnRequest {
    fn check(&self) -> Result<(), Problem> {
        if !(1..=MAX_LINES).contains(&self.lines.len()) {
            let detail = format!("a return has 1 to {MAX_LINES} lines");
            return Err(Problem::invalid_field("/lines", detail));
        }
        texts::check("/reason", &self.reason, MAX_REASON)
    }
}

impl ReceiveRequest {
    fn check(&self, app: &App) -> Result<(), Problem> {
        let Some(refund) = &self.refund else { return Ok(()) };
        currency::check(app, "/refund", refund.currency)?;
        if refund.amount < 0 {
            return Err(Problem::invalid_field("/refund/amount", "zero or more minor units"));
        }
        Ok(())
    }
}

/// Asks to send back what has left of an order, in part or whole: its buyer, the guest with its token, and
/// support. The shop then approves or rejects it. A piece is in one return at a time.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/returns", operation_id = "ask_return", tag = "orders",
    request_body = ReturnRequest,
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "A retry with the same key and body gets the same answer."),
    ),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 201, body = ReturnBody, headers(
            ("Location" = String, description = "Where the return is"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition` while nothing has left, \
            `return_window_closed`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody,
            description = "More than has left and was not sent back, among others"),
        (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    OrderCaller { caller, viewer }: OrderCaller,
    Path(id): Path<OrderId>,
    idempotent: Idempotent<ReturnRequest>,
) -> Result<Response, HttpError> {
    let staff = caller.has(Role::Support);
    let viewer = app::Viewer { staff, ..viewer }.check(&app, id)?;
    let key = idempotent.key(scope(&viewer), app.clock.now());
    let request = idempotent.body;
    request.check()?;
    let ReturnRequest { lines, reason } = request;
    let lines = lines.into_iter().map(|line| (line.sku, line.quantity)).collect();
    let asked = AskReturn { id, viewer, lines, reason, key };
    match app::ask_return(&app, asked).await {
        Ok(Once::Made(made)) => Ok(made.answer()?.into_response()),
        Ok(Once::Replayed(answer)) => Ok(answer.replayed()),
        Ok(Once::Refused(problem)) => Err(problem.into()),
        Err(error) => Err(hidden(&app, &caller, id, error, "this needs the role support").await),
    }
}

/// Lets the buyer send it back. A manager who is limited to categories may where all that is sent back is theirs.
#[utoipa::path(
    post, path = "/api/v1/returns/{id}/approve", operation_id = "approve_return", tag = "orders",
    params(("id" = ReturnId, Path, description = "Which return")), security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 200, body = ReturnBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Desk { reach, .. }: Desk,
    Path(id): Path<ReturnId>,
    _: OptionalJson<NoFields>,
) -> Result<Json<ReturnBody>, HttpError> {
    app::check_return(&app, reach, id).await?;
    Ok(Json(app::approve_return(&app, id).await?))
}

/// Has the buyer keep it; its pieces may be asked for again. Who may is as for approving it.
#[utoipa::path(
    post, path = "/api/v1/returns/{id}/reject", operation_id = "reject_return", tag = "orders",
    params(("id" = ReturnId, Path, description = "Which return")), security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 200, body = ReturnBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn reject(
    State(app): State<Arc<App>>,
    Desk { reach, .. }: Desk,
    Path(id): Path<ReturnId>,
    _: OptionalJson<NoFields>,
) -> Result<Json<ReturnBody>, HttpError> {
    app::check_return(&app, reach, id).await?;
    Ok(Json(app::reject_return(&app, id).await?))
}

/// Says that what was approved is here: it goes into the stock again or is written off, and what it is
/// worth is given back. Answers once both are certain, or with the refund `pending` while nobody can
/// tell. Under its `Idempotency-Key` the same request is told again how the return stands. Who may is as for
/// approving it.
#[utoipa::path(
    post, path = "/api/v1/returns/{id}/receive", operation_id = "receive_return", tag = "orders",
    request_body = ReceiveRequest,
    params(
        ("id" = ReturnId, Path, description = "Which return"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ReturnBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`, \
            `refund_exceeds_payment` for more than it is worth, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    Desk { user, reach }: Desk,
    Path(id): Path<ReturnId>,
    idempotent: Idempotent<ReceiveRequest>,
) -> Result<Response, HttpError> {
    let key = idempotent.key(Scope::User(user.uuid()), app.clock.now());
    let request = idempotent.body;
    request.check(&app)?;
    let ReceiveRequest { restock, refund } = request;
    app::check_return(&app, reach, id).await?;
    match app::receive_return(&app, ReceiveReturn { id, restock, refund, key }).await? {
        Received::Now(back) => Ok(Json(*back).into_response()),
        Received::Refused(answer) => Ok(answer.replayed()),
    }
}
