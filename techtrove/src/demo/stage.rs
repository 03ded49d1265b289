//! How far the demo shop of a data folder is, in a file that outlives the process: loading goes on after
//! a crash, is never done twice, and a shop that never had one does not get one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::folder::{FolderError, write_private};

const FILE: &str = "demo-stage";

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Being loaded, or left so by a crash.
    Loading,
    /// Loaded; its staff may come in.
    Open,
    /// Loaded; its staff are kept out while strangers can reach the shop.
    Closed,
}

impl Stage {
    /// A loaded shop's, by whether its staff may come in.
    pub(super) fn loaded(staff_let_in: bool) -> Self {
        if staff_let_in { Self::Open } else { Self::Closed }
    }

    /// What the data folder says; nothing where there is no demo shop.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, FolderError> {
        let path = folder.join(FILE);
        let unusable = |cause| FolderError::Unusable { path: path.clone(), cause };
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(error)),
            Ok(text) => match [Self::Loading, Self::Open, Self::Closed]
                .into_iter()
                .find(|stage| stage.as_str().as_bytes() == text.trim_ascii())
            {
                Some(stage) => Ok(Some(stage)),
                None => {
                    let reason = "it names no stage of a demo shop".to_owned();
                    Err(FolderError::Damaged { path, reason })
                }
            },
        }
    }

    /// Remembers it in the data folder.
    pub(super) fn write(self, folder: &Path) -> Result<(), FolderError> {
        let path: PathBuf = folder.join(FILE);
        write_private(&path, &format!("{}\n", self.as_str()))
            .map_err(|cause| FolderError::Unusable { path, cause })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Stage::read(folder.path()).expect("read"), None);

        for stage in [Stage::Loading, Stage::loaded(true), Stage::loaded(false)] {
            stage.write(folder.path()).expect("written");

            assert_eq!(Stage::read(folder.path()).expect("read"), Some(stage));
        }
        for damaged in [&b"asleep"[..], b"", &[0xff; 9]] {
            fs::write(folder.path().join(FILE), damaged).expect("written");
            let refusal = Stage::read(folder.path()).expect_err("refused").to_string();
            assert!(refusal.contains("demo-stage is damaged"), "{refusal}");
        }
    }
}
