//! Shelves are counted while people buy: of two who count at once, by what both have read, one is heard.

use http::Method;
use serde_json::json;

use super::{Memory, Staff, Wish, spoken};

/// Whose shelf is counted.
const COUNTED: &str = "PLENTY-1";

impl Staff {
    /// Counts a shelf, now and then twice at once.
    pub(super) async fn count(&self, memory: &Memory) {
        let world = &self.manager.world;
        let path = format!("/api/v1/inventory/{COUNTED}");
        let shown = self.manager.insist(&Wish::new("inventory", Method::GET, path.clone())).await;
        let Some(etag) = shown.and_then(|shown| shown.etag) else { return };
        // No count is another's.
        let number = 2_000 + 2 * i64::try_from(memory.prices().len()).unwrap_or_default();
        let told = |on_hand: i64| {
            let wish = Wish::new("inventory", Method::PUT, path.clone());
            wish.body(json!({"on_hand": on_hand})).header("if-match", &etag)
        };
        let (here, there) = (told(number), told(number + 1));
        let second = world.chance(500);
        let (one, other) = tokio::join!(self.manager.insist(&here), async {
            if second { self.manager.insist(&there).await } else { None }
        });
        let is_heard = |reply: &super::Reply| reply.status == 200;
        if one.as_ref().is_some_and(is_heard) && other.as_ref().is_some_and(is_heard) {
            world.violated("of two counts of the same version one is made", COUNTED);
        }
        for reply in one.iter().chain(&other) {
            world.reach(format!("customers count {}", spoken(reply)));
        }
    }
}
