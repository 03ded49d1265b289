//! What is asked of inventory from outside.

mod book;
mod http;
mod keys;
mod ledger;
mod model;
mod offers;
mod returns;
mod store;
mod support;
