//! Carts: filled by guests and users, and bought.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderName, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use techtrove_core::{Problem, Quantity, Sku, TypedId as _};
use techtrove_http::{
    HttpError, Json, NoFields, Path, ProblemBody, accepted_languages, header_text,
    idempotency::{Answer, IdempotencyKey, Idempotent, OptionalIdempotent, Scope},
    no_store,
};
use techtrove_identity_api::{Caller, GuestKey, UserId};
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::{
    checkout::{self, CheckoutRequest},
    orders::{self, OrderCaller, PlacedBody},
};
use crate::{
    app::{
        self, Addressed, App, Buyer, CartAnswer, CartBody, PlaceOrder, QuoteBody, ReorderBody,
        Shopper, Viewer, cart_location,
    },
    domain::{
        Destination,
        cart::{CartId, CartItemId},
        checkout::{Route, WishedLine},
    },
};

/// The token by which a guest sees a cart.
const X_CART_TOKEN: HeaderName = HeaderName::from_static("x-cart-token");

/// So many pieces of a SKU.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sku": "GPU-RTX4090-24G", "quantity": 1}))]
pub(crate) struct AddItemRequest {
    /// What.
    sku: Sku,
    /// How many; added to those that are there.
    quantity: Quantity,
}

/// Another quantity.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"quantity": 2}))]
pub(crate) struct SetQuantityRequest {
    /// How many.
    quantity: Quantity,
}

/// Where a cart would go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "shipping_address": {"country": "US", "region": "IL", "postal_code": "62701"},
    "shipping_method": "standard",
}))]
pub(crate) struct QuoteRequest {
    /// Where goods would go; required for goods that ship.
    #[serde(default)]
    shipping_address: Option<Destination>,
    /// How they would travel; required for goods that ship.
    #[serde(default)]
    #[schema(max_length = 64, example = "standard")]
    shipping_method: Option<String>,
    /// Where the bill would go, when it is not the same: it decides the tax where nothing ships.
    #[serde(default)]
    billing_address: Option<Destination>,
}

/// Who comes to a cart, with the token they sent.
pub(crate) struct CartCaller(Shopper);

impl CartCaller {
    /// Whose idempotency keys theirs are.
    fn scope(&self) -> Scope<'_> {
        match (&self.0.user_id, &self.0.cart_token) {
            (Some(id), _) => Scope::User(id.uuid()),
            (None, Some(token)) => Scope::Token(token),
            (None, None) => Scope::Guest,
        }
    }

    fn buyer(&self) -> Buyer {
        self.0.user_id.map_or(Buyer::Guest, Buyer::User)
    }

    /// The user, who must be signed in.
    fn user(&self) -> Result<UserId, Problem> {
        self.0.user_id.map_or_else(|| Caller::Guest.user().map(|claims| claims.sub), Ok)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CartCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let cart_token = header_text(&parts.headers, &X_CART_TOKEN)?.and_then(GuestKey::plausible);
        Ok(Self(Shopper { user_id: caller.user_id(), cart_token }))
    }
}

/// Who comes to a cart with a sign-in or a token. Decided before the rest of the request is looked at.
pub(crate) struct CartOwner(CartCaller);

impl<S: Send + Sync> FromRequestParts<S> for CartOwner {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = CartCaller::from_request_parts(parts, state).await?;
        caller.0.require_credential().map_err(Problem::from)?;
        Ok(Self(caller))
    }
}

/// The answer to a `POST`; nobody else's business.
fn answered<T: Serialize>(
    status: StatusCode,
    location: impl FnOnce(&T) -> Option<String>,
    answer: CartAnswer<T>,
) -> Result<Response, HttpError> {
    let (body, replayed) = match answer {
        CartAnswer::Cart { body, replayed } => (body, replayed),
        CartAnswer::Refused(answer) => return Ok(answer.replayed()),
    };
    let location = location(&body);
    let body = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let answer = Answer { status: status.as_u16(), body, location, version: None, resource: None };
    let response = if replayed { answer.replayed() } else { answer.into_response() };
    Ok(no_store(response))
}

/// Makes an empty cart, whichever the caller has already: the signed-in ask for the current one first, and
/// make one when there is none. A guest is given the token that opens it; since a guest has none before,
/// their `Idempotency-Key` counts only when it is as good as random, such as a UUID: 20 characters or
/// more, 8 of them different.
#[utoipa::path(
    post, path = "/api/v1/carts", operation_id = "create_cart", tag = "carts",
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    params(("Idempotency-Key" = inline(Option<IdempotencyKey>), Header)),
    security((), ("bearer" = [])),
    responses(
        (status = 201, body = CartBody, headers(
            ("Location" = String, description = "Where the cart is"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalIdempotent(request): OptionalIdempotent<NoFields>,
) -> Result<Response, HttpError> {
    let (user_id, now) = (caller.user_id(), app.clock.now());
    let key = match user_id {
        Some(id) => request.key(Scope::User(id.uuid()), now),
        None => request.strangers_key(now),
    };
    let made = app::create_cart(&app, user_id, key).await?;
    answered(StatusCode::CREATED, |cart| Some(cart_location(cart.id)), made)
}

/// Shows the signed-in user's newest open cart, on whichever device it was made. An older one that is open
/// stays theirs by its id, and is the current one once the newer ones are bought.
#[utoipa::path(
    get, path = "/api/v1/carts/current", operation_id = "get_current_cart", tag = "carts",
    security(("bearer" = [])),
    responses(
        (status = 200, body = CartBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody, description = "There is none: make one"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn current(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Response, HttpError> {
    let body = app::current_cart(&app, caller.user()?.sub).await?;
    Ok(no_store(Json(body)))
}

/// Shows a cart with the prices of this moment.
#[utoipa::path(
    get, path = "/api/v1/carts/{id}", operation_id = "get_cart", tag = "carts",
    params(
        ("id" = CartId, Path, description = "Which cart"),
    ),
    security(("bearer" = []), ("cart" = [])),
    responses(
        (status = 200, body = CartBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    CartCaller(shopper): CartCaller,
    Path(id): Path<CartId>,
) -> Result<Response, HttpError> {
    let body = app::show_cart(&app, &shopper, id).await?;
    Ok(no_store(Json(body)))
}

/// Puts pieces of a SKU into a cart. A SKU that is there already adds up.
#[utoipa::path(
    post, path = "/api/v1/carts/{id}/items", operation_id = "add_cart_item", tag = "carts",
    request_body = AddItemRequest,
    params(
        ("id" = CartId, Path, description = "Which cart"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    security(("bearer" = []), ("cart" = [])),
    responses(
        (status = 201, body = CartBody, headers(
            ("Location" = String, description = "Where the cart is"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`cart_locked`, `cart_completed`, `cart_claimed`, `cart_full`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn add_item(
    State(app): State<Arc<App>>,
    CartOwner(caller): CartOwner,
    Path(id): Path<CartId>,
    request: Idempotent<AddItemRequest>,
) -> Result<Response, HttpError> {
    let key = request.key(caller.scope(), app.clock.now());
    let AddItemRequest { sku, quantity } = request.body;
    let line = WishedLine { sku, quantity };
    let added = app::add_item(&app, &caller.0, id, line, key).await?;
    answered(StatusCode::CREATED, |_| Some(cart_location(id)), added)
}

/// Sets how many pieces of an item are in a cart.
#[utoipa::path(
    patch, path = "/api/v1/carts/{id}/items/{item_id}", operation_id = "edit_cart_item", tag = "carts",
    request_body = SetQuantityRequest,
    params(
        ("id" = CartId, Path, description = "Which cart"),
        ("item_id" = CartItemId, Path, description = "Which of its items"),
    ),
    security(("bearer" = []), ("cart" = [])),
    responses(
        (status = 200, body = CartBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`cart_locked`, `cart_completed`, `cart_claimed`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn set_quantity(
    State(app): State<Arc<App>>,
    CartOwner(CartCaller(shopper)): CartOwner,
    Path(item): Path<(CartId, CartItemId)>,
    Json(request): Json<SetQuantityRequest>,
) -> Result<Response, HttpError> {
    let body = app::set_quantity(&app, &shopper, item, request.quantity).await?;
    Ok(no_store(Json(body)))
}

/// Takes an item out of a cart.
#[utoipa::path(
    delete, path = "/api/v1/carts/{id}/items/{item_id}", operation_id = "remove_cart_item", tag = "carts",
    params(
        ("id" = CartId, Path, description = "Which cart"),
        ("item_id" = CartItemId, Path, description = "Which of its items"),
    ),
    security(("bearer" = []), ("cart" = [])),
    responses(
        (status = 204, description = "It is out"), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`cart_locked`, `cart_completed`, `cart_claimed`"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn remove_item(
    State(app): State<Arc<App>>,
    CartOwner(CartCaller(shopper)): CartOwner,
    Path(item): Path<(CartId, CartItemId)>,
) -> Result<StatusCode, HttpError> {
    app::remove_item(&app, &shopper, item).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a guest's cart to the signed-in user's own, which is the answer. To claim it again changes
/// nothing; nor does it to claim a cart that is the user's anyhow, which needs no token.
#[utoipa::path(
    post, path = "/api/v1/carts/{id}/claim", operation_id = "claim_cart", tag = "carts",
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    params(
        ("id" = CartId, Path, description = "The guest's cart"),
        ("X-Cart-Token" = Option<String>, Header, description = "The token that the guest got with it"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = CartBody, headers(
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`cart_locked`, `cart_completed`, `cart_claimed`, `cart_full`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn claim(
    State(app): State<Arc<App>>,
    CartOwner(caller): CartOwner,
    Path(id): Path<CartId>,
    OptionalIdempotent(request): OptionalIdempotent<NoFields>,
) -> Result<Response, HttpError> {
    let user = caller.user()?;
    let key = request.key(caller.scope(), app.clock.now());
    let claimed = app::claim_cart(&app, user, &caller.0, id, key).await?;
    answered(StatusCode::OK, |_| None, claimed)
}

/// Tells what a cart would cost with tax and shipping, as checkout computes it.
#[utoipa::path(
    post, path = "/api/v1/carts/{id}/quote", operation_id = "quote_cart", tag = "carts",
    request_body = QuoteRequest,
    params(
        ("id" = CartId, Path, description = "Which cart"),
    ),
    security(("bearer" = []), ("cart" = [])),
    responses(
        (status = 200, body = QuoteBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`cart_locked`, `cart_completed`, `cart_claimed`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn quote(
    State(app): State<Arc<App>>,
    CartOwner(CartCaller(shopper)): CartOwner,
    Path(id): Path<CartId>,
    Json(request): Json<QuoteRequest>,
) -> Result<Response, HttpError> {
    let QuoteRequest { shipping_address, shipping_method, billing_address } = request;
    let shipping = shipping_address.iter().flat_map(|to| to.check("/shipping_address"));
    let billing = billing_address.iter().flat_map(|to| to.check("/billing_address"));
    let errors: Vec<_> = shipping.chain(billing).collect();
    if !errors.is_empty() {
        return Err(Problem::invalid(errors).into());
    }
    let (shipping, billing) = (shipping_address, billing_address);
    let route = Route { method: shipping_method, shipping, billing };
    let quote = app::quote_cart(&app, &shopper, id, &route).await?;
    Ok(no_store(Json(quote)))
}

/// Buys a cart. It becomes at most one order; a refusal opens it again.
#[utoipa::path(
    post, path = "/api/v1/carts/{id}/checkout", operation_id = "checkout_cart", tag = "carts",
    request_body(content = CheckoutRequest, examples(
        ("paid" = (value = json!(checkout::example("tok_ok")))),
        ("requires_action" = (value = json!(checkout::example("tok_requires_action")))),
    )),
    params(
        ("id" = CartId, Path, description = "Which cart"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "A retry with the same key and body gets the same answer."),
        ("Accept-Language" = Option<String>, Header,
            description = "In which languages mails about it may be, unless the buyer's account has a `locale`"),
    ),
    security(("bearer" = []), ("cart" = [])),
    responses(
        (status = 201, body = PlacedBody, headers(
            ("Location" = String, description = "Where the order is"),
            ("ETag" = String, description = "The order's version and hash"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 402, body = ProblemBody, description = "`payment_declined`"),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`out_of_stock`, `price_changed`, `cart_locked`, `cart_completed` (with `order_id`), \
                           `cart_claimed`, `conflict`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn checkout(
    State(app): State<Arc<App>>,
    CartOwner(caller): CartOwner,
    Path(id): Path<CartId>,
    headers: HeaderMap,
    request: Idempotent<CheckoutRequest>,
) -> Result<Response, HttpError> {
    let buyer = caller.buyer();
    let key = request.key(caller.scope(), app.clock.now());
    let address = request.body.shipping_address_id;
    let languages = accepted_languages(&headers);
    let (wish, token) = request.body.checked(&app, buyer, None, languages)?;
    let request = PlaceOrder { buyer, wish, token, key, cart: None };
    let placed = match app::to_own_address(&app, request, address).await? {
        Addressed::Now(request) => app::checkout_cart(&app, &caller.0, id, *request).await?,
        Addressed::Before(placed) => placed,
    };
    Ok(orders::answer(&app, buyer, placed))
}

/// Puts what was bought into a new cart of the caller's, as far as it is still sold.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/reorder", operation_id = "reorder", tag = "orders",
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 201, body = ReorderBody, headers(
            ("Location" = String, description = "Where the cart is"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody, description = "Staff, of somebody else's order"),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn reorder(
    State(app): State<Arc<App>>,
    OrderCaller { caller, viewer }: OrderCaller,
    Path(id): Path<OrderId>,
    OptionalIdempotent(request): OptionalIdempotent<NoFields>,
) -> Result<Response, HttpError> {
    // Staff reorder what they bought themselves.
    let viewer = Viewer { staff: false, support: false, ..viewer };
    let key = request.key(orders::scope(&viewer), app.clock.now());
    match app::reorder(&app, id, &viewer, key).await {
        Ok(made) => answered(StatusCode::CREATED, |made| Some(cart_location(made.cart.id)), made),
        Err(error) => Err(orders::hidden(&app, &caller, id, error, "this is for its buyer").await),
    }
}
