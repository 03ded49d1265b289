//! Prices change while people buy: of one product by an edit, of another by an import, which may arrive late
//! and once more. What is remembered is what the shop is held to: nobody pays a price that was gone before
//! they asked.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{Memory, Staff, Wish, spoken};

/// Whose price is edited.
const EDITED: &str = "PLENTY-1";

/// Whose price is imported.
pub const IMPORTED: &str = "PLENTY-2";

/// How many lines of an import are one part of it.
const PART: usize = 200;

/// A price that something had, or may have had.
#[derive(Clone, Debug)]
pub struct Priced {
    /// Of what.
    pub sku: &'static str,
    /// Minor units.
    pub price: i64,
    /// Since when it was certainly no other's, by the world's clock.
    pub since: Option<Duration>,
}

impl Staff {
    /// Changes prices until everybody has bought.
    pub async fn reprice(&self, memory: &Memory) {
        let world = &self.manager.world;
        for _ in 0..world.pick(0, 4) {
            tokio::time::sleep(world.time(500, 4_000)).await;
            let price = i64::try_from(world.pick(1_000, 3_000)).unwrap_or(1_000);
            if world.chance(300) {
                self.count(memory).await;
            }
            if world.chance(600) {
                self.edit(memory, price).await;
            } else {
                self.import(memory, price).await;
            }
        }
    }

    /// Edits a price as it was read, so that a late copy of the request changes nothing.
    async fn edit(&self, memory: &Memory, price: i64) {
        let world = &self.manager.world;
        let Some(path) = memory.path_of(EDITED) else { return };
        let shown = self.manager.insist(&Wish::new("catalog", Method::GET, path.clone())).await;
        let Some(etag) = shown.and_then(|shown| shown.etag) else { return };
        let change = json!({"variants": [variant(EDITED, price)]});
        let wish = Wish::new("catalog", Method::PATCH, path).body(change);
        memory.price(EDITED, price);
        let reply = self.manager.insist(&wish.header("if-match", &etag)).await;
        let spoken = reply.as_ref().map(spoken).unwrap_or_default();
        world.reach(format!("customers edit a price {spoken}"));
        if reply.is_some_and(|reply| reply.status == 200) {
            memory.priced(world.started.elapsed());
        }
    }

    async fn import(&self, memory: &Memory, price: i64) {
        memory.price(IMPORTED, price);
        let (lines, counts) = self.lines(memory, price);
        let wish = Wish::new("catalog", Method::POST, "/api/v1/products/import").ndjson(lines);
        let wish = wish.header("idempotency-key", &self.manager.key());
        let reply = self.manager.insist(&wish).await;
        if reply.as_ref().is_some_and(|reply| reply.status == 202) {
            memory.imported(counts);
        }
        let spoken = reply.as_ref().map(spoken).unwrap_or_default();
        self.manager.world.reach(format!("customers import a price {spoken}"));
    }
}

impl Staff {
    /// The lines of an import, and the counts in them: each one that no other says, by which it is known if it is
    /// set, and if it is set once more. A long import is worked on in parts, of which each may have one.
    fn lines(&self, memory: &Memory, price: i64) -> (Vec<serde_json::Value>, Vec<i64>) {
        let world = &self.manager.world;
        let line = |variant| json!({"name": "Product PLENTY-2", "variants": [variant]});
        let mut lines = vec![line(variant(IMPORTED, price))];
        if world.chance(200) {
            lines = vec![lines[0].clone(); PART + 1];
        }
        let mut counts = Vec::new();
        if world.chance(500) {
            let next = i64::try_from(memory.prices().len()).unwrap_or_default();
            let ends = if lines.len() > 1 { vec![0, PART] } else { vec![0] };
            for (place, more) in ends.into_iter().zip([0, 500]) {
                let count = 500 + more + next;
                lines[place]["variants"][0]["stock"] = json!({"on_hand": count});
                counts.push(count);
            }
            // Of two counts in one part the later one is meant.
            if lines.len() == 1 && world.chance(400) {
                let mut earlier = lines[0].clone();
                earlier["variants"][0]["stock"] = json!({"on_hand": 1_500 + next});
                lines.insert(0, earlier);
            }
        }
        (lines, counts)
    }
}

fn variant(sku: &str, price: i64) -> serde_json::Value {
    json!({"sku": sku, "price": {"amount": price, "currency": "USD"}})
}
