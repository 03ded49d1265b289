//! Who has an idea of what their order costs says so, and buys at no other price.

use serde_json::{Value, json};

use super::{Person, Reply, Wish};

/// Where a wish says what it expects to cost.
const EXPECTED: &str = "/expected_total/amount";

/// Now and then expects next to nothing, which nobody is sold anything for, and then what they are told instead.
pub async fn haggle(buyer: &Person, wish: &mut Wish) {
    let world = &buyer.world;
    if !world.chance(100) {
        return;
    }
    let low = expecting(wish, 1).header("idempotency-key", &buyer.key());
    let Some(told) = buyer.insist(&low).await else { return };
    buyer.ask_again(&low, &told).await;
    if told.status == 201 {
        world.violated("nobody pays what they did not expect", format!("{low:?}"));
    }
    let total = told.body.pointer("/totals/total/amount").and_then(Value::as_i64);
    if let Some(total) = total.filter(|_| told.text("/code").as_deref() == Some("price_changed")) {
        world.reach("customers are told what it costs");
        *wish = expecting(wish, total);
    }
}

/// What was bought costs what was expected.
pub fn compare(buyer: &Person, wish: &Wish, reply: &Reply) {
    let expected = wish.body.as_ref().and_then(|body| body.pointer(EXPECTED)?.as_i64());
    let total = reply.body.pointer("/totals/total/amount").and_then(Value::as_i64);
    if reply.status == 201 && expected.is_some() && total != expected {
        let detail = format!("{total:?} of {expected:?}: {}", wish.path);
        buyer.world.violated("nobody pays what they did not expect", detail);
    }
}

fn expecting(wish: &Wish, total: i64) -> Wish {
    let mut wish = wish.clone();
    if let Some(body) = &mut wish.body {
        body["expected_total"] = json!({"amount": total, "currency": "USD"});
    }
    wish
}
