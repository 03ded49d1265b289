//! Which languages a browser says that its user reads: `Accept-Language` (RFC 9110, 12.5.4). What is not of its
//! form is passed over, never refused: nobody writes the header by hand.

use axum::http::{HeaderMap, header};
use techtrove_core::language_tag;

/// How many languages are kept.
const MOST: usize = 5;

/// How many are looked at.
const LOOKED_AT: usize = 50;

/// The languages that the caller reads, the most wanted first and at most five; the first of equals stays so.
#[must_use]
pub fn accepted_languages(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let mut wanted: Vec<(u16, String)> =
        ranges.take(LOOKED_AT).filter_map(range).filter(|(weight, _)| *weight > 0).collect();
    wanted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    wanted.truncate(MOST);
    wanted.into_iter().map(|(_, tag)| tag).collect()
}

/// A language and how much it is wanted, in thousandths.
fn range(text: &str) -> Option<(u16, String)> {
    let (tag, weight) = match text.split_once(';') {
        Some((tag, parameter)) => (tag, weight(parameter.trim())?),
        None => (text, 1_000),
    };
    Some((weight, language_tag(tag.trim()).ok()?))
}

/// `q=` and 0 to 1 with at most three decimals (RFC 9110, 12.4.2).
pub(super) fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|it| it.is_ascii_digit());
    if !name.eq_ignore_ascii_case("q") || !matches!(whole, "0" | "1") || !digits {
        return None;
    }
    let thousandths: u16 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (thousandths <= 1_000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(values: &[&'static str]) -> Vec<String> {
        let value = |it: &&'static str| (header::ACCEPT_LANGUAGE, HeaderValue::from_static(it));
        accepted_languages(&values.iter().map(value).collect())
    }

    #[test]
    fn the_most_wanted_language_comes_first() {
        for (value, languages) in [
            ("de-AT,de;q=0.9,en;q=0.8", &["de-AT", "de", "en"][..]),
            ("en;q=0.5, de;q=0.7", &["de", "en"]),
            ("en;q=0.25, de;q=0.250, fr; Q=0.3", &["fr", "en", "de"]),
            ("*, fr", &["fr"]),
            ("en;q=0, de;q=x, fr;q=2, it;q=0.1234, es;q=-1, nl;q=NaN, da;q=1.001", &[]),
            ("pl;q=1.000, cs;q=", &["pl"]),
            ("*", &[]),
            ("", &[]),
            ("en_US,,;", &[]),
            ("a1,b2,cc,dd,ee,ff,gg,hh", &["cc", "dd", "ee", "ff", "gg"]),
        ] {
            assert_eq!(accepted(&[value]), languages, "{value}");
        }
        assert_eq!(accepted(&["fr;q=0.1", "de"]), ["de", "fr"]);
        assert_eq!(accepted(&[]), [""; 0]);
    }
}
