//! Looks by itself at refunds that were made, a few times each: one may fail after all, and the webhook
//! which tells of that may be lost. The next look is stored before the provider is asked, so that two who
//! look at once take different ones, and one that brings no answer comes again.

use futures::{StreamExt as _, stream};
use techtrove_core::{Timestamp, planted};

use super::{App, drive, recheck_refund::recheck_refund};
use crate::{
    domain::{look_after_silence, next_look},
    error::Error,
    store::{self, DueLook},
};

/// How many refunds one round looks at.
const BATCH: usize = 100;

/// How many of them are asked about at once.
const AT_ONCE: usize = 4;

/// Looks at every refund whose time has come, up to a batch, and tells whether there may be more.
///
/// # Errors
/// When the database does not answer; a single refund's error is logged, and it is looked at again.
pub async fn look_again(app: &App) -> Result<bool, Error> {
    let now = app.now();
    let due =
        app.db.read("payments.refunds_due", move |tx| store::due_looks(tx, now, BATCH)).await?;
    let more = due.len() == BATCH;
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |look| async move {
            if let Err(error) = look_at(app, look, now).await {
                tracing::warn!(refund = %look.refund, %error, "a refund that was made could not be looked at");
            }
        })
        .await;
    Ok(more)
}

async fn look_at(app: &App, look: DueLook, now: Timestamp) -> Result<(), Error> {
    let first = app.rules.first_look;
    let again = look_after_silence(look.asked_at, now, first);
    if !move_look(app, look, again).await? {
        return Ok(());
    }
    let id = look.payment;
    let found = app.db.read("payments.looked_at", move |tx| store::lookup(tx, id)).await?;
    let Some(payment) = found else { return Ok(()) };
    if planted("lost-refund-not-looked-for") {
        return Ok(());
    }
    recheck_refund(app, drive::provider_of(app, &payment)?, id, look.refund).await?;
    if let Some(due) = again {
        move_look(app, DueLook { due, ..look }, next_look(look.asked_at, now, first)).await?;
    }
    Ok(())
}

/// Sets when the refund is looked at next; false when somebody else did, or it has failed.
async fn move_look(app: &App, look: DueLook, next: Option<Timestamp>) -> Result<bool, Error> {
    let moved = app.db.write("payments.move_look", move |tx| store::move_look(tx, &look, next));
    Ok(moved.await?)
}
