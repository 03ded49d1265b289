//! Tracks one order: what has become of it so far, and then each change as it comes. The hub tells a
//! stream that there is something, the database what; so nothing is lost, whoever changed the order.
//! What another process has changed is found by looking now and then. A stream holds no task and no
//! buffer: thousands are open at once.

use std::{sync::Arc, time::Duration};

use techtrove_identity_api::{Caller, Role, StandingCaller};
use techtrove_orders_api::OrderId;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{App, Viewer, Watch, issue_ticket::use_ticket, show_order};
use crate::{domain::Entry, error::Error, store};

/// What opens a stream.
pub(crate) enum Pass {
    /// Whoever may see the order, and how they stand.
    Viewer(Viewer, StandingCaller),
    /// A ticket.
    Ticket(String),
}

/// By what a stream stays open.
#[derive(Debug)]
enum Standing {
    /// It was opened by a token of the order's own, which has no end.
    Token,
    /// The buyer's session.
    Buyer(Box<StandingCaller>),
    /// The session of somebody who is still staff.
    Staff(Box<StandingCaller>),
}

/// An open stream of an order's entries.
#[derive(Debug)]
pub(crate) struct OrderStream {
    app: Arc<App>,
    order: OrderId,
    after: u64,
    watch: Watch,
    poll: Duration,
    standing: Standing,
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
    let standing = match pass {
        Pass::Viewer(viewer, caller) => admit(app, order, &viewer, caller).await?,
        Pass::Ticket(ticket) => {
            use_ticket(app, order, &ticket).await?;
            Standing::Token
        }
    };
    let after = match after {
        Some(after) if after <= newest(app, order).await? => after,
        _ => 0,
    };
    metrics::gauge!("orders_streams").increment(1);
    let poll = jittered(app);
    Ok(OrderStream { app: Arc::clone(app), order, after, watch, poll, standing, _seat: seat })
}

async fn admit(
    app: &App,
    id: OrderId,
    viewer: &Viewer,
    caller: StandingCaller,
) -> Result<Standing, Error> {
    let order = show_order(app, id, viewer).await?;
    let viewer = viewer.check(app, id)?;
    Ok(if viewer.guest_token.is_some() {
        Standing::Token
    } else if viewer.owns(&order) {
        Standing::Buyer(Box::new(caller))
    } else {
        Standing::Staff(Box::new(caller))
    })
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
    /// The entries that come next, as soon as there are any; none once whoever opened the stream may not
    /// see the order any more.
    ///
    /// # Errors
    /// When it cannot be told how they stand, or the database fails; the client comes back and goes on where
    /// it was.
    pub async fn next(&mut self) -> Result<Vec<Entry>, Error> {
        loop {
            let entries = self.read().await?;
            if !self.standing.lasts().await? {
                return Ok(Vec::new());
            }
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

impl Standing {
    async fn lasts(&self) -> Result<bool, Error> {
        let (caller, staff) = match self {
            Self::Token => return Ok(true),
            Self::Buyer(caller) => (caller, false),
            Self::Staff(caller) => (caller, true),
        };
        // In a box, which is there only while it is asked: thousands of streams wait.
        let stands = Box::pin(caller.now()).await?;
        let is_staff = |caller: &Caller| caller.has(Role::Support) || caller.has(Role::Manager);
        Ok(stands.is_some_and(|caller| !staff || is_staff(&caller)))
    }
}

impl Drop for OrderStream {
    fn drop(&mut self) {
        metrics::gauge!("orders_streams").decrement(1);
    }
}
