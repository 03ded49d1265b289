//! Returns: pieces that left and that their buyer sends back, within the shop's time for it. A return is
//! asked for, approved or rejected, and received. No piece is in two returns, except after one that was
//! rejected; what its pieces are worth stands in [`super::worth`].

use std::time::Duration;

use techtrove_core::{FieldError, Quantity, Sku, Timestamp, planted};
use techtrove_orders_api::{OrderStatus, ReturnId, ReturnStatus};
use techtrove_payments_api::RefundId;

use super::{Line, Order, Pieces, RefundStatus, shipment::choose};

/// What becomes of the pieces in the stock's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booking {
    /// Nothing: they are not back.
    None,
    /// They are back, and inventory is to be told.
    Pending,
    /// Inventory has taken them back.
    Booked,
    /// Inventory would not take them back.
    Refused,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Which return; chosen with it, so that asking inventory may be repeated.
    pub id: ReturnId,
    /// Where it stands.
    pub status: ReturnStatus,
    /// What is sent back.
    pub pieces: Vec<Pieces>,
    /// Why, in the buyer's words.
    pub reason: String,
    /// Whether it can be sold again, once it is received.
    pub restock: Option<bool>,
    /// What became of it in the stock's books.
    pub booking: Booking,
    /// The refund of it; none when nothing was to be given back.
    pub refund: Option<RefundId>,
    /// The idempotency key under which it was received.
    pub received_under: Option<[u8; 32]>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why nothing is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRefusal {
    /// Nothing has left that could be.
    #[error("nothing of the order has left that could be sent back")]
    NothingLeft,
    /// The time for it is over.
    #[error("the order arrived more than {} days ago: it cannot be sent back any more", .window.as_secs() / 86_400)]
    TooLate {
        /// How long there was.
        window: Duration,
    },
    /// The return is where it cannot go on from.
    #[error("a return that is {} cannot become {}", return_status_word(*from), return_status_word(*to))]
    Moved {
        /// Where it stands.
        from: ReturnStatus,
        /// Where it should go.
        to: ReturnStatus,
    },
}

const STATUSES: [(ReturnStatus, &str); 4] = [
    (ReturnStatus::Requested, "requested"),
    (ReturnStatus::Approved, "approved"),
    (ReturnStatus::Rejected, "rejected"),
    (ReturnStatus::Received, "received"),
];

const BOOKINGS: [(Booking, &str); 4] = [
    (Booking::None, "none"),
    (Booking::Pending, "pending"),
    (Booking::Booked, "booked"),
    (Booking::Refused, "refused"),
];

super::words::words!(
    "return status",
    STATUSES,
    ReturnStatus,
    return_status_word,
    return_status_from_word
);
super::words::words!("booking", BOOKINGS, Booking, booking_word, booking_from_word);

impl ReturnRefusal {
    /// Whether nothing will come that could allow it: a parcel may still leave, and a request be approved.
    #[must_use]
    pub fn is_final(&self) -> bool {
        use ReturnStatus::{Received, Requested};
        match self {
            Self::NothingLeft => false,
            Self::TooLate { .. } => true,
            Self::Moved { from, to } => (*from, *to) != (Requested, Received),
        }
    }
}

impl Return {
    /// The same at its next station.
    ///
    /// # Errors
    /// When there is no way from where it stands.
    pub fn moved(&self, to: ReturnStatus, now: Timestamp) -> Result<Self, ReturnRefusal> {
        use ReturnStatus::{Approved, Received, Rejected, Requested};
        match (self.status, to) {
            (Requested, Approved | Rejected) | (Approved, Received) => {
                Ok(Self { status: to, updated_at: now, ..self.clone() })
            }
            (Approved, Rejected) if planted("approved-return-rejected") => {
                Ok(Self { status: to, updated_at: now, ..self.clone() })
            }
            (Requested, Received) if planted("received-unapproved") => {
                Ok(Self { status: to, updated_at: now, ..self.clone() })
            }
            (Received, Received) if planted("return-received-twice") => {
                Ok(Self { updated_at: now, ..self.clone() })
            }
            (from, to) => Err(ReturnRefusal::Moved { from, to }),
        }
    }

    /// Whether its pieces are on their way back, or back.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.status != ReturnStatus::Rejected || planted("rejected-return-counted")
    }
}

impl Order {
    /// The return as it is from now on; its pieces are counted with it.
    pub fn take_return(&mut self, back: &Return) {
        let known = self.returns.iter_mut().find(|known| known.id == back.id);
        let counted = known.as_ref().is_some_and(|known| known.counts());
        match known {
            Some(known) => *known = back.clone(),
            None => self.returns.push(back.clone()),
        }
        for pieces in &back.pieces {
            let Some(line) = self.lines.get_mut(pieces.line) else { continue };
            let count = pieces.quantity.get();
            line.returned = match (counted, back.counts()) {
                (false, true) => line.returned.saturating_add(count),
                (true, false) => line.returned.saturating_sub(count),
                _ => line.returned,
            };
        }
    }

    /// Whether something of it may be sent back at `now`. Licence keys never are: who has seen one has it.
    ///
    /// # Errors
    /// When nothing has left, or all has arrived longer than `window` ago.
    pub fn may_be_returned(&self, window: Duration, now: Timestamp) -> Result<(), ReturnRefusal> {
        if !self.lines.iter().any(|line| line.ships() && line.shipped > 0) {
            return Err(ReturnRefusal::NothingLeft);
        }
        let arrived = self.history.iter().rev().find(|it| it.status == OrderStatus::Delivered);
        match arrived {
            Some(entry) if now.since(entry.at) > window => Err(ReturnRefusal::TooLate { window }),
            _ => Ok(()),
        }
    }

    /// The pieces that `wanted` asks to send back, taken from the order's lines in their order.
    ///
    /// # Errors
    /// What cannot be, with its place in the request.
    pub fn send_back(&self, wanted: &[(Sku, Quantity)]) -> Result<Vec<Pieces>, Vec<FieldError>> {
        let gone = |line: &Line| {
            if planted("unshipped-returned") { line.quantity.get() } else { line.shipped }
        };
        let left =
            |line: &Line| if line.ships() { gone(line).saturating_sub(line.returned) } else { 0 };
        let mut left: Vec<u32> = self.lines.iter().map(left).collect();
        choose(&self.lines, &mut left, wanted, "can be sent back")
    }

    /// The next return that inventory is to be told of.
    #[must_use]
    pub fn to_take_back(&self) -> Option<&Return> {
        self.returns.iter().find(|back| back.booking == Booking::Pending)
    }

    /// Whether nothing is left to be done for a return that was received.
    #[must_use]
    pub fn has_settled(&self, back: &Return) -> bool {
        let refund = self.refunds.iter().find(|refund| Some(refund.id) == back.refund);
        back.booking != Booking::Pending
            && refund.is_none_or(|refund| refund.status != RefundStatus::Pending)
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId as _;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{HistoryEntry, saga_world::placed};

    const ALL: [ReturnStatus; 4] = [
        ReturnStatus::Requested,
        ReturnStatus::Approved,
        ReturnStatus::Rejected,
        ReturnStatus::Received,
    ];

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1).plus(Duration::from_secs(seconds))
    }

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).expect("a quantity")
    }

    fn back(number: u128, status: ReturnStatus, pieces: &[(usize, u32)]) -> Return {
        let pieces =
            pieces.iter().map(|(line, count)| Pieces { line: *line, quantity: quantity(*count) });
        Return {
            id: ReturnId::from_uuid(Uuid::from_u128(number)),
            status,
            pieces: pieces.collect(),
            reason: "too loud".into(),
            restock: None,
            booking: Booking::None,
            refund: None,
            received_under: None,
            created_at: at(1),
            updated_at: at(1),
        }
    }

    /// Three cards and two processors, all of which left.
    fn shipped() -> Order {
        let mut order = placed();
        order.lines.iter_mut().for_each(|line| line.shipped = line.quantity.get());
        order
    }

    fn wanted(pieces: &[(&str, u32)]) -> Vec<(Sku, Quantity)> {
        let wanted =
            pieces.iter().map(|(sku, count)| (sku.parse().expect("a SKU"), quantity(*count)));
        wanted.collect()
    }

    #[test]
    fn a_return_goes_its_way_and_no_other() {
        use ReturnStatus::{Approved, Received, Rejected, Requested};
        let ways = [(Requested, Approved), (Requested, Rejected), (Approved, Received)];

        for (from, to) in ALL.into_iter().flat_map(|from| ALL.map(|to| (from, to))) {
            let moved = back(1, from, &[]).moved(to, at(2));

            assert_eq!(moved.is_ok(), ways.contains(&(from, to)), "{from:?} to {to:?}");
            if let Err(refusal) = moved {
                assert_eq!(refusal.is_final(), (from, to) != (Requested, Received));
            }
        }
    }

    #[test]
    fn no_piece_is_in_two_returns_but_after_a_rejection() {
        let mut order = shipped();
        order.take_return(&back(1, ReturnStatus::Requested, &[(0, 2)]));

        let more = order.send_back(&wanted(&[("GPU", 2), ("CPU", 1)])).expect_err("one is left");
        let rest = order.send_back(&wanted(&[("GPU", 1), ("CPU", 2)])).expect("left");
        order.take_return(&back(1, ReturnStatus::Rejected, &[(0, 2)]));
        let again = order.send_back(&wanted(&[("GPU", 3)])).expect("all are left");

        assert_eq!(more.iter().map(|error| &*error.pointer).collect::<Vec<_>>(), ["/lines/0"]);
        assert_eq!(rest.len(), 2);
        assert_eq!(again, [Pieces { line: 0, quantity: quantity(3) }]);
    }

    #[test]
    fn only_what_left_comes_back_and_in_time() {
        let window = Duration::from_secs(100);
        let mut order = shipped();

        assert_eq!(placed().may_be_returned(window, at(1)), Err(ReturnRefusal::NothingLeft));
        assert_eq!(order.may_be_returned(window, at(999)), Ok(()), "it has not arrived");
        let arrived = HistoryEntry { status: OrderStatus::Delivered, at: at(1_000), note: None };
        order.history.push(arrived);
        assert_eq!(order.may_be_returned(window, at(1_100)), Ok(()));
        let late = order.may_be_returned(window, at(1_101));
        assert_eq!(late, Err(ReturnRefusal::TooLate { window }));
    }

    #[test]
    fn every_word_reads_back() {
        for (status, word) in STATUSES {
            assert_eq!(
                (return_status_word(status), return_status_from_word(word)),
                (word, Ok(status))
            );
            assert_eq!(serde_json::to_value(status).expect("JSON"), word);
        }
        for (booking, word) in BOOKINGS {
            assert_eq!((booking_word(booking), booking_from_word(word)), (word, Ok(booking)));
        }
    }
}
