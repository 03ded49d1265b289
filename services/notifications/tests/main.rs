//! What is asked of notifications from outside.

mod desk;
mod http;
mod links;
mod smtp;
mod store;
mod support;
