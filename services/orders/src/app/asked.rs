//! What is asked of an order that was placed: written down in one transaction which holds the order, and
//! driven at once by whoever asks, unless the order has a driver already, which then finds it. It goes
//! on in a task of its own, so that a client who hangs up changes nothing, and the recovery finishes it.

use std::{sync::Arc, time::Duration};

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx};
use techtrove_http::idempotency::{self, Answer, Key, Once, begin};
use techtrove_orders_api::OrderId;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    App, Placed, Watch,
    drive::{Drive, tell_left},
};
use crate::{
    domain::{CapturePolicy, Order, saga::Saga},
    error::Error,
    store::{self, Lease, Locked, StoredSaga},
};

/// How an order is entered that something was asked of.
#[derive(Debug)]
pub(super) enum Entry {
    /// Nobody drives it: we do, from this step on.
    Ours(Box<(Order, StoredSaga)>),
    /// Somebody drives it, and will find what was asked.
    Theirs,
}

/// What was asked, and the transaction which writes it down.
pub(super) trait Ask: Send + Sync + 'static {
    /// Changes the locked order in memory and in the database, or says why not.
    ///
    /// # Errors
    /// Why it cannot be asked; then nothing is written down.
    fn write_down(&self, tx: &mut Tx<'_>, order: &mut Order) -> Result<(), Error>;

    /// The idempotency key, when one was sent.
    fn key(&self) -> Option<&Key> {
        None
    }
}

/// Writes it down and drives it; answers once it is written down.
///
/// # Errors
/// Why it was not; [`Error::Busy`] when nobody has time to drive it.
pub(super) async fn ask(
    app: &Arc<App>,
    id: OrderId,
    asked: impl Ask,
) -> Result<Option<Answer>, Error> {
    let seat = app.drivers.seat()?;
    let (tell, told) = oneshot::channel();
    let driver = Arc::clone(app);
    app.drivers.start(async move {
        let written = write_down(&driver, id, asked).await;
        let (answer, drive) = match written {
            Ok((Once::Replayed(answer), _)) => (Ok(Some(answer)), None),
            Ok((Once::Refused(problem), _)) => (Err(problem.into()), None),
            Ok((Once::Made(Entry::Theirs), _)) => (Ok(None), None),
            Ok((Once::Made(Entry::Ours(found)), lease)) => {
                (Ok(None), Some(Drive::found(found.0, found.1, lease)))
            }
            Err(error) => (Err(error), None),
        };
        // Whoever asked may have gone; what they asked stands.
        let _ = tell.send(answer);
        if let Some(drive) = drive
            && let Err(error) = drive.run(&driver).await
        {
            tell_left(id, error);
        }
        drop(seat);
    });
    told.await.unwrap_or(Err(Error::Overtaken))
}

async fn write_down(
    app: &App,
    id: OrderId,
    asked: impl Ask,
) -> Result<(Once<Entry>, Lease), Error> {
    let now = app.clock.now();
    let until = now.plus(app.config.deadlines.lease);
    let lease = Lease { order: id, owner: app.ids.uuid(), until };
    let capture = app.config.capture;
    let written = app.db.write("orders.ask", move |tx| {
        begin(tx, asked.key(), |tx| store_wish(tx, &asked, &lease, now, capture))
    });
    Ok((written.await?, lease))
}

/// Locks the order, writes the wish down, and takes the order if nobody drives it.
fn store_wish(
    tx: &mut Tx<'_>,
    asked: &impl Ask,
    lease: &Lease,
    now: Timestamp,
    capture: CapturePolicy,
) -> Result<Entry, Error> {
    let Locked { mut order, is_open } =
        store::lock_order(tx, lease.order)?.ok_or(Error::NotFound)?;
    asked.write_down(tx, &mut order)?;
    if is_open && !store::take_lease(tx, lease, now)? {
        return Ok(Entry::Theirs);
    }
    Ok(enter(tx, lease, order, (capture, now))?)
}

/// The order with its stored step: the one that waited, unless it was for no more than a refund, or the one
/// that is owed to it from now on.
fn enter(
    tx: &mut Tx<'_>,
    lease: &Lease,
    order: Order,
    (capture, now): (CapturePolicy, Timestamp),
) -> Result<Entry, DbError> {
    if let Some(mut stored) = store::lookup_own_saga(tx, lease)? {
        if let Some(turned) = stored.saga.turned(&order, capture, now) {
            store::turn_saga(tx, lease, &turned)?;
            stored.saga = turned;
        }
        return Ok(Entry::Ours(Box::new((order, stored))));
    }
    let Some(saga) = Saga::resume(&order, capture, now) else { return Ok(Entry::Theirs) };
    let stored = StoredSaga { saga, claim: None, revision: 0 };
    store::insert_saga(tx, lease, &stored)?;
    Ok(Entry::Ours(Box::new((order, stored))))
}

/// Answers for good whoever has waited long enough: `answer` tells how what they asked for stands. It is the
/// key's answer from now on, unless what became of it was stored in this very moment.
///
/// # Errors
/// When it cannot be stored.
pub(super) async fn answer_now(
    app: &App,
    key: Option<Key>,
    answer: Answer,
) -> Result<Placed, Error> {
    let Some(key) = key else { return Ok(Placed::new(answer)) };
    let standing = answer.clone();
    let job = move |tx: &mut Tx<'_>| -> Result<Option<Answer>, Error> {
        idempotency::finish(tx, &key.hash, &standing)?;
        Ok(idempotency::claim(tx, &key)?.proceed()?)
    };
    match app.db.write("orders.answer_now", job).await? {
        Some(ended) if ended != answer => Ok(Placed::again(ended)),
        _ => Ok(Placed::new(answer)),
    }
}

/// Waits until `done` can tell what became of it, woken by each step, for at most `patience`.
///
/// # Errors
/// When the order cannot be read.
pub(super) async fn wait_for<T>(
    app: &App,
    mut watch: Watch,
    id: OrderId,
    patience: Duration,
    done: impl Fn(&Order) -> Option<T>,
) -> Result<(Order, Option<T>), Error> {
    let end = Instant::now() + patience;
    loop {
        let order = app.db.lookup("orders.watch", move |tx| store::lookup_order(tx, id)).await;
        let order = order.map_err(Error::from)?.ok_or(Error::NotFound)?;
        if let Some(done) = done(&order) {
            return Ok((order, Some(done)));
        }
        if timeout_at(end, watch.changed()).await.is_err() {
            return Ok((order, None));
        }
    }
}
