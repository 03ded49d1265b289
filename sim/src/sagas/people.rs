//! The people of a saga: a buyer and the staff, who insist on each step until they are answered, and expect
//! of every answer that the saga can go on.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    bank,
    customers::{Memory, Person, Reply, Staff, Wish},
    world::World,
};

/// How often a request is made that brings no answer, and the pause between two tries.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(500);

/// How often somebody looks whether an order has come as far as they wait for, and the pause before each.
const LOOKS: u32 = 40;
const LOOK: Duration = Duration::from_secs(1);

/// Who plays a saga.
#[derive(Clone)]
pub struct People {
    /// Their world.
    pub world: Arc<World>,
    /// What the buyer remembers.
    pub memory: Arc<Memory>,
    /// The staff.
    pub staff: Staff,
    guest: Person,
    place: usize,
    email: &'static str,
}

/// An order that stands.
#[derive(Clone)]
pub struct Bought {
    /// Its address.
    pub path: String,
    /// Its payment's id.
    pub payment: String,
    /// Its buyer, who may see it.
    pub buyer: Person,
}

/// How a saga ends.
pub enum Ending {
    /// The buyer was refused, and there is no order.
    Refused,
    /// What was asked for first could not be had, as for a payment whose buyer's token was lost, and
    /// everything is undone.
    Undone,
    /// The order stands so.
    Stands {
        /// Which order.
        bought: Bought,
        /// Its status.
        status: &'static str,
        /// Its payment's.
        payment: &'static str,
        /// How many pieces of `PLENTY-1` have left the building for good.
        gone: i64,
    },
}

/// How a saga is played.
pub type Play = fn(People) -> BoxFuture<'static, Option<Ending>>;

impl Bought {
    /// The ending in which it stands so; see [`Ending::Stands`].
    #[must_use]
    pub fn stands(&self, status: &'static str, payment: &'static str, gone: i64) -> Ending {
        Ending::Stands { bought: self.clone(), status, payment, gone }
    }
}

impl People {
    /// A buyer and the staff.
    #[must_use]
    pub fn new(world: &Arc<World>, memory: &Arc<Memory>, staff: &Staff) -> Self {
        let email = "buyer@example.com";
        Self {
            world: Arc::clone(world),
            memory: Arc::clone(memory),
            staff: staff.clone(),
            guest: Person::guest(world, "buyer"),
            place: memory.begin(email),
            email,
        }
    }

    /// A key that nobody else has.
    #[must_use]
    pub fn key(&self) -> String {
        Uuid::from_u128(self.world.bits()).to_string()
    }

    /// A request that is made under a key.
    #[must_use]
    pub fn wish(&self, path: impl Into<String>, body: Value) -> Wish {
        Wish::new("orders", Method::POST, path).body(body).header("idempotency-key", &self.key())
    }

    /// The order's part of a checkout.
    fn checkout(&self, token: &str) -> Value {
        json!({
            "email": self.email,
            "shipping_address": {
                "name": "Ada Example", "line1": "1 Main Street", "city": "Springfield",
                "postal_code": "12345", "country": "US",
            },
            "shipping_method": "standard",
            "payment": {"provider": "sandbox", "token": token},
        })
    }

    /// Buys these goods at once.
    pub async fn buy(&self, token: &str, goods: &[(&str, u32)]) -> Option<Result<Bought, Ending>> {
        let mut order = self.checkout(token);
        order["lines"] = lines(goods);
        self.place(self.wish("/api/v1/orders", order)).await
    }

    /// Buys these goods by a cart.
    pub async fn buy_by_cart(
        &self,
        token: &str,
        goods: &[(&str, u32)],
    ) -> Option<Result<Bought, Ending>> {
        let made = self.insist(&self.guest, &self.wish("/api/v1/carts", json!({}))).await?;
        let path = format!("/api/v1/carts/{}", made.text("/id")?);
        let cart_token = made.text("/cart_token")?;
        let of_cart = |wish: Wish| wish.header("x-cart-token", &cart_token);
        for (sku, quantity) in goods {
            let item = json!({"sku": sku, "quantity": quantity});
            self.insist(&self.guest, &of_cart(self.wish(format!("{path}/items"), item))).await?;
        }
        let wish = self.wish(format!("{path}/checkout"), self.checkout(token));
        self.place(of_cart(wish)).await
    }

    /// Places the order and waits until it is decided, or waits for its buyer.
    async fn place(&self, wish: Wish) -> Option<Result<Bought, Ending>> {
        let (reply, _) = self.ask(&self.guest, &wish).await?;
        if reply.status != 201 {
            self.memory.note(self.place, |purchase| purchase.refused = true);
            return Some(Err(Ending::Refused));
        }
        let id = reply.text("/id")?;
        self.memory.note(self.place, |purchase| purchase.order = Some(id.clone()));
        let bought = Bought {
            path: format!("/api/v1/orders/{id}"),
            payment: reply.text("/payment/id")?,
            buyer: self.guest.clone().with("x-guest-token", &reply.text("/guest_token")?),
        };
        let is_decided = |order: &Reply| {
            order.text("/status").is_some_and(|status| status != "pending")
                || order.text("/payment/status").as_deref() == Some("requires_action")
        };
        let order =
            if is_decided(&reply) { reply } else { self.until(&bought, is_decided).await? };
        let status = order.text("/status")?;
        let is_undone = ["cancelled", "payment_failed"].contains(&status.as_str());
        Some(if is_undone { Err(Ending::Undone) } else { Ok(bought) })
    }

    /// Does what the bank asks for, or says that it is not to be.
    pub async fn act(&self, bought: &Bought, outcome: &str) -> Option<Reply> {
        let path = format!("/api/v1/payments/{}/actions/complete", bought.payment);
        let wish = Wish::new("payments", Method::POST, path).body(json!({"outcome": outcome}));
        self.insist(&bought.buyer, &wish).await
    }

    /// Cancels.
    pub async fn cancel(&self, bought: &Bought) -> Option<Reply> {
        let wish = self.wish(format!("{}/cancel", bought.path), json!({}));
        let reply = self.insist(&bought.buyer, &wish).await?;
        self.memory.note(self.place, |purchase| purchase.cancelled = true);
        Some(reply)
    }

    /// Cancels what may have been cancelled before, by the shop.
    pub async fn cancel_unless_ended(&self, bought: &Bought) -> Option<Reply> {
        let wish = self.wish(format!("{}/cancel", bought.path), json!({}));
        Some(self.ask(&bought.buyer, &wish).await?.0)
    }

    /// The bank ends the reservation by itself.
    pub async fn lapse(&self, bought: &Bought) -> Option<()> {
        self.bank_insists(&bought.payment, || bank::lapse(&self.world, &bought.payment)).await
    }

    /// The bank decides what becomes of a refund.
    pub async fn end_refund(&self, bought: &Bought, refund: &Reply, outcome: &str) -> Option<()> {
        let path = format!("{}/refunds/{}", bought.payment, refund.text("/id")?);
        self.bank_insists(&path, || bank::end(&self.world, &path, outcome)).await
    }

    async fn bank_insists<F: Future<Output = bool>>(
        &self,
        about: &str,
        wish: impl Fn() -> F,
    ) -> Option<()> {
        for _ in 0..TRIES {
            if wish().await {
                return Some(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.world.violated("who insists is answered", format!("the bank, about {about}"));
        None
    }

    /// Lets a parcel leave with these goods, or with all that is left.
    pub async fn ship(&self, bought: &Bought, goods: &[(&str, u32)]) -> Option<Reply> {
        let mut parcel = json!({"carrier": "DHL", "tracking_number": "JD0001"});
        if !goods.is_empty() {
            parcel["lines"] = lines(goods);
        }
        let wish = self.wish(format!("{}/shipments", bought.path), parcel);
        let reply = self.insist(&self.staff.manager, &wish).await?;
        let id = reply.text("/id")?;
        self.memory.note(self.place, |purchase| purchase.parcels.push(id));
        Some(reply)
    }

    /// Moves the order on: `process` or `deliver`.
    pub async fn mark(&self, bought: &Bought, what: &str) -> Option<Reply> {
        let path = format!("{}/{what}", bought.path);
        let wish = Wish::new("orders", Method::POST, path).body(json!({}));
        self.insist(&self.staff.manager, &wish).await
    }

    /// Gives back so much, or all that is left.
    pub async fn refund(&self, bought: &Bought, amount: Option<i64>) -> Option<Reply> {
        let mut body = json!({"reason": "a scratch"});
        if let Some(amount) = amount {
            body["amount"] = json!({"amount": amount, "currency": "USD"});
        }
        let wish = self.wish(format!("{}/refunds", bought.path), body);
        self.memory.note(self.place, |purchase| purchase.refunds_asked += 1);
        let reply = self.insist(&self.staff.support, &wish).await?;
        let given = reply.body.pointer("/amount/amount").and_then(Value::as_i64)?;
        let id = reply.text("/id")?;
        self.memory.note(self.place, |purchase| purchase.refunds.push((id, given)));
        Some(reply)
    }

    /// Sends these goods back: the buyer asks, the staff lets them, and receives what comes.
    pub async fn send_back(
        &self,
        bought: &Bought,
        goods: &[(&str, u32)],
        restock: bool,
    ) -> Option<Reply> {
        let body = json!({"lines": lines(goods), "reason": "too loud"});
        let wish = self.wish(format!("{}/returns", bought.path), body);
        self.memory.note(self.place, |purchase| purchase.returns_asked += 1);
        let asked = self.insist(&bought.buyer, &wish).await?;
        let path = format!("/api/v1/returns/{}", asked.text("/id")?);
        let approve = Wish::new("orders", Method::POST, format!("{path}/approve")).body(json!({}));
        self.insist(&self.staff.support, &approve).await?;
        let receive = self.wish(format!("{path}/receive"), json!({"restock": restock}));
        self.insist(&self.staff.manager, &receive).await
    }

    /// Waits until the money is taken.
    pub async fn until_captured(&self, bought: &Bought) -> Option<Reply> {
        self.until_paid(bought, "captured").await
    }

    /// Waits until the money stands so.
    pub async fn until_paid(&self, bought: &Bought, status: &str) -> Option<Reply> {
        let stands = |order: &Reply| order.text("/payment/status").as_deref() == Some(status);
        self.until(bought, stands).await
    }

    /// Waits until it is cancelled.
    pub async fn until_cancelled(&self, bought: &Bought) -> Option<Reply> {
        let is_cancelled = |order: &Reply| order.text("/status").as_deref() == Some("cancelled");
        self.until(bought, is_cancelled).await
    }

    /// Waits until everything has left.
    pub async fn until_shipped(&self, bought: &Bought) -> Option<Reply> {
        let has_left = |order: &Reply| order.text("/status").as_deref() == Some("shipped");
        self.until(bought, has_left).await
    }

    /// Waits until the order has come so far.
    pub async fn until(&self, bought: &Bought, done: impl Fn(&Reply) -> bool) -> Option<Reply> {
        let look = Wish::new("orders", Method::GET, &bought.path);
        for _ in 0..LOOKS {
            tokio::time::sleep(LOOK).await;
            let order = self.insist(&bought.buyer, &look).await?;
            if done(&order) {
                return Some(order);
            }
        }
        self.world.violated("who waits for an order sees it go on", &bought.path);
        None
    }

    /// Has a request granted. One that may have been made before, or whose copy may have been faster, may be
    /// told that it was.
    async fn insist(&self, person: &Person, wish: &Wish) -> Option<Reply> {
        let (reply, tries) = self.ask(person, wish).await?;
        let made_before = tries > 1 || self.world.arrives_twice();
        if reply.status < 300 || made_before && reply.status == 409 {
            return Some(reply);
        }
        let detail = format!("{wish:?}: {} {}", reply.status, reply.body);
        self.world.violated("each step of a saga is granted", detail);
        None
    }

    /// Makes a request until it is decided, and tells how often it was made.
    async fn ask(&self, person: &Person, wish: &Wish) -> Option<(Reply, u32)> {
        for tries in 1..=TRIES {
            match person.ask(wish).await {
                Some(reply) if !reply.is_undecided() => return Some((reply, tries)),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        self.world.violated("who insists is answered", format!("{wish:?}"));
        None
    }

    /// Looks whether the saga ended so.
    pub async fn see(&self, ending: &Ending) {
        let Ending::Stands { bought, status, payment, gone } = ending else {
            return self.see_stock(0).await;
        };
        let look = Wish::new("orders", Method::GET, &bought.path);
        let Some(order) = self.insist(&bought.buyer, &look).await else { return };
        let stands = (order.text("/status"), order.text("/payment/status"));
        if (stands.0.as_deref(), stands.1.as_deref()) != (Some(*status), Some(*payment)) {
            let detail = format!("{}: {stands:?} for {status}, {payment}", bought.path);
            self.world.violated("a saga ends as it was played", detail);
        }
        self.see_stock(*gone).await;
    }

    async fn see_stock(&self, gone: i64) {
        let look = Wish::new("inventory", Method::GET, "/api/v1/inventory/PLENTY-1");
        let Some(stock) = self.insist(&self.staff.manager, &look).await else { return };
        let on_hand = stock.body.pointer("/on_hand").and_then(Value::as_i64);
        if on_hand != Some(500 - gone) {
            let detail = format!("{on_hand:?} of PLENTY-1 when {gone} of 500 are gone");
            self.world.violated("what is not gone is on hand", detail);
        }
    }
}

fn lines(goods: &[(&str, u32)]) -> Value {
    let line = |(sku, quantity): &(&str, u32)| json!({"sku": sku, "quantity": quantity});
    goods.iter().map(line).collect()
}
