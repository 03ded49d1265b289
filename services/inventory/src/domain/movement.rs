//! Movements: the ledger behind `on_hand`. A movement is written in the transaction that changes
//! `on_hand`, and never changed; their sum is `on_hand`.

use techtrove_core::{Sku, Timestamp};
use uuid::Uuid;

use super::StockItem;

/// Why pieces came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// More pieces are in the building.
    Receive,
    /// A count found fewer.
    Adjust,
}

impl MovementKind {
    /// The kind's name, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Adjust => "adjust",
        }
    }
}

/// One change of `on_hand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Which movement.
    pub id: Uuid,
    /// Of which SKU.
    pub sku: Sku,
    /// Why.
    pub kind: MovementKind,
    /// How many pieces came (or went, when negative).
    pub delta: i64,
    /// What was in the building afterwards.
    pub on_hand_after: i64,
    /// In the words of whoever did it.
    pub reason: String,
    /// Who did it: a user's id or a service's name.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
}

impl Movement {
    /// What led from one count to another; nothing when they are the same.
    #[must_use]
    pub fn between(
        before: &StockItem,
        after: &StockItem,
        id: Uuid,
        reason: &str,
        actor: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let delta = after.stock.on_hand() - before.stock.on_hand();
        let kind = match delta {
            0 => return None,
            1.. => MovementKind::Receive,
            _ => MovementKind::Adjust,
        };
        Some(Self {
            id,
            sku: after.sku.clone(),
            kind,
            delta,
            on_hand_after: after.stock.on_hand(),
            reason: reason.to_owned(),
            actor: actor.to_owned(),
            created_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::Sku;

    use super::*;
    use crate::domain::Stock;

    #[test]
    fn a_movement_is_the_difference_of_two_counts() {
        let sku: Sku = "A".parse().expect("a SKU");
        let item = |on_hand| StockItem {
            stock: Stock::new(on_hand, 0, 0, 5).expect("possible"),
            ..StockItem::unstocked(Uuid::nil(), sku.clone())
        };
        let between = |before, after| {
            let now = Timestamp::from_micros(1);
            Movement::between(&item(before), &item(after), Uuid::nil(), "count", "usr_1", now)
                .map(|movement| (movement.kind, movement.delta, movement.on_hand_after))
        };

        assert_eq!(between(2, 7), Some((MovementKind::Receive, 5, 7)));
        assert_eq!(between(7, 2), Some((MovementKind::Adjust, -5, 2)));
        assert_eq!(between(7, 7), None);
    }
}
