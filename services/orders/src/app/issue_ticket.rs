//! Tickets: a page in a browser cannot send its token when it opens a stream, so it fetches a ticket
//! with it, good for one use within a minute. Only a hash is stored, and a ticket must never be logged.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest as _, Sha256};
use techtrove_core::Timestamp;
use techtrove_orders_api::OrderId;
use techtrove_runtime::Worker;

use super::{App, Viewer, show_order};
use crate::{error::Error, store};

/// How often expired tickets are removed.
const PRUNED_EVERY: Duration = Duration::from_secs(60);

/// A ticket just issued.
pub(crate) struct Ticket {
    /// What its owner shows.
    pub text: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A ticket for the stream of an order that the viewer may see.
///
/// # Errors
/// As [`show_order`].
pub(crate) async fn issue_ticket(app: &App, id: OrderId, viewer: &Viewer) -> Result<Ticket, Error> {
    show_order(app, id, viewer).await?;
    let text = BASE64.encode(app.ids.secret());
    let hash = hash(&text);
    let expires_at = app.clock.now().plus(app.config.tracking.ticket);
    let insert = app.db.write("orders.issue_ticket", move |tx| {
        store::insert_ticket(tx, id, &hash, expires_at).map_err(Error::from)
    });
    insert.await?;
    Ok(Ticket { text, expires_at })
}

/// Uses the ticket up.
///
/// # Errors
/// [`Error::BadTicket`] when it was used, has expired or opens another order; or when the database
/// fails.
pub(super) async fn use_ticket(app: &App, id: OrderId, ticket: &str) -> Result<(), Error> {
    let (hash, now) = (hash(ticket), app.clock.now());
    let used = app.db.write("orders.use_ticket", move |tx| {
        store::use_ticket(tx, id, &hash, now).map_err(Error::from)
    });
    if used.await? { Ok(()) } else { Err(Error::BadTicket) }
}

fn hash(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket.as_bytes()).into()
}

/// Removes tickets that nobody used.
pub fn tickets_worker(app: Arc<App>) -> Worker {
    Worker::new("orders.tickets", move |shutdown| {
        let app = Arc::clone(&app);
        async move {
            while shutdown.pause(PRUNED_EVERY).await {
                let now = app.clock.now();
                let prune = move |tx: &mut techtrove_db::Tx<'_>| store::prune_tickets(tx, now);
                app.db.write("orders.prune_tickets", prune).await.map_err(Error::Db)?;
            }
            Ok::<(), Error>(())
        }
    })
}
