//! What community shows the others: how a product is rated, and to the audit who bought it. The rules behind it live in
//! `services/community/src/domain`.

mod audit;
mod events;
mod rating;

pub use audit::{CommunityClient, PurchaseEntry};
pub use events::RatingChanged;
pub use rating::average_in_hundredths;

/// The kind of aggregate whose events tell of a product's rating; its id is the product's.
pub const RATING_AGGREGATE: &str = "community.rating";

/// A product is rated otherwise than before; carries [`RatingChanged`].
pub const RATING_CHANGED: &str = "community.rating.changed.v1";
