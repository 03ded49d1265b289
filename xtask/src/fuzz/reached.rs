//! What the answers of a run were, by operation: read from schemathesis's report of events, one JSON
//! object a line.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use anyhow::Context;
use serde::Deserialize;

/// The operations that the fuzzer cannot reach, since it has neither the provider's key nor the mail, and is
/// one person, who does not vote on their own reviews.
const OUT_OF_REACH: [&str; 10] = [
    "POST /api/v1/auth/verify-email",
    "POST /api/v1/auth/reset-password",
    "POST /api/v1/payments/webhooks/{provider}",
    "PUT /api/v1/reviews/{id}/vote",
    "GET /api/v1/notifications/unsubscribe",
    "POST /api/v1/notifications/unsubscribe",
    "GET /verify-email",
    "POST /verify-email",
    "GET /reset-password",
    "POST /reset-password",
];

/// The statuses of each operation, by `METHOD /path`.
#[derive(Debug, Default)]
pub(super) struct Reached(BTreeMap<String, BTreeSet<u16>>);

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "ScenarioFinished")]
    scenario: Option<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    recorder: Recorder,
}

#[derive(Deserialize)]
struct Recorder {
    label: String,
    #[serde(default)]
    cases: BTreeMap<String, Case>,
    #[serde(default)]
    interactions: BTreeMap<String, Interaction>,
}

#[derive(Deserialize)]
struct Case {
    value: Call,
}

#[derive(Deserialize)]
struct Call {
    method: String,
    path: String,
}

#[derive(Deserialize)]
struct Interaction {
    response: Option<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    status_code: u16,
}

impl Reached {
    /// Adds what a report tells.
    ///
    /// # Errors
    /// When there is no such report, or it is not one of schemathesis's.
    pub(super) fn read(&mut self, report: &Path) -> anyhow::Result<()> {
        let text = fs::read_to_string(report).context("cannot read schemathesis's report")?;
        for line in text.lines() {
            let event: Event = serde_json::from_str(line).context("cannot read an event")?;
            if let Some(Scenario { recorder }) = event.scenario {
                self.add(recorder);
            }
        }
        Ok(())
    }

    fn add(&mut self, recorder: Recorder) {
        // A scenario of one operation bears its name; an operation without an answer must not be missed.
        if recorder.label.contains(" /") {
            self.0.entry(recorder.label).or_default();
        }
        for (id, Case { value: Call { method, path } }) in recorder.cases {
            let answer = recorder.interactions.get(&id).and_then(|found| found.response.as_ref());
            // Methods that a path does not have are tried too, and are no operations.
            let status = answer.map(|answer| answer.status_code).filter(|status| *status != 405);
            if let Some(status) = status {
                self.0.entry(format!("{method} {path}")).or_default().insert(status);
            }
        }
    }

    /// The operations that have never succeeded and could have.
    pub(super) fn missed(&self) -> Vec<&str> {
        let missed = self.0.iter().filter(|(name, statuses)| {
            !OUT_OF_REACH.contains(&name.as_str())
                && !statuses.iter().any(|status| status / 100 == 2)
        });
        missed.map(|(name, _)| name.as_str()).collect()
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.keys().map(String::len).max().unwrap_or_default();
        for (name, statuses) in &self.0 {
            write!(f, "{name:width$} ")?;
            statuses.iter().try_for_each(|status| write!(f, " {status}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"Initialize":{"seed":1}}
{"ScenarioFinished":{"recorder":{"label":"GET /a","cases":{"x":{"value":{"method":"GET","path":"/a"}}},"interactions":{"x":{"response":{"status_code":404}}}}}}
{"ScenarioFinished":{"recorder":{"label":"POST /b","cases":{"w":{"value":{"method":"TRACE","path":"/b"}}},"interactions":{"w":{"response":{"status_code":405}}}}}}
{"ScenarioFinished":{"recorder":{"label":"Stateful tests","cases":{"y":{"value":{"method":"PUT","path":"/c"}},"z":{"value":{"method":"PUT","path":"/c"}}},"interactions":{"y":{"response":{"status_code":204}},"z":{"response":null}}}}}
"#;

    #[test]
    fn what_never_succeeded_is_missed_also_without_an_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let report = folder.path().join("report.ndjson");
        fs::write(&report, REPORT).expect("a file");
        let mut reached = Reached::default();

        reached.read(&report).expect("a report");

        assert_eq!(reached.missed(), ["GET /a", "POST /b"]);
        assert_eq!(reached.to_string(), "GET /a   404\nPOST /b \nPUT /c   204\n");
    }
}
