//! What `servers` needs to know of the system it runs on: programs, users, private files. It only
//! looks, and writes nothing but the file it is told to.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command as Process,
};

use anyhow::{Context as _, Result, anyhow};

/// Whom a server runs as, where we are root.
#[derive(Debug, Clone, Copy)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

/// Writes a file that only its owner may read.
pub fn write_private(file: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
        file.write_all(text.as_bytes())
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

/// Whether a user who is neither owner nor in the group can get into a folder.
pub fn others_may_pass(folder: &Path) -> bool {
    folder.ancestors().all(|folder| {
        fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}

/// Whether we are root.
pub fn is_root() -> Result<bool> {
    let output = Process::new("id").arg("-u").output().context("cannot run id")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

/// The first of these accounts that the system has.
pub fn user(accounts: &[&str]) -> Result<User> {
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let found = accounts.iter().find_map(|account| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(account))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some(User { uid: fields.next()?.ok()?, gid: fields.next()?.ok()? })
    });
    found.ok_or_else(|| anyhow!("no unprivileged user for the servers: {}", accounts.join(", ")))
}

/// Where a program is: in the `PATH`, or among those of the system.
pub fn find(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where programs are; no setting of ours")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Where a program of MariaDB is.
pub fn program(name: &str) -> Result<PathBuf> {
    find(name).with_context(|| format!("{name} is not installed: cargo xtask servers install"))
}

/// A program of PostgreSQL: Debian keeps those of the server out of the PATH, by version.
pub fn postgres_program(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let path = entry.path().join("bin").join(name);
            path.is_file().then_some((version, path))
        })
        .max();
    newest.map_or_else(|| program(name), |(_, path)| Ok(path))
}
