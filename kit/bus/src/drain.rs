//! Relays everything there is, without waiting for anything but the handlers: for tests and
//! simulations, and for a tool that wants an empty outbox. Failed deliveries are repeated at once
//! and then parked.

use std::time::Duration;

use techtrove_db::{Db, DbError};

use crate::{Bus, RelayOptions, RetryPolicy, relay::Relay};

/// Relays the events of all `sources` over `bus` until no outbox holds an unpublished one, also
/// those that handlers record meanwhile. No other relay may run on these databases.
///
/// # Errors
/// What a source's database says.
pub async fn drain(sources: &[(&Db, &RelayOptions)], bus: &Bus) -> Result<(), DbError> {
    loop {
        let mut published = 0;
        for (db, options) in sources {
            published += drain_one(db, options, bus).await?;
        }
        if published == 0 {
            return Ok(());
        }
    }
}

async fn drain_one(db: &Db, options: &RelayOptions, bus: &Bus) -> Result<u64, DbError> {
    let mut options = options.clone();
    options.retry = RetryPolicy::at_once(options.retry.attempts);
    options.linger = Duration::ZERO;
    options.lease = None;
    let mut relay = Relay::new(db.clone(), bus, options);
    loop {
        relay.start_what_is_due();
        if let Some(error) = relay.failure.take() {
            return Err(error);
        }
        if relay.is_done() {
            return Ok(relay.published);
        }
        relay.step().await;
    }
}
