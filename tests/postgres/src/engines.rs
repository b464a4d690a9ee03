//! An empty database on every engine.

use tempfile::TempDir;

use crate::{Database, database};

/// An empty database of one test.
pub enum TestDatabase {
    /// A file of SQLite.
    Sqlite(TempDir),
    /// A database of the private PostgreSQL.
    Postgres(Database),
}

impl TestDatabase {
    /// One on SQLite, and one on PostgreSQL where that is installed.
    pub fn on_every_engine() -> impl Iterator<Item = Self> {
        let file = tempfile::tempdir().expect("a temporary directory");
        let postgres = database().map(Self::Postgres);
        std::iter::once(Self::Sqlite(file)).chain(postgres)
    }

    /// The URL for `--database`.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => directory.path().join("pbx.db").display().to_string(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// Runs statements beside the store, in the dialect of the engine.
    pub fn sql(&self, sqlite: &str, postgres: &str) {
        match self {
            Self::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.url()).expect("a database file");
                connection.execute_batch(sqlite).expect(sqlite);
            }
            Self::Postgres(database) => drop(database.sql(postgres)),
        }
    }
}
