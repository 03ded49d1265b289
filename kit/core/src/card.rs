//! Recognises the number of a payment card in a text, so that none is ever kept: 13 to 19 digits of any script,
//! with blanks, dashes or whatever marks between them, that an issuer gives out and whose check digit (Luhn,
//! ISO/IEC 7812-1) is right. What only looks long (a parcel's number, a phone number) is no card.

use std::{borrow::Cow, ops::RangeInclusive};

/// How many digits a card number has.
const LENGTH: RangeInclusive<usize> = 13..=19;

/// The most digits of a phone number with its country (ITU-T E.164).
const LONGEST_PHONE: usize = 15;

/// The first four digits of the numbers that issuers give out.
const ISSUERS: [RangeInclusive<u32>; 28] = [
    4000..=4999, // Visa
    2221..=2720, // Mastercard
    5100..=5599,
    3400..=3499, // American Express
    3700..=3799,
    3000..=3059, // Diners Club
    3095..=3095,
    3600..=3699,
    3800..=3999,
    6011..=6011, // Discover
    6440..=6599,
    3528..=3589, // JCB
    6200..=6299, // UnionPay
    8100..=8199,
    2200..=2204, // Mir
    5018..=5018, // Maestro
    5019..=5019, // Dankort
    5020..=5038,
    5893..=5893,
    6304..=6304,
    6759..=6759,
    6761..=6763,
    5060..=5079, // Verve, Elo
    5081..=5099, // RuPay, Elo
    6060..=6069, // RuPay, Hipercard
    6362..=6363, // Elo
    6370..=6399, // InstaPayment
    9792..=9792, // Troy
];

/// The zeros of the scripts that write numbers with digits of their own, and of those that only look other (wide,
/// bold, in a frame), each followed by its other nine.
const ZEROS: [char; 24] = [
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{17e0}',
    '\u{1810}',
    '\u{ff10}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
];

/// Whether a card number stands anywhere in `text`. It begins and ends where digits do: a part of a
/// longer row of digits is none.
#[must_use]
pub fn has_card_number(text: &str) -> bool {
    let text = in_ascii_digits(text);
    let belongs = |c: char| c.is_ascii_digit() || c == '+' || separates(c);
    text.split(|c| !belongs(c)).any(|row| {
        let mut parts = row.split('+');
        let plain = parts.next().unwrap_or_default();
        is_found_in(plain) || parts.any(|part| !is_phone(part) && is_found_in(part))
    })
}

fn in_ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { text.chars().map(in_ascii_digit).collect() }
}

fn in_ascii_digit(c: char) -> char {
    let digit = ZEROS.iter().filter_map(|&zero| u32::from(c).checked_sub(zero.into())).min();
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}

/// Whether this can be written between the digits of one number, seen or unseen.
fn separates(c: char) -> bool {
    c.is_whitespace()
        || c.is_ascii_punctuation() && c != '+'
        || matches!(c, '·' | '•' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Whether a row of digits that follows a plus sign can be the phone number that the sign announces.
fn is_phone(row: &str) -> bool {
    row.chars().filter(char::is_ascii_digit).count() <= LONGEST_PHONE
}

fn is_found_in(row: &str) -> bool {
    let groups: Vec<&str> = row.split(separates).filter(|group| !group.is_empty()).collect();
    (0..groups.len()).any(|first| begins_with_card(&groups[first..]))
}

/// Whether the first groups of digits, so many of them as it takes, are a card number.
fn begins_with_card(groups: &[&str]) -> bool {
    let mut digits = Vec::with_capacity(*LENGTH.end());
    for group in groups {
        if digits.len() + group.len() > *LENGTH.end() {
            return false;
        }
        digits.extend(group.bytes().map(|byte| u32::from(byte - b'0')));
        if LENGTH.contains(&digits.len()) && is_issued(&digits) && is_luhn(&digits) {
            return true;
        }
    }
    false
}

fn is_issued(digits: &[u32]) -> bool {
    let first = digits.iter().take(4).fold(0, |number, digit| number * 10 + digit);
    ISSUERS.iter().any(|numbers| numbers.contains(&first))
}

fn is_luhn(digits: &[u32]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(place, digit)| match place % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    weighed.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    /// What the issuers themselves publish for tests.
    const CARDS: [&str; 12] = [
        "4242424242424242",
        "4222222222222",
        "4000000000000000006",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "6011111111111117",
        "3056930009020004",
        "36227206271667",
        "3566002020360505",
        "6205500000000000004",
        "2200000000000004",
    ];

    /// A number of an issuer with its check digit.
    fn card() -> impl Strategy<Value = String> {
        let issuer = select(ISSUERS.to_vec()).prop_flat_map(|numbers| numbers);
        (issuer, prop::collection::vec(0_u32..10, 8..=14)).prop_map(|(issuer, rest)| {
            let digits: String = rest.iter().map(ToString::to_string).collect();
            let number = format!("{issuer}{digits}");
            let check = (0..10).map(|check| format!("{number}{check}"));
            let mut right = check.filter(|number| is_luhn(&values(number)));
            right.next().expect("one of ten digits is right")
        })
    }

    fn values(number: &str) -> Vec<u32> {
        number.chars().filter_map(|c| c.to_digit(10)).collect()
    }

    fn spaced(number: &str, separators: &[&str]) -> String {
        let pairs = number.chars().zip(separators.iter().cycle());
        pairs.map(|(digit, separator)| format!("{digit}{separator}")).collect()
    }

    #[test]
    fn what_issuers_publish_is_recognised() {
        for number in CARDS {
            assert!(has_card_number(number), "{number}");
        }
        for text in [
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "my card is 4242 4242 4242 4242 12/27, thanks",
            "3782 822463 10005",
            "4242\u{a0}4242\u{2013}4242  4242",
            "house 7, 4242 4242 4242 4242 123",
            "+4242424242424242",
            "nr.4242424242424242.",
            "4242.4242.4242.4242",
            "4242/4242/4242/4242",
            "4242_4242_4242_4242",
            "4242,4242,4242,4242",
            "(4242)(4242)(4242)(4242)",
            "4242|4242:4242*4242",
            "\u{1d7d2}\u{1d7d0}\u{1d7d2}\u{1d7d0} 4242 4242 4242",
            "4242\u{200b}4242\u{200b}4242\u{200b}4242",
            "\u{ff14}\u{ff12}\u{ff14}\u{ff12}424242424242",
            "٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢",
            "4242424242424242@example.com",
            "6362970000457013",
            "5067268650517446",
        ] {
            assert!(has_card_number(text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_long_is_none() {
        for text in [
            "",
            "TT-4242424242",
            "4242424242424241",
            "1234567890123452",
            "9999999999999995",
            "JD014600003520512398",
            "00340434161094042557",
            "42424242424242424242",
            "1Z999AA10123456784",
            "+49 4212 345678901",
            "+378282246310005",
            "(415) 555-2671 ext. 4242",
            "10.0.0.1/24, 192.168.100.100",
            "2026-11-29T05:39:14.123",
            "1 Main Street, 62701-4242",
        ] {
            assert!(!has_card_number(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_card_is_found_however_it_is_written(
            number in card(),
            separators in prop::collection::vec(select(vec!["", " ", "-", " - ", "\u{2009}", ".", "/", "_", ",", ") ("]), 1..9),
            before in "[a-z ,:]{0,9}",
            after in "[a-z ,:]{0,9}",
        ) {
            let text = format!("{before}{}{after}", spaced(&number, &separators));

            prop_assert!(has_card_number(&number), "{}", number);
            prop_assert!(has_card_number(&text), "{}", text);
        }

        #[test]
        fn one_wrong_digit_makes_it_none(number in card(), place in 4_usize..13, by in 1_u32..10) {
            let mut digits = values(&number);
            digits[place] = (digits[place] + by) % 10;
            let other: String = digits.iter().map(ToString::to_string).collect();

            prop_assert!(!has_card_number(&other), "{}", other);
        }

        #[test]
        fn a_longer_or_shorter_number_is_none(digits in "[0-9]{20,40}|[0-9]{0,12}") {
            prop_assert!(!has_card_number(&digits));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9 +-]{0,60}|\\PC*") {
            let _ = has_card_number(&text);
        }
    }
}
