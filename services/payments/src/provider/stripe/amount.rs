//! How Stripe counts money: in a currency's smallest unit, but with its own idea of which that is. An
//! amount that Stripe cannot count exactly is none; it must never be rounded.

use techtrove_core::{Currency, Money};

/// Counted in whole units, whatever ISO 4217 says.
const WHOLE: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

/// Counted in thousandths, of which the last digit is zero.
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// Has no smaller unit any more, and is counted in hundredths all the same.
const STILL_IN_HUNDREDTHS: &str = "ISK";

/// Whether Stripe takes money in this currency. Others than those with hundredths it has to name; it says
/// two things of the Ugandan shilling, so that is left out.
#[must_use]
pub fn charges_in(currency: Currency) -> bool {
    decimals(currency).is_some()
}

fn decimals(currency: Currency) -> Option<u32> {
    match currency.code() {
        code if WHOLE.contains(&code) => Some(0),
        code if THOUSANDTHS.contains(&code) => Some(3),
        STILL_IN_HUNDREDTHS => Some(2),
        _ => Some(2).filter(|&two| currency.decimals() == two),
    }
}

/// The amount as Stripe counts it, if it can.
pub(super) fn to_stripe(money: Money) -> Option<i64> {
    let theirs = decimals(money.currency)?;
    let counted = rescaled(money.amount, money.currency.decimals(), theirs)?;
    (theirs != 3 || counted % 10 == 0).then_some(counted)
}

/// The money that Stripe counts as `amount`.
pub(super) fn from_stripe(amount: i64, currency: Currency) -> Option<Money> {
    let ours = rescaled(amount, decimals(currency)?, currency.decimals())?;
    Some(Money::new(ours, currency))
}

/// `amount` with other decimals, if it is the same amount.
fn rescaled(amount: i64, from: u32, to: u32) -> Option<i64> {
    if to >= from {
        return amount.checked_mul(10_i64.checked_pow(to - from)?);
    }
    let divisor = 10_i64.checked_pow(from - to)?;
    (amount % divisor == 0).then_some(amount / divisor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, code.parse().expect("a currency"))
    }

    #[test]
    fn every_kind_of_currency_is_counted_as_stripe_counts_it() {
        for (ours, theirs) in [
            (money(1_050, "USD"), Some(1_050)),
            (money(500, "JPY"), Some(500)),
            (money(5, "ISK"), Some(500)),
            (money(5_120, "KWD"), Some(5_120)),
            (money(5_124, "KWD"), None),
            (money(1_200, "MGA"), Some(12)),
            (money(1_250, "MGA"), None),
            (money(500, "UGX"), None),
            (money(1_000, "LYD"), None),
            (money(i64::MAX, "ISK"), None),
        ] {
            assert_eq!(to_stripe(ours), theirs, "{ours}");
        }
        assert_eq!(from_stripe(550, money(0, "ISK").currency), None);
    }

    proptest! {
        #[test]
        fn what_stripe_counts_is_the_same_money(
            amount: i64,
            code in prop::sample::select(vec!["USD", "EUR", "JPY", "ISK", "KWD", "MGA", "CLP", "UGX"]),
        ) {
            let ours = money(amount, code);
            if let Some(theirs) = to_stripe(ours) {
                prop_assert_eq!(from_stripe(theirs, ours.currency), Some(ours));
            }
        }
    }
}
