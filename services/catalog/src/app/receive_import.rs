//! A manager sends an import: its lines are stored as they arrive, a chunk at a time, and worked on
//! only once all are there. Neither a large file nor a crash afterwards costs memory or a line.

use std::{error::Error as StdError, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, pin_mut};
use techtrove_catalog_api::JobId;
use techtrove_core::{Problem, Timestamp};
use techtrove_db::Tx;
use techtrove_http::{
    body_problem,
    idempotency::{Answer, Key, Once, Repeatable, Scope, StreamFingerprint, once},
};

use super::App;
use crate::{
    domain::{Chunk, Chunker, Columns, Format, take_header},
    error::Error,
    store,
};

/// How long a sender of few bytes lets pass without a word to the database that they are there.
const TOUCH: Duration = Duration::from_secs(15);

/// How an import is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportManner {
    /// How its lines are written.
    pub format: Format,
    /// Whether they are only tried.
    pub dry_run: bool,
}

/// The key under which an import is sent; which request it is for is known once all has arrived.
#[derive(Clone, Debug)]
pub struct ImportKey {
    /// As it was sent.
    pub name: String,
    /// Whose it is.
    pub scope: Scope<'static>,
    /// What has arrived of the request.
    pub request: StreamFingerprint,
}

/// An import that has arrived.
#[derive(Clone, Copy, Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = JobOut)]
pub struct ImportAccepted {
    /// Its job.
    pub job_id: JobId,
}

impl Repeatable for ImportAccepted {
    fn answer(&self) -> Result<Answer, Problem> {
        let location = format!("/api/v1/jobs/{}", self.job_id);
        Ok(Answer { status: 202, ..Answer::created(&location, self)? })
    }
}

/// Stores the lines of `body`, and lets them be worked on, once per key. The key is claimed when all has
/// arrived, together with the first effect: until then nothing has come of the request.
///
/// # Errors
/// [`Error::ImportTooLarge`], [`Error::ImportBrokeOff`], [`Error::ImportGone`], [`Error::Refused`] when
/// the key cannot be used, or [`Error::Invalid`] when its columns cannot be read; after any of them
/// nothing of it is taken. Or when the database fails.
pub async fn receive_import<B, E>(
    app: &App,
    manner: ImportManner,
    key: Option<ImportKey>,
    body: B,
) -> Result<Once<ImportAccepted>, Error>
where
    B: Stream<Item = Result<Bytes, E>>,
    E: StdError + 'static,
{
    let (id, now) = (app.ids.next::<JobId>(), app.clock.now());
    let begin = move |tx: &mut Tx<'_>| store::insert_job(tx, id, manner.dry_run, now);
    app.db.write("catalog.begin_import", begin).await?;
    let mut arrival = Arrival { app, id, format: manner.format, key, total: 0, size: 0, told: now };
    let queued = match arrival.take(body).await {
        Ok(()) => arrival.queue().await,
        Err(error) => Err(error),
    };
    if queued.is_err() {
        let now = app.clock.now();
        app.db.write("catalog.fail_import", move |tx| store::fail_job(tx, id, now)).await?;
    }
    app.import_arrived.notify_one();
    queued
}

/// An import whose lines arrive.
struct Arrival<'a> {
    app: &'a App,
    id: JobId,
    format: Format,
    key: Option<ImportKey>,
    /// The number of lines with something in them.
    total: i64,
    size: usize,
    /// When the database last heard of it.
    told: Timestamp,
}

impl Arrival<'_> {
    async fn take<B, E>(&mut self, body: B) -> Result<(), Error>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: StdError + 'static,
    {
        pin_mut!(body);
        let mut chunker = Chunker::new(self.format).of_lines(self.app.config.import_chunk_lines);
        while let Some(arrived) = body.next().await {
            let bytes = arrived.map_err(|error| {
                tracing::debug!(%error, "the body of an import broke off");
                Error::ImportBrokeOff(body_problem(&error))
            })?;
            self.count(&bytes)?;
            for chunk in chunker.push(&bytes) {
                self.store(chunk).await?;
            }
            self.touch().await?;
        }
        for last in chunker.finish() {
            self.store(last).await?;
        }
        Ok(())
    }

    /// Lets the lines be worked on, unless they were sent under the same key before.
    async fn queue(self) -> Result<Once<ImportAccepted>, Error> {
        let (id, total, now) = (self.id, self.total, self.app.clock.now());
        let key = self.key.map(|key| Key::new(&key.name, key.scope, key.request.finish(), now));
        let queue = move |tx: &mut Tx<'_>| match store::queue_job(tx, id, total, now)? {
            true => Ok(ImportAccepted { job_id: id }),
            false => Err(Error::ImportGone),
        };
        let job = move |tx: &mut Tx<'_>| {
            let outcome = once(tx, key.as_ref(), queue)?;
            if matches!(outcome, Once::Replayed(_)) {
                store::delete_job(tx, id)?;
            }
            Ok(outcome)
        };
        self.app.db.write_again("catalog.queue_import", job).await
    }

    fn count(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(key) = &mut self.key {
            key.request.update(bytes);
        }
        self.size = self.size.saturating_add(bytes.len());
        let most = self.app.config.import_max_bytes;
        if self.size > most { Err(Error::ImportTooLarge(most)) } else { Ok(()) }
    }

    /// Stores a chunk, and the columns that the first one of CSV begins with.
    async fn store(&mut self, mut chunk: Chunk) -> Result<(), Error> {
        let begins = self.format == Format::Csv && chunk.number == 0;
        let header = if begins { take_header(&mut chunk) } else { None };
        let columns = header.map(|header| Columns::read(&header)).transpose()?;
        let (id, now, filled) = (self.id, self.app.clock.now(), chunk.filled);
        let job = move |tx: &mut Tx<'_>| {
            if let Some(columns) = &columns {
                store::set_job_columns(tx, id, columns)?;
            }
            store::insert_chunk(tx, id, &chunk, now)
        };
        let awaited = self.app.db.write("catalog.store_import", job).await?;
        self.total = self.total.saturating_add(filled);
        self.heard(awaited, now)
    }

    /// Says that the sender is there, however slowly they send.
    async fn touch(&mut self) -> Result<(), Error> {
        let (id, now) = (self.id, self.app.clock.now());
        if now < self.told.plus(TOUCH) {
            return Ok(());
        }
        let job = move |tx: &mut Tx<'_>| store::touch_job(tx, id, now);
        let awaited = self.app.db.write("catalog.touch_import", job).await?;
        self.heard(awaited, now)
    }

    fn heard(&mut self, awaited: bool, now: Timestamp) -> Result<(), Error> {
        self.told = now;
        if awaited { Ok(()) } else { Err(Error::ImportGone) }
    }
}
