//! Cuts the stream of an import into chunks of whole lines, so that no more than one chunk is ever
//! held, and each is one transaction's work. A line that is too long is kept only so far that its
//! reader sees that it is. Where a record ends is decided in `record.rs`.

use std::borrow::Cow;

use super::record::{End, Place, Scan, split_csv, split_record};

/// The longest line, in bytes: any product that there can be is shorter as a line of an export.
pub(super) const MAX_LINE: usize = 1_024 * 1_024;

/// How many lines with something in them make a chunk, unless it is to be of fewer.
pub const CHUNK_LINES: u64 = 200;

/// How many bytes make a chunk, whatever its lines.
const BYTES: usize = 256 * 1_024;

/// How the lines of an import are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, one value per line.
    Ndjson,
    /// Records of RFC 4180.
    Csv,
}

/// Some lines of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Counts the chunks, from 0.
    pub number: i64,
    /// The number of its first line, from 1.
    pub first_line: i64,
    /// How many of its lines have something in them.
    pub filled: i64,
    /// The lines with their breaks.
    pub data: Vec<u8>,
}

/// Cuts a stream of bytes into chunks.
#[derive(Debug)]
pub struct Chunker {
    format: Format,
    /// How many lines with something in them make a chunk.
    lines: u64,
    next_number: i64,
    first_line: i64,
    /// Line breaks in the records of this chunk.
    breaks: i64,
    filled: u64,
    /// The record that is being read.
    scan: Scan,
    /// Where it begins in `data`.
    begins: usize,
    data: Vec<u8>,
}

impl Chunker {
    /// Cuts what is written so.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            lines: CHUNK_LINES,
            next_number: 0,
            first_line: 1,
            breaks: 0,
            filled: 0,
            scan: Scan::new(format),
            begins: 0,
            data: Vec::new(),
        }
    }

    /// The same, with so many lines in a chunk.
    #[must_use]
    pub fn of_lines(self, lines: u64) -> Self {
        Self { lines, ..self }
    }

    /// Takes the next bytes, and gives the chunks that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Chunk> {
        let mut complete = Vec::new();
        // What is read again comes before what follows it.
        let mut parts = vec![(Cow::Borrowed(bytes), 0)];
        while let Some((part, at)) = parts.pop() {
            let Some(rest) = part.get(at..).filter(|rest| !rest.is_empty()) else { continue };
            let room = (MAX_LINE + 1).saturating_sub(self.scan.read().length);
            let (read, end) = self.scan.advance(rest);
            // One byte more than a line may have is kept of a longer one, as a mark.
            self.data.extend_from_slice(rest.get(..read.min(room)).unwrap_or(rest));
            parts.push((part, at + read));
            match end {
                None => continue,
                Some(End::Whole) if read > room => self.data.push(b'\n'),
                Some(End::Whole) => {}
                Some(End::Torn(place)) => parts.push((Cow::Owned(self.tear(place)), 0)),
            }
            if end == Some(End::Whole) {
                self.end_record(self.scan.read().breaks);
            }
            if self.filled >= self.lines || self.data.len() >= BYTES {
                complete.push(self.cut());
            }
        }
        complete
    }

    /// The last chunks, if anything is left.
    #[must_use]
    pub fn finish(mut self) -> Vec<Chunk> {
        let mut complete = Vec::new();
        while let Some(place) = self.scan.torn() {
            let again = self.tear(place);
            complete.extend(self.push(&again));
        }
        self.end_record(self.scan.read().breaks);
        if !self.data.is_empty() {
            complete.push(self.cut());
        }
        complete
    }

    /// Ends the record at this place of it, and gives what was read behind that.
    fn tear(&mut self, place: Place) -> Vec<u8> {
        let again = self.data.split_off(self.begins.saturating_add(place.length));
        self.end_record(place.breaks);
        again
    }

    fn end_record(&mut self, breaks: i64) {
        let record = self.data.get(self.begins..).unwrap_or_default();
        self.filled += u64::from(!record.trim_ascii().is_empty());
        self.breaks += breaks;
        self.begins = self.data.len();
        self.scan = Scan::new(self.format);
    }

    fn cut(&mut self) -> Chunk {
        let chunk = Chunk {
            number: self.next_number,
            first_line: self.first_line,
            filled: i64::try_from(self.filled).unwrap_or(i64::MAX),
            data: std::mem::take(&mut self.data),
        };
        self.next_number += 1;
        self.first_line += self.breaks;
        (self.breaks, self.filled, self.begins) = (0, 0, 0);
        chunk
    }
}

/// The lines of a chunk that have something in them, each with its number.
pub fn lines(chunk: &Chunk) -> impl Iterator<Item = (i64, &[u8])> {
    (chunk.first_line..)
        .zip(chunk.data.split(|&byte| byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// The records of a chunk of CSV that have something in them, each with the number of its first line.
pub fn records(chunk: &Chunk) -> impl Iterator<Item = (i64, &[u8])> {
    let first = chunk.first_line;
    split_csv(&chunk.data).map(move |(breaks, record)| (first.saturating_add(breaks), record))
}

/// Takes the first record of an import in CSV, which names the columns, out of its first chunk; none
/// where nothing is in it.
pub fn take_header(chunk: &mut Chunk) -> Option<Vec<u8>> {
    loop {
        let (record, behind, breaks) = split_record(&chunk.data)?;
        let (header, behind) = (record.to_vec(), behind.to_vec());
        chunk.first_line += breaks;
        chunk.data = behind;
        if !header.trim_ascii().is_empty() {
            chunk.filled -= 1;
            return Some(header);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The numbered lines that come out of `input`, pushed in pieces of `step` bytes.
    fn through(input: &[u8], step: usize) -> Vec<(i64, Vec<u8>)> {
        let mut chunker = Chunker::new(Format::Ndjson);
        let mut chunks: Vec<Chunk> =
            input.chunks(step.max(1)).flat_map(|piece| chunker.push(piece)).collect();
        chunks.extend(chunker.finish());
        assert!(chunks.iter().enumerate().all(|(n, chunk)| i64::try_from(n) == Ok(chunk.number)));
        for chunk in &chunks {
            assert_eq!(i64::try_from(lines(chunk).count()), Ok(chunk.filled));
        }
        chunks.iter().flat_map(|c| lines(c).map(|(n, line)| (n, line.to_vec()))).collect()
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_the_next_is_whole() {
        let input = [&vec![b'x'; 3 * MAX_LINE][..], b"\n\nnext"].concat();

        let lines = through(&input, 1_000);

        assert_eq!(
            lines.iter().map(|(n, line)| (*n, line.len())).collect::<Vec<_>>(),
            [(1, MAX_LINE + 1), (3, 4)]
        );
    }

    #[test]
    fn a_stream_of_line_breaks_is_cut_too() {
        let mut chunker = Chunker::new(Format::Ndjson);

        let chunks = chunker.push(&vec![b'\n'; 3 * BYTES]);

        assert_eq!(chunks.len(), 3);
        assert!(chunks.iter().all(|chunk| chunk.filled == 0));
    }

    /// The numbered records that come out of `input`, pushed in pieces of `step` bytes.
    fn through_csv(input: &[u8], step: usize) -> Vec<(i64, Vec<u8>)> {
        let mut chunker = Chunker::new(Format::Csv);
        let mut chunks: Vec<Chunk> =
            input.chunks(step.max(1)).flat_map(|piece| chunker.push(piece)).collect();
        chunks.extend(chunker.finish());
        for chunk in &chunks {
            assert_eq!(i64::try_from(records(chunk).count()), Ok(chunk.filled));
        }
        chunks.iter().flat_map(|c| records(c).map(|(n, record)| (n, record.to_vec()))).collect()
    }

    /// What comes of a record with an open quote on line 3 and 400 good ones behind it.
    fn torn(good: &str) -> Vec<(i64, Vec<u8>)> {
        let input = ["a,1\n\"b\n\",\"c\n", &good.repeat(400), "last,1"].concat();
        through_csv(input.as_bytes(), 1_000)
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_record_alone() {
        let long = format!("{}\n", "y".repeat(5_000));
        for good in
            ["x,1\n", "x,\"1\"\n", "x,\"1 \"\"2\"\"\"\r\n", "x,\"1\",\"2\"\n", long.as_str()]
        {
            let records = torn(good);

            let lines: Vec<i64> = records.iter().map(|(line, _)| *line).collect();
            let expected: Vec<i64> = [1, 2].into_iter().chain(4..=404).collect();
            assert_eq!(lines, expected, "{:.20}", good);
            assert_eq!(records.get(1).map(|(_, it)| it.as_slice()), Some(&b"\"b\n\",\"c"[..]));
        }
    }

    #[test]
    fn a_chunk_is_read_as_it_was_cut_however_long_the_quote_was_open() {
        let input = ["\"a\n", &"b\n".repeat(MAX_LINE), "\"c\",d"].concat();

        let records = through_csv(input.as_bytes(), 65_536);

        assert_eq!(records.len(), MAX_LINE + 2);
        assert_eq!(records.last(), Some(&(1_048_578, b"\"c\",d".to_vec())));
    }

    #[test]
    fn the_header_is_taken_out_of_the_first_chunk() {
        let mut chunker = Chunker::new(Format::Csv);
        assert!(chunker.push(b"\n\"sku\n\",name\r\nA,B\n").is_empty());
        let mut chunk = chunker.finish().pop().expect("a chunk");

        let header = take_header(&mut chunk).expect("a header");

        assert_eq!(header, b"\"sku\n\",name\r");
        assert_eq!((chunk.filled, records(&chunk).collect()), (1, vec![(4, &b"A,B"[..])]));
    }

    proptest! {
        #[test]
        fn records_are_the_same_however_they_arrive(input in "[\",\n\r a]{0,60}", step in 1_usize..20) {
            let whole: Vec<(i64, Vec<u8>)> = split_csv(input.as_bytes())
                .map(|(breaks, record)| (breaks + 1, record.to_vec()))
                .collect();
            prop_assert_eq!(through_csv(input.as_bytes(), step), whole);
        }

        #[test]
        fn no_record_is_lost_or_renumbered(cells in prop::collection::vec("[a\r \n]{0,3}", 0..700), step in 1_usize..50) {
            let mut line = 1;
            let mut expected = Vec::new();
            let mut input = String::new();
            for cell in &cells {
                let record = format!("x,\"{cell}\"");
                expected.push((line, record.clone().into_bytes()));
                line += 1 + i64::try_from(cell.matches('\n').count()).expect("few");
                input.push_str(&record);
                input.push('\n');
            }

            prop_assert_eq!(through_csv(input.as_bytes(), step), expected);
        }

        #[test]
        fn no_line_is_lost_or_renumbered(lines in prop::collection::vec("[a\\r ]{0,3}", 0..700), step in 1_usize..50) {
            let input = lines.join("\n");

            let expected: Vec<(i64, Vec<u8>)> = (1..)
                .zip(&lines)
                .filter(|(_, line)| !line.trim_ascii().is_empty())
                .map(|(number, line)| (number, line.clone().into_bytes()))
                .collect();
            prop_assert_eq!(through(input.as_bytes(), step), expected);
        }
    }
}
