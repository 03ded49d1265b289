//! Movements: the ledger behind `on_hand`. A movement is written in the transaction that changes
//! `on_hand`, and never changed; their sum is `on_hand`.

use serde::Serialize;
use techtrove_core::{Sku, Timestamp, planted};
use techtrove_inventory_api::{MovementId, ReservationId};
use utoipa::ToSchema;

use super::StockItem;

/// Why pieces came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// More pieces are in the building.
    Receive,
    /// Somebody corrected the count, or a count found fewer.
    Adjust,
    /// They were sent to a buyer.
    Ship,
    /// A buyer sent them back.
    Restock,
    /// They can no longer be sold.
    WriteOff,
}

impl MovementKind {
    /// All kinds there are.
    pub const ALL: [Self; 5] =
        [Self::Receive, Self::Adjust, Self::Ship, Self::Restock, Self::WriteOff];

    /// The kind's name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Adjust => "adjust",
            Self::Ship => "ship",
            Self::Restock => "restock",
            Self::WriteOff => "write_off",
        }
    }
}

/// A movement's reason in somebody's words: one line of 1 to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// The text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason has 1 to {max} characters, and no control characters", max = Reason::MAX_LEN)]
pub struct InvalidReason;

impl Reason {
    /// The longest reason, in characters.
    pub const MAX_LEN: usize = 500;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Reason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, InvalidReason> {
        let text = text.trim();
        let fits = (1..=Self::MAX_LEN).contains(&text.chars().count());
        if fits && !text.contains(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidReason)
        }
    }
}

/// What moves stock: all of a movement but its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Why; by the difference, when absent: more were received, or fewer were found.
    kind: Option<MovementKind>,
    reason: String,
    actor: String,
    reservation: Option<ReservationId>,
}

impl Cause {
    /// Somebody counted.
    pub fn counted(reason: &str, actor: impl Into<String>) -> Self {
        let (reason, actor) = (reason.to_owned(), actor.into());
        Self { kind: None, reason, actor, reservation: None }
    }

    /// Somebody corrected the count.
    pub fn adjusted(reason: &Reason, actor: impl Into<String>) -> Self {
        Self { kind: Some(MovementKind::Adjust), ..Self::counted(reason.as_str(), actor) }
    }

    /// A parcel of this reservation left.
    #[must_use]
    pub fn shipped(reservation: ReservationId) -> Self {
        Self {
            kind: Some(MovementKind::Ship),
            reservation: Some(reservation),
            ..Self::counted("sent to the buyer", "orders")
        }
    }

    /// Pieces of this reservation came back.
    #[must_use]
    pub fn restocked(reservation: ReservationId) -> Self {
        Self {
            kind: Some(MovementKind::Restock),
            reservation: Some(reservation),
            ..Self::counted("sent back", "orders")
        }
    }

    /// Pieces of this reservation that came back cannot be sold again.
    #[must_use]
    pub fn written_off(reservation: ReservationId) -> Self {
        let kind = Some(MovementKind::WriteOff);
        let reason = "sent back, and not to be sold again".to_owned();
        Self { kind, reason, ..Self::restocked(reservation) }
    }
}

/// One change of `on_hand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Which movement.
    pub id: MovementId,
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
    /// The reservation that it was for, if it was for one.
    pub reservation: Option<ReservationId>,
    /// When.
    pub created_at: Timestamp,
}

impl Movement {
    /// What led from one count to another; nothing when they are the same.
    #[must_use]
    pub fn between(
        before: &StockItem,
        after: &StockItem,
        cause: &Cause,
        id: MovementId,
        now: Timestamp,
    ) -> Option<Self> {
        let delta = after.stock.on_hand() - before.stock.on_hand();
        let told = if planted("movement-tells-before") { before } else { after };
        let by_difference = match delta {
            0 => return None,
            1.. => MovementKind::Receive,
            _ => MovementKind::Adjust,
        };
        Some(Self {
            id,
            sku: after.sku.clone(),
            kind: cause.kind.unwrap_or(by_difference),
            delta,
            on_hand_after: told.stock.on_hand(),
            reason: cause.reason.clone(),
            actor: cause.actor.clone(),
            reservation: cause.reservation,
            created_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Stock;

    #[test]
    fn a_movement_is_the_difference_of_two_counts() {
        let sku: Sku = "A".parse().expect("a SKU");
        let item = |on_hand| StockItem {
            stock: Stock::new(on_hand, 0, 0, 5).expect("possible"),
            ..StockItem::unstocked(Uuid::nil(), sku.clone(), false)
        };
        let between = |before, after, cause: &Cause| {
            let (id, now) = (MovementId::from_uuid(Uuid::nil()), Timestamp::from_micros(1));
            Movement::between(&item(before), &item(after), cause, id, now)
                .map(|movement| (movement.kind, movement.delta, movement.on_hand_after))
        };
        let count = Cause::counted("count", "usr_1");
        let found = Cause::adjusted(&"found".parse().expect("a reason"), "usr_1");
        let sent = Cause::shipped(ReservationId::from_uuid(Uuid::nil()));

        assert_eq!(between(2, 7, &count), Some((MovementKind::Receive, 5, 7)));
        assert_eq!(between(7, 2, &count), Some((MovementKind::Adjust, -5, 2)));
        assert_eq!(between(7, 7, &count), None);
        assert_eq!(between(2, 7, &found), Some((MovementKind::Adjust, 5, 7)));
        assert_eq!(between(7, 2, &sent), Some((MovementKind::Ship, -5, 2)));
    }

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        let reason = |text: &str| text.parse::<Reason>().map(|reason| reason.as_str().to_owned());

        assert_eq!(reason(" broken "), Ok("broken".to_owned()));
        assert_eq!(reason(&"ü".repeat(500)), Ok("ü".repeat(500)));
        for text in ["", "  ", "a\nb", "a\0b", &"x".repeat(501)] {
            assert_eq!(reason(text), Err(InvalidReason), "{text:?}");
        }
    }
}
