//! What payments' tests stand on: payments and the sandbox, each over its own database, between them a
//! network that fails on demand, and a checker which compares both sides' books.

mod lost_refunds;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use serde::Deserialize;
use techtrove_core::{
    Clock as _, Currency, ManualClock, Money, Page, PageRequest, SeededIds, SharedClock, TypedId,
};
use techtrove_db::{Db, DbOptions, p};
use techtrove_http::{Call, Client, ClientError, Fault as NetworkFault, Faults as NetworkFaults};
use techtrove_identity_api::{
    Authenticator, Claims, GuestKey, GuestSubject, Role, SessionId, SigningKey, UserId,
};
use techtrove_payments::{
    Config, Deps, Error, StripeDeps,
    app::{self, App},
    domain::{ActionOutcome, Secret},
    provider::{WebhookSecret, sandbox, stripe},
};
use techtrove_payments_api::{
    AuthorizeRequest, PAYMENT_CHANGED, Payment, PaymentChanged, PaymentEntry, PaymentId,
    PaymentStatus, PaymentsClient, RefundId, RefundRequest,
};
use techtrove_sandbox::{
    faults::Faults,
    webhooks::{Endpoint, Webhooks},
};
use techtrove_testing::Actor;
use uuid::Uuid;

/// What guests' tokens are made with.
pub const GUEST_KEY: [u8; 32] = [2; 32];

/// What the sandbox signs its webhooks with.
pub const WEBHOOK_SECRET: [u8; 32] = [3; 32];

/// What every payment of these tests is worth.
pub const AMOUNT: i64 = 10_000;

/// By which of its faces payments speaks to the stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    Sandbox,
    Stripe,
}

/// Payments, the sandbox, and what lies between them.
pub struct World {
    pub face: Face,
    pub app: App,
    pub payments: PaymentsClient,
    pub internal: Client,
    pub public: Actor,
    pub provider: Client,
    pub sandbox: Arc<techtrove_sandbox::app::App>,
    pub faults: Faults,
    pub network: Arc<Network>,
    pub clock: Arc<ManualClock>,
    pub key: Arc<SigningKey>,
}

/// Plays with the calls from payments to the provider.
#[derive(Debug, Default)]
pub struct Network(Mutex<VecDeque<(Target, NetworkFault)>>);

/// Which call a fault is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Any,
    /// The next one that asks what a question is about, and not what goes before it.
    Question,
}

impl Network {
    /// Lets the next question meet this fault.
    pub fn plan(&self, fault: NetworkFault) {
        self.0.lock().expect("not poisoned").push_back((Target::Question, fault));
    }

    /// Lets the next call meet this fault, whatever it is for.
    pub fn plan_anywhere(&self, fault: NetworkFault) {
        self.0.lock().expect("not poisoned").push_back((Target::Any, fault));
    }

    pub fn clear(&self) {
        self.0.lock().expect("not poisoned").clear();
    }

    /// Whether every fault has met its call.
    pub fn is_clear(&self) -> bool {
        self.0.lock().expect("not poisoned").is_empty()
    }
}

impl NetworkFaults for Network {
    fn decide(&self, call: &Call<'_>) -> NetworkFault {
        let goes_before = matches!(
            (call.method, call.path),
            (&Method::POST, "/v1/payment_intents") | (&Method::GET, "/v1/refunds")
        );
        let mut planned = self.0.lock().expect("not poisoned");
        match planned.front() {
            Some((Target::Question, _)) if goes_before => NetworkFault::None,
            _ => planned.pop_front().map(|(_, fault)| fault).unwrap_or_default(),
        }
    }
}

/// A charge as the sandbox lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    pub key: String,
    pub ledger: Sums,
}

/// What the sandbox's ledger says of a charge.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Sums {
    pub authorized: i64,
    pub captured: i64,
    pub voided: i64,
    pub refunded: i64,
}

pub fn payment_id(number: u32) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128((0x0198_0000_0000_7000_8000 << 64) | u128::from(number)))
}

pub fn refund_id(number: u32) -> RefundId {
    RefundId::from_uuid(Uuid::from_u128((0x0199_0000_0000_7000_8000 << 64) | u128::from(number)))
}

pub fn usd(amount: i64) -> Money {
    Money::new(amount, Currency::USD)
}

/// Runs a future on a clock which jumps to the next deadline whenever nothing else is to do.
pub fn on_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Runs a test in a world of its own for each face of the stranger, on virtual time.
pub fn in_each_world(test: impl AsyncFn(World)) {
    for face in Face::BOTH {
        on_virtual_time(async { test(World::of(face).await).await });
    }
}

impl Face {
    pub const BOTH: [Self; 2] = [Self::Sandbox, Self::Stripe];

    /// The name of the provider.
    pub fn provider(self) -> &'static str {
        match self {
            Self::Sandbox => sandbox::NAME,
            Self::Stripe => stripe::NAME,
        }
    }

    /// What the provider calls the means of payment that the sandbox calls `token`.
    fn token(self, token: &str) -> &str {
        match (self, token) {
            (Self::Sandbox, token) => token,
            (Self::Stripe, "tok_ok") => "pm_card_visa",
            (Self::Stripe, "tok_declined") => "pm_card_visa_chargeDeclined",
            (Self::Stripe, "tok_insufficient_funds") => {
                "pm_card_visa_chargeDeclinedInsufficientFunds"
            }
            (Self::Stripe, "tok_requires_action") => "pm_card_authenticationRequired",
            (Self::Stripe, "tok_timeout") => "pm_card_silent",
            (Self::Stripe, "tok_refund_refused") => "pm_card_refundRefused",
            (Self::Stripe, "tok_refund_fails") => "pm_card_refundFail",
            (Self::Stripe, "tok_refund_pending") => "pm_card_pendingRefund",
            (Self::Stripe, other) => other,
        }
    }
}

impl World {
    /// Over these two empty databases.
    pub async fn new(payments_db: Db, sandbox_db: Db, face: Face) -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let config = techtrove_sandbox::Config::default();
        let (faults, webhooks) = (config.faults.clone(), Endpoint::default());
        let deps = techtrove_sandbox::Deps {
            db: sandbox_db,
            clock: Arc::clone(&shared),
            webhooks: Webhooks { endpoint: webhooks.clone(), secret: WEBHOOK_SECRET },
        };
        let sandbox = techtrove_sandbox::open(&config, deps).await.expect("the sandbox");
        let service = techtrove_sandbox::service(&sandbox, &config);
        let provider = Client::local("sandbox", service.internal);
        let network = Arc::new(Network::default());
        let between = provider.clone().with_faults(Arc::<Network>::clone(&network));
        let key = Arc::new(SigningKey::from_seed(&[1; 32]).expect("a key"));
        let keys = Authenticator::with_keys(&key.jwks(), Arc::clone(&shared));
        let (ids, authenticator) =
            (Arc::new(SeededIds::new(Arc::clone(&shared), 1)), Arc::new(keys));
        let deps = || Deps {
            db: payments_db.clone(),
            clock: Arc::clone(&shared),
            ids: Arc::<SeededIds>::clone(&ids),
            authenticator: Arc::clone(&authenticator),
            guest_key: GuestKey::new(GUEST_KEY),
            sandbox: between.clone(),
            sandbox_webhooks: vec![WebhookSecret::new(WEBHOOK_SECRET)],
            stripe: Some(StripeDeps { client: between.clone(), account: account() }),
        };
        let service = techtrove_payments::build(Config::default(), deps()).await.expect("payments");
        let app = techtrove_payments::app(&Config::default(), deps()).await.expect("payments");
        let internal = Client::local("payments", service.internal);
        let (payments, public) =
            (PaymentsClient::new(internal.clone()), Actor::new(service.public.clone()));
        webhooks.connect(Client::local("shop", service.public.into()));
        Self {
            face,
            app,
            payments,
            internal,
            public,
            provider,
            sandbox,
            faults,
            network,
            clock,
            key,
        }
    }

    /// Over this empty database for payments, and one in memory for the sandbox.
    pub async fn beside(payments_db: Db) -> Self {
        let sandbox_db = Db::open("sqlite::memory:", DbOptions::default()).await.expect("opens");
        Self::new(payments_db, sandbox_db, Face::Sandbox).await
    }

    /// Over databases in memory, without threads: for virtual time.
    pub async fn in_memory() -> Self {
        Self::of(Face::Sandbox).await
    }

    /// As [`Self::in_memory`], speaking to this face.
    pub async fn of(face: Face) -> Self {
        let open = || async {
            let options = DbOptions { inline: true, ..DbOptions::default() };
            Db::open("sqlite::memory:", options).await.expect("opens")
        };
        Self::new(open().await, open().await, face).await
    }

    pub async fn authorize(&self, number: u32, token: &str) -> Result<Payment, ClientError> {
        self.payments.authorize(&self.request(number, token)).await
    }

    /// What the order of this number asks for.
    pub fn request(&self, number: u32, token: &str) -> AuthorizeRequest {
        let provider = self.face.provider().to_owned();
        AuthorizeRequest { provider, ..request(number, self.face.token(token)) }
    }

    /// The customer acts at their bank, and nobody is told.
    pub async fn act_at_the_bank(&self, id: PaymentId, outcome: ActionOutcome) {
        let path = format!("/v1/charges/{id}/complete-action");
        let body = serde_json::json!({"outcome": outcome});
        // Refused when there is nothing to do any more.
        drop(self.provider.post(&path).json(&body).send().await);
    }

    /// The bank ends the reservation by itself, and nobody is told.
    pub async fn lapse(&self, id: PaymentId) {
        let path = format!("/v1/charges/{id}/lapse");
        let lapsed = self.provider.post(&path).send().await.expect("the stranger answers");
        assert!(lapsed.status.is_success(), "{}", lapsed.status);
    }

    /// The customer acts: with the sandbox by a call of ours, with Stripe at their bank.
    pub async fn complete(&self, id: PaymentId, outcome: ActionOutcome) -> Result<Payment, Error> {
        if self.face == Face::Stripe {
            self.act_at_the_bank(id, outcome).await;
        }
        app::complete_action(&self.app, id, outcome).await
    }

    /// Somebody signed in as the user of this number.
    pub fn user(&self, number: u32, role: Role) -> Actor {
        let id = Uuid::from_u128(number.into());
        let (user, session) = (UserId::from_uuid(id), SessionId::from_uuid(id));
        let claims = Claims::new(user, session, vec![role], self.clock.now(), 600);
        self.public.bearer(&self.key.sign(&claims).expect("signed"))
    }

    /// The guest with the token of the order of this number.
    pub fn guest(&self, number: u32) -> Actor {
        let subject = GuestSubject::Order(Uuid::from_u128(number.into()));
        self.public.with_header("x-guest-token", &GuestKey::new(GUEST_KEY).token(subject))
    }

    /// What the events tell: which payment, and where it stands.
    pub async fn news(&self) -> Vec<(PaymentId, PaymentStatus)> {
        let read = self.app.db.read("test.news", |tx| {
            let sql = "SELECT data FROM outbox WHERE kind = ? ORDER BY position";
            tx.query(sql, p![PAYMENT_CHANGED], |row| row.get::<String>(0))
        });
        let texts: Result<Vec<String>, techtrove_db::DbError> = read.await;
        let changed = texts.expect("the database answers").into_iter().map(|text| {
            let changed: PaymentChanged = serde_json::from_str(&text).expect("an event's data");
            (changed.payment_id, changed.status)
        });
        changed.collect()
    }

    /// An authorised payment.
    pub async fn authorized(&self, number: u32) -> PaymentId {
        let payment = self.authorize(number, "tok_ok").await.expect("authorised");
        assert_eq!(payment.status, PaymentStatus::Authorized);
        payment.id
    }

    /// A payment which waits for its customer.
    pub async fn awaiting_customer(&self, number: u32) -> PaymentId {
        let payment = self.authorize(number, "tok_requires_action").await.expect("answered");
        assert_eq!(payment.status, PaymentStatus::RequiresAction);
        payment.id
    }

    /// A captured payment.
    pub async fn captured(&self, number: u32) -> PaymentId {
        self.captured_by(number, "tok_ok").await
    }

    /// A captured payment by this token.
    pub async fn captured_by(&self, number: u32, token: &str) -> PaymentId {
        let id = self.authorize(number, token).await.expect("authorised").id;
        let payment = self.payments.capture(id).await.expect("captured");
        assert_eq!((payment.status, payment.captured), (PaymentStatus::Captured, AMOUNT));
        id
    }

    pub async fn refund(
        &self,
        id: PaymentId,
        number: u32,
        amount: i64,
    ) -> Result<Payment, ClientError> {
        let reason = "it was broken".to_owned();
        let request = RefundRequest { refund_id: refund_id(number), amount: usd(amount), reason };
        self.payments.refund(id, &request).await
    }

    /// How the payment stands once the provider was asked.
    pub async fn status(&self, id: PaymentId) -> PaymentStatus {
        self.payments.reconcile(id).await.expect("payments answers").status
    }

    /// Lets the recovery do its work until nothing is open, and everything late arrive.
    pub async fn come_to_rest(&self) {
        self.network.clear();
        tokio::time::sleep(Duration::from_secs(120)).await;
        // A day later, Stripe has forgotten what it was asked: its own failures too.
        let day = Duration::from_secs(24 * 3_600);
        for pause in [Duration::from_secs(61), day].repeat(4) {
            self.clock.advance(pause);
            app::recover(&self.app).await.expect("the database answers");
        }
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    /// Everything in payments' book, read in small pages.
    pub async fn book(&self) -> Vec<PaymentEntry> {
        let mut page = PageRequest { limit: Some(2), cursor: None };
        let mut book = Vec::new();
        loop {
            let read = self.payments.audit_payments(&page).await.expect("a page");
            book.extend(read.items);
            page.cursor = match read.next_cursor {
                None => return book,
                next => next,
            };
        }
    }

    /// Everything in the provider's book, read in small pages, by its keys.
    pub async fn provider_book(&self) -> BTreeMap<String, Listed> {
        let mut page = PageRequest { limit: Some(2), cursor: None };
        let mut book = BTreeMap::new();
        loop {
            let get = self.provider.get("/v1/charges").query(&page);
            let read: Page<Listed> = get.call().await.expect("a page");
            book.extend(read.items.into_iter().map(|charge| (charge.key.clone(), charge)));
            page.cursor = match read.next_cursor {
                None => return book,
                next => next,
            };
        }
    }

    /// At rest, both sides' books say the same, and the ledger sums to zero.
    pub async fn assert_books_agree(&self) {
        let page = PageRequest { limit: Some(100), cursor: None };
        let ledger = self.payments.audit_ledger(&page).await.expect("the ledger");
        assert_eq!(ledger.next_cursor, None, "some thousand entries are one page");
        for balance in ledger.items {
            assert_eq!(balance.balance, 0, "the ledger sums to zero in {}", balance.currency);
        }
        let mut at_provider = self.provider_book().await;
        for entry in self.book().await {
            let charge = at_provider.remove(&entry.id.to_string());
            assert_agree(&entry, charge.as_ref());
        }
        assert!(at_provider.is_empty(), "charges without payments: {at_provider:?}");
    }
}

fn assert_agree(entry: &PaymentEntry, charge: Option<&Listed>) {
    use PaymentStatus::{
        Authorized, Captured, Failed, PartiallyRefunded, Refunded, RequiresAction, Unknown, Voided,
    };
    let none = Sums { authorized: 0, captured: 0, voided: 0, refunded: 0 };
    let sums = charge.map_or(none, |charge| charge.ledger);
    let both = format!("{entry:?} beside {charge:?}");
    assert_eq!((entry.captured, entry.refunded), (sums.captured, sums.refunded), "{both}");
    assert_eq!(
        (-entry.booked.sales, entry.booked.refunds),
        (sums.captured, sums.refunded),
        "{both}"
    );
    let reserved = sums.authorized - sums.captured - sums.voided;
    let amount = entry.amount.amount;
    let expected = match entry.status {
        Authorized => (amount, 0, 0..=0),
        Captured => (0, amount, 0..=0),
        PartiallyRefunded => (0, amount, 1..=amount - 1),
        Refunded => (0, amount, amount..=amount),
        Failed | Voided | RequiresAction => (0, 0, 0..=0),
        Unknown => panic!("nothing is unknown at rest: {both}"),
    };
    assert_eq!((reserved, sums.captured), (expected.0, expected.1), "{both}");
    assert!(expected.2.contains(&sums.refunded), "{both}");
}

/// The shop's account with the stranger that speaks as Stripe.
pub fn account() -> stripe::Account {
    stripe::Account {
        key: Secret::new("sk_test_stranger".to_owned()).expect("a key"),
        return_url: "https://shop.example/paid".to_owned(),
        webhooks: vec![WebhookSecret::new(*b"whsec_new"), WebhookSecret::new(WEBHOOK_SECRET)],
    }
}

pub fn request(number: u32, token: &str) -> AuthorizeRequest {
    AuthorizeRequest {
        payment_id: payment_id(number),
        reference: Uuid::from_u128(number.into()),
        owner: None,
        amount: usd(AMOUNT),
        provider: "sandbox".to_owned(),
        token: token.to_owned(),
    }
}

/// The code of the refusal that is expected.
pub fn code(outcome: Result<Payment, ClientError>) -> String {
    match outcome {
        Err(ClientError::Refused(problem)) => problem.code.into_owned(),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

/// The request as the use case takes it.
pub fn authorization(request: &AuthorizeRequest) -> app::Authorization {
    app::Authorization {
        id: request.payment_id,
        terms: techtrove_payments::domain::Terms {
            reference: request.reference,
            provider: request.provider.clone(),
            owner: request.owner,
            amount: request.amount,
        },
        token: techtrove_payments::domain::Secret::new(request.token.clone()).expect("a token"),
    }
}
