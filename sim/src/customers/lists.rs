//! The list of all orders, as staff goes through it page by page: each order once, the newest first.

use http::Method;
use serde_json::Value;

use super::{Person, Wish};
use crate::checker;

/// How many orders are on a page.
const PAGE: usize = 3;

/// Goes through the list once nothing changes any more, and compares it with what there is.
pub async fn look_through(staff: &Person) {
    let mut listed = Vec::new();
    let mut path = format!("/api/v1/orders?limit={PAGE}");
    while let Some(page) = staff.insist(&Wish::new("orders", Method::GET, path)).await {
        let items = page.body.pointer("/items").and_then(Value::as_array);
        let id = |item: &Value| item.get("id")?.as_str().map(str::to_owned);
        listed.extend(items.into_iter().flatten().filter_map(id));
        let Some(next) = page.text("/next_cursor") else { break };
        path = format!("/api/v1/orders?limit={PAGE}&cursor={next}");
    }
    let orders = checker::orders(&staff.world);
    if listed != orders {
        let detail = format!("{listed:?} of {orders:?}");
        staff.world.violated("a list has each order once, the newest first", detail);
    }
}
