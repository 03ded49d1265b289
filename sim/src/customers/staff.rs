//! Staff: fills the shelves before anybody comes, lets parcels leave and gives money back.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use http::Method;
use serde_json::{Value, json};
use techtrove_core::{Clock as _, IdGen as _, SeededIds, TypedId as _};
use techtrove_identity_api::{Claims, Role, SessionId, UserId};
use uuid::Uuid;

use super::{Memory, Person, Reply, Wish};
use crate::{clock::HostClock, plan::Plan, wiring, world::World};

/// What is sold: name, price, whether it travels, and how many pieces there are; `None` as the plan says.
const SHELVES: [(&str, i64, &str, Option<u32>); 4] = [
    ("SCARCE-1", 9_900, "physical", None),
    ("PLENTY-1", 1_500, "physical", Some(500)),
    ("PLENTY-2", 2_750, "physical", Some(500)),
    ("LICENCE-1", 4_000, "digital", Some(12)),
];

/// The staff.
#[derive(Clone)]
pub struct Staff {
    /// Who keeps the stock and ships.
    pub manager: Person,
    /// Who gives money back.
    pub support: Person,
}

impl Staff {
    /// Staff with access tokens, as the shop's owner gives them.
    ///
    /// # Errors
    /// When no token can be signed.
    pub fn hire(world: &Arc<World>) -> anyhow::Result<Self> {
        let clock = Arc::new(HostClock::new(world.started));
        let ids = SeededIds::new(Arc::clone(&clock) as _, world.seed);
        let key = wiring::signing_key()?;
        let hire = |role: Role| {
            let (user, session) = (UserId::from_uuid(ids.uuid()), SessionId::from_uuid(ids.uuid()));
            let claims = Claims::new(user, session, vec![role], clock.now(), 36_000);
            let token = key.sign(&claims).map_err(|error| anyhow::anyhow!("{error}"))?;
            anyhow::Ok(Person::guest(world, "staff").bearer(&token))
        };
        Ok(Self { manager: hire(Role::Manager)?, support: hire(Role::Support)? })
    }

    /// Does with an order what staff does with orders.
    pub async fn serve(&self, memory: Arc<Memory>, place: usize, order: String) {
        let world = &self.manager.world;
        if world.chance(500) {
            tokio::time::sleep(world.time(500, 8_000)).await;
            self.ship(&memory, place, &order).await;
        }
        if world.chance(300) {
            tokio::time::sleep(world.time(0, 6_000)).await;
            self.refund(&memory, place, &order).await;
        }
    }

    fn key(&self) -> String {
        Uuid::from_u128(self.manager.world.bits()).to_string()
    }

    async fn ship(&self, memory: &Memory, place: usize, order: &str) {
        let world = &self.manager.world;
        let path = format!("/api/v1/orders/{order}");
        let post = |what: &str| Wish::new("orders", Method::POST, format!("{path}/{what}"));
        if world.chance(300) {
            self.manager.insist(&post("process").body(json!({}))).await;
        }
        let parcel = json!({"carrier": "DHL"});
        for _ in 0..3 {
            let wish = post("shipments").body(parcel.clone());
            let wish = wish.header("idempotency-key", &self.key());
            let Some(reply) = self.manager.insist(&wish).await else { return };
            world.reach(format!("customers ship {}", spoken(&reply)));
            if reply.status == 201 {
                let id = reply.text("/id").unwrap_or_default();
                memory.note(place, |purchase| purchase.parcels.push(id));
                break;
            }
            if reply.text("/code").as_deref() != Some("payment_not_captured") {
                return;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        if world.chance(500) {
            self.manager.insist(&post("deliver").body(json!({}))).await;
        }
    }

    /// Gives back some of the money or all of it, now and then from two desks at once.
    async fn refund(&self, memory: &Memory, place: usize, order: &str) {
        let world = &self.support.world;
        let path = format!("/api/v1/orders/{order}/refunds");
        let whole = json!({"reason": "a scratch"});
        let amount = i64::try_from(world.pick(1, 9_000)).unwrap_or(1);
        let part = json!({
            "reason": "a scratch", "amount": {"amount": amount, "currency": "USD"},
        });
        let desk = |body: Value| async move {
            let wish = Wish::new("orders", Method::POST, path.clone()).body(body);
            self.support.insist(&wish.header("idempotency-key", &self.key())).await
        };
        let second = world.chance(400);
        let (one, other) = tokio::join!(desk.clone()(whole), async move {
            if second { desk(part).await } else { None }
        });
        for reply in [one, other].into_iter().flatten() {
            world.reach(format!("customers refund {}", spoken(&reply)));
            let given = reply.body.pointer("/amount/amount").and_then(Value::as_i64);
            if let (201, Some(id), Some(given)) = (reply.status, reply.text("/id"), given) {
                memory.note(place, |purchase| purchase.refunds.push((id, given)));
            }
        }
    }
}

fn spoken(reply: &Reply) -> String {
    let word = reply.text("/code").or_else(|| reply.text("/status")).unwrap_or_default();
    format!("{} {word}", reply.status)
}

/// Puts the goods on the shelves, in fair weather.
///
/// # Errors
/// When the shop does not take them.
pub async fn open_shop(world: &Arc<World>, staff: &Staff) -> anyhow::Result<()> {
    let plan = Plan::of(world.seed);
    for (sku, price, fulfilment, pieces) in SHELVES {
        let product = json!({
            "name": format!("Product {sku}"),
            "status": "active",
            "fulfilment": fulfilment,
            "variants": [{"sku": sku, "price": {"amount": price, "currency": "USD"}}],
        });
        let wish = Wish::new("catalog", Method::POST, "/api/v1/products").body(product);
        expect(staff.manager.insist(&wish).await, 201)?;
        if fulfilment == "digital" {
            let keys: Vec<String> =
                (0..pieces.unwrap_or(plan.scarce)).map(|number| format!("KEY-{number}")).collect();
            let path = format!("/api/v1/inventory/{sku}/keys");
            let wish = Wish::new("inventory", Method::POST, path).body(json!({"keys": keys}));
            expect(staff.manager.insist(&wish).await, 201)?;
            continue;
        }
        let path = format!("/api/v1/inventory/{sku}");
        let shown = Wish::new("inventory", Method::GET, path.clone());
        let shown = expect(staff.manager.insist(&shown).await, 200)?;
        let etag = shown.etag.context("stock has no entity tag")?;
        let stock = json!({"on_hand": pieces.unwrap_or(plan.scarce)});
        let wish = Wish::new("inventory", Method::PUT, path).body(stock);
        expect(staff.manager.insist(&wish.header("if-match", &etag)).await, 200)?;
    }
    Ok(())
}

fn expect(reply: Option<Reply>, status: u16) -> anyhow::Result<Reply> {
    let reply = reply.context("nobody answers")?;
    ensure!(reply.status == status, "{}: {}", reply.status, reply.body);
    Ok(reply)
}
