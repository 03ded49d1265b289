//! Somebody who signs in with a guest's cart in hand, or two from two devices: their carts come into one
//! of theirs, each once. What they bought then is theirs alone, is in their list, and can be bought again.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use futures::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use techtrove_core::{Clock as _, TypedId as _};
use techtrove_db::{DbError, Tx, p};
use techtrove_identity_api::{Claims, Role, SessionId, UserId};
use uuid::Uuid;

use super::{Person, Reply, Wish, strangers};
use crate::{clock::HostClock, wiring, world::World};

/// How many pieces of each SKU.
pub type Wanted = BTreeMap<String, i64>;

/// A guest's cart, with what was put into it.
pub struct Filled {
    /// Which cart.
    pub id: String,
    /// Its token.
    pub token: String,
    /// How many pieces of each SKU, where the shop said so.
    pub pieces: Wanted,
}

/// A user, signed in.
pub struct Member {
    /// Whoever makes requests in their name.
    pub person: Person,
    /// Who they are.
    pub user: UserId,
}

impl Member {
    /// Somebody with an account, whose token is signed as identity signs them.
    ///
    /// # Errors
    /// When no token can be signed.
    pub fn join(world: &Arc<World>) -> anyhow::Result<Self> {
        let user = UserId::from_uuid(Uuid::from_u128(world.bits()));
        let session = SessionId::from_uuid(Uuid::from_u128(world.bits()));
        let now = HostClock::new(world.started).now();
        register(world, user)?;
        let claims = Claims::new(user, session, vec![Role::Customer], now, 36_000);
        let token = wiring::signing_key()?.sign(&claims);
        let token = token.map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Self { person: Person::guest(world, "buyer").bearer(&token), user })
    }

    /// Takes a guest's carts over, all at once, each now and then twice; tells which cart is theirs then, and
    /// what is in it, if all came over.
    pub async fn claim(&self, carts: &[Filled]) -> Option<(String, Option<Wanted>)> {
        let claims = carts.iter().map(|cart| self.claim_one(cart));
        let claimed = futures::future::join_all(claims).await;
        let own: Vec<String> =
            claimed.iter().flatten().filter_map(|reply| reply.text("/id")).collect();
        let one = own.first()?;
        if own.iter().any(|other| other != one) {
            self.person.world.violated("carts that are claimed come into one", own.join(" "));
        }
        let mut wanted = None;
        if own.len() == carts.len() {
            wanted = Some(sum(carts));
            self.compare(one, carts).await;
        }
        Some((one.clone(), wanted))
    }

    async fn claim_one(&self, cart: &Filled) -> Option<Reply> {
        let world = &self.person.world;
        let path = format!("/api/v1/carts/{}/claim", cart.id);
        let wish = Wish::new("orders", Method::POST, path).body(json!({}));
        let wish = wish.header("x-cart-token", &cart.token);
        let mut reply = self.person.insist(&wish).await?;
        if world.chance(300) {
            reply = self.person.insist(&wish).await?;
        }
        world.reach(format!("customers claim {}", reply.status));
        if reply.status == 200 && world.chance(150) {
            strangers::after_claim(world, &wish).await;
        }
        (reply.status == 200).then_some(reply)
    }

    /// What was put into the carts is in theirs, and nothing else.
    async fn compare(&self, own: &str, carts: &[Filled]) {
        let wish = Wish::new("orders", Method::GET, format!("/api/v1/carts/{own}"));
        let Some(shown) = self.person.insist(&wish).await else { return };
        let (wanted, found) = (sum(carts), pieces(&shown.body, "/items"));
        if found != wanted {
            let detail = format!("{own}: {found:?} of {wanted:?}");
            self.person.world.violated("a cart is claimed whole and once", detail);
        }
    }

    /// What they bought is theirs.
    pub async fn look_at(&self, order: &str) {
        let world = &self.person.world;
        let list = Wish::new("orders", Method::GET, "/api/v1/orders");
        let Some(listed) = self.person.insist(&list).await else { return };
        let items = listed.body.pointer("/items").and_then(Value::as_array);
        let ids = items.into_iter().flatten().filter_map(|item| item.get("id")?.as_str());
        let ids: Vec<&str> = ids.collect();
        if ids != [order] {
            let detail = format!("{} sees {ids:?}, bought {order}", self.user);
            world.violated("whoever is signed in sees their own orders", detail);
        }
    }

    /// Buys the same again, as far as into a cart; tells which, and what is in it.
    pub async fn reorder(&self, order: &str) -> Option<(String, Wanted)> {
        let world = &self.person.world;
        let path = format!("/api/v1/orders/{order}");
        let shown = self.person.insist(&Wish::new("orders", Method::GET, path.clone())).await;
        let wish = Wish::new("orders", Method::POST, format!("{path}/reorder")).body(json!({}));
        // Everybody's key is the same, which is no business of anybody else's.
        let wish = wish.header("idempotency-key", "once-more");
        let (one, other) = tokio::join!(self.person.insist(&wish), self.person.insist(&wish));
        self.person.agree(order, one.as_ref(), other.as_ref());
        let (shown, made) = (shown?, one.or(other)?);
        world.reach(format!("customers reorder {}", made.status));
        if made.text("/code").as_deref() == Some("idempotency_key_reused") {
            world.violated("a key is its user's own", order);
        }
        let (bought, again) = (pieces(&shown.body, "/lines"), pieces(&made.body, "/items"));
        if made.status == 201 && bought != again {
            let detail = format!("{order}: {again:?} of {bought:?}");
            world.violated("what is bought again is what was bought", detail);
        }
        if made.status == 201 && world.chance(300) {
            self.reuse(&path).await;
        }
        made.text("/id").map(|cart| (cart, again))
    }

    /// The key of what was bought again is no other request's of the same order.
    async fn reuse(&self, path: &str) {
        let wish = Wish::new("orders", Method::POST, format!("{path}/cancel")).body(json!({}));
        let reply = self.person.insist(&wish.header("idempotency-key", "once-more")).await;
        let code = reply.and_then(|reply| reply.text("/code").or(Some(reply.status.to_string())));
        if code.as_deref().is_some_and(|code| code != "idempotency_key_reused") {
            let detail = format!("{path}: {code:?}");
            self.person.world.violated("a key is one request's", detail);
        }
    }
}

/// Has identity know somebody as if they had registered, with another address than they buy under.
fn register(world: &World, user: UserId) -> anyhow::Result<()> {
    let insert = move |tx: &mut Tx<'_>| -> Result<u64, DbError> {
        let email = format!("{user}@example.org");
        tx.execute(
            "INSERT INTO users (id, email, email_folded, name, password_hash, created_at) \
             VALUES (?, ?, ?, 'Ada Example', '', 0)",
            p![user, email, email],
        )
    };
    let registered = world.host("identity").look.write("sim.register", insert).now_or_never();
    registered.context("whoever writes from outside waits for nobody")??;
    Ok(())
}

/// What is in all of these carts.
fn sum(carts: &[Filled]) -> Wanted {
    let mut wanted = Wanted::new();
    for (sku, count) in carts.iter().flat_map(|cart| &cart.pieces) {
        *wanted.entry(sku.clone()).or_default() += count;
    }
    wanted
}

/// How many pieces there are of each SKU in a list of lines.
fn pieces(body: &Value, pointer: &str) -> Wanted {
    let lines = body.pointer(pointer).and_then(Value::as_array);
    let mut pieces = Wanted::new();
    for line in lines.into_iter().flatten() {
        let sku = line.get("sku").and_then(Value::as_str).unwrap_or_default();
        let count = line.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        *pieces.entry(sku.to_owned()).or_default() += count;
    }
    pieces
}
