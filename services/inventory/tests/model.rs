//! Random interleavings of everything that can happen to stock, each checked against a model that
//! shares no code with the service: it keeps no counters, but a list of promises from which every
//! number is added up anew.

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use techtrove_db::Db;
use techtrove_inventory::{Error, app, domain::StockItem};
use techtrove_inventory_api::{Availability, ReservationState};

use crate::support::{
    self, Shop, attempt_of,
    model::{Answer, Model, SKUS, Step, any_step},
    sku,
};

/// The service's answer in the model's words.
fn answer(shop: &Shop, result: Result<techtrove_inventory_api::Reservation, Error>) -> Answer {
    match result {
        Ok(it) => Answer::Stands(it.state, it.expires_at.map(|end| shop.seconds_of(end))),
        Err(Error::OutOfStock(lines)) => {
            let line = |l: techtrove_inventory_api::OutOfStockLine| {
                (l.sku.to_string(), l.requested, l.available)
            };
            Answer::Short(lines.into_iter().map(line).collect())
        }
        Err(Error::Ended) => Answer::Ended,
        Err(Error::Mismatch | Error::NotCommitted) => Answer::Mismatch,
        Err(other) => panic!("{other}: {other:?}"),
    }
}

/// The same of a change of stock.
fn done(result: Result<StockItem, Error>) -> Answer {
    match result {
        Ok(_) => Answer::Done,
        Err(Error::UnknownSku(_) | Error::Stale { .. } | Error::Count(_) | Error::KnownKeys(_)) => {
            Answer::Refused
        }
        Err(other) => panic!("{other}: {other:?}"),
    }
}

async fn take(shop: &Shop, step: &Step) -> Answer {
    match step {
        Step::Set { sku: index, digital, on_hand } => {
            match shop.set(SKUS[*index], *digital, *on_hand).await {
                None => Answer::Done,
                Some(_) => Answer::Refused,
            }
        }
        Step::Edit { sku: index, on_hand, threshold, stale } => {
            done(shop.edit(SKUS[*index], *on_hand, *threshold, *stale).await)
        }
        Step::Adjust { sku: index, delta } => done(shop.adjust(SKUS[*index], *delta).await),
        Step::Keys { sku: index, first, count } => {
            done(shop.add_keys(SKUS[*index], &support::licences(*first..first + count)).await)
        }
        Step::Ship { who, attempt, parcel, lines } => {
            let lines: Vec<_> =
                lines.iter().map(|(index, quantity)| (SKUS[*index], *quantity)).collect();
            answer(shop, shop.ship(attempt_of(*who, *attempt), *parcel, &lines).await)
        }
        Step::Hold { who, attempt, lines, seconds } => {
            let lines: Vec<_> =
                lines.iter().map(|(index, quantity)| (SKUS[*index], *quantity)).collect();
            let expires_at = seconds.map(|seconds| shop.in_seconds(seconds));
            answer(shop, shop.hold(attempt_of(*who, *attempt), &lines, expires_at).await)
        }
        Step::Do { who, attempt, verb } => {
            let (id, attempt) = attempt_of(*who, *attempt);
            answer(shop, app::change_reservation(&shop.app, id, attempt, *verb).await)
        }
        Step::Wait { seconds } => {
            shop.wait(*seconds);
            Answer::Done
        }
        Step::ExpireAll => {
            app::expire_holds(&shop.app, 100).await.expect("the database answers");
            Answer::Done
        }
        Step::Again { .. } => Answer::Done,
    }
}

/// Every number of the service is the one that the model adds up, and its books agree.
async fn compare(shop: &Shop, model: &Model) {
    for (index, text) in SKUS.iter().enumerate() {
        let Some(shelf) = model.shelves.get(&index) else {
            assert!(matches!(
                app::get_stock(&shop.app, sku(text)).await,
                Err(Error::UnknownSku(_))
            ));
            continue;
        };
        let item = app::get_stock(&shop.app, sku(text)).await.expect("known");
        let stock = item.stock;
        assert_eq!((item.keyed, item.digital), (shelf.keyed, shelf.digital), "{text}");
        assert_eq!(
            (
                stock.on_hand(),
                stock.held(),
                stock.committed(),
                stock.low_stock_threshold(),
                item.version
            ),
            (
                shelf.on_hand,
                model.promised(index, ReservationState::Held),
                model.promised(index, ReservationState::Committed),
                shelf.low,
                shelf.version,
            ),
            "{text}"
        );
        assert!(model.free(index) >= 0);
        let class = match model.for_sale(index) {
            0 => Availability::OutOfStock,
            few if few <= shelf.low => Availability::LowStock,
            _ => Availability::InStock,
        };
        assert_eq!(item.available(), model.for_sale(index), "{text}");
        assert_eq!(item.published, class, "the public was told something else of {text}");
    }
    for who in 0..4 {
        let seen = model
            .keys
            .iter()
            .filter(|key| key.seen && key.owner.is_some_and(|(owner, _)| owner == who));
        let mut seen: Vec<_> =
            seen.map(|key| (SKUS[key.sku].to_owned(), key.text.clone())).collect();
        let mut shown = shop.sold_keys(attempt_of(who, 1).0).await;
        seen.sort();
        shown.sort();
        assert_eq!(shown, seen, "the keys of buyer {who}");
    }
    shop.assert_books_agree().await;
}

async fn run(shop: &Shop, steps: &[Step]) {
    let mut model = Model::default();
    let mut happened: Vec<Step> = Vec::new();
    for step in steps {
        let step = match step {
            Step::Again { ago } => match happened.len().checked_sub(*ago) {
                Some(index) => happened[index].clone(),
                None => continue,
            },
            step => step.clone(),
        };
        let expected = model.apply(&step);
        let found = take(shop, &step).await;
        assert_eq!(found, expected, "{step:?} after {happened:?}");
        happened.push(step);
        compare(shop, &model).await;
    }
    shop.assert_public_was_told().await;
}

/// The same few interleavings on every engine: what differs between them is SQL, not chance.
#[tokio::test]
async fn stock_does_what_the_model_does_on_every_engine() {
    let mut runner = TestRunner::deterministic();
    let plays: Vec<Vec<Step>> = (0..4)
        .map(|_| {
            let steps = prop::collection::vec(any_step(), 40..60).new_tree(&mut runner);
            steps.expect("steps can be made").current()
        })
        .collect();
    for steps in &plays {
        for engine in techtrove_testing::engines().await {
            let shop = Shop::new(Db::clone(&engine)).await;
            run(&shop, steps).await;
            drop(shop);
            engine.close().await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn stock_does_what_the_model_does(steps in prop::collection::vec(any_step(), 1..60)) {
        support::block_on(async {
            let shop = Shop::in_memory().await;
            run(&shop, &steps).await;
        });
    }
}
