//! A client's counters and times. Handles are looked up once and kept, so that a call costs a few
//! atomic additions.

use std::{fmt, sync::OnceLock, time::Duration};

use metrics::{Counter, Histogram};

use super::{Answer, ClientError};

/// What became of a call, as its counter is labelled.
const OUTCOMES: [&str; 6] = ["ok", "failed", "refused", "timeout", "unavailable", "malformed"];

/// The metrics of the calls to one service.
#[derive(Default)]
pub(super) struct CallMetrics {
    seconds: OnceLock<Histogram>,
    outcomes: [OnceLock<Counter>; OUTCOMES.len()],
}

impl CallMetrics {
    /// Counts a call. Handles are made at the first one, when the recorder is installed.
    pub(super) fn record(
        &self,
        callee: &'static str,
        took: Duration,
        outcome: &Result<Answer, ClientError>,
    ) {
        let label = label(outcome);
        let slots = OUTCOMES.iter().zip(&self.outcomes);
        for (_, slot) in slots.filter(|(outcome, _)| **outcome == label) {
            let made =
                || metrics::counter!("client_calls_total", "callee" => callee, "outcome" => label);
            slot.get_or_init(made).increment(1);
        }
        let made = || metrics::histogram!("client_call_seconds", "callee" => callee);
        self.seconds.get_or_init(made).record(took.as_secs_f64());
    }
}

impl fmt::Debug for CallMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallMetrics").finish_non_exhaustive()
    }
}

fn label(outcome: &Result<Answer, ClientError>) -> &'static str {
    match outcome {
        Ok(answer) if answer.status.is_success() => "ok",
        Ok(answer) if answer.status.is_server_error() => "failed",
        Ok(_) | Err(ClientError::Refused(_)) => "refused",
        Err(ClientError::Timeout { .. }) => "timeout",
        Err(ClientError::Unavailable { .. }) => "unavailable",
        Err(ClientError::Malformed { .. }) => "malformed",
    }
}
