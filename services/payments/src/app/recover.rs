//! Finishes what was left open, by asking again and again with growing pauses. Two recoveries at once
//! do no harm, but each takes its own operations: the next try is stored before the provider is asked.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use techtrove_core::Timestamp;

use super::App;
use crate::{
    error::Error,
    store::{self, OpenOperation},
};

/// How many open operations one round takes on.
const BATCH: usize = 200;

/// How many of them are asked about at once.
const AT_ONCE: usize = 16;

/// Asks about every open operation whose next try is due, up to a batch, and tells whether there may be
/// more.
///
/// # Errors
/// When the database does not answer; a single payment's error is logged, and tried again later.
pub async fn recover(app: &App) -> Result<bool, Error> {
    let now = app.now();
    let due = app.db.read("payments.due", move |tx| store::due(tx, now, BATCH)).await?;
    let (more, asked) = (due.len() == BATCH, !due.is_empty());
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |operation| async move {
            let payment = operation.payment;
            if let Err(error) = recover_one(app, operation, now).await {
                tracing::warn!(%payment, %error, "an open operation could not be reconciled");
            }
        })
        .await;
    watch(app, asked).await?;
    Ok(more)
}

async fn recover_one(app: &App, operation: OpenOperation, now: Timestamp) -> Result<(), Error> {
    let payment = operation.payment;
    let next = now.plus(pause(app, operation.attempts));
    let claimed =
        app.db.write("payments.claim", move |tx| store::claim(tx, &operation, next)).await?;
    if claimed {
        super::reconcile(app, payment).await?;
    }
    Ok(())
}

/// The pause before the next question: it doubles with every one, up to the longest.
fn pause(app: &App, attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(16);
    app.rules.first_retry.saturating_mul(1 << doublings).min(app.rules.longest_retry)
}

/// Shows how much is open and for how long; in a round that asked about some of it, alerts when that is too long:
/// a refund may wait for its bank for days, and is asked about once in a while.
async fn watch(app: &App, asked: bool) -> Result<(), Error> {
    let open = app.db.read("payments.open", store::open_summary).await?;
    let age = open.oldest.map_or(Duration::ZERO, |oldest| app.now().since(oldest));
    metrics::gauge!("payments_operations_open").set(count(open.count));
    metrics::gauge!("payments_operations_open_oldest_seconds").set(age.as_secs_f64());
    if asked && age >= app.rules.alert_after {
        let seconds = age.as_secs();
        tracing::error!(
            open = open.count,
            oldest_seconds = seconds,
            "money operations are open for too long"
        );
    }
    Ok(())
}

/// A count as a metric takes it.
fn count(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}
