//! What each command does. The ones that need a shop go through [`crate::session`]: the running one
//! when there is one, else one started for them.

mod admin;
mod audit;
mod backup;
mod import;
mod openapi;
mod restore;
mod up;

pub use admin::create_admin;
pub use audit::audit;
pub use backup::backup;
pub use import::import;
pub use openapi::print_openapi;
pub use restore::restore;
pub use up::up;
