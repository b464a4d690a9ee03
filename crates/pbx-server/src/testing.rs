//! Fixtures of the unit tests.

use pbx_domain::vault::Vault;
use pbx_store::Store;
use pbx_test_postgres::TestDatabase;

/// A store with an empty database.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) database: TestDatabase,
}

impl TestStore {
    /// Creates a store on SQLite, and one on PostgreSQL where that is installed.
    pub(crate) fn on_every_engine() -> impl Iterator<Item = Self> {
        TestDatabase::on_every_engine().map(|database| Self {
            store: Store::open(&database.url()).unwrap(),
            database,
        })
    }
}

/// A vault with a new key.
pub(crate) fn vault() -> Vault {
    Vault::new(&Vault::generate_key().unwrap()).unwrap()
}
