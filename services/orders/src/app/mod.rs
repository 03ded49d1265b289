//! Orders' use cases, one file each. A neighbour is never called inside a transaction, and no step is
//! taken before it is stored.

mod answer;
mod asked;
mod audit;
mod cancel_order;
mod drive;
mod drivers;
mod mail;
mod neighbours;
mod payment_news;
mod place_order;
mod recover;
mod refund_order;
mod ship_order;
mod show_order;
mod watch;

pub use answer::OrderBody;
pub use drivers::{Drivers, drivers_worker};
pub use recover::{recover_due, recovery_worker};
pub use watch::Watch;

pub(crate) use answer::{Placed, RefundBody, ShipmentBody, with_guest_token};
pub(crate) use audit::list_entries;
pub(crate) use cancel_order::{CancelOrder, Cancelled, cancel_order};
pub(crate) use mail::order_for_mail;
pub(crate) use neighbours::PaymentToken;
pub(crate) use payment_news::take_payment_news;
pub(crate) use place_order::{Buyer, PlaceOrder, place_order};
pub(crate) use refund_order::{RefundOrder, refund_order};
pub(crate) use ship_order::{ShipOrder, ship_order};
pub(crate) use show_order::{Viewer, show_order};

use techtrove_catalog_api::CatalogClient;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::{GuestKey, IdentityClient};
use techtrove_inventory_api::InventoryClient;
use techtrove_payments_api::PaymentsClient;

use crate::Config;

/// What the use cases work with.
#[derive(Debug)]
pub struct App {
    /// Orders' own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids and secrets.
    pub ids: SharedIds,
    /// Makes the tokens of guests.
    pub guest_key: GuestKey,
    /// How to write to users.
    pub identity: IdentityClient,
    /// What can be sold, at which price.
    pub catalog: CatalogClient,
    /// Stock.
    pub inventory: InventoryClient,
    /// Money.
    pub payments: PaymentsClient,
    /// The orders being driven.
    pub drivers: Drivers,
    /// Who waits for an order's next step.
    pub watch: Watch,
    /// The settings.
    pub config: Config,
}
