//! In which media types a caller would have the answer: `Accept` (RFC 9110, 12.5.1). What is not of its form
//! is passed over.

use axum::http::{HeaderMap, header};

use super::languages::weight;

/// How many are looked at.
const LOOKED_AT: usize = 50;

/// The media types and ranges of them that the caller accepts, as they stand there, each with how much it
/// is wanted, in thousandths.
pub fn accepted_types(headers: &HeaderMap) -> impl Iterator<Item = (&str, u16)> {
    let values = headers.get_all(header::ACCEPT).iter();
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    ranges.take(LOOKED_AT).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().filter(|essence| essence.contains('/'))?;
        let quality =
            parts.find(|part| part.get(..2).is_some_and(|it| it.eq_ignore_ascii_case("q=")));
        Some((essence, quality.map_or(Some(1_000), weight)?))
    })
}

/// Which of the `offered` media types the caller wants most, the first of equals; the first where nothing is
/// asked for, and none where none of them is accepted.
#[must_use]
pub fn preferred_type(headers: &HeaderMap, offered: &[&'static str]) -> Option<&'static str> {
    if accepted_types(headers).next().is_none() {
        return offered.first().copied();
    }
    let wanted = offered.iter().map(|offer| (*offer, wish(headers, offer)));
    // Of equals `max_by_key` takes the last.
    let best = wanted.filter(|(_, wish)| *wish > 0).rev().max_by_key(|(_, wish)| *wish);
    best.map(|(offer, _)| offer)
}

/// How much a media type is wanted, by the closest range that it is of.
fn wish(headers: &HeaderMap, offer: &str) -> u16 {
    let ranges =
        accepted_types(headers).filter_map(|(range, wish)| Some((nearness(range, offer)?, wish)));
    ranges.max().map_or(0, |(_, wish)| wish)
}

/// How closely a range tells of a media type; nothing where it is of others.
fn nearness(range: &str, offer: &str) -> Option<u8> {
    let kind = offer.split('/').next().unwrap_or_default();
    match range.split_once('/')? {
        _ if range.eq_ignore_ascii_case(offer) => Some(2),
        (of, "*") if of.eq_ignore_ascii_case(kind) => Some(1),
        ("*", "*") => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_most_wanted_of_what_is_offered_is_preferred() {
        let offered = ["application/x-ndjson", "text/csv"];
        let (ndjson, csv) = (Some(offered[0]), Some(offered[1]));
        for (accept, preferred) in [
            ("", ndjson),
            ("*/*", ndjson),
            ("Text/CSV", csv),
            ("text/csv;header=present;q=0.5", csv),
            ("text/*", csv),
            ("text/csv, application/x-ndjson", ndjson),
            ("text/csv, application/x-ndjson; Q=0.9", csv),
            ("*/*, application/x-ndjson;q=0.1", csv),
            ("application/json, text/plain, */*", ndjson),
            ("text/csv;q=0, */*;q=0.1", ndjson),
            ("text/csv;q=0", None),
            ("application/json", None),
            ("text/csv;q=2, garbage", ndjson),
        ] {
            let headers =
                [(header::ACCEPT, HeaderValue::from_static(accept))].into_iter().collect();
            assert_eq!(preferred_type(&headers, &offered), preferred, "{accept}");
        }
        assert_eq!(preferred_type(&HeaderMap::new(), &offered), ndjson);
    }
}
