//! Running one statement: rendering, binding, reading, and PostgreSQL's errors in the store's terms.

use std::collections::HashMap;
use std::error::Error as _;

use bytes::BytesMut;
use postgres::Client;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use sea_query::{Value, Values};

use crate::connection::{Connection, RowVisitor, Statement, storable};
use crate::error::StoreError;
use crate::row::{Cell, Cells, Row};
use crate::write_counters::WrittenTables;

/// Distinct statements whose prepared form a connection keeps. Filters make statements without end.
const STATEMENTS: usize = 256;

/// A connection with its prepared statements.
pub(crate) struct Session {
    client: Client,
    /// By the text and the types of what is bound: `port < $1` is one statement for integers and another for fractions.
    statements: HashMap<(String, Vec<Type>), postgres::Statement>,
    failure: Option<Failure>,
}

/// The first statement of the running transaction that failed. PostgreSQL carries nothing out after that, and COMMIT would
/// silently undo everything, so that it has to be known even where the closure passes the error over.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) error: StoreError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// Another transaction was in the way: the same work, run again, may succeed.
    Conflict,
    /// The connection is gone or about to go.
    Lost,
    /// The statement itself was refused.
    Refused,
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            statements: HashMap::new(),
            failure: None,
        }
    }

    /// BEGIN, COMMIT and their like.
    pub(super) fn control(&mut self, sql: &str) -> Result<(), Failure> {
        self.client.batch_execute(sql).map_err(|error| translate(&error))
    }

    /// What went wrong since this was last asked.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// The statement, prepared, and what goes into it.
    fn prepare(&mut self, (sql, values): (String, Values)) -> Result<(postgres::Statement, Vec<Bound>), StoreError> {
        let values = storable(values)?
            .into_iter()
            .map(Bound::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        let key = (sql, values.iter().map(Bound::sql_type).collect());
        if let Some(statement) = self.statements.get(&key) {
            return Ok((statement.clone(), values));
        }
        let prepared = self.client.prepare_typed(&key.0, &key.1);
        let prepared = prepared.map_err(|error| noted(&mut self.failure, &error))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(key, prepared.clone());
        Ok((prepared, values))
    }
}

impl Connection for Session {
    fn query(&mut self, select: &dyn Statement, each: &mut RowVisitor<'_>) -> Result<(), StoreError> {
        let (statement, values) = self.prepare(select.postgres())?;
        let Self { client, failure, .. } = self;
        let rows = client.query_raw(&statement, values);
        let mut rows = rows.map_err(|error| noted(failure, &error))?;
        while let Some(row) = rows.next().map_err(|error| noted(failure, &error))? {
            if each(&Row(&row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn execute(&mut self, statement: &dyn Statement, written: &mut WrittenTables) -> Result<usize, StoreError> {
        let rendered = statement.postgres();
        written.note(&rendered.0);
        let (statement, values) = self.prepare(rendered)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        match self.client.execute(&statement, &values) {
            Ok(written) => Ok(usize::try_from(written).unwrap_or(usize::MAX)),
            Err(error) => Err(noted(&mut self.failure, &error)),
        }
    }
}

/// The error in the store's terms; the transaction has failed with it.
fn noted(failure: &mut Option<Failure>, error: &postgres::Error) -> StoreError {
    let translated = translate(error);
    failure.get_or_insert_with(|| translated.clone());
    translated.error
}

impl Cells for postgres::Row {
    fn cell(&self, index: usize) -> Result<Cell<'_>, StoreError> {
        self.try_get::<_, Read<'_>>(index)
            .map(|Read(cell)| cell)
            .map_err(|error| StoreError::Engine(text(&error)))
    }
}

/// A value as it is read: the same kinds as the embedded engine has.
struct Read<'a>(Cell<'a>);

impl<'a> FromSql<'a> for Read<'a> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *of {
            Type::BOOL => Cell::Integer(bool::from_sql(of, raw)?.into()),
            Type::INT2 => Cell::Integer(i16::from_sql(of, raw)?.into()),
            Type::INT4 => Cell::Integer(i32::from_sql(of, raw)?.into()),
            Type::INT8 => Cell::Integer(i64::from_sql(of, raw)?),
            Type::FLOAT8 => Cell::Real(f64::from_sql(of, raw)?),
            Type::BYTEA => Cell::Bytes(raw),
            _ => Cell::Text(<&str>::from_sql(of, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }

    fn accepts(of: &Type) -> bool {
        matches!(
            *of,
            Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT8 | Type::BYTEA | Type::TEXT | Type::VARCHAR
        )
    }
}

/// A value of the query builder on its way into a statement, always as the one type that goes with its kind: left to itself,
/// PostgreSQL would take the type from what the value is compared with, and a fraction does not read as an integer.
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
                    "values like {other:?} are not bound: add the type to store/postgres/statement.rs"
                )));
            }
        })
    }
}

impl ToSql for Bound {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Boolean(value) => value.to_sql(of, out),
            Self::Integer(value) => value.to_sql(of, out),
            Self::Real(value) => value.to_sql(of, out),
            Self::Text(value) => value.to_sql(of, out),
            Self::Bytes(value) => value.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// PostgreSQL's failure in the store's terms.
fn translate(error: &postgres::Error) -> Failure {
    let failed = |kind, error| Failure { kind, error };
    let Some(database) = error.as_db_error() else {
        return if error.source().is_some_and(|source| source.is::<std::io::Error>()) || error.is_closed() {
            failed(FailureKind::Lost, StoreError::Unavailable(text(error)))
        } else {
            failed(FailureKind::Refused, StoreError::Engine(text(error)))
        };
    };
    let constraint = |name: String| failed(FailureKind::Refused, StoreError::Constraint { name });
    let code = database.code();
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            failed(FailureKind::Conflict, StoreError::Unavailable(text(error)))
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
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => {
            failed(FailureKind::Refused, StoreError::Unavailable(text(error)))
        }
        _ => match code.code().get(..2) {
            // The connection is broken, or the server is going down.
            Some("08" | "57") => failed(FailureKind::Lost, StoreError::Unavailable(text(error))),
            // Out of memory, disk or connections; a failing disk.
            Some("53" | "58") => failed(FailureKind::Refused, StoreError::Unavailable(text(error))),
            // A prepared statement that no longer fits the tables: a fresh connection prepares it again.
            Some("0A" | "26") => failed(FailureKind::Lost, StoreError::Engine(text(error))),
            _ => failed(FailureKind::Refused, StoreError::Engine(text(error))),
        },
    }
}

/// What happened, without the details: those repeat the values of the row.
pub(super) fn text(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(database) => format!("{} (SQLSTATE {})", database.message(), database.code().code()),
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
