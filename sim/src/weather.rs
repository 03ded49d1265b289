//! Which faults there are just now: how often the network errs, who cannot reach whom, how slow disks
//! are, how often a host goes down at a commit. In fair weather nothing errs; a run begins and ends so.

use std::{collections::BTreeSet, time::Duration};

use techtrove_sandbox::faults::Faults;

/// The faults of a moment.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// How many messages in a thousand meet each of the network's faults.
    pub network: u32,
    /// Messages with these words meet [`FOCUSED`] instead.
    pub focus: Option<&'static str>,
    /// How many messages between hosts in a thousand arrive once more when everything is done.
    pub held_back: u32,
    /// How many commits in a thousand a host does not live through, before it or after it.
    pub commits: u32,
    /// How many transactions in a thousand meet a slow disk.
    pub slow_disk: u32,
    /// What is planned to go wrong at the payment provider.
    pub provider: Faults,
    /// Who cannot reach whom.
    pub cut: BTreeSet<(&'static str, &'static str)>,
}

impl Weather {
    /// How many in a thousand of messages such as this one meet each fault.
    #[must_use]
    pub fn rate(&self, message: &str) -> u32 {
        let focused = self.focus.is_some_and(|words| message.contains(words));
        if focused { FOCUSED } else { self.network }
    }

    /// Whether no message gets from one to the other.
    #[must_use]
    pub fn is_cut(&self, from: &str, to: &str) -> bool {
        self.cut.iter().any(|(a, b)| *a == from && *b == to)
    }
}

/// How many messages in a thousand meet each fault that a run has it in for.
pub const FOCUSED: u32 = 250;

/// How many messages in a thousand are held back while it storms.
pub const HELD_BACK: u32 = 200;

/// How long a disk takes that is slow, at most, in milliseconds.
pub const SLOW_DISK: u64 = 400;

/// How long a message is on its way at most that is late, in milliseconds: longer than anybody waits.
pub const LATE: u64 = 9_000;

/// How long the faults go on.
pub const STORM: Duration = Duration::from_secs(14);
