//! People who shop while something is wrong: each order has its key, and is asked for until it is there.

use std::path::Path;
use std::sync::Arc;

use techtrove_testing::{Actor, eventually};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::{SOON, order};
use crate::program::{Program, run};
use crate::under_fire::{Sold, kept};

/// How many people shop at once.
pub const CUSTOMERS: u32 = 8;

/// So many orders are acknowledged until it counts.
const ENOUGH: u32 = 50;

/// People who buy from a running program.
pub struct Customers {
    shopping: JoinSet<Vec<Sold>>,
    acknowledged: Arc<Semaphore>,
    refused: Arc<Semaphore>,
    over: CancellationToken,
}

impl Customers {
    /// Lets them begin to buy pieces of this SKU.
    pub fn of(program: &Program, sku: &'static str) -> Self {
        let (acknowledged, refused) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (over, mut shopping) = (CancellationToken::new(), JoinSet::new());
        for number in 0..CUSTOMERS {
            let customer = Customer {
                number,
                sku,
                shop: program.public(),
                acknowledged: Arc::clone(&acknowledged),
                refused: Arc::clone(&refused),
                over: over.clone(),
            };
            shopping.spawn(customer.shop());
        }
        Self { shopping, acknowledged, refused, over }
    }

    /// Waits until many orders more were acknowledged.
    pub async fn buy(&self) {
        self.acknowledged.forget_permits(usize::MAX);
        self.acknowledged.acquire_many(ENOUGH).await.expect("open").forget();
    }

    /// Waits until so many requests more were refused.
    pub async fn are_refused(&self, times: u32) {
        self.refused.forget_permits(usize::MAX);
        self.refused.acquire_many(times).await.expect("open").forget();
    }

    /// Lets them go home. Every order that was acknowledged comes to the end that it was told, and the books agree.
    pub async fn find_all_as_told(self, program: Program, folder: &Path) {
        self.over.cancel();
        let sold: Vec<Sold> = self.shopping.join_all().await.into_iter().flatten().collect();
        let public = program.public();
        eventually(SOON, async || kept(&public, &sold).await).await;
        let audit = run(&["audit"], folder, "");
        assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
        assert_eq!(program.interrupt(), 0);
    }
}

/// Somebody who buys, with a key for each order, and insists.
struct Customer {
    number: u32,
    sku: &'static str,
    shop: Actor,
    acknowledged: Arc<Semaphore>,
    refused: Arc<Semaphore>,
    over: CancellationToken,
}

impl Customer {
    /// Buys until it is over, and tells of every order that was acknowledged.
    async fn shop(self) -> Vec<Sold> {
        let (mut sold, body) = (Vec::new(), order(self.sku, 1, "tok_ok"));
        for count in 0.. {
            let key = format!("{}-{count}", self.number);
            while !self.over.is_cancelled() {
                let ask = self.shop.post("/api/v1/orders", &body).header("idempotency-key", &key);
                let reply = ask.await;
                match (reply.status.as_u16(), &*reply.problem_code()) {
                    (201, _) => {
                        sold.push(Sold::untouched(reply.value()));
                        self.acknowledged.add_permits(1);
                        break;
                    }
                    (503, "unavailable" | "unknown_outcome") => {
                        assert_eq!(reply.header("content-type"), "application/problem+json");
                        self.refused.add_permits(1);
                    }
                    (409, "idempotency_key_in_use") => {}
                    _ => panic!("{}: {}", reply.status, reply.text()),
                }
            }
            if self.over.is_cancelled() {
                break;
            }
        }
        sold
    }
}
