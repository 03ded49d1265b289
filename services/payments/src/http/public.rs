//! What customers and staff may do with a payment: look at it, complete its action, void it when nobody
//! knows what became of it.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use techtrove_core::{Money, Page, PageRequest, Problem, Timestamp, TypedId as _};
use techtrove_http::{
    HttpError, Json, OptionalJson, Path, ProblemBody, Query, header_text,
    idempotency::IdempotencyKey,
};
use techtrove_identity_api::{Caller, GuestKey, Role};
use techtrove_payments_api::{NextAction, PaymentId, PaymentStatus};
use utoipa::{IntoParams, ToSchema};

use super::staff::{Staff, Support};
use crate::{
    app::{self, App, View, Viewer},
    domain::ActionOutcome,
    store::RefundTrouble,
};

/// The token by which a guest sees the payment of an order.
const X_GUEST_TOKEN: HeaderName = HeaderName::from_static("x-guest-token");

techtrove_core::typed_id!(
    /// The order that a payment is for.
    OrderRef, "ord"
);

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    id: PaymentId,
    /// The order it is for; absent from one that was given up before it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderRef>,
    /// Who holds the money.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sandbox")]
    provider: Option<String>,
    status: PaymentStatus,
    amount: Money,
    /// How much of it was taken.
    captured: Money,
    /// How much of that was given back.
    refunded: Money,
    /// What the customer has to do, while the status is `requires_action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextAction>,
    /// Why the provider refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "card_declined")]
    decline_code: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<View> for PaymentBody {
    fn from(View { stored, shown }: View) -> Self {
        let terms = stored.payment.terms;
        let money = |amount| Money::new(amount, shown.amount.currency);
        Self {
            id: shown.id,
            order_id: terms.as_ref().map(|terms| OrderRef::from_uuid(terms.reference)),
            provider: terms.map(|terms| terms.provider),
            status: shown.status,
            amount: shown.amount,
            captured: money(shown.captured),
            refunded: money(shown.refunded),
            next_action: shown.next_action,
            decline_code: shown.decline_code,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

/// What the customer did.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteActionRequest {
    /// How the sandbox's action ends.
    #[serde(default)]
    #[schema(default = "succeed")]
    outcome: ActionOutcome,
}

/// Nothing needs to be said.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoidRequest {}

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentsQuery {
    /// Those that stand here.
    #[serde(default)]
    status: Option<PaymentStatus>,
    /// Those with a refund of which the provider has not told (`pending`), or which it did not make
    /// (`failed`) and nobody has asked for again.
    #[serde(default)]
    #[param(inline)]
    refund: Option<RefundTrouble>,
    /// How many items, 1 to 100; default 20.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[serde(default)]
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// A page of payments.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentsBody {
    /// The payments, newest first.
    items: Vec<PaymentBody>,
    /// Where the next page begins; `null` on the last.
    next_cursor: Option<String>,
}

/// Shows a payment to its customer, to the guest with the order's token, and to staff.
#[utoipa::path(
    get, path = "/api/v1/payments/{id}", operation_id = "get_payment", tag = "payments",
    params(("id" = PaymentId, Path, description = "Which payment")),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 200, body = PaymentBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    PaymentCaller(viewer): PaymentCaller,
    Path(id): Path<PaymentId>,
) -> Result<Response, HttpError> {
    Ok(private(PaymentBody::from(app::view_payment(&app, id, &viewer).await?)))
}

/// Completes what a payment requires of its customer; repeated, it shows what came of it. With Stripe the
/// customer acts on their bank's page, and this asks what came of that, whatever the outcome says.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/actions/complete",
    operation_id = "complete_payment_action", tag = "payments",
    request_body = Option<CompleteActionRequest>,
    params(
        ("id" = PaymentId, Path, description = "Which payment"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "Accepted, and not needed: a repetition changes nothing."),
    ),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 200, body = PaymentBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody, description = "Staff may look, not pay"),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody, description = "`unknown_outcome`: ask again"),
    )
)]
pub(crate) async fn complete(
    State(app): State<Arc<App>>,
    PaymentCaller(viewer): PaymentCaller,
    Path(id): Path<PaymentId>,
    _key: IdempotencyKey,
    OptionalJson(body): OptionalJson<CompleteActionRequest>,
) -> Result<Response, HttpError> {
    let done = app::complete_own_action(&app, id, &viewer, body.outcome).await?;
    Ok(private(PaymentBody::from(done)))
}

/// Lists payments to staff, newest first.
#[utoipa::path(
    get, path = "/api/v1/payments", operation_id = "list_payments", tag = "payments",
    params(PaymentsQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, body = PaymentsBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _staff: Staff,
    Query(query): Query<PaymentsQuery>,
) -> Result<Response, HttpError> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let wanted = (query.status, query.refund);
    let Page { items, next_cursor } = app::list_payments(&app, wanted, &page).await?;
    let items = items.into_iter().map(PaymentBody::from).collect();
    Ok(private(PaymentsBody { items, next_cursor }))
}

/// Voids, by its key at the provider, a payment whose outcome nobody knows; the order learns of it.
/// Until the provider has confirmed, the payment stays `unknown`; repeated, it is asked again.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/void", operation_id = "void_payment", tag = "payments",
    request_body = Option<VoidRequest>,
    params(
        ("id" = PaymentId, Path, description = "Which payment"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "Accepted, and not needed: a repetition changes nothing."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = PaymentBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`invalid_transition`: what became of it is known"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn void(
    State(app): State<Arc<App>>,
    _support: Support,
    Path(id): Path<PaymentId>,
    _key: IdempotencyKey,
    OptionalJson(VoidRequest {}): OptionalJson<VoidRequest>,
) -> Result<Response, HttpError> {
    Ok(private(PaymentBody::from(app::void_for_staff(&app, id).await?)))
}

/// Who comes to a payment with a sign-in or an order's token. Decided before the rest of the request is
/// looked at.
pub(crate) struct PaymentCaller(Viewer);

impl<S: Send + Sync> FromRequestParts<S> for PaymentCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let guest_token = header_text(&parts.headers, &X_GUEST_TOKEN)?;
        let viewer = Viewer {
            user_id: caller.user_id(),
            staff: caller.has(Role::Support) || caller.has(Role::Manager),
            guest_token: guest_token.and_then(GuestKey::plausible),
        };
        viewer.require_credential().map_err(Problem::from)?;
        Ok(Self(viewer))
    }
}

/// An answer that nobody but the asker may keep.
fn private(body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    let private = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, private);
    response
}
