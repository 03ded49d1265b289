//! An order against its own tables: what it costs, what left and came back, its history, number and cart.

use techtrove_core::TypedId as _;
use techtrove_orders_api::{CartClaim, LineEntry, OrderEntry, OrderStatus, Parts};

use super::{
    super::{report::Report, rule::Rule},
    sum,
};

/// An order agrees with itself.
pub(in super::super) fn order(order: &OrderEntry, report: &mut Report) {
    let OrderEntry { id, lines, .. } = order;
    report.expect(adds_up(order), Rule::OrderTotal, id, || {
        format!("it is over {} of {:?}, its lines are {lines:?}", order.total, order.parts)
    });
    report.expect(pieces_agree(order), Rule::OrderPieces, id, || {
        let (status, parcels) = (order.status, order.parcels);
        format!("it is {status:?}, its lines are {lines:?}, its parcels {parcels:?}")
    });
    report.expect(is_lawful(order), Rule::OrderHistory, id, || {
        format!("it is {:?}, its history {:?}", order.status, order.history)
    });
    report.expect(order.numbered != order.refused, Rule::OrderNumber, id, || {
        let has = if order.numbered { "a" } else { "no" };
        format!("it has {has} number")
    });
    if let Some(cart) = &order.cart {
        report.expect(follows(cart, order), Rule::OrderCart, id, || {
            format!("it is {:?}, its cart {cart:?}", order.status)
        });
    }
}

/// Whether lines cost their pieces, parts are the sum of the lines, and the total that of the parts.
fn adds_up(order: &OrderEntry) -> bool {
    let Parts { subtotal, discount, shipping, tax, prices_include_tax } = order.parts;
    let lines = |of: fn(&LineEntry) -> i64| sum(order.lines.iter().map(of));
    let added = if prices_include_tax { 0 } else { tax };
    let cost = |line: &LineEntry| line.unit_price.saturating_mul(i64::from(line.quantity));
    let shipping_tax = tax.saturating_sub(lines(|line| line.tax));
    order.lines.iter().all(|line| line.total == cost(line))
        && subtotal == lines(|line| line.total)
        && order.total.amount == sum([subtotal, discount.saturating_neg(), shipping, added])
        && (0..=shipping).contains(&shipping_tax)
        && have_one_rate(&order.lines)
}

/// Whether some share of its total, off by half a minor unit at most, is the tax of each line.
fn have_one_rate(lines: &[LineEntry]) -> bool {
    let most = |line: &LineEntry| i128::from(line.tax) * 2 + 1;
    let least = |line: &LineEntry| i128::from(line.tax) * 2 - 1;
    let total = |line: &LineEntry| i128::from(line.total);
    lines.iter().all(|line| (0..=line.total).contains(&line.tax))
        && lines.iter().all(|one| {
            lines.iter().all(|other| least(one) * total(other) <= most(other) * total(one))
        })
}

/// Whether what left and came back of each line is in parcels and returns, and is what the status allows.
fn pieces_agree(order: &OrderEntry) -> bool {
    let counted = |line: &LineEntry| {
        (line.shipped, line.returned) == (line.in_parcels, line.in_returns)
            && line.returned <= line.shipped
            && line.shipped <= line.quantity
    };
    let allowed = |line: &LineEntry| match order.status {
        OrderStatus::Shipped | OrderStatus::Delivered => line.shipped == line.quantity,
        OrderStatus::Pending | OrderStatus::PaymentFailed | OrderStatus::Cancelled => {
            line.shipped == 0
        }
        OrderStatus::Confirmed | OrderStatus::Processing => true,
    };
    let done = order.parcels.preparing == 0 && order.unbooked_returns == 0;
    order.lines.iter().all(|line| counted(line) && allowed(line)) && (done || !order.settled)
}

/// Whether the stations lead from where orders begin to where it stands, and no entry is missing.
fn is_lawful(order: &OrderEntry) -> bool {
    let stations = &order.history.stations;
    stations.first() == Some(&OrderStatus::Pending)
        && stations.last() == Some(&order.status)
        && stations.windows(2).all(|pair| is_step(pair[0], pair[1]))
        && order.history.entries == order.history.last
}

fn is_step(from: OrderStatus, to: OrderStatus) -> bool {
    use OrderStatus::{
        Cancelled, Confirmed, Delivered, PaymentFailed, Pending, Processing, Shipped,
    };
    matches!(
        (from, to),
        (Pending, Confirmed | PaymentFailed | Cancelled)
            | (Confirmed, Processing | Cancelled)
            | (Processing, Shipped | Cancelled)
            | (Shipped, Delivered)
    )
}

/// Whether a cart is bought by its live order, and by no refused one. Old carts of guests are not kept.
fn follows(cart: &CartClaim, order: &OrderEntry) -> bool {
    let ours = cart.order.is_some_and(|named| named.uuid() == order.id.uuid());
    if order.refused {
        return !cart.live && !ours;
    }
    let bought = match cart.status.as_deref() {
        None => true,
        Some("locked") => ours && !order.settled,
        Some("completed") => ours,
        Some(_) => false,
    };
    cart.live && bought
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(total: i64, tax: i64) -> LineEntry {
        LineEntry {
            sku: "A".parse().expect("a SKU"),
            digital: false,
            quantity: 1,
            unit_price: total,
            total,
            tax,
            shipped: 0,
            returned: 0,
            in_parcels: 0,
            in_returns: 0,
        }
    }

    #[test]
    fn lines_have_one_rate_as_far_as_rounding_tells() {
        let agree = |lines: &[(i64, i64)]| {
            let lines: Vec<_> = lines.iter().map(|(total, tax)| line(*total, *tax)).collect();
            have_one_rate(&lines)
        };

        // 5 % of 10 is half a unit.
        assert!(agree(&[(10, 1), (1_000, 50), (0, 0), (7, 0)]));
        assert!(agree(&[]) && agree(&[(1_000, 190), (3, 1)]));
        assert!(!agree(&[(1_000, 191), (1_000, 190_000)]));
        assert!(!agree(&[(10_000, 1_901), (20_000, 3_800)]));
        assert!(!agree(&[(0, 1)]) && !agree(&[(10, -1)]));
    }
}
