//! Recognises the number of a payment card in a text, so that none is ever kept: 13 to 19 digits of any script,
//! with blanks, dashes or whatever marks between them, that an issuer gives out and whose check digit (Luhn,
//! ISO/IEC 7812-1) is right. What only looks long (a parcel's number, a phone number) is no card.
//!
//! A word ends a row of digits, a mark does not: `4242; 4242, 4242. 4242` is a card to whoever reads it. So a list
//! of short numbers with nothing but marks between them is taken for a card where ones that stand side by side come
//! to a length, an issuer and a check digit that fit: the check digit of one in ten does by chance. Its writer is told
//! where it stands and can put a word between; a card that was kept cannot be taken back.

use std::{borrow::Cow, ops::RangeInclusive};

/// How many digits a card number has.
const LENGTH: RangeInclusive<usize> = 13..=19;

/// How many digits a phone number with its country has: at most what ITU-T E.164 allows, and not so few as the
/// groups in which a card number is written.
const PHONE_LENGTH: RangeInclusive<usize> = 7..=15;

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
/// bold, in a frame), in order, each followed by its other nine.
const ZEROS: [u32; 74] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50,
    0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// Whether a card number stands anywhere in `text`. It begins and ends where digits do: a part of a
/// longer row of digits is none.
#[must_use]
pub fn has_card_number(text: &str) -> bool {
    let text = in_ascii(text);
    let belongs = |c: char| c.is_ascii_digit() || separates(c);
    text.split(|c| !belongs(c)).flat_map(without_phones).any(is_found_in)
}

/// The text with ASCII's digits and plus signs in place of those that look or are written otherwise.
fn in_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { text.chars().map(char_in_ascii).collect() }
}

fn char_in_ascii(c: char) -> char {
    if matches!(c, '\u{ff0b}' | '\u{fe62}') {
        return '+';
    }
    let zero = ZEROS[..ZEROS.partition_point(|&zero| zero <= u32::from(c))].last();
    let digit = zero.and_then(|zero| char::from_digit(u32::from(c) - zero, 10));
    digit.unwrap_or(c)
}

/// Whether this can be written between the digits of one number, seen or unseen: all that is no letter and no digit.
fn separates(c: char) -> bool {
    !(c.is_ascii_digit() || c.is_alphabetic()) || is_letter_in_name_only(c)
}

/// What Unicode counts as letters though nobody reads a sound: modifiers that look like quotes, dashes and colons,
/// the bars that lengthen a vowel or a word (the Japanese one stands where a keyboard has the hyphen), and blanks.
fn is_letter_in_name_only(c: char) -> bool {
    matches!(c, '\u{2b9}'..='\u{2d1}' | '\u{640}' | '\u{7fa}' | '\u{30fc}' | '\u{ff70}')
        || matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// What is left of a row of digits and marks when the phone numbers are gone that plus signs announce.
fn without_phones(row: &str) -> Vec<&str> {
    let first = row.find(|c: char| c.is_ascii_digit()).unwrap_or(row.len());
    let signs = row.match_indices('+').map(|(at, _)| at);
    let mut begins: Vec<usize> = signs.filter(|&at| at < first || announces(row, at)).collect();
    begins.push(row.len());
    let mut rest = Vec::new();
    let mut start = 0;
    for phone in begins.windows(2).map(|ends| ends[0]..ends[1]) {
        if is_phone(&row[phone.clone()]) {
            rest.push(&row[start..phone.start]);
            start = phone.end;
        }
    }
    rest.push(&row[start..]);
    rest
}

/// Whether the plus sign at `at`, with digits before it, announces a number and does not stand between two parts of
/// one: it stands off from what comes before and close to what follows.
fn announces(row: &str, at: usize) -> bool {
    !row[..at].ends_with(|c: char| c.is_ascii_digit())
        && row[at + 1..].starts_with(|c: char| c.is_ascii_digit() || c == '(')
}

/// Whether a plus sign and what follows can be a phone number.
fn is_phone(row: &str) -> bool {
    PHONE_LENGTH.contains(&row.chars().filter(char::is_ascii_digit).count())
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

    /// Whatever is written between digits, most often what is not ASCII.
    fn mark() -> impl Strategy<Value = char> {
        let unseen = select(vec![
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200f}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2069}',
            '\u{206f}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0100}',
        ]);
        let seen = select(
            "\t\n +-.,;:/_|*#()、。，．・…→－‐―−～〜ー·•«»€№§×÷＋／（）"
                .chars()
                .collect::<Vec<_>>(),
        );
        let any = any::<char>().prop_filter("a mark", |c| !c.is_alphanumeric());
        prop_oneof![unseen, seen, any]
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
            "\u{ff14}\u{ff12}\u{ff14}\u{ff12}\u{ff0d}4242\u{ff0d}4242\u{ff0d}4242",
            "4242ー4242ー4242ー4242",
            "4242ـ4242ـ4242ـ4242",
            "4242+4242+4242+4242",
            "+4242+4242+4242+4242",
            "4242 + 4242 + 4242 + 4242",
            "4242 +4242 +4242 +4242",
            "4242\u{ff0b}4242\u{ff0b}4242\u{ff0b}4242",
            "42424242+42424242",
            "42424242 + 42424242",
            "+49 30 1234567, 4242 4242 4242 4242",
            "4242 4242 4242 4242, +49 30 1234567",
            "4242，4242，4242，4242",
            "4242・4242・4242・4242",
            "4242…4242…4242…4242",
            "4242→4242→4242→4242",
            "4242; 4242, 4242. 4242",
            "4242 💳 4242 💳 4242 💳 4242",
            "4\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}42 4242 4242 4242",
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
            "+ 378282246310005",
            "\u{ff0b}378282246310005",
            "tel. +(49) 1512 3456789",
            "+49 1512 3456782, +49 1512 3456789",
            "030 1234567 (+49 1512 3456782)",
            "4242 or +378282246310005",
            "1234; 5678, 9012",
            "4242 4242 and 4242 4242",
            "RTX 4090: 120 fps, RTX 4080: 100 fps, RTX 4070: 80 fps",
            "\u{201c}4090\u{201d} \u{2192} 24 GB \u{2026} 450 W",
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
        fn whatever_mark_stands_between_is_no_cover(number in card(), mark in mark(), each in 1_usize..7) {
            let digits: Vec<char> = number.chars().collect();
            let groups: Vec<String> = digits.chunks(each).map(|group| group.iter().collect()).collect();
            let text = groups.join(&mark.to_string());

            prop_assert!(has_card_number(&text), "{}", text.escape_unicode());
        }

        #[test]
        fn a_number_in_the_digits_of_another_script_is_found(number in card(), zero in select(ZEROS.to_vec())) {
            let digits = values(&number).into_iter();
            let text: String = digits.filter_map(|digit| char::from_u32(zero + digit)).collect();

            prop_assert!(has_card_number(&text), "{}", text);
        }

        #[test]
        fn a_word_between_ends_the_number(number in card(), at in 7_usize..13, word in "[a-zé語]{1,9}") {
            let (first, second) = number.split_at(at);
            let text = format!("{first} {word} {second}");

            prop_assert!(!has_card_number(&text), "{}", text);
        }

        #[test]
        fn phone_numbers_with_their_countries_are_none(
            phones in prop::collection::vec("\\+[1-9][0-9]{0,2}[ -]?[0-9]{2,4}[ /-]?[0-9]{4,8}", 1..5),
            between in select(vec![" ", ", ", " / ", "; ", " \u{b7} ", "\n", " or "]),
        ) {
            let text = phones.join(between);

            prop_assert!(!has_card_number(&text), "{}", text);
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
        fn a_plus_sign_without_a_number_announces_none(number in card(), signs in "[+ ]{0,40}") {
            let text = format!("{signs}{number}{signs}+49 30 1234567");

            prop_assert!(has_card_number(&text) || number.len() <= *PHONE_LENGTH.end(), "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9 +(-]{0,60}|\\PC*") {
            let _ = has_card_number(&text);
        }
    }
}
