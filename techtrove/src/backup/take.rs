//! Taking a backup: the shop that has the databases open copies them, its owner's command what lies beside
//! them, and the manifest last.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use techtrove_core::{Problem, SharedClock, Timestamp, codes};
use techtrove_db::{Db, SnapshotError, check_file, snapshots};

use super::{
    BESIDE, BackupError,
    manifest::{KeptFile, Manifest, is_empty},
};
use crate::folder::copy_private;

/// Where a shop is asked to copy its databases.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyDatabases {
    pub(crate) folder: PathBuf,
}

/// The databases that were copied.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CopiedDatabases {
    pub(crate) taken_at: Timestamp,
    pub(crate) files: Vec<String>,
}

/// Makes the folder of a backup, for its owner alone.
///
/// # Errors
/// When there is something in it already, or it cannot be made.
pub fn begin(folder: &Path) -> Result<(), BackupError> {
    let unusable = || BackupError::unusable(folder);
    if !is_empty(folder).map_err(unusable())? {
        return Err(BackupError::NotEmpty { path: folder.to_owned() });
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable())
}

/// Copies databases, as all of them are at one moment, into a folder that has been made for them.
///
/// # Errors
/// When one is no file, or a copy cannot be written.
pub(crate) async fn copy_databases(
    databases: &[Db],
    clock: &SharedClock,
    wanted: CopyDatabases,
) -> Result<CopiedDatabases, Problem> {
    let held = snapshots(databases).await.map_err(|error| refused(&error))?;
    let taken_at = clock.now();
    let copy = move || {
        let mut files = Vec::with_capacity(held.len());
        for snapshot in held {
            let file = format!("{}.db", snapshot.name());
            snapshot.copy_to(&wanted.folder.join(&file))?;
            files.push(file);
        }
        Ok(CopiedDatabases { taken_at, files })
    };
    tokio::task::spawn_blocking(copy)
        .await
        .map_err(Problem::internal)?
        .map_err(|error| refused(&error))
}

/// Why not, told to the owner of the data folder alone.
fn refused(error: &SnapshotError) -> Problem {
    Problem::new(codes::UNAVAILABLE, error.to_string())
}

/// Adds what lies beside the databases of `data`, looks through every database, and writes the manifest. It
/// blocks.
///
/// # Errors
/// When a file cannot be read or written, or a database is damaged.
pub(crate) fn complete(
    data: &Path,
    folder: &Path,
    copied: &CopiedDatabases,
) -> Result<Manifest, BackupError> {
    let mut files = Vec::new();
    for name in &copied.files {
        let tables = check_file(&folder.join(name))?;
        files.push(KeptFile::of(folder, name, tables)?);
    }
    for name in beside(data)? {
        copy_private(&data.join(&name), &folder.join(&name))
            .map_err(BackupError::unusable(data.join(&name)))?;
        files.push(KeptFile::of(folder, &name, BTreeMap::new())?);
    }
    let manifest = Manifest::new(copied.taken_at, files);
    manifest.write(folder)?;
    Ok(manifest)
}

/// The names of the files beside the databases.
fn beside(data: &Path) -> Result<Vec<String>, BackupError> {
    let secrets = data.join("secrets");
    let unusable = || BackupError::unusable(&secrets);
    let mut names = Vec::new();
    for entry in fs::read_dir(&secrets).map_err(unusable())? {
        let name = entry.map_err(unusable())?.file_name();
        names.push(format!("secrets/{}", name.to_string_lossy()));
    }
    names.sort_unstable();
    names.extend(BESIDE.map(str::to_owned).into_iter().filter(|name| data.join(name).exists()));
    Ok(names)
}
