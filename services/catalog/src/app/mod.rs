//! The catalogue's use cases, one file each: read the time and make ids first, then decide and store
//! in one transaction, events included. Other services are asked only outside of transactions.

mod add_up_sales;
mod archive_product;
mod change_category;
mod check_products;
mod collections;
mod create_product;
mod edit_product;
mod export_products;
mod import_lines;
mod note_availability;
mod note_rating;
mod note_sales;
mod read_categories;
mod read_job;
mod read_products;
mod receive_import;
mod recent;
mod rehearse;
mod resolve_skus;
mod run_imports;
mod save;
mod tell_anew;
mod tell_inventory;

pub use add_up_sales::add_up_sales;
pub use archive_product::archive_product;
pub use change_category::{create_category, delete_category, edit_category};
pub use check_products::are_within;
pub use collections::{
    create_collection, delete_collection, edit_collection, get_collection, list_collections,
};
pub use create_product::create_product;
pub use edit_product::edit_product;
pub use export_products::begin_export;
pub use note_availability::note_availability;
pub use note_rating::note_rating;
pub use note_sales::note_sales;
pub use read_categories::{category_tree, get_category};
pub use read_job::{JobReport, cancel_import, get_job};
pub use read_products::{ReadyPage, ReadyProduct, get_product, list_products};
pub use receive_import::{ImportAccepted, ImportKey, ImportManner, receive_import};
pub use recent::Recent;
pub use resolve_skus::resolve_skus;
pub use run_imports::run_imports;
pub use tell_anew::tell_anew;

use std::sync::Arc;

use techtrove_bus::{AggregateRef, EventContext, EventKind, NewEvent};
use techtrove_catalog_api::{
    CATEGORY_AGGREGATE, CATEGORY_PLACED, CategoryPlaced, PRODUCT_AGGREGATE, ProductChanged,
};
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_inventory_api::InventoryClient;
use tokio::sync::Notify;

use crate::{
    Config,
    domain::{Category, Fresh, Product, Status},
};

/// What the use cases work with.
#[derive(Clone, Debug)]
pub struct App {
    /// The catalogue's own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Keeps the stock that an import carries.
    pub inventory: InventoryClient,
    /// Products read a moment ago, by the id or slug they were asked for.
    pub recent_products: Recent<ReadyProduct>,
    /// Pages of lists read a moment ago.
    pub recent_pages: Recent<ReadyPage>,
    /// Rings when an import has arrived.
    pub import_arrived: Arc<Notify>,
    /// The settings.
    pub config: Config,
}

impl App {
    /// What a change with this many variants needs from outside.
    fn fresh(&self, variants: usize) -> Fresh {
        Fresh {
            now: self.clock.now(),
            product: self.ids.next(),
            variants: (0..variants).map(|_| self.ids.next()).collect(),
        }
    }

    /// Id, time and trace of an event to be recorded.
    fn event_context(&self) -> EventContext {
        EventContext::new(&*self.clock, &*self.ids).in_trace(techtrove_http::current_traceparent())
    }
}

/// What the others are told of a product as it is now.
fn told_of(product: &Product) -> ProductChanged {
    ProductChanged {
        product_id: product.id,
        version: product.version,
        skus: product.skus(),
        fulfilment: product.fulfilment,
        on_sale: product.status == Status::Active,
        category_id: product.category_id,
    }
}

/// The event that tells so.
fn product_event(kind: EventKind, product: &Product) -> NewEvent {
    NewEvent {
        kind,
        aggregate: AggregateRef::new(PRODUCT_AGGREGATE, product.id),
        data: serde_json::json!(told_of(product)),
    }
}

/// The event that tells where a category stands now.
fn category_event(category: &Category) -> NewEvent {
    let placed = CategoryPlaced { category_id: category.id, parent_id: category.parent_id };
    NewEvent {
        kind: CATEGORY_PLACED,
        aggregate: AggregateRef::new(CATEGORY_AGGREGATE, category.id),
        data: serde_json::json!(placed),
    }
}
