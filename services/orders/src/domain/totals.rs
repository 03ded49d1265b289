//! What an order costs: tax per line, half up to the minor unit, then summed; shipping taxed by its
//! own setting. The parts always add up to the whole; a sum that cannot be counted is refused, never
//! wrapped. Rates are in [`super::tax`], shipping prices in [`super::shipping`].

use techtrove_core::{Currency, Money, MoneyError, Quantity, planted};
use techtrove_orders_api::Totals;

use super::{
    Country, Destination,
    shipping::ShippingTable,
    tax::{ShippingTax, TaxRate, TaxTable},
};

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
    /// All pieces, by their price as it is shown.
    pub total: Money,
    /// The tax on it, or within it when prices include tax.
    pub tax: Money,
}

/// How the shop computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// The shop's currency.
    pub currency: Currency,
    /// Where the shop is: what is not sent anywhere is taxed there.
    pub home: Country,
    /// Whether prices include tax, which is then shown and not added.
    pub prices_include_tax: bool,
    /// What each place taxes.
    pub tax: TaxTable,
    /// How shipping is taxed.
    pub shipping_tax: ShippingTax,
    /// What shipping costs.
    pub shipping: ShippingTable,
}

/// Why there are no totals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// The method does not go there.
    #[error("no such method: choose one of {}", offered.join(", "))]
    NoSuchMethod {
        /// The methods that do.
        offered: Vec<String>,
    },
    /// A price is in another currency, or a sum is too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Pricing {
    /// Usual rates and prices of a shop with this currency in the United States.
    ///
    /// # Panics
    /// Never: `US` is a country.
    #[must_use]
    pub fn standard(currency: Currency) -> Self {
        Self {
            currency,
            home: "US".parse().expect("US is a country"),
            prices_include_tax: false,
            tax: TaxTable::default(),
            shipping_tax: ShippingTax::default(),
            shipping: ShippingTable::standard(currency),
        }
    }

    /// What the lines and the whole order cost at `destination`, or at home when it goes nowhere;
    /// without a method nothing is shipped.
    ///
    /// # Errors
    /// When the method does not go there, a price is in another currency or a sum is too large.
    pub fn totals(
        &self,
        destination: Option<&Destination>,
        method: Option<&str>,
        pieces: &[Pieces],
    ) -> Result<(Vec<LineTotals>, Totals), PricingError> {
        let country = destination.map_or(&self.home, |destination| &destination.country);
        let region = destination.and_then(|destination| destination.region.as_deref());
        let taxed = if planted("taxed-at-home") { &self.home } else { country };
        let rate = self.tax.rate(taxed, region);
        let sent_to = if planted("sent-at-home-prices") { &self.home } else { country };
        let shipping = self.shipping_to(sent_to, method)?;
        let shipping_tax = self.tax_on(shipping, self.shipping_tax.rate(rate))?;
        let lines =
            pieces.iter().map(|line| self.line(line, rate)).collect::<Result<Vec<_>, _>>()?;
        let subtotal = Money::checked_sum(self.currency, lines.iter().map(|line| line.total))?;
        let shipping_tax = Some(shipping_tax).filter(|_| !planted("shipping-tax-forgotten"));
        let taxes = lines.iter().map(|line| line.tax).chain(shipping_tax);
        let tax = Money::checked_sum(self.currency, taxes)?;
        let discount = Money::zero(self.currency);
        let shown = subtotal.checked_sub(discount)?.checked_add(shipping)?;
        let total = if self.prices_include_tax { shown } else { shown.checked_add(tax)? };
        Ok((lines, Totals { subtotal, discount, shipping, tax, total }))
    }

    fn shipping_to(&self, country: &Country, method: Option<&str>) -> Result<Money, PricingError> {
        let Some(method) = method else { return Ok(Money::zero(self.currency)) };
        let price = self.shipping.price(method, country, &self.home);
        let price =
            price.ok_or_else(|| PricingError::NoSuchMethod { offered: self.methods(country) });
        Ok(Money::new(price?, self.currency))
    }

    /// The methods that go to `country`.
    #[must_use]
    pub fn methods(&self, country: &Country) -> Vec<String> {
        let offers = self.shipping.offers(country, &self.home);
        offers.into_iter().map(|offer| offer.code.to_owned()).collect()
    }

    fn line(&self, line: &Pieces, rate: TaxRate) -> Result<LineTotals, MoneyError> {
        let total = line.unit_price.checked_mul(line.quantity.as_i64())?;
        Ok(LineTotals { total, tax: self.tax_on(total, rate)? })
    }

    fn tax_on(&self, price: Money, rate: TaxRate) -> Result<Money, MoneyError> {
        if self.prices_include_tax { rate.within(price) } else { rate.on(price) }
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

    fn flat(currency: Currency, basis_points: u32) -> Pricing {
        let rate = TaxRate::new(basis_points).expect("a rate");
        Pricing { tax: TaxTable::flat(rate), ..Pricing::standard(currency) }
    }

    fn to(country: &str) -> Destination {
        let country = country.parse().expect("a country");
        Destination { country, region: None, postal_code: None }
    }

    #[test]
    fn tax_is_rounded_on_each_line() {
        // 5 % of 0.10 is half a cent: on two lines a cent each, on one line of both a single cent.
        let pricing = Pricing { shipping_tax: ShippingTax::Untaxed, ..flat(Currency::USD, 500) };
        let line =
            |count| Pieces { unit_price: Money::new(10, Currency::USD), quantity: quantity(count) };

        let totals = |lines: &[Pieces]| pricing.totals(None, Some("standard"), lines);
        let (_, two) = totals(&[line(1), line(1)]).expect("computed");
        let (_, one) = totals(&[line(2)]).expect("computed");

        assert_eq!((two.tax.amount, two.total.amount), (2, 522));
        assert_eq!((one.tax.amount, one.total.amount), (1, 521));
    }

    #[test]
    fn the_place_and_the_settings_decide() {
        let line = Pieces { unit_price: Money::new(11_900, Currency::USD), quantity: quantity(1) };
        let usual = Pricing::standard(Currency::USD);
        let gross = Pricing { prices_include_tax: true, ..usual.clone() };
        let untaxed = Pricing { shipping_tax: ShippingTax::Untaxed, ..usual.clone() };

        for (pricing, place, method, shipping, tax, total) in [
            (&usual, None, None, 0, 0, 11_900),
            (&usual, Some("US"), Some("standard"), 500, 0, 12_400),
            (&usual, Some("DE"), Some("standard"), 1_500, 2_261 + 285, 15_946),
            (&gross, Some("DE"), Some("standard"), 1_500, 1_900 + 239, 13_400),
            (&untaxed, Some("DE"), Some("express"), 4_500, 2_261, 18_661),
        ] {
            let place = place.map(to);
            let (_, totals) = pricing.totals(place.as_ref(), method, &[line]).expect("computed");

            let parts = (totals.shipping.amount, totals.tax.amount, totals.total.amount);
            assert_eq!(parts, (shipping, tax, total), "{place:?} {method:?}");
        }
        let refused = usual.totals(Some(&to("DE")), Some("ferry"), &[line]);
        let offered = vec!["standard".to_owned(), "express".to_owned()];
        assert_eq!(refused, Err(PricingError::NoSuchMethod { offered }));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let pricing = flat(Currency::USD, 10_000);
        let line = |amount, code| Pieces {
            unit_price: Money::new(amount, currency(code)),
            quantity: quantity(2),
        };
        let totals = |lines: &[Pieces]| pricing.totals(None, None, lines);
        let overflow = || Err(PricingError::Money(MoneyError::Overflow));

        assert_eq!(totals(&[line(i64::MAX, "USD")]), overflow());
        assert_eq!(totals(&[line(i64::MAX / 4, "USD"), line(i64::MAX / 4, "USD")]), overflow());
        let foreign = totals(&[line(1, "EUR")]);
        assert!(matches!(foreign, Err(PricingError::Money(MoneyError::CurrencyMismatch(..)))));
    }

    /// A cart that can be counted, with a shop to price it and a method, or none when nothing ships.
    #[derive(Clone, Debug)]
    struct AnyCart {
        pricing: Pricing,
        destination: Option<Destination>,
        method: Option<&'static str>,
        pieces: Vec<Pieces>,
        /// The rate of the destination, in hundredths of a percent.
        basis_points: u32,
    }

    impl AnyCart {
        fn totals(&self) -> (Vec<LineTotals>, Totals) {
            let totals = self.pricing.totals(self.destination.as_ref(), self.method, &self.pieces);
            totals.expect("within what can be counted")
        }
    }

    /// Currencies with 0, 2 and 3 decimals.
    fn any_currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec![currency("JPY"), currency("USD"), currency("KWD")])
    }

    fn any_shipping_tax() -> impl Strategy<Value = ShippingTax> {
        let rate = |points| ShippingTax::Rate(TaxRate::new(points).expect("a rate"));
        prop_oneof![
            Just(ShippingTax::AsGoods),
            Just(ShippingTax::Untaxed),
            (0..=10_000_u32).prop_map(rate),
        ]
    }

    prop_compose! {
        fn any_cart()(
            currency in any_currency(),
            (basis_points, shipping_tax, prices_include_tax) in
                (0..=10_000_u32, any_shipping_tax(), any::<bool>()),
            destination in prop::sample::select(vec![None, Some("US"), Some("DE")]),
            method in prop::sample::select(vec![None, Some("standard"), Some("express")]),
            pieces in prop::collection::vec((0..10_i64.pow(10), 1..=Quantity::MAX), 1..=100),
        ) -> AnyCart {
            let pricing = Pricing { shipping_tax, prices_include_tax, ..flat(currency, basis_points) };
            let piece = |(price, count)| Pieces {
                unit_price: Money::new(price, currency),
                quantity: quantity(count),
            };
            let pieces = pieces.into_iter().map(piece).collect();
            AnyCart { pricing, destination: destination.map(to), method, pieces, basis_points }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_parts_add_up_to_the_whole(cart in any_cart()) {
            let (lines, totals) = cart.totals();

            let sum: i64 = lines.iter().map(|line| line.total.amount).sum();
            let line_taxes: i64 = lines.iter().map(|line| line.tax.amount).sum();
            let shipping_tax = totals.tax.amount - line_taxes;
            let added = if cart.pricing.prices_include_tax { 0 } else { totals.tax.amount };
            prop_assert_eq!(totals.subtotal.amount, sum);
            prop_assert_eq!(
                totals.total.amount,
                totals.subtotal.amount - totals.discount.amount + totals.shipping.amount + added
            );
            prop_assert!((0..=totals.shipping.amount).contains(&shipping_tax));
            prop_assert!((0..=sum).contains(&line_taxes));
            prop_assert_eq!(totals.shipping.amount > 0, cart.method.is_some());
            prop_assert_eq!(totals.total.currency, cart.pricing.currency);
        }

        #[test]
        fn each_line_is_its_pieces_and_its_tax_off_by_half_a_unit_at_most(cart in any_cart()) {
            let (lines, _) = cart.totals();

            let rate = i128::from(cart.basis_points);
            let whole = if cart.pricing.prices_include_tax { 10_000 + rate } else { 10_000 };
            for (line, pieces) in lines.iter().zip(&cart.pieces) {
                prop_assert_eq!(line.total.amount, pieces.unit_price.amount * pieces.quantity.as_i64());
                let twice_off =
                    (i128::from(line.tax.amount) * whole - i128::from(line.total.amount) * rate) * 2;
                prop_assert!((-whole..=whole).contains(&twice_off));
            }
        }

        #[test]
        fn the_order_of_the_lines_changes_nothing(mut cart in any_cart()) {
            let (_, forwards) = cart.totals();
            cart.pieces.reverse();
            let (_, backwards) = cart.totals();

            prop_assert_eq!(forwards, backwards);
        }

        #[test]
        fn no_price_makes_it_panic(
            price: i64, count in 1..=Quantity::MAX, tax in 0..=10_000_u32, prices_include_tax: bool,
        ) {
            let pricing = Pricing { prices_include_tax, ..flat(Currency::USD, tax) };
            let line = Pieces { unit_price: Money::new(price, Currency::USD), quantity: quantity(count) };

            let _ = pricing.totals(None, Some("standard"), &[line, line]);
        }
    }
}
