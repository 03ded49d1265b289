//! `techtrove backup`: copies a shop, running or not, into an empty folder.

use axum::body::Body;
use http::{Request, header};

use crate::terminal::say;
use crate::{
    backup::{self, BackupError, CopiedDatabases, CopyDatabases},
    cli::Backup,
    error::ProgramError,
    session::Session,
};

/// Takes a backup and says what is in it.
///
/// # Errors
/// When there is no shop, the folder is not empty, or something cannot be copied.
pub async fn backup(options: Backup) -> Result<(), ProgramError> {
    let session = Session::open(&options.folder.data).await?;
    let taken = take(&session, &options).await;
    session.close().await;
    taken
}

async fn take(session: &Session, options: &Backup) -> Result<(), ProgramError> {
    let unusable = |cause| BackupError::Unusable { path: options.to.clone(), cause };
    let folder = std::path::absolute(&options.to).map_err(unusable)?;
    backup::begin(&folder)?;
    let wanted = serde_json::to_vec(&CopyDatabases { folder: folder.clone() });
    let request = Request::post("/backup")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(wanted.map_err(ProgramError::request)?))
        .map_err(ProgramError::request)?;
    let copied: CopiedDatabases = session.operator().call(request).await?;
    let (data, to) = (options.folder.data.clone(), folder.clone());
    let completing = tokio::task::spawn_blocking(move || backup::complete(&data, &to, &copied));
    let manifest = completing.await.map_err(ProgramError::request)??;
    say(format_args!(
        "{} files, {} MiB, as of {}: {}",
        manifest.files.len(),
        manifest.bytes() / (1024 * 1024),
        manifest.taken_at,
        folder.display()
    ));
    Ok(())
}
