//! What notifications' tests stand on: the use cases over a fresh database, an orders service that says
//! what the test wants, and a mail server which listens on a port of this machine.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod mail_server;

pub use mail_server::MailServer;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{Router, extract::Path, http::StatusCode, response::IntoResponse, routing::get};
use techtrove_bus::{AggregateRef, Event, EventContext, EventKind, NewEvent};
use techtrove_core::{
    Clock, Currency, ManualClock, Money, SeededIds, SharedClock, SharedIds, TypedId,
};
use techtrove_db::Db;
use techtrove_http::{Client, Query};
use techtrove_notifications::{
    Config, Deps, SmtpUrl,
    app::{self, App},
};
use techtrove_orders_api::{
    LicenceKey, MailQuery, ORDER_AGGREGATE, ORDER_CONFIRMED, ORDER_KEYS_DELIVERED, OrderChanged,
    OrderForMail, OrderId, OrderLine, OrderStatus, OrdersClient, Totals,
};
use techtrove_runtime::Service;
use uuid::Uuid;

/// Notifications with all it needs.
pub struct Office {
    pub app: App,
    pub service: Service,
    pub mailbox: Router,
    pub clock: Arc<ManualClock>,
    /// How often orders still answers that it is away.
    pub orders_away: Arc<AtomicU32>,
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
        }],
        totals: Totals {
            subtotal: usd(100_000),
            discount: usd(0),
            shipping: usd(500),
            tax: usd(0),
            total: usd(100_500),
        },
        licence_keys: Vec::new(),
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

fn event(kind: EventKind, number: u32, sequence: u64) -> Arc<Event> {
    let id = order_id(number);
    let unique = u128::from(number) | u128::from(sequence) << 32;
    let context = EventContext {
        id: Uuid::from_u128(0x0198_1111_0000_7000_8000 << 64 | unique),
        time: ManualClock::default().now(),
        traceparent: None,
    };
    let data = OrderChanged { order_id: id, status: OrderStatus::Confirmed };
    let event = NewEvent {
        kind,
        aggregate: AggregateRef::new(ORDER_AGGREGATE, id),
        data: serde_json::json!(data),
    };
    Arc::new(Event::new("/techtrove/orders", &context, &event, sequence))
}

/// The same order with its licence keys.
fn with_keys(id: OrderId) -> OrderForMail {
    let key = |key: &str| LicenceKey { sku: "GPU-1".parse().expect("a SKU"), key: key.into() };
    OrderForMail { licence_keys: vec![key("KEY-<1>"), key("KEY-2")], ..order(id) }
}

fn orders(away: Arc<AtomicU32>) -> Router {
    let answer = move |Path(id): Path<OrderId>, Query(query): Query<MailQuery>| {
        let left =
            away.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        async move {
            match left {
                Ok(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                Err(_) if query.licence_keys => axum::Json(with_keys(id)).into_response(),
                Err(_) => axum::Json(order(id)).into_response(),
            }
        }
    };
    Router::new().route("/internal/orders/orders/{id}/mail", get(answer))
}

impl Office {
    pub async fn new(db: Db, smtp: Option<SmtpUrl>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&shared), 7));
        let orders_away = Arc::new(AtomicU32::new(0));
        let client = Client::local("orders", orders(Arc::clone(&orders_away)));
        let config = Config { smtp, ..Config::default() };
        let deps = Deps { db, clock: shared, ids, orders: OrdersClient::new(client) };
        let app = App::new(&config, &deps).expect("usable settings");
        let (service, mailbox) =
            techtrove_notifications::build(config, deps).await.expect("builds");
        Self { app, service, mailbox, clock, orders_away }
    }

    /// Hands an event to the subscription, as the bus does.
    pub async fn hear(&self, event: Arc<Event>) -> Result<(), String> {
        let handler = &self.service.subscriptions[0].handler;
        handler.handle(event).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// The recipients of all readable mails, newest first.
    pub async fn recipients(&self) -> Vec<String> {
        let mails = app::list_mailbox(&self.app, None, 1_000).await.expect("the database answers");
        mails.iter().map(|mail| mail.recipient.as_str().to_owned()).collect()
    }
}
