//! A charge that is announced before money is asked for, as Stripe does it. Nothing is stored of it until
//! then: its name says all there is to know, and whoever holds it need not look inside.

use std::{fmt, str::FromStr};

use techtrove_core::Money;

use super::Key;

const PREFIX: &str = "pi_";

/// What is to be charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The caller's key for the charge.
    pub key: Key,
    /// How much; always positive.
    pub money: Money,
}

/// The text names no intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such intent")]
pub struct InvalidIntent;

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Money { amount, currency } = self.money;
        write!(f, "{PREFIX}{amount}_{currency}_{}", self.key)
    }
}

impl FromStr for Intent {
    type Err = InvalidIntent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.strip_prefix(PREFIX).ok_or(InvalidIntent)?.splitn(3, '_');
        let mut part = || parts.next().ok_or(InvalidIntent);
        let amount = part()?.parse().ok().filter(|&amount| amount > 0).ok_or(InvalidIntent)?;
        let currency = part()?.parse().map_err(|_| InvalidIntent)?;
        let key = part()?.parse().map_err(|_| InvalidIntent)?;
        Ok(Self { key, money: Money::new(amount, currency) })
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::Currency;

    use super::*;

    #[test]
    fn a_name_says_all_about_it() {
        let key = "pay_01kafy3m2se6rbq3tmn4y4bwqd".parse().expect("a key");
        let intent = Intent { key, money: Money::new(1_050, Currency::USD) };

        let name = intent.to_string();

        assert_eq!(name.parse(), Ok(intent));
        for text in
            ["", "pi_", "pi_1_USD", "pi_0_USD_k", "pi_1_usd_k", "pi_1_USD_a b", "re_1_USD_k"]
        {
            assert_eq!(text.parse::<Intent>(), Err(InvalidIntent), "{text}");
        }
    }
}
