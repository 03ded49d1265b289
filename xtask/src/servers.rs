//! `cargo xtask servers`: a PostgreSQL and a MariaDB for the tests alone, from Debian's packages, on
//! private ports, folders and passwords, reachable from this machine only. It must never touch a
//! server that it did not start, and nothing but `install` changes the system. Where they are stands
//! in `.servers/env`, which `test` passes on.

mod packages;
mod system;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::{
        fs::{OpenOptionsExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command as Process, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use self::system::{
    User, find, is_root, others_may_pass, postgres_program, program, user, write_private,
};
use crate::tidy;

/// PostgreSQL and MariaDB for the tests
///
/// Their data lies in ./.servers (as root: in a folder that unprivileged users reach), they listen
/// on 127.0.0.1 only, and run as an unprivileged user.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask servers install        Debian's packages and stripe-mock, once (asks sudo where you are not root)
  cargo xtask servers up             start what does not run, and say where
  . .servers/env; cargo test         tests by hand on all databases; `cargo xtask test` reads it itself
  cargo xtask servers down           stop both; their data stays
  cargo xtask servers status         what runs")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Install Debian's packages for the tests, as root or by sudo, and build stripe-mock
    Install,
    /// Start both unless they run, and wait until they answer
    Up,
    /// Stop both; their data stays
    Down,
    /// Say what runs
    Status,
}

/// Does what was asked for.
///
/// # Errors
/// When a package, a folder or a server fails; the text says where to look.
pub fn run(arguments: &Arguments) -> Result<()> {
    match arguments.command {
        Command::Install => packages::install(),
        Command::Up => up(),
        Command::Down => down(),
        Command::Status => status(),
    }
}

/// The variables that say where the running servers are, which certificate is theirs and where Stripe's
/// stand-in is; those that do not answer, or are not there, are left out.
pub fn environment() -> Vec<(String, String)> {
    let text = fs::read_to_string(environment_file()).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| {
        let (name, url) = line.strip_prefix("export ")?.split_once('=')?;
        Some((name.to_owned(), url.trim_matches('\'').to_owned()))
    });
    let mock = packages::stripe_mock();
    let mock = ("TECHTROVE_TEST_STRIPE_MOCK".to_owned(), mock.display().to_string());
    let there = |value: &str| port_of(value).map_or(Path::new(value).is_file(), listens);
    pairs.chain([mock]).filter(|(_, value)| there(value)).collect()
}

fn port_of(url: &str) -> Option<u16> {
    let (_, address) = url.rsplit_once('@')?;
    address.split('/').next()?.rsplit_once(':')?.1.parse().ok()
}

fn environment_file() -> PathBuf {
    tidy::root().join(".servers").join("env")
}

fn up() -> Result<()> {
    let mut lines = String::new();
    for server in servers()? {
        let port = server.start().with_context(|| format!("{} does not start", server.kind))?;
        let url = server.url(port)?;
        lines += &format!("export {}='{url}'\n", server.variable());
        eprintln!(
            "{} answers on 127.0.0.1:{port}, its data is in {}",
            server.kind,
            server.folder.display()
        );
    }
    if let Some(certificate) = certificate()? {
        lines += &format!("export TECHTROVE_TEST_CERTIFICATE='{}'\n", certificate.display());
    }
    write_private(&environment_file(), &lines)?;
    print!("{lines}");
    Ok(())
}

/// A certificate for this machine that nobody but the tests trusts, made when it is first needed; its
/// key lies beside it. Without openssl the servers go without TLS.
fn certificate() -> Result<Option<PathBuf>> {
    let folder = tidy::root().join(".servers");
    let certificate = folder.join("certificate.pem");
    if certificate.is_file() {
        return Ok(Some(certificate));
    }
    let Some(openssl) = find("openssl") else { return Ok(None) };
    let words = folder.join("certificate.cnf");
    write_private(
        &words,
        "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = rules\n\
         [name]\nCN = localhost\n\
         [rules]\nbasicConstraints = critical, CA:FALSE\n\
         subjectAltName = IP:127.0.0.1, DNS:localhost\n",
    )?;
    let made = Process::new(openssl)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-config"])
        .arg(&words)
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(&folder)
        .output()?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "openssl makes no certificate: {said}");
    Ok(Some(certificate))
}

fn down() -> Result<()> {
    for server in servers()? {
        let stopped = server.stop()?;
        eprintln!("{} {}", server.kind, if stopped { "was stopped" } else { "did not run" });
    }
    match fs::remove_file(environment_file()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn status() -> Result<()> {
    for server in servers()? {
        match server.running() {
            Some(port) => println!("{} runs on 127.0.0.1:{port}", server.kind),
            None => println!("{} does not run", server.kind),
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Mariadb,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Mariadb => "MariaDB",
        })
    }
}

/// One of the servers, whether it runs or not.
#[derive(Debug)]
struct Server {
    kind: Kind,
    folder: PathBuf,
    user: Option<User>,
}

/// The user of the databases, who may do everything in them.
const NAME: &str = "techtrove";
const PATIENCE: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

fn servers() -> Result<[Server; 2]> {
    let root = is_root()?;
    let folder = if root && !others_may_pass(&tidy::root()) {
        let hash = Sha256::digest(tidy::root().as_os_str().as_encoded_bytes());
        let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        std::env::temp_dir().join(format!("techtrove-servers-{name}"))
    } else {
        tidy::root().join(".servers")
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::create_dir_all(tidy::root().join(".servers"))?;
    let server = |kind, name: &str, account: &str| -> Result<Server> {
        let user = if root { Some(user(&[account, "nobody"])?) } else { None };
        Ok(Server { kind, folder: folder.join(name), user })
    };
    Ok([
        server(Kind::Postgres, "postgres", "postgres")?,
        server(Kind::Mariadb, "mariadb", "mysql")?,
    ])
}

impl Server {
    fn variable(&self) -> &'static str {
        match self.kind {
            Kind::Postgres => "TECHTROVE_TEST_POSTGRES",
            Kind::Mariadb => "TECHTROVE_TEST_MYSQL",
        }
    }

    fn url(&self, port: u16) -> Result<String> {
        let password = self.password()?;
        Ok(match self.kind {
            Kind::Postgres => format!("postgres://{NAME}:{password}@127.0.0.1:{port}/postgres"),
            Kind::Mariadb => format!("mysql://{NAME}:{password}@127.0.0.1:{port}/mysql"),
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The port, if the server that we started runs and answers.
    fn running(&self) -> Option<u16> {
        let port = fs::read_to_string(self.folder.join("port")).ok()?.trim().parse().ok()?;
        (self.process().is_some() && listens(port)).then_some(port)
    }

    /// The number of our server's process, if it lives.
    fn process(&self) -> Option<u32> {
        let (file, name) = match self.kind {
            Kind::Postgres => (self.data().join("postmaster.pid"), "postgres"),
            Kind::Mariadb => (self.data().join("mariadb.pid"), "mariadbd"),
        };
        let number = fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()?;
        let command = fs::read_to_string(format!("/proc/{number}/comm")).ok()?;
        (command.trim() == name).then_some(number)
    }

    /// Starts it unless it runs, and waits until it answers.
    fn start(&self) -> Result<u16> {
        if let Some(port) = self.running() {
            return Ok(port);
        }
        self.make_folder()?;
        if !self.data().exists() {
            self.initialise().inspect_err(|_| {
                // Half a database would be taken for a whole one the next time.
                let _ = fs::remove_dir_all(self.data());
            })?;
        }
        let port = free_port(match self.kind {
            Kind::Postgres => 54329,
            Kind::Mariadb => 33069,
        })?;
        fs::write(self.folder.join("port"), port.to_string())?;
        self.launch(port)?;
        for _ in 0..PATIENCE {
            if self.answers(port) {
                return Ok(port);
            }
            std::thread::park_timeout(PAUSE);
        }
        bail!("no answer within a minute: see {}", self.log().display())
    }

    fn make_folder(&self) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        if let Some(User { uid, gid }) = self.user {
            chown(&self.folder, Some(uid), Some(gid))?;
        }
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))?;
        if let Some(certificate) = certificate()? {
            for name in ["certificate.pem", "key.pem"] {
                let text = fs::read_to_string(certificate.with_file_name(name))?;
                self.write(&self.folder.join(name), &text)?;
            }
        }
        Ok(())
    }

    /// The names of the settings with which the server takes its certificate and key.
    fn tls(&self, [certificate, key]: [&str; 2]) -> Vec<std::ffi::OsString> {
        let [certificate_file, key_file] =
            ["certificate.pem", "key.pem"].map(|name| self.folder.join(name));
        if !certificate_file.is_file() {
            return Vec::new();
        }
        vec![argument(certificate, &certificate_file), argument(key, &key_file)]
    }

    /// The password, made when it is first asked for.
    fn password(&self) -> Result<String> {
        let file = self.folder.join("password");
        if let Ok(password) = fs::read_to_string(&file) {
            return Ok(password.trim().to_owned());
        }
        let mut bytes = [0; 16];
        fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.write(&file, &format!("{password}\n"))?;
        Ok(password)
    }

    /// Writes a file that only the server's user (and root) may read.
    fn write(&self, file: &Path, text: &str) -> Result<()> {
        write_private(file, text)?;
        if let Some(User { uid, gid }) = self.user {
            chown(file, Some(uid), Some(gid))?;
        }
        Ok(())
    }

    /// A program that runs as the server's user, in its folder, and logs into its log.
    fn program(&self, path: &Path) -> Result<Process> {
        let log = self.log();
        let file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&log)?;
        let mut program = Process::new(path);
        program.current_dir(&self.folder).stdin(Stdio::null());
        program.stdout(file.try_clone()?).stderr(file).process_group(0);
        if let Some(User { uid, gid }) = self.user {
            chown(&log, Some(uid), Some(gid))?;
            program.uid(uid).gid(gid);
        }
        Ok(program)
    }

    fn succeed(&self, mut program: Process, what: &str) -> Result<()> {
        let status = program.status().with_context(|| format!("cannot run {what}"))?;
        ensure!(status.success(), "{what} failed ({status}): see {}", self.log().display());
        Ok(())
    }

    fn initialise(&self) -> Result<()> {
        self.password()?;
        match self.kind {
            Kind::Postgres => {
                let mut initdb = self.program(&postgres_program("initdb")?)?;
                initdb.arg("--pgdata").arg(self.data());
                // SCRAM costs a connection of an unoptimised build a third of a second.
                initdb.args(["--username", NAME, "--auth=md5", "--encoding=UTF8"]);
                initdb.args(["--no-locale", "--pwfile"]).arg(self.folder.join("password"));
                self.succeed(initdb, "initdb")
            }
            Kind::Mariadb => {
                let mut install = self.program(&program("mariadb-install-db")?)?;
                install.args(["--no-defaults", "--skip-test-db", "--skip-name-resolve"]);
                install.arg("--auth-root-authentication-method=socket");
                install.arg(argument("--datadir=", &self.data()));
                self.succeed(install, "mariadb-install-db")
            }
        }
    }

    fn launch(&self, port: u16) -> Result<()> {
        match self.kind {
            Kind::Postgres => {
                let mut postgres = self.program(&postgres_program("postgres")?)?;
                postgres.arg("-D").arg(self.data()).args(["-p", &port.to_string()]);
                for setting in [
                    "listen_addresses=127.0.0.1",
                    "unix_socket_directories=",
                    "max_connections=300",
                ] {
                    postgres.args(["-c", setting]);
                }
                let tls = self.tls(["--ssl_cert_file=", "--ssl_key_file="]);
                postgres.arg(if tls.is_empty() { "--ssl=off" } else { "--ssl=on" }).args(tls);
                postgres.spawn().context("cannot run postgres")?;
            }
            Kind::Mariadb => {
                let password = self.password()?;
                let words = self.folder.join("init.sql");
                self.write(
                    &words,
                    &format!(
                        "CREATE OR REPLACE USER '{NAME}'@'127.0.0.1' IDENTIFIED BY '{password}';\n\
                         GRANT ALL PRIVILEGES ON *.* TO '{NAME}'@'127.0.0.1';\n"
                    ),
                )?;
                let mut mariadbd = self.program(&program("mariadbd")?)?;
                mariadbd.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"]);
                // Both lie in the data folder; a whole path may be too long for a socket.
                mariadbd.args(["--socket=mariadb.sock", "--pid-file=mariadb.pid"]);
                mariadbd.args(["--max-connections=300", "--max-prepared-stmt-count=1048576"]);
                mariadbd.args(self.tls(["--ssl-cert=", "--ssl-key="]));
                mariadbd.arg(format!("--port={port}"));
                mariadbd.arg(argument("--datadir=", &self.data()));
                mariadbd.arg(argument("--init-file=", &words));
                mariadbd.spawn().context("cannot run mariadbd")?;
            }
        }
        Ok(())
    }

    /// Whether it takes connections: MariaDB greets, PostgreSQL answers a question about TLS
    /// (PostgreSQL manual, 'SSLRequest').
    fn answers(&self, port: u16) -> bool {
        let greeted = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect_timeout(&local(port), PAUSE)?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            if self.kind == Kind::Postgres {
                stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
            }
            stream.read_exact(&mut [0])?;
            Ok(true)
        };
        self.process().is_some() && greeted().unwrap_or(false)
    }

    /// Stops it and waits for its end; `false` when it did not run.
    fn stop(&self) -> Result<bool> {
        let Some(number) = self.process() else { return Ok(false) };
        // Both take SIGINT or SIGTERM for a clean end: PostgreSQL's SIGTERM waits for its clients.
        let signal = if self.kind == Kind::Postgres { "-INT" } else { "-TERM" };
        let status = Process::new("kill").args([signal, &number.to_string()]).status()?;
        ensure!(status.success(), "cannot stop {} (process {number})", self.kind);
        for _ in 0..PATIENCE {
            if self.process().is_none() {
                return Ok(true);
            }
            std::thread::park_timeout(PAUSE);
        }
        bail!("{} (process {number}) does not end: see {}", self.kind, self.log().display())
    }
}

fn argument(name: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(name);
    argument.push(path);
    argument
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn listens(port: u16) -> bool {
    TcpStream::connect_timeout(&local(port), Duration::from_millis(500)).is_ok()
}

/// This port, or any other that is free.
fn free_port(wanted: u16) -> Result<u16> {
    let listener = TcpListener::bind(local(wanted)).or_else(|_| TcpListener::bind(local(0)))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_urls_port_is_found_behind_its_password() {
        assert_eq!(port_of("postgres://techtrove:p@127.0.0.1:54329/postgres"), Some(54329));
        assert_eq!(port_of("mysql://techtrove:a:b@127.0.0.1:33069/mysql"), Some(33069));
        assert_eq!(port_of("postgres://127.0.0.1/postgres"), None);
    }

    #[test]
    fn a_taken_port_is_not_given_out() {
        let taken = TcpListener::bind(local(0)).expect("a free port");
        let port = taken.local_addr().expect("an address").port();

        assert_ne!(free_port(port).expect("a port"), port);
    }
}
