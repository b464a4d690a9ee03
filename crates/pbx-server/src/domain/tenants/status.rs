//! How a tenant is doing.

use super::not_found;
use crate::domain::{Error, Id};
use crate::store::{Store, status as queries};

/// How many objects a tenant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Counts {
    /// As many as the tenant may have.
    pub licensed_users: i64,
    pub users: i64,
    pub trunks: i64,
}

/// What the tenant has now.
pub async fn counts(store: &Store, id: Id) -> Result<Counts, Error> {
    store
        .scan(move |tx| queries::counts_of(tx, id)?.ok_or_else(not_found))
        .await
}
