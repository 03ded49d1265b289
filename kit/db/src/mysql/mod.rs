//! MySQL and MariaDB over the synchronous `mysql` crate, one connection per worker thread. Sessions
//! are set to behave like the other engines: strict, binary text, standard quotes, found rows counted.

mod connection;
mod errors;
mod values;

use std::{path::PathBuf, sync::Arc, time::Duration};

use mysql::{Opts, OptsBuilder, SslOpts, consts::CapabilityFlags};

use self::connection::MyConnection;
pub(crate) use self::values::column;
use crate::{
    DbOptions, OpenError,
    tx::Kind,
    url::{ServerUrl, TlsMode, is_local},
    worker::{Connection, Purpose, Server},
};

/// How much longer than the server's own limit we wait before the connection is given up.
const GRACE: Duration = Duration::from_secs(1);

/// A MySQL or MariaDB server and the database on it.
struct MyServer {
    options: Opts,
    /// For messages: without user and password.
    address: String,
    job_timeout: Duration,
    connect_timeout: Duration,
}

/// The server that a URL names, and the name of the database.
pub(crate) fn server(
    url: &str,
    options: &DbOptions,
) -> Result<(String, Arc<dyn Server>), OpenError> {
    let parsed = ServerUrl::parse(url)?;
    let rest = parsed.url.split_once(':').map_or("", |(_, rest)| rest);
    // The parser's error may quote the password.
    let opts = Opts::from_url(&format!("mysql:{rest}"))
        .map_err(|_| OpenError::BadUrl("mysql://user:password@host:port/database".into()))?;
    let host = opts.get_ip_or_hostname().into_owned();
    let name = opts.get_db_name().unwrap_or("mysql").to_owned();
    let tls = match parsed.tls_for(is_local(&host)) {
        TlsMode::Disable => None,
        TlsMode::Require => Some(tls(parsed.root_certificates)),
        TlsMode::Prefer => {
            return Err(OpenError::BadUrl("sslmode of MySQL is disable or require".into()));
        }
    };
    let opts = OptsBuilder::from_opts(opts)
        .prefer_socket(false)
        .stmt_cache_size(0)
        .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
        .ssl_opts(tls);
    Ok((
        name.clone(),
        Arc::new(MyServer {
            options: opts.into(),
            address: format!("MySQL database {name} on {host}"),
            job_timeout: options.job_timeout,
            connect_timeout: options.connect_timeout,
        }),
    ))
}

fn tls(root_certificates: Option<PathBuf>) -> SslOpts {
    // The driver takes the process's own provider; somebody else may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    SslOpts::default().with_root_cert_path(root_certificates.map(std::borrow::Cow::Owned))
}

impl Server for MyServer {
    fn connect(&self, purpose: Purpose) -> Result<Box<dyn Connection>, OpenError> {
        let limit = match purpose {
            Purpose::Jobs(_) => Some(self.job_timeout),
            Purpose::Unlimited => None,
        };
        let socket_limit = limit.map(|limit| limit.saturating_add(GRACE));
        let options = OptsBuilder::from_opts(self.options.clone())
            .tcp_connect_timeout(Some(self.connect_timeout))
            .read_timeout(socket_limit)
            .write_timeout(socket_limit)
            .init(session_words(purpose, limit));
        let connected = mysql::Conn::new(options)
            .and_then(|connection| MyConnection::new(connection, limit))
            .map_err(|error| errors::open_error(&self.address, &error))?;
        Ok(Box::new(connected))
    }
}

/// What a session is told when it begins. Without autocommit, the first statement of a job begins
/// its transaction, which saves a round trip.
fn session_words(purpose: Purpose, limit: Option<Duration>) -> Vec<String> {
    let (isolation, access) = match purpose {
        Purpose::Jobs(Kind::Read) => ("REPEATABLE READ", "READ ONLY"),
        Purpose::Jobs(Kind::Write) | Purpose::Unlimited => ("READ COMMITTED", "READ WRITE"),
    };
    let mut words = vec![
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin".to_owned(),
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY,ANSI_QUOTES,PIPES_AS_CONCAT,\
         NO_BACKSLASH_ESCAPES'"
            .to_owned(),
        "SET SESSION time_zone = '+00:00'".to_owned(),
        format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation}, {access}"),
    ];
    if let Some(limit) = limit {
        words.push(format!("SET SESSION innodb_lock_wait_timeout = {}", limit.as_secs().max(1)));
        words.push("SET SESSION autocommit = 0".to_owned());
    }
    words
}
