//! Tax rates by country and region. Data and its look-up alone: what is taxed, and how it is rounded,
//! stands in [`super::totals`].

use std::{collections::BTreeMap, str::FromStr};

use techtrove_core::{Money, MoneyError};

use super::Country;

/// The whole in hundredths of a percent.
const WHOLE: u32 = 10_000;

/// The standard rates of value added and goods and services taxes on 1 January 2026, in hundredths of
/// a percent. The European Union's after the European Commission's 'Taxes in Europe' database, the
/// others' after the OECD's 'Consumption Tax Trends' and the countries' tax offices. The United
/// States have no such tax; sales taxes are for a merchant to add by state.
const STANDARD_RATES: &str = "AE=500 AT=2000 AU=1000 BE=2100 BG=2000 CA=500 CH=810 CY=1900 CZ=2100 \
DE=1900 DK=2500 EE=2400 ES=2100 FI=2550 FR=2000 GB=2000 GR=2400 HR=2500 HU=2700 IE=2300 IN=1800 \
IS=2400 IT=2200 JP=1000 KR=1000 LI=810 LT=2100 LU=1700 LV=2100 MC=2000 MT=1800 MX=1600 NL=2100 \
NO=2500 NZ=1500 PL=2300 PT=2300 RO=2100 SE=2500 SG=900 SI=2200 SK=2300 TR=2000 US=0 ZA=1500";

/// A rate in hundredths of a percent, at most 100 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaxRate(u32);

/// What each place taxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxTable {
    /// Where nothing else is said.
    elsewhere: TaxRate,
    /// By `COUNTRY` or `COUNTRY-REGION`, in capital letters.
    rates: BTreeMap<String, TaxRate>,
}

/// How shipping is taxed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShippingTax {
    /// As the goods are.
    #[default]
    AsGoods,
    /// Not at all.
    Untaxed,
    /// By this rate everywhere.
    Rate(TaxRate),
}

/// The text is no tax setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTax {
    /// No rate.
    #[error(
        "a tax rate is a whole number of hundredths of a percent from 0 to 10000, which is 100 %"
    )]
    Rate,
    /// No rate of a place.
    #[error(
        "tax rates are written COUNTRY=RATE or COUNTRY-REGION=RATE, such as DE=1900,US-CA=725; {0:?} is not"
    )]
    Entry(String),
}

impl TaxRate {
    /// A rate of `basis_points` hundredths of a percent.
    ///
    /// # Errors
    /// When it is above 100 %.
    pub fn new(basis_points: u32) -> Result<Self, InvalidTax> {
        if basis_points <= WHOLE { Ok(Self(basis_points)) } else { Err(InvalidTax::Rate) }
    }

    /// The tax on a price without tax, half up to the minor unit.
    ///
    /// # Errors
    /// When it is too large.
    pub fn on(self, net: Money) -> Result<Money, MoneyError> {
        net.checked_fraction(i64::from(self.0), i64::from(WHOLE))
    }

    /// The tax in a price with tax, half up to the minor unit.
    ///
    /// # Errors
    /// When it is too large.
    pub fn within(self, gross: Money) -> Result<Money, MoneyError> {
        gross.checked_fraction(i64::from(self.0), i64::from(WHOLE + self.0))
    }
}

impl TaxTable {
    /// The same rate everywhere.
    #[must_use]
    pub fn flat(rate: TaxRate) -> Self {
        Self { elsewhere: rate, rates: BTreeMap::new() }
    }

    /// This table with the rates of `other` over its own.
    #[must_use]
    pub fn overlaid(mut self, other: Self) -> Self {
        self.rates.extend(other.rates);
        self
    }

    /// The rate of a place: the region's, else the country's, else that of everywhere else.
    #[must_use]
    pub fn rate(&self, country: &Country, region: Option<&str>) -> TaxRate {
        let regional = region.and_then(|region| {
            let region = region.trim().to_uppercase();
            let code = region.strip_prefix(&format!("{country}-")).unwrap_or(&region);
            self.rates.get(&format!("{country}-{code}"))
        });
        *regional.or_else(|| self.rates.get(country.as_str())).unwrap_or(&self.elsewhere)
    }
}

impl Default for TaxTable {
    /// The standard rates of many countries, and none elsewhere.
    fn default() -> Self {
        let rates = STANDARD_RATES.split(' ').map(|entry| entry.parse::<Self>());
        rates.fold(Self::flat(TaxRate::default()), |table, entry| {
            table.overlaid(entry.expect("the standard rates are written by the rules"))
        })
    }
}

impl ShippingTax {
    /// The rate of shipping where goods have the rate `goods`.
    #[must_use]
    pub fn rate(self, goods: TaxRate) -> TaxRate {
        match self {
            Self::AsGoods => goods,
            Self::Untaxed => TaxRate::default(),
            Self::Rate(rate) => rate,
        }
    }
}

impl FromStr for TaxRate {
    type Err = InvalidTax;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map_err(|_| InvalidTax::Rate).and_then(Self::new)
    }
}

impl FromStr for TaxTable {
    type Err = InvalidTax;

    /// Reads `DE=1900,US-CA=725`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut table = Self::flat(TaxRate::default());
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let invalid = || InvalidTax::Entry(entry.chars().take(40).collect());
            let (place, rate) = entry.split_once('=').ok_or_else(invalid)?;
            let (country, region) = match place.trim().split_once('-') {
                Some((country, region)) => (country, Some(region)),
                None => (place.trim(), None),
            };
            let _: Country = country.parse().map_err(|_| invalid())?;
            let is_code = |code: &str| !code.is_empty() && code.chars().all(char::is_alphanumeric);
            if !region.is_none_or(is_code) {
                return Err(invalid());
            }
            table.rates.insert(place.trim().to_uppercase(), rate.parse().map_err(|_| invalid())?);
        }
        Ok(table)
    }
}

impl FromStr for ShippingTax {
    type Err = InvalidTax;

    /// Reads `as_goods`, `none`, or a rate.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "as_goods" => Ok(Self::AsGoods),
            "none" => Ok(Self::Untaxed),
            rate => rate.parse().map(Self::Rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::Currency;

    use super::*;

    fn rate(table: &TaxTable, country: &str, region: Option<&str>) -> u32 {
        table.rate(&country.parse().expect("a country"), region).0
    }

    #[test]
    fn the_region_is_looked_up_before_the_country() {
        let table = TaxTable::default().overlaid("US-CA=725, DE=0".parse().expect("rates"));

        for (country, region, expected) in [
            ("US", None, 0),
            ("US", Some("CA"), 725),
            ("US", Some(" us-ca "), 725),
            ("US", Some("NY"), 0),
            ("CA", None, 500),
            ("FR", Some("CA"), 2_000),
            ("DE", None, 0),
            ("AQ", None, 0),
        ] {
            assert_eq!(rate(&table, country, region), expected, "{country} {region:?}");
        }
    }

    #[test]
    fn one_rate_may_be_for_all() {
        let table = TaxTable::flat(TaxRate(750)).overlaid("JP=1000".parse().expect("rates"));

        assert_eq!((rate(&table, "DE", None), rate(&table, "JP", None)), (750, 1_000));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["DE", "DE=", "DE=10001", "DE=-1", "XX=1", "DE-=1", "US-C A=1", "=1", "DE=1.5"]
        {
            assert!(text.parse::<TaxTable>().is_err(), "{text}");
        }
        assert!("".parse::<TaxTable>().is_ok());
        assert_eq!("none".parse(), Ok(ShippingTax::Untaxed));
        assert_eq!("as_goods".parse(), Ok(ShippingTax::AsGoods));
        assert_eq!("700".parse(), Ok(ShippingTax::Rate(TaxRate(700))));
        assert!("free".parse::<ShippingTax>().is_err());
    }

    #[test]
    fn tax_is_added_to_a_net_price_and_found_in_a_gross_one() {
        let money = |amount| Money::new(amount, Currency::USD);

        assert_eq!(TaxRate(1_900).on(money(10_000)), Ok(money(1_900)));
        assert_eq!(TaxRate(1_900).within(money(11_900)), Ok(money(1_900)));
        assert_eq!(TaxRate(500).on(money(10)), Ok(money(1)));
        assert_eq!(TaxRate(10_000).within(money(1)), Ok(money(1)));
    }
}
