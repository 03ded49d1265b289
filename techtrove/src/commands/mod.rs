//! What each command does. The ones that need a shop go through [`crate::session`]: the running one
//! when there is one, else one started for them.

mod admin;
mod audit;
mod backup;
mod export;
mod import;
mod openapi;
mod restore;
mod up;

pub use admin::create_admin;
pub use audit::audit;
pub use backup::backup;
pub use export::export;
pub use import::import;
pub use openapi::print_openapi;
pub use restore::restore;
pub use up::up;

/// Whether products stand in this file as CSV; else as NDJSON.
fn is_csv(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}
