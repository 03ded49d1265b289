//! Orders between neighbours that are written here: a catalogue, a stock and a till which keep their
//! own books, answer as the real ones do, and can be made to fail.

mod books;
mod cart;
mod listener;
mod news;
mod stock;
mod till;
mod traps;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use serde_json::{Value, json};
use techtrove_catalog_api::{
    CatalogClient, Fulfilment, ProductId, ResolveSkusRequest, ResolveSkusResponse, SellableSku,
    VariantId,
};
use techtrove_core::{
    Currency, ManualClock, Money, Problem, SeededIds, SharedClock, Sku, TypedId as _, codes,
};
use techtrove_db::Db;
use techtrove_http::{Client, Faults, HttpError};
use techtrove_identity_api::{
    AddressId, Authenticator, Claims, Contact, FindUser, FoundUser, GuestKey, IdentityClient,
    KnownAddress, Role, SessionId, SigningKey, UserId,
};
use techtrove_inventory_api::InventoryClient;
use techtrove_orders::{App, Config, Deadlines, Deps, domain::CapturePolicy, recover_due};
use techtrove_payments_api::PaymentsClient;
use techtrove_testing::{
    Actor, Reply,
    faults::{Fault, Script},
};
use uuid::Uuid;

pub use cart::{CARTS, cart_of, customer, expected, guest_token, item, pieces, see, terms};
pub use listener::{Heard, Listener};
pub use news::tell_of_payments;
pub use stock::Stock;
pub use till::Till;
pub use traps::{Moment, Trap};

/// Longer than any test runs.
pub const FOREVER: Duration = Duration::from_secs(3_600);

/// How many pieces of each SKU there are at first.
pub const PIECES: i64 = 50;

/// Everything outside of orders, and orders' database.
pub struct World {
    pub db: Db,
    pub clock: Arc<ManualClock>,
    pub stock: Arc<Mutex<Stock>>,
    pub till: Arc<Mutex<Till>>,
    pub withdrawn: Arc<Mutex<BTreeSet<&'static str>>>,
    /// When money is taken in this world.
    pub capture: CapturePolicy,
    /// What access tokens are signed with.
    pub key: Arc<SigningKey>,
    seed: Mutex<u64>,
}

/// One process of orders in this world.
pub struct Shop {
    pub app: Arc<App>,
    pub actor: Actor,
    pub internal: Actor,
    pub trap: Arc<Trap>,
}

/// How a process of orders differs from a usual one.
#[derive(Clone)]
pub struct Setting {
    pub config: Config,
    pub faults: Arc<dyn Faults>,
    pub trap: Arc<Trap>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { config: Config::default(), faults: Arc::new(Script::new()), trap: Trap::none() }
    }
}

impl Setting {
    pub fn faulty(faults: impl Faults + 'static) -> Self {
        Self { faults: Arc::new(faults), ..Self::default() }
    }

    /// Nobody gives up waiting for a trapped call.
    pub fn trapped(trap: Arc<Trap>) -> Self {
        Self { trap, ..Self::patient() }
    }

    /// However slow the machine is, nobody gives up waiting.
    pub fn patient() -> Self {
        let deadlines =
            Deadlines { turn: FOREVER, call: FOREVER, payment: FOREVER, ..Deadlines::default() };
        Self { config: Config { deadlines, ..Config::default() }, ..Self::default() }
    }
}

const CATALOG: [(&str, i64, Fulfilment); 4] = [
    ("GPU", 129_900, Fulfilment::Physical),
    ("CPU", 45_050, Fulfilment::Physical),
    ("KEY", 4_900, Fulfilment::Digital),
    ("FREE", 0, Fulfilment::Digital),
];

impl World {
    pub fn new(db: Db) -> Self {
        Self {
            db,
            clock: Arc::new(ManualClock::default()),
            stock: Arc::new(Mutex::new(Stock::with(CATALOG.map(|(sku, ..)| (sku, PIECES))))),
            till: Arc::default(),
            withdrawn: Arc::default(),
            capture: CapturePolicy::Confirmation,
            key: Arc::new(SigningKey::from_seed(&[3; 32]).expect("a key")),
            seed: Mutex::new(1),
        }
    }

    /// Starts a process of orders.
    pub async fn shop(&self, setting: Setting) -> Shop {
        let Setting { config, faults, trap } = setting;
        let config = Config { capture: self.capture, ..config };
        let clock: SharedClock = Arc::clone(&self.clock) as SharedClock;
        let client = |name, router: Router| {
            let router = trap.set(router);
            Client::local(name, router).with_deadline(FOREVER).with_faults(Arc::clone(&faults))
        };
        let catalog = Client::local("catalog", catalog(Arc::clone(&self.withdrawn)));
        let stock_clock = Arc::clone(&clock);
        let deps = Deps {
            db: self.db.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::new(SeededIds::new(Arc::clone(&clock), self.next_seed())),
            authenticator: self.authenticator(),
            guest_key: GuestKey::new([5; 32]),
            identity: IdentityClient::new(Client::local("identity", identity())),
            catalog: CatalogClient::new(catalog.with_faults(Arc::clone(&faults))),
            inventory: InventoryClient::new(client(
                "inventory",
                stock::router(Arc::clone(&self.stock), stock_clock),
            )),
            payments: PaymentsClient::new(client("payments", till::router(Arc::clone(&self.till)))),
        };
        let app = techtrove_orders::open(config, deps).await.expect("orders opens");
        let service = techtrove_orders::service(&app, self.authenticator());
        let actor = Actor::new(service.public);
        Shop { app, actor, internal: Actor::new(service.internal), trap }
    }

    pub fn authenticator(&self) -> Arc<Authenticator> {
        let clock: SharedClock = Arc::clone(&self.clock) as SharedClock;
        Arc::new(Authenticator::with_keys(&self.key.jwks(), clock))
    }

    fn next_seed(&self) -> u64 {
        let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
        *seed += 1;
        *seed
    }

    /// An access token of the user of this number.
    pub fn token(&self, number: u128, roles: &[Role]) -> String {
        use techtrove_core::Clock as _;
        let user = UserId::from_uuid(Uuid::from_u128(number));
        let session = SessionId::from_uuid(Uuid::from_u128(number));
        let claims = Claims::new(user, session, roles.to_vec(), self.clock.now(), 600);
        self.key.sign(&claims).expect("signed")
    }

    /// Lets time pass and orders recover until nothing is left to do.
    pub async fn settle(&self) {
        let shop = self.shop(Setting::default()).await;
        for _ in 0..12 {
            self.clock.advance(Duration::from_secs(70));
            recover_due(&shop.app).await.expect("recovers");
        }
    }
}

/// Knows the user number 1.
fn identity() -> Router {
    Router::new()
        .route("/internal/identity/users/{id}/contact", get(contact))
        .route("/internal/identity/users/{id}/addresses/{address}", get(own_address))
        .route("/internal/identity/users/find", post(find_user))
}

async fn contact(Path(id): Path<UserId>) -> Result<Json<Contact>, HttpError> {
    if id.uuid() != Uuid::from_u128(1) {
        return Err(Problem::new(codes::NOT_FOUND, "no such user").into());
    }
    let email = "bob@example.com".parse().expect("an address");
    Ok(Json(Contact { email, name: "Bob".into(), locale: Some("de-AT".into()) }))
}

/// Every user keeps the address of their own number, and no other.
async fn own_address(Path((user, id)): Path<(UserId, AddressId)>) -> Json<KnownAddress> {
    let address = wish(&[], "tok_ok")["shipping_address"].take();
    let kept = (user.uuid() == id.uuid()).then_some(address);
    Json(KnownAddress { address: kept.and_then(|kept| serde_json::from_value(kept).ok()) })
}

async fn find_user(Json(request): Json<FindUser>) -> Json<FoundUser> {
    let known = request.email.folded() == "bob@example.com";
    Json(FoundUser { user_id: known.then(|| UserId::from_uuid(Uuid::from_u128(1))) })
}

fn catalog(withdrawn: Arc<Mutex<BTreeSet<&'static str>>>) -> Router {
    Router::new().route("/internal/catalog/skus/resolve", post(resolve)).with_state(withdrawn)
}

async fn resolve(
    State(withdrawn): State<Arc<Mutex<BTreeSet<&'static str>>>>,
    Json(request): Json<ResolveSkusRequest>,
) -> Json<ResolveSkusResponse> {
    let withdrawn = withdrawn.lock().unwrap_or_else(PoisonError::into_inner);
    let sold = CATALOG.iter().filter(|(sku, ..)| !withdrawn.contains(sku)).map(sellable);
    let items = sold.filter(|item| request.skus.contains(&item.sku)).collect();
    Json(ResolveSkusResponse { items })
}

fn sellable((text, cents, fulfilment): &(&str, i64, Fulfilment)) -> SellableSku {
    SellableSku {
        sku: sku(text),
        product_id: ProductId::from_uuid(Uuid::from_u128(1)),
        variant_id: VariantId::from_uuid(Uuid::from_u128(2)),
        name: format!("A {text}"),
        price: Money::new(*cents, Currency::USD),
        fulfilment: *fulfilment,
    }
}

pub fn sku(text: &str) -> Sku {
    text.parse().expect("a SKU")
}

/// A guest's order of these lines, paid with `token`.
pub fn wish(lines: &[(&str, i64)], token: &str) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    json!({
        "lines": lines,
        "email": "ada@example.com",
        "shipping_address": {
            "name": "Ada Lovelace", "line1": "12 Park Street", "city": "Boston",
            "postal_code": "02101", "country": "US",
        },
        "shipping_method": "standard",
        "payment": {"provider": "sandbox", "token": token},
    })
}

/// Where orders are placed.
pub const ORDERS: &str = "/api/v1/orders";

/// Orders that go well, are declined, stay unknown for a while, want more than there is, or are paid
/// with what payments does not accept: the token, and how many graphics cards.
pub const WISHES: [(&str, i64); 5] =
    [("tok_ok", 2), ("tok_declined", 2), ("tok_timeout", 2), ("tok_ok", 51), ("tok_rejected", 1)];

/// Places an order of `quantity` graphics cards, a processor, and one card more.
pub async fn place(shop: &Shop, token: &str, quantity: i64) -> Reply {
    shop.actor.post(ORDERS, &wish(&[("GPU", quantity), ("CPU", 1), ("GPU", 1)], token)).await
}

/// An order that was placed, as whoever asks something of it knows it.
#[derive(Clone, Debug)]
pub struct Bought {
    pub path: String,
    pub guest_token: String,
}

/// Places an order as [`place`] does, of which its guest and staff may ask something.
pub async fn buy(shop: &Shop, token: &str, quantity: i64) -> Bought {
    let reply = place(shop, token, quantity).await.expect(201);
    let body = reply.value();
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    Bought { path: format!("{ORDERS}/{}", text("id")), guest_token: text("guest_token") }
}

impl World {
    /// Somebody of the staff.
    pub fn staff(&self, shop: &Shop, role: Role) -> Actor {
        shop.actor.bearer(&self.token(9, &[role]))
    }
}

/// The guest cancels.
pub async fn cancel(shop: &Shop, bought: &Bought) -> Reply {
    let guest = shop.actor.with_header("x-guest-token", &bought.guest_token);
    guest.post(&format!("{}/cancel", bought.path), &json!({})).await
}

/// The support gives `amount` cents back, or all that is left.
pub async fn refund(world: &World, shop: &Shop, bought: &Bought, amount: Option<i64>) -> Reply {
    let body = match amount {
        Some(amount) => {
            json!({"amount": {"amount": amount, "currency": "USD"}, "reason": "a scratch"})
        }
        None => json!({"reason": "a scratch"}),
    };
    world.staff(shop, Role::Support).post(&format!("{}/refunds", bought.path), &body).await
}

/// The manager ships some pieces, or all that are left.
pub async fn ship(world: &World, shop: &Shop, bought: &Bought, lines: &[(&str, i64)]) -> Reply {
    let pieces: Vec<Value> =
        lines.iter().map(|(sku, count)| json!({"sku": sku, "quantity": count})).collect();
    let mut body = json!({"carrier": "DHL", "tracking_number": "JD0001"});
    if !pieces.is_empty() {
        body["lines"] = pieces.into();
    }
    world.staff(shop, Role::Manager).post(&format!("{}/shipments", bought.path), &body).await
}

/// What a network can do to a call, within the deadline and beyond it.
pub const FAULTS: [Fault; 6] = [
    Fault::Unreachable,
    Fault::DropRequest,
    Fault::DropAnswer,
    Fault::Duplicate,
    Fault::Delay(Duration::from_millis(100)),
    Fault::Delay(Duration::from_secs(20)),
];

/// Does `work` in a process of its own which ends at the trap; `false` when nothing was caught.
pub async fn dies_at<F>(shop: Shop, work: impl FnOnce(Arc<Shop>) -> F + Send + 'static) -> bool
where
    F: Future<Output = ()> + Send + 'static,
{
    let process = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let trap = Arc::clone(&shop.trap);
    let done = process.spawn(async move {
        let shop = Arc::new(shop);
        work(Arc::clone(&shop)).await;
        shop.app.drivers.idle().await;
    });
    let caught = tokio::select! {
        () = trap.caught() => true,
        ended = done => { ended.expect("no panic"); false }
    };
    process.shutdown_background();
    assert!(caught || !trap.was_reached());
    caught
}
