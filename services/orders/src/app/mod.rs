//! Orders' use cases, one file each. A neighbour is never called inside a transaction, and no step is
//! taken before it is stored.

mod adopt_orders;
mod answer;
mod ask_return;
mod asked;
mod audit;
mod cancel_order;
mod cart_access;
mod cart_answer;
mod change_cart;
mod check_reach;
mod checkout_cart;
mod claim_cart;
mod create_cart;
mod drive;
mod drivers;
mod earlier;
mod edit_order;
mod hub;
mod issue_ticket;
mod licence_keys;
mod list_orders;
mod mail;
mod move_order;
mod move_return;
mod neighbours;
mod own_address;
mod payment_news;
mod place_order;
mod prune_carts;
mod quote_cart;
mod receive_return;
mod recover;
mod refund_news;
mod refund_order;
mod reorder;
mod sellable;
mod ship_order;
mod show_cart;
mod show_order;
mod track_order;

pub use answer::OrderBody;
pub use cart_answer::CartBody;
pub use drivers::{Drivers, drivers_worker};
pub use hub::{Hub, Watch};
pub use issue_ticket::tickets_worker;
pub use prune_carts::{cart_pruner, prune_carts};
pub use quote_cart::QuoteBody;
pub use recover::{recover_due, recovery_worker};
pub use reorder::ReorderBody;

pub(crate) use adopt_orders::adopt_orders;
pub(crate) use answer::{Placed, RefundBody, ReturnBody, with_guest_token};
pub(crate) use ask_return::{AskReturn, ask_return};
pub(crate) use audit::{list_entries, list_parcels, list_purchases};
pub(crate) use cancel_order::{CancelOrder, Cancelled, cancel_order};
pub(crate) use cart_access::Shopper;
pub(crate) use cart_answer::{CartAnswer, location as cart_location};
pub(crate) use change_cart::{add_item, remove_item, set_quantity};
pub(crate) use check_reach::{check_order, check_parcel, check_return};
pub(crate) use checkout_cart::checkout_cart;
pub(crate) use claim_cart::claim_cart;
pub(crate) use create_cart::create_cart;
pub(crate) use edit_order::{edit_order, may_edit};
pub(crate) use issue_ticket::issue_ticket;
pub(crate) use licence_keys::{keys_for, licence_keys};
pub(crate) use list_orders::{WantedOrders, list_orders};
pub(crate) use mail::order_for_mail;
pub(crate) use move_order::{deliver_order, process_order};
pub(crate) use move_return::{approve_return, reject_return};
pub(crate) use neighbours::PaymentToken;
pub(crate) use own_address::{Addressed, to_own_address};
pub(crate) use payment_news::take_payment_news;
pub(crate) use place_order::{Buyer, PlaceOrder, place_order};
pub(crate) use quote_cart::quote_cart;
pub(crate) use receive_return::{ReceiveReturn, Received, receive_return};
pub(crate) use refund_news::take_refund_news;
pub(crate) use refund_order::{RefundOrder, refund_order};
pub(crate) use reorder::reorder;
pub(crate) use ship_order::{ShipOrder, ship_order};
pub(crate) use show_cart::{current_cart, show_cart};
pub(crate) use show_order::{Viewer, show_order};
pub(crate) use track_order::{OrderStream, Pass, track_order};

use std::sync::Arc;

use techtrove_catalog_api::CatalogClient;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::{GuestKey, IdentityClient};
use techtrove_inventory_api::InventoryClient;
use techtrove_payments_api::PaymentsClient;
use tokio::sync::Semaphore;

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
    /// Tells whoever watches an order that it changed.
    pub hub: Arc<Hub>,
    /// Room for streams.
    pub streams: Arc<Semaphore>,
    /// The settings.
    pub config: Config,
}
