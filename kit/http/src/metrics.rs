//! A route's counters and times. Handles are looked up once and kept, so that a request costs a few
//! atomic additions. Routes are patterns (`/products/{id}`), never paths: their number is fixed.

use std::{
    sync::{OnceLock, PoisonError, RwLock},
    time::Duration,
};

use http::{Method, StatusCode};
use metrics::{Counter, Histogram};

/// The metrics of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    service: &'static str,
    seconds: OnceLock<Histogram>,
    counters: RwLock<Vec<Slot>>,
}

struct Slot {
    method: &'static str,
    status: StatusCode,
    counter: Counter,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.status)
    }
}

impl RouteMetrics {
    pub(crate) fn new(service: &'static str) -> Self {
        Self { service, seconds: OnceLock::new(), counters: RwLock::new(Vec::new()) }
    }

    /// Who answers.
    pub(crate) fn service(&self) -> &'static str {
        self.service
    }

    /// Counts an answer. Handles are made at the first one, when the recorder is installed.
    pub(crate) fn record(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let method = method_label(method);
        let seconds = self.seconds.get_or_init(|| {
            metrics::histogram!("http_request_seconds", "service" => self.service, "route" => route.to_owned())
        });
        seconds.record(elapsed.as_secs_f64());
        let same = |slot: &&Slot| slot.status == status && slot.method == method;
        let counters = self.counters.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = counters.iter().find(same) {
            slot.counter.increment(1);
            return;
        }
        drop(counters);
        let counter = metrics::counter!(
            "http_requests_total", "service" => self.service, "route" => route.to_owned(),
            "method" => method, "status" => status.as_u16().to_string(),
        );
        counter.increment(1);
        let mut counters = self.counters.write().unwrap_or_else(PoisonError::into_inner);
        if !counters.iter().any(|slot| same(&slot)) {
            counters.push(Slot { method, status, counter });
        }
    }
}

/// A client may invent methods; the metrics do not follow it.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
