//! Stores for the unit tests, one on every engine.

use pbx_test_postgres::TestDatabase;

use crate::store::Store;

/// A store with an empty database.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) place: TestDatabase,
}

impl TestStore {
    /// On SQLite, and on PostgreSQL where that is installed.
    pub(crate) fn on_every_engine() -> impl Iterator<Item = Self> {
        TestDatabase::on_every_engine().map(Self::open)
    }

    pub(crate) fn open(place: TestDatabase) -> Self {
        let store = Store::open(&place.url()).unwrap();
        Self { store, place }
    }

    /// Opens the same database again.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, place } = self;
        drop(store);
        Self::open(place)
    }
}
