//! The packages that the tests need: the one thing here that changes the system. What Debian does not
//! have, Stripe's stand-in, is built by Go into a folder of ours.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::system::{find, is_root};
use crate::tidy;

/// What the tests need of Debian: the databases, a mail server, and what the README's tour is tried with.
const PACKAGES: [&str; 5] = ["postgresql", "mariadb-server", "python3-aiosmtpd", "curl", "jq"];

/// Stripe's stand-in, of the version whose API our client speaks.
const STRIPE_MOCK: &str = "github.com/stripe/stripe-mock@v0.203.0";

/// Where Go is found that was not installed by Debian.
const GO: &str = "/usr/local/go/bin/go";

/// Installs them, as root or by sudo, and builds what Debian does not have.
///
/// # Errors
/// Where there is no apt-get, or it fails; or the building.
pub fn install() -> Result<()> {
    install_packages(&PACKAGES)?;
    if go().is_none() {
        install_packages(&["golang-go"])?;
    }
    let go = go().context("go is not installed")?;
    let folder = stripe_mock().with_file_name("");
    let built = Command::new(go).args(["install", STRIPE_MOCK]).env("GOBIN", folder).status()?;
    ensure!(built.success(), "{STRIPE_MOCK} cannot be built ({built})");
    Ok(())
}

/// Where Stripe's stand-in is, once it was installed.
pub fn stripe_mock() -> PathBuf {
    tidy::root().join(".servers").join("bin").join("stripe-mock")
}

fn go() -> Option<PathBuf> {
    find("go").or_else(|| Some(PathBuf::from(GO)).filter(|go| Path::is_file(go)))
}

fn install_packages(packages: &[&str]) -> Result<()> {
    ensure!(
        find("apt-get").is_some(),
        "only Debian's packages are known here: install PostgreSQL, MariaDB, curl and jq by your system's \
         own means, so that initdb and mariadbd are found in the PATH, aiosmtpd by pip, and Go"
    );
    let install = [&["install", "--yes", "--no-install-recommends"][..], packages].concat();
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
