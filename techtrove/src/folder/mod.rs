//! The data folder of `up`: one process owns it at a time, by a lock that ends with the process. It
//! holds a database file per service and the list of them, the shop's secrets, the private socket of a
//! running shop, and how far its demo shop is.

mod secrets;

pub use secrets::Secrets;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use techtrove_core::IdGen;

/// The file that names the services whose databases were made, one a line.
const DATABASES: &str = "databases";

/// A data folder that this process owns until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process owns it.
    #[error(
        "the data folder {path} is in use by a running shop; stop that one or choose another with --data"
    )]
    InUse {
        /// Which folder.
        path: PathBuf,
    },
    /// It cannot be made, read or written.
    #[error(
        "the data folder {path} cannot be used: {cause}; check that it is a folder you may write to, or choose another with --data"
    )]
    Unusable {
        /// Which folder or file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// There is no shop in it.
    #[error("there is no shop in {}; name the data folder of one with --data", path.display())]
    NoShop {
        /// Which folder.
        path: PathBuf,
    },
    /// The databases are there, and a secret that belongs to them is not.
    #[error(
        "the secret {} is missing beside the shop's databases; restore it from a backup of the data folder",
        path.display()
    )]
    LostSecret {
        /// Which file.
        path: PathBuf,
    },
    /// A database that was there is not.
    #[error(
        "the database {} is missing or empty: nothing was started; restore it from a backup of the data folder",
        path.display()
    )]
    LostDatabase {
        /// Which file.
        path: PathBuf,
    },
    /// A secret has been damaged.
    #[error("the secret in {path} is damaged; restore the file from a backup of the data folder")]
    DamagedSecret {
        /// Which file.
        path: PathBuf,
    },
}

impl DataFolder {
    /// Makes the folder when it is absent, readable by its owner alone, and takes its lock.
    ///
    /// # Errors
    /// When it is in use or cannot be written.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let unusable = |cause| FolderError::Unusable { path: path.to_owned(), cause };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let lock = private_file(&path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Self { path: path.to_owned(), _lock: lock }.complete(),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(unusable(cause)),
        }
    }

    /// The folder, when every database that was ever made in it is there: a new one in its place would be a
    /// shop that has forgotten its orders.
    fn complete(self) -> Result<Self, FolderError> {
        let unusable = |cause| FolderError::Unusable { path: self.path.join(DATABASES), cause };
        let made = match fs::read_to_string(self.path.join(DATABASES)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            made => made.map_err(unusable)?,
        };
        for service in made.lines() {
            let path = self.database(service);
            if fs::metadata(&path).map_or(0, |about| about.len()) == 0 {
                return Err(FolderError::LostDatabase { path });
            }
        }
        Ok(self)
    }

    /// Remembers that the databases of these services were made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, services: &[&str]) -> Result<(), FolderError> {
        let path = self.path.join(DATABASES);
        let made: String = services.iter().map(|service| format!("{service}\n")).collect();
        if fs::read_to_string(&path).is_ok_and(|known| known == made) {
            return Ok(());
        }
        write_private(&path, &made).map_err(|cause| FolderError::Unusable { path, cause })
    }

    fn database(&self, service: &str) -> PathBuf {
        self.path.join(format!("{service}.db"))
    }

    /// The database file of a service, as a URL.
    #[must_use]
    pub fn database_url(&self, service: &str) -> String {
        format!("sqlite:{}", self.database(service).display())
    }

    /// The shop's secrets, made at the first start.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn secrets(&self, ids: &dyn IdGen) -> Result<Secrets, FolderError> {
        let folder = self.path.join("secrets");
        if holds_a_shop(&self.path) {
            Secrets::load(&folder, ids)
        } else {
            Secrets::load_or_make(&folder, ids)
        }
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a shop was started in the folder before. Its secrets are made before its databases.
#[must_use]
pub fn holds_a_shop(path: &Path) -> bool {
    path.join("orders.db").exists()
}

/// Writes a file that its owner alone may read, so that a crash leaves all of it or what was there before.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = private_file(&unfinished)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Copies a file to a new one that its owner alone may read, and makes its folder where there is none.
pub(crate) fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut copy = create_private(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    match to.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Makes a new file that its owner alone may read.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Opens or makes a file that its owner alone may read.
fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_owns_a_folder() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("shop");

        let first = DataFolder::open(&path).expect("free");
        assert!(matches!(DataFolder::open(&path), Err(FolderError::InUse { .. })));
        drop(first);

        DataFolder::open(&path).expect("free again");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_in_its_place_is_refused_with_a_hint() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("shop");
        fs::write(&path, "not a folder").expect("written");

        let refusal = DataFolder::open(&path).expect_err("refused").to_string();

        assert!(refusal.contains("--data"), "{refusal}");
    }
}
