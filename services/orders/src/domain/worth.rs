//! What is given back for pieces that come back: their share of what their line cost, less its share of
//! the discount, with its tax; and the shipping with its tax once all that was sent is back. Shares are
//! what the pieces that came so far are worth less what the earlier ones were, so that, in whatever
//! parts an order comes back, the parts are never more than the whole, and come to it in the end.

use techtrove_core::planted;

use super::{Line, Order, Pieces, Return, ReturnStatus};

/// The minor units to be given back for `back`, by what of the order came back before it.
#[must_use]
pub fn worth(order: &Order, back: &Return) -> i64 {
    let earlier = order
        .returns
        .iter()
        .filter(|known| known.status == ReturnStatus::Received && known.id != back.id);
    let mut pieces = vec![0; order.lines.len()];
    earlier.for_each(|known| add(&mut pieces, &known.pieces));
    let before = if planted("earlier-returns-paid-again") { 0 } else { worth_of(order, &pieces) };
    add(&mut pieces, &back.pieces);
    worth_of(order, &pieces).saturating_sub(before)
}

fn add(counts: &mut [u32], pieces: &[Pieces]) {
    for pieces in pieces {
        if let Some(count) = counts.get_mut(pieces.line) {
            *count = count.saturating_add(pieces.quantity.get());
        }
    }
}

/// What so many pieces of each line are worth.
fn worth_of(order: &Order, pieces: &[u32]) -> i64 {
    let prices =
        order.lines.iter().zip(discounts(order)).map(|(line, off)| price(order, line) - off);
    let lines = order.lines.iter().zip(pieces).zip(prices);
    let goods: i64 = lines
        .map(|((line, count), price)| share(price, i64::from(*count), line.quantity.as_i64()))
        .fold(0, i64::saturating_add);
    let mut sent = order.lines.iter().zip(pieces).filter(|(line, _)| line.ships());
    let all = sent.all(|(line, count)| *count >= line.quantity.get());
    if all { goods.saturating_add(shipping(order)) } else { goods }
}

/// What a line cost, with the tax on it where prices do not include it.
fn price(order: &Order, line: &Line) -> i64 {
    line.total.amount + if order.prices_include_tax { 0 } else { line.tax.amount }
}

/// What the shipping cost, likewise.
fn shipping(order: &Order) -> i64 {
    let taxes: i64 = order.lines.iter().map(|line| line.tax.amount).sum();
    let tax = order.totals.tax.amount - taxes;
    order.totals.shipping.amount + if order.prices_include_tax { 0 } else { tax }
}

/// `part` of `whole` pieces of a price, half up to the minor unit.
fn share(price: i64, part: i64, whole: i64) -> i64 {
    let (price, part, whole) = (i128::from(price), i128::from(part), i128::from(whole.max(1)));
    let whole_up = if planted("shares-rounded-up") { 2 * whole - 1 } else { whole };
    i64::try_from((2 * price * part + whole_up).div_euclid(2 * whole)).unwrap_or(i64::MAX)
}

/// Each line's part of the discount: by its price, what is left over one by one to those whose parts
/// were cut by most.
fn discounts(order: &Order) -> Vec<i64> {
    let discount = i128::from(order.totals.discount.amount);
    let whole = i128::from(order.totals.subtotal.amount.max(1));
    let parts = order.lines.iter().map(|line| discount * i128::from(line.total.amount));
    let parts: Vec<i128> = parts.collect();
    let mut off: Vec<i64> =
        parts.iter().map(|part| i64::try_from(part / whole).unwrap_or(i64::MAX)).collect();
    let left = order.totals.discount.amount - off.iter().sum::<i64>();
    let mut by_cut: Vec<usize> = (0..parts.len()).collect();
    by_cut.sort_by_key(|line| std::cmp::Reverse(parts[*line] % whole));
    for line in by_cut.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        off[line] += 1;
    }
    off
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techtrove_core::{Currency, Money, Quantity, Timestamp, TypedId as _};
    use techtrove_orders_api::ReturnId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        Booking,
        saga_world::placed,
        tax::{TaxRate, TaxTable},
        totals::{self, Pricing},
    };

    fn currency(code: &str) -> Currency {
        code.parse().expect("a currency")
    }

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).expect("a quantity")
    }

    /// An order of lines of so many pieces at a price, sold with tax, shipping and a discount.
    fn sold(
        currency: Currency,
        lines: &[(i64, u32)],
        basis_points: u32,
        include: bool,
        discount: i64,
    ) -> Order {
        let pieces: Vec<totals::Pieces> = lines
            .iter()
            .map(|(price, count)| totals::Pieces {
                unit_price: Money::new(*price, currency),
                quantity: quantity(*count),
            })
            .collect();
        let tax = TaxTable::flat(TaxRate::new(basis_points).expect("a rate"));
        let pricing = Pricing { tax, prices_include_tax: include, ..Pricing::standard(currency) };
        let (each, mut totals) = pricing.totals(None, Some("standard"), &pieces).expect("priced");
        let discount = discount.min(totals.subtotal.amount);
        totals.discount = Money::new(discount, currency);
        totals.total = Money::new(totals.total.amount - discount, currency);
        let mut order = placed();
        let line = order.lines[0].clone();
        order.lines = pieces
            .iter()
            .zip(each)
            .map(|(pieces, sums)| Line {
                quantity: pieces.quantity,
                unit_price: pieces.unit_price,
                total: sums.total,
                tax: sums.tax,
                shipped: pieces.quantity.get(),
                ..line.clone()
            })
            .collect();
        (order.totals, order.prices_include_tax) = (totals, include);
        order
    }

    fn back(number: u128, pieces: &[(usize, u32)]) -> Return {
        let pieces =
            pieces.iter().map(|(line, count)| Pieces { line: *line, quantity: quantity(*count) });
        Return {
            id: ReturnId::from_uuid(Uuid::from_u128(number)),
            status: ReturnStatus::Received,
            pieces: pieces.collect(),
            reason: String::new(),
            restock: Some(true),
            booking: Booking::Pending,
            refund: None,
            received_under: None,
            created_at: Timestamp::from_micros(1),
            updated_at: Timestamp::from_micros(1),
        }
    }

    #[test]
    fn a_piece_is_worth_its_share_and_the_last_one_brings_the_shipping() {
        // 3 × 10.00 with 10 % tax, and 5.00 for shipping with 0.50 on it.
        let mut order = sold(Currency::USD, &[(1_000, 3)], 1_000, false, 0);

        let first = worth(&order, &back(1, &[(0, 1)]));
        order.take_return(&back(1, &[(0, 1)]));
        let rest = worth(&order, &back(2, &[(0, 2)]));

        assert_eq!((first, rest), (1_100, 2_200 + 550));
        assert_eq!(order.totals.total.amount, first + rest);
    }

    #[test]
    fn a_discount_is_shared_and_an_odd_unit_given_once() {
        // 10.01 for three, less a discount of 1.00.
        let mut order = sold(Currency::USD, &[(1_001, 1), (1_001, 1), (1_001, 1)], 0, true, 100);
        let parts: Vec<i64> = (0..3_u8)
            .map(|line| {
                let back = back(u128::from(line), &[(usize::from(line), 1)]);
                let part = worth(&order, &back);
                order.take_return(&back);
                part
            })
            .collect();

        assert_eq!(parts, [967, 968, 968 + 500]);
    }

    prop_compose! {
        fn any_order()(
            decimals in 0..3_usize,
            lines in prop::collection::vec((1..2_000_000_i64, 1..6_u32), 1..5),
            basis_points in 0..3_000_u32,
            include: bool,
            discount in 0..3_000_000_i64,
        ) -> Order {
            let code = ["JPY", "USD", "KWD"][decimals];
            sold(currency(code), &lines, basis_points, include, discount)
        }
    }

    proptest! {
        #[test]
        fn in_whatever_parts_it_comes_back_the_parts_come_to_the_whole(
            order in any_order(), order_of_pieces: u64,
        ) {
            let mut order = order;
            let mut pieces: Vec<usize> = order
                .lines
                .iter()
                .enumerate()
                .flat_map(|(line, of)| vec![line; of.quantity.get() as usize])
                .collect();
            let turn = usize::try_from(order_of_pieces % 97).expect("small") % pieces.len();
            pieces.rotate_left(turn);

            let mut given = 0;
            for (number, line) in (1..).zip(&pieces) {
                let back = back(number, &[(*line, 1)]);
                let part = worth(&order, &back);
                order.take_return(&back);
                given += part;

                prop_assert!(part >= 0);
                prop_assert!(given <= order.totals.total.amount);
            }

            prop_assert_eq!(given, order.totals.total.amount);
        }

        #[test]
        fn the_discounts_of_the_lines_are_the_discount(order in any_order()) {
            let off = discounts(&order);

            prop_assert_eq!(off.iter().sum::<i64>(), order.totals.discount.amount);
            for (line, off) in order.lines.iter().zip(off) {
                prop_assert!((0..=line.total.amount).contains(&off), "{} of {}", off, line.total);
            }
        }
    }
}
