//! Where the private socket of a running shop is: in its data folder, or, when that path is too long
//! for a socket, in a folder of its own among the temporary files, which the file `control.path` in the
//! data folder names. Strangers write among the temporary files too, so that folder is made under a name
//! that nobody can foresee, and never used unless it is the owner's alone.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use techtrove_core::IdGen;
use tokio::net::UnixListener;

/// The longest path of a socket that every Unix can bind.
const LONGEST_SOCKET_PATH: usize = 100;

const SOCKET: &str = "control.sock";

/// The file that names a socket elsewhere.
const PLACE: &str = "control.path";

/// A folder that is removed in the end, with the socket in it.
#[derive(Debug)]
pub struct SocketFolder(Option<PathBuf>);

/// The socket of the shop that runs on `folder`.
pub(super) fn path(folder: &Path) -> io::Result<PathBuf> {
    let direct = folder.join(SOCKET);
    if fits(&direct) {
        return Ok(direct);
    }
    match noted(folder) {
        Some(elsewhere) if is_ours_alone(&elsewhere, folder)? => Ok(elsewhere.join(SOCKET)),
        Some(elsewhere) => {
            Err(io::Error::other(format!("{} is not the owner's alone", elsewhere.display())))
        }
        None => Ok(direct),
    }
}

/// Opens the private socket of a shop that has just started.
///
/// # Errors
/// When it cannot be bound.
pub fn listen(folder: &Path, ids: &dyn IdGen) -> io::Result<(UnixListener, SocketFolder)> {
    let direct = folder.join(SOCKET);
    let (path, kept) = if fits(&direct) {
        (direct, SocketFolder(None))
    } else {
        // The folder's lock is ours, so what is noted there belongs to a shop that was killed.
        if let Some(left) =
            noted(folder).filter(|left| is_ours_alone(left, folder).unwrap_or(false))
        {
            drop(SocketFolder(Some(left)));
        }
        let private = make_private(ids)?;
        fs::write(folder.join(PLACE), private.display().to_string())?;
        (private.join(SOCKET), SocketFolder(Some(private)))
    };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok((listener, kept))
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= LONGEST_SOCKET_PATH
}

/// A new folder among the temporary files, for its owner alone. It is made here or not at all: what is
/// there already, be it a link, is an error.
fn make_private(ids: &dyn IdGen) -> io::Result<PathBuf> {
    let name = format!("techtrove-{}", ids.uuid().simple());
    let usual = std::env::temp_dir().join(&name);
    let private = if fits(&usual.join(SOCKET)) { usual } else { Path::new("/tmp").join(name) };
    fs::DirBuilder::new().mode(0o700).create(&private)?;
    Ok(private)
}

fn noted(folder: &Path) -> Option<PathBuf> {
    fs::read_to_string(folder.join(PLACE)).ok().map(|text| PathBuf::from(text.trim_end()))
}

/// Whether `private` is a folder and no link, belongs to the owner of the data folder, and is closed to
/// everybody else.
fn is_ours_alone(private: &Path, folder: &Path) -> io::Result<bool> {
    let found = fs::symlink_metadata(private)?;
    let owner = fs::metadata(folder)?.uid();
    Ok(found.is_dir() && found.uid() == owner && found.mode() & 0o077 == 0)
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        let Some(folder) = self.0.take() else { return };
        // What cannot be removed is empty or closed to others; the next start tries again.
        let _ = fs::remove_file(folder.join(SOCKET));
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    use techtrove_core::{ManualClock, SeededIds};

    use super::*;

    fn ids(seed: u64) -> SeededIds {
        SeededIds::new(Arc::new(ManualClock::default()), seed)
    }

    /// A data folder whose path is too long for a socket.
    fn deep(parent: &Path) -> PathBuf {
        let folder = parent.join("x".repeat(LONGEST_SOCKET_PATH));
        fs::create_dir(&folder).expect("made");
        folder
    }

    #[tokio::test]
    async fn a_socket_elsewhere_is_the_owners_alone_and_goes_in_the_end() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = deep(parent.path());
        let seed = u64::from(std::process::id());

        let (listener, kept) = listen(&folder, &ids(seed)).expect("bound");
        let socket = path(&folder).expect("trusted");
        let private = socket.parent().expect("in a folder").to_owned();
        let mode = fs::metadata(&private).expect("there").mode();
        drop((listener, kept));

        assert_eq!(mode & 0o777, 0o700);
        assert!(!private.exists());
    }

    #[tokio::test]
    async fn a_folder_that_others_can_reach_is_not_trusted() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = deep(parent.path());
        let (open, linked) = (parent.path().join("open"), parent.path().join("linked"));
        fs::DirBuilder::new().mode(0o755).create(&open).expect("made");
        symlink(parent.path(), &linked).expect("linked");

        for elsewhere in [open, linked] {
            fs::write(folder.join(PLACE), elsewhere.display().to_string()).expect("written");

            assert!(path(&folder).is_err(), "{}", elsewhere.display());
        }
    }
}
