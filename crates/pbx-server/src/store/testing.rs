//! Stores for tests, one on every engine.

use super::Store;

/// A store with an empty database of its own.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

/// Where the database is.
pub(crate) enum Place {
    Folder(tempfile::TempDir),
    Postgres(pbx_test_postgres::Database),
}

impl TestStore {
    /// On SQLite, and on PostgreSQL where that is installed.
    pub(crate) fn on_every_engine() -> impl Iterator<Item = Self> {
        let folder = Place::Folder(tempfile::tempdir().unwrap());
        let database = pbx_test_postgres::database().map(Place::Postgres);
        [Some(folder), database].into_iter().flatten().map(Self::open)
    }

    pub(crate) fn open(place: Place) -> Self {
        let store = Store::open(&place.url()).unwrap();
        Self { store, place }
    }

    /// The same database, opened anew.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, place } = self;
        drop(store);
        Self::open(place)
    }
}

impl Place {
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path().join("pbx.db").to_str().unwrap().to_owned(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// Runs statements beside the store.
    pub(crate) fn sql(&self, sqlite: &str, postgres: &str) {
        match self {
            Self::Folder(_) => rusqlite::Connection::open(self.url())
                .unwrap()
                .execute_batch(sqlite)
                .unwrap(),
            Self::Postgres(database) => drop(database.sql(postgres)),
        }
    }
}
