//! What is asked of community from outside.

mod http;
mod reviews;
mod store;
mod support;
