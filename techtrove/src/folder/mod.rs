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

use crate::{backup, shop::SERVICES};

/// The file that names the services whose databases were made, one a line.
const DATABASES: &str = "databases";

/// What stands there until all of them are made for the first time.
const UNFINISHED: &str = "(unfinished)\n";

/// Which databases were made in a folder.
enum Made {
    /// Nobody says so.
    Unknown,
    /// Some, by a first start that was not finished.
    Some,
    /// These.
    All(Vec<String>),
}

/// A data folder that this process owns until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    made: Vec<String>,
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
    #[error(
        "there is no shop in {path}; name the data folder of one with --data, or begin one with: techtrove up --data {path}",
        path = path.display()
    )]
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
    /// A database was made by a program that has more of them.
    #[error(
        "the data folder has a database {name}, which this program does not know: a newer version made it; start the newer one again"
    )]
    UnknownDatabase {
        /// Its name.
        name: String,
    },
    /// It is a backup.
    #[error(
        "{path} is a backup and stays as it is; make a data folder of it with: techtrove restore {path} --data DIR",
        path = path.display()
    )]
    Backup {
        /// Which folder.
        path: PathBuf,
    },
    /// A file says nothing that can be understood.
    #[error("{} is damaged: {reason}; restore the data folder from a backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Everybody can come at a secret.
    #[error(
        "the secret in {path} is open to everybody on this machine; take that away with: chmod 600 {path}",
        path = path.display()
    )]
    OpenSecret {
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
            Ok(()) => Self { path: path.to_owned(), made: Vec::new(), _lock: lock }.complete(),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(unusable(cause)),
        }
    }

    /// The folder, when every database that was ever made in it is there: a new one in its place would be a
    /// shop that has forgotten its orders.
    fn complete(mut self) -> Result<Self, FolderError> {
        if self.path.join(backup::MANIFEST).exists() {
            return Err(FolderError::Backup { path: self.path });
        }
        let missing = match self.made()? {
            Made::All(names) => {
                self.made = names;
                self.made.iter().map(|name| self.database(name)).find(|path| is_absent(path))
            }
            Made::Some => None,
            // Copied together by hand, since a first start says before that it begins.
            Made::Unknown if SERVICES.iter().any(|name| !is_absent(&self.database(name))) => {
                SERVICES.iter().map(|name| self.database(name)).find(|path| is_absent(path))
            }
            Made::Unknown => {
                self.write_list(UNFINISHED)?;
                None
            }
        };
        missing.map_or(Ok(self), |path| Err(FolderError::LostDatabase { path }))
    }

    /// Which databases were made in it.
    fn made(&self) -> Result<Made, FolderError> {
        let path = self.path.join(DATABASES);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Made::Unknown),
            text => text.map_err(|cause| FolderError::Unusable { path: path.clone(), cause })?,
        };
        let text = String::from_utf8_lossy(&text);
        if text == UNFINISHED {
            return Ok(Made::Some);
        }
        let names: Vec<String> = text.lines().map(str::to_owned).collect();
        let is_name = |name: &String| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let damaged = || FolderError::Damaged {
            path: path.clone(),
            reason: "it does not name the shop's databases".to_owned(),
        };
        if names.is_empty() || !names.iter().all(is_name) {
            return Err(damaged());
        }
        let unknown = names.iter().find(|name| !SERVICES.contains(&name.as_str()));
        match unknown {
            None => Ok(Made::All(names)),
            Some(name) if is_absent(&self.database(name)) => Err(damaged()),
            Some(name) => Err(FolderError::UnknownDatabase { name: name.clone() }),
        }
    }

    /// Remembers that the databases of all services were made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self) -> Result<(), FolderError> {
        let made: String = SERVICES.iter().map(|service| format!("{service}\n")).collect();
        let known = fs::read_to_string(self.path.join(DATABASES));
        if known.is_ok_and(|known| known == made) { Ok(()) } else { self.write_list(&made) }
    }

    fn write_list(&self, text: &str) -> Result<(), FolderError> {
        let path = self.path.join(DATABASES);
        write_private(&path, text).map_err(|cause| FolderError::Unusable { path, cause })
    }

    fn database(&self, service: &str) -> PathBuf {
        self.path.join(format!("{service}.db"))
    }

    /// The services whose databases were made before.
    #[must_use]
    pub fn made_before(&self) -> &[String] {
        &self.made
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

/// Whether there is nothing in a database file, or no file.
fn is_absent(path: &Path) -> bool {
    fs::metadata(path).map_or(0, |about| about.len()) == 0
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

    /// A folder with files of these names.
    fn holding(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            fs::write(folder.path().join(name), "something").expect("written");
        }
        folder
    }

    fn refusal(folder: &Path) -> String {
        DataFolder::open(folder).expect_err("refused").to_string()
    }

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
    fn a_file_or_a_loop_in_its_place_is_refused_with_a_hint() {
        let parent = holding(&["file"]);
        let turning = parent.path().join("loop");
        std::os::unix::fs::symlink(&turning, &turning).expect("linked");

        for path in [parent.path().join("file"), turning] {
            let refusal = refusal(&path);
            assert!(refusal.contains("--data"), "{refusal}");
        }
    }

    #[test]
    fn a_folder_copied_in_part_is_refused_and_a_first_start_goes_on() {
        let copied = holding(&["identity.db", "orders.db"]);
        let refused = refusal(copied.path());
        assert!(refused.contains("inventory.db is missing"), "{refused}");

        let begun = tempfile::tempdir().expect("a folder");
        drop(DataFolder::open(begun.path()).expect("empty"));
        fs::write(begun.path().join("identity.db"), "something").expect("written");
        DataFolder::open(begun.path()).expect("it was not finished").remember().expect("written");
        assert!(refusal(begun.path()).contains("inventory.db is missing"));

        let names = SERVICES.map(|name| format!("{name}.db"));
        DataFolder::open(holding(&names.each_ref().map(String::as_str)).path()).expect("all there");
    }

    #[test]
    fn a_damaged_or_newer_list_of_databases_is_refused() {
        for (list, says) in [
            ("", "is damaged"),
            ("orders\n\u{1}\n", "is damaged"),
            ("orders\n../orders\n", "is damaged"),
            ("orders\nhello\n", "is damaged"),
            ("orders\nloyalty\n", "loyalty, which this program does not know"),
        ] {
            let folder = holding(&["orders.db", "loyalty.db"]);
            fs::write(folder.path().join(DATABASES), list).expect("written");
            let refused = refusal(folder.path());
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn a_backup_is_not_started() {
        let backup = holding(&["identity.db", "orders.db", "manifest.json"]);

        let refused = refusal(backup.path());

        assert!(refused.contains("techtrove restore"), "{refused}");
    }
}
