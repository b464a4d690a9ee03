//! The status of a tenant.

/// Counts of a tenant's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Counts {
    /// The limit of users.
    pub licensed_users: i64,
    pub users: i64,
    pub trunks: i64,
}
