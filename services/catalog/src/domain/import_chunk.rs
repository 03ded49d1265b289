//! Cuts the stream of an import into chunks of whole lines, so that no more than one chunk is ever
//! held, and each is one transaction's work. A line that is too long is kept only so far that its
//! reader sees that it is.

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 256 * 1_024;

/// How many lines with something in them make a chunk.
const LINES: u64 = 200;

/// How many bytes make a chunk, whatever its lines.
const BYTES: usize = 256 * 1_024;

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
    next_number: i64,
    first_line: i64,
    /// Line breaks seen in this chunk.
    breaks: i64,
    filled: u64,
    /// Bytes of the line that is being read, those left out included.
    line: usize,
    /// Whether that line has something in it.
    line_filled: bool,
    data: Vec<u8>,
}

impl Default for Chunker {
    fn default() -> Self {
        Self {
            next_number: 0,
            first_line: 1,
            breaks: 0,
            filled: 0,
            line: 0,
            line_filled: false,
            data: Vec::new(),
        }
    }
}

impl Chunker {
    /// Takes the next bytes, and gives the chunks that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Chunk> {
        let mut complete = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.extend_line(piece);
            if piece.ends_with(b"\n") {
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
        self.line = self.line.saturating_add(text.len());
        self.line_filled = self.line_filled || !text.trim_ascii().is_empty();
    }

    fn end_line(&mut self) {
        self.filled += u64::from(self.line_filled);
        self.breaks += 1;
        (self.line, self.line_filled) = (0, false);
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

/// The lines of a chunk that have something in them, each with its number.
pub fn lines(chunk: &Chunk) -> impl Iterator<Item = (i64, &[u8])> {
    (chunk.first_line..)
        .zip(chunk.data.split(|&byte| byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The numbered lines that come out of `input`, pushed in pieces of `step` bytes.
    fn through(input: &[u8], step: usize) -> Vec<(i64, Vec<u8>)> {
        let mut chunker = Chunker::default();
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
        let mut chunker = Chunker::default();

        let chunks = chunker.push(&vec![b'\n'; 3 * BYTES]);

        assert_eq!(chunks.len(), 3);
        assert!(chunks.iter().all(|chunk| chunk.filled == 0));
    }

    proptest! {
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
