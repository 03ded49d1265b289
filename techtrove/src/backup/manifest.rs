//! What a backup consists of: each file with its size and SHA-256, and the versions of the tables in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use techtrove_core::Timestamp;

use super::BackupError;
use crate::{folder::write_private, shop::SERVICES};

/// The file that is written last.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The form of the manifest that this program writes and reads.
const FORMAT: u32 = 1;

/// The longest manifest that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// What a backup consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// The moment at which the databases were as they are here.
    pub taken_at: Timestamp,
    /// Its files.
    pub files: Vec<KeptFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// Its name in the folder.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The versions of its tables by the name of their set, where it is a database.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, i64>,
}

impl Manifest {
    /// Of these files, as of `taken_at`.
    pub(super) fn new(taken_at: Timestamp, files: Vec<KeptFile>) -> Self {
        Self { format: FORMAT, program: env!("CARGO_PKG_VERSION").to_owned(), taken_at, files }
    }

    /// How long all files are together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Writes it beside its files, which makes them a backup.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other);
        text.and_then(|text| write_private(&path, &text)).map_err(BackupError::unusable(path))
    }

    /// Reads that of a backup, which has all that a shop needs.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NoManifest { path: folder.to_owned() });
            }
            read => read.map_err(BackupError::unusable(path))?,
        };
        let bad = |reason: String| BackupError::BadManifest { path: folder.to_owned(), reason };
        let manifest: Self = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        manifest.checked().map_err(bad)
    }

    fn checked(self) -> Result<Self, String> {
        if self.format != FORMAT {
            return Err(format!("it is of form {}, and this program reads {FORMAT}", self.format));
        }
        let names: BTreeSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        if names.len() < self.files.len() {
            return Err("it names a file twice".to_owned());
        }
        let plain = |name: &&str| {
            Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(name) = names.iter().find(|name| !plain(name)) {
            return Err(format!("{name} is no file of a backup"));
        }
        let missing = SERVICES.iter().find(|name| !names.contains(format!("{name}.db").as_str()));
        match missing {
            Some(name) => Err(format!("the database {name} is not in it")),
            None => Ok(self),
        }
    }
}

impl KeptFile {
    /// The file of this name as it is in `folder`.
    pub(super) fn of(
        folder: &Path,
        name: &str,
        tables: BTreeMap<String, i64>,
    ) -> Result<Self, BackupError> {
        let path = folder.join(name);
        let hashed = File::open(&path).and_then(|mut file| copy(&mut file, &mut io::sink()));
        let (bytes, sha256) = hashed.map_err(BackupError::unusable(path))?;
        Ok(Self { path: name.to_owned(), bytes, sha256, tables })
    }
}

/// Copies all that there is, and tells how much it was and its SHA-256.
pub(super) fn copy(from: &mut File, to: &mut impl io::Write) -> io::Result<(u64, String)> {
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing into a text never fails.
        let _ = write!(text, "{byte:02x}");
    }
    Ok((bytes, text))
}

/// Whether there is nothing in the folder, or no folder.
pub(super) fn is_empty(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = |name: String| KeptFile {
            path: name,
            bytes: 1,
            sha256: "00".to_owned(),
            tables: BTreeMap::new(),
        };
        let files = SERVICES.iter().map(|name| file(format!("{name}.db"))).collect();
        Manifest::new(Timestamp::from_micros(0), files)
    }

    #[test]
    fn a_manifest_of_every_database_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");

        manifest().write(folder.path()).expect("written");

        assert_eq!(Manifest::read(folder.path()).expect("read"), manifest());
    }

    #[test]
    fn a_manifest_that_lacks_a_database_or_leads_elsewhere_is_refused() {
        let without = |place: usize| {
            let mut less = manifest();
            less.files.remove(place);
            less
        };
        let with = |name: &str| {
            let mut more = manifest();
            more.files[0].path.clone_into(&mut more.program);
            name.clone_into(&mut more.files[0].path);
            more.files.push(KeptFile { path: more.program.clone(), ..more.files[0].clone() });
            more
        };

        for (place, service) in SERVICES.iter().enumerate() {
            assert!(without(place).checked().is_err(), "{service}");
        }
        for name in ["../orders.db", "/etc/passwd", "secrets/../../x", "orders.db"] {
            assert!(with(name).checked().is_err(), "{name}");
        }
        assert!(with("secrets/x.key").checked().is_ok());
        assert!(Manifest { format: 2, ..manifest() }.checked().is_err());
    }
}
