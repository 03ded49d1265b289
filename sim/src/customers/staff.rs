//! Staff: fills the shelves before anybody comes, lets parcels leave and gives money back.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use http::Method;
use serde_json::{Value, json};
use techtrove_core::{Clock as _, IdGen as _, SeededIds, TypedId as _};
use techtrove_identity_api::{Claims, Role, SessionId, UserId};

use super::{Memory, Person, Reply, Wish, served::Served, spoken};
use crate::{clock::HostClock, plan::Plan, wiring, world::World};

/// What is sold: name, price, whether it travels, and how many pieces there are; `None` as the plan says.
const SHELVES: [(&str, i64, &str, Option<u32>); 5] = [
    ("SCARCE-1", 9_900, "physical", None),
    ("PLENTY-1", 1_500, "physical", Some(500)),
    ("PLENTY-2", 2_750, "physical", Some(500)),
    ("LICENCE-1", 4_000, "digital", Some(12)),
    ("LICENCE-2", 2_500, "digital", Some(20)),
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

    /// Whoever is at the desk where goods come back.
    pub(super) fn desk(&self) -> &Person {
        if self.manager.world.chance(500) { &self.manager } else { &self.support }
    }

    /// Lets an order leave, as chance has it; tells whether it did, or will.
    pub(super) async fn ship(&self, served: &Served<'_>) -> bool {
        let (world, order) = (&self.manager.world, served.order);
        if !world.chance(650) {
            return false;
        }
        tokio::time::sleep(world.time(300, 5_000)).await;
        let post = |what: &str| {
            Wish::new("orders", Method::POST, format!("/api/v1/orders/{order}/{what}"))
        };
        if world.chance(300) {
            self.manager.insist(&post("process").body(json!({}))).await;
        }
        if world.chance(250) {
            let part = self.part_of(order).await;
            let left = self.let_leave(served, post("shipments").body(part)).await;
            served.edit_too_late().await;
            // The rest may never leave.
            if world.chance(400) {
                return left;
            }
        }
        let rest = post("shipments").body(json!({"carrier": "DHL", "tracking_number": "JD0001"}));
        // Now and then two people pack the same order.
        let second = world.chance(150);
        let (left, _) = tokio::join!(self.let_leave(served, rest.clone()), async {
            if second {
                self.let_leave(served, rest).await;
            }
        });
        if left && world.chance(500) {
            self.manager.insist(&post("deliver").body(json!({}))).await;
        }
        left
    }

    /// A parcel with one piece of what is in the order.
    async fn part_of(&self, order: &str) -> Value {
        let path = format!("/api/v1/orders/{order}");
        let shown = self.support.insist(&Wish::new("orders", Method::GET, path)).await;
        let sku = shown.and_then(|shown| shown.text("/lines/0/sku"));
        json!({"carrier": "UPS", "tracking_number": "JD0001", "lines": [{"sku": sku, "quantity": 1}]})
    }

    /// Packs a parcel, waiting for its money; tells whether it left, or will.
    async fn let_leave(&self, served: &Served<'_>, parcel: Wish) -> bool {
        let world = &self.manager.world;
        let mut too_early = None;
        for _ in 0..3 {
            let wish = parcel.clone().header("idempotency-key", &self.manager.key());
            let (reply, ()) = tokio::join!(self.manager.insist(&wish), served.cancel_meanwhile(80));
            let Some(reply) = reply else { return false };
            world.reach(format!("customers ship {}", spoken(&reply)));
            self.manager.ask_again(&wish, &reply).await;
            if let (201, Some(id)) = (reply.status, reply.text("/id")) {
                served.memory.note(served.place, |purchase| purchase.parcels.push(id));
                if let Some(wish) = too_early {
                    self.ask_in_time(&wish).await;
                }
                return true;
            }
            if !is_too_early(&reply) {
                return false;
            }
            too_early = Some(wish);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        false
    }

    /// What was refused for want of money that has come since is not refused for that once more, under its key.
    async fn ask_in_time(&self, wish: &Wish) {
        let world = &self.manager.world;
        world.reach("customers ask again what came too early");
        let reply = self.manager.insist(wish).await;
        if reply.is_some_and(|reply| is_too_early(&reply)) {
            world.violated("a refusal that passes is not kept", format!("{wish:?}"));
        }
    }

    /// Gives up a payment of which nobody knows what became of it.
    pub(super) async fn give_up(&self, payment: &str) {
        let world = &self.support.world;
        tokio::time::sleep(world.time(0, 6_000)).await;
        let path = format!("/api/v1/payments/{payment}/void");
        let wish = Wish::new("payments", Method::POST, path).body(json!({}));
        if let Some(reply) = self.support.insist(&wish).await {
            world.reach(format!("customers give a payment up {}", spoken(&reply)));
        }
    }

    /// Gives back some of the money or all of it, as chance has it, now and then from two desks at once.
    pub(super) async fn refund(&self, memory: &Memory, place: usize, order: &str) {
        let world = &self.support.world;
        if !world.chance(300) {
            return;
        }
        tokio::time::sleep(world.time(0, 6_000)).await;
        let path = format!("/api/v1/orders/{order}/refunds");
        let whole = json!({"reason": "a scratch"});
        let amount = i64::try_from(world.pick(1, 9_000)).unwrap_or(1);
        let part = json!({
            "reason": "a scratch", "amount": {"amount": amount, "currency": "USD"},
        });
        let desk = |body: Value| async move {
            let wish = Wish::new("orders", Method::POST, path.clone()).body(body);
            memory.note(place, |purchase| purchase.refunds_asked += 1);
            let wish = wish.header("idempotency-key", &self.manager.key());
            let reply = self.support.insist(&wish).await?;
            self.support.ask_again(&wish, &reply).await;
            Some(reply)
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

/// Puts the goods on the shelves, in fair weather.
///
/// # Errors
/// When the shop does not take them.
pub async fn open_shop(world: &Arc<World>, staff: &Staff, memory: &Memory) -> anyhow::Result<()> {
    let plan = Plan::of(world.seed);
    for (sku, price, fulfilment, pieces) in SHELVES {
        let product = json!({
            "name": format!("Product {sku}"),
            "status": "active",
            "fulfilment": fulfilment,
            "variants": [{"sku": sku, "price": {"amount": price, "currency": "USD"}}],
        });
        let wish = Wish::new("catalog", Method::POST, "/api/v1/products").body(product);
        let made = expect(staff.manager.insist(&wish).await, 201)?;
        let id = made.text("/id").context("a product has no id")?;
        memory.place(sku, format!("/api/v1/products/{id}"));
        memory.price(sku, price);
        if fulfilment == "digital" {
            let keys: Vec<String> = (0..pieces.unwrap_or(plan.scarce))
                .map(|number| format!("{sku}-KEY-{number}"))
                .collect();
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

/// Whether a parcel was asked for before its money was there.
fn is_too_early(reply: &Reply) -> bool {
    reply.text("/code").as_deref() == Some("payment_not_captured")
}

fn expect(reply: Option<Reply>, status: u16) -> anyhow::Result<Reply> {
    let reply = reply.context("nobody answers")?;
    ensure!(reply.status == status, "{}: {}", reply.status, reply.body);
    Ok(reply)
}
