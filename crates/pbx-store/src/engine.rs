//! The interface of a database engine. An engine for another SQL database implements [`Engine`] and
//! [`Connection`](crate::connection::Connection), and adds the migrations in its dialect.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::error::StoreError;
use crate::tx::Tx;

/// Runs transactions.
pub(super) trait Engine: Send + Sync {
    /// Runs `work` in a transaction, and again if the transaction conflicts with another. Dropping the future of a read or a scan
    /// cancels it; a write goes on.
    fn run(&self, access: Access, work: Work) -> BoxFuture<'_, Result<(), Failure>>;

    /// Finishes pending transactions and closes the database.
    fn close(&self) -> BoxFuture<'_, ()>;

    /// Returns the location of the data for display, without the password of a URL.
    fn location(&self) -> String;

    /// Returns the directory with the data, if it is on this machine.
    fn directory(&self) -> Option<PathBuf>;

    /// Returns `true` after a write has failed on a full disk, until there is space again. An engine may leave it to each write.
    fn is_storage_full(&self) -> bool {
        false
    }
}

/// The kind of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// A few reads by key. An embedded engine runs it on the caller's thread.
    Read,
    /// A read that may look at many rows. Only a few of these run at a time.
    Scan,
    /// A read of many rows for a cache that every request depends on. Waits for no scan.
    Refresh,
    /// Reads and writes. Serializable, and durable once it has returned.
    Write,
}

/// The closure of a transaction. It stores its result, or its error, where its caller finds it.
pub(super) type Work = Box<dyn Fn(&mut Tx<'_>) -> Result<(), RolledBack> + Send>;

/// The closure returned an error: its changes must be undone.
#[derive(Debug)]
pub(super) struct RolledBack;

/// The reason why a transaction did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Its closure returned an error.
    RolledBack,
    /// The engine could not carry it out.
    Store(StoreError),
}

impl From<RolledBack> for Failure {
    fn from(_: RolledBack) -> Self {
        Self::RolledBack
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
