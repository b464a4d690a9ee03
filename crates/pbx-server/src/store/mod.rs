//! Everything that is kept, and the only code that knows how.
//!
//! Domain code gives a closure to [`Store::read`], [`Store::scan`] or [`Changes::write`] and gets a [`Tx`] in it. The queries are
//! functions over a `Tx` in one file per resource (`store/ip_filters.rs`), written with the query builder, so that they know
//! no engine either. Closures may be run again (an engine with optimistic locking repeats what was in conflict): they have
//! no effects but those on the transaction. A statement that fails undoes the whole transaction: the closure returns the error,
//! as it is or as one of the domain, and does not go on.

pub mod accounts;
pub mod alerts;
pub mod audit;
pub mod balance;
mod cache;
mod changes;
mod counts;
pub mod dealers;
mod error;
pub mod files;
pub mod holidays;
pub mod ip_filters;
pub mod list;
mod migrations;
pub mod numbers;
mod postgres;
pub mod providers;
mod revisions;
pub mod sessions;
pub mod settings;
pub mod sign_in_failures;
mod sqlite;
pub mod status;
pub mod tenants;
pub mod transports;
mod tx;
pub mod users;
mod write_counters;

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;

use self::write_counters::{WriteCounter, WriteCounters};

pub use self::cache::{Cache, MAX_STALENESS};
pub use self::changes::Changes;
pub use self::error::{OnConstraint, OpenError, StoreError};
pub use self::postgres::{CONNECTIONS, OpenPostgresError};
pub use self::tx::{Cell, Column, Row, Tx, optional_time, time};

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    memory: Arc<Memory>,
}

/// What is answered from memory where it can be, and how it is known to be old.
struct Memory {
    sessions: sessions::Sessions,
    documents: settings::Documents,
    ip_filters: Arc<WriteCounter>,
}

/// One variant per engine.
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database, makes it if it is not there, and brings its schema up to date.
    ///
    /// `url` is `postgres://...`, `sqlite:PATH` or a plain path. Blocks, so call it before serving or from a blocking thread.
    pub fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, CONNECTIONS)
    }

    /// The same, with so many connections to a PostgreSQL at most.
    pub fn open_with(url: &str, connections: NonZeroU16) -> Result<Self, OpenError> {
        let counters = Arc::new(WriteCounters::default());
        let memory = Memory {
            sessions: sessions::cache(&counters),
            documents: settings::cache(&counters),
            ip_filters: counters.watch(&["ip_filters"]),
        };
        let engine = match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => {
                Engine::Postgres(postgres::Postgres::open(url, connections, counters)?)
            }
            _ => Engine::Sqlite(sqlite::Sqlite::open(&sqlite_path(url)?, counters)?),
        };
        Ok(Self {
            engine: Arc::new(engine),
            memory: Arc::new(memory),
        })
    }

    /// Looks into a database that a server may be using. Makes nothing and brings nothing up to date. Blocks.
    pub fn inspect<T, E>(url: &str, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<OpenError> + From<StoreError>,
    {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => postgres::inspect(url, work),
            _ => sqlite::inspect(&sqlite_path(url)?, work),
        }
    }

    /// Where the data is, for people: never the password of a URL.
    pub fn location(&self) -> String {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.location(),
            Engine::Postgres(postgres) => postgres.location().to_owned(),
        }
    }

    /// The folder with the data, if it is on this machine.
    pub fn folder(&self) -> Option<PathBuf> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.folder()),
            Engine::Postgres(_) => None,
        }
    }

    /// A few reads by key. Runs on the caller's thread where the engine is embedded: nothing slow belongs in here.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(postgres) => postgres.read(work).await,
        }
    }

    /// A read that may look at many rows: lists and exports. Only a few of these run at a time.
    pub async fn scan<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.scan(work).await,
            Engine::Postgres(postgres) => postgres.scan(work).await,
        }
    }

    /// Bookkeeping of the server's own, of which nobody needs a record: tokens, counters, hourly buckets. All or nothing,
    /// durable when this returns; an error from the closure undoes it. What somebody does to the system goes through
    /// [`Changes`].
    pub async fn write_unaudited<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(work).await,
            Engine::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// Finishes the writes that wait and closes the database. Later calls answer [`StoreError::Closed`].
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

fn sqlite_path(url: &str) -> Result<PathBuf, OpenError> {
    let path = match url.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        // One letter is a drive; a colon after a slash or dot is part of a file name.
        Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(OpenError::UnknownScheme {
                scheme: scheme.to_owned(),
            });
        }
        _ => url,
    };
    // SQLite's own name for a database without a file, which only one connection could see.
    if path.is_empty() || path == ":memory:" {
        return Err(OpenError::NoPath);
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
