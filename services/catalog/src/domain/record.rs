//! Where a record of an import ends. A line of NDJSON is a record; one of CSV goes on behind a line break
//! between quotes. A quote that is never closed would swallow every record up to the next quote, so a record
//! is torn behind the line on which such a quote opens, and what follows is read again from there: where text
//! stands behind the quote that closes on a later line (it was to open the next cell), where the record grows
//! too long, and where everything ends. Both who cuts the stream and who reads a part of it find the same
//! records, whatever of the stream they see at once.

use super::{
    csv::Quoting,
    import_chunk::{Format, MAX_LINE},
};

/// How a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With the line break that was just read.
    Whole,
    /// Behind the line on which the open quote opens; all that was read behind it is read again.
    Torn(Place),
}

/// How far into a record a line of it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its bytes up to there, the line break included.
    pub(super) length: usize,
    /// The line breaks among them.
    pub(super) breaks: i64,
}

/// Reads one record, byte by byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    format: Format,
    quoting: Quoting,
    /// What was read of the record.
    read: Place,
    /// The end of the line on which the last quote opened, if that was before this line.
    opened: Option<Place>,
}

impl Scan {
    /// At the beginning of a record.
    pub(super) fn new(format: Format) -> Self {
        let (quoting, read) = (Quoting::default(), Place { length: 0, breaks: 0 });
        Self { format, quoting, read, opened: None }
    }

    /// How much was read of the record.
    pub(super) fn read(&self) -> Place {
        self.read
    }

    /// Reads on up to the record's end, if that is in `bytes`; tells how many of them were read.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> (usize, Option<End>) {
        for (index, &byte) in bytes.iter().enumerate() {
            if let Some(end) = self.step(byte) {
                return (index + 1, Some(end));
            }
        }
        (bytes.len(), None)
    }

    /// Where the record is torn when nothing follows.
    pub(super) fn torn(&self) -> Option<Place> {
        self.opened.filter(|_| self.quoting.is_open())
    }

    fn step(&mut self, byte: u8) -> Option<End> {
        let (before, long) = (self.quoting, self.read.length >= MAX_LINE);
        self.read.length = self.read.length.saturating_add(1);
        if byte == b'\n' {
            return self.step_line(long);
        }
        if self.format == Format::Ndjson || (before == Quoting::Ended && byte == b'\r') {
            return None;
        }
        self.quoting = before.behind(byte);
        if before == Quoting::Start && self.quoting.is_open() {
            self.opened = None;
        }
        let strays = before == Quoting::Ended && self.quoting == Quoting::Plain;
        let grows = self.quoting.is_open() && long;
        self.opened.filter(|_| strays || grows).map(End::Torn)
    }

    fn step_line(&mut self, long: bool) -> Option<End> {
        self.read.breaks += 1;
        if !self.quoting.is_open() {
            return Some(End::Whole);
        }
        if long {
            return Some(self.opened.map_or(End::Whole, End::Torn));
        }
        self.opened = self.opened.or(Some(self.read));
        None
    }
}

/// The records of `data` that have something in them, each with the number of line breaks before it.
pub(super) fn split_csv(data: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    let (mut rest, mut breaks) = (data, 0);
    let next = move || {
        let (record, behind, within) = split_record(rest)?;
        let before = breaks;
        (rest, breaks) = (behind, breaks + within);
        Some((before, record))
    };
    std::iter::from_fn(next).filter(|(_, record)| !record.trim_ascii().is_empty())
}

/// The first record, what follows it, and how many line breaks end or are in it.
pub(super) fn split_record(data: &[u8]) -> Option<(&[u8], &[u8], i64)> {
    let mut scan = Scan::new(Format::Csv);
    let (read, end) = scan.advance(data);
    let place = match end {
        Some(End::Whole) => Some(Place { length: read, ..scan.read() }),
        Some(End::Torn(place)) => Some(place),
        None => scan.torn(),
    };
    let Some(Place { length, breaks }) = place else {
        return (!data.is_empty()).then_some((data, &[][..], scan.read().breaks));
    };
    let (record, behind) = data.split_at(length);
    Some((record.strip_suffix(b"\n").unwrap_or(record), behind, breaks))
}
