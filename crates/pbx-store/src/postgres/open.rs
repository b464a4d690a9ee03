//! Connecting to a PostgreSQL database, and refusing what must not be used.

use postgres::Client;
use postgres::error::SqlState;

use super::connect::{configure, connect, is_local};
use super::pool::Pool;
use super::statement::{Session, text};
use crate::error::OpenPostgresError;
use crate::migrations::{self, Migration};

/// The oldest release that is tested, as the server states it.
const OLDEST: i32 = 150_000;

/// Names the lock that is held while the schema is brought up to date: "PBXs".
const LOCK: i64 = 0x5042_5873;

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
    if tls.is_none() && !is_local(&config) {
        tracing::warn!("what goes to {location} can be read on the way: add ?sslmode=require to the URL");
    }
    Ok((Pool::new(config, tls, Session::new(client)), location))
}

/// A session that only looks. A database that no server has prepared is refused.
pub(super) fn inspector(url: &str) -> Result<Session, OpenPostgresError> {
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
        Ok(Session::new(client))
    } else {
        Err(OpenPostgresError::Other {
            location,
            reason: "its schema is not up to date: start this version of pbx-server on it once".to_owned(),
        })
    }
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
