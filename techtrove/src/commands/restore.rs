//! `techtrove restore`: makes an empty data folder what it was when a backup was taken.

use crate::terminal::say;
use crate::{
    backup::{self, BackupError},
    cli::Restore,
    error::ProgramError,
};

/// Restores a backup and says what to do next.
///
/// # Errors
/// When the data folder is not empty, or the backup is not whole.
pub async fn restore(options: Restore) -> Result<(), ProgramError> {
    let (from, data) = (options.from, options.folder.data);
    let shown = data.display().to_string();
    let work = move || backup::restore(&from, &data);
    let restored: Result<_, BackupError> =
        tokio::task::spawn_blocking(work).await.map_err(ProgramError::request)?;
    let manifest = restored?;
    say(format_args!(
        "restored {} files as of {}; start the shop with: techtrove up --data {shown}",
        manifest.files.len(),
        manifest.taken_at,
    ));
    Ok(())
}
