//! Everything that is stored, and the only code that knows how.
//!
//! A use case passes a closure to [`Store::read`](store::Store::read), [`Store::scan`](store::Store::scan) or
//! [`Changes::write`](changes::Changes::write) and gets a [`Tx`](tx::Tx) in it. The queries are
//! functions over a `Tx` in one file per resource (`store/ip_filters.rs`), written with the query builder, so that they know
//! no engine either. Closures may be run again (an engine with optimistic locking repeats what was in conflict): they have
//! no effects but those on the transaction. A statement that fails undoes the whole transaction: the closure returns the error,
//! as it is or as one of the domain, and does not go on.

pub mod accounts;
pub mod alerts;
pub mod audit;
pub mod balance;
mod cache;
mod caches;
pub mod changes;
mod connection;
mod count_cache;
mod counts;
pub mod dealers;
mod engine;
pub mod error;
pub mod files;
pub mod holidays;
pub mod ip_filters;
pub mod list;
mod migrations;
pub mod numbers;
mod postgres;
pub mod providers;
mod revisions;
pub mod row;
pub mod sessions;
pub mod settings;
pub mod sign_in_failures;
mod sqlite;
pub mod status;

pub mod store;
pub mod tenants;
pub mod transports;
pub mod tx;
pub mod users;
mod write_counters;

pub use self::changes::Changes;
pub use self::error::{OnConstraint, OpenError, StoreError};
pub use self::store::Store;
pub use self::tx::Tx;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
