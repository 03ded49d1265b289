//! What happened, in order, each with its virtual time: every message, commit and fault. It must hold
//! nothing that differs between two runs of one seed, for its hash is how they are compared.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use sha2::{Digest as _, Sha256};

/// The record of a run.
#[derive(Debug)]
pub struct Trace {
    hash: Sha256,
    lines: u64,
    shown: bool,
    reached: BTreeMap<String, u64>,
}

/// A fact about a whole run that two runs of one seed share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash of all lines.
    pub hash: String,
    /// How many lines there were.
    pub lines: u64,
}

impl Trace {
    /// An empty trace, which is printed as it grows when it is `shown`.
    #[must_use]
    pub fn new(shown: bool) -> Self {
        Self { hash: Sha256::new(), lines: 0, shown, reached: BTreeMap::new() }
    }

    /// Something happened.
    pub fn tell(&mut self, at: Duration, what: &str) {
        let line = format!("{:>4}.{:06} {what}\n", at.as_secs(), at.subsec_micros());
        if self.shown {
            print!("{line}");
        }
        self.hash.update(line.as_bytes());
        self.lines += 1;
    }

    /// Counts that a fault or an edge of a saga was reached.
    pub fn reach(&mut self, what: impl Into<String>) {
        *self.reached.entry(what.into()).or_default() += 1;
    }

    /// What was reached, and how often.
    #[must_use]
    pub fn reached(&self) -> &BTreeMap<String, u64> {
        &self.reached
    }

    /// What the trace comes to.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = String::new();
        for byte in self.hash.clone().finalize() {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Fingerprint { hash, lines: self.lines }
    }
}
