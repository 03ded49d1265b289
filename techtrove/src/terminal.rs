//! What a command tells the person who called it.

use std::fmt;
use std::io::{self, Write as _};

/// Writes a line to standard output. Whoever has stopped reading it, such as `head`, is no reason for
/// the shop to end.
pub(crate) fn say(line: impl fmt::Display) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}
