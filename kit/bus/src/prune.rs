//! Removes what nobody will ask for again. The first time is a while after the start, when relays
//! have redelivered what a crash left unmarked: a consumer must never forget an event that can
//! still come. For the same reason the relay gives up on an outage long before rows are pruned.

use techtrove_db::{Db, DbError};
use tokio_util::sync::CancellationToken;

use crate::{PruneOptions, inbox, outbox};

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Published events.
    pub outbox: u64,
    /// Aggregates that consumers remembered.
    pub inbox: u64,
}

/// Prunes `db` every [`PruneOptions::every`], until it is cancelled.
pub async fn prune(db: Db, options: PruneOptions, cancel: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(options.every) => {}
        }
        match prune_once(&db, &options, &cancel).await {
            Ok(pruned) if pruned == Pruned::default() => {}
            Ok(pruned) => tracing::info!(pruned.outbox, pruned.inbox, "pruned events"),
            Err(error) => tracing::warn!(%error, "prune events"),
        }
    }
}

/// Prunes `db` now, batch by batch, until nothing old is left or `cancel` says so.
///
/// # Errors
/// What the database says; batches before it stay removed.
pub async fn prune_once(
    db: &Db,
    options: &PruneOptions,
    cancel: &CancellationToken,
) -> Result<Pruned, DbError> {
    let published_before = options.clock.now().minus(options.keep);
    let taken_before = published_before.minus(options.margin);
    let limit = i64::try_from(options.batch.max(1)).unwrap_or(i64::MAX);
    let mut pruned = Pruned::default();
    loop {
        let (outbox, inbox) = db
            .write("prune events", move |tx| -> Result<_, DbError> {
                let outbox = outbox::remove_published(tx, published_before, limit)?;
                Ok((outbox, inbox::forget(tx, taken_before, limit)?))
            })
            .await?;
        pruned.outbox += outbox;
        pruned.inbox += inbox;
        if outbox == 0 && inbox == 0 || cancel.is_cancelled() {
            return Ok(pruned);
        }
    }
}
