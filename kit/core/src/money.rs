//! Amounts of money as integers of the currency's minor unit. Arithmetic is checked and never
//! rounds by itself; there must never be a float here. How a currency's digits are known: ISO 4217.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// An ISO 4217 currency with 0, 2 or 3 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// The text is no ISO 4217 code, or names something without minor units of 0, 2 or 3 decimals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a currency of ISO 4217 with 0, 2 or 3 decimals: {0:?}")]
pub struct InvalidCurrency(String);

impl Currency {
    /// The United States dollar, the default currency of a shop.
    pub const USD: Self = Self(iso_currency::Currency::USD);

    /// The three letters of the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the minor unit has: 0, 2 or 3.
    #[must_use]
    pub fn decimals(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        iso_currency::Currency::from_code(text)
            .filter(|currency| matches!(currency.exponent(), Some(0 | 2 | 3)))
            .map(Self)
            .ok_or_else(|| InvalidCurrency(text.chars().take(8).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl ToSchema for Currency {}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        crate::id::string_schema("ISO 4217 code", "USD").pattern(Some("^[A-Z]{3}$")).into()
    }
}

/// An amount in one currency. May be negative (a ledger's credit); prices are checked where they enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units: cents of a dollar, whole yen.
    pub amount: i64,
    /// The currency of `amount`.
    pub currency: Currency,
}

/// Why an amount could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met.
    #[error("cannot compute {0} with {1}")]
    CurrencyMismatch(Currency, Currency),
    /// The result is beyond what can be counted.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// `amount` minor units of `currency`.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// When the currencies differ or the sum is too large.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// When the currencies differ or the difference is too large.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// This amount `times` over.
    ///
    /// # Errors
    /// When the product is too large.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(times).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }

    /// `parts / whole` of this amount, half away from zero to the minor unit (a tax rate in
    /// hundredths of a percent is `parts` of a `whole` of 10,000).
    ///
    /// # Errors
    /// When the result is too large or `whole` is not positive.
    pub fn checked_fraction(self, parts: i64, whole: i64) -> Result<Self, MoneyError> {
        if whole <= 0 {
            return Err(MoneyError::Overflow);
        }
        let product = i128::from(self.amount) * i128::from(parts);
        let half = i128::from(whole) / 2;
        let rounded = (product.abs() + half) / i128::from(whole) * product.signum();
        let amount = i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }

    /// The sum of `amounts`, nothing in `currency` when there are none.
    ///
    /// # Errors
    /// When a currency differs from `currency` or the sum is too large.
    pub fn checked_sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    fn combine(
        self,
        other: Self,
        operation: impl Fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let amount = operation(self.amount, other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }
}

impl fmt::Display for Money {
    /// With the currency's decimals: `USD 1299.00`, `JPY 1299`, `KWD 1.299`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let sign = if self.amount < 0 { "-" } else { "" };
        let (unit, amount) = (10_u64.pow(decimals), self.amount.unsigned_abs());
        match decimals {
            0 => write!(f, "{} {sign}{amount}", self.currency),
            digits => {
                let width = usize::try_from(digits).unwrap_or(3);
                write!(f, "{} {sign}{}.{:0width$}", self.currency, amount / unit, amount % unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().expect("a currency")
    }

    #[test]
    fn shows_the_currencys_own_decimals() {
        let shown: Vec<String> = [("USD", -129_905), ("JPY", 1299), ("KWD", 1299)]
            .map(|(code, amount)| Money::new(amount, currency(code)).to_string())
            .into();

        assert_eq!(shown, ["USD -1299.05", "JPY 1299", "KWD 1.299"]);
    }

    #[test]
    fn refuses_unknown_currencies_and_those_without_minor_units() {
        for text in ["", "usd", "XYZ", "XAU", "DOLLARS"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn never_mixes_currencies() {
        let sum = Money::new(1, Currency::USD).checked_add(Money::new(1, currency("EUR")));

        assert_eq!(sum, Err(MoneyError::CurrencyMismatch(Currency::USD, currency("EUR"))));
    }

    #[test]
    fn rounds_halves_away_from_zero() {
        let half = |amount| Money::new(amount, Currency::USD).checked_fraction(1, 2);

        assert_eq!(half(5), Ok(Money::new(3, Currency::USD)));
        assert_eq!(half(-5), Ok(Money::new(-3, Currency::USD)));
    }

    proptest! {
        #[test]
        fn arithmetic_is_exact_or_refused(a: i64, b: i64) {
            let (left, right) = (Money::new(a, Currency::USD), Money::new(b, Currency::USD));

            prop_assert_eq!(left.checked_add(right).ok().map(|m| m.amount), a.checked_add(b));
            prop_assert_eq!(left.checked_sub(right).ok().map(|m| m.amount), a.checked_sub(b));
            prop_assert_eq!(left.checked_mul(b).ok().map(|m| m.amount), a.checked_mul(b));
        }

        #[test]
        fn a_fraction_is_off_by_half_a_unit_at_most(amount in 0..10_i64.pow(12), rate in 0..10_000_i64) {
            let part = Money::new(amount, Currency::USD).checked_fraction(rate, 10_000).expect("in range");
            let twice_error = (i128::from(part.amount) * 10_000 - i128::from(amount) * i128::from(rate)) * 2;

            prop_assert!(twice_error.abs() <= 10_000);
        }
    }
}
