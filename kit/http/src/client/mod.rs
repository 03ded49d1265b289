//! Calls another service by typed requests, wherever it runs: today its router in this process. Every
//! call has a deadline, and its answer is bounded. A call runs in a task of its own: a caller that
//! gives up does not stop the callee half-way, and a callee's panic is an answer, as over a network.
//! A callee must never be trusted to be quick. Start with [`Client::local`].

mod answer;
mod error;
mod faults;
mod https;
mod local;
mod metrics;
mod network;
mod request;

pub use answer::Answer;
pub use error::ClientError;
pub use faults::{Call, Fault, Faults};
pub use https::{Https, InvalidOrigin, Origin};
pub use network::{Lost, Network};
pub use request::RequestBuilder;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::Router;
use http::Method;
use tokio::sync::Semaphore;

use crate::guard;
use metrics::CallMetrics;

/// How long a call may take unless it or its client says otherwise.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// How many calls of one client may be on their way; more wait for a place.
const IN_FLIGHT: usize = 1_024;

/// Calls one service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    callee: &'static str,
    transport: Transport,
    deadline: Duration,
    faults: Option<Arc<dyn Faults>>,
    places: Arc<Semaphore>,
    calls: Arc<AtomicU64>,
    metrics: Arc<CallMetrics>,
}

/// How a request gets there.
#[derive(Clone, Debug)]
enum Transport {
    /// The callee's router in this process.
    Local(Router),
    /// To wherever a network takes it.
    Network(Arc<dyn Network>),
}

impl Client {
    /// Calls `callee`, whose routes are `router`, in this process. The router needs no [`guard`].
    #[must_use]
    pub fn local(callee: &'static str, router: Router) -> Self {
        Self::by(callee, Transport::Local(guard(router).with_state(())))
    }

    /// Calls `callee` over `network`.
    #[must_use]
    pub fn over(callee: &'static str, network: Arc<dyn Network>) -> Self {
        Self::by(callee, Transport::Network(network))
    }

    fn by(callee: &'static str, transport: Transport) -> Self {
        Self {
            callee,
            transport,
            deadline: DEFAULT_DEADLINE,
            faults: None,
            places: Arc::new(Semaphore::new(IN_FLIGHT)),
            calls: Arc::default(),
            metrics: Arc::default(),
        }
    }

    /// The same client with another deadline for its calls.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same client on a network that `faults` plays with, for tests.
    #[must_use]
    pub fn with_faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Whom this client calls.
    #[must_use]
    pub fn callee(&self) -> &'static str {
        self.callee
    }

    /// A `GET` of `path`.
    pub fn get(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::GET, path)
    }

    /// A `POST` to `path`.
    pub fn post(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::POST, path)
    }

    /// A `PUT` to `path`.
    pub fn put(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::PUT, path)
    }

    /// A `DELETE` of `path`.
    pub fn delete(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::DELETE, path)
    }

    /// A request to `path`, which is percent-encoded already.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, path)
    }
}
