//! How carts come and go through HTTP: claimed by the user that a guest has become, made of what was
//! bought before, and deleted when nobody comes back.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_orders::prune_carts;
use techtrove_testing::{Actor, sqlite_inline};

use crate::world::{
    CARTS, ORDERS, Setting, World, cart_of, customer, expected, guest_token, item, pieces, see,
    wish,
};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

#[tokio::test]
async fn a_guests_cart_goes_into_the_users_own_once() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (customer(&world, &shop, 1), customer(&world, &shop, 2));
    let (_, own) = cart_of(&ada, &[("GPU", 2), ("CPU", 9_999)]).await;
    let (guest, path) = cart_of(&shop.actor, &[("CPU", 5), ("KEY", 1)]).await;
    let claim = format!("{path}/claim");
    let token = guest_token(&shop, &path);
    let holding = |actor: &Actor| actor.with_header("x-cart-token", &token);

    let _ = guest.post(&claim, &json!({})).await.expect(401);
    let _ = ada.post(&claim, &json!({})).await.expect(404);
    let _ = bob.post(&format!("{own}/claim"), &json!({})).await.expect(404);
    let anyhow = ada.post(&format!("{own}/claim"), &json!({})).await.expect(200);
    let first = holding(&ada).post(&claim, &json!({})).await.expect(200);
    let again = holding(&ada).post(&claim, &json!({})).await.expect(200);
    let bobs = holding(&bob).post(&claim, &json!({})).await.expect(409);
    let late = guest.post(&format!("{path}/items"), &item("GPU", 1)).await.expect(409);

    assert_eq!(pieces(&anyhow.value()), expected(&[("GPU", 2), ("CPU", 9_999)]));
    let summed = expected(&[("GPU", 2), ("CPU", 10_000), ("KEY", 1)]);
    assert_eq!(pieces(&first.value()), summed);
    assert_eq!(first.value(), again.value());
    assert_eq!(format!("{CARTS}/{}", first.value()["id"].as_str().expect("an id")), own);
    assert_eq!(
        (bobs.problem_code(), late.problem_code()),
        ("cart_claimed".into(), "cart_claimed".into())
    );
    let emptied = see(&guest, &path).await;
    assert_eq!((&emptied["status"], &emptied["items"]), (&json!("claimed"), &json!([])));
}

#[tokio::test]
async fn claiming_makes_a_cart_for_who_has_none() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = customer(&world, &shop, 1);
    let (_, path) = cart_of(&shop.actor, &[("KEY", 2)]).await;
    let ada_holding = ada.with_header("x-cart-token", &guest_token(&shop, &path));

    let claimed = ada_holding
        .post(&format!("{path}/claim"), &json!({}))
        .header("idempotency-key", "k")
        .await
        .expect(200);
    let again = ada_holding
        .post(&format!("{path}/claim"), &json!({}))
        .header("idempotency-key", "k")
        .await
        .expect(200);

    assert_eq!(see(&ada, &format!("{CARTS}/current")).await, claimed.value());
    assert_eq!((again.value(), again.header("idempotent-replayed")), (claimed.value(), "true"));
    assert_eq!(pieces(&claimed.value()), expected(&[("KEY", 2)]));
}

#[tokio::test]
async fn what_was_bought_goes_into_a_new_cart() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (customer(&world, &shop, 1), customer(&world, &shop, 2));
    let lines = [("GPU", 2), ("KEY", 1), ("GPU", 1), ("CPU", 1)];
    let order = shop.actor.post(ORDERS, &wish(&lines, "tok_ok")).await.expect(201);
    let adas = ada.post(ORDERS, &wish(&lines, "tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;
    let again = format!("{}/reorder", order.header("location"));
    let adas_again = format!("{}/reorder", adas.header("location"));
    let token = order.value()["guest_token"].as_str().expect("a token").to_owned();
    let guest = shop.actor.with_header("x-guest-token", &token);
    let staff = shop.actor.bearer(&world.token(3, &[Role::Support]));
    world.withdrawn.lock().expect("whole").insert("KEY");

    let _ = shop.actor.post(&again, &json!({})).await.expect(401);
    for (who, path) in [(&ada, &again), (&bob, &adas_again), (&guest, &adas_again)] {
        let _ = who.post(path, &json!({})).await.expect(404);
    }
    let refused = staff.post(&adas_again, &json!({})).await.expect(403);
    assert_eq!(refused.problem_code(), "forbidden");
    let made = guest.post(&again, &json!({})).header("idempotency-key", "k").await.expect(201);
    let replayed = guest.post(&again, &json!({})).header("idempotency-key", "k").await.expect(201);
    let own = ada.post(&adas_again, &json!({})).await.expect(201);

    let cart = made.value();
    assert_eq!(pieces(&cart), expected(&[("GPU", 3), ("CPU", 1)]));
    assert_eq!(cart["unavailable"], json!([{"sku": "KEY", "name": "A KEY"}]));
    assert_eq!((made.text(), replayed.header("idempotent-replayed")), (replayed.text(), "true"));
    let holder = shop.actor.with_header("x-cart-token", cart["cart_token"].as_str().expect("one"));
    assert_eq!(see(&holder, made.header("location")).await["items"], cart["items"]);
    assert_eq!(own.value()["cart_token"], Value::Null);
    assert_eq!(see(&ada, &format!("{CARTS}/current")).await["id"], own.value()["id"]);
}

#[tokio::test]
async fn guests_carts_that_were_left_behind_go() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = customer(&world, &shop, 1);
    let (guest, left) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let (_, own) = cart_of(&ada, &[("GPU", 1)]).await;
    let (_, claimed) = cart_of(&shop.actor, &[("KEY", 1)]).await;
    let claimer = ada.with_header("x-cart-token", &guest_token(&shop, &claimed));
    let _ = claimer.post(&format!("{claimed}/claim"), &json!({})).await.expect(200);
    world.clock.advance(Duration::from_secs(29 * 24 * 3_600));
    let (other, touched) = cart_of(&shop.actor, &[("CPU", 1)]).await;
    world.clock.advance(Duration::from_secs(2 * 24 * 3_600));

    let more = prune_carts(&shop.app).await.expect("pruned");

    assert!(!more);
    let _ = guest.get(&left).await.expect(404);
    let _ = other.get(&touched).await.expect(200);
    let ada = customer(&world, &shop, 1);
    assert_eq!(pieces(&see(&ada, &own).await), expected(&[("GPU", 1), ("KEY", 1)]));
}
