//! What is asked of payments from outside.

mod faults;
mod http;
mod lapse;
mod ledger;
mod locked;
mod model;
mod news;
mod public;
mod refunds;
mod store;
mod stripe;
mod stripe_mock;
mod support;
