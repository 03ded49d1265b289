//! What others learn of an order for the mails about it: by events, which carry ids alone, and by asking.

use serde_json::Value;
use techtrove_db::DbError;
use techtrove_http::{Client, ClientError};
use techtrove_orders::service;
use techtrove_orders_api::{MailQuery, NO_CONTACT, OrderId, OrdersClient};
use techtrove_testing::sqlite_inline;

use crate::world::{ORDERS, Setting, Shop, World, buy, cancel, customer, refund, ship, wish};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

fn client(world: &World, shop: &Shop) -> OrdersClient {
    OrdersClient::new(Client::local("orders", service(&shop.app, world.authenticator()).internal))
}

/// What the events of this kind say, in their order.
async fn told(world: &World, kind: &str) -> Vec<Value> {
    let all = world.db.read("test.outbox", |tx| {
        tx.query("SELECT kind, data FROM outbox ORDER BY sequence", techtrove_db::p![], |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?))
        })
    });
    let all: Vec<_> = all.await.map_err(|error: DbError| error).expect("read");
    let of_kind = all.iter().filter(|(known, _)| known == kind);
    of_kind.map(|(_, data)| serde_json::from_str(data).expect("JSON")).collect()
}

#[tokio::test]
async fn each_parcel_is_told_once_it_has_left_with_what_is_in_it() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;

    let first = ship(&world, &shop, &bought, &[("CPU", 1)]).await.expect(201).value();
    let second = ship(&world, &shop, &bought, &[]).await.expect(201).value();
    shop.app.drivers.idle().await;

    let parcels = told(&world, "orders.order.parcel_shipped.v1").await;
    let ids: Vec<&Value> = parcels.iter().map(|data| &data["shipment_id"]).collect();
    assert_eq!(ids, [&first["id"], &second["id"]]);
    let order: OrderId = serde_json::from_value(parcels[0]["order_id"].clone()).expect("an id");
    let parcel = serde_json::from_value(first["id"].clone()).expect("an id");
    let query = MailQuery { parcel: Some(parcel), ..MailQuery::default() };
    let mail = client(&world, &shop).order_for_mail(order, query).await.expect("an order");
    let parcel = mail.parcel.expect("the parcel");
    assert_eq!((parcel.carrier.as_str(), parcel.lines.len()), ("DHL", 1));
    assert_eq!((parcel.lines[0].name.as_str(), parcel.lines[0].quantity), ("A CPU", 1));
    assert_eq!((mail.user_id, mail.locale), (None, None));
}

#[tokio::test]
async fn a_guest_is_written_to_in_what_their_browser_says_they_read() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let orders = client(&world, &shop);
    for (accepted, languages) in
        [("fr;q=0.5, de-AT", &["de-AT", "fr"][..]), ("", &[]), ("no language", &[])]
    {
        let guest = shop.actor.with_header("accept-language", accepted);

        let order = guest.post(ORDERS, &wish(&[("CPU", 1)], "tok_ok")).await.expect(201).value();

        let id: OrderId = serde_json::from_value(order["id"].clone()).expect("an id");
        let mail = orders.order_for_mail(id, MailQuery::default()).await.expect("an order");
        assert_eq!(mail.languages, languages, "{accepted}");
    }
    shop.app.drivers.idle().await;
}

#[tokio::test]
async fn what_needs_no_parcel_is_told_by_its_keys_alone() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    let _ = shop.actor.post(ORDERS, &wish(&[("KEY", 1)], "tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!(told(&world, "orders.order.keys_delivered.v1").await.len(), 1);
    assert_eq!(told(&world, "orders.order.parcel_shipped.v1").await, [] as [Value; 0]);
}

#[tokio::test]
async fn money_that_is_given_back_is_told_with_how_much_it_was() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    let total = world.orders().await[0].totals.total.amount;

    refund(&world, &shop, &bought, Some(1_000)).await.expect(201);
    cancel(&shop, &bought).await.expect(200);
    shop.app.drivers.idle().await;

    let refunds = told(&world, "orders.order.refunded.v1").await;
    let order: OrderId = serde_json::from_value(refunds[0]["order_id"].clone()).expect("an id");
    let mut amounts = Vec::new();
    for refund in &refunds {
        let id = serde_json::from_value(refund["refund_id"].clone()).expect("an id");
        let query = MailQuery { refund: Some(id), ..MailQuery::default() };
        let mail = client(&world, &shop).order_for_mail(order, query).await.expect("an order");
        amounts.push(mail.refund.expect("the refund").amount);
    }
    assert_eq!(amounts, [1_000, total - 1_000]);
}

#[tokio::test]
async fn a_user_is_written_to_in_their_language_and_a_refused_attempt_is_not() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bob = customer(&world, &shop, 1);
    let order = bob.post(ORDERS, &wish(&[("CPU", 1)], "tok_ok")).await.expect(201).value();
    let _ = bob.post(ORDERS, &wish(&[("CPU", 1)], "tok_declined")).await.expect(402);
    shop.app.drivers.idle().await;
    let id: OrderId = serde_json::from_value(order["id"].clone()).expect("an id");
    let failed = told(&world, "orders.order.payment_failed.v1").await;
    let refused: OrderId = serde_json::from_value(failed[0]["order_id"].clone()).expect("an id");
    let client = client(&world, &shop);

    let mail = client.order_for_mail(id, MailQuery::default()).await.expect("an order");
    let nobody = client.order_for_mail(refused, MailQuery::default()).await.expect_err("nobody");

    assert_eq!(mail.locale.as_deref(), Some("de-AT"));
    assert_eq!(mail.user_id.map(|id| id.as_u128()), Some(1));
    assert!(
        matches!(&nobody, ClientError::Refused(problem) if problem.code == NO_CONTACT.code),
        "{nobody:?}"
    );
}
