//! Shipping methods and what they cost, by country. A method that has no price for a country does not
//! go there.

use std::{collections::BTreeMap, str::FromStr};

use techtrove_core::Currency;

use super::Country;

/// The longest code of a method, in bytes.
const MAX_CODE: usize = 64;

/// The methods with their prices, in minor units of the shop's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingTable(BTreeMap<String, Prices>);

/// What one method costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Prices {
    at_home: Option<i64>,
    abroad: Option<i64>,
    countries: BTreeMap<Country, i64>,
}

/// One method, as it is offered to a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippingOffer<'a> {
    /// The method's code.
    pub code: &'a str,
    /// What it costs, in minor units of the shop's currency.
    pub price: i64,
}

/// The text is no table of shipping prices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "shipping prices are written METHOD:PLACE=AMOUNT, where PLACE is a country, `home`, or `*` for everywhere else, \
     such as standard:home=500,standard:*=1500,express:DE=2500; {0:?} is not"
)]
pub struct InvalidShipping(String);

impl ShippingTable {
    /// `standard` and `express`, dearer abroad: 5.00, 15.00, 15.00 and 45.00 of a currency with two
    /// decimals, and about as much of others: a unit without decimals is worth about a cent or a few,
    /// one with three a few dollars.
    #[must_use]
    pub fn standard(currency: Currency) -> Self {
        let price = |cents: i64| if currency.decimals() == 3 { cents * 4 } else { cents };
        let prices = |at_home, abroad| Prices {
            at_home: Some(price(at_home)),
            abroad: Some(price(abroad)),
            countries: BTreeMap::new(),
        };
        Self(BTreeMap::from([
            ("standard".to_owned(), prices(500, 1_500)),
            ("express".to_owned(), prices(1_500, 4_500)),
        ]))
    }

    /// What goes to `country` from a shop that is at `home`: the cheapest first.
    #[must_use]
    pub fn offers(&self, country: &Country, home: &Country) -> Vec<ShippingOffer<'_>> {
        let all = self.0.iter().filter_map(|(code, prices)| {
            Some(ShippingOffer { code, price: prices.of(country, home)? })
        });
        let mut offers: Vec<_> = all.collect();
        offers.sort_by_key(|offer| offer.price);
        offers
    }

    /// What `method` costs to `country`, if it goes there.
    #[must_use]
    pub fn price(&self, method: &str, country: &Country, home: &Country) -> Option<i64> {
        self.0.get(method)?.of(country, home)
    }
}

impl Prices {
    fn of(&self, country: &Country, home: &Country) -> Option<i64> {
        let general = if country == home { self.at_home.or(self.abroad) } else { self.abroad };
        self.countries.get(country).copied().or(general)
    }
}

impl ShippingOffer<'_> {
    /// The code for people: `next_day` is `Next day`.
    #[must_use]
    pub fn name(&self) -> String {
        let words = self.code.replace(['_', '-'], " ");
        let mut letters = words.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

impl FromStr for ShippingTable {
    type Err = InvalidShipping;

    /// Reads `standard:home=500,standard:*=1500,express:DE=2500`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut methods: BTreeMap<String, Prices> = BTreeMap::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let invalid = || InvalidShipping(entry.chars().take(40).collect());
            let (code, place, price) = parts(entry).ok_or_else(invalid)?;
            let prices = methods.entry(code.to_owned()).or_default();
            match place {
                "home" => prices.at_home = Some(price),
                "*" => prices.abroad = Some(price),
                country => {
                    let country = country.parse().map_err(|_| invalid())?;
                    prices.countries.insert(country, price);
                }
            }
        }
        if methods.is_empty() { Err(InvalidShipping(String::new())) } else { Ok(Self(methods)) }
    }
}

/// Method, place and price of one entry.
fn parts(entry: &str) -> Option<(&str, &str, i64)> {
    let (method, price) = entry.split_once('=')?;
    let (code, place) = method.split_once(':')?;
    let (code, price) = (code.trim(), price.trim().parse().ok()?);
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let named = (1..=MAX_CODE).contains(&code.len()) && code.chars().all(is_code);
    (named && price >= 0).then_some((code, place.trim(), price))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().expect("a country")
    }

    fn offers<'a>(table: &'a ShippingTable, to: &str) -> Vec<(&'a str, i64)> {
        let offers = table.offers(&country(to), &country("US"));
        offers.into_iter().map(|offer| (offer.code, offer.price)).collect()
    }

    #[test]
    fn it_is_dearer_abroad() {
        let usd = ShippingTable::standard(Currency::USD);
        let kwd = ShippingTable::standard("KWD".parse().expect("a currency"));

        assert_eq!(offers(&usd, "US"), [("standard", 500), ("express", 1_500)]);
        assert_eq!(offers(&usd, "DE"), [("standard", 1_500), ("express", 4_500)]);
        assert_eq!(offers(&kwd, "US"), [("standard", 2_000), ("express", 6_000)]);
    }

    #[test]
    fn a_method_goes_where_it_has_a_price() {
        let table = "drone:home=900, post:*=700, post:CA=400, free-parcel:home=0";
        let table: ShippingTable = table.parse().expect("prices");

        assert_eq!(offers(&table, "US"), [("free-parcel", 0), ("post", 700), ("drone", 900)]);
        assert_eq!(offers(&table, "CA"), [("post", 400)]);
        assert_eq!(table.price("drone", &country("CA"), &country("US")), None);
        assert_eq!(ShippingOffer { code: "free-parcel", price: 0 }.name(), "Free parcel");
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "",
            "post",
            "post=1",
            "post:=1",
            "post:XX=1",
            "post:home=-1",
            "post:home=x",
            ":home=1",
            "Post:home=1",
            "a b:home=1",
        ] {
            assert!(text.parse::<ShippingTable>().is_err(), "{text}");
        }
    }
}
