//! What the unit tests share.

use pbx_domain::vault::Vault;
use pbx_store::Store;
use pbx_test_postgres::TestDatabase;

/// A store with an empty database.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) place: TestDatabase,
}

impl TestStore {
    /// On SQLite, and on PostgreSQL where that is installed.
    pub(crate) fn on_every_engine() -> impl Iterator<Item = Self> {
        TestDatabase::on_every_engine().map(|place| Self {
            store: Store::open(&place.url()).unwrap(),
            place,
        })
    }
}

/// A vault with a new key.
pub(crate) fn vault() -> Vault {
    Vault::new(&Vault::generate_key().unwrap()).unwrap()
}
