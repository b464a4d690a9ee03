//! Running one statement: rendering it, binding its values, reading its rows, and converting errors.

use std::borrow::Cow;
use std::path::Path;

use pbx_types::record::Cell;
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, ToSql, ffi};
use sea_query::Value;

use super::interrupt::check;
use super::lock::directory;
use crate::connection::{Connection, Rendered, RowVisitor, Statement, storable};
use crate::error::{OpenError, StoreError};
use crate::row::{Cells, Row};

impl Connection for &rusqlite::Connection {
    fn render(&self, statement: &dyn Statement) -> Rendered {
        statement.sqlite()
    }

    fn query(&mut self, (sql, values): Rendered, each: &mut RowVisitor<'_>) -> Result<(), StoreError> {
        check()?;
        let mut statement = self.prepare_cached(&sql).map_err(translate)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(storable(values)?.into_iter().map(Bound)))
            .map_err(translate)?;
        while let Some(row) = rows.next().map_err(translate)? {
            if each(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn execute(&mut self, (sql, values): Rendered) -> Result<usize, StoreError> {
        check()?;
        let mut statement = self.prepare_cached(&sql).map_err(translate)?;
        statement
            .execute(rusqlite::params_from_iter(storable(values)?.into_iter().map(Bound)))
            .map_err(translate)
    }
}

/// Runs a statement of transaction control, such as BEGIN. It is prepared once per connection.
pub(super) fn control(connection: &rusqlite::Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .map_err(translate)
}

impl Cells for rusqlite::Row<'_> {
    fn cell(&self, index: usize) -> Result<Cell<'_>, StoreError> {
        Ok(match self.get_ref(index).map_err(translate)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(value) => Cell::Text(Cow::Borrowed(
                std::str::from_utf8(value).map_err(|_| StoreError::Engine(format!("column {index} is not UTF-8")))?,
            )),
            ValueRef::Blob(value) => Cell::Bytes(Cow::Borrowed(value)),
        })
    }
}

/// A value of the query builder, to be bound to a statement.
struct Bound(Value);

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match &self.0 {
            Value::Bool(value) => value.to_sql(),
            Value::Int(value) => value.to_sql(),
            Value::Unsigned(value) => value.to_sql(),
            Value::BigInt(value) => value.to_sql(),
            // LIMIT and OFFSET arrive unsigned.
            Value::BigUnsigned(value) => match value.map(i64::try_from) {
                None => Null.to_sql(),
                Some(Ok(value)) => Ok(ToSqlOutput::from(value)),
                Some(Err(error)) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
            },
            Value::Double(value) => value.to_sql(),
            Value::String(value) => value.to_sql(),
            Value::Bytes(value) => value.to_sql(),
            other => Err(rusqlite::Error::ToSqlConversionFailure(
                format!(
                    "values like {other:?} are not bound: add the type to crates/pbx-store/src/sqlite/statement.rs"
                )
                .into(),
            )),
        }
    }
}

thread_local! {
    /// `true` after a statement of this thread failed because the disk is full or fails.
    static STORAGE_FAILED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Returns `true` if a statement of this thread failed since the last call because the disk is full or fails. The closure of its
/// transaction may have converted the error.
pub(super) fn take_storage_failure() -> bool {
    STORAGE_FAILED.take()
}

/// Converts an error of SQLite.
pub(super) fn translate(error: rusqlite::Error) -> StoreError {
    if let rusqlite::Error::SqliteFailure(code, message) = &error {
        match code.code {
            ErrorCode::ConstraintViolation => {
                let name = constraint_name(code.extended_code, message.as_deref().unwrap_or_default());
                return StoreError::Constraint { name };
            }
            ErrorCode::DiskFull | ErrorCode::SystemIoFailure => {
                STORAGE_FAILED.set(true);
                return StoreError::StorageFull(error.to_string());
            }
            ErrorCode::OperationInterrupted => return StoreError::Interrupted,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen | ErrorCode::OutOfMemory => {
                return StoreError::Unavailable(error.to_string());
            }
            _ => {}
        }
    }
    StoreError::Engine(error.to_string())
}

/// Converts an error of opening a database.
pub(super) fn open_error(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked(path),
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnlyFile(path),
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged {
            path,
            reason: error.to_string(),
        },
        Some(ErrorCode::DiskFull) => OpenError::StorageFull(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) if path.exists() => OpenError::NoPermission(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => OpenError::ReadOnlyDirectory(directory(&path)),
        _ => OpenError::Other {
            path,
            reason: error.to_string(),
        },
    }
}

/// Returns the name of a constraint as on other engines, from SQLite's `UNIQUE constraint failed: ip_filters.cidr`.
fn constraint_name(extended_code: i32, message: &str) -> String {
    if extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
        return "foreign_key".to_owned();
    }
    let subject = message.split_once("failed: ").map_or("", |(_, subject)| subject);
    // A unique index over expressions is reported by its own name, as are checks.
    if let Some(index) = subject.strip_prefix("index '") {
        return index.trim_end_matches('\'').to_owned();
    }
    let mut name = String::new();
    for column in subject.split(", ") {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        if name.is_empty() {
            name.push_str(table);
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(column);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_have_the_same_names_as_on_other_engines() {
        let unique = ffi::SQLITE_CONSTRAINT_UNIQUE;
        assert_eq!(
            constraint_name(unique, "UNIQUE constraint failed: ip_filters.cidr"),
            "ip_filters_cidr"
        );
        assert_eq!(constraint_name(unique, "UNIQUE constraint failed: t.a, t.b"), "t_a_b");
        assert_eq!(
            constraint_name(unique, "UNIQUE constraint failed: index 't_lower_a'"),
            "t_lower_a"
        );
        assert_eq!(
            constraint_name(ffi::SQLITE_CONSTRAINT_CHECK, "CHECK constraint failed: port_range"),
            "port_range"
        );
        assert_eq!(
            constraint_name(ffi::SQLITE_CONSTRAINT_FOREIGNKEY, "FOREIGN KEY constraint failed"),
            "foreign_key"
        );
    }

    #[test]
    fn an_unsigned_value_beyond_the_columns_range_is_an_error() {
        assert!(Bound(Value::BigUnsigned(Some(u64::MAX))).to_sql().is_err());
        assert!(Bound(Value::BigUnsigned(Some(7))).to_sql().is_ok());
    }
}
