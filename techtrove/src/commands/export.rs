//! `techtrove export`: all products into a file, as an import takes them. The file is there once it is
//! whole.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use indicatif::ProgressBar;

use crate::terminal::say;
use crate::{cli::Export, control::Operator, error::ProgramError, session::Session};

/// Exports all products.
///
/// # Errors
/// When there is no shop, it refuses, or the file cannot be written.
pub async fn export(options: Export) -> Result<(), ProgramError> {
    let session = Session::open(&options.folder.data).await?;
    let outcome = export_to(session.operator(), &options.file).await;
    session.close().await;
    say(format_args!("{}: {} lines", options.file.display(), outcome?));
    Ok(())
}

/// Writes the file beside its place, and moves it there in the end.
async fn export_to(operator: &Operator, path: &Path) -> Result<usize, ProgramError> {
    let unwritable = |cause| ProgramError::Unwritable { path: path.to_owned(), cause };
    let format = if super::is_csv(path) { "csv" } else { "ndjson" };
    let request = Request::get(format!("/api/v1/products/export?format={format}"))
        .body(Body::empty())
        .map_err(ProgramError::request)?;
    let answer = operator.send(request).await?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let mut file = File::create(&unfinished).map_err(unwritable)?;
    let lines = receive(answer, &mut file).await?.map_err(unwritable);
    let kept = lines.and_then(|lines| {
        file.sync_all().and_then(|()| std::fs::rename(&unfinished, path)).map_err(unwritable)?;
        Ok(lines)
    });
    if kept.is_err() {
        // What is left of it is in nobody's way, and why it failed is told.
        let _ = std::fs::remove_file(&unfinished);
    }
    kept
}

/// Writes what comes, and counts its lines.
async fn receive(
    mut answer: Response<Body>,
    file: &mut File,
) -> Result<io::Result<usize>, ProgramError> {
    let bar = ProgressBar::new_spinner();
    let mut lines = 0;
    while let Some(frame) = answer.body_mut().frame().await {
        let Ok(part) = frame.map_err(ProgramError::broken_off)?.into_data() else { continue };
        if let Err(error) = file.write_all(&part) {
            return Ok(Err(error));
        }
        lines += part.iter().filter(|&&byte| byte == b'\n').count();
        bar.set_message(format!("{lines} lines"));
        bar.tick();
    }
    bar.finish_and_clear();
    Ok(Ok(lines))
}
