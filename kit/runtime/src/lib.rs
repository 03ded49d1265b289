//! What runs services: settings, logs, metrics, workers, readiness, and an orderly end. It must never
//! know which services there are. A service's author needs [`Service`], [`Worker`] and [`Readiness`];
//! the program starts with [`telemetry::init`], [`settings::load`] and [`Lifecycle`].

mod health;
mod keys;
mod lifecycle;
mod parked;
mod process;
mod readiness;
mod service;
mod shutdown;
mod traced;
mod wholeness;
mod worker;

pub mod metrics;
pub mod settings;
pub mod telemetry;

pub use health::{detailed_health, public_health};
pub use keys::prune_idempotency_keys;
pub use lifecycle::Lifecycle;
pub use process::{give_memory_back, settle_in};
pub use readiness::{CheckResult, Readiness, Report};
pub use service::{BuildError, Service};
pub use shutdown::Shutdown;
pub use traced::traced;
pub use wholeness::look_through;
pub use worker::{Outcome, Worker};
