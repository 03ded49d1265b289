//! Metrics in Prometheus' text format, served by a route of ours. Times are histograms with the same
//! buckets everywhere, so that they can be added up over processes.

mod process;

use std::{sync::OnceLock, time::Duration};

use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::Instant;

use crate::{Shutdown, Worker};

/// The upper bounds of the buckets of everything that is measured in seconds.
const SECONDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// The upper bounds of the buckets of everything else, which is counted.
const COUNTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// How often what was recorded is sorted into the buckets; until then it takes memory.
const UPKEEP: Duration = Duration::from_secs(2);

static INSTALLED: OnceLock<Installed> = OnceLock::new();

struct Installed {
    handle: PrometheusHandle,
    since: Instant,
}

/// Collects metrics from now on. Called again, it does nothing.
///
/// # Errors
/// When another recorder is installed.
pub fn install() -> Result<(), BuildError> {
    if INSTALLED.get().is_some() {
        return Ok(());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets(&COUNTS)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    INSTALLED.get_or_init(|| Installed { handle, since: Instant::now() });
    Ok(())
}

/// Keeps the memory that metrics take bounded; run it where they are installed.
#[must_use]
pub fn upkeep() -> Worker {
    Worker::new("metrics", |shutdown: Shutdown| async move {
        while shutdown.pause(UPKEEP).await {
            if let Some(installed) = INSTALLED.get() {
                installed.handle.run_upkeep();
            }
        }
    })
}

/// Everything collected, with the process's own figures; empty when nothing is installed.
#[must_use]
pub fn render() -> String {
    let Some(installed) = INSTALLED.get() else { return String::new() };
    let mut text = installed.handle.render();
    process::render(&mut text, installed.since.elapsed());
    text
}

/// [`render`] as an answer.
pub fn response() -> Response {
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(axum::http::header::CONTENT_TYPE, content_type)], render()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_shown() {
        install().expect("the only recorder of this test program");
        install().expect("again is nothing");
        metrics::counter!("things_total", "kind" => "a").increment(3);
        metrics::histogram!("thing_seconds").record(0.003);

        metrics::histogram!("thing_size").record(3.0);

        let text = render();

        assert!(text.contains("thing_size_bucket{le=\"4\"} 1"), "{text}");
        assert!(text.contains("things_total{kind=\"a\"} 3"), "{text}");
        assert!(text.contains("thing_seconds_bucket{le=\"0.005\"} 1"), "{text}");
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }
}
