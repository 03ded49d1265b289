//! CSV after RFC 4180: cells between commas, quoted where they hold commas, quotes or line breaks. A
//! spreadsheet takes a cell that begins like a formula for one; such cells are written behind an
//! apostrophe, as spreadsheets do it themselves, and read without it.

/// Where in a record one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quoting {
    /// At the beginning of a cell.
    #[default]
    Start,
    /// In a cell without quotes, or behind what is no longer one.
    Plain,
    /// Between quotes.
    Quoted,
    /// Behind a quote which ends the cell, or is the first of two.
    Ended,
}

impl Quoting {
    /// Where one is behind `byte`; all bytes with a meaning are ASCII.
    pub(super) fn behind(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Ended,
            (Self::Start | Self::Ended, b'"') | (Self::Quoted, _) => Self::Quoted,
            (_, b',') => Self::Start,
            _ => Self::Plain,
        }
    }

    /// Whether a line break here belongs to a cell.
    pub(super) fn is_open(self) -> bool {
        self == Self::Quoted
    }
}

/// Quotes that do not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unmatched {
    /// What is wrong.
    pub(super) detail: &'static str,
    /// The number of line breaks in the record before the quote opens.
    pub(super) line: i64,
}

/// The cells of one record without its line break.
///
/// # Errors
/// When quotes do not match.
pub(super) fn cells(record: &str) -> Result<Vec<String>, Unmatched> {
    let (mut cells, mut cell, mut at) = (Vec::new(), String::new(), Quoting::Start);
    let (mut breaks, mut line) = (0, 0);
    for c in record.chars() {
        breaks += i64::from(c == '\n');
        if at == Quoting::Start {
            line = breaks;
        }
        // What is no ASCII has no meaning, like any letter.
        let next = at.behind(u8::try_from(c).unwrap_or(b'x'));
        match (at, next) {
            (Quoting::Start, Quoting::Quoted) | (_, Quoting::Ended) => {}
            (Quoting::Ended, Quoting::Plain) => {
                return Err(Unmatched { detail: "text stands behind a closing quote", line });
            }
            (_, Quoting::Start) => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(c),
        }
        at = next;
    }
    if at.is_open() {
        return Err(Unmatched { detail: "a quote that opens here is never closed", line });
    }
    cells.push(cell);
    Ok(cells.into_iter().map(without_guard).collect())
}

/// Adds a record of these cells.
pub(super) fn write_record<'c>(cells: impl IntoIterator<Item = &'c str>, out: &mut String) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let guard = if needs_guard(cell) { "'" } else { "" };
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(guard);
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(guard);
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

/// What begins a formula or a command of some spreadsheet; some see it in full width too.
const SIGNS: [char; 10] = ['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet could take the cell for a formula, or for one behind its apostrophe. Some look
/// behind the blanks that it begins with.
fn needs_guard(cell: &str) -> bool {
    let blank = |c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}';
    cell.starts_with(['\t', '\r', '\n', '\'']) || cell.trim_start_matches(blank).starts_with(SIGNS)
}

fn without_guard(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(text) if needs_guard(text) => text.to_owned(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_spreadsheets_write() {
        for (record, expected) in [
            ("", &[""][..]),
            ("a,b", &["a", "b"]),
            ("a,,", &["a", "", ""]),
            ("\"a,\"\"b\"\"\nc\",d", &["a,\"b\"\nc", "d"]),
            ("27\" monitor,ä", &["27\" monitor", "ä"]),
            ("'=1+1,'tis", &["=1+1", "'tis"]),
        ] {
            assert_eq!(cells(record).expect("a record"), expected, "{record:?}");
        }
        assert_eq!(cells("\"a\n\",\"b\n").map_err(|it| it.line), Err(1));
        assert_eq!(cells("a,\"b").map_err(|it| it.line), Err(0));
        assert_eq!(cells("\"a\"b").map_err(|it| it.line), Err(0));
    }

    #[test]
    fn no_cell_begins_like_a_formula() {
        let mut written = String::new();

        write_record(["=cmd|' /C calc'!A0", "@x", "-1", "\t=1", "'=1", "1-1"], &mut written);

        assert_eq!(written, "'=cmd|' /C calc'!A0,'@x,'-1,'\t=1,''=1,1-1\r\n");
        for cell in
            ["|x", "%0A", "＝1", "＋1", "－1", "＠x", " =1", "\u{3000} +1", "\r\n@x", "\u{feff}=1"]
        {
            let mut written = String::new();
            write_record([cell], &mut written);
            let text = written.trim_start_matches('"');
            assert!(text.starts_with('\''), "{cell:?} is written {written:?}");
        }
    }

    proptest! {
        #[test]
        fn cells_are_read_as_they_were_written(written in prop::collection::vec("[=+@|%＝＋－＠'\",\\-\t\r\na \u{3000}\u{feff}ä]{0,6}", 1..6)) {
            let mut record = String::new();

            write_record(written.iter().map(String::as_str), &mut record);

            let text = record.strip_suffix("\r\n").expect("a line break");
            prop_assert_eq!(cells(text).expect("a record"), written);
        }
    }
}
