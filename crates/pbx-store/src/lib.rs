//! The database of the server: queries, transactions, migrations, and the two engines SQLite and PostgreSQL.
//!
//! No other crate contains SQL. This one knows the types and rules of `pbx-domain`, and neither HTTP nor the use cases, which are
//! in `crates/pbx-server/src/resources/` and `crates/pbx-server/src/services/`.
//!
//! # Tables
//!
//! Each resource has one file, such as `crates/pbx-store/src/holidays.rs`. What is stored as one row is a struct of `pbx-domain` that
//! derives [`Record`](pbx_types::record::Record), in most cases a generated state, and its file declares the [`Table`]:
//!
//! ```
//! use pbx_domain::kind::Tenant;
//! use pbx_domain::{Error, Id};
//! use pbx_store::Tx;
//! use pbx_store::holidays::HOLIDAYS;
//! use pbx_types::ids::HolidayId;
//!
//! /// Returns the name of the tenant's holiday with this ID.
//! fn name(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, id: &HolidayId) -> Result<String, Error> {
//!     Ok(HOLIDAYS.existing(tx, tenant_id, Id::parse(id)?)?.value.name)
//! }
//! ```
//!
//! - A table has the plain statements: `page`, `all`, `by_id`, `existing`, `insert`, `update`, `delete`. A property of the
//!   API is added as in `docs/architecture.md`: the contract gives the struct its field, a migration gives the table its column.
//! - Each statement takes the [`Scope`] of the table, `()` for all rows. Tables of tenants have the scope `Id<Tenant>`, which is the
//!   condition that isolates tenants.
//! - A column that is computed from the record, such as a key in lower case, is the `computed` of the table.
//! - Other statements are functions in the same file. They are built with `sea_query`, and each engine renders them in its dialect. Values
//!   are always bound: `row::value` converts what is a [`Column`](pbx_types::record::Column), and `crates/pbx-store/src/table.rs` has
//!   the frequent statements. Names of tables and columns are constants, declared once.
//! - A function neither opens nor ends a transaction, and decides nothing: rules are in `pbx-domain`. It returns a [`StoreError`] if a
//!   statement fails; its documentation names the constraints that a statement may violate.
//!
//! # Transactions
//!
//! A use case passes a closure to a [`Store`] or to [`Changes`], and calls query functions with the [`Tx`] that it is given:
//!
//! | method | for |
//! |---|---|
//! | [`Store::read`] | a few rows by key |
//! | [`Store::scan`] | lists and exports |
//! | [`Changes::write`] | every change on behalf of an actor: the closure returns the entries for the audit log with its result |
//! | [`Store::write_unaudited`] | the server's own records, such as queued alerts, retention and the initial objects of a fresh install |
//!
//! ```
//! use pbx_domain::audit::{Entry, Object};
//! use pbx_domain::holidays::Holiday;
//! use pbx_domain::kind::Tenant;
//! use pbx_domain::{Error, Id, Stored};
//! use pbx_store::holidays::HOLIDAYS;
//! use pbx_store::{Changes, OnConstraint, Store};
//!
//! async fn show(store: &Store, tenant_id: Id<Tenant>, id: Id<Holiday>) -> Result<Stored<Holiday>, Error> {
//!     store.read(move |tx| HOLIDAYS.existing(tx, tenant_id, id)).await
//! }
//!
//! async fn create(changes: &Changes, tenant_id: Id<Tenant>, new: Stored<Holiday>) -> Result<(), Error> {
//!     changes
//!         .write(move |tx| {
//!             HOLIDAYS
//!                 .insert(tx, tenant_id, new.id, &new)
//!                 .on_constraint("foreign_key", Id::<Tenant>::not_found)?;
//!             Ok(Entry::create(Object::Holiday, new.id).present(&new.value).with(()))
//!         })
//!         .await
//! }
//! ```
//!
//! - A transaction that writes is serializable: a rule that reads before it writes holds, also across nodes.
//! - A closure may run more than once, because PostgreSQL repeats transactions that conflict. It has no effects except on the
//!   transaction.
//! - A closure returns the first error, as it is or converted. A failed statement rolls back the transaction.
//! - [`OnConstraint::on_constraint`] converts the violation of a named constraint to a domain error. A unique key is named
//!   `<table>_<column>`, and the file of its table has a constant for it, such as [`ip_filters::UNIQUE_CIDR`]. The name of every foreign
//!   key is `foreign_key`.
//!
//! # Lists
//!
//! `list::page` renders the filter, search, sort keys and page of a list request. The `List` of a table has the fields of its record
//! that are not `#[record(unlisted)]`, and is `List::short` unless the list may become long. A long list also needs, as in
//! `crates/pbx-store/src/tenants.rs`:
//!
//! - `indexed`: the fields with an index in the schema;
//! - `search_text` and `substring_index`: a column with the strings of a row in lower case, and a trigram index on it;
//! - `change_log`: a table in which triggers record each changed row, so that the length of the list is cached and still exact.
//!
//! # Caches
//!
//! Sessions, settings documents and IP rules are cached (`crates/pbx-store/src/caches.rs`), because nearly every request needs them.
//! A request that finds no fresh session or document reads it. The IP rules are read beforehand, by `Store::refresh_ip_rules`: no
//! request waits for them, and the process that changes one has installed the new copy before its caller gets the result.
//! An entry is stale after a second, which bounds how late writes of other nodes are seen, and as soon as this process writes to
//! one of the tables that it was read from. These tables are listed beside the query, as `TABLES` in
//! `crates/pbx-store/src/sessions.rs`: a query that joins another table adds it there. [`Tx::execute`] records the tables that are
//! written to, so that no writing function has to invalidate anything. A rule that decides about a write reads from its
//! transaction, never from a cache.
//!
//! # Migrations
//!
//! The schema is the sequence of migrations in `crates/pbx-store/src/migrations/`, each in two dialects: `<version>_<name>.sqlite.sql`
//! and `<version>_<name>.postgres.sql`. To change the schema, add the two files and a line to `crates/pbx-store/src/migrations.rs`. A
//! released migration is never edited. Strings compare by byte, so PostgreSQL's columns are `COLLATE "C"`; what is compared without
//! case is stored in lower case in a separate column.
//!
//! # Tests
//!
//! - Unit tests in this crate run on both engines, with `TestStore` of `crates/pbx-store/src/testing.rs`: `cargo test -p pbx-store`.
//!   Without an installed PostgreSQL they run on SQLite and say so.
//! - `crates/pbx-store/src/list/tests.rs` compares random list queries with an evaluator in Rust.
//! - `tests/engines/` tests opening and refusing databases, crashes, several nodes on one database, and the upgrade of older
//!   databases. `tests/engines/postgres.rs` compares the schemas of the two engines.
//! - Queries of resources are tested through the API, in `tests/server/`.

/// The target of this crate's log events: `--log pbx_server=debug` covers them as well.
const LOG_TARGET: &str = "pbx_server::store";

pub mod accounts;
mod admission;
pub mod alerts;
pub mod audit;
pub mod audit_logs;
pub mod balance;
mod cache;
mod cached_count;
mod caches;
mod change_log;
mod changes;
mod connection;
mod count_cache;
pub mod dealers;
mod engine;
mod error;
pub mod familiar_sources;
pub mod files;
pub mod holidays;
pub mod ip_filters;
mod ip_rule_cache;
mod list;
mod migrations;
pub mod numbers;
pub mod password_resets;
mod postgres;
pub mod providers;
mod revisions;
mod row;
pub mod second_factors;
pub mod sessions;
pub mod settings;
pub mod sign_in_failures;
mod sqlite;
pub mod status;
mod store;
mod table;
pub mod tenants;
pub mod transports;
mod tx;
pub mod users;
mod write_counters;

pub use self::cache::MAX_STALENESS;
pub use self::changes::Changes;
pub use self::error::{OnConstraint, OpenError, OpenPostgresError, StoreError};
pub use self::postgres::PostgresOptions;
pub use self::store::{Store, StoreLimits};
pub use self::table::{Scope, Table};
pub use self::tx::Tx;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
