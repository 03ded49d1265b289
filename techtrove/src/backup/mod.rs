//! Backups of a data folder: a folder of files and a manifest that names each of them, written last, so that
//! a backup which ended early has none and is refused. The databases in it are as all of them were at one
//! moment, so that a restored shop goes on as after a power cut at that moment. A backup holds the shop's
//! secrets, and is its owner's alone.

mod manifest;
mod restore;
mod take;

pub(crate) use manifest::MANIFEST;
pub use manifest::Manifest;
pub use restore::restore;
pub use take::begin;
pub(crate) use take::{CopiedDatabases, CopyDatabases, complete, copy_databases};

use std::{io, path::PathBuf};

use techtrove_db::OpenError;

/// What belongs to a shop besides its databases, and may be absent.
const BESIDE: [&str; 2] = ["demo-stage", "demo-accounts.txt"];

/// Why a backup cannot be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder holds something already.
    #[error("{} is not empty: name a folder that is, or one that does not exist", path.display())]
    NotEmpty {
        /// Which folder.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}: {cause}; check that there is room and that it belongs to you", path.display())]
    Unusable {
        /// Which file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// There is no manifest.
    #[error("{} is no whole backup: it has no manifest, which is written last; take another", path.display())]
    NoManifest {
        /// Which folder.
        path: PathBuf,
    },
    /// The manifest says nothing that can be understood.
    #[error("the manifest in {} is not understood: {reason}", path.display())]
    BadManifest {
        /// Which folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is not what the manifest says.
    #[error("{} is damaged or missing: {reason}; use another backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A database is not in order.
    #[error(transparent)]
    Database(#[from] OpenError),
}

impl BackupError {
    fn unusable(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |cause| Self::Unusable { path, cause }
    }
}
