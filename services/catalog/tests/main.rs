//! What is asked of the catalogue from outside.

mod collections;
mod dry_runs;
mod hostile;
mod http;
mod images;
mod import_rules;
mod imports;
mod lists;
mod reach;
mod sales;
mod store;
mod support;
