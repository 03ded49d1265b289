//! What is asked of the sandbox from outside.

mod http;
mod store;
mod stripe;
mod support;
mod webhooks;
