//! Orders to be stored, and the store's functions as jobs.

use std::time::Duration;

use techtrove_catalog_api::{Fulfilment, ProductId, VariantId};
use techtrove_core::{Currency, Money, Quantity, Timestamp, TypedId as _};
use techtrove_db::{Db, DbError};
use techtrove_identity_api::UserId;
use techtrove_orders::{
    domain::{
        Delivery, HistoryEntry, Line, Order, OrderNumber, PaymentState,
        saga::{Change, Saga},
    },
    store::{self, Held, Lease, StoredSaga},
};
use techtrove_orders_api::{OrderId, OrderStatus, Totals};
use techtrove_payments_api::{PaymentId, PaymentStatus};
use uuid::Uuid;

pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000).plus(Duration::from_secs(seconds))
}

pub fn usd(amount: i64) -> Money {
    Money::new(amount, Currency::USD)
}

pub fn line(sku: &str, count: u32) -> Line {
    Line {
        sku: sku.parse().expect("a SKU"),
        product_id: ProductId::from_uuid(Uuid::from_u128(71)),
        variant_id: VariantId::from_uuid(Uuid::from_u128(72)),
        name: "Ä 'card' \"with\" 🖥".into(),
        fulfilment: Fulfilment::Physical,
        quantity: Quantity::new(count).expect("a quantity"),
        unit_price: usd(100),
        total: usd(100 * i64::from(count)),
        tax: usd(7),
        shipped: 0,
        returned: 0,
    }
}

pub fn order(number: u128) -> Order {
    let address = serde_json::json!({
        "name": "Ada 'O' \"Lovelace\" ☺", "line1": "1\\2 Street", "city": "London",
        "postal_code": "N1", "country": "GB", "phone": "+44",
    });
    let address = serde_json::from_value(address).expect("an address");
    Order {
        id: OrderId::from_uuid(Uuid::from_u128(number)),
        number: Some(OrderNumber::stored(format!("TT-{number:010}"))),
        user_id: Some(UserId::from_uuid(Uuid::from_u128(5))),
        email: Some("ada@example.com".parse().expect("an address")),
        languages: vec!["de-AT".into(), "en".into()],
        status: OrderStatus::Pending,
        refused: false,
        payment: PaymentState {
            id: PaymentId::from_uuid(Uuid::from_u128(number + 1_000)),
            provider: "sandbox".into(),
            status: PaymentStatus::Unknown,
            captured: 0,
            refunded: 0,
            next_action: None,
        },
        delivery: Delivery {
            method: Some("standard".into()),
            shipping_address: Some(address),
            billing_address: None,
        },
        lines: vec![line("GPU", 2), line("CPU", 1), line("GPU", 1)],
        totals: Totals {
            subtotal: usd(400),
            discount: usd(0),
            shipping: usd(500),
            tax: usd(21),
            total: usd(900),
        },
        note: None,
        history: vec![HistoryEntry { status: OrderStatus::Pending, at: at(0), note: None }],
        attempt: 1,
        cancel_asked: None,
        shipments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        version: 1,
        created_at: at(0),
        updated_at: at(0),
        cart_id: None,
        prices_include_tax: true,
    }
}

pub fn lease(order: &Order, owner: u128, seconds: u64) -> Lease {
    Lease { order: order.id, owner: Uuid::from_u128(owner), until: at(seconds) }
}

pub async fn migrated(db: &Db) {
    db.migrate(&store::MIGRATIONS).await.expect("migrated");
}

pub async fn place(db: &Db, order: &Order, owner: u128, seconds: u64) -> Result<(), DbError> {
    let (order, lease) = (order.clone(), lease(order, owner, seconds));
    db.write("test.place", move |tx| {
        store::insert_order(tx, &order)?;
        let saga = StoredSaga { saga: Saga::begin(at(0)), claim: Some([9; 32]), revision: 0 };
        store::insert_saga(tx, &lease, &saga)
    })
    .await
}

pub async fn load(db: &Db, id: OrderId) -> (Option<Order>, Option<StoredSaga>) {
    let found = db.read("test.load", move |tx| -> Result<_, DbError> {
        Ok((store::lookup_order(tx, id)?, store::lookup_saga(tx, id)?))
    });
    found.await.expect("read")
}

pub async fn change(
    db: &Db,
    lease: Lease,
    change: &Change,
    order: &Order,
) -> Result<bool, DbError> {
    let (change, order) = (change.clone(), order.clone());
    let stations = load(db, order.id).await.0.map_or(0, |known| known.history.len());
    let held = Held { lease, revision: 0, stations };
    db.write("test.change", move |tx| store::store_change(tx, &held, &change, &order)).await
}

pub async fn claim(db: &Db, owner: u128, now: u64, limit: u32) -> Vec<OrderId> {
    let claimed = db.write("test.claim", move |tx| {
        store::claim_due(tx, Uuid::from_u128(owner), at(now), at(now + 5), limit)
    });
    let claimed: Vec<Lease> = claimed.await.map_err(|e: DbError| e).expect("claimed");
    assert!(claimed.iter().all(|l| l.owner == Uuid::from_u128(owner) && l.until == at(now + 5)));
    claimed.into_iter().map(|lease| lease.order).collect()
}
