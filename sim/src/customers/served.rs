//! An order that is served: its buyer, who may think again in the very moment in which something is done for
//! it, and the staff, who does it.

use http::Method;
use serde_json::json;

use super::{Memory, Person, Staff, Wish, edits};

/// An order that is served.
pub struct Served<'a> {
    /// Who bought it.
    pub buyer: &'a Person,
    /// Who sends it, decides and receives.
    pub staff: &'a Staff,
    /// What both are answered is noted there.
    pub memory: &'a Memory,
    /// Where the purchase is noted.
    pub place: usize,
    /// The order.
    pub order: &'a str,
}

impl Served<'_> {
    /// Its buyer cancels it.
    pub async fn cancel(&self) {
        cancel(self.buyer, self.memory, self.place, self.order).await;
    }

    /// Now and then its buyer edits it once some of it has left.
    pub async fn edit_too_late(&self) {
        if self.buyer.world.chance(400) {
            self.buyer.world.reach("customers edit too late");
            edits::move_away(self.buyer, self.order).await;
        }
    }

    /// Now and then its buyer cancels it in the same moment in which something else is done: whichever comes
    /// first, the other is told so.
    pub async fn cancel_meanwhile(&self, per_mille: u32) {
        let world = &self.buyer.world;
        if world.chance(per_mille) {
            world.reach("customers cancel in the same moment");
            tokio::time::sleep(world.time(0, 12)).await;
            self.cancel().await;
        }
    }
}

/// Cancels an order, and remembers whether that was promised.
pub async fn cancel(buyer: &Person, memory: &Memory, place: usize, order: &str) {
    let wish = Wish::new("orders", Method::POST, format!("/api/v1/orders/{order}/cancel"));
    let Some(reply) = buyer.insist(&wish.body(json!({}))).await else { return };
    buyer.world.reach(format!("customers cancel {}", reply.status));
    let told = reply.status == 200;
    memory.note(place, |purchase| purchase.cancelled |= told);
}
