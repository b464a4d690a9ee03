//! Fixtures of the unit tests.

use pbx_domain::vault::{Key, Vault};
use pbx_store::Store;
use pbx_test_postgres::TestDatabase;

use crate::services::passwords::Passwords;
use crate::services::sign_ins::{SignInLimits, SignIns};
use crate::services::turns::TurnLimits;

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
    Vault::new(&[Key::generate(None).unwrap()]).unwrap()
}

/// Hashes passwords, for many callers at a time.
pub(crate) fn passwords() -> Passwords {
    Passwords::new(TurnLimits {
        per_party: 1000,
        in_all: 1000,
    })
    .unwrap()
}

/// Bounds sign-ins as a server does by default.
pub(crate) fn sign_ins() -> SignIns {
    SignIns::new(SignInLimits {
        failures_per_account: 10,
        sessions_per_account: 1000,
        audited_failures: 1000,
    })
}
