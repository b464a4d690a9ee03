//! Opening a PostgreSQL database, after checks that it is one of this program, and migrating its schema.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error};

use super::connect::{configure, connect, is_local};
use super::link::{Link, LinkError};
use super::options::PostgresOptions;
use super::pool::Pool;
use super::statement::Session;
use crate::error::OpenPostgresError;
use crate::migrations::{self, Migration};

/// The oldest supported release, as in `server_version_num`.
const MIN_VERSION: i32 = 150_000;

/// The key of the advisory lock during a migration: "PBXs".
const MIGRATION_LOCK: i64 = 0x5042_5873;

/// The deadline of a migration.
const MIGRATION_DEADLINE: Duration = Duration::from_secs(3600);

/// Connects and migrates the schema. Returns the pool, and the location for display. Runs the driver on a separate thread, because
/// it must not block one that runs asynchronous tasks, so this can be called from anywhere.
pub(super) fn open(url: &str, options: &PostgresOptions) -> Result<(Pool, String), OpenPostgresError> {
    let opened = std::thread::scope(|scope| scope.spawn(|| open_blocking(url, options)).join());
    opened.unwrap_or_else(|_| {
        Err(OpenPostgresError::Other {
            location: "named by --database".to_owned(),
            reason: "the driver panicked".to_owned(),
        })
    })
}

fn open_blocking(url: &str, options: &PostgresOptions) -> Result<(Pool, String), OpenPostgresError> {
    let (config, tls, location) = configure(url)?;
    let mut link = connect(&config, &tls, options).map_err(|error| open_error(&location, &error))?;
    let migrated = link.call(MIGRATION_DEADLINE, async |client| Ok(migrate(client, &location).await));
    migrated.map_err(|error| open_error(&location, &error))??;
    if tls.is_none() && !is_local(&config) {
        tracing::warn!(target: crate::LOG_TARGET, "the connection to {location} is not encrypted: add ?sslmode=require to the URL");
    }
    Ok((Pool::new(config, tls, *options, link), location))
}

/// Opens a session for reading only. Refuses a database whose schema is not up to date.
pub(super) fn open_read_only(url: &str, options: &PostgresOptions) -> Result<Session, OpenPostgresError> {
    let (config, tls, location) = configure(url)?;
    let to_open_error = |error: LinkError| open_error(&location, &error);
    let mut link: Link = connect(&config, &tls, options).map_err(to_open_error)?;
    let version = async |client: &Client| {
        let prepared = client.query_one("SELECT to_regclass('pbx_schema') IS NOT NULL", &[]);
        if !prepared.await?.get::<_, bool>(0) {
            return Ok(None);
        }
        let row = client.query_opt("SELECT version FROM pbx_schema", &[]).await?;
        Ok(row.map(|row| row.get::<_, i64>(0)))
    };
    let version = link.call(options.statement, version).map_err(to_open_error)?;
    if version == Some(migrations::newest_version()) {
        Ok(Session::new(link))
    } else {
        Err(OpenPostgresError::Other {
            location,
            reason: "its schema is not up to date: start this version of pbx-server on it once".to_owned(),
        })
    }
}

/// Checks the server and the database, and runs all pending migrations in one transaction. Under a lock, so that one of several
/// nodes that start at once migrates and the others wait for it.
async fn migrate(client: &Client, location: &str) -> Result<(), OpenPostgresError> {
    let owned_location = || location.to_owned();
    let to_open_error = |error: Error| open_error(location, &error.into());
    let row = client.query_one("SHOW server_version_num", &[]).await;
    let number: String = row.map_err(to_open_error)?.get(0);
    if number.parse().unwrap_or(0) < MIN_VERSION {
        let row = client.query_one("SHOW server_version", &[]).await;
        let found = row.map_err(to_open_error)?.get(0);
        return Err(OpenPostgresError::TooOld {
            location: owned_location(),
            found,
        });
    }
    let settings = "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')";
    let row = client.query_one(settings, &[]).await.map_err(to_open_error)?;
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

    // If anything fails, the connection is closed, which rolls back. Migrating a large database takes time.
    let begin = "BEGIN; SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = '5min'";
    client.batch_execute(begin).await.map_err(to_open_error)?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    let key: &(dyn ToSql + Sync) = &MIGRATION_LOCK;
    client.execute(lock, &[key]).await.map_err(to_open_error)?;
    let version = schema_version(client, location).await?;
    for Migration { name, postgres, .. } in migrations::pending(version) {
        client
            .batch_execute(postgres)
            .await
            .map_err(|error| match to_open_error(error) {
                OpenPostgresError::Other { location, reason } => OpenPostgresError::Migration {
                    location,
                    migration: name,
                    reason,
                },
                other => other,
            })?;
    }
    let update = "UPDATE pbx_schema SET version = $1";
    let newest: &(dyn ToSql + Sync) = &migrations::newest_version();
    client.execute(update, &[newest]).await.map_err(to_open_error)?;
    client.batch_execute("COMMIT").await.map_err(to_open_error)
}

/// Returns the schema version of a database; marks an empty one as a database of this program, with version 0. Refuses databases
/// of other programs and of later versions.
async fn schema_version(client: &Client, location: &str) -> Result<i64, OpenPostgresError> {
    let to_open_error = |error: Error| open_error(location, &error.into());
    // Everything in the schema in which unqualified names are resolved and created, except for objects of extensions, which are
    // no data of another program.
    let tables = client
        .query(
            "SELECT c.relname::text FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                             AND d.deptype = 'e')
             ORDER BY c.relname = 'pbx_schema' DESC, c.relname",
            &[],
        )
        .await
        .map_err(to_open_error)?;
    let first: Option<String> = tables.first().map(|row| row.get(0));
    match first.as_deref() {
        None => {
            let create =
                "CREATE TABLE pbx_schema (version BIGINT NOT NULL); INSERT INTO pbx_schema (version) VALUES (0)";
            client.batch_execute(create).await.map_err(to_open_error)?;
            Ok(0)
        }
        Some("pbx_schema") => {
            let row = client.query_one("SELECT version FROM pbx_schema", &[]).await;
            let found = row.map_err(to_open_error)?.get(0);
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

fn open_error(location: &str, error: &LinkError) -> OpenPostgresError {
    let location = location.to_owned();
    let reason = error.to_string();
    let code = match error {
        LinkError::Driver(error) => error.code(),
        _ => None,
    };
    match code {
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
