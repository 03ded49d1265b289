//! Cuts the stream of an import into chunks of whole lines, so that no more than one chunk is ever
//! held, and each is one transaction's work. A line that is too long is kept only so far that its
//! reader sees that it is. In CSV a line is a record: it goes on behind a line break between quotes, but
//! not when it is too long by then, so that a quote which is never closed costs no more than that.

use super::csv::Quoting;

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 256 * 1_024;

/// How many lines with something in them make a chunk.
const LINES: u64 = 200;

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
    next_number: i64,
    first_line: i64,
    /// Line breaks seen in this chunk.
    breaks: i64,
    filled: u64,
    /// Bytes of the line that is being read, those left out included.
    line: usize,
    /// Whether that line has something in it.
    line_filled: bool,
    /// Where in a record of CSV one is.
    quoting: Quoting,
    data: Vec<u8>,
}

impl Chunker {
    /// Cuts what is written so.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            next_number: 0,
            first_line: 1,
            breaks: 0,
            filled: 0,
            line: 0,
            line_filled: false,
            quoting: Quoting::default(),
            data: Vec::new(),
        }
    }

    /// Takes the next bytes, and gives the chunks that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Chunk> {
        let mut complete = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.extend_line(piece);
            if !piece.ends_with(b"\n") {
                continue;
            }
            self.breaks += 1;
            if goes_on(self.quoting, self.line) {
                self.line += 1;
            } else {
                self.end_line();
                if self.filled >= LINES || self.data.len() >= BYTES {
                    complete.push(self.cut());
                }
            }
        }
        complete
    }

    /// The last chunk, if anything is left.
    #[must_use]
    pub fn finish(mut self) -> Option<Chunk> {
        self.filled += u64::from(self.line_filled);
        (!self.data.is_empty()).then(|| self.cut())
    }

    fn extend_line(&mut self, piece: &[u8]) {
        let (text, end) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, &b"\n"[..]),
            None => (piece, &b""[..]),
        };
        // One byte more than a line may have is kept of a longer one, as a mark.
        let room = (MAX_LINE + 1).saturating_sub(self.line);
        self.data.extend_from_slice(text.get(..room).unwrap_or(text));
        self.data.extend_from_slice(end);
        if self.format == Format::Csv {
            self.quoting = text.iter().fold(self.quoting, |at, byte| at.behind(*byte));
        }
        self.line = self.line.saturating_add(text.len());
        self.line_filled = self.line_filled || !text.trim_ascii().is_empty();
    }

    fn end_line(&mut self) {
        self.filled += u64::from(self.line_filled);
        (self.line, self.line_filled, self.quoting) = (0, false, Quoting::default());
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
        (self.breaks, self.filled) = (0, 0);
        chunk
    }
}

/// Whether the record of this many bytes goes on behind a line break.
fn goes_on(quoting: Quoting, length: usize) -> bool {
    quoting.is_open() && length < MAX_LINE
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
fn split_record(data: &[u8]) -> Option<(&[u8], &[u8], i64)> {
    let (mut quoting, mut breaks) = (Quoting::default(), 0);
    for (length, &byte) in data.iter().enumerate() {
        if byte != b'\n' {
            quoting = quoting.behind(byte);
            continue;
        }
        breaks += 1;
        if !goes_on(quoting, length) {
            let (record, behind) = data.split_at(length);
            return Some((record, behind.get(1..).unwrap_or_default(), breaks));
        }
    }
    (!data.is_empty()).then_some((data, &[][..], breaks))
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

    #[test]
    fn a_quote_that_is_never_closed_ends_with_its_line_once_that_is_too_long() {
        let line = [&b"x"[..], &vec![b'y'; 999], b"\n"].concat();
        let input = [&b"a,\"b\n"[..], &line.repeat(300), b"last,1\n"].concat();

        let records = through_csv(&input, 1_000);

        assert!(records.len() > 1, "the rest is not swallowed");
        assert_eq!(records.last(), Some(&(302, b"last,1".to_vec())));
    }

    #[test]
    fn the_header_is_taken_out_of_the_first_chunk() {
        let mut chunker = Chunker::new(Format::Csv);
        assert!(chunker.push(b"\n\"sku\n\",name\r\nA,B\n").is_empty());
        let mut chunk = chunker.finish().expect("a chunk");

        let header = take_header(&mut chunk).expect("a header");

        assert_eq!(header, b"\"sku\n\",name\r");
        assert_eq!((chunk.filled, records(&chunk).collect()), (1, vec![(4, &b"A,B"[..])]));
    }

    proptest! {
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
