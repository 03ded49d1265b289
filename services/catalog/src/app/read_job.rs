//! A manager asks how far an import is.

use techtrove_catalog_api::JobId;

use super::App;
use crate::{
    domain::LineError,
    error::Error,
    store::{self, Job},
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
    app.db
        .read("catalog.job", move |tx| {
            let job = store::lookup_job(tx, id)?.ok_or(Error::NotFound("job"))?;
            Ok(JobReport { errors: store::job_errors(tx, id)?, job })
        })
        .await
}
