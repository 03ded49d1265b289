//! The shop's secrets: 256 random bits each, in files that their owner alone may read, made at the
//! first start. They must never be shown, logged, or kept anywhere else.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt as _};
use std::path::Path;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use techtrove_core::IdGen;

use super::{FolderError, write_private};

/// The file of the key which webhooks are signed with.
const WEBHOOK_KEY: &str = "sandbox-webhook.key";

/// The file of the key which makes the secrets that are mailed.
const MAIL_KEY: &str = "mailed-secrets.key";

/// The longest file that is read as a secret, in bytes; one is a line of 43 letters.
const LONGEST: u64 = 1024;

/// What the shop keeps to itself.
#[derive(Clone)]
pub struct Secrets {
    /// The seed of the key which signs access tokens.
    pub signing_key: [u8; 32],
    /// The key of the tokens which guests get with their orders.
    pub guest_key: [u8; 32],
    /// The key which makes the secrets that are mailed.
    pub mail_key: [u8; 32],
    /// What the sandbox provider signs its webhooks with.
    pub sandbox_webhook_key: [u8; 32],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// New secrets, kept nowhere.
    #[must_use]
    pub fn generate(ids: &dyn IdGen) -> Self {
        Self {
            signing_key: ids.secret(),
            guest_key: ids.secret(),
            mail_key: ids.secret(),
            sandbox_webhook_key: ids.secret(),
        }
    }

    /// The secrets of a data folder that a running shop owns.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn of_running(data: &Path) -> Result<Self, FolderError> {
        Self::kept(&data.join("secrets"), read)
    }

    /// The secrets of a shop that was started before. What has been given to others is never made
    /// again; the key of webhooks, which both ends learn at the start, is, and that of mailed secrets, since
    /// those which were mailed stay good without it.
    pub(super) fn load(folder: &Path, ids: &dyn IdGen) -> Result<Self, FolderError> {
        Self::kept(folder, |path| one(path, ids))
    }

    /// Secrets of which `other` tells those that may be made again.
    fn kept(
        folder: &Path,
        other: impl Fn(&Path) -> Result<[u8; 32], FolderError>,
    ) -> Result<Self, FolderError> {
        Ok(Self {
            signing_key: read(&folder.join("access-token-signing.key"))?,
            guest_key: read(&folder.join("guest-token.key"))?,
            mail_key: other(&folder.join(MAIL_KEY))?,
            sandbox_webhook_key: other(&folder.join(WEBHOOK_KEY))?,
        })
    }

    pub(super) fn load_or_make(folder: &Path, ids: &dyn IdGen) -> Result<Self, FolderError> {
        let unusable = |cause| FolderError::Unusable { path: folder.to_owned(), cause };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        Ok(Self {
            signing_key: one(&folder.join("access-token-signing.key"), ids)?,
            guest_key: one(&folder.join("guest-token.key"), ids)?,
            mail_key: one(&folder.join(MAIL_KEY), ids)?,
            sandbox_webhook_key: one(&folder.join(WEBHOOK_KEY), ids)?,
        })
    }
}

/// The secret in a file; made when the file is absent or was left empty by a crash.
fn one(path: &Path, ids: &dyn IdGen) -> Result<[u8; 32], FolderError> {
    let unusable = |cause: io::Error| FolderError::Unusable { path: path.to_owned(), cause };
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > 0 => read(path),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(error)),
        _ => make(path, ids.secret()).map_err(unusable),
    }
}

fn read(path: &Path) -> Result<[u8; 32], FolderError> {
    let unusable = |cause: io::Error| FolderError::Unusable { path: path.to_owned(), cause };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(FolderError::LostSecret { path: path.to_owned() });
        }
        file => file.map_err(unusable)?,
    };
    let damaged = || FolderError::DamagedSecret { path: path.to_owned() };
    let about = file.metadata().map_err(unusable)?;
    if !about.is_file() {
        return Err(damaged());
    }
    // A group may have been given it on purpose, such as by Kubernetes to a volume.
    if about.permissions().mode() & 0o007 != 0 {
        return Err(FolderError::OpenSecret { path: path.to_owned() });
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).map_err(unusable)?;
    let bytes = BASE64.decode(text.trim_ascii()).map_err(|_| damaged())?;
    bytes.try_into().map_err(|_| damaged())
}

fn make(path: &Path, secret: [u8; 32]) -> io::Result<[u8; 32]> {
    write_private(path, &format!("{}\n", BASE64.encode(secret))).map(|()| secret)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use techtrove_core::{ManualClock, SeededIds};

    use super::*;

    fn ids(seed: u64) -> SeededIds {
        SeededIds::new(Arc::new(ManualClock::default()), seed)
    }

    #[test]
    fn secrets_stay_the_same_and_private() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("secrets");

        let first = Secrets::load_or_make(&folder, &ids(1)).expect("made");
        let second = Secrets::load_or_make(&folder, &ids(2)).expect("read");

        assert_eq!((first.signing_key, first.guest_key), (second.signing_key, second.guest_key));
        assert_ne!(first.signing_key, first.guest_key);
        for entry in fs::read_dir(&folder).expect("there") {
            let mode = entry.expect("an entry").metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_shop_of_an_earlier_version_gets_the_keys_that_it_lacks_and_keeps_the_rest() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("secrets");
        let first = Secrets::load_or_make(&folder, &ids(1)).expect("made");
        for key in [WEBHOOK_KEY, MAIL_KEY] {
            fs::remove_file(folder.join(key)).expect("removed");
        }

        let upgraded = Secrets::load(&folder, &ids(2)).expect("made");

        let kept = (upgraded.signing_key, upgraded.guest_key);
        assert_eq!((first.signing_key, first.guest_key), kept);
        assert_ne!(first.sandbox_webhook_key, upgraded.sandbox_webhook_key);
        assert_ne!(first.mail_key, upgraded.mail_key);
        assert_eq!(Secrets::load(&folder, &ids(3)).expect("read").mail_key, upgraded.mail_key);
    }

    #[test]
    fn a_damaged_secret_is_named_and_never_replaced() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("guest-token.key");
        let long = BASE64.encode([7; 33]);
        let armoured =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

        for damaged in ["short", "\n", long.as_str(), armoured, &"A".repeat(5_000), "\u{fffd}"] {
            write_private(&path, damaged).expect("written");

            let refusal = Secrets::load_or_make(parent.path(), &ids(1)).expect_err("refused");

            assert!(matches!(refusal, FolderError::DamagedSecret { path: named } if named == path));
            assert_eq!(fs::read_to_string(&path).expect("there"), damaged);
        }
    }

    #[test]
    fn a_lost_secret_is_named_and_a_folder_is_none() {
        let parent = tempfile::tempdir().expect("a folder");

        let lost = Secrets::load(&parent.path().join("secrets"), &ids(1)).expect_err("refused");
        fs::create_dir(parent.path().join("access-token-signing.key")).expect("made");
        let folder = Secrets::load(parent.path(), &ids(1)).expect_err("refused");

        assert!(matches!(lost, FolderError::LostSecret { .. }), "{lost}");
        assert!(matches!(folder, FolderError::DamagedSecret { .. }), "{folder}");
    }

    #[test]
    fn a_secret_that_everybody_can_come_at_is_refused() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("guest-token.key");
        let first = Secrets::load_or_make(parent.path(), &ids(1)).expect("made");

        for mode in [0o604, 0o666, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let refusal = Secrets::load_or_make(parent.path(), &ids(2)).expect_err("refused");
            assert!(refusal.to_string().contains("chmod 600"), "{refusal}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");

        let second = Secrets::load_or_make(parent.path(), &ids(2)).expect("a group may have it");
        assert_eq!(second.guest_key, first.guest_key);
    }
}
