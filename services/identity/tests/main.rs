//! What is asked of identity from outside.

mod addresses;
mod email;
mod http;
mod passwords;
mod profile;
mod sessions;
mod staff;
mod store;
mod store_secrets;
mod support;
