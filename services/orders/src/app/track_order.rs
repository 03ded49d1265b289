//! Tracks one order: what has become of it so far, and then each change as it comes. The hub tells a
//! stream that there is something, the database what; so nothing is lost, whoever changed the order.
//! What another process has changed is found by looking now and then. A stream holds no task and no
//! buffer: thousands are open at once.

use std::{sync::Arc, time::Duration};

use techtrove_orders_api::OrderId;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{App, Viewer, Watch, issue_ticket::use_ticket, show_order};
use crate::{domain::Entry, error::Error, store};

/// What opens a stream.
pub(crate) enum Pass {
    /// Whoever may see the order.
    Viewer(Viewer),
    /// A ticket.
    Ticket(String),
}

/// An open stream of an order's entries.
#[derive(Debug)]
pub(crate) struct OrderStream {
    app: Arc<App>,
    order: OrderId,
    after: u64,
    watch: Watch,
    poll: Duration,
    _seat: OwnedSemaphorePermit,
}

/// Opens a stream of the entries after `after`, or of all. An id that the order has not reached, as a
/// client has after a backup was restored, is as good as none: all are told.
///
/// # Errors
/// When there is no room, or the pass does not open it: [`Error::BadTicket`], or as [`show_order`].
pub(crate) async fn track_order(
    app: &Arc<App>,
    order: OrderId,
    pass: Pass,
    after: Option<u64>,
) -> Result<OrderStream, Error> {
    let seat = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| Error::TooManyStreams)?;
    // Room first, so that a ticket is not used up for nothing; and watched before it is read.
    let watch = app.hub.watch(order);
    if app.hub.watchers(order) > app.config.tracking.streams_per_order {
        return Err(Error::TooManyStreamsOfOrder);
    }
    match pass {
        Pass::Viewer(viewer) => drop(show_order(app, order, &viewer).await?),
        Pass::Ticket(ticket) => use_ticket(app, order, &ticket).await?,
    }
    let after = match after {
        Some(after) if after <= newest(app, order).await? => after,
        _ => 0,
    };
    metrics::gauge!("orders_streams").increment(1);
    let poll = jittered(app);
    Ok(OrderStream { app: Arc::clone(app), order, after, watch, poll, _seat: seat })
}

async fn newest(app: &App, order: OrderId) -> Result<u64, Error> {
    let newest = app.db.lookup("orders.newest_entry", move |tx| {
        store::newest_entry(tx, order).map_err(Error::from)
    });
    newest.await
}

/// Three to five quarters of the poll, so that streams which were opened together do not look together.
fn jittered(app: &App) -> Duration {
    let [.., chance] = app.ids.uuid().into_bytes();
    app.config.tracking.poll * (384 + u32::from(chance)) / 512
}

impl OrderStream {
    /// The entries that come next, as soon as there are any.
    ///
    /// # Errors
    /// When the database fails; the client comes back and goes on where it was.
    pub async fn next(&mut self) -> Result<Vec<Entry>, Error> {
        loop {
            let entries = self.read().await?;
            if let Some(last) = entries.last() {
                self.after = last.number;
                return Ok(entries);
            }
            // Told or not: it is looked at either way.
            let _ = timeout(self.poll, self.watch.changed()).await;
        }
    }

    async fn read(&self) -> Result<Vec<Entry>, Error> {
        let (order, after) = (self.order, self.after);
        let read = self.app.db.read("orders.track", move |tx| {
            store::list_entries_after(tx, order, after).map_err(Error::from)
        });
        read.await
    }
}

impl Drop for OrderStream {
    fn drop(&mut self) {
        metrics::gauge!("orders_streams").decrement(1);
    }
}
