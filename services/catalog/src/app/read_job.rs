//! A manager asks how far an import is, or ends it.

use techtrove_catalog_api::JobId;
use techtrove_db::Tx;

use super::App;
use crate::{
    domain::LineError,
    error::Error,
    store::{self, Job, JobStatus},
};

/// How far an import is.
#[derive(Clone, Debug)]
pub struct JobReport {
    /// The import.
    pub job: Job,
    /// The lines that were not taken, as far as they are kept.
    pub errors: Vec<LineError>,
}

/// How far the import is.
///
/// # Errors
/// [`Error::NotFound`], or when the database fails.
pub async fn get_job(app: &App, id: JobId) -> Result<JobReport, Error> {
    app.db.read("catalog.job", move |tx| report(tx, id)).await
}

/// Ends the import behind the chunk that is worked on; what was done by then stays.
///
/// # Errors
/// [`Error::NotFound`], [`Error::ImportEnded`], or when the database fails.
pub async fn cancel_import(app: &App, id: JobId) -> Result<JobReport, Error> {
    let now = app.clock.now();
    let job = move |tx: &mut Tx<'_>| {
        let before = store::lookup_job(tx, id)?.ok_or(Error::NotFound("job"))?;
        if matches!(before.status, JobStatus::Done | JobStatus::Failed) {
            return Err(Error::ImportEnded);
        }
        store::cancel_job(tx, id, now)?;
        report(tx, id)
    };
    app.db.write("catalog.cancel_import", job).await
}

fn report(tx: &mut Tx<'_>, id: JobId) -> Result<JobReport, Error> {
    let job = store::lookup_job(tx, id)?.ok_or(Error::NotFound("job"))?;
    Ok(JobReport { errors: store::job_errors(tx, id)?, job })
}
