//! Connecting to a PostgreSQL database, and refusing what must not be used.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use postgres::config::{Config, Host};
use postgres::error::SqlState;
use postgres::{Client, NoTls};

use super::pool::Pool;
use super::statement::{Connection, text};
use super::tls::{self, Tls};
use crate::store::migrations::{self, Migration};

/// The oldest release that is tested, as the server states it.
const OLDEST: i32 = 150_000;

/// How long connecting may take, unless the URL says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a silent network may hold up a transaction, unless the URL says.
const SILENCE: Duration = Duration::from_secs(20);

/// Names the lock that is held while the schema is brought up to date: "PBXs".
const LOCK: i64 = 0x5042_5873;

/// What every session has, whatever the server's defaults are: nothing waits for ever, and an answered write is on the disk.
const SESSION: &str = "
    SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
    SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
";

/// Why a PostgreSQL database was not opened. Every text says what is wrong, where, and what to do about it; none has the
/// password.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain them")]
pub enum OpenPostgresError {
    #[error(
        "the database URL is not understood ({reason}): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters \
         other than letters and digits in the password as %XX"
    )]
    Url { reason: String },
    #[error("cannot reach the PostgreSQL server of {location} ({reason}): start it, or correct --database")]
    Unreachable { location: String, reason: String },
    #[error(
        "the connection to {location} cannot be encrypted ({reason}): name the authority that signed the server's certificate \
         in sslrootcert=FILE, or switch TLS on there"
    )]
    NotEncrypted { location: String, reason: String },
    #[error(
        "the PostgreSQL server refuses the user or the password of {location} ({reason}): correct them in --database, or the \
         server's pg_hba.conf"
    )]
    Refused { location: String, reason: String },
    #[error("there is no database {location}: make it with CREATE DATABASE ... ENCODING 'UTF8', or correct --database")]
    NoDatabase { location: String },
    #[error("{location} runs PostgreSQL {found}: use 15 or newer")]
    TooOld { location: String, found: String },
    #[error("the database {location} has the encoding {found}: make one with ENCODING 'UTF8'")]
    Encoding { location: String, found: String },
    #[error("the database {location} is read-only (a standby?): name the primary server in --database")]
    ReadOnly { location: String },
    #[error(
        "the user of {location} may not make tables there: make it the owner of the database, or GRANT it CREATE on the schema"
    )]
    NoPermission { location: String },
    #[error(
        "the database {location} holds tables of another program ({example}), not of pbx-server: it was left untouched; make \
         an empty one and name it in --database"
    )]
    Foreign { location: String, example: String },
    #[error(
        "the database {location} has schema version {found}, and this program knows versions up to {known}: it was left \
         untouched; run a newer pbx-server"
    )]
    Newer { location: String, found: i64, known: i64 },
    #[error(
        "another pbx-server is changing the schema of {location} and does not come to an end: look after that one, then \
         start again"
    )]
    Locked { location: String },
    #[error("the schema of {location} was not changed, since step {step} failed: {reason}")]
    Step {
        location: String,
        step: &'static str,
        reason: String,
    },
    #[error("cannot open the database {location}: {reason}")]
    Other { location: String, reason: String },
}

/// Connects, brings the schema up to date, and says where the database is. May be called from anywhere: the driver must not
/// block a thread that runs asynchronous tasks, so it gets one of its own.
pub(super) fn open(url: &str) -> Result<(Pool, String), OpenPostgresError> {
    let opened = std::thread::scope(|scope| scope.spawn(|| open_here(url)).join());
    opened.unwrap_or_else(|_| {
        Err(OpenPostgresError::Other {
            location: "named by --database".to_owned(),
            reason: "the driver panicked".to_owned(),
        })
    })
}

fn open_here(url: &str) -> Result<(Pool, String), OpenPostgresError> {
    let (config, tls, location) = configure(url)?;
    let mut client = connect(&config, &tls).map_err(|error| explain(&location, &error))?;
    migrate(&mut client, &location)?;
    if tls.is_none() && !stays_here(&config) {
        tracing::warn!("what goes to {location} can be read on the way: add ?sslmode=require to the URL");
    }
    Ok((Pool::new(config, tls, Connection::new(client)), location))
}

/// A session that only looks. A database that no server has prepared is refused.
pub(super) fn visitor(url: &str) -> Result<Connection, OpenPostgresError> {
    let (config, tls, location) = configure(url)?;
    let explained = |error: postgres::Error| explain(&location, &error);
    let mut client = connect(&config, &tls).map_err(explained)?;
    let prepared = client
        .query_opt("SELECT to_regclass('pbx_schema') IS NOT NULL", &[])
        .map_err(explained)?
        .is_some_and(|row| row.get(0));
    let version: Option<i64> = if prepared {
        let row = client
            .query_opt("SELECT version FROM pbx_schema", &[])
            .map_err(explained)?;
        row.map(|row| row.get(0))
    } else {
        None
    };
    if version == Some(migrations::newest()) {
        Ok(Connection::new(client))
    } else {
        Err(OpenPostgresError::Other {
            location,
            reason: "its schema is not up to date: start this version of pbx-server on it once".to_owned(),
        })
    }
}

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
fn configure(url: &str) -> Result<(Config, Tls, String), OpenPostgresError> {
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

/// Whether the server is reached without a network.
fn stays_here(config: &Config) -> bool {
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

/// Looks at what is there, and carries out all that is missing, in one transaction and under a lock, so that of several servers
/// that start at once one does it and the others find it done.
fn migrate(client: &mut Client, location: &str) -> Result<(), OpenPostgresError> {
    let here = || location.to_owned();
    let explained = |error: postgres::Error| explain(location, &error);
    let number: String = client
        .query_one("SHOW server_version_num", &[])
        .map_err(explained)?
        .get(0);
    if number.parse().unwrap_or(0) < OLDEST {
        let row = client.query_one("SHOW server_version", &[]).map_err(explained)?;
        let found = row.get(0);
        return Err(OpenPostgresError::TooOld {
            location: here(),
            found,
        });
    }
    let row = client
        .query_one(
            "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')",
            &[],
        )
        .map_err(explained)?;
    let found: String = row.get(0);
    if found != "UTF8" {
        return Err(OpenPostgresError::Encoding {
            location: here(),
            found,
        });
    }
    if row.get::<_, String>(1) == "on" {
        return Err(OpenPostgresError::ReadOnly { location: here() });
    }

    let mut transaction = client.transaction().map_err(explained)?;
    // As long as it takes to bring a large database up to date.
    transaction
        .batch_execute("SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = 0")
        .map_err(explained)?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .map_err(explained)?;
    let version = recognise(&mut transaction, location)?;
    for Migration { name, postgres, .. } in migrations::missing(version) {
        transaction
            .batch_execute(postgres)
            .map_err(|error| match explain(location, &error) {
                OpenPostgresError::Other { location, reason } => OpenPostgresError::Step {
                    location,
                    step: name,
                    reason,
                },
                explained => explained,
            })?;
    }
    transaction
        .execute("UPDATE pbx_schema SET version = $1", &[&migrations::newest()])
        .map_err(explained)?;
    transaction.commit().map_err(explained)
}

/// The schema version of a database of ours; an empty one becomes ours, with version 0.
fn recognise(transaction: &mut postgres::Transaction<'_>, location: &str) -> Result<i64, OpenPostgresError> {
    let explained = |error: postgres::Error| explain(location, &error);
    // Where names without a schema are looked up and made. Extensions may have put something there; that is nobody's data.
    let tables = transaction
        .query(
            "SELECT c.relname::text FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                             AND d.deptype = 'e')
             ORDER BY c.relname = 'pbx_schema' DESC, c.relname",
            &[],
        )
        .map_err(explained)?;
    let first: Option<String> = tables.first().map(|row| row.get(0));
    match first.as_deref() {
        None => {
            transaction
                .batch_execute(
                    "CREATE TABLE pbx_schema (version BIGINT NOT NULL); INSERT INTO pbx_schema (version) VALUES (0)",
                )
                .map_err(explained)?;
            Ok(0)
        }
        Some("pbx_schema") => {
            let found = transaction
                .query_one("SELECT version FROM pbx_schema", &[])
                .map_err(explained)?
                .get(0);
            let known = migrations::newest();
            if found > known {
                return Err(OpenPostgresError::Newer {
                    location: location.to_owned(),
                    found,
                    known,
                });
            }
            Ok(found)
        }
        Some(example) => Err(OpenPostgresError::Foreign {
            location: location.to_owned(),
            example: example.to_owned(),
        }),
    }
}

fn explain(location: &str, error: &postgres::Error) -> OpenPostgresError {
    let location = location.to_owned();
    let reason = text(error);
    match error.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => OpenPostgresError::NoDatabase { location },
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            OpenPostgresError::Refused { location, reason }
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::INVALID_SCHEMA_NAME) => {
            OpenPostgresError::NoPermission { location }
        }
        Some(&SqlState::LOCK_NOT_AVAILABLE) => OpenPostgresError::Locked { location },
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => OpenPostgresError::ReadOnly { location },
        Some(_) => OpenPostgresError::Other { location, reason },
        // "invalid configuration: password missing" is how the driver says that the server wants one.
        None if reason.contains("password missing") => OpenPostgresError::Refused { location, reason },
        None if reason.contains("TLS") => OpenPostgresError::NotEncrypted { location, reason },
        None => OpenPostgresError::Unreachable { location, reason },
    }
}
