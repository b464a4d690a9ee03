//! Running one statement: rendering it, binding its values, reading its rows, and converting errors.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error as _;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::TryStreamExt as _;
use pbx_types::record::Cell;
use sea_query::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::link::{Link, LinkError, message};
use crate::connection::{Connection, Rendered, RowVisitor, Statement, storable};
use crate::error::StoreError;
use crate::row::{Cells, Row};

/// The number of prepared statements that a connection caches. Filters produce an unbounded number of them.
const STATEMENT_CACHE_SIZE: usize = 256;

/// A connection with its prepared statements.
pub(crate) struct Session {
    pub(super) link: Link,
    /// Prepared statements by SQL text and types of the bound values: `port < $1` is one statement for integers, another for floats.
    statements: HashMap<(String, Vec<Type>), tokio_postgres::Statement>,
    state: State,
    /// Deadline of each statement.
    deadline: Duration,
    failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    /// The state of the server's end is not known.
    Broken,
}

/// The first failed statement of the open transaction. PostgreSQL runs no further statements after it, and COMMIT rolls back without
/// an error, so it is recorded for closures that ignore the error.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) error: StoreError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// A conflict with another transaction: the same transaction may succeed when run again.
    Conflict,
    /// The connection is closed or about to be.
    Lost,
    /// A deadline has passed without a response.
    Stalled,
    /// Nobody waits for the result.
    Abandoned,
    /// The statement was refused.
    Refused,
}

impl Failure {
    pub(super) fn refused(error: StoreError) -> Self {
        Self {
            kind: FailureKind::Refused,
            error,
        }
    }
}

impl Session {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            statements: HashMap::new(),
            state: State::Idle,
            deadline: Duration::ZERO,
            failure: None,
        }
    }

    /// Begins a transaction, with this deadline for each of its statements.
    pub(super) fn begin(&mut self, sql: &str, within: Duration, statement: Duration) -> Result<(), Failure> {
        self.state = State::Broken;
        self.deadline = statement;
        self.control(sql, within)?;
        self.state = State::InTransaction;
        Ok(())
    }

    /// Ends the transaction, with COMMIT or ROLLBACK.
    pub(super) fn end(&mut self, sql: &str, within: Duration) -> Result<(), Failure> {
        let ended = self.control(sql, within);
        // A COMMIT that the server refuses has rolled back.
        self.state = match &ended {
            Ok(()) => State::Idle,
            Err(failure) if matches!(failure.kind, FailureKind::Conflict | FailureKind::Refused) => State::Idle,
            Err(_) => State::Broken,
        };
        ended
    }

    fn control(&mut self, sql: &str, within: Duration) -> Result<(), Failure> {
        let done = self.link.call(within, async |client| client.batch_execute(sql).await);
        done.map_err(|error| translate(&error))
    }

    /// Returns `true` if the connection is open, without a transaction.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Takes the failure recorded since the last call.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Sends Terminate, and closes the connection within this time.
    pub(super) fn close(self, within: Duration) {
        let Self { link, statements, .. } = self;
        // Before the statements are dropped: each would send a request to close it.
        link.close(within);
        drop(statements);
    }

    /// Returns the prepared statement and the values to bind.
    fn prepare(&mut self, (sql, values): Rendered) -> Result<(tokio_postgres::Statement, Vec<Bound>), StoreError> {
        let values = storable(values)?
            .into_iter()
            .map(Bound::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        let key = (sql, values.iter().map(Bound::sql_type).collect());
        if let Some(statement) = self.statements.get(&key) {
            return Ok((statement.clone(), values));
        }
        let prepare = async |client: &tokio_postgres::Client| client.prepare_typed(&key.0, &key.1).await;
        let prepared = self.link.run(self.deadline, prepare);
        let prepared = prepared.map_err(|error| record(&mut self.failure, &error))?;
        if self.statements.len() >= STATEMENT_CACHE_SIZE {
            self.statements.clear();
        }
        self.statements.insert(key, prepared.clone());
        Ok((prepared, values))
    }
}

impl Connection for Session {
    fn render(&self, statement: &dyn Statement) -> Rendered {
        statement.postgres()
    }

    fn query(&mut self, select: Rendered, each: &mut RowVisitor<'_>) -> Result<(), StoreError> {
        let (statement, values) = self.prepare(select)?;
        let visited = self.link.run(self.deadline, async |client| {
            let mut rows = pin!(client.query_raw(&statement, values).await?);
            while let Some(row) = rows.try_next().await? {
                match each(&Row(&row)) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => break,
                    Err(error) => return Ok(Err(error)),
                }
            }
            Ok(Ok(()))
        });
        visited.unwrap_or_else(|error| Err(record(&mut self.failure, &error)))
    }

    fn execute(&mut self, statement: Rendered) -> Result<usize, StoreError> {
        let (statement, values) = self.prepare(statement)?;
        let execute = async |client: &tokio_postgres::Client| client.execute_raw(&statement, values).await;
        match self.link.run(self.deadline, execute) {
            Ok(affected) => Ok(usize::try_from(affected).unwrap_or(usize::MAX)),
            Err(error) => Err(record(&mut self.failure, &error)),
        }
    }
}

/// Converts an error, and records it as the failure of the transaction.
fn record(failure: &mut Option<Failure>, error: &LinkError) -> StoreError {
    let translated = translate(error);
    failure.get_or_insert_with(|| translated.clone());
    translated.error
}

impl Cells for tokio_postgres::Row {
    fn cell(&self, index: usize) -> Result<Cell<'_>, StoreError> {
        self.try_get::<_, ReadCell<'_>>(index)
            .map(|ReadCell(cell)| cell)
            .map_err(|error| StoreError::Engine(message(&error)))
    }
}

/// A column as it is read, converted to the types that SQLite has.
struct ReadCell<'a>(Cell<'a>);

impl<'a> FromSql<'a> for ReadCell<'a> {
    fn from_sql(sql_type: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *sql_type {
            Type::BOOL => Cell::Integer(bool::from_sql(sql_type, raw)?.into()),
            Type::INT2 => Cell::Integer(i16::from_sql(sql_type, raw)?.into()),
            Type::INT4 => Cell::Integer(i32::from_sql(sql_type, raw)?.into()),
            Type::INT8 => Cell::Integer(i64::from_sql(sql_type, raw)?),
            Type::FLOAT8 => Cell::Real(f64::from_sql(sql_type, raw)?),
            Type::BYTEA => Cell::Bytes(Cow::Borrowed(raw)),
            _ => Cell::Text(Cow::Borrowed(<&str>::from_sql(sql_type, raw)?)),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }

    fn accepts(sql_type: &Type) -> bool {
        matches!(
            *sql_type,
            Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT8 | Type::BYTEA | Type::TEXT | Type::VARCHAR
        )
    }
}

/// A value of the query builder, to be bound with the SQL type of its variant. PostgreSQL would infer the type from the other operand
/// of a comparison, and then refuse a float that is compared with an integer.
#[derive(Debug)]
enum Bound {
    Boolean(Option<bool>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Bound {
    fn sql_type(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::BOOL,
            Self::Integer(_) => Type::INT8,
            Self::Real(_) => Type::FLOAT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
        }
    }
}

impl TryFrom<Value> for Bound {
    type Error = StoreError;

    fn try_from(value: Value) -> Result<Self, StoreError> {
        Ok(match value {
            Value::Bool(value) => Self::Boolean(value),
            Value::Int(value) => Self::Integer(value.map(i64::from)),
            Value::Unsigned(value) => Self::Integer(value.map(i64::from)),
            Value::BigInt(value) => Self::Integer(value),
            // LIMIT and OFFSET arrive unsigned.
            Value::BigUnsigned(value) => {
                let value = value.map(i64::try_from).transpose();
                Self::Integer(value.map_err(|error| StoreError::Engine(error.to_string()))?)
            }
            Value::Double(value) => Self::Real(value),
            Value::String(value) => Self::Text(value),
            Value::Bytes(value) => Self::Bytes(value),
            other => {
                return Err(StoreError::Engine(format!(
                    "values like {other:?} are not bound: add the type to crates/pbx-store/src/postgres/statement.rs"
                )));
            }
        })
    }
}

impl ToSql for Bound {
    fn to_sql(&self, sql_type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Boolean(value) => value.to_sql(sql_type, out),
            Self::Integer(value) => value.to_sql(sql_type, out),
            Self::Real(value) => value.to_sql(sql_type, out),
            Self::Text(value) => value.to_sql(sql_type, out),
            Self::Bytes(value) => value.to_sql(sql_type, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Converts an error of a connection.
pub(super) fn translate(error: &LinkError) -> Failure {
    let failed = |kind, error| Failure { kind, error };
    let unavailable = |kind| failed(kind, StoreError::Unavailable(error.to_string()));
    let error = match error {
        LinkError::Driver(error) => error,
        LinkError::Deadline(_) => return unavailable(FailureKind::Stalled),
        LinkError::CallerGone => return unavailable(FailureKind::Abandoned),
        LinkError::Closed => return unavailable(FailureKind::Lost),
        LinkError::System(_) | LinkError::TooLong => return unavailable(FailureKind::Refused),
    };
    let Some(database) = error.as_db_error() else {
        return if error.source().is_some_and(|source| source.is::<std::io::Error>()) || error.is_closed() {
            failed(FailureKind::Lost, StoreError::Unavailable(message(error)))
        } else {
            failed(FailureKind::Refused, StoreError::Engine(message(error)))
        };
    };
    let constraint = |name: String| failed(FailureKind::Refused, StoreError::Constraint { name });
    let code = database.code();
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            failed(FailureKind::Conflict, StoreError::Unavailable(message(error)))
        }
        SqlState::FOREIGN_KEY_VIOLATION => constraint("foreign_key".to_owned()),
        SqlState::NOT_NULL_VIOLATION => constraint(format!(
            "{}_{}",
            database.table().unwrap_or_default(),
            database.column().unwrap_or_default()
        )),
        SqlState::UNIQUE_VIOLATION | SqlState::CHECK_VIOLATION | SqlState::EXCLUSION_VIOLATION => {
            constraint(database.constraint().unwrap_or_default().to_owned())
        }
        SqlState::DISK_FULL => failed(FailureKind::Refused, StoreError::StorageFull(message(error))),
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => {
            failed(FailureKind::Refused, StoreError::Unavailable(message(error)))
        }
        _ => match code.code().get(..2) {
            // The connection is broken, or the server is shutting down.
            Some("08" | "57") => failed(FailureKind::Lost, StoreError::Unavailable(message(error))),
            // Out of memory, disk or connections; a failing disk.
            Some("53" | "58") => failed(FailureKind::Refused, StoreError::Unavailable(message(error))),
            // A prepared statement that no longer matches the tables: a new connection prepares it again.
            Some("0A" | "26") => failed(FailureKind::Lost, StoreError::Engine(message(error))),
            _ => failed(FailureKind::Refused, StoreError::Engine(message(error))),
        },
    }
}
