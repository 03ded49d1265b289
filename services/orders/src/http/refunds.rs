//! Giving money back.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use techtrove_core::{Currency, Money, Problem, TypedId as _};
use techtrove_http::{
    HttpError, Path, ProblemBody,
    idempotency::{IdempotencyKey, Idempotent, Scope},
};
use techtrove_identity_api::{Caller, Role, UserId};
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::{currency, texts};
use crate::app::{self, App, Placed, RefundBody, RefundOrder};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;

/// The face of an amount that is given back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says how [`Money`] is written here, and is never made")]
pub(crate) struct RefundAmount {
    /// Minor units: cents of a dollar, whole yen.
    #[schema(minimum = 1)]
    amount: i64,
    /// The shop's currency.
    currency: Currency,
}

/// Gives money back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": 500, "currency": "USD"}, "reason": "a scratch"}))]
pub(crate) struct RefundRequest {
    /// How much; all that is left, when absent.
    #[serde(default)]
    #[schema(value_type = Option<RefundAmount>)]
    amount: Option<Money>,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
}

/// Somebody of the support who calls; decided before the rest of the request is looked at.
pub(crate) struct Support(UserId);

impl<S: Send + Sync> FromRequestParts<S> for Support {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.require(Role::Support)?.sub))
    }
}

impl RefundRequest {
    fn check(&self, app: &App) -> Result<(), Problem> {
        texts::check("/reason", &self.reason, MAX_REASON)?;
        let Some(amount) = &self.amount else { return Ok(()) };
        currency::check(app, "/amount", amount.currency)?;
        if amount.amount <= 0 {
            return Err(Problem::invalid_field("/amount/amount", "at least one minor unit"));
        }
        Ok(())
    }
}

/// Gives money back, in part or whole. Answers once the provider has, or with the refund `pending` while
/// it has not; then it follows. What was refused may be asked for again, also of an order that is cancelled.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/refunds", operation_id = "refund_order", tag = "orders",
    request_body = RefundRequest,
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "A retry with the same key and body gets the same answer."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 201, body = RefundBody, headers(
            ("Location" = String, description = "Where the refund is"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`refund_exceeds_payment`, \
            `invalid_transition` when nothing was captured, `refund_refused` with the provider's `failure_code`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn refund(
    State(app): State<Arc<App>>,
    Support(user): Support,
    Path(id): Path<OrderId>,
    idempotent: Idempotent<RefundRequest>,
) -> Result<Response, HttpError> {
    let key = idempotent.key(Scope::User(user.uuid()), app.clock.now());
    let request = idempotent.body;
    request.check(&app)?;
    let RefundRequest { amount, reason } = request;
    let Placed { answer, replayed } =
        app::refund_order(&app, RefundOrder { id, amount, reason, key }).await?;
    Ok(if replayed { answer.replayed() } else { answer.into_response() })
}
