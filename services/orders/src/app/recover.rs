//! Finishes or undoes what others have begun: orders whose driver died, and orders whose time has come
//! to ask again. A round takes leases that have ended, a few at a time, and drives each order as far as
//! it goes; two rounds at once, in one process or several, never take the same one.

use std::sync::Arc;

use techtrove_core::planted;
use techtrove_http::{Trace, in_trace};
use techtrove_orders_api::OrderId;
use techtrove_runtime::Worker;
use tokio::task::JoinSet;

use super::{
    App,
    drive::{Drive, tell_left},
};
use crate::{
    error::Error,
    store::{self, Lease},
};

/// How many orders are driven at once; each lease must last until its order is done.
const AT_ONCE: u32 = 16;

/// Drives every order whose time has come, and tells how many there were.
///
/// # Errors
/// When the database fails. What goes wrong with one order is logged and tried again later.
pub async fn recover_due(app: &Arc<App>) -> Result<usize, Error> {
    let mut recovered = 0_usize;
    loop {
        let leases = claim(app).await?;
        let taken = leases.len();
        recovered = recovered.saturating_add(taken);
        let mut drives = JoinSet::new();
        for lease in leases {
            let app = Arc::clone(app);
            let trace = Trace::start(app.ids.uuid());
            drives.spawn(in_trace(trace, async move { recover_one(&app, lease).await }));
        }
        drives.join_all().await;
        if taken < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
            return Ok(recovered);
        }
    }
}

async fn claim(app: &App) -> Result<Vec<Lease>, Error> {
    let (owner, now) = (app.ids.uuid(), app.clock.now());
    let until = now.plus(app.config.deadlines.lease);
    let claim = app.db.write("orders.claim_due", move |tx| {
        store::claim_due(tx, owner, now, until, AT_ONCE).map_err(Error::from)
    });
    claim.await
}

/// Drives one order whose time has come, unless somebody else does.
pub(super) async fn recover_now(app: &App, order: OrderId) {
    let (owner, now) = (app.ids.uuid(), app.clock.now());
    let lease = Lease { order, owner, until: now.plus(app.config.deadlines.lease) };
    let taken = app.db.write("orders.take_lease", move |tx| {
        store::take_lease(tx, &lease, now).map_err(Error::from)
    });
    match taken.await {
        Ok(true) => recover_one(app, lease).await,
        Ok(false) => {}
        Err(error) => {
            let error = techtrove_core::Problem::from(error);
            tracing::warn!(%order, ?error, "an order is left to the next round");
        }
    }
}

async fn recover_one(app: &App, lease: Lease) {
    metrics::counter!("orders_recovered_total").increment(1);
    if let Err(error) = drive(app, lease).await {
        tell_left(lease.order, error);
    }
}

async fn drive(app: &App, lease: Lease) -> Result<(), Error> {
    let found = app.db.read("orders.load", move |tx| -> Result<_, Error> {
        let saga = store::lookup_saga(tx, lease.order)?;
        let order = store::lookup_order(tx, lease.order)?;
        Ok(order.zip(saga))
    });
    // Settled meanwhile: nothing is left to do.
    let Some((order, saga)) = found.await? else { return Ok(()) };
    let order_id: OrderId = order.id;
    let stop = Drive::found(order, saga, lease).run(app).await?;
    tracing::info!(order = %order_id, ?stop, "an order was recovered");
    Ok(())
}

/// Looks for orders to recover, from the start of the process on.
pub fn recovery_worker(app: Arc<App>) -> Worker {
    Worker::new("orders.recovery", move |shutdown| {
        let app = Arc::clone(&app);
        async move {
            loop {
                if look(&app).await? {
                    recover_due(&app).await?;
                }
                if !shutdown.pause(app.config.deadlines.poll).await {
                    return Ok::<(), Error>(());
                }
            }
        }
    })
}

/// Whether an order's time has come; measures the backlog on the way.
async fn look(app: &App) -> Result<bool, Error> {
    let backlog =
        app.db.read("orders.backlog", |tx| store::backlog(tx).map_err(Error::from)).await?;
    let open = u32::try_from(backlog.open).unwrap_or(u32::MAX);
    metrics::gauge!("orders_open_sagas").set(f64::from(open));
    let always = planted("two-drivers");
    let due = backlog.oldest_due.is_some_and(|due| due <= app.clock.now() || always);
    Ok(due && !planted("recovery-asleep"))
}
