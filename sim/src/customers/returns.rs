//! Sending back: a buyer asks to send back what left, now and then twice at once, for more than that, or
//! before anything has left; the shop decides, sometimes at two desks, and receives what it let come,
//! into the stock again or not, for its whole worth or a part.

use http::Method;
use serde_json::{Value, json};

use super::{Receipt, Reply, SentBack, Wish, served::Served, spoken};

/// What a desk says of a return that is here.
struct Desk {
    restock: bool,
    amount: Option<i64>,
}

impl Served<'_> {
    /// Sends something back, once or twice, until somebody loses interest.
    pub async fn send_back(&self) {
        let world = &self.buyer.world;
        tokio::time::sleep(world.time(0, 2_000)).await;
        for _ in 0..world.pick(1, 3) {
            let mut asked = self.ask(false).await;
            // Now and then the rest is asked for as well before anybody has decided on the first.
            if world.chance(300) {
                world.reach("customers send the rest back too");
                asked.extend(self.ask(true).await);
            }
            for id in asked {
                // Now and then a parcel is here before anybody has looked at the request.
                if world.chance(80) {
                    world.reach("customers a return comes unasked");
                    if self.receive(&id).await {
                        world.violated("what is received was approved", &id);
                    }
                }
                self.decide(&id).await;
                self.receive(&id).await;
            }
        }
    }

    /// The returns that were asked for: of some pieces, or of all that are left.
    async fn ask(&self, rest: bool) -> Vec<String> {
        let world = &self.buyer.world;
        let path = format!("/api/v1/orders/{}", self.order);
        let shown = self.buyer.insist(&Wish::new("orders", Method::GET, path.clone())).await;
        let lines = shown.map(|shown| self.choose(&shown, rest)).unwrap_or_default();
        if lines.is_empty() {
            return Vec::new();
        }
        let wish = Wish::new("orders", Method::POST, format!("{path}/returns"));
        let wish = wish.body(json!({"lines": lines, "reason": "too loud"}));
        let (here, there) = (self.buyer.key(), self.buyer.key());
        let second = world.chance(250);
        let (one, other) = tokio::join!(self.ask_under(wish.clone(), &here), async {
            if second { self.ask_under(wish, &there).await } else { None }
        },);
        if second {
            world.reach("customers two returns of the same pieces");
        }
        one.into_iter().chain(other).collect()
    }

    async fn ask_under(&self, wish: Wish, key: &str) -> Option<String> {
        let world = &self.buyer.world;
        let wish = wish.header("idempotency-key", key);
        self.memory.note(self.place, |purchase| purchase.returns_asked += 1);
        let reply = self.buyer.insist(&wish).await?;
        world.reach(format!("customers send back {}", spoken(&reply)));
        if world.chance(200) {
            let again = self.buyer.insist(&wish).await;
            self.buyer.agree(self.order, Some(&reply), again.as_ref());
        }
        let id = (reply.status == 201).then(|| reply.text("/id")).flatten()?;
        let back = SentBack { id: id.clone(), pieces: pieces(&reply), ..SentBack::default() };
        self.memory.note(self.place, |purchase| purchase.returns.push(back));
        Some(id)
    }

    /// Some of what left, and now and then one piece more, or something that never left.
    fn choose(&self, shown: &Reply, rest: bool) -> Vec<Value> {
        let world = &self.buyer.world;
        let lines = shown.body.pointer("/lines").and_then(Value::as_array);
        let too_many = u64::from(!rest && world.chance(120));
        let mut chosen = Vec::new();
        for line in lines.into_iter().flatten() {
            let count = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or_default();
            let left = count("shipped").saturating_sub(count("returned")) + too_many;
            let ships = line.get("fulfilment").and_then(Value::as_str) != Some("digital");
            if left > 0 && if rest { ships } else { world.chance(700) } {
                let quantity = if rest || too_many > 0 { left } else { world.pick(1, left + 1) };
                chosen.push(json!({"sku": line.get("sku"), "quantity": quantity}));
            }
        }
        chosen
    }

    /// The shop lets it come, or not; two desks that disagree do not both have their way.
    async fn decide(&self, id: &str) {
        let world = &self.buyer.world;
        tokio::time::sleep(world.time(0, 1_500)).await;
        let told = |verdict: &'static str| async move {
            let path = format!("/api/v1/returns/{id}/{verdict}");
            let wish = Wish::new("orders", Method::POST, path).body(json!({}));
            let reply = self.staff.desk().insist(&wish).await?;
            world.reach(format!("customers {verdict} {}", spoken(&reply)));
            Some(reply.status == 200)
        };
        let (approves, rejects) = match world.pick(0, 20) {
            0..16 => (true, false),
            16..18 => (false, true),
            _ => (true, true),
        };
        self.note(id, |back| back.decided |= approves);
        let (approved, rejected) =
            tokio::join!(async { if approves { told("approve").await } else { None } }, async {
                if rejects { told("reject").await } else { None }
            },);
        self.note(id, |back| {
            back.approved |= approved == Some(true);
            back.rejected |= rejected == Some(true);
        });
    }

    /// It is here: one desk says so, or two at once, each in its own way; tells whether it was received.
    async fn receive(&self, id: &str) -> bool {
        let world = &self.buyer.world;
        tokio::time::sleep(world.time(0, 1_500)).await;
        let (one, other) = (self.opinion(), self.opinion());
        let second = world.chance(250);
        let (received, also) = tokio::join!(self.receive_at(id, &one), async {
            if second { self.receive_at(id, &other).await } else { None }
        },);
        // Whoever named more than there is asks once more for what there is.
        let refused = |reply: &Option<Reply>| {
            let code = reply.as_ref().and_then(|reply| reply.text("/code"));
            code.as_deref() == Some("refund_exceeds_payment")
        };
        let is_here = |reply: &Option<Reply>| reply.as_ref().is_some_and(|it| it.status == 200);
        if refused(&received) && !is_here(&also) {
            return is_here(&self.receive_at(id, &Desk { amount: None, ..one }).await);
        }
        is_here(&received) || is_here(&also)
    }

    fn opinion(&self) -> Desk {
        let world = &self.buyer.world;
        let amount = match world.pick(0, 10) {
            0 => Some(0),
            1..4 => Some(i64::try_from(world.pick(1, 4_000)).unwrap_or(1)),
            _ => None,
        };
        Desk { restock: world.chance(600), amount }
    }

    async fn receive_at(&self, id: &str, desk: &Desk) -> Option<Reply> {
        let world = &self.buyer.world;
        let mut body = json!({"restock": desk.restock});
        if let Some(amount) = desk.amount {
            body["refund"] = json!({"amount": amount, "currency": "USD"});
        }
        let path = format!("/api/v1/returns/{id}/receive");
        let wish = Wish::new("orders", Method::POST, path).body(body);
        let (wish, at) = (wish.header("idempotency-key", &self.buyer.key()), self.staff.desk());
        let mut reply = at.insist(&wish).await?;
        if world.chance(250) {
            reply = at.insist(&wish).await.unwrap_or(reply);
        }
        world.reach(format!("customers receive {}", spoken(&reply)));
        if reply.status == 200 {
            let given = reply.body.pointer("/refund/amount/amount").and_then(Value::as_i64);
            let receipt =
                Receipt { restock: desk.restock, asked: desk.amount, given: given.unwrap_or(0) };
            self.note(id, |back| back.receipts.push(receipt));
        }
        Some(reply)
    }

    fn note(&self, id: &str, note: impl FnOnce(&mut SentBack)) {
        self.memory.note(self.place, |purchase| {
            if let Some(back) = purchase.returns.iter_mut().find(|back| back.id == id) {
                note(back);
            }
        });
    }
}

/// How many pieces a return is of, by its answer.
fn pieces(reply: &Reply) -> i64 {
    let lines = reply.body.pointer("/lines").and_then(Value::as_array);
    let quantity = |line: &Value| line.get("quantity").and_then(Value::as_i64);
    lines.into_iter().flatten().filter_map(quantity).sum()
}
