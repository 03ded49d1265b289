//! A request for every operation, which would be carried out if the caller may: what it is about, and
//! what it sends. A new operation needs a line in [`REQUESTS`], and a [`Thing`] if it is about a new one.

use http::Method;
use serde_json::{Value, json};
use techtrove_testing::{Actor, Draft, Reply, eventually};

use crate::harness::{SOON, TestShop, checkout, fill_cart, order, order_path};

/// What is for sale in these tests.
pub const SKU: &str = "PERM-1";

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Nothing,
    /// What a new account's owner was answered.
    Account,
    /// Somebody with an account.
    User,
    /// A session of the customer whose things are asked for.
    Session,
    /// An address that somebody keeps.
    Address,
    Product,
    Category,
    Collection,
    /// A product, kept in mind or not.
    Favorite,
    /// What somebody thinks of a product made for it.
    Review,
    Import,
    Stock,
    /// A cart with one item.
    Cart,
    /// The same, of whoever calls.
    OwnCart,
    /// The same, of a guest, whoever its owner becomes.
    GuestCart,
    Order,
    /// What its buyer sends back of an order.
    Return,
    /// The mail about an order.
    Mail,
    Payment,
    Provider,
}

/// A thing that was made for one request.
#[derive(Debug, Default)]
pub struct Target {
    /// The path's parameters by their names.
    parameters: Vec<(&'static str, String)>,
    /// The token that its guest was given, in its header.
    token: Option<(&'static str, String)>,
    /// The answer of the call that made it.
    made: Value,
    /// Another one each time, for what must be unique.
    number: usize,
}

/// What a request sends.
pub enum Sent {
    Nothing,
    Json(Value),
    Ndjson(&'static str),
}

/// How an operation is called.
pub struct Request {
    pub operation: &'static str,
    pub thing: Thing,
    body: fn(&Target) -> Sent,
}

const fn call(operation: &'static str, thing: Thing) -> Request {
    Request { operation, thing, body: |_| Sent::Nothing }
}

const fn send(operation: &'static str, thing: Thing, body: fn(&Target) -> Sent) -> Request {
    Request { operation, thing, body }
}

pub const REQUESTS: &[Request] = &[
    call("GET /.well-known/jwks.json", Thing::Nothing),
    call("GET /api/v1/.well-known/jwks.json", Thing::Nothing),
    send("POST /api/v1/auth/register", Thing::Nothing, |it| Sent::Json(account(it.number))),
    send("POST /api/v1/auth/login", Thing::Account, |it| {
        Sent::Json(json!({"email": it.made["user"]["email"], "password": PASSWORD}))
    }),
    send("POST /api/v1/auth/refresh", Thing::Account, |it| {
        Sent::Json(json!({"refresh_token": it.made["refresh_token"]}))
    }),
    call("POST /api/v1/auth/logout", Thing::Nothing),
    send("POST /api/v1/auth/change-password", Thing::Nothing, |_| {
        Sent::Json(json!({"current_password": PASSWORD, "new_password": PASSWORD}))
    }),
    send("POST /api/v1/auth/verify-email", Thing::Nothing, |_| {
        Sent::Json(json!({"token": "none"}))
    }),
    send("POST /api/v1/auth/forgot-password", Thing::Nothing, |it| {
        Sent::Json(json!({"email": account(it.number)["email"]}))
    }),
    send("POST /api/v1/auth/reset-password", Thing::Nothing, |_| {
        Sent::Json(json!({"token": "none", "password": PASSWORD}))
    }),
    call("GET /api/v1/users/me", Thing::Nothing),
    send("PATCH /api/v1/users/me", Thing::Nothing, |_| Sent::Json(json!({"locale": "en-GB"}))),
    call("GET /api/v1/users/me/sessions", Thing::Nothing),
    call("DELETE /api/v1/users/me/sessions/{id}", Thing::Session),
    call("GET /api/v1/users/me/addresses", Thing::Nothing),
    send("POST /api/v1/users/me/addresses", Thing::Nothing, |_| Sent::Json(address())),
    call("GET /api/v1/users/me/addresses/{id}", Thing::Address),
    send("PATCH /api/v1/users/me/addresses/{id}", Thing::Address, |_| {
        Sent::Json(json!({"line2": "Second floor"}))
    }),
    call("DELETE /api/v1/users/me/addresses/{id}", Thing::Address),
    call("GET /api/v1/users", Thing::Nothing),
    call("GET /api/v1/users/{id}", Thing::User),
    send("PUT /api/v1/users/{id}/roles", Thing::User, |_| {
        Sent::Json(json!({"roles": ["support"]}))
    }),
    send("PUT /api/v1/users/{id}/grants", Thing::User, |_| Sent::Json(json!({"categories": []}))),
    call("POST /api/v1/users/{id}/disable", Thing::User),
    call("POST /api/v1/users/{id}/enable", Thing::User),
    call("GET /api/v1/products", Thing::Nothing),
    call("GET /api/v1/products/{id}", Thing::Product),
    send("POST /api/v1/products", Thing::Nothing, |it| Sent::Json(product(it.number))),
    send("PATCH /api/v1/products/{id}", Thing::Product, |_| Sent::Json(json!({"brand": "Acme"}))),
    call("DELETE /api/v1/products/{id}", Thing::Product),
    send("POST /api/v1/products/import", Thing::Nothing, |_| Sent::Ndjson("{}\n")),
    call("GET /api/v1/products/export", Thing::Nothing),
    call("GET /api/v1/jobs/{id}", Thing::Import),
    call("POST /api/v1/jobs/{id}/cancel", Thing::Import),
    call("GET /api/v1/categories", Thing::Nothing),
    call("GET /api/v1/categories/{id}", Thing::Category),
    send("POST /api/v1/categories", Thing::Nothing, |it| Sent::Json(category(it.number))),
    send("PATCH /api/v1/categories/{id}", Thing::Category, |_| Sent::Json(json!({"position": 2}))),
    call("DELETE /api/v1/categories/{id}", Thing::Category),
    call("GET /api/v1/collections", Thing::Nothing),
    call("GET /api/v1/collections/{id}", Thing::Collection),
    send("POST /api/v1/collections", Thing::Nothing, |it| Sent::Json(category(it.number))),
    send("PATCH /api/v1/collections/{id}", Thing::Collection, |_| {
        Sent::Json(json!({"position": 2}))
    }),
    call("DELETE /api/v1/collections/{id}", Thing::Collection),
    call("GET /api/v1/users/me/favorites", Thing::Nothing),
    call("PUT /api/v1/users/me/favorites/{product_id}", Thing::Favorite),
    call("DELETE /api/v1/users/me/favorites/{product_id}", Thing::Favorite),
    call("GET /api/v1/products/{id}/reviews", Thing::Product),
    send("POST /api/v1/products/{id}/reviews", Thing::Product, |_| Sent::Json(review())),
    call("GET /api/v1/reviews/{id}", Thing::Review),
    send("PATCH /api/v1/reviews/{id}", Thing::Review, |_| Sent::Json(json!({"rating": 2}))),
    call("DELETE /api/v1/reviews/{id}", Thing::Review),
    send("PUT /api/v1/reviews/{id}/vote", Thing::Review, |_| Sent::Json(json!({"helpful": true}))),
    call("DELETE /api/v1/reviews/{id}/vote", Thing::Review),
    call("GET /api/v1/notifications", Thing::Nothing),
    call("GET /api/v1/notifications/{id}", Thing::Mail),
    call("POST /api/v1/notifications/{id}/resend", Thing::Mail),
    call("GET /api/v1/notifications/unsubscribe", Thing::Nothing),
    call("POST /api/v1/notifications/unsubscribe", Thing::Nothing),
    call("GET /verify-email", Thing::Nothing),
    call("POST /verify-email", Thing::Nothing),
    call("GET /reset-password", Thing::Nothing),
    call("POST /reset-password", Thing::Nothing),
    call("GET /api/v1/users/me/notifications", Thing::Nothing),
    call("GET /api/v1/users/me/notification-preferences", Thing::Nothing),
    send("PUT /api/v1/users/me/notification-preferences", Thing::Nothing, |_| {
        Sent::Json(json!({"order_shipped": true, "order_delivered": false}))
    }),
    call("GET /api/v1/parked-events/inventory", Thing::Nothing),
    call("POST /api/v1/parked-events/inventory/replay", Thing::Nothing),
    call("GET /api/v1/parked-events/catalog", Thing::Nothing),
    call("POST /api/v1/parked-events/catalog/replay", Thing::Nothing),
    call("GET /api/v1/parked-events/community", Thing::Nothing),
    call("POST /api/v1/parked-events/community/replay", Thing::Nothing),
    call("GET /api/v1/parked-events/orders", Thing::Nothing),
    call("POST /api/v1/parked-events/orders/replay", Thing::Nothing),
    call("GET /api/v1/parked-events/notifications", Thing::Nothing),
    call("POST /api/v1/parked-events/notifications/replay", Thing::Nothing),
    call("GET /api/v1/inventory/availability", Thing::Nothing),
    call("GET /api/v1/inventory", Thing::Nothing),
    call("GET /api/v1/inventory/{sku}", Thing::Stock),
    call("GET /api/v1/inventory/{sku}/movements", Thing::Stock),
    send("POST /api/v1/inventory/{sku}/adjustments", Thing::Stock, |_| {
        Sent::Json(json!({"delta": 1, "reason": "found one"}))
    }),
    send("POST /api/v1/inventory/{sku}/keys", Thing::Stock, |it| {
        Sent::Json(json!({"keys": [format!("KEY-{}", it.number)]}))
    }),
    send("PUT /api/v1/inventory/{sku}", Thing::Stock, |_| Sent::Json(json!({"on_hand": 9_000}))),
    call("GET /api/v1/orders", Thing::Nothing),
    send("POST /api/v1/orders", Thing::Nothing, |_| Sent::Json(order(SKU, 1, "tok_ok"))),
    call("GET /api/v1/orders/{id}", Thing::Order),
    call("POST /api/v1/orders/{id}/process", Thing::Order),
    call("POST /api/v1/orders/{id}/deliver", Thing::Order),
    send("POST /api/v1/orders/{id}/shipments", Thing::Order, |_| {
        Sent::Json(json!({"carrier": "DHL", "tracking_number": "JD0001"}))
    }),
    call("POST /api/v1/orders/{id}/cancel", Thing::Order),
    send("POST /api/v1/orders/{id}/refunds", Thing::Order, |_| {
        Sent::Json(json!({"reason": "a scratch"}))
    }),
    send("POST /api/v1/orders/{id}/returns", Thing::Order, |_| Sent::Json(sent_back())),
    call("POST /api/v1/returns/{id}/approve", Thing::Return),
    call("POST /api/v1/returns/{id}/reject", Thing::Return),
    send("POST /api/v1/returns/{id}/receive", Thing::Return, |_| {
        Sent::Json(json!({"restock": true}))
    }),
    send("PATCH /api/v1/orders/{id}", Thing::Order, |_| Sent::Json(json!({"note": "Ring twice"}))),
    call("GET /api/v1/orders/{id}/events", Thing::Order),
    call("POST /api/v1/orders/{id}/stream-ticket", Thing::Order),
    call("POST /api/v1/orders/{id}/reorder", Thing::Order),
    call("GET /api/v1/shipping-methods", Thing::Nothing),
    call("POST /api/v1/carts", Thing::Nothing),
    call("GET /api/v1/carts/current", Thing::OwnCart),
    call("GET /api/v1/carts/{id}", Thing::Cart),
    send("POST /api/v1/carts/{id}/items", Thing::Cart, |_| Sent::Json(item())),
    send("PATCH /api/v1/carts/{id}/items/{item_id}", Thing::Cart, |_| {
        Sent::Json(json!({"quantity": 2}))
    }),
    call("DELETE /api/v1/carts/{id}/items/{item_id}", Thing::Cart),
    call("POST /api/v1/carts/{id}/claim", Thing::GuestCart),
    send("POST /api/v1/carts/{id}/quote", Thing::Cart, |_| {
        let to = json!({"country": "US"});
        Sent::Json(json!({"shipping_address": to, "shipping_method": "standard"}))
    }),
    send("POST /api/v1/carts/{id}/checkout", Thing::Cart, |_| Sent::Json(checkout("tok_ok"))),
    call("GET /api/v1/payments", Thing::Nothing),
    call("GET /api/v1/payments/{id}", Thing::Payment),
    call("POST /api/v1/payments/{id}/actions/complete", Thing::Payment),
    call("POST /api/v1/payments/{id}/void", Thing::Payment),
    send("POST /api/v1/payments/webhooks/{provider}", Thing::Provider, |_| Sent::Json(json!({}))),
];

const PASSWORD: &str = "correct horse battery";

fn account(number: usize) -> Value {
    json!({"email": format!("person{number}@example.com"), "password": PASSWORD, "name": "A Person"})
}

fn address() -> Value {
    order(SKU, 1, "tok_ok")["shipping_address"].clone()
}

fn product(number: usize) -> Value {
    let price = json!({"amount": 1_000, "currency": "USD"});
    let variants = json!([{"sku": format!("PERM-P{number}"), "price": price}]);
    json!({"name": format!("Product {number}"), "status": "active", "variants": variants})
}

fn category(number: usize) -> Value {
    json!({"name": format!("Category {number}")})
}

fn review() -> Value {
    json!({"rating": 4, "title": "Good", "body": "Does what it says."})
}

fn item() -> Value {
    json!({"sku": SKU, "quantity": 1})
}

fn sent_back() -> Value {
    json!({"lines": [item()], "reason": "too loud"})
}

/// A return of an order that `owner` bought for it, and that has left.
async fn make_return(shop: &TestShop, owner: &Actor) -> Reply {
    let bought = owner.post("/api/v1/orders", &order(SKU, 1, "tok_ok")).await.expect(201).value();
    let path = order_path(&bought);
    eventually(SOON, async || {
        // Its money is taken in the background.
        let parcel = shop.manager.post(
            &format!("{path}/shipments"),
            &json!({"carrier": "DHL", "tracking_number": "JD0001"}),
        );
        (parcel.await.status == 201).then_some(())
    })
    .await;
    let returns = owner.post(&format!("{path}/returns"), &sent_back());
    match bought["guest_token"].as_str() {
        Some(token) => returns.header("x-guest-token", token).await,
        None => returns.await,
    }
}

impl Thing {
    /// Makes one, `owner`'s where it can belong to somebody.
    pub async fn make(self, shop: &TestShop, owner: &Actor, number: usize) -> Target {
        let target = Target { number, ..Target::default() };
        let (made, name) = match self {
            Self::Nothing => return target,
            Self::Stock => {
                return Target { parameters: vec![("sku", SKU.to_owned())], ..target };
            }
            Self::Provider => {
                return Target { parameters: vec![("provider", "sandbox".to_owned())], ..target };
            }
            Self::Account | Self::User => {
                (owner.post("/api/v1/auth/register", &account(number)).await, "")
            }
            Self::Session => {
                let customer = json!({"email": "owner@example.com", "password": PASSWORD});
                shop.public.post("/api/v1/auth/login", &customer).await.expect(200);
                (owner.get("/api/v1/users/me/sessions").await, "")
            }
            Self::Address => (owner.post("/api/v1/users/me/addresses", &address()).await, "id"),
            Self::Product | Self::Favorite => {
                (shop.manager.post("/api/v1/products", &product(number)).await, "id")
            }
            Self::Review => {
                let made = shop.manager.post("/api/v1/products", &product(number)).await;
                let product = made.expect(201).value();
                let reviews =
                    format!("/api/v1/products/{}/reviews", product["id"].as_str().expect("an id"));
                (owner.post(&reviews, &review()).await, "id")
            }
            Self::Category => {
                (shop.manager.post("/api/v1/categories", &category(number)).await, "id")
            }
            Self::Collection => {
                (shop.manager.post("/api/v1/collections", &category(number)).await, "id")
            }
            Self::Import => {
                let import = shop.manager.request(Method::POST, "/api/v1/products/import");
                (import.body("application/x-ndjson", "{}\n").await, "job_id")
            }
            Self::Cart | Self::OwnCart => (fill_cart(owner, &item()).await, "id"),
            Self::GuestCart => (fill_cart(&shop.public, &item()).await, "id"),
            Self::Return => (make_return(shop, owner).await, "id"),
            Self::Mail => {
                let made = owner.post("/api/v1/orders", &order(SKU, 1, "tok_ok")).await;
                let id = shop.mail_of(&made.expect(201).value()).await;
                return Target { parameters: vec![("id", id)], ..target };
            }
            Self::Order | Self::Payment => {
                (owner.post("/api/v1/orders", &order(SKU, 1, "tok_ok")).await, "id")
            }
        };
        assert!(made.status.is_success(), "{self:?}: {}", made.text());
        let made = made.value();
        let text = |member: &str| made[member].as_str().map(str::to_owned);
        let id = match self {
            Self::Payment => made["payment"]["id"].as_str().map(str::to_owned),
            Self::User => made["user"]["id"].as_str().map(str::to_owned),
            // The newest one comes first.
            Self::Session => made["items"][0]["id"].as_str().map(str::to_owned),
            _ => text(name),
        };
        let id_name = if self == Self::Favorite { "product_id" } else { "id" };
        let item = made["items"][0]["id"].as_str().map(str::to_owned);
        let item = item.map(|item| ("item_id", item));
        let guest = text("guest_token").map(|token| ("x-guest-token", token));
        let cart = || text("cart_token").map(|token| ("x-cart-token", token));
        Target {
            parameters: id.map(|id| (id_name, id)).into_iter().chain(item).collect(),
            token: guest.or_else(cart),
            made,
            number,
        }
    }
}

impl Request {
    /// The request about `target`, as `actor` makes it.
    pub fn by(&self, actor: &Actor, target: &Target) -> Draft {
        let (method, path) = self.operation.split_once(' ').expect("a method and a path");
        let path = target.parameters.iter().fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        assert!(!path.contains('{'), "{path} lacks a parameter");
        let draft = actor.request(method.parse().expect("a method"), &path).header("if-match", "*");
        match (self.body)(target) {
            Sent::Nothing => draft,
            Sent::Json(body) => draft.json(&body),
            Sent::Ndjson(lines) => draft.body("application/x-ndjson", lines),
        }
    }

    /// The same with the token that came with the thing, if one did.
    pub fn with_token(&self, actor: &Actor, target: &Target) -> Draft {
        let draft = self.by(actor, target);
        match &target.token {
            Some((header, token)) => draft.header(header, token),
            None => draft,
        }
    }
}
