//! Opening a PostgreSQL database, after checks that it is one of this program, and migrating its schema.

use postgres::Client;
use postgres::error::SqlState;

use super::connect::{configure, connect, is_local};
use super::pool::Pool;
use super::statement::{Session, message};
use crate::error::OpenPostgresError;
use crate::migrations::{self, Migration};

/// The oldest supported release, as in `server_version_num`.
const MIN_VERSION: i32 = 150_000;

/// The key of the advisory lock during a migration: "PBXs".
const MIGRATION_LOCK: i64 = 0x5042_5873;

/// Connects and migrates the schema. Returns the pool, and the location for display. Runs the driver on a separate thread, because
/// it must not block one that runs asynchronous tasks, so this can be called from anywhere.
pub(super) fn open(url: &str) -> Result<(Pool, String), OpenPostgresError> {
    let opened = std::thread::scope(|scope| scope.spawn(|| open_blocking(url)).join());
    opened.unwrap_or_else(|_| {
        Err(OpenPostgresError::Other {
            location: "named by --database".to_owned(),
            reason: "the driver panicked".to_owned(),
        })
    })
}

fn open_blocking(url: &str) -> Result<(Pool, String), OpenPostgresError> {
    let (config, tls, location) = configure(url)?;
    let mut client = connect(&config, &tls).map_err(|error| open_error(&location, &error))?;
    migrate(&mut client, &location)?;
    if tls.is_none() && !is_local(&config) {
        tracing::warn!(target: crate::LOG_TARGET, "the connection to {location} is not encrypted: add ?sslmode=require to the URL");
    }
    Ok((Pool::new(config, tls, Session::new(client)), location))
}

/// Opens a session for reading only. Refuses a database whose schema is not up to date.
pub(super) fn open_read_only(url: &str) -> Result<Session, OpenPostgresError> {
    let (config, tls, location) = configure(url)?;
    let to_open_error = |error: postgres::Error| open_error(&location, &error);
    let mut client = connect(&config, &tls).map_err(to_open_error)?;
    let prepared = client
        .query_opt("SELECT to_regclass('pbx_schema') IS NOT NULL", &[])
        .map_err(to_open_error)?
        .is_some_and(|row| row.get(0));
    let version: Option<i64> = if prepared {
        let row = client
            .query_opt("SELECT version FROM pbx_schema", &[])
            .map_err(to_open_error)?;
        row.map(|row| row.get(0))
    } else {
        None
    };
    if version == Some(migrations::newest_version()) {
        Ok(Session::new(client))
    } else {
        Err(OpenPostgresError::Other {
            location,
            reason: "its schema is not up to date: start this version of pbx-server on it once".to_owned(),
        })
    }
}

/// Checks the server and the database, and runs all pending migrations in one transaction. Under a lock, so that one of several
/// nodes that start at once migrates and the others wait for it.
fn migrate(client: &mut Client, location: &str) -> Result<(), OpenPostgresError> {
    let owned_location = || location.to_owned();
    let to_open_error = |error: postgres::Error| open_error(location, &error);
    let number: String = client
        .query_one("SHOW server_version_num", &[])
        .map_err(to_open_error)?
        .get(0);
    if number.parse().unwrap_or(0) < MIN_VERSION {
        let row = client.query_one("SHOW server_version", &[]).map_err(to_open_error)?;
        let found = row.get(0);
        return Err(OpenPostgresError::TooOld {
            location: owned_location(),
            found,
        });
    }
    let row = client
        .query_one(
            "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')",
            &[],
        )
        .map_err(to_open_error)?;
    let found: String = row.get(0);
    if found != "UTF8" {
        return Err(OpenPostgresError::Encoding {
            location: owned_location(),
            found,
        });
    }
    if row.get::<_, String>(1) == "on" {
        return Err(OpenPostgresError::ReadOnly {
            location: owned_location(),
        });
    }

    let mut transaction = client.transaction().map_err(to_open_error)?;
    // Migrating a large database takes time.
    transaction
        .batch_execute("SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = 0")
        .map_err(to_open_error)?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
        .map_err(to_open_error)?;
    let version = schema_version(&mut transaction, location)?;
    for Migration { name, postgres, .. } in migrations::pending(version) {
        transaction
            .batch_execute(postgres)
            .map_err(|error| match open_error(location, &error) {
                OpenPostgresError::Other { location, reason } => OpenPostgresError::Migration {
                    location,
                    migration: name,
                    reason,
                },
                other => other,
            })?;
    }
    transaction
        .execute("UPDATE pbx_schema SET version = $1", &[&migrations::newest_version()])
        .map_err(to_open_error)?;
    transaction.commit().map_err(to_open_error)
}

/// Returns the schema version of a database; marks an empty one as a database of this program, with version 0. Refuses databases
/// of other programs and of later versions.
fn schema_version(transaction: &mut postgres::Transaction<'_>, location: &str) -> Result<i64, OpenPostgresError> {
    let to_open_error = |error: postgres::Error| open_error(location, &error);
    // Everything in the schema in which unqualified names are resolved and created, except for objects of extensions, which are
    // no data of another program.
    let tables = transaction
        .query(
            "SELECT c.relname::text FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                             AND d.deptype = 'e')
             ORDER BY c.relname = 'pbx_schema' DESC, c.relname",
            &[],
        )
        .map_err(to_open_error)?;
    let first: Option<String> = tables.first().map(|row| row.get(0));
    match first.as_deref() {
        None => {
            transaction
                .batch_execute(
                    "CREATE TABLE pbx_schema (version BIGINT NOT NULL); INSERT INTO pbx_schema (version) VALUES (0)",
                )
                .map_err(to_open_error)?;
            Ok(0)
        }
        Some("pbx_schema") => {
            let found = transaction
                .query_one("SELECT version FROM pbx_schema", &[])
                .map_err(to_open_error)?
                .get(0);
            let supported = migrations::newest_version();
            if found > supported {
                return Err(OpenPostgresError::Newer {
                    location: location.to_owned(),
                    found,
                    supported,
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

fn open_error(location: &str, error: &postgres::Error) -> OpenPostgresError {
    let location = location.to_owned();
    let reason = message(error);
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
        // The driver reports "invalid configuration: password missing" if the server requires one.
        None if reason.contains("password missing") => OpenPostgresError::Refused { location, reason },
        None if reason.contains("TLS") => OpenPostgresError::NotEncrypted { location, reason },
        None => OpenPostgresError::Unreachable { location, reason },
    }
}
