//! A manager sends an import: its lines are stored as they arrive, a chunk at a time, and worked on
//! only once all are there. Neither a large file nor a crash afterwards costs memory or a line.

use std::error::Error as StdError;

use bytes::Bytes;
use futures::{Stream, StreamExt, pin_mut};
use techtrove_catalog_api::JobId;
use techtrove_db::Tx;
use techtrove_http::body_problem;

use super::App;
use crate::{
    domain::{Chunk, Chunker, Columns, Format, take_header},
    error::Error,
    store::{self, JobStatus},
};

/// How an import is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportManner {
    /// How its lines are written.
    pub format: Format,
    /// Whether they are only tried.
    pub dry_run: bool,
}

/// Stores the lines of `body`, and lets them be worked on.
///
/// # Errors
/// [`Error::ImportTooLarge`], [`Error::ImportBrokeOff`] or, when its columns cannot be read,
/// [`Error::Invalid`], after which nothing of it is taken, or when the database fails.
pub async fn receive_import<B, E>(app: &App, manner: ImportManner, body: B) -> Result<JobId, Error>
where
    B: Stream<Item = Result<Bytes, E>>,
    E: StdError + 'static,
{
    let (id, now) = (app.ids.next::<JobId>(), app.clock.now());
    let begin = move |tx: &mut Tx<'_>| store::insert_job(tx, id, manner.dry_run, now);
    app.db.write("catalog.begin_import", begin).await?;
    match store_lines(app, id, manner.format, body).await {
        Ok(total) => {
            move_on(app, id, JobStatus::Queued, Some(total)).await?;
            app.import_arrived.notify_one();
            Ok(id)
        }
        Err(error) => {
            move_on(app, id, JobStatus::Failed, None).await?;
            Err(error)
        }
    }
}

/// Stores what arrives; gives the number of lines with something in them.
async fn store_lines<B, E>(app: &App, id: JobId, format: Format, body: B) -> Result<i64, Error>
where
    B: Stream<Item = Result<Bytes, E>>,
    E: StdError + 'static,
{
    pin_mut!(body);
    let (mut chunker, mut total, mut size) = (Chunker::new(format), 0_i64, 0_usize);
    while let Some(arrived) = body.next().await {
        let bytes = arrived.map_err(|error| {
            tracing::debug!(%error, "the body of an import broke off");
            Error::ImportBrokeOff(body_problem(&error))
        })?;
        size = size.saturating_add(bytes.len());
        if size > app.config.import_max_bytes {
            return Err(Error::ImportTooLarge(app.config.import_max_bytes));
        }
        for chunk in chunker.push(&bytes) {
            total = total.saturating_add(store_chunk(app, id, format, chunk).await?);
        }
    }
    for last in chunker.finish() {
        total = total.saturating_add(store_chunk(app, id, format, last).await?);
    }
    Ok(total)
}

/// Stores a chunk, and the columns that the first one of CSV begins with; gives the number of its lines
/// with something in them.
async fn store_chunk(app: &App, id: JobId, format: Format, mut chunk: Chunk) -> Result<i64, Error> {
    let begins = format == Format::Csv && chunk.number == 0;
    let header = if begins { take_header(&mut chunk) } else { None };
    let columns = header.map(|header| Columns::read(&header)).transpose()?;
    let (now, filled) = (app.clock.now(), chunk.filled);
    let job = move |tx: &mut Tx<'_>| {
        if let Some(columns) = &columns {
            store::set_job_columns(tx, id, columns)?;
        }
        store::insert_chunk(tx, id, &chunk, now)
    };
    app.db.write("catalog.store_import", job).await?;
    Ok(filled)
}

async fn move_on(app: &App, id: JobId, to: JobStatus, total: Option<i64>) -> Result<(), Error> {
    let now = app.clock.now();
    app.db
        .write("catalog.end_of_import", move |tx| -> Result<(), Error> {
            if to == JobStatus::Failed {
                store::delete_chunks(tx, id)?;
            }
            Ok(store::set_job_status(tx, id, to, total, now)?)
        })
        .await
}
