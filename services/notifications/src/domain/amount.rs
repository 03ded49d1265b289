//! Money as people of a language write it, after the Unicode CLDR: `$1,299.00` in English, `1.299,00 $`
//! in German, the currency's code where it has no sign that everybody knows.

use techtrove_core::Money;

use super::Language;

/// Keeps an amount and its currency on one line.
const NO_BREAK: char = '\u{a0}';

/// The amount as people write it.
#[must_use]
pub fn shown(money: Money, language: Language) -> String {
    let decimals = usize::try_from(money.currency.decimals()).unwrap_or(0);
    let digits = format!("{:0>width$}", money.amount.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let (group, point) = match language {
        Language::English => (',', '.'),
        Language::German => ('.', ','),
    };
    let mut number = grouped(whole, group);
    if decimals > 0 {
        number.push(point);
        number += fraction;
    }
    let minus = if money.amount < 0 { "-" } else { "" };
    let code = money.currency.code();
    match (language, sign(code)) {
        (Language::English, Some(sign)) => format!("{minus}{sign}{number}"),
        (Language::English, None) => format!("{minus}{code}{NO_BREAK}{number}"),
        (Language::German, sign) => format!("{minus}{number}{NO_BREAK}{}", sign.unwrap_or(code)),
    }
}

/// The sign of a currency that both languages know it by.
fn sign(code: &str) -> Option<&'static str> {
    match code {
        "USD" => Some("$"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        "JPY" => Some("¥"),
        _ => None,
    }
}

/// The digits in groups of three, from the right.
fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, code.parse().expect("a currency"))
    }

    #[test]
    fn as_each_language_writes_it() {
        for (amount, code, english, german) in [
            (129_900, "USD", "$1,299.00", "1.299,00\u{a0}$"),
            (5, "EUR", "€0.05", "0,05\u{a0}€"),
            (-500, "GBP", "-£5.00", "-5,00\u{a0}£"),
            (1_234_567, "JPY", "¥1,234,567", "1.234.567\u{a0}¥"),
            (1_234_567, "KWD", "KWD\u{a0}1,234.567", "1.234,567\u{a0}KWD"),
            (0, "CHF", "CHF\u{a0}0.00", "0,00\u{a0}CHF"),
        ] {
            let money = money(amount, code);
            assert_eq!(shown(money, Language::English), english);
            assert_eq!(shown(money, Language::German), german);
        }
    }

    proptest! {
        #[test]
        fn no_digit_is_lost(amount: i64, code in prop_oneof!["USD", "JPY", "KWD"]) {
            for language in Language::ALL {
                let text = shown(money(amount, &code), language);
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();

                prop_assert_eq!(digits.parse::<u64>().ok(), Some(amount.unsigned_abs()));
                prop_assert_eq!(text.starts_with('-'), amount < 0);
            }
        }
    }
}
