//! Community's use cases, one file each. Every change is one transaction behind the lock of its
//! customer's row, its product's or its review's; catalog is asked before it, never within.

mod audit;
mod change_favorites;
mod change_review;
mod list_favorites;
mod note_purchases;
mod read_reviews;
mod vote;
mod write_review;

pub use audit::audit_purchases;
pub use change_favorites::{add_favorite, remove_favorite};
pub use change_review::{delete_review, edit_review};
pub use list_favorites::list_favorites;
pub use note_purchases::note_purchases;
pub use read_reviews::{get_review, list_reviews};
pub use vote::{take_vote_back, vote};
pub use write_review::write_review;

use techtrove_bus::EventContext;
use techtrove_catalog_api::CatalogClient;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;

/// What the use cases work with.
#[derive(Clone, Debug)]
pub struct App {
    /// Community's own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Knows which products are on sale.
    pub catalog: CatalogClient,
}

impl App {
    /// Id, time and trace of an event to be recorded.
    fn event_context(&self) -> EventContext {
        EventContext::new(&*self.clock, &*self.ids).in_trace(techtrove_http::current_traceparent())
    }
}
