//! Stores for the unit tests, one on every engine.

use pbx_test_postgres::TestDatabase;

use crate::store::Store;

/// A store with an empty database.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) database: TestDatabase,
}

impl TestStore {
    /// Creates a store on SQLite, and one on PostgreSQL where that is installed.
    pub(crate) fn on_every_engine() -> impl Iterator<Item = Self> {
        TestDatabase::on_every_engine().map(Self::open)
    }

    /// Opens a store on this database.
    pub(crate) fn open(database: TestDatabase) -> Self {
        let store = Store::open(&database.url()).unwrap();
        Self { store, database }
    }

    /// Opens the same database again.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, database } = self;
        drop(store);
        Self::open(database)
    }
}
