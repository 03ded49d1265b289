//! A shop in this process with its workers running, and the people who come to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};
use techtrove::folder::Secrets;
use techtrove::settings::Settings;
use techtrove::shop::{Databases, SERVICES, Shop, Wiring};
use techtrove_bus::Subscription;
use techtrove_core::{
    Clock, SharedClock, SharedIds, SystemClock, SystemIds, Timestamp, TypedId as _,
};
use techtrove_db::DbOptions;
use techtrove_gateway::RateLimit;
use techtrove_identity_api::{Claims, Role, SigningKey};
use techtrove_orders::Deadlines;
use techtrove_orders_api::OrderId;
use techtrove_runtime::{Lifecycle, Shutdown};
use techtrove_testing::{Actor, Reply, eventually};
use tokio::{net::TcpListener, task::JoinHandle};

/// How long what travels by events may take in a test.
pub const SOON: Duration = Duration::from_secs(20);

/// How long a step of an order may take here, where many tests share the machine: the deadlines of a
/// real shop are proven in orders' own tests, under a clock that does not run.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running shop.
pub struct TestShop {
    pub public: Actor,
    pub operator: Actor,
    pub manager: Actor,
    pub clock: Arc<TestClock>,
    door: Door,
    databases: Vec<String>,
    subscriptions: Vec<Subscription>,
    shutdown: Shutdown,
    running: JoinHandle<()>,
    places: Vec<Place>,
}

/// The time of day, and what a test has it be later.
#[derive(Debug, Default)]
pub struct TestClock(AtomicU64);

impl TestClock {
    /// Lets so much time pass at once, for everybody.
    pub fn advance(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_micros()).expect("not for ever"), Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_micros(self.0.load(Relaxed)))
    }
}

/// Signs people in.
struct Door {
    key: SigningKey,
    clock: SharedClock,
    ids: SharedIds,
}

/// What a shop's databases are kept in, and cleared away with.
enum Place {
    Folder(tempfile::TempDir),
    Databases(Vec<techtrove_testing::TestDb>),
}

impl TestShop {
    /// A shop on the embedded database.
    pub async fn embedded() -> Self {
        Self::embedded_with(patient()).await
    }

    /// A shop on the embedded database, with these settings.
    pub async fn embedded_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        let url = move |name: &str| format!("sqlite:{}", path.join(format!("{name}.db")).display());
        Self::start(url, settings, Place::Folder(folder)).await
    }

    /// A shop on every engine that this machine has, by the engine's name.
    pub async fn everywhere() -> Vec<(&'static str, Self)> {
        let mut shops = vec![("sqlite", Self::embedded().await)];
        for engine in ["postgres", "mysql"] {
            let mut databases = Vec::new();
            for _ in SERVICES {
                databases.extend(database(engine).await);
            }
            if databases.len() == SERVICES.len() {
                let urls: Vec<String> = databases.iter().map(|db| db.url().to_owned()).collect();
                let place = |name: &str| SERVICES.iter().position(|service| *service == name);
                let url = |name: &str| urls[place(name).expect("a service")].clone();
                let place = Place::Databases(databases);
                shops.push((engine, Self::start(url, patient(), place).await));
            }
        }
        shops
    }

    async fn start(url: impl Fn(&str) -> String, settings: Settings, place: Place) -> Self {
        let databases = SERVICES.map(&url).to_vec();
        let test_clock = Arc::new(TestClock::default());
        let clock: SharedClock = Arc::clone(&test_clock) as SharedClock;
        let ids: SharedIds = Arc::new(SystemIds::new(Arc::clone(&clock)).expect("entropy"));
        let secrets = Secrets::generate(&*ids);
        let key = SigningKey::from_seed(&secrets.signing_key).expect("a key");
        let door = Door { key, clock: Arc::clone(&clock), ids: Arc::clone(&ids) };
        // Few connections for each of the seven databases: the servers of the tests are shared.
        let options = DbOptions { readers: 2, workers: 4, ..DbOptions::default() };
        let wiring = Wiring {
            clock,
            ids,
            secrets,
            settings,
            databases: Databases::new(url, options),
            on_loopback: true,
        };
        let shop = Shop::build(wiring).await.expect("built");
        let operator = Actor::new(shop.operator.clone());
        let subscriptions = shop.subscriptions().cloned().collect();
        let (shutdown, mut lifecycle) = (Shutdown::new(), Lifecycle::new(Duration::from_secs(5)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let public = Actor::at(&format!("http://{}", listener.local_addr().expect("an address")));
        lifecycle.listen("public", listener, shop.public.clone());
        shop.join(&mut lifecycle);
        let running = tokio::spawn(lifecycle.run(shutdown.clone()));
        let manager = public.bearer(&door.token(Role::Manager));
        let places = vec![place];
        Self {
            public,
            operator,
            manager,
            clock: test_clock,
            door,
            databases,
            subscriptions,
            shutdown,
            running,
            places,
        }
    }

    /// Somebody new of this role.
    pub fn user(&self, role: Role) -> Actor {
        self.public.bearer(&self.door.token(role))
    }

    /// An administrator with an account, which giving roles takes.
    pub async fn admin(&self) -> Actor {
        let account = account("admin");
        self.operator.post("/internal/identity/admins", &account).await.expect(201);
        self.log_in(&account).await
    }

    /// Somebody with an account and this role, which `admin` gives.
    pub async fn member(&self, admin: &Actor, name: &str, role: Role) -> Actor {
        let account = account(name);
        let made = self.public.post("/api/v1/auth/register", &account).await.expect(201).value();
        let id = made["user"]["id"].as_str().expect("an id");
        let roles = json!({ "roles": [role] });
        admin.put(&format!("/api/v1/users/{id}/roles"), &roles).await.expect(200);
        self.log_in(&account).await
    }

    /// A manager with an account, whom `admin` limits to these categories.
    pub async fn limited(&self, admin: &Actor, name: &str, categories: &[&Value]) -> Actor {
        let unlimited = self.member(admin, name, Role::Manager).await;
        let me = unlimited.get("/api/v1/users/me").await.expect(200).value();
        let grants = format!("/api/v1/users/{}/grants", me["id"].as_str().expect("an id"));
        admin.put(&grants, &json!({ "categories": categories })).await.expect(200);
        // How an old session stands is believed for a while.
        self.log_in(&account(name)).await
    }

    async fn log_in(&self, account: &Value) -> Actor {
        let credentials = json!({"email": account["email"], "password": account["password"]});
        let answer = self.public.post("/api/v1/auth/login", &credentials).await.expect(200).value();
        self.public.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// The token in the newest mail to this address whose link leads to this page, once there is one.
    pub async fn mailed_token(&self, to: &str, page: &str) -> String {
        let link = format!("/{page}?token=");
        eventually(SOON, async || {
            let mails = self.public.get("/dev/mail").header("accept", "application/json").await;
            let mails = mails.expect(200).value();
            let mut texts = mails.as_array()?.iter().filter(|mail| mail["to"][0] == to);
            let (_, token) = texts.find_map(|mail| mail["text"].as_str()?.split_once(&link))?;
            token.split_whitespace().next().map(str::to_owned)
        })
        .await
    }

    /// The URLs of the services' databases.
    pub fn databases(&self) -> &[String] {
        &self.databases
    }

    /// Who takes events, and which.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// Ends the shop, after its books were found to agree.
    pub async fn close(self) {
        self.assert_books_agree().await;
        self.stop().await;
    }

    /// Ends the shop as it is.
    pub async fn stop(self) {
        self.shutdown.begin();
        self.running.await.expect("the shop ends cleanly");
        for place in self.places {
            match place {
                Place::Folder(folder) => drop(folder),
                Place::Databases(databases) => {
                    for database in databases {
                        database.close().await;
                    }
                }
            }
        }
    }

    /// The audit finds no difference, once what is in flight has settled.
    pub async fn assert_books_agree(&self) {
        eventually(SOON, async || (self.waiting_events().await == 0).then_some(())).await;
        self.assert_no_difference().await;
    }

    /// The audit finds no difference, whatever is in flight.
    pub async fn assert_no_difference(&self) {
        let report = self.operator.get("/audit").await.expect(200).value();
        assert_eq!(report["differences"], json!([]), "{report:#}");
    }

    /// The id of the mail that tells that an order was confirmed, once it is written.
    pub async fn mail_of(&self, order: &Value) -> String {
        let id: OrderId = order["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let about = id.uuid().to_string();
        eventually(SOON, async || {
            let mails = self.all("/internal/notifications/audit/mails").await;
            let mail = items(&mails).iter().find(|mail| mail["subject_id"] == about)?;
            mail["id"].as_str().map(str::to_owned)
        })
        .await
    }

    async fn waiting_events(&self) -> usize {
        // Every order that was confirmed has its mail once notifications has caught up.
        let orders: Value = self.all("/internal/orders/audit/orders").await;
        let mails: Value = self.all("/internal/notifications/audit/mails").await;
        let written: BTreeSet<&str> = items(&mails)
            .iter()
            .filter(|mail| mail["template"] == "order_confirmed")
            .filter_map(|mail| mail["subject_id"].as_str())
            .collect();
        let confirmed = ["confirmed", "processing", "shipped", "delivered"];
        let waits = |order: &Value| {
            let id: OrderId = order["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let was_confirmed = order["status"].as_str().is_some_and(|it| confirmed.contains(&it));
            let unwritten = was_confirmed && !written.contains(id.uuid().to_string().as_str());
            unwritten || order["settled"] != true
        };
        items(&orders).iter().filter(|order| waits(order)).count()
    }

    /// All pages of an internal list.
    async fn all(&self, path: &str) -> Value {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page =
                self.operator.get(&format!("{path}?limit=100{cursor}")).await.expect(200).value();
            all.extend(items(&page).iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return json!({ "items": all }),
            }
        }
    }

    /// Puts a product on sale with so many pieces in the building.
    pub async fn sell(&self, sku: &str, price: i64, on_hand: u32) -> Value {
        let product = json!({
            "name": format!("Product {sku}"),
            "status": "active",
            "variants": [{"sku": sku, "price": {"amount": price, "currency": "USD"}}],
        });
        let product = self.manager.post("/api/v1/products", &product).await.expect(201).value();
        self.set_stock(sku, on_hand).await;
        product
    }

    /// Sets how many pieces are in the building.
    pub async fn set_stock(&self, sku: &str, on_hand: u32) {
        let path = format!("/api/v1/inventory/{sku}");
        let etag = self.manager.get(&path).await.expect(200).header("etag").to_owned();
        let stock = json!({ "on_hand": on_hand });
        self.manager.put(&path, &stock).header("if-match", &etag).await.expect(200);
    }

    /// The stock of a SKU, as a manager sees it.
    pub async fn stock(&self, sku: &str) -> Value {
        self.manager.get(&format!("/api/v1/inventory/{sku}")).await.expect(200).value()
    }

    /// A guest buys.
    pub async fn buy(&self, sku: &str, quantity: u32, token: &str) -> Reply {
        self.public.post("/api/v1/orders", &order(sku, quantity, token)).await
    }

    /// A guest's order, which was `placed` so, as the guest sees it now.
    pub async fn order_of_guest(&self, placed: &Value) -> Value {
        let token = placed["guest_token"].as_str().expect("a token");
        let shown = self.public.get(&order_path(placed)).header("x-guest-token", token).await;
        shown.expect(200).value()
    }

    /// Waits until the guest's order and its payment stand so.
    pub async fn order_becomes(&self, placed: &Value, wanted: (&str, &str), patience: Duration) {
        eventually(patience, async || {
            let order = self.order_of_guest(placed).await;
            let stands = (order["status"].as_str(), order["payment"]["status"].as_str());
            (stands == (Some(wanted.0), Some(wanted.1))).then_some(())
        })
        .await;
    }
}

/// The settings of a shop that many ask at once, on a machine which others use too.
pub fn patient() -> Settings {
    let deadlines = Deadlines {
        turn: PATIENCE,
        call: PATIENCE,
        payment: PATIENCE,
        lease: 10 * PATIENCE,
        ..Deadlines::default()
    };
    Settings { rate_limit: RateLimit::Off, deadlines, ..Settings::default() }
}

/// What somebody of this name sends to register.
fn account(name: &str) -> Value {
    let email = format!("{name}@example.com");
    json!({"email": email, "password": "correct horse battery", "name": name})
}

/// What a guest sends to buy at once.
pub fn order(sku: &str, quantity: u32, token: &str) -> Value {
    json!({
        "lines": [{"sku": sku, "quantity": quantity}],
        "email": "ada@example.com",
        "shipping_address": {
            "name": "Ada Example", "line1": "1 Main Street", "city": "Springfield",
            "postal_code": "12345", "country": "US",
        },
        "shipping_method": "standard",
        "payment": {"provider": "sandbox", "token": token},
    })
}

/// Where an order is.
pub fn order_path(order: &Value) -> String {
    format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"))
}

/// What a guest sends to buy a cart.
pub fn checkout(token: &str) -> Value {
    let mut body = order("", 1, token);
    body.as_object_mut().expect("an object").remove("lines");
    body
}

/// A new cart of `owner` with an item in it; with its token, as it was shown when it was made.
pub async fn fill_cart(owner: &Actor, item: &Value) -> Reply {
    let made = owner.post("/api/v1/carts", &json!({})).await.expect(201);
    let cart = made.value();
    let items = format!("/api/v1/carts/{}/items", cart["id"].as_str().expect("an id"));
    let add = owner.post(&items, item);
    let add = match cart["cart_token"].as_str() {
        Some(token) => add.header("x-cart-token", token),
        None => add,
    };
    let mut filled = add.await.expect(201).value();
    filled["cart_token"] = cart["cart_token"].clone();
    Reply { body: filled.to_string().into(), ..made }
}

/// The items of a page.
pub fn items(page: &Value) -> &[Value] {
    page["items"].as_array().map_or(&[], Vec::as_slice)
}

impl Door {
    /// An access token for somebody new.
    fn token(&self, role: Role) -> String {
        let (user, session) = (self.ids.next(), self.ids.next());
        let claims = Claims::new(user, session, vec![role], self.clock.now(), 3_600);
        self.key.sign(&claims).expect("signed")
    }
}

async fn database(engine: &str) -> Option<techtrove_testing::TestDb> {
    let options = DbOptions::default();
    match engine {
        "postgres" => techtrove_db::testing::postgres_server(options).await,
        _ => techtrove_db::testing::mysql_server(options).await,
    }
}
