//! The program under fire: killed again and again while people buy, cancel, are given money back, and
//! repeat whatever brought no answer. In the end every order that was acknowledged is there, each was
//! sold once, and the books agree.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rand::{Rng as _, RngExt as _};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};
use techtrove_testing::{Actor, Draft, Reply, Seed, eventually, repetitions};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::{order, order_path};
use crate::program::{Program, admin, import, import_line, run};

/// How often the program is killed, times `TECHTROVE_TEST_REPEAT`.
const KILLS: usize = 20;

/// How many people shop at once.
pub const CUSTOMERS: u64 = 12;

/// How many answers there are between two kills, at most.
const ANSWERS: u32 = 60;

/// How soon after a restart every order has come to its end.
const RECOVERED: Duration = Duration::from_secs(10);

/// What is sold: plenty of one thing, too little of the other.
const STOCK: [(&str, u32); 2] = [("FIRE-1", 50_000), ("FIRE-2", 40)];

/// How people pay: one in so many has a bank that refuses, says nothing, or takes money back at the second try
/// only; the others have no trouble.
const MEANS: [(u32, &str); 3] =
    [(10, "tok_declined"), (20, "tok_timeout"), (10, "tok_refund_fails")];

/// Where the shop is now; nowhere while it is down.
type Place = watch::Receiver<Option<Actor>>;

/// Somebody who shops until it is over.
struct Customer {
    number: u64,
    shop: Place,
    staff: Arc<str>,
    answered: Arc<Semaphore>,
    over: CancellationToken,
    random: ChaCha20Rng,
}

/// An order that was acknowledged, and what was acknowledged of it since.
#[derive(Debug)]
pub struct Sold {
    order: Value,
    is_cancelled: bool,
    is_refunded: bool,
}

impl Sold {
    /// An order of which nothing was asked since.
    pub fn untouched(order: Value) -> Self {
        Self { order, is_cancelled: false, is_refunded: false }
    }
}

impl Customer {
    /// Shops, and tells of every order that was acknowledged.
    async fn shop(mut self) -> Vec<Sold> {
        let mut sold = Vec::new();
        for count in 0.. {
            if self.over.is_cancelled() {
                break;
            }
            let key = format!("{}-{count}", self.number);
            if let Some(order) = self.buy(&key).await {
                sold.push(self.go_on(order, &key).await);
            }
        }
        sold
    }

    async fn buy(&mut self, key: &str) -> Option<Value> {
        let sku = if self.chance(20) { "FIRE-2" } else { "FIRE-1" };
        let means = MEANS.iter().find(|(rarity, _)| self.random.random_ratio(1, *rarity));
        let means = means.map_or("tok_ok", |(_, means)| means);
        let body = order(sku, 1, means);
        let ask = |shop: &Actor| shop.post("/api/v1/orders", &body).header("idempotency-key", key);
        let reply = self.insist(ask).await;
        if reply.status != 201 {
            let code = reply.problem_code();
            let known = ["out_of_stock", "payment_declined"].contains(&&*code);
            assert!(known, "{}", reply.text());
            return None;
        }
        if self.chance(20) {
            let again = self.insist(ask).await.expect(201);
            assert_eq!(again.value()["id"], reply.value()["id"], "a key is one order");
        }
        Some(reply.value())
    }

    /// Cancels some, and has staff give some of the money of others back.
    async fn go_on(&mut self, order: Value, key: &str) -> Sold {
        let path = order_path(&order);
        let token = order["guest_token"].as_str().expect("a token").to_owned();
        let (is_cancelled, is_refunded) = if self.chance(20) {
            let cancel = |shop: &Actor| {
                let cancel = shop.post(&format!("{path}/cancel"), &json!({}));
                cancel.header("x-guest-token", &token).header("idempotency-key", key)
            };
            (self.insist(cancel).await.status.is_success(), false)
        } else if self.chance(20) {
            let staff = Arc::clone(&self.staff);
            let part = json!({"amount": {"amount": 100, "currency": "USD"}, "reason": "late"});
            let refund = |shop: &Actor| {
                let refund = shop.bearer(&staff).post(&format!("{path}/refunds"), &part);
                refund.header("idempotency-key", key)
            };
            (false, self.insist(refund).await.status.is_success())
        } else {
            (false, false)
        };
        Sold { order, is_cancelled, is_refunded }
    }

    /// Asks until there is an answer, wherever the shop is by then.
    async fn insist(&mut self, ask: impl Fn(&Actor) -> Draft) -> Reply {
        loop {
            let up = self.shop.wait_for(Option::is_some).await.expect("the test goes on").clone();
            let Some(reply) = ask(&up.expect("up")).attempt().await else { continue };
            let is_final =
                !reply.status.is_server_error() && reply.problem_code() != "idempotency_key_in_use";
            if is_final {
                self.answered.add_permits(1);
                return reply;
            }
            tokio::task::yield_now().await;
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_ratio(percent, 100)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_forgets_nothing_and_sells_nothing_twice() {
    let sold = survive(KILLS * repetitions(), Program::start).await;

    assert!(sold > 0);
}

/// Lets people shop while the program, which `start` starts on a folder, is killed so many times; in the end
/// everything is as it was acknowledged. How many orders were.
pub async fn survive(kills: usize, start: impl Fn(&Path) -> Program) -> u64 {
    let (folder, seed) = (tempfile::tempdir().expect("a folder"), Seed::new());
    let mut program = start(folder.path());
    let lines = STOCK.map(|(sku, on_hand)| import_line(sku, on_hand));
    assert!(import(folder.path(), &lines).status.success());
    let staff: Arc<str> = admin(&program, folder.path()).await.into();
    let (tell, shop) = watch::channel(Some(program.public()));
    let (answered, over) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
    let mut customers = JoinSet::new();
    for number in 0..CUSTOMERS {
        let customer = Customer {
            number,
            shop: shop.clone(),
            staff: Arc::clone(&staff),
            answered: Arc::clone(&answered),
            over: over.clone(),
            random: seed.random(number),
        };
        customers.spawn(customer.shop());
    }

    let mut random = seed.random(CUSTOMERS);
    for _ in 0..kills {
        let answers = 1 + random.next_u32() % ANSWERS;
        answered.acquire_many(answers).await.expect("open").forget();
        tell.send_replace(None);
        program.kill();
        program = start(folder.path());
        tell.send_replace(Some(program.public()));
    }
    over.cancel();
    let sold: Vec<Sold> = customers.join_all().await.into_iter().flatten().collect();

    let public = program.public();
    let kept = eventually(RECOVERED, async || kept(&public, &sold).await).await;
    assert_eq!(committed(&public.bearer(&staff)).await, kept, "an order that nobody knows of");
    let audit = run(&["audit"], folder.path(), "");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    assert_eq!(program.interrupt(), 0);
    u64::try_from(sold.len()).expect("few")
}

/// How many of these orders were kept, once each has come to the end that was acknowledged.
pub async fn kept(shop: &Actor, sold: &[Sold]) -> Option<u64> {
    let mut kept = 0;
    for Sold { order, is_cancelled, is_refunded } in sold {
        let token = order["guest_token"].as_str().expect("a token");
        let shown = shop.get(&order_path(order)).header("x-guest-token", token).await;
        let now = shown.expect(200).value();
        let money = if *is_refunded { "partially_refunded" } else { "captured" };
        let was_pending = order["status"] == "pending";
        match (now["status"].as_str()?, now["payment"]["status"].as_str()?) {
            ("confirmed", status) if status == money && !is_cancelled => kept += 1,
            ("cancelled", "refunded" | "voided") if *is_cancelled => {}
            // The bank would not take it: it is asked again in a while.
            ("cancelled", "captured") if *is_cancelled && has_failed_refund(&now) => {}
            ("payment_failed", _) | ("cancelled", "voided") if was_pending => {}
            _ => return None,
        }
    }
    Some(kept)
}

fn has_failed_refund(order: &Value) -> bool {
    order["refunds"].as_array().is_some_and(|all| all.iter().any(|one| one["status"] == "failed"))
}

/// How many pieces inventory has promised to orders.
async fn committed(staff: &Actor) -> u64 {
    let mut pieces = 0;
    for (sku, _) in STOCK {
        let stock = staff.get(&format!("/api/v1/inventory/{sku}")).await.expect(200).value();
        pieces += stock["committed"].as_u64().expect("a number");
    }
    pieces
}
