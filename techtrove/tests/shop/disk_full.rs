//! A disk without room: the kernel refuses every write to a file, for as long as the process' limit on the
//! size of files says so. Nothing is acknowledged then, nothing that was is lost, and the shop goes on by
//! itself once there is room again. (SQLite's own word for it, `SQLITE_FULL`: `kit/db/tests/conformance/files.rs`.)

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use techtrove_testing::{Actor, eventually};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::{SOON, order};
use crate::program::{self, Program, import, import_line, run};
use crate::under_fire::{Sold, kept};

/// How many people shop at once.
const CUSTOMERS: usize = 8;

/// So many orders are acknowledged before and after, and so many requests refused meanwhile.
const ENOUGH: u32 = 50;

/// Somebody who buys, with a key for each order, and insists.
struct Customer {
    number: usize,
    shop: Actor,
    acknowledged: Arc<Semaphore>,
    refused: Arc<Semaphore>,
    over: CancellationToken,
}

impl Customer {
    /// Buys until it is over, and tells of every order that was acknowledged.
    async fn shop(self) -> Vec<Sold> {
        let (mut sold, body) = (Vec::new(), order("DISK-1", 1, "tok_ok"));
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

#[tokio::test(flavor = "multi_thread")]
async fn without_room_it_refuses_and_with_room_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::run(up(folder.path()));
    assert!(import(folder.path(), &[import_line("DISK-1", 100_000)]).status.success());
    let (acknowledged, refused) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (over, mut customers) = (CancellationToken::new(), JoinSet::new());
    for number in 0..CUSTOMERS {
        let customer = Customer {
            number,
            shop: program.public(),
            acknowledged: Arc::clone(&acknowledged),
            refused: Arc::clone(&refused),
            over: over.clone(),
        };
        customers.spawn(customer.shop());
    }
    let enough = async |of: &Semaphore| of.acquire_many(ENOUGH).await.expect("open").forget();

    enough(&acknowledged).await;
    let room = getrlimit(Resource::Fsize);
    limit(&program, Rlimit { current: Some(0), ..room });
    enough(&refused).await;
    program.public().get("/api/v1/products").await.expect(200);
    acknowledged.forget_permits(usize::MAX);
    limit(&program, room);
    enough(&acknowledged).await;
    over.cancel();
    let sold: Vec<Sold> = customers.join_all().await.into_iter().flatten().collect();

    let public = program.public();
    eventually(SOON, async || kept(&public, &sold).await).await;
    let audit = run(&["audit"], folder.path(), "");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    assert_eq!(program.interrupt(), 0);
}

/// Starts the shop, deaf to the signal that comes with the limit: a full disk sends none.
fn up(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#, program::path(), "up", "--no-demo"]);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder);
    // Nobody reads what it says of each refusal.
    command.env("TECHTROVE_RATE_LIMIT", "off").stderr(Stdio::null());
    command
}

/// Lets no file of the program grow beyond this, from now on.
fn limit(program: &Program, size: Rlimit) {
    let process = i32::try_from(program.id()).ok().and_then(Pid::from_raw);
    prlimit(process, Resource::Fsize, size).expect("limited");
}
