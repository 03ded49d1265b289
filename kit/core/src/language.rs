//! Language tags (RFC 5646), told by their form alone: whether there is such a language is not asked.

/// The longest language tag that is in use (RFC 5646, 4.4.1).
const LONGEST: usize = 35;

/// A language tag such as `de-AT`.
///
/// # Errors
/// Why it is none.
pub fn language_tag(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|it| it.is_ascii_alphabetic());
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    if text.len() <= LONGEST && is_language && parts.all(is_part) {
        Ok(text.to_owned())
    } else {
        Err("is a language tag, such as en-GB".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_told_by_their_form() {
        for tag in ["en", "de-AT", "zh-Hant-TW", "gsw"] {
            assert!(language_tag(tag).is_ok(), "{tag}");
        }
        for text in ["", "e", "english", "en-", "en-x", "en_US", "é"] {
            assert!(language_tag(text).is_err(), "{text}");
        }
    }
}
