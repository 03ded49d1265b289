//! Restoring a backup: everything is copied beside the data folder and looked through there; only what is
//! whole becomes the data folder, in one step.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use techtrove_db::check_file;

use super::{
    BackupError,
    manifest::{KeptFile, Manifest, copy, is_empty},
};
use crate::folder::create_private;

/// Makes `data` the data folder that `backup` was taken of, and tells what is in it. It blocks.
///
/// # Errors
/// When there is something in `data`, or the backup is not whole; `data` is then as it was.
pub fn restore(backup: &Path, data: &Path) -> Result<Manifest, BackupError> {
    let unusable = |path: &Path| BackupError::unusable(path.to_owned());
    let data = std::path::absolute(data).map_err(unusable(data))?;
    if !is_empty(&data).map_err(unusable(&data))? {
        return Err(BackupError::NotEmpty { path: data });
    }
    let manifest = Manifest::read(backup)?;
    let (parent, name) =
        (data.parent().unwrap_or(&data), data.file_name().unwrap_or(OsStr::new("")));
    let mut unfinished = OsStr::new(".").to_owned();
    unfinished.push(name);
    unfinished.push(".restoring");
    let unfinished = parent.join(unfinished);
    let restored = restore_into(&unfinished, backup, &manifest).and_then(|()| {
        let moved = fs::rename(&unfinished, &data).and_then(|()| File::open(parent)?.sync_all());
        moved.map_err(unusable(&data))
    });
    if restored.is_err() {
        // What is left of it is no data folder, and goes when the next restore begins.
        let _ = fs::remove_dir_all(&unfinished);
    }
    restored.map(|()| manifest)
}

/// Copies the files of a backup into a new folder, and finds each to be whole.
fn restore_into(folder: &Path, backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let unusable = || BackupError::unusable(folder);
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable()(error)),
        _ => {}
    }
    let secrets = folder.join("secrets");
    DirBuilder::new().recursive(true).mode(0o700).create(&secrets).map_err(unusable())?;
    for file in &manifest.files {
        restore_file(folder, backup, file)?;
    }
    for file in manifest.files.iter().filter(|file| !file.tables.is_empty()) {
        let path = folder.join(&file.path);
        if check_file(&path)? != file.tables {
            let reason = "its tables are of other versions than the manifest says".to_owned();
            return Err(BackupError::Damaged { path: backup.join(&file.path), reason });
        }
    }
    let folders: [PathBuf; 2] = [secrets, folder.to_owned()];
    folders.iter().try_for_each(|it| File::open(it)?.sync_all()).map_err(unusable())
}

fn restore_file(folder: &Path, backup: &Path, file: &KeptFile) -> Result<(), BackupError> {
    let (from, to) = (backup.join(&file.path), folder.join(&file.path));
    let damaged = |reason: String| BackupError::Damaged { path: from.clone(), reason };
    let mut source = File::open(&from).map_err(|error| damaged(error.to_string()))?;
    let copied = create_private(&to).and_then(|mut target| {
        let copied = copy(&mut source, &mut target)?;
        target.sync_all()?;
        Ok(copied)
    });
    let (bytes, sha256) = copied.map_err(BackupError::unusable(&to))?;
    if (bytes, &sha256) == (file.bytes, &file.sha256) {
        Ok(())
    } else {
        Err(damaged(format!("it has {bytes} bytes and another SHA-256 than the manifest says")))
    }
}
