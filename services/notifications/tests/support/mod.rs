//! What notifications' tests stand on: the use cases over a fresh database, an orders service that says
//! what the test wants, and a mail server which listens on a port of this machine.

mod mail_server;

pub use mail_server::MailServer;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use techtrove_bus::{
    AggregateRef, Event, EventContext, EventKind, HandlerError, NewEvent, Subscription, Taken,
    first_time,
};
use techtrove_core::{
    Clock, Currency, ManualClock, Money, Problem, SeededIds, SharedClock, SharedIds, TypedId, codes,
};
use techtrove_db::Db;
use techtrove_http::{Client, HttpError, Json, Query};
use techtrove_identity_api::{
    Authenticator, Claims, GuestKey, IdentityClient, KnownSecret, LookUpSecret, MailedSecret,
    MailedSecretId, PresentSecret, Presented, Role, SecretOwner, SessionId, SigningKey,
    TellSecrets, ToldSecret, ToldSecrets, USER_AGGREGATE, UserId,
};
use techtrove_notifications::{
    Config, Deps, SmtpUrl,
    app::{self, App},
};
use techtrove_orders_api::{
    LicenceKey, MailQuery, NO_CONTACT, ORDER_AGGREGATE, ORDER_CONFIRMED, ORDER_KEYS_DELIVERED,
    ORDER_PARCEL_SHIPPED, ORDER_REFUNDED, OrderChanged, OrderForMail, OrderId, OrderLine,
    OrderRefunded, OrderStatus, OrdersClient, Parcel, ParcelShipped, ShipmentId, Totals,
};
use techtrove_runtime::Service;
use techtrove_testing::Actor;
use uuid::Uuid;

/// Notifications with all it needs.
pub struct Office {
    pub app: App,
    pub service: Service,
    pub mailbox: Router,
    pub clock: Arc<ManualClock>,
    /// How often orders still answers that it is away.
    pub orders_away: Arc<AtomicU32>,
    /// How often identity still answers that it is away.
    pub identity_away: Arc<AtomicU32>,
    /// Which secrets were used, and lead nowhere any more.
    pub used: Used,
    key: SigningKey,
}

pub fn order_id(number: u32) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(0x0198_0000_0000_7000_8000 << 64 | u128::from(number)))
}

/// The order of that number, as orders tells it.
pub fn order(id: OrderId) -> OrderForMail {
    let usd = |amount| Money::new(amount, Currency::USD);
    let number = id.uuid().as_u128() & 0xffff;
    OrderForMail {
        order_id: id,
        number: format!("TT-{number:010}"),
        status: OrderStatus::Confirmed,
        email: format!("buyer{number}@example.com").parse().expect("an address"),
        name: Some("Ada".into()),
        lines: vec![OrderLine {
            sku: "GPU-1".parse().expect("a SKU"),
            name: "Graphics <card>".into(),
            quantity: 2,
            unit_price: usd(50_000),
            total: usd(100_000),
            digital: false,
        }],
        totals: Totals {
            subtotal: usd(100_000),
            discount: usd(0),
            shipping: usd(500),
            tax: usd(0),
            total: usd(100_500),
        },
        licence_keys: Vec::new(),
        user_id: None,
        locale: None,
        languages: Vec::new(),
        parcel: None,
        refund: None,
    }
}

/// The event which says that the order was confirmed; the same for the same number.
pub fn confirmed(number: u32) -> Arc<Event> {
    event(ORDER_CONFIRMED, number, 1)
}

/// The event which says that the order's keys were revealed; the same for the same number.
pub fn keys_delivered(number: u32) -> Arc<Event> {
    event(ORDER_KEYS_DELIVERED, number, 2)
}

/// The event which says that something became of the order.
pub fn changed(kind: EventKind, number: u32, sequence: u64) -> Arc<Event> {
    event(kind, number, sequence)
}

fn event(kind: EventKind, number: u32, sequence: u64) -> Arc<Event> {
    let id = order_id(number);
    let status = OrderStatus::Confirmed;
    let data = match kind {
        ORDER_PARCEL_SHIPPED => {
            let shipment_id = ShipmentId::from_uuid(Uuid::from_u128(sequence.into()));
            serde_json::json!(ParcelShipped { order_id: id, status, shipment_id })
        }
        ORDER_REFUNDED => {
            let refund_id = Uuid::from_u128(sequence.into());
            serde_json::json!(OrderRefunded { order_id: id, status, refund_id })
        }
        _ => serde_json::json!(OrderChanged { order_id: id, status }),
    };
    let aggregate = AggregateRef::new(ORDER_AGGREGATE, id);
    told("/techtrove/orders", &NewEvent { kind, aggregate, data }, number, sequence)
}

/// The event which says that something became of the account of Ada, whom it names.
pub fn of_account(kind: EventKind, more: &serde_json::Value, sequence: u64) -> Arc<Event> {
    let mut data = serde_json::json!({
        "user_id": ada(), "email": "ada@example.com", "name": "Ada", "locale": "de-AT",
    });
    let members = data.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    let aggregate = AggregateRef::new(USER_AGGREGATE, ada());
    told("/techtrove/identity", &NewEvent { kind, aggregate, data }, 0xada, sequence)
}

/// A user.
pub fn ada() -> UserId {
    UserId::from_uuid(Uuid::from_u128(0x0199_0000_0000_7000_8000 << 64 | 0xada))
}

fn told(source: &str, event: &NewEvent, number: u32, sequence: u64) -> Arc<Event> {
    let unique = u128::from(number) | u128::from(sequence) << 32;
    let context = EventContext {
        id: Uuid::from_u128(0x0198_1111_0000_7000_8000 << 64 | unique),
        time: ManualClock::default().now(),
        traceparent: None,
    };
    Arc::new(Event::new(source, &context, event, sequence))
}

/// The order with what else the mail is to tell. Those of even numbers are Ada's, that of 97 is
/// nobody's, that of 99 is somebody's who reads French, German and English; those from a thousand on have
/// nobody to write to.
fn asked_for(id: OrderId, query: MailQuery) -> Result<OrderForMail, HttpError> {
    let mut order = order(id);
    let number = id.uuid().as_u128() & 0xffff;
    if number >= 1_000 {
        return Err(Problem::new(NO_CONTACT, "nobody").into());
    }
    if number.is_multiple_of(2) {
        order.user_id = Some(ada().uuid());
        order.locale = Some("de-AT".into());
    }
    if number == 97 {
        order.email = "nobody@techtrove.example".parse().expect("an address");
    }
    if number == 99 {
        order.languages = vec!["fr".into(), "de-CH".into(), "en".into()];
    }
    if query.licence_keys {
        let key = |key: &str| LicenceKey { sku: order.lines[0].sku.clone(), key: key.into() };
        order.licence_keys = vec![key("KEY-<1>"), key("KEY-2")];
    }
    order.parcel = query.parcel.map(|id| Parcel {
        carrier: "DHL".into(),
        tracking_number: Some(format!("PARCEL-{}", id.uuid().as_u128())),
        lines: Vec::new(),
    });
    order.refund = query.refund.map(|id| {
        let amount = i64::try_from(id.as_u128()).expect("a small number");
        Money::new(amount, Currency::USD)
    });
    Ok(order)
}

fn orders(away: Arc<AtomicU32>) -> Router {
    let answer = move |Path(id): Path<OrderId>, Query(query): Query<MailQuery>| {
        let left =
            away.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        async move {
            match left {
                Ok(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                Err(_) => asked_for(id, query).map(axum::Json).into_response(),
            }
        }
    };
    Router::new().route("/internal/orders/orders/{id}/mail", get(answer))
}

/// The number of the secret that shows an address to be somebody's which is another's by now.
pub const TAKEN: u128 = 13;

/// The id of a secret: one below a thousand leads somewhere.
pub fn secret_id(number: u128) -> MailedSecretId {
    MailedSecretId::from_uuid(Uuid::from_u128(number))
}

/// The secret of that id, as identity tells it.
pub fn secret_of(id: MailedSecretId) -> String {
    format!("told-{}-s3cret", id.uuid().as_u128())
}

/// Which secrets were used, and lead nowhere any more.
type Used = Arc<Mutex<Vec<MailedSecretId>>>;

fn leads(id: MailedSecretId, used: &Used) -> bool {
    id.uuid().as_u128() < 1_000 && !used.lock().expect("not poisoned").contains(&id)
}

/// The id of a presented secret, if it leads somewhere.
fn presented(secret: &MailedSecret, used: &Used) -> Option<MailedSecretId> {
    let number = secret.expose().strip_prefix("told-")?.strip_suffix("-s3cret")?;
    Some(secret_id(number.parse().ok()?)).filter(|id| leads(*id, used))
}

/// Identity as far as mails and pages ask it: the owner of each secret is Austrian.
fn identity(away: Arc<AtomicU32>, used: &Used) -> Router {
    let (told, known, taken) = (Arc::clone(used), Arc::clone(used), Arc::clone(used));
    let tell = move |Json(asked): Json<TellSecrets>| {
        let left =
            away.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let live = asked.ids.into_iter().filter(|id| leads(*id, &told));
        let secrets = live.map(|id| ToldSecret { id, secret: MailedSecret::new(secret_of(id)) });
        let answer = ToldSecrets { secrets: secrets.collect() };
        async move {
            match left {
                Ok(_) => HttpError(Problem::new(codes::UNAVAILABLE, "away")).into_response(),
                Err(_) => axum::Json(answer).into_response(),
            }
        }
    };
    let look_up = move |Json(asked): Json<LookUpSecret>| {
        let owner = SecretOwner { locale: Some("de-AT".into()) };
        let owner = presented(&asked.secret, &known).map(|_| owner);
        async move { axum::Json(KnownSecret { owner }) }
    };
    let present = move |Json(asked): Json<PresentSecret>| {
        let (secret, password) = match &asked {
            PresentSecret::VerifyEmail { secret } => (secret, None),
            PresentSecret::ResetPassword { secret, password } => (secret, Some(password)),
        };
        let answer = match (presented(secret, &taken), password) {
            (None, _) => Presented::Ended,
            (Some(id), None) if id == secret_id(TAKEN) => Presented::EmailTaken,
            (Some(_), Some(password)) if password == "password" => Presented::PasswordRefused,
            (Some(id), _) => {
                taken.lock().expect("not poisoned").push(id);
                Presented::Accepted
            }
        };
        async move { axum::Json(answer) }
    };
    Router::new()
        .route("/internal/identity/mailed-secrets/tell", post(tell))
        .route("/internal/identity/mailed-secrets/look-up", post(look_up))
        .route("/internal/identity/mailed-secrets/present", post(present))
}

impl Office {
    pub async fn new(db: Db, smtp: Option<SmtpUrl>) -> Self {
        Self::with(db, Config { smtp, ..Config::default() }).await
    }

    pub async fn with(db: Db, config: Config) -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&shared), 7));
        let (orders_away, identity_away, used) = (Arc::default(), Arc::default(), Arc::default());
        let identity = identity(Arc::clone(&identity_away), &used);
        let identity = Client::local("identity", identity);
        let client = Client::local("orders", orders(Arc::clone(&orders_away)));
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let authenticator = Arc::new(Authenticator::with_keys(&key.jwks(), Arc::clone(&shared)));
        let deps = Deps {
            db,
            clock: shared,
            ids,
            orders: OrdersClient::new(client),
            identity: IdentityClient::new(identity),
            authenticator,
            guest_key: GuestKey::new([7; 32]),
        };
        let app = App::new(&config, &deps).expect("usable settings");
        let (service, mailbox) =
            techtrove_notifications::build(config, deps).await.expect("builds");
        Self { app, service, mailbox, clock, orders_away, identity_away, used, key }
    }

    /// Nobody in particular, who calls.
    pub fn guest(&self) -> Actor {
        Actor::new(self.service.public.clone())
    }

    /// Somebody with this account and role, who calls.
    pub fn user(&self, id: UserId, role: Role) -> Actor {
        let session = SessionId::from_uuid(Uuid::from_u128(2));
        let claims = Claims::new(id, session, vec![role], self.clock.now(), 600);
        self.guest().bearer(&self.key.sign(&claims).expect("signs"))
    }

    /// Hands an event to the subscription, as the bus does.
    pub async fn hear(&self, event: Arc<Event>) -> Result<(), String> {
        let mut subscriptions = self.service.subscriptions.iter();
        let kind = event.aggregate_kind.as_str();
        let of_kind = subscriptions.find(|known| known.aggregate_kinds.contains(&kind));
        let Subscription { consumer, db, handler, .. } = of_kind.expect("somebody listens");
        let taken = handler.handle(Arc::clone(&event)).await.map_err(|error| error.to_string())?;
        if matches!(taken, Taken::Ignored) {
            let consumer = *consumer;
            let recorded = db.write("test.ignore", move |tx| first_time(tx, consumer, &event));
            recorded.await.map_err(|error: HandlerError| error.to_string())?;
        }
        Ok(())
    }

    /// The recipients of all readable mails, newest first.
    pub async fn recipients(&self) -> Vec<String> {
        let mails = app::list_mailbox(&self.app, None, 1_000).await.expect("the database answers");
        mails.iter().map(|mail| mail.record.recipient.email.as_str().to_owned()).collect()
    }
}
