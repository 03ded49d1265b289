//! From a wish to frozen lines and totals: what can be sold now at which price, and what is missing
//! to sell it. Nothing the client says sets a price; what it expected is compared, never used.

use std::collections::BTreeMap;

use techtrove_catalog_api::{Fulfilment, SellableSku};
use techtrove_core::{EmailAddress, FieldError, Money, MoneyError, Quantity, Sku};
use techtrove_orders_api::Totals;

use super::{
    Delivery, Line,
    totals::{Pieces, Tariff},
};

/// What somebody wants to buy.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What, in the buyer's order; a SKU may come more than once.
    pub lines: Vec<WishedLine>,
    /// Where to write to.
    pub email: Option<EmailAddress>,
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

/// What shipping costs in this shop, by method, in minor units of its currency.
pub type ShippingRates = BTreeMap<String, i64>;

/// What the wish comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The lines, frozen.
    pub lines: Vec<Line>,
    /// The totals, frozen.
    pub totals: Totals,
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

/// Prices the wish by what catalog says can be `sellable` now.
///
/// # Errors
/// When something cannot be sold, an address or method is missing, or a sum is too large.
pub fn price(
    wish: &Wish,
    sellable: &[SellableSku],
    tariff: Tariff,
    rates: &ShippingRates,
) -> Result<Priced, CheckoutError> {
    let by_sku: BTreeMap<&Sku, &SellableSku> =
        sellable.iter().map(|item| (&item.sku, item)).collect();
    let found: Vec<Option<&SellableSku>> =
        wish.lines.iter().map(|line| by_sku.get(&line.sku).copied()).collect();
    let ships = found.iter().flatten().any(|item| item.fulfilment == Fulfilment::Physical);
    let errors = [unsellable(&found), missing(&wish.delivery, ships, rates)].concat();
    if !errors.is_empty() {
        return Err(CheckoutError::Invalid(errors));
    }
    let shipping_method = wish.delivery.method.clone().filter(|_| ships);
    let rate = shipping_method.as_ref().and_then(|method| rates.get(method)).copied().unwrap_or(0);
    let wanted = wish.lines.iter().zip(found.into_iter().flatten());
    let pieces: Vec<Pieces> = wanted
        .clone()
        .map(|(line, item)| Pieces { unit_price: item.price, quantity: line.quantity })
        .collect();
    let (each, totals) =
        tariff.totals(Money::new(rate, tariff.currency), &pieces).map_err(too_large)?;
    if totals.total.amount <= 0 {
        let detail = "an order of nothing but free things cannot be paid";
        return Err(CheckoutError::Invalid(vec![FieldError::new("/lines", detail)]));
    }
    let lines = wanted
        .zip(each)
        .map(|((line, item), sums)| Line {
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
        })
        .collect();
    Ok(Priced { lines, totals, shipping_method })
}

fn too_large(error: MoneyError) -> CheckoutError {
    match error {
        MoneyError::Overflow => {
            let detail = "the order comes to more than can be counted";
            CheckoutError::Invalid(vec![FieldError::new("/lines", detail)])
        }
        error @ MoneyError::CurrencyMismatch(..) => CheckoutError::Prices(error),
    }
}

fn unsellable(found: &[Option<&SellableSku>]) -> Vec<FieldError> {
    let unknown = found.iter().enumerate().filter(|(_, item)| item.is_none());
    unknown
        .map(|(index, _)| {
            let detail = "this is not for sale: no such SKU, or its product is not published";
            FieldError::new(format!("/lines/{index}/sku"), detail)
        })
        .collect()
}

fn missing(delivery: &Delivery, ships: bool, rates: &ShippingRates) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if ships && delivery.shipping_address.is_none() {
        errors.push(FieldError::new("/shipping_address", "goods that ship need an address"));
    }
    match &delivery.method {
        None if ships => {
            let detail = format!("goods that ship need a method: {}", methods(rates));
            errors.push(FieldError::new("/shipping_method", detail));
        }
        Some(method) if !rates.contains_key(method) => {
            let detail = format!("no such method: choose one of {}", methods(rates));
            errors.push(FieldError::new("/shipping_method", detail));
        }
        _ => {}
    }
    errors
}

fn methods(rates: &ShippingRates) -> String {
    rates.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
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
            "name": "Ada", "line1": "1 Street", "city": "London", "postal_code": "N1", "country": "GB",
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
        let rates = BTreeMap::from([("standard".to_owned(), 500), ("express".to_owned(), 1_500)]);
        price(wish, &catalog(), Tariff { currency: Currency::USD, tax_basis_points: 0 }, &rates)
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
