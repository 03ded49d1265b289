//! `techtrove audit`: checks the books of a running shop, or of one at rest.

use axum::body::Body;
use http::Request;

use crate::terminal::say;
use crate::{audit::Report, cli::Folder, error::ProgramError, session::Session};

/// Prints what was checked and every discrepancy.
///
/// # Errors
/// When the books do not agree, or cannot be read.
pub async fn audit(options: Folder) -> Result<(), ProgramError> {
    let session = Session::open(&options.data).await?;
    let path = format!("/audit?at_rest={}", session.is_own());
    let request = Request::get(path).body(Body::empty()).map_err(ProgramError::request)?;
    let report: Result<Report, _> = session.operator().call(request).await;
    session.close().await;
    let report = report?;
    say(&report);
    match report.count_differences() {
        0 => Ok(()),
        count => Err(ProgramError::BooksDisagree(count)),
    }
}
