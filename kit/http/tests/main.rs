//! What is asked of servers and clients from outside.

mod client;
mod idempotency;
mod server;
