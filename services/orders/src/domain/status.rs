//! Where an order may go from where it stands: the one table which everybody who moves an order asks.
//! It must never let an order leave an end, nor skip the packing. Who may move it, and whether its
//! goods and money allow it, is for the use cases to say.

use techtrove_orders_api::OrderStatus;

use super::status_word;

/// There is no way from where the order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot become {}", status_word(*from), status_word(*to))]
pub struct InvalidTransition {
    /// Where it stands.
    pub from: OrderStatus,
    /// Where it should go.
    pub to: OrderStatus,
}

impl InvalidTransition {
    /// Whether nothing will come that could allow it. What waits may still be confirmed, and packed.
    #[must_use]
    pub fn is_final(&self) -> bool {
        let ahead = self.from == OrderStatus::Pending || way(self.from, self.to).is_ok();
        self.to == OrderStatus::Cancelled || !ahead
    }
}

/// The stations from `from` to `to`, which is the last of them: goods that leave pass the packing,
/// and what arrives has left.
///
/// # Errors
/// When there is no way.
pub fn way(
    from: OrderStatus,
    to: OrderStatus,
) -> Result<&'static [OrderStatus], InvalidTransition> {
    use OrderStatus::{
        Cancelled, Confirmed, Delivered, PaymentFailed, Pending, Processing, Shipped,
    };
    match (from, to) {
        (Pending, Confirmed) => Ok(&[Confirmed]),
        (Pending, PaymentFailed) => Ok(&[PaymentFailed]),
        (Pending | Confirmed | Processing, Cancelled) => Ok(&[Cancelled]),
        (Confirmed, Processing) => Ok(&[Processing]),
        (Confirmed, Shipped) => Ok(&[Processing, Shipped]),
        (Processing, Shipped) => Ok(&[Shipped]),
        (Confirmed, Delivered) => Ok(&[Processing, Shipped, Delivered]),
        (Processing, Delivered) => Ok(&[Shipped, Delivered]),
        (Shipped, Delivered) => Ok(&[Delivered]),
        _ => Err(InvalidTransition { from, to }),
    }
}

#[cfg(test)]
mod tests {
    use OrderStatus::{
        Cancelled, Confirmed, Delivered, PaymentFailed, Pending, Processing, Shipped,
    };

    use super::*;

    const ALL: [OrderStatus; 7] =
        [Pending, Confirmed, Processing, Shipped, Delivered, PaymentFailed, Cancelled];

    /// Each single move that there is.
    const MOVES: [(OrderStatus, OrderStatus); 8] = [
        (Pending, Confirmed),
        (Pending, PaymentFailed),
        (Pending, Cancelled),
        (Confirmed, Processing),
        (Confirmed, Cancelled),
        (Processing, Shipped),
        (Processing, Cancelled),
        (Shipped, Delivered),
    ];

    /// The ways of more than one.
    const LONG: [(OrderStatus, OrderStatus, &[OrderStatus]); 3] = [
        (Confirmed, Shipped, &[Processing, Shipped]),
        (Confirmed, Delivered, &[Processing, Shipped, Delivered]),
        (Processing, Delivered, &[Shipped, Delivered]),
    ];

    #[test]
    fn every_pair_is_as_the_table_says() {
        for from in ALL {
            for to in ALL {
                let stations = way(from, to);

                if let Some((.., passed)) = LONG.iter().find(|long| (long.0, long.1) == (from, to))
                {
                    assert_eq!(stations, Ok(*passed));
                } else if MOVES.contains(&(from, to)) {
                    assert_eq!(stations, Ok(&[to][..]));
                } else {
                    assert_eq!(stations, Err(InvalidTransition { from, to }));
                }
            }
        }
    }

    #[test]
    fn what_may_still_come_is_not_refused_for_good() {
        let refused = |from, to| InvalidTransition { from, to };
        for (from, to) in [(Pending, Shipped), (Pending, Delivered), (Confirmed, Shipped)] {
            assert!(!refused(from, to).is_final(), "{from:?} to {to:?}");
        }
        for (from, to) in [(Cancelled, Shipped), (Shipped, Cancelled), (Confirmed, Cancelled)] {
            assert!(refused(from, to).is_final(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn every_way_is_made_of_single_moves() {
        for (from, to) in ALL.iter().flat_map(|from| ALL.map(|to| (*from, to))) {
            let Ok(stations) = way(from, to) else { continue };

            let mut at = from;
            for station in stations {
                assert!(MOVES.contains(&(at, *station)), "{at:?} to {station:?}");
                at = *station;
            }
            assert_eq!(at, to);
        }
    }
}
