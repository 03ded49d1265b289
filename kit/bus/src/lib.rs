//! How services tell each other what has happened: events are recorded in the transaction of the
//! change ([`outbox::record`]), relayed after its commit ([`relay`]), kept in order per aggregate,
//! delivered at least once and taken once ([`inbox::first_time`]); what a consumer can't take is
//! parked with its aggregate ([`dead_letters`]). This crate must never know what a shop is, and no
//! event may carry personal data. Start with [`outbox`], then [`Bus`] and [`relay`].

mod aggregate;
mod bus;
pub mod dead_letters;
mod delivery;
mod drain;
mod event;
mod handler;
pub mod inbox;
mod lanes;
mod leases;
mod migrations;
mod options;
pub mod outbox;
mod prune;
mod relay;
mod retry;
mod work;

pub use aggregate::{AggregateRef, PARTITIONS};
pub use bus::{Bus, DuplicateConsumer, Subscription};
pub use delivery::attempt;
pub use drain::drain;
pub use event::{Event, EventContext, EventKind, NewEvent};
pub use handler::{EventHandler, HandlerError, Taken};
pub use inbox::first_time;
pub use migrations::MIGRATIONS;
pub use options::{PruneOptions, RelayOptions};
pub use outbox::{record, record_all};
pub use prune::{Pruned, prune, prune_once};
pub use relay::relay;
pub use retry::RetryPolicy;
