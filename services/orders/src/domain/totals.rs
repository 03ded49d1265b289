//! What an order costs: tax per line, half up to the minor unit, then summed; shipping untaxed. The
//! parts always add up to the whole; a sum that cannot be counted is refused, never wrapped.

use techtrove_core::{Currency, Money, MoneyError, Quantity};
use techtrove_orders_api::Totals;

/// The whole in hundredths of a percent.
const BASIS_POINTS: i64 = 10_000;

/// A line's price and count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// The price of one piece.
    pub unit_price: Money,
    /// How many.
    pub quantity: Quantity,
}

/// What a line costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTotals {
    /// All pieces, without tax.
    pub total: Money,
    /// The tax on it.
    pub tax: Money,
}

/// How the shop computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The shop's currency.
    pub currency: Currency,
    /// Tax on every line, in hundredths of a percent.
    pub tax_basis_points: u32,
}

impl Tariff {
    /// What the lines and the whole order cost.
    ///
    /// # Errors
    /// When a price is in another currency or a sum is too large.
    pub fn totals(
        &self,
        shipping: Money,
        lines: &[Pieces],
    ) -> Result<(Vec<LineTotals>, Totals), MoneyError> {
        let each = lines.iter().map(|line| self.line(line)).collect::<Result<Vec<_>, _>>()?;
        let subtotal = Money::checked_sum(self.currency, each.iter().map(|line| line.total))?;
        let tax = Money::checked_sum(self.currency, each.iter().map(|line| line.tax))?;
        let discount = Money::zero(self.currency);
        let total = subtotal.checked_sub(discount)?.checked_add(shipping)?.checked_add(tax)?;
        Ok((each, Totals { subtotal, discount, shipping, tax, total }))
    }

    fn line(&self, line: &Pieces) -> Result<LineTotals, MoneyError> {
        let total = line.unit_price.checked_mul(line.quantity.as_i64())?;
        let tax = total.checked_fraction(i64::from(self.tax_basis_points), BASIS_POINTS)?;
        Ok(LineTotals { total, tax })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().expect("a currency")
    }

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).expect("a quantity")
    }

    #[test]
    fn tax_is_rounded_on_each_line() {
        // 5 % of 0.10 is half a cent: on two lines a cent each, on one line of both a single cent.
        let tariff = Tariff { currency: Currency::USD, tax_basis_points: 500 };
        let line =
            |count| Pieces { unit_price: Money::new(10, Currency::USD), quantity: quantity(count) };
        let shipping = Money::new(500, Currency::USD);

        let (_, two) = tariff.totals(shipping, &[line(1), line(1)]).expect("computed");
        let (_, one) = tariff.totals(shipping, &[line(2)]).expect("computed");

        assert_eq!((two.tax.amount, two.total.amount), (2, 522));
        assert_eq!((one.tax.amount, one.total.amount), (1, 521));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let tariff = Tariff { currency: Currency::USD, tax_basis_points: 10_000 };
        let nothing = Money::zero(Currency::USD);
        let line = |amount, code| Pieces {
            unit_price: Money::new(amount, currency(code)),
            quantity: quantity(2),
        };

        assert_eq!(tariff.totals(nothing, &[line(i64::MAX, "USD")]), Err(MoneyError::Overflow));
        let halves = [line(i64::MAX / 4, "USD"), line(i64::MAX / 4, "USD")];
        assert_eq!(tariff.totals(nothing, &halves), Err(MoneyError::Overflow));
        let foreign = tariff.totals(nothing, &[line(1, "EUR")]);
        assert!(matches!(foreign, Err(MoneyError::CurrencyMismatch(..))));
    }

    /// Currencies with 0, 2 and 3 decimals.
    fn any_currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec![currency("JPY"), currency("USD"), currency("KWD")])
    }

    prop_compose! {
        fn any_cart()(
            currency in any_currency(),
            tax_basis_points in 0..=10_000_u32,
            shipping in 0..100_000_i64,
            lines in prop::collection::vec((0..10_i64.pow(10), 1..=Quantity::MAX), 1..=100),
        ) -> (Tariff, Money, Vec<Pieces>) {
            let lines = lines
                .into_iter()
                .map(|(price, count)| Pieces {
                    unit_price: Money::new(price, currency),
                    quantity: quantity(count),
                })
                .collect();
            (Tariff { currency, tax_basis_points }, Money::new(shipping, currency), lines)
        }
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_whole((tariff, shipping, lines) in any_cart()) {
            let (each, totals) = tariff.totals(shipping, &lines).expect("within what can be counted");

            let sum: i64 = each.iter().map(|line| line.total.amount).sum();
            let tax: i64 = each.iter().map(|line| line.tax.amount).sum();
            prop_assert_eq!(totals.subtotal.amount, sum);
            prop_assert_eq!(totals.tax.amount, tax);
            prop_assert_eq!(
                totals.total.amount,
                totals.subtotal.amount - totals.discount.amount + totals.shipping.amount + totals.tax.amount
            );
            prop_assert_eq!(totals.total.currency, tariff.currency);
        }

        #[test]
        fn each_line_is_its_pieces_and_its_tax_off_by_half_a_unit_at_most((tariff, shipping, lines) in any_cart()) {
            let (each, _) = tariff.totals(shipping, &lines).expect("within what can be counted");

            for (line, pieces) in each.iter().zip(&lines) {
                prop_assert_eq!(line.total.amount, pieces.unit_price.amount * pieces.quantity.as_i64());
                let exact = i128::from(line.total.amount) * i128::from(tariff.tax_basis_points);
                let off = i128::from(line.tax.amount) * i128::from(BASIS_POINTS) - exact;
                prop_assert!((-5_000..=5_000).contains(&off));
            }
        }

        #[test]
        fn the_order_of_the_lines_changes_nothing((tariff, shipping, mut lines) in any_cart()) {
            let (_, forwards) = tariff.totals(shipping, &lines).expect("within what can be counted");
            lines.reverse();
            let (_, backwards) = tariff.totals(shipping, &lines).expect("within what can be counted");

            prop_assert_eq!(forwards, backwards);
        }

        #[test]
        fn no_price_makes_it_panic(price: i64, count in 1..=Quantity::MAX, tax in 0..=10_000_u32) {
            let tariff = Tariff { currency: Currency::USD, tax_basis_points: tax };
            let line = Pieces { unit_price: Money::new(price, Currency::USD), quantity: quantity(count) };

            let _ = tariff.totals(Money::new(price, Currency::USD), &[line, line]);
        }
    }
}
