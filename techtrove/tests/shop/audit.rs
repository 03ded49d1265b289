//! The audit names each kind of difference: planted by hand, in a copy of a shop's data.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, stream};
use techtrove::audit::Rule;
use techtrove_db::{Db, DbError, DbOptions, p};

use crate::{
    backups::{back_up, restore, succeeded},
    harness::order,
    program::{Program, import, import_line, run},
};

/// A difference by one, of one kind and no other.
struct Plant {
    rule: Rule,
    /// What is altered, in whose database.
    damage: &'static [(&'static str, &'static str)],
}

const fn plant(rule: Rule, damage: &'static [(&'static str, &'static str)]) -> Plant {
    Plant { rule, damage }
}

const PLANTS: &[Plant] = &[
    // These two look like work that is under way, for which the audit waits.
    plant(
        Rule::OrderStuck,
        &[
            (
                "orders",
                "INSERT INTO sagas (order_id, step, attempt, tries, answered, lease_owner, due_at) \
                 SELECT MAX(id), 'capture', 1, 0, 0, MAX(id), 9000000000000000 FROM orders",
            ),
            ("orders", "UPDATE orders SET updated_at = updated_at - 1000000000"),
        ],
    ),
    plant(
        Rule::EventUnsent,
        &[
            (
                "orders",
                "UPDATE outbox SET published_at = NULL, occurred_at = occurred_at - 100000000",
            ),
            (
                "orders",
                "CREATE TRIGGER unsent BEFORE UPDATE ON outbox BEGIN SELECT RAISE(IGNORE); END",
            ),
        ],
    ),
    plant(Rule::StockMovements, &[("inventory", "UPDATE movements SET delta = delta + 1")]),
    plant(Rule::StockHeld, &[("inventory", "UPDATE stock SET held = held + 1")]),
    plant(Rule::StockCommitted, &[("inventory", "UPDATE stock SET committed = committed - 1")]),
    plant(Rule::StockKeys, &[("inventory", "UPDATE stock SET keyed = 1")]),
    plant(
        Rule::StockOversold,
        &[
            ("inventory", "UPDATE stock SET on_hand = on_hand - 4"),
            ("inventory", "UPDATE movements SET delta = delta - 4"),
        ],
    ),
    plant(
        Rule::OrderStock,
        &[
            ("inventory", "UPDATE reservation_lines SET quantity = quantity + 1"),
            ("inventory", "UPDATE stock SET committed = committed + 2"),
        ],
    ),
    plant(
        Rule::OrderReturn,
        &[
            (
                "orders",
                "INSERT INTO returns (id, order_id, return_no, status, reason, restock, booking, \
                 created_at, updated_at) SELECT x'00112233445566778899aabbccddeeff', MIN(id), 1, \
                 'received', 'too loud', 1, 'booked', 0, 0 FROM orders",
            ),
            (
                "orders",
                "INSERT INTO return_lines (return_id, line_no, quantity) \
                 SELECT r.id, l.line_no, 1 FROM returns r JOIN order_lines l ON l.order_id = r.order_id",
            ),
            ("orders", "UPDATE orders SET return_count = 1"),
        ],
    ),
    plant(
        Rule::ReturnWithoutOrder,
        &[(
            "inventory",
            "INSERT INTO returns (id, reservation_id, attempt, restocked, created_at) \
             SELECT x'0011223344556677889900aabbccddee', MIN(id), 1, 1, 0 FROM reservations",
        )],
    ),
    plant(
        Rule::ReservationWithoutOrder,
        &[(
            "inventory",
            "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) \
             VALUES (x'00112233445566778899aabbccddeeff', 1, 'committed', NULL, 0)",
        )],
    ),
    plant(Rule::OrderTotal, &[("orders", "UPDATE order_lines SET unit_price = unit_price + 1")]),
    plant(Rule::OrderMoney, &[("orders", "UPDATE orders SET captured = captured - 1")]),
    plant(
        Rule::PaymentWithoutOrder,
        &[(
            "payments",
            "INSERT INTO payments (id, provider, amount, currency, status, captured, refunded, \
             version, created_at, updated_at) VALUES (x'00112233445566778899aabbccddeeff', \
             'another', 5, 'USD', 'authorized', 0, 0, 1, 0, 0)",
        )],
    ),
    plant(
        Rule::PaymentAtProvider,
        &[("payments", "UPDATE payments SET status = 'authorized' WHERE provider = 'sandbox'")],
    ),
    plant(Rule::ProviderLedger, &[("sandbox", "UPDATE ledger SET amount = amount + 1")]),
    plant(
        Rule::ChargeWithoutPayment,
        &[(
            "sandbox",
            "INSERT INTO charges (charge_key, amount, currency, status, captured, refunded, \
             created_at, updated_at) VALUES ('nobody', 5, 'USD', 'authorized', 0, 0, 0, 0)",
        )],
    ),
    plant(
        Rule::LedgerBalance,
        &[(
            "payments",
            "UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'provider_receivable'",
        )],
    ),
    plant(
        Rule::OrderMail,
        &[
            ("notifications", "UPDATE mails SET template = 'order_lost'"),
            // A mail may be on its way for a minute.
            ("orders", "UPDATE orders SET updated_at = updated_at - 100000000"),
        ],
    ),
];

/// A shop that has sold two pieces of five, in two orders, backed up.
struct Shop(tempfile::TempDir);

impl Shop {
    async fn at_rest() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let data = place.path().join("data");
        std::fs::create_dir(&data).expect("made");
        let program = Program::start(&data);
        succeeded(&import(&data, &[import_line("KEY-1", 5)]));
        for _ in 0..2 {
            program.public().post("/api/v1/orders", &order("KEY-1", 1, "tok_ok")).await.expect(201);
        }
        assert_eq!(program.interrupt(), 0);
        succeeded(&run(&["audit"], &data, ""));
        succeeded(&back_up(&data, &place.path().join("backup")));
        Self(place)
    }

    /// A copy of its data.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.0.path().join(name);
        succeeded(&restore(&self.0.path().join("backup"), &copy));
        copy
    }
}

/// Alters the data as no service could: also against what a `CHECK` forbids.
async fn sow(data: &Path, plant: &Plant) {
    let services: BTreeSet<&str> = plant.damage.iter().map(|(service, _)| *service).collect();
    for service in services {
        let url = format!("sqlite:{}", data.join(format!("{service}.db")).display());
        let db = Db::open(&url, DbOptions::default()).await.expect("opened");
        let statements = plant.damage.iter().filter(move |(whose, _)| *whose == service);
        let altered = db.write("sow", move |tx| -> Result<u64, DbError> {
            tx.execute("PRAGMA ignore_check_constraints = ON", p![])?;
            statements.clone().map(|(_, statement)| tx.execute(*statement, p![])).sum()
        });
        assert!(altered.await.expect("altered") > 0, "{}", plant.rule);
        db.close().await;
    }
}

/// The kinds of differences that the audit names in this data.
async fn named(data: PathBuf) -> BTreeSet<String> {
    let audited = tokio::task::spawn_blocking(move || run(&["audit"], &data, ""));
    let output = audited.await.expect("audited");
    let said = String::from_utf8_lossy(&output.stdout);
    let differences = said.lines().filter_map(|line| line.strip_prefix("DIFFERENCE "));
    let named: BTreeSet<String> =
        differences.filter_map(|it| Some(it.split_once(": ")?.0.to_owned())).collect();
    assert!(!output.status.success() || named.is_empty(), "{said}");
    named
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_alone_is_named_in_a_shop_at_rest() {
    let shop = Shop::at_rest().await;
    let planted: BTreeSet<Rule> = PLANTS.iter().map(|plant| plant.rule).collect();
    assert!(Rule::ALL.iter().eq(&planted), "a rule without a plant, or planted twice");

    let audits = stream::iter(PLANTS).for_each_concurrent(4, async |plant| {
        let copy = shop.copy(plant.rule.as_str());
        sow(&copy, plant).await;

        let named = named(copy).await;

        assert_eq!(named, BTreeSet::from([plant.rule.to_string()]));
    });
    audits.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_differences_together_are_named_while_the_shop_runs() {
    let shop = Shop::at_rest().await;
    let copy = shop.copy("running");
    for plant in PLANTS {
        sow(&copy, plant).await;
    }
    let program = Program::start(&copy);

    let named = named(copy).await;

    let all: BTreeSet<String> = Rule::ALL.iter().map(Rule::to_string).collect();
    assert_eq!(named, all);
    assert_eq!(program.interrupt(), 0);
}
