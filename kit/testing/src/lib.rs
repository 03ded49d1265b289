//! What tests stand on: every database engine, actors who speak HTTP, a network that fails on demand,
//! waiting without sleeping, and seeds that are printed when a test fails. It must never name a
//! service, and never be part of the program. Start with [`Actor`] and [`engines`].

mod actor;
mod eventually;
pub mod faults;
mod locked;
mod repeat;
mod reply;
mod seed;

pub use actor::{Actor, Draft};
pub use eventually::eventually;
pub use locked::Locked;
pub use repeat::repetitions;
pub use reply::Reply;
pub use seed::Seed;
pub use techtrove_db::testing::{TestDb, engines, engines_with, sqlite_file, sqlite_inline};
