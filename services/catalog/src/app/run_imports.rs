//! Works on imports that have arrived, one chunk after the other: products first, then their stock,
//! then the checkpoint, which travels with the next chunk's transaction and is never ahead of the work. Who
//! comes after a crash in between finds what the products came to kept with them, and goes on with their
//! stock. A job has a few chunks' turn,
//! then it is another's: however long one is, the others go on beside it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use techtrove_catalog_api::JobId;
use techtrove_core::{Sku, Timestamp, planted};
use techtrove_db::{DbError, Tx};
use techtrove_inventory_api::{SetStock, SetStockRequest};
use techtrove_runtime::Shutdown;

use super::{
    App,
    import_lines::{Batch, Stored},
    rehearse::rehearse,
};
use crate::{
    domain::{LineError, LineProblem},
    error::Error,
    store::{self, Job, JobTurn},
};

/// How long a job is left to the worker that took it, unless it goes on.
const LEASE: Duration = Duration::from_secs(10);

/// How often is looked for jobs whose worker is gone.
const ROUND: Duration = Duration::from_secs(1);

/// How long lines may stay away before their sender counts as gone: several times what a sender who is
/// there lets pass without a word.
const PATIENCE: Duration = Duration::from_secs(2 * 60);

/// How many chunks a job's turn has.
const TURN: i64 = 8;

/// The most items of one call to inventory.
const STOCK_ITEMS: usize = 1_000;

/// Works on imports until the end.
///
/// # Errors
/// When the database or inventory fails; the job goes on where it was when its lease has ended.
pub async fn run_imports(app: App, shutdown: Shutdown) -> Result<(), Error> {
    while !shutdown.has_begun() {
        let now = app.clock.now();
        let claimed = app
            .db
            .write("catalog.claim_import", move |tx| -> Result<_, Error> {
                store::fail_stale_jobs(tx, now.minus(PATIENCE), now)?;
                Ok(store::claim_job(tx, now, now.plus(LEASE))?)
            })
            .await?;
        match claimed {
            Some(job) => run_job(&app, job, &shutdown).await?,
            None => {
                let arrived = tokio::time::timeout(ROUND, app.import_arrived.notified());
                // Time is up or something arrived: either way it is looked again.
                let _ = shutdown.until_begun(arrived).await;
            }
        }
    }
    Ok(())
}

async fn run_job(app: &App, mut job: Job, shutdown: &Shutdown) -> Result<(), Error> {
    let mut finished: Option<Arc<JobTurn>> = None;
    let until = job.next_chunk.saturating_add(TURN);
    loop {
        let (id, number) = (job.id, job.next_chunk);
        // Read first: a cancelled job ends here, which is not left for another turn.
        let next = app.db.read("catalog.import_chunk", move |tx| -> Result<_, Error> {
            Ok((store::lookup_chunk(tx, id, number)?, store::is_cancelled(tx, id)?))
        });
        let (chunk, cancelled) = next.await?;
        // A worker that was lost may have stored its chunk without counting it: it is done again first.
        let ends = cancelled && finished.is_some();
        let Some(chunk) = chunk.filter(|_| !ends) else {
            return finish(app, &job, finished).await;
        };
        if shutdown.has_begun() || number >= until {
            return leave(app, id, finished).await;
        }
        let batch = Batch::read(app, &chunk, job.columns.as_ref());
        let Some(stored) =
            store_batch(app, batch, (id, number, job.dry_run), finished.take()).await?
        else {
            tracing::warn!(job = %job.id, "somebody else goes on with this import");
            return Ok(());
        };
        let mut errors = stored.errors;
        errors.extend(set_stock(app, stored.stock, &job).await?);
        errors.sort_by_key(|error| error.line);
        let turn = JobTurn { job, filled: chunk.filled, errors };
        job = turn.after();
        finished = Some(Arc::new(turn));
    }
}

/// Stores a chunk's products, or only tries to, together with the checkpoint of the one before, unless
/// somebody did before: then it tells what that came to. Nothing when the job is somebody else's by now.
async fn store_batch(
    app: &App,
    batch: Batch,
    (id, number, dry_run): (JobId, i64, bool),
    finished: Option<Arc<JobTurn>>,
) -> Result<Option<Stored>, Error> {
    let now = app.clock.now();
    let job = move |tx: &mut Tx<'_>| {
        if !checkpoint(tx, finished.as_deref(), now, now.plus(LEASE))? {
            return Ok(None);
        }
        match store::lock_outcome(tx, id, number)? {
            None => return Ok(None),
            Some(Some(outcome)) => return Ok(Some(kept(&outcome)?)),
            Some(None) => {}
        }
        let stored = if dry_run { rehearse(tx, id, &batch) } else { batch.store(tx, drop) }?;
        store::count_categories(tx, id, stored.made.len())?;
        let outcome = serde_json::to_string(&stored).map_err(DbError::decode)?;
        store::keep_outcome(tx, id, &outcome)?;
        Ok(Some(stored))
    };
    app.db.write_again("catalog.import", job).await
}

fn kept(outcome: &str) -> Result<Stored, DbError> {
    serde_json::from_str(outcome).map_err(DbError::decode)
}

fn checkpoint(
    tx: &mut Tx<'_>,
    finished: Option<&JobTurn>,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<bool, Error> {
    match finished {
        Some(turn) => Ok(store::checkpoint(tx, turn, now, lease_until)?),
        None => Ok(true),
    }
}

/// Ends the job: every line was taken or reported.
async fn finish(app: &App, job: &Job, mut finished: Option<Arc<JobTurn>>) -> Result<(), Error> {
    let (id, now) = (job.id, app.clock.now());
    if job.dry_run && !clear_trial(app, id, finished.take()).await? {
        return Ok(());
    }
    app.db
        .write("catalog.finish_import", move |tx| -> Result<(), Error> {
            if checkpoint(tx, finished.as_deref(), now, now)? {
                store::end_job(tx, id, now)?;
            }
            Ok(())
        })
        .await?;
    tracing::info!(job = %job.id, lines = job.done, errors = job.error_count, "an import is done");
    Ok(())
}

/// Takes away what a dry run kept, a bit at a time, so that nobody waits long behind it: killed meanwhile,
/// the job is finished once more. `false` when somebody else goes on with it.
async fn clear_trial(app: &App, id: JobId, finished: Option<Arc<JobTurn>>) -> Result<bool, Error> {
    let now = app.clock.now();
    let count = move |tx: &mut Tx<'_>| checkpoint(tx, finished.as_deref(), now, now.plus(LEASE));
    if !app.db.write("catalog.end_trial", count).await? {
        return Ok(false);
    }
    let clear = move |tx: &mut Tx<'_>| store::clear_trial(tx, id);
    while app.db.write("catalog.clear_trial", clear).await? {}
    Ok(true)
}

/// Leaves the job to whoever comes next, at once.
async fn leave(app: &App, id: JobId, finished: Option<Arc<JobTurn>>) -> Result<(), Error> {
    let now = app.clock.now();
    app.db
        .write("catalog.leave_import", move |tx| -> Result<(), Error> {
            if checkpoint(tx, finished.as_deref(), now, now)? {
                store::release_job(tx, id, now)?;
            }
            Ok(())
        })
        .await
}

/// Sets the stock that lines carry, or only tries to; a refusal is its line's error. Of a SKU on several
/// lines the last number counts.
async fn set_stock(
    app: &App,
    stock: Vec<(i64, SetStock)>,
    job: &Job,
) -> Result<Vec<LineError>, Error> {
    let mut by_sku = BTreeMap::<Sku, (i64, SetStock)>::new();
    for (line, mut stock) in stock {
        if stock.on_hand.is_none() && stock.low_stock_threshold.is_none() {
            continue;
        }
        if let Some((_, earlier)) = by_sku.get(&stock.sku) {
            stock.on_hand = stock.on_hand.or(earlier.on_hand);
            stock.low_stock_threshold = stock.low_stock_threshold.or(earlier.low_stock_threshold);
        }
        by_sku.insert(stock.sku.clone(), (line, stock));
    }
    let items: Vec<SetStock> = by_sku.values().map(|(_, stock)| stock.clone()).collect();
    let mut errors = Vec::new();
    for (number, items) in items.chunks(STOCK_ITEMS).enumerate() {
        let chunk = if planted("import-parts-share-their-name") { 0 } else { job.next_chunk };
        let part = format!("{}/{chunk}/{number}", job.id);
        let request = SetStockRequest { part, items: items.to_vec() };
        let answer = if job.dry_run {
            app.inventory.try_stock(&request).await?
        } else {
            app.inventory.set_stock(&request).await?
        };
        for outcome in answer.items {
            if let (Some((code, detail)), Some((line, _))) =
                (outcome.refused, by_sku.get(&outcome.sku))
            {
                let detail = format!("{}: {detail}", outcome.sku);
                errors.push(LineProblem::new(code, detail).at(*line));
            }
        }
    }
    Ok(errors)
}
