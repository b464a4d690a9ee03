//! Connecting to a PostgreSQL server: the defaults of the URL's parameters, and the settings of a session.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::config::{Config, Host};

use super::link::{Link, LinkError};
use super::options::PostgresOptions;
use super::tls::{self, Tls};
use crate::error::OpenPostgresError;

/// Default for `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Default for `tcp_user_timeout`: the longest time for which an unresponsive network can block a transaction.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(20);

/// Longest wait for a lock of another transaction. Shorter than a statement, so that those who wait for a transaction of a node that
/// does not respond do not hold up others for long.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// A client in an open transaction that sends nothing for so long is gone, and its locks are released.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);

/// Opens a connection. Its settings override the server's defaults: everything has a timeout, and an acknowledged write is durable.
pub(super) fn connect(config: &Config, tls: &Tls, options: &PostgresOptions) -> Result<Link, LinkError> {
    // The timeout of the driver is for each host, and for its socket alone.
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
    let timeout = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
    let within = timeout.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX));
    let mut link = Link::open(config, tls, within)?;
    let settings = format!(
        "SET statement_timeout = {};
         SET lock_timeout = {};
         SET idle_in_transaction_session_timeout = {};
         SET jit = off;
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        options.statement.as_millis(),
        LOCK_TIMEOUT.min(options.statement).as_millis(),
        IDLE_IN_TRANSACTION_TIMEOUT.as_millis(),
    );
    link.call(options.commit, async |client| client.batch_execute(&settings).await)?;
    Ok(link)
}

/// Parses the URL and applies the defaults. Returns the configuration, the TLS connector, and the location for display.
pub(super) fn configure(url: &str) -> Result<(Config, Tls, String), OpenPostgresError> {
    let invalid = |reason: &str| OpenPostgresError::Url {
        reason: reason.to_owned(),
    };
    let (url, tls) = tls::parse_parameters(url).map_err(|reason| invalid(&reason))?;
    // The driver's message quotes the invalid part, which may be a part of the password: only names of options are shown.
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let options = ["host", "port", "dbname", "user", "connect_timeout"];
        let reason = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        match options
            .iter()
            .find(|name| reason == format!("invalid value for option `{name}`"))
        {
            Some(name) => invalid(&format!("its {name} is not valid")),
            None => invalid("it has another form, or a parameter that does not exist"),
        }
    })?;
    let has_delimiter = |name: &str| name.contains(['@', ':', '?', '#']);
    let is_invalid =
        |host: &Host| matches!(host, Host::Tcp(name) if has_delimiter(name) && name.parse::<IpAddr>().is_err());
    if config.get_hosts().iter().any(is_invalid) {
        return Err(invalid(
            "its host has a character that no host has: is it a part of the password?",
        ));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(invalid("it names no host"));
    }
    if config.get_user().is_none() {
        return Err(invalid("it names no user"));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("pbx-server");
    }
    let location = location(&config);
    Ok((config, tls, location))
}

/// Returns `true` if every connection stays on this machine.
pub(super) fn is_local(config: &Config) -> bool {
    let mut addresses = config.get_hostaddrs().iter();
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }) && addresses.all(IpAddr::is_loopback)
}

/// Returns the URL without the password and the parameters.
fn location(config: &Config) -> String {
    let mut url = "postgres://".to_owned();
    let user = config.get_user().unwrap_or_default();
    let _ = write!(url, "{user}@");
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let mut hosts: Vec<String> = hosts.collect();
    if hosts.is_empty() {
        hosts.extend(addresses);
    }
    for (index, host) in hosts.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(url, "{comma}{host}");
        let ports = config.get_ports();
        if let Some(port) = ports.get(index).or(ports.first()).filter(|port| **port != 5432) {
            let _ = write!(url, ":{port}");
        }
    }
    let _ = write!(url, "/{}", config.get_dbname().unwrap_or(user));
    url
}
