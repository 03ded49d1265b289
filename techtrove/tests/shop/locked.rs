//! A database that another process has locked, such as a shell with a transaction left open: a checkout is refused
//! within three seconds, before money is asked for, leaves no order, and can be made under the same key once the lock
//! is gone. Products are read all the while.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use techtrove_testing::{Actor, Locked, Reply, eventually};
use tokio::time::Instant;

use crate::harness::{SOON, order};
use crate::insistence::{CUSTOMERS, Customers};
use crate::program::{Program, admin, import, import_line, run, up};

/// The databases that a checkout writes to before money is asked for.
const BEFORE_MONEY: [&str; 3] = ["orders", "inventory", "payments"];

/// Locks a database of a running shop.
async fn lock(folder: &Path, name: &str) -> Locked {
    Locked::file(&format!("sqlite:{}", folder.join(format!("{name}.db")).display())).await
}

async fn buy(shop: &Actor, key: &str) -> Reply {
    let body = order("LOCK-1", 1, "tok_ok");
    shop.post("/api/v1/orders", &body).header("idempotency-key", key).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_is_refused_in_time_and_made_once_the_lock_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::start(folder.path());
    assert!(import(folder.path(), &[import_line("LOCK-1", 100)]).status.success());
    let manager = program.public().bearer(&admin(&program, folder.path()).await);
    let shop = program.public();
    buy(&shop, "warm").await.expect(201);

    for name in BEFORE_MONEY {
        let locked = lock(folder.path(), name).await;
        let asked = Instant::now();
        let refused = buy(&shop, name).await;
        let waited = asked.elapsed();
        shop.get("/api/v1/products").await.expect(200);
        locked.let_go().await;

        assert_eq!(
            (refused.status.as_u16(), &*refused.problem_code()),
            (503, "unavailable"),
            "{name}"
        );
        assert!(!refused.header("retry-after").is_empty(), "{name}");
        assert!(waited < Duration::from_secs(3), "{name}: {waited:?}");
        let made = eventually(SOON, async || {
            let again = buy(&shop, name).await;
            match (again.status.as_u16(), &*again.problem_code()) {
                (201, _) => Some(again.value()),
                (409, "idempotency_key_in_use") => None,
                _ => panic!("{name}: {}: {}", again.status, again.text()),
            }
        });
        let made = made.await;
        assert_eq!(made["status"], "confirmed", "{name}");
        assert_eq!(buy(&shop, name).await.expect(201).value()["id"], made["id"], "{name}");
    }

    let sold = json!(BEFORE_MONEY.len() + 1);
    eventually(SOON, async || {
        let stock = manager.get("/api/v1/inventory/LOCK-1").await.expect(200).value();
        (stock["held"] == json!(0) && stock["committed"] == sold).then_some(())
    })
    .await;
    assert_eq!(program.interrupt(), 0);
    let audit = run(&["audit"], folder.path(), "");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_in_the_midst_of_a_sale_cost_no_order_and_make_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = up(folder.path(), "127.0.0.1:0");
    // Nobody reads what it says of each refusal.
    command.stderr(std::process::Stdio::null());
    let program = Program::run(command);
    assert!(import(folder.path(), &[import_line("LOCK-1", 100_000)]).status.success());
    let customers = Customers::of(&program, "LOCK-1");

    customers.buy().await;
    for name in BEFORE_MONEY {
        let locked = lock(folder.path(), name).await;
        // All of them, where an order that was refused leaves its key in use as long as the lock is there.
        customers.are_refused(CUSTOMERS).await;
        locked.let_go().await;
        customers.buy().await;
    }

    customers.find_all_as_told(program, folder.path()).await;
}
