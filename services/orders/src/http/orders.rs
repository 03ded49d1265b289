//! Placing an order and looking at it.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderName, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use techtrove_core::{EmailAddress, Money, Problem, Quantity, Sku, TypedId as _, codes};
use techtrove_http::{
    ETag, HttpError, Path, ProblemBody, accepted_languages, header_text,
    idempotency::{IdempotencyKey, Idempotent, Scope},
    no_store, private, versioned_json,
};
use techtrove_identity_api::{AddressId, Caller, GuestKey, Role};
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::checkout::{self, CheckoutRequest, PaymentRequest};
use crate::{
    app::{
        self, Addressed, App, Buyer, OrderBody, PaymentToken, PlaceOrder, Placed, RefundBody,
        Viewer, with_guest_token,
    },
    domain::{
        Address,
        checkout::{Wish, WishedLine},
    },
    error::Error,
};

/// The token by which a guest sees an order.
pub(super) const X_GUEST_TOKEN: HeaderName = HeaderName::from_static("x-guest-token");

/// Buys now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceOrderRequest {
    /// What to buy. A SKU may come more than once.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<LineRequest>,
    /// Where the confirmation goes; required of guests.
    #[serde(default)]
    email: Option<EmailAddress>,
    /// Where goods go; required for goods that ship.
    #[serde(default)]
    shipping_address: Option<Address>,
    /// Which of the buyer's own addresses goods go to, instead of `shipping_address`; not for guests.
    #[serde(default)]
    shipping_address_id: Option<AddressId>,
    /// Where the bill goes, when it is not the same.
    #[serde(default)]
    billing_address: Option<Address>,
    /// How goods travel, `standard` or `express` by default; required for goods that ship.
    #[serde(default)]
    #[schema(max_length = 64, example = "standard")]
    shipping_method: Option<String>,
    /// How it is paid.
    payment: PaymentRequest,
    /// What the buyer was shown; another total is refused with `price_changed`.
    #[serde(default)]
    expected_total: Option<Money>,
}

/// So many pieces of a SKU.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineRequest {
    /// What.
    sku: Sku,
    /// How many.
    quantity: Quantity,
}

/// An order just placed.
#[derive(serde::Serialize, ToSchema)]
#[schema(as = OrderOut)]
pub(crate) struct PlacedBody {
    #[serde(flatten)]
    order: OrderBody,
    /// For guests: the token to send back as `X-Guest-Token`. Shown here only.
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_token: Option<String>,
}

/// What somebody may send who pays with this token.
fn example(token: &str) -> Value {
    let mut example = checkout::example(token);
    example["lines"] = json!([{"sku": "GPU-RTX4090-24G", "quantity": 1}]);
    example
}

impl PlaceOrderRequest {
    /// The wish and the token, when every value is acceptable by itself.
    fn checked(
        self,
        app: &App,
        buyer: Buyer,
        languages: Vec<String>,
    ) -> Result<(Wish, PaymentToken), Problem> {
        let lines = self.lines.into_iter();
        let lines = lines.map(|line| WishedLine { sku: line.sku, quantity: line.quantity });
        let terms = CheckoutRequest {
            email: self.email,
            shipping_address: self.shipping_address,
            shipping_address_id: self.shipping_address_id,
            billing_address: self.billing_address,
            shipping_method: self.shipping_method,
            payment: self.payment,
            expected_total: self.expected_total,
        };
        terms.checked(app, buyer, Some(lines.collect()), languages)
    }
}

/// Places an order and pays for it. Answers once stock and money are certain, or with the order
/// `pending` while the provider has not told.
#[utoipa::path(
    post, path = "/api/v1/orders", operation_id = "place_order", tag = "orders",
    request_body(content = PlaceOrderRequest, examples(
        ("paid" = (value = json!(example("tok_ok")))),
        ("requires_action" = (value = json!(example("tok_requires_action")))),
        ("unknown" = (value = json!(example("tok_timeout")))),
    )),
    params(("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
        description = "A retry with the same key and body gets the same answer."),
        ("Accept-Language" = Option<String>, Header,
            description = "In which languages mails about it may be, unless the buyer's account has a `locale`")),
    security((), ("bearer" = [])),
    responses(
        (status = 201, body = PlacedBody, headers(
            ("Location" = String, description = "Where the order is"),
            ("ETag" = String, description = "The order's version and hash"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 402, body = ProblemBody, description = "`payment_declined`"),
        (status = 409, body = ProblemBody,
            description = "`out_of_stock`, `price_changed`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    idempotent: Idempotent<PlaceOrderRequest>,
) -> Result<Response, HttpError> {
    let buyer = caller.user_id().map_or(Buyer::Guest, Buyer::User);
    let scope = match buyer {
        Buyer::Guest => Scope::Guest,
        Buyer::User(id) => Scope::User(id.uuid()),
    };
    let key = idempotent.key(scope, app.clock.now());
    let address = idempotent.body.shipping_address_id;
    let languages = accepted_languages(&headers);
    let (wish, token) = idempotent.body.checked(&app, buyer, languages)?;
    let request = PlaceOrder { buyer, wish, token, key, cart: None };
    let placed = match app::to_own_address(&app, request, address).await? {
        Addressed::Now(request) => app::place_order(&app, *request).await?,
        Addressed::Before(placed) => placed,
    };
    Ok(answer(&app, buyer, placed))
}

/// The answer with its entity tag and, for a guest, the token.
pub(super) fn answer(app: &App, buyer: Buyer, placed: Placed) -> Response {
    let Placed { mut answer, replayed } = placed;
    // The order's own tag, as a GET gives it: the token is no part of the order.
    let tag = (answer.status == 201).then(|| ETag::of(1_u64, &answer.body));
    if buyer == Buyer::Guest && answer.status == 201 {
        answer = with_guest_token(answer, &app.guest_key);
    }
    let mut response = if replayed { answer.replayed() } else { answer.into_response() };
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag.header());
    }
    no_store(response)
}

/// Shows an order to its buyer, to the guest with its token, and to staff.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}", operation_id = "get_order", tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which order"),
    ),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 200, body = OrderBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 304, description = "The client has it"),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    OrderCaller { viewer, .. }: OrderCaller,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let order = app::show_order(&app, id, &viewer).await?;
    let licence_keys = app::keys_for(&app, &order, &viewer).await;
    let refunds = RefundBody::all(&order, viewer.staff);
    let body = OrderBody { licence_keys, refunds, ..OrderBody::from(&order) };
    Ok(private(versioned_json(&headers, order.version, &body)))
}

/// The error of somebody for whom there is no such order: staff may look at it, and must know that
/// looking is all; `why` says whose this is.
pub(super) async fn hidden(
    app: &App,
    caller: &Caller,
    id: OrderId,
    error: Error,
    why: &'static str,
) -> HttpError {
    let staff = caller.has(Role::Support) || caller.has(Role::Manager);
    if !staff || !matches!(error, Error::NotFound) {
        return error.into();
    }
    let viewer = Viewer { user_id: caller.user_id(), staff, support: false, guest_token: None };
    match app::show_order(app, id, &viewer).await {
        Ok(_) => Problem::new(codes::FORBIDDEN, why).into(),
        Err(error) => error.into(),
    }
}

/// Whose idempotency keys the viewer's are.
pub(super) fn scope(viewer: &Viewer) -> Scope<'_> {
    match (&viewer.user_id, &viewer.guest_token) {
        (Some(id), _) => Scope::User(id.uuid()),
        (None, Some(token)) => Scope::Token(token),
        (None, None) => Scope::Guest,
    }
}

/// Who comes to an order with a sign-in or a token. Decided before the rest of the request is looked at.
pub(crate) struct OrderCaller {
    /// Who calls.
    pub caller: Caller,
    /// The same as somebody who looks at an order.
    pub viewer: Viewer,
}

impl<S: Send + Sync> FromRequestParts<S> for OrderCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let viewer = viewer(&caller, &parts.headers)?;
        viewer.require_credential().map_err(Problem::from)?;
        Ok(Self { caller, viewer })
    }
}

/// Who looks at an order.
///
/// # Errors
/// 400 for a header that is no text.
pub(super) fn viewer(caller: &Caller, headers: &HeaderMap) -> Result<Viewer, Problem> {
    Ok(Viewer {
        user_id: caller.user_id(),
        staff: caller.has(Role::Support) || caller.has(Role::Manager),
        support: caller.has(Role::Support),
        guest_token: header_text(headers, &X_GUEST_TOKEN)?.and_then(GuestKey::plausible),
    })
}
