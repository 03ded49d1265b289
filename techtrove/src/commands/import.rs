//! `techtrove import`: sends files to the catalogue line by line and shows how far it is. The shop
//! keeps what it has received, so an interrupted import goes on when the shop runs again.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use futures::TryStreamExt as _;
use http::{Method, Request, header};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::terminal::say;
use crate::{cli::Import, control::Operator, error::ProgramError, session::Session};

/// How often the job is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How many refused lines are shown.
const SHOWN_ERRORS: usize = 20;

#[derive(Deserialize)]
struct Started {
    job_id: String,
}

#[derive(Deserialize)]
struct Job {
    status: String,
    done: u64,
    total: Option<u64>,
    #[serde(default)]
    categories_created: u64,
    #[serde(default)]
    error_count: u64,
    #[serde(default)]
    errors: Vec<LineError>,
}

#[derive(Deserialize)]
struct LineError {
    line: u64,
    code: String,
    detail: String,
}

/// Imports the files, one after the other.
///
/// # Errors
/// When a file cannot be read, the shop refuses it, or lines were refused.
pub async fn import(options: Import) -> Result<(), ProgramError> {
    let session = Session::open(&options.folder.data).await?;
    let mut refused = 0;
    for file in &options.files {
        match import_file(session.operator(), file, options.dry_run).await {
            Ok(errors) => refused += errors,
            Err(error) => {
                session.close().await;
                return Err(error);
            }
        }
    }
    session.close().await;
    if refused == 0 { Ok(()) } else { Err(ProgramError::RefusedLines(refused)) }
}

async fn import_file(operator: &Operator, path: &Path, dry_run: bool) -> Result<u64, ProgramError> {
    let unreadable = |cause| ProgramError::File { path: path.to_owned(), cause };
    let file = File::open(path).await.map_err(unreadable)?;
    let about = file.metadata().await.map_err(unreadable)?;
    if about.is_dir() {
        return Err(ProgramError::Folder { path: path.to_owned() });
    }
    let bar = ProgressBar::new(about.len());
    bar.set_style(style("{msg} [{bar:40}] {bytes}/{total_bytes}"));
    bar.set_message(format!("sending {}", path.display()));
    let counted = bar.clone();
    let body = ReaderStream::with_capacity(file, 256 * 1024)
        .inspect_ok(move |chunk| counted.inc(chunk.len() as u64));
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1/products/import?dry_run={dry_run}"))
        .header(header::CONTENT_TYPE, media_type(path))
        .body(Body::from_stream(body))
        .map_err(ProgramError::request)?;
    let started: Started = operator.call(request).await?;
    bar.finish_and_clear();
    let job = follow(operator, &started.job_id, path).await?;
    report(path, &job, dry_run);
    if job.status == "done" {
        Ok(job.error_count)
    } else {
        Err(ProgramError::ImportFailed(job.status))
    }
}

fn media_type(path: &Path) -> &'static str {
    if super::is_csv(path) { "text/csv" } else { "application/x-ndjson" }
}

/// Waits for the job's end, showing how far it is.
async fn follow(operator: &Operator, job_id: &str, path: &Path) -> Result<Job, ProgramError> {
    let bar = ProgressBar::new(0);
    bar.set_style(style("{msg} [{bar:40}] {pos}/{len} lines, {per_sec}, {eta} left"));
    bar.set_message(format!("importing {}", path.display()));
    loop {
        let request = Request::get(format!("/api/v1/jobs/{job_id}"))
            .body(Body::empty())
            .map_err(ProgramError::request)?;
        let job: Job = operator.call(request).await?;
        bar.set_length(job.total.unwrap_or(job.done));
        bar.set_position(job.done);
        if matches!(job.status.as_str(), "done" | "failed" | "cancelled") {
            bar.finish_and_clear();
            return Ok(job);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

fn report(path: &Path, job: &Job, dry_run: bool) {
    let tried = if dry_run { " tried" } else { "" };
    let (path, done, errors) = (path.display(), job.done, job.error_count);
    say(format_args!("{path}: {done} lines{tried}, {errors} refused"));
    if job.categories_created > 0 {
        say(format_args!("  new categories: {}", job.categories_created));
    }
    for error in job.errors.iter().take(SHOWN_ERRORS) {
        say(format_args!("  line {}: {} ({})", error.line, error.detail, error.code));
    }
    let more = job.error_count.saturating_sub(SHOWN_ERRORS as u64);
    if more > 0 {
        say(format_args!("  and {more} more"));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
