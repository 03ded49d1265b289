//! What catalog shows the other services: what can be sold at which price, whose products a manager may
//! manage, its events, and the typed client. The rules behind them live in `services/catalog/src/domain`.

mod client;
mod events;
mod ids;
mod reach;
mod sellable;

pub use client::CatalogClient;
pub use events::{CategoryPlaced, ProductChanged};
pub use ids::{CategoryId, CollectionId, JobId, ProductId, VariantId};
pub use reach::{MAX_DEPTH, Reach, ReachRequest};
pub use sellable::{Fulfilment, ResolveSkusRequest, ResolveSkusResponse, SellableSku};

/// The kind of aggregate whose events tell of a product.
pub const PRODUCT_AGGREGATE: &str = "catalog.product";

/// A product was created; carries [`ProductChanged`].
pub const PRODUCT_CREATED: &str = "catalog.product.created.v1";

/// A product was edited, published or archived; carries [`ProductChanged`].
pub const PRODUCT_UPDATED: &str = "catalog.product.updated.v1";

/// The kind of aggregate whose events tell of a category.
pub const CATEGORY_AGGREGATE: &str = "catalog.category";

/// A category was made, or moved; carries [`CategoryPlaced`].
pub const CATEGORY_PLACED: &str = "catalog.category.placed.v1";
