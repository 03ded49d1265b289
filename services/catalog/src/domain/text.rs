//! Texts that people write. Control characters never get in: they break terminals, mails and
//! databases (PostgreSQL refuses NUL).

/// The text cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Of a text on one line.
    #[error("must have 1 to {0} characters, on one line and without control characters")]
    Line(usize),
    /// Of a text with paragraphs.
    #[error("must have at most {0} characters, without control characters other than line breaks")]
    Paragraphs(usize),
}

/// Line and paragraph separator (Unicode 5.8): line breaks that are no control characters.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// A text on one line, without the blanks around it, 1 to `max` characters.
pub fn line(text: &str, max: usize) -> Result<String, InvalidText> {
    let text = text.trim();
    let breaks = |c: char| c.is_control() || SEPARATORS.contains(&c);
    if text.is_empty() || text.chars().count() > max || text.contains(breaks) {
        return Err(InvalidText::Line(max));
    }
    Ok(text.to_owned())
}

/// A text of any number of lines, at most `max` characters; nothing when it is blank.
pub fn paragraphs(text: &str, max: usize) -> Result<Option<String>, InvalidText> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let refused = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.chars().count() > max || text.contains(refused) {
        return Err(InvalidText::Paragraphs(max));
    }
    Ok(Some(text).filter(|text| !text.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_has_no_breaks() {
        assert_eq!(line("  GeForce RTX ", 100).as_deref(), Ok("GeForce RTX"));
        assert_eq!(line(&"ü".repeat(5), 5).as_deref(), Ok("üüüüü"));
        for text in ["", "   ", "a\nb", "a\0b", "a\u{2028}b", "a\u{85}b", "toolong"] {
            assert_eq!(line(text, 5), Err(InvalidText::Line(5)), "{text:?}");
        }
    }

    #[test]
    fn paragraphs_keep_their_breaks() {
        assert_eq!(paragraphs("a\r\n\tb\n", 10), Ok(Some("a\n\tb".to_owned())));
        assert_eq!(paragraphs(" \n ", 10), Ok(None));
        for text in ["a\0", "\u{1b}[31m", "a very long text"] {
            assert_eq!(paragraphs(text, 10), Err(InvalidText::Paragraphs(10)), "{text:?}");
        }
    }
}
