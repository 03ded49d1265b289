//! A buyer: chooses goods, buys them at once or by a cart, retries with the same key until there is an
//! answer, and then pays, cancels, edits, or does nothing at all.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{
    Memory, Person, Reply, Staff, Wish,
    carts::{self, Item},
    edits, haggling,
    member::{Filled, Member, Wanted},
    reviews,
    served::{Served, cancel},
    strangers,
};
use crate::world::World;

/// What can be bought, and how often each is chosen.
const GOODS: [&str; 7] =
    ["SCARCE-1", "SCARCE-1", "PLENTY-1", "PLENTY-1", "PLENTY-2", "LICENCE-1", "LICENCE-2"];

/// The means of payment, and how often each is chosen.
const TOKENS: [&str; 14] = [
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_timeout",
    "tok_timeout",
    "tok_requires_action",
    "tok_requires_action",
    "tok_declined",
    "tok_insufficient_funds",
    "tok_refund_fails",
    "tok_refund_pending",
];

/// Where goods go: with tax and without, by country and by region.
const PLACES: [(&str, Option<&str>); 4] =
    [("US", None), ("US", Some("CA")), ("DE", None), ("DE", None)];

/// A buyer under way.
struct Buyer {
    person: Person,
    memory: Arc<Memory>,
    place: usize,
    email: String,
}

/// An order as its buyer knows it.
struct Bought {
    id: String,
    payment: String,
    requires_action: bool,
    /// Whether nobody knows what became of the payment.
    unknown: bool,
    /// What lets a guest see it.
    token: Option<String>,
}

/// A cart that can be bought.
struct Cart {
    id: String,
    /// What lets a guest open it.
    token: Option<String>,
}

/// The visit of buyer `number`, from the first look to the last regret. What they bought is shipped and
/// refunded by `staff`, as chance has it.
pub async fn visit(world: Arc<World>, memory: Arc<Memory>, staff: Staff, number: u64) {
    let email = format!("buyer{number}@example.com");
    let place = memory.begin(&email);
    let mut buyer = Buyer { person: Person::guest(&world, "buyer"), memory, place, email };
    let by_cart = world.chance(450);
    let member = if world.chance(400) { Member::join(&world).ok() } else { None };
    if let Some(member) = &member {
        buyer.memory.note(place, |purchase| purchase.user = Some(member.user.to_string()));
    }
    let cart = if by_cart { buyer.fill(member.as_ref()).await } else { None };
    if let Some(member) = &member {
        buyer.person = member.person.clone();
    }
    let bought = match cart {
        Some(cart) => buyer.by_cart(&cart).await,
        None if by_cart => return,
        None => buyer.at_once().await,
    };
    let Some(bought) = bought else { return };
    match (&member, &bought.token) {
        (Some(member), _) => member.look_at(&bought.id).await,
        (None, Some(token)) => buyer.person = buyer.person.with("x-guest-token", token),
        (None, None) => return,
    }
    let token = bought.token.as_ref().and_then(|own| buyer.memory.pass_on(own));
    if world.chance(300) {
        strangers::at_order(&world, &staff, (&bought.id, &bought.payment), token).await;
    }
    if bought.requires_action {
        buyer.act(&bought).await;
    }
    tokio::join!(
        buyer.regret(&bought),
        buyer.be_served(&staff, &bought),
        buyer.look_at_keys(&bought),
        async {
            if bought.unknown && world.chance(200) {
                staff.give_up(&bought.payment).await;
            }
        },
        async {
            let Some(member) = &member else { return };
            if world.chance(400) {
                reviews::review(member, &buyer.memory, world.one_of(&GOODS)).await;
            }
            if world.chance(400) {
                buyer.once_more(member, &bought).await;
            }
        }
    );
}

impl Buyer {
    fn world(&self) -> &Arc<World> {
        &self.person.world
    }

    fn lines(&self) -> Vec<Value> {
        let count = usize::try_from(self.world().pick(1, 4)).unwrap_or(1);
        let mut skus: Vec<&str> = (0..count).map(|_| self.world().one_of(&GOODS)).collect();
        skus.sort_unstable();
        // The same goods may stand in two lines.
        if self.world().chance(700) {
            skus.dedup();
        }
        let line = |sku| json!({"sku": sku, "quantity": self.world().pick(1, 4)});
        skus.into_iter().map(line).collect()
    }

    fn order(&self) -> Value {
        let address = edits::address(self.world().one_of(&PLACES));
        json!({
            "email": self.email,
            "shipping_address": address,
            "shipping_method": "standard",
            "payment": {"provider": "sandbox", "token": self.world().one_of(&TOKENS)},
        })
    }

    /// Has the bill sent elsewhere, now and then.
    fn bill(&self, order: &mut Value) {
        let country = self.world().chance(250).then(|| self.world().one_of(&["US", "DE"]));
        if let Some(country) = country {
            order["billing_address"] = edits::address((country, None));
        }
        self.memory.note(self.place, |purchase| purchase.billed = country);
    }

    /// Buys without a cart.
    async fn at_once(&self) -> Option<Bought> {
        let mut order = self.order();
        let lines = self.lines();
        let mut wanted = Wanted::new();
        for (sku, count) in lines.iter().filter_map(piece) {
            *wanted.entry(sku).or_default() += count;
        }
        self.want(wanted);
        order["lines"] = lines.into();
        self.bill(&mut order);
        let mut wish = Wish::new("orders", Method::POST, "/api/v1/orders").body(order);
        haggling::haggle(&self.person, &mut wish).await;
        // Some have the same key as others, which is no business of anybody's.
        let key = if self.world().chance(150) { "mine".into() } else { self.person.key() };
        self.buy(wish.header("idempotency-key", &key)).await
    }

    /// Fills a cart; whoever signs in then has it become theirs, with what they had chosen elsewhere.
    async fn fill(&self, member: Option<&Member>) -> Option<Cart> {
        let filled = self.fill_one().await?;
        let Some(member) = member else {
            self.want(filled.pieces);
            return Some(Cart { id: filled.id, token: Some(filled.token) });
        };
        let mut carts = vec![filled];
        if self.world().chance(400) {
            carts.extend(self.fill_one().await);
        }
        let (id, wanted) = member.claim(&carts).await?;
        if let Some(wanted) = wanted {
            self.want(wanted);
        }
        Some(Cart { id, token: None })
    }

    async fn fill_one(&self) -> Option<Filled> {
        let made = Wish::new("orders", Method::POST, "/api/v1/carts").body(json!({}));
        let made = self.person.insist(&made.header("idempotency-key", &self.person.key())).await?;
        let (id, token) = (made.text("/id")?, made.text("/cart_token")?);
        let mut pieces = Wanted::new();
        for (number, line) in self.lines().into_iter().enumerate() {
            let (sku, count) = piece(&line)?;
            let add = Wish::new("orders", Method::POST, format!("/api/v1/carts/{id}/items"));
            let add = add.body(line).header("x-cart-token", &token);
            // Other carts' items have the same keys, which are no business of this one's.
            let added =
                self.person.insist(&add.header("idempotency-key", &number.to_string())).await?;
            if added.text("/code").as_deref() == Some("idempotency_key_reused") {
                self.world().violated("a key is its cart's own", format!("cart {id}"));
            }
            if added.status < 300 {
                *pieces.entry(sku).or_default() += count;
            }
        }
        if self.world().chance(250) {
            self.rearrange(&id, &token, &mut pieces).await?;
        }
        if self.world().chance(150) {
            strangers::at_cart(self.world(), &id).await;
        }
        Some(Filled { id, token, pieces })
    }

    /// Takes something out of a cart again, or wants more or less of it; nothing when nobody tells what is in it.
    async fn rearrange(&self, cart: &str, token: &str, pieces: &mut Wanted) -> Option<()> {
        let item = carts::first_item(&self.person, cart, Some(token)).await?;
        let quantity = self.world().pick(0, 4);
        let wish = item.changed_to(quantity, Some(token));
        let reply = self.person.insist(&wish).await?;
        self.world().reach(format!("customers rearrange a cart {}", reply.status));
        // What was taken out may be so by a request that was not answered.
        if quantity == 0 {
            pieces.remove(&item.sku);
        } else if reply.status == 200 {
            pieces.insert(item.sku, i64::try_from(quantity).unwrap_or(1));
        }
        Some(())
    }

    /// Buys a cart, now and then from two devices at once.
    async fn by_cart(&self, cart: &Cart) -> Option<Bought> {
        let path = format!("/api/v1/carts/{}/checkout", cart.id);
        let mut order = self.order();
        self.bill(&mut order);
        let mut wish = Wish::new("orders", Method::POST, path).body(order);
        if let Some(token) = &cart.token {
            wish = wish.header("x-cart-token", token);
        }
        haggling::haggle(&self.person, &mut wish).await;
        let (first, second) = (self.person.key(), self.person.key());
        let meddled = self.world().chance(250);
        let item = if meddled { self.first_item(cart).await } else { None };
        let here = async {
            let buying = self.buy(wish.clone().header("idempotency-key", &first));
            if meddled { tokio::join!(buying, self.meddle(cart, item)).0 } else { buying.await }
        };
        if !self.world().chance(300) {
            return here.await;
        }
        self.world().reach("customers two checkouts of a cart");
        let (here, there) =
            tokio::join!(here, self.buy(wish.clone().header("idempotency-key", &second)));
        if let (Some(one), Some(other)) = (&here, &there)
            && one.id != other.id
        {
            let detail = format!("{}: {} {}", cart.id, one.id, other.id);
            self.world().violated("a cart is one order", detail);
        }
        here.or(there)
    }

    async fn first_item(&self, cart: &Cart) -> Option<Item> {
        carts::first_item(&self.person, &cart.id, cart.token.as_deref()).await
    }

    /// Puts more and more into a cart from another device while it is bought, or takes something out: what was
    /// priced is what is sold.
    async fn meddle(&self, cart: &Cart, item: Option<Item>) {
        self.world().reach("customers fill a cart that is being bought");
        self.memory.note(self.place, |purchase| purchase.wanted = None);
        let path = format!("/api/v1/carts/{}/items", cart.id);
        let (mut item, mut more) = (item.filter(|_| self.world().chance(700)), 0..3);
        while item.is_some() || more.next().is_some() {
            tokio::time::sleep(self.world().time(0, 4)).await;
            if let Some(item) = item.take() {
                self.world().reach("customers take out of a cart that is being bought");
                self.person.insist(&item.taken_out(cart.token.as_deref())).await;
                continue;
            }
            let mut wish = Wish::new("orders", Method::POST, path.clone())
                .body(json!({"sku": "PLENTY-2", "quantity": 1}))
                .header("idempotency-key", &self.person.key());
            if let Some(token) = &cart.token {
                wish = wish.header("x-cart-token", token);
            }
            self.person.insist(&wish).await;
        }
    }

    /// Puts the same into another cart, and now and then buys that too, as a purchase of its own.
    async fn once_more(&self, member: &Member, bought: &Bought) {
        let Some((id, wanted)) = member.reorder(&bought.id).await else { return };
        if !self.world().chance(600) {
            return;
        }
        let (email, memory) = (format!("again.{}", self.email), Arc::clone(&self.memory));
        let place = memory.begin(&email);
        memory.note(place, |purchase| purchase.user = Some(member.user.to_string()));
        let buyer = Self { person: member.person.clone(), memory, place, email };
        buyer.want(wanted);
        if buyer.by_cart(&Cart { id, token: None }).await.is_some() {
            self.world().reach("customers bought once more");
        }
    }

    /// Remembers what is wanted.
    fn want(&self, wanted: Wanted) {
        self.memory.note(self.place, |purchase| purchase.wanted = Some(wanted));
    }

    /// Another request under the key of this cart's checkout is refused.
    async fn reuse(&self, wish: Wish) {
        let mut other = self.order();
        other["shipping_method"] = "express".into();
        let reply = self.person.insist(&wish.body(other)).await;
        let code = reply.and_then(|reply| reply.text("/code"));
        if code.as_deref().is_some_and(|code| code != "idempotency_key_reused") {
            let detail = format!("{}: {code:?}", self.email);
            self.world().violated("a key is one request's", detail);
        }
    }

    /// Makes the request until it is answered, now and then twice at the same time.
    async fn buy(&self, wish: Wish) -> Option<Bought> {
        let now = self.world().started.elapsed();
        self.memory.note(self.place, |purchase| {
            purchase.asked.get_or_insert(now);
        });
        let first = if self.world().chance(150) {
            self.world().reach("customers the same key twice at once");
            let (one, other) = tokio::join!(self.person.insist(&wish), self.person.insist(&wish));
            // One may have come upon the cart while another key had it.
            let lasting = other.as_ref().filter(|other| other.is_final());
            self.person.agree(&self.email, one.as_ref(), lasting);
            // Whoever is told for good is believed.
            if one.as_ref().is_some_and(Reply::is_final) { one } else { other.or(one) }
        } else {
            self.person.insist(&wish).await
        };
        let again = if self.world().chance(200) { self.person.insist(&wish).await } else { None };
        self.person.agree(&self.email, first.as_ref(), again.as_ref());
        // What was not decided for good the first time may be the second.
        let reply =
            if first.as_ref().is_some_and(Reply::is_final) { first } else { again.or(first) };
        let reply = reply?;
        let by_cart = wish.path.ends_with("/checkout");
        haggling::compare(&self.person, &wish, &reply);
        if by_cart && [201, 402].contains(&reply.status) && self.world().chance(150) {
            self.reuse(wish).await;
        }
        self.remember(&reply)
    }

    fn remember(&self, reply: &Reply) -> Option<Bought> {
        if reply.status != 201 {
            let code = reply.text("/code").unwrap_or_default();
            if code == "idempotency_key_reused" {
                self.world().violated("a key is its buyer's own", &self.email);
            }
            self.world().reach(format!("customers refused {} {code}", reply.status));
            let for_good = ["payment_declined", "out_of_stock"].contains(&code.as_str());
            self.memory.note(self.place, |purchase| purchase.refused |= for_good);
            return None;
        }
        let id = reply.text("/id")?;
        let status = reply.text("/payment/status").unwrap_or_default();
        self.world()
            .reach(format!("customers bought {}", reply.text("/status").unwrap_or_default()));
        self.memory.note(self.place, |purchase| purchase.order = Some(id.clone()));
        let (requires_action, unknown) = (status == "requires_action", status == "unknown");
        let (payment, token) = (reply.text("/payment/id")?, reply.text("/guest_token"));
        Some(Bought { id, payment, requires_action, unknown, token })
    }

    /// Does what the bank asks for, or does not.
    async fn act(&self, bought: &Bought) {
        tokio::time::sleep(self.world().time(100, 6_000)).await;
        let outcome = self.world().one_of(&["succeed", "succeed", "fail", "never"]);
        self.world().reach(format!("customers action {outcome}"));
        if outcome == "never" {
            return;
        }
        self.memory.note(self.place, |purchase| purchase.unpaid = outcome == "fail");
        let path = format!("/api/v1/payments/{}/actions/complete", bought.payment);
        let wish = Wish::new("payments", Method::POST, path).body(json!({"outcome": outcome}));
        let thinks_again = self.world().chance(200);
        let (reply, ()) = tokio::join!(self.person.insist(&wish), async {
            if thinks_again {
                self.world().reach("customers cancel while they pay");
                tokio::time::sleep(self.world().time(0, 12)).await;
                self.cancel(bought).await;
            }
        });
        if reply.is_some_and(|reply| [401, 404].contains(&reply.status)) {
            self.world().violated("a payment is its buyer's", &bought.payment);
        }
    }

    /// Looks at the order once more: licence keys that are shown are its own for good.
    async fn look_at_keys(&self, bought: &Bought) {
        tokio::time::sleep(self.world().time(0, 9_000)).await;
        let look = Wish::new("orders", Method::GET, format!("/api/v1/orders/{}", bought.id));
        let Some(shown) = self.person.insist(&look).await else { return };
        let keys = shown.body.pointer("/licence_keys").and_then(Value::as_array);
        let text = |key: &Value, name: &str| key.get(name)?.as_str().map(str::to_owned);
        let keys = keys.into_iter().flatten();
        let keys: Vec<_> = keys.filter_map(|key| text(key, "sku").zip(text(key, "key"))).collect();
        if !keys.is_empty() {
            self.world().reach("customers see licence keys");
        }
        self.memory.note(self.place, |purchase| purchase.keys = keys);
    }

    /// Has it sent, as chance has it, and some of it taken back, while money is given back for other reasons.
    async fn be_served(&self, staff: &Staff, bought: &Bought) {
        let (order, memory, place) = (bought.id.as_str(), &*self.memory, self.place);
        let served = Served { buyer: &self.person, staff, memory, place, order };
        // Support may give money back while others pack, who are not to send it then.
        let early = self.world().chance(150);
        let (left, ()) = tokio::join!(staff.ship(&served), async {
            if early {
                staff.refund(memory, place, order).await;
            }
        });
        let sends_back = self.world().chance(if left { 800 } else { 50 });
        tokio::join!(
            async {
                if !early {
                    staff.refund(memory, place, order).await;
                }
            },
            async {
                if sends_back {
                    served.send_back().await;
                }
            }
        );
    }

    async fn cancel(&self, bought: &Bought) {
        cancel(&self.person, &self.memory, self.place, &bought.id).await;
    }

    /// Changes their mind, or the order.
    async fn regret(&self, bought: &Bought) {
        tokio::time::sleep(self.world().time(0, 5_000)).await;
        if self.world().chance(250) {
            self.cancel(bought).await;
        } else if self.world().chance(300) {
            edits::edit(&self.person, &self.memory, self.place, &bought.id).await;
        }
    }
}

/// How many pieces a line is of, and of what.
fn piece(line: &Value) -> Option<(String, i64)> {
    Some((line["sku"].as_str()?.to_owned(), line["quantity"].as_i64()?))
}
