//! Connecting to a PostgreSQL server: the URL with our defaults, and the settings of a session.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use postgres::config::{Config, Host};
use postgres::{Client, NoTls};

use super::tls::{self, Tls};
use crate::error::OpenPostgresError;

/// How long connecting may take, unless the URL says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a silent network may hold up a transaction, unless the URL says.
const SILENCE: Duration = Duration::from_secs(20);

/// What every session has, whatever the server's defaults are: nothing waits for ever, and an answered write is on the disk.
const SESSION: &str = "
    SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
    SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
";

/// A new session.
pub(super) fn connect(config: &Config, tls: &Tls) -> Result<Client, postgres::Error> {
    let mut client = match tls {
        Some(tls) => config.connect(tls.clone())?,
        None => config.connect(NoTls)?,
    };
    client.batch_execute(SESSION)?;
    Ok(client)
}

/// The URL with our defaults, and what may be shown of it.
pub(super) fn configure(url: &str) -> Result<(Config, Tls, String), OpenPostgresError> {
    let wrong = |reason: &str| OpenPostgresError::Url {
        reason: reason.to_owned(),
    };
    let (url, tls) = tls::split(url).map_err(|reason| wrong(&reason))?;
    // The driver's own words name what it stumbled over, which may be a part of the password.
    let mut config: Config = url.parse().map_err(|error: postgres::Error| {
        let known = ["host", "port", "dbname", "user", "connect_timeout"];
        let reason = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        match known
            .iter()
            .find(|name| reason == format!("invalid value for option `{name}`"))
        {
            Some(name) => wrong(&format!("its {name} is not valid")),
            None => wrong("it has another form, or a parameter that does not exist"),
        }
    })?;
    let unescaped = |text: &str| text.contains(['@', ':', '?', '#']);
    let in_name = |host: &Host| matches!(host, Host::Tcp(name) if unescaped(name) && name.parse::<IpAddr>().is_err());
    if config.get_hosts().iter().any(in_name) {
        return Err(wrong(
            "its host has a character that no host has: is it a part of the password?",
        ));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(wrong("it names no host"));
    }
    if config.get_user().is_none() {
        return Err(wrong("it names no user"));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("pbx-server");
    }
    let location = location(&config);
    Ok((config, tls, location))
}

/// Returns `true` if the server is reached without a network.
pub(super) fn is_local(config: &Config) -> bool {
    let mut addresses = config.get_hostaddrs().iter();
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }) && addresses.all(IpAddr::is_loopback)
}

/// As in the URL, without the password and the parameters.
fn location(config: &Config) -> String {
    let mut text = "postgres://".to_owned();
    let user = config.get_user().unwrap_or_default();
    let _ = write!(text, "{user}@");
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
        let _ = write!(text, "{comma}{host}");
        let ports = config.get_ports();
        if let Some(port) = ports.get(index).or(ports.first()).filter(|port| **port != 5432) {
            let _ = write!(text, ":{port}");
        }
    }
    let _ = write!(text, "/{}", config.get_dbname().unwrap_or(user));
    text
}
