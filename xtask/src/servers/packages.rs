//! The packages that the tests need: the one thing here that changes the system.

use std::process::Command;

use anyhow::{Result, ensure};

use super::system::{find, is_root};

/// What the tests need of Debian: the databases, a mail server, and what the README's tour is tried with.
const PACKAGES: [&str; 5] = ["postgresql", "mariadb-server", "python3-aiosmtpd", "curl", "jq"];

/// Installs them, as root or by sudo.
///
/// # Errors
/// Where there is no apt-get, or it fails.
pub fn install() -> Result<()> {
    ensure!(
        find("apt-get").is_some(),
        "only Debian's packages are known here: install PostgreSQL, MariaDB, curl and jq by your system's \
         own means, so that initdb and mariadbd are found in the PATH, and aiosmtpd by pip"
    );
    let install = [&["install", "--yes", "--no-install-recommends"][..], &PACKAGES].concat();
    for words in [&["update"][..], &install] {
        let mut apt = if is_root()? { Command::new("apt-get") } else { sudo("apt-get")? };
        let status = apt.args(words).env("DEBIAN_FRONTEND", "noninteractive").status()?;
        ensure!(status.success(), "apt-get {} failed ({status})", words.join(" "));
    }
    Ok(())
}

fn sudo(program: &str) -> Result<Command> {
    ensure!(find("sudo").is_some(), "packages are installed as root: run this as root");
    let mut sudo = Command::new("sudo");
    sudo.args(["DEBIAN_FRONTEND=noninteractive", program]);
    Ok(sudo)
}
