//! Card numbers, which are refused wherever people write into orders, and never said again.

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::{Draft, sqlite_inline};

use crate::world::{ORDERS, Setting, World, cart_of, terms, wish};

const CARD: &str = "4242 4242-4242 4242";

/// Checks that the number at `pointer` was refused, and not said again.
async fn refused(request: Draft, pointer: &str) {
    let problem = request.await.expect(422).value();

    assert_eq!(problem["code"], "card_data_refused", "{pointer}: {problem}");
    assert_eq!(problem["errors"][0]["pointer"], pointer);
    assert!(!problem.to_string().contains("4242"), "{problem}");
}

/// `body` with the card number at `pointer`, where something must stand already.
fn with_card(mut body: Value, pointer: &str) -> Value {
    *body.pointer_mut(pointer).expect("a field") = json!(CARD);
    body
}

fn full_wish() -> Value {
    let mut wish = wish(&[("GPU", 1)], "tok_ok");
    for (field, value) in [("company", "Engines"), ("line2", ""), ("region", "MA"), ("phone", "1")]
    {
        wish["shipping_address"][field] = json!(value);
    }
    wish["billing_address"] = wish["shipping_address"].clone();
    wish
}

#[tokio::test]
async fn no_order_takes_a_card_number() {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let (guest, cart) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let fields = ["name", "company", "line1", "line2", "city", "region", "postal_code", "phone"];
    let addresses = ["/shipping_address", "/billing_address"];
    let of_addresses =
        addresses.iter().flat_map(|address| fields.map(|it| format!("{address}/{it}")));
    let of_payment =
        ["/payment/token", "/payment/provider", "/payment", "/email"].map(String::from);

    for pointer in of_addresses.chain(of_payment) {
        let order = with_card(full_wish(), &pointer);
        let checkout = {
            let mut body = order.clone();
            body.as_object_mut().expect("an object").remove("lines");
            body
        };

        refused(shop.actor.post(ORDERS, &order), &pointer).await;
        refused(guest.post(&format!("{cart}/checkout"), &checkout), &pointer).await;
    }
    for written in
        ["４２４２－４２４２－４２４２－４２４２", "4242+4242+4242+4242", "4242…4242…4242…4242"]
    {
        let mut order = full_wish();
        order["shipping_address"]["line2"] = json!(written);
        refused(shop.actor.post(ORDERS, &order), "/shipping_address/line2").await;
    }
    let unknown = with_card(full_wish(), "/payment/token");
    let unknown = json!({"payment": {"card": unknown["payment"]}});
    refused(shop.actor.post(ORDERS, &unknown), "/payment/card/token").await;
    assert!(world.stock.lock().expect("stock").reservations.is_empty());
    let _ = guest.post(&format!("{cart}/checkout"), &terms("tok_ok")).await.expect(201);
}

#[tokio::test]
async fn no_edit_and_no_reason_takes_a_card_number() {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let support = shop.actor.bearer(&world.token(9, &[Role::Support]));
    let manager = shop.actor.bearer(&world.token(8, &[Role::Manager]));
    let placed = shop.actor.post(ORDERS, &wish(&[("GPU", 1)], "tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;
    let order = format!("{ORDERS}/{}", placed.value()["id"].as_str().expect("an id"));
    let post = |path: &str, body: Value| support.post(&format!("{order}{path}"), &body);
    let mut address = wish(&[], "")["shipping_address"].clone();
    address["line1"] = json!(CARD);

    let note = json!({"note": format!("charge {CARD}, please")});
    refused(support.patch(&order, &note).header("if-match", "*"), "/note").await;
    let moved = json!({"billing_address": address});
    let edit = support.patch(&order, &moved).header("if-match", "*");
    refused(edit, "/billing_address/line1").await;
    refused(post("/refunds", json!({"reason": CARD})), "/reason").await;
    refused(post("/cancel", json!({"reason": CARD})), "/reason").await;

    let carried = json!({"carrier": CARD, "tracking_number": "1Z"});
    refused(manager.post(&format!("{order}/shipments"), &carried), "/carrier").await;
    let parcel = json!({"carrier": "DHL", "tracking_number": "4242424242424242"});
    let sent = manager.post(&format!("{order}/shipments"), &parcel).await.expect(201);
    assert_eq!(sent.value()["tracking_number"], "4242424242424242");
}
