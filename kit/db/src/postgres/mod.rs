//! PostgreSQL over `tokio-postgres`: each worker thread has a runtime of its own that runs only while
//! the worker waits for an answer, so that jobs stay plain synchronous code.

mod connection;
mod errors;
mod tls;
mod values;

use std::{sync::Arc, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::connection::PgConnection;
pub(crate) use self::values::column;
use crate::{
    DbOptions, OpenError,
    url::{ServerUrl, TlsMode, is_local},
    worker::{Connection, Purpose, Server},
};

/// A PostgreSQL server and the database on it.
struct PgServer {
    config: Config,
    tls: MakeRustlsConnect,
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
    // The parser's error quotes what it does not understand, which may be the password.
    let mut config: Config = parsed
        .url
        .parse()
        .map_err(|_| OpenError::BadUrl("postgres://user:password@host:port/database".into()))?;
    let hosts: Vec<String> = config.get_hosts().iter().map(host_name).collect();
    config.ssl_mode(match parsed.tls_for(hosts.iter().all(|host| is_local(host))) {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require => SslMode::Require,
    });
    if config.get_application_name().is_none() {
        config.application_name("techtrove");
    }
    let name = config.get_dbname().or(config.get_user()).unwrap_or("postgres").to_owned();
    let address = format!("PostgreSQL database {name} on {}", hosts.join(", "));
    let tls = tls::connector(config.get_ssl_mode(), parsed.root_certificates, &address)?;
    let (job_timeout, connect_timeout) = (options.job_timeout, options.connect_timeout);
    config.connect_timeout(connect_timeout);
    Ok((name, Arc::new(PgServer { config, tls, address, job_timeout, connect_timeout })))
}

fn host_name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

impl Server for PgServer {
    fn connect(&self, purpose: Purpose) -> Result<Box<dyn Connection>, OpenError> {
        let mut config = self.config.clone();
        let statement_timeout = match purpose {
            Purpose::Jobs(_) => self.job_timeout.as_millis().max(1),
            Purpose::Unlimited => 0,
        };
        let given = config.get_options().unwrap_or_default();
        config.options(format!(
            "{given} -c statement_timeout={statement_timeout} -c timezone=UTC \
             -c default_transaction_isolation=read\\ committed"
        ));
        let connected = PgConnection::connect(&config, &self.tls, self.connect_timeout);
        Ok(Box::new(connected.map_err(|error| errors::open_error(&self.address, &error))?))
    }
}
