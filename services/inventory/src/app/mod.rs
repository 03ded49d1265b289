//! Inventory's use cases, one file each. Every change is one transaction: what is known is locked in
//! SKU order, `crate::domain` decides, and the change, its movements and its events are stored together.

mod add_keys;
mod adjust_stock;
mod audit;
mod change_reservation;
mod edit_stock;
mod expire_holds;
mod hold;
mod make_known;
mod move_stock;
mod read_stock;
mod save;
mod set_stock;
mod ship;
mod take_back;

pub use add_keys::{AddedKeys, KeyDelivery, add_keys};
pub use adjust_stock::{Adjusted, Adjustment, adjust_stock};
pub use audit::{audit_parcels, audit_reservations, audit_returns, audit_stock};
pub use change_reservation::change_reservation;
pub use edit_stock::{StockEdit, edit_stock};
pub use expire_holds::expire_holds;
pub use hold::{NewHold, hold};
pub use make_known::make_known;
pub use read_stock::{
    get_stock, list_availability, list_movements, list_on_hand, list_sold_keys, list_stock,
};
pub use set_stock::{MAX_ITEMS, set_stock, try_stock};
pub use ship::ship;
pub use take_back::take_back;

use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;

/// What the use cases work with.
#[derive(Clone, Debug)]
pub struct App {
    /// Inventory's own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
}
