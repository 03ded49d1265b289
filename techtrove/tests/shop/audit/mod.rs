//! The audit names each kind of difference: planted by hand, in a copy of a shop's data.

mod plants;
mod story;
mod unreadable;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, future, stream};
use techtrove::audit::Rule;
use techtrove_db::{Db, DbError, DbOptions, p};
use uuid::Uuid;

use crate::{
    backups::{back_up, restore, succeeded},
    program::{Program, run},
};

use plants::{Damage, OVERFLOW};
use unreadable::{UNREADABLE, WHILE_RUNNING};

/// A shop that has sold what its story tells, backed up.
struct Shop(tempfile::TempDir);

impl Shop {
    async fn at_rest() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let data = place.path().join("data");
        std::fs::create_dir(&data).expect("made");
        let program = Program::start(&data);
        story::happen(&program, &data).await;
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
async fn sow(data: &Path, damage: Damage) {
    let services: BTreeSet<&str> = damage.iter().map(|(service, _)| *service).collect();
    for service in services {
        let url = format!("sqlite:{}", data.join(format!("{service}.db")).display());
        let db = Db::open(&url, DbOptions::default()).await.expect("opened");
        let statements = damage.iter().filter(move |(whose, _)| *whose == service);
        let altered = db.write("sow", move |tx| -> Result<u64, DbError> {
            tx.execute("PRAGMA ignore_check_constraints = ON", p![])?;
            statements.clone().map(|(_, statement)| tx.execute(*statement, p![])).sum()
        });
        assert!(altered.await.expect("altered") > 0, "{damage:?}");
        db.close().await;
    }
}

/// The differences that the audit names in this data: of which kind, and in what.
async fn differences(data: PathBuf) -> Vec<(String, String)> {
    let audited = tokio::task::spawn_blocking(move || run(&["audit"], &data, ""));
    let output = audited.await.expect("audited");
    let said = String::from_utf8_lossy(&output.stdout);
    let differences = said.lines().filter_map(|line| line.strip_prefix("DIFFERENCE "));
    let named: Vec<(String, String)> = differences
        .filter_map(|difference| difference.split_once(": "))
        .map(|(rule, what)| (rule.to_owned(), what.to_owned()))
        .collect();
    assert!(!output.status.success() || named.is_empty(), "{said}");
    assert!(!said.contains("bogus"), "what is stored is not quoted: {said}");
    let unreadable = named.iter().filter(|(rule, _)| rule == Rule::UnreadableRow.as_str());
    let mut words = unreadable.flat_map(|(_, what)| what.split([' ', ':']));
    assert!(words.all(|word| word.parse::<Uuid>().is_err()), "ids are shown as elsewhere: {said}");
    named
}

/// The kinds of these differences.
fn rules(differences: &[(String, String)]) -> BTreeSet<String> {
    differences.iter().map(|(rule, _)| rule.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_alone_is_named_in_a_shop_at_rest() {
    let shop = Shop::at_rest().await;
    let planted: BTreeSet<Rule> = plants::all().map(|plant| plant.rule).collect();
    assert!(Rule::ALL.iter().eq(&planted), "a rule without a plant");

    let audits = stream::iter(plants::all().enumerate()).map(async |(number, plant)| {
        let copy = shop.copy(&format!("{number}-{}", plant.rule));
        sow(&copy, plant.damage).await;

        let named = rules(&differences(copy).await);

        let alone = BTreeSet::from([plant.rule.to_string()]);
        (named != alone).then_some((plant.rule, plant.damage, named))
    });
    let others: Vec<_> = audits.buffer_unordered(4).filter_map(future::ready).collect().await;
    assert!(others.is_empty(), "not named alone: {others:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_differences_together_are_named_while_the_shop_runs() {
    let shop = Shop::at_rest().await;
    let copy = shop.copy("running");
    for damage in &UNREADABLE[..WHILE_RUNNING.len()] {
        sow(&copy, damage).await;
    }
    let mut sown = BTreeSet::from([Rule::UnreadableRow]);
    for plant in plants::all().filter(|plant| sown.insert(plant.rule)) {
        sow(&copy, plant.damage).await;
    }
    let program = Program::start(&copy);

    let named = differences(copy).await;

    let all: BTreeSet<String> = Rule::ALL.iter().map(Rule::to_string).collect();
    assert_eq!(rules(&named), all);
    for table in WHILE_RUNNING {
        let of_table = |(rule, what): &(String, String)| {
            rule == Rule::UnreadableRow.as_str() && what.split(' ').next() == Some(table)
        };
        assert!(named.iter().any(of_table), "{table}: {named:?}");
    }
    assert_eq!(program.interrupt(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_cannot_be_read_is_named() {
    let (shop, (book, damage)) = (Shop::at_rest().await, OVERFLOW);
    let copy = shop.copy("overflow");
    sow(&copy, damage).await;

    let audited = run(&["audit"], &copy, "");

    let said = String::from_utf8_lossy(&audited.stderr);
    assert_eq!(audited.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{book} cannot be read")), "{said}");
    assert!(!said.contains("try again"), "{said}");
}
