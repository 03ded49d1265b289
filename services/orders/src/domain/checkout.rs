//! From a wish to frozen lines and totals: what can be sold now at which price, and what is missing
//! to sell it. Nothing the client says sets a price; what it expected is compared, never used.

use std::collections::BTreeMap;

use techtrove_catalog_api::{Fulfilment, SellableSku};
use techtrove_core::{EmailAddress, FieldError, Money, MoneyError, Quantity, Sku, planted};
use techtrove_orders_api::Totals;

use super::{
    Country, Delivery, Destination, Line,
    totals::{LineTotals, Pieces, Pricing, PricingError},
};

/// What somebody wants to buy.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What, in the buyer's order; a SKU may come more than once.
    pub lines: Vec<WishedLine>,
    /// Where to write to.
    pub email: Option<EmailAddress>,
    /// Which languages the buyer reads, as far as their browser tells, the most wanted first.
    pub languages: Vec<String>,
    /// How it is to get there.
    pub delivery: Delivery,
    /// Who holds the money.
    pub provider: String,
    /// What the buyer was shown.
    pub expected_total: Option<Money>,
}

/// So many pieces of a SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishedLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

/// Which way an order goes, as far as its price depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The shipping method.
    pub method: Option<String>,
    /// Where goods go.
    pub shipping: Option<Destination>,
    /// Where the bill goes, when it is not the same.
    pub billing: Option<Destination>,
}

/// What the wish comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The lines, frozen.
    pub lines: Vec<Line>,
    /// The totals, frozen.
    pub totals: Totals,
    /// Whether the prices include tax.
    pub prices_include_tax: bool,
    /// The shipping method; none when nothing ships.
    pub shipping_method: Option<String>,
}

/// Why a wish cannot be priced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckoutError {
    /// The wish has values that are not valid.
    #[error("the wish is not valid")]
    Invalid(Vec<FieldError>),
    /// A price cannot be computed with, which is the shop's own mistake.
    #[error("the prices cannot be computed with: {0}")]
    Prices(MoneyError),
}

impl Route {
    /// Where the order is taxed: goods where they go, all else where the bill goes. None when neither
    /// is known, which is at home.
    #[must_use]
    pub fn destination(&self, ships: bool) -> Option<&Destination> {
        let bill = self.billing.as_ref().filter(|_| !ships || planted("bill-decides-the-tax"));
        bill.or(self.shipping.as_ref())
    }
}

impl From<&Delivery> for Route {
    fn from(delivery: &Delivery) -> Self {
        Self {
            method: delivery.method.clone(),
            shipping: delivery.shipping_address.as_ref().map(Destination::from),
            billing: delivery.billing_address.as_ref().map(Destination::from),
        }
    }
}

/// Prices the lines, which stand at `pointer` for whoever sent them, by what catalog says can be
/// `sellable` now.
///
/// # Errors
/// When something cannot be sold, an address or method is missing, or a sum is too large.
pub fn price(
    pricing: &Pricing,
    sellable: &[SellableSku],
    route: &Route,
    pointer: &'static str,
    lines: &[WishedLine],
) -> Result<Priced, CheckoutError> {
    let by_sku: BTreeMap<&Sku, &SellableSku> =
        sellable.iter().map(|item| (&item.sku, item)).collect();
    let found: Vec<Option<&SellableSku>> =
        lines.iter().map(|line| by_sku.get(&line.sku).copied()).collect();
    let ships = found.iter().flatten().any(|item| item.fulfilment == Fulfilment::Physical);
    let errors = [unsellable(pointer, lines, &found), missing(route, ships, pricing)].concat();
    if !errors.is_empty() {
        return Err(CheckoutError::Invalid(errors));
    }
    let wanted = || lines.iter().zip(found.iter().copied().flatten());
    let pieces: Vec<Pieces> = wanted()
        .map(|(line, item)| Pieces { unit_price: item.price, quantity: line.quantity })
        .collect();
    let method = route.method.as_deref().filter(|_| ships);
    let priced = pricing.totals(route.destination(ships), method, &pieces);
    let (each, totals) = priced.map_err(|error| unpriced(pointer, error))?;
    if totals.total.amount <= 0 {
        let detail = "an order of nothing but free things cannot be paid";
        return Err(CheckoutError::Invalid(vec![FieldError::new(pointer, detail)]));
    }
    let lines = wanted().zip(each).map(|((line, item), sums)| frozen(line, item, &sums)).collect();
    Ok(Priced {
        lines,
        totals,
        prices_include_tax: pricing.prices_include_tax,
        shipping_method: method.map(str::to_owned),
    })
}

fn frozen(line: &WishedLine, item: &SellableSku, sums: &LineTotals) -> Line {
    Line {
        sku: line.sku.clone(),
        product_id: item.product_id,
        variant_id: item.variant_id,
        name: item.name.clone(),
        fulfilment: item.fulfilment,
        quantity: line.quantity,
        unit_price: item.price,
        total: sums.total,
        tax: sums.tax,
        shipped: 0,
        returned: 0,
    }
}

fn unpriced(pointer: &'static str, error: PricingError) -> CheckoutError {
    match error {
        refusal @ PricingError::NoSuchMethod { .. } => {
            CheckoutError::Invalid(vec![FieldError::new("/shipping_method", refusal.to_string())])
        }
        PricingError::Money(MoneyError::Overflow) => {
            let detail = "the order comes to more than can be counted";
            CheckoutError::Invalid(vec![FieldError::new(pointer, detail)])
        }
        PricingError::Money(error @ MoneyError::CurrencyMismatch(..)) => {
            CheckoutError::Prices(error)
        }
    }
}

fn unsellable(
    pointer: &str,
    lines: &[WishedLine],
    found: &[Option<&SellableSku>],
) -> Vec<FieldError> {
    let all = lines.iter().zip(found).enumerate();
    let unknown = all.filter(|(_, (_, item))| item.is_none());
    unknown
        .map(|(index, (line, _))| {
            let sku = &line.sku;
            let detail =
                format!("{sku} is not for sale: no such SKU, or its product is not published");
            FieldError::new(format!("{pointer}/{index}/sku"), detail)
        })
        .collect()
}

fn missing(route: &Route, ships: bool, pricing: &Pricing) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let country = route.destination(ships).map_or(&pricing.home, |to| &to.country);
    if ships && route.shipping.is_none() {
        errors.push(FieldError::new("/shipping_address", "goods that ship need an address"));
    }
    match &route.method {
        None if ships => {
            let detail = format!("goods that ship need a method: {}", choice(pricing, country));
            errors.push(FieldError::new("/shipping_method", detail));
        }
        // Nothing but an address tells where to, and that is missing.
        Some(_) if ships && route.shipping.is_none() => {}
        Some(method) if pricing.shipping.price(method, country, &pricing.home).is_none() => {
            let detail = format!("no such method: {}", choice(pricing, country));
            errors.push(FieldError::new("/shipping_method", detail));
        }
        _ => {}
    }
    errors
}

/// Which methods there are to choose from.
fn choice(pricing: &Pricing, country: &Country) -> String {
    match pricing.methods(country).join(", ") {
        none if none.is_empty() => format!("nothing is sent to {country}"),
        methods => format!("choose one of {methods}"),
    }
}

#[cfg(test)]
mod tests {
    use techtrove_catalog_api::{ProductId, VariantId};
    use techtrove_core::{Currency, TypedId as _};
    use uuid::Uuid;

    use super::*;
    use crate::domain::Address;

    fn sku(text: &str) -> Sku {
        text.parse().expect("a SKU")
    }

    fn sellable(text: &str, cents: i64, fulfilment: Fulfilment) -> SellableSku {
        SellableSku {
            sku: sku(text),
            product_id: ProductId::from_uuid(Uuid::from_u128(1)),
            variant_id: VariantId::from_uuid(Uuid::from_u128(2)),
            name: format!("A {text}"),
            price: Money::new(cents, Currency::USD),
            fulfilment,
        }
    }

    fn catalog() -> Vec<SellableSku> {
        vec![
            sellable("GPU", 129_900, Fulfilment::Physical),
            sellable("KEY", 4_900, Fulfilment::Digital),
            sellable("FREE", 0, Fulfilment::Digital),
            sellable("YACHT", i64::MAX / 2, Fulfilment::Physical),
        ]
    }

    fn address() -> Address {
        serde_json::from_value(serde_json::json!({
            "name": "Ada", "line1": "1 Street", "city": "Boston", "postal_code": "02101", "country": "US",
        }))
        .expect("an address")
    }

    fn wish(lines: &[(&str, u32)]) -> Wish {
        Wish {
            lines: lines
                .iter()
                .map(|(text, count)| WishedLine {
                    sku: sku(text),
                    quantity: Quantity::new(*count).expect("a quantity"),
                })
                .collect(),
            email: None,
            languages: Vec::new(),
            delivery: Delivery {
                method: Some("standard".into()),
                shipping_address: Some(address()),
                billing_address: None,
            },
            provider: "sandbox".into(),
            expected_total: None,
        }
    }

    fn priced(wish: &Wish) -> Result<Priced, CheckoutError> {
        let pricing = Pricing::standard(Currency::USD);
        price(&pricing, &catalog(), &Route::from(&wish.delivery), "/lines", &wish.lines)
    }

    fn pointers(wish: &Wish) -> Vec<String> {
        match priced(wish).expect_err("refused") {
            CheckoutError::Invalid(errors) => errors.into_iter().map(|e| e.pointer).collect(),
            CheckoutError::Prices(error) => panic!("{error}"),
        }
    }

    #[test]
    fn lines_stay_as_they_were_wished() {
        let priced = priced(&wish(&[("GPU", 1), ("KEY", 2), ("GPU", 1)])).expect("priced");

        let lines: Vec<_> =
            priced.lines.iter().map(|l| (l.sku.as_str(), l.quantity.get())).collect();
        assert_eq!(lines, [("GPU", 1), ("KEY", 2), ("GPU", 1)]);
        assert_eq!(priced.totals.subtotal.amount, 269_600);
        assert_eq!(priced.totals.total.amount, 270_100);
    }

    #[test]
    fn what_does_not_ship_needs_neither_address_nor_method() {
        let digital = Wish { delivery: Delivery::default(), ..wish(&[("KEY", 1)]) };

        let priced = priced(&digital).expect("priced");

        assert_eq!((priced.totals.shipping.amount, priced.shipping_method), (0, None));
    }

    #[test]
    fn what_does_not_ship_is_taxed_where_the_bill_goes() {
        let pricing = Pricing::standard(Currency::USD);
        let to = |country: &str| {
            let country = country.parse().expect("a country");
            Some(Destination { country, region: None, postal_code: None })
        };
        let tax = |sku, shipping, billing| {
            let route = Route { method: Some("standard".into()), shipping, billing };
            let lines = wish(&[(sku, 1)]).lines;
            let priced = price(&pricing, &catalog(), &route, "/items", &lines).expect("priced");
            priced.totals.tax.amount
        };

        assert_eq!(tax("KEY", to("US"), to("DE")), 931);
        assert_eq!(tax("KEY", to("DE"), None), 931);
        assert_eq!(tax("KEY", None, None), 0);
        assert_eq!(tax("GPU", to("US"), to("DE")), 0);
        assert_eq!(tax("GPU", to("DE"), to("US")), 24_681 + 285);
    }

    #[test]
    fn each_mistake_is_pointed_at() {
        let bare = |lines| Wish { delivery: Delivery::default(), ..wish(lines) };
        let ferry = Delivery { method: Some("ferry".into()), ..wish(&[]).delivery };

        assert_eq!(
            pointers(&wish(&[("GPU", 1), ("NONE", 1), ("OLD", 1)])),
            ["/lines/1/sku", "/lines/2/sku"]
        );
        assert_eq!(pointers(&bare(&[("GPU", 1)])), ["/shipping_address", "/shipping_method"]);
        assert_eq!(
            pointers(&Wish { delivery: ferry, ..wish(&[("KEY", 1)]) }),
            ["/shipping_method"]
        );
        assert_eq!(pointers(&bare(&[("FREE", 1)])), ["/lines"]);
        assert_eq!(pointers(&wish(&[("YACHT", 3)])), ["/lines"]);
    }
}
