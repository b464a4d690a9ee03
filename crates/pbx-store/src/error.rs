//! What can go wrong below the domain: while opening a database, and while working with an open one.

use std::path::PathBuf;

use pbx_domain::Error;
use pbx_domain::setting::SettingError;

/// A failure of the store while it runs. The text is for the log, never for a caller of the API.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A constraint of the schema refused a statement.
    ///
    /// The name is the same on every engine: `<table>_<column>[_<column>...]` for unique keys, the declared name for
    /// checks, `foreign_key` for references.
    #[error("constraint {name} violated")]
    Constraint {
        /// See above.
        name: String,
    },
    /// The database cannot take the work now; the same call may succeed later.
    #[error("the database is busy or out of reach: {0}")]
    Unavailable(String),
    /// The store was closed before the work was done.
    #[error("the database is closed")]
    Closed,
    /// A text has the character U+0000, which not every engine can keep.
    #[error("a text has the character U+0000")]
    NulInText,
    /// The closure that was given to the store panicked. Its changes are rolled back.
    #[error("a transaction panicked")]
    Panicked,
    /// Stored data does not read as the type the program expects, or a statement is wrong.
    #[error("{0}")]
    Engine(String),
}

impl StoreError {
    /// Whether this is a violation of the constraint of that name.
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Constraint { name } if name == constraint)
    }
}

/// Turns a constraint violation into a domain error where the query is written, the only place that knows its meaning.
pub trait OnConstraint<T> {
    /// Replaces the violation of `constraint` by `error()`; other failures pass through.
    fn on_constraint<E: From<StoreError>>(self, constraint: &str, error: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, StoreError> {
    fn on_constraint<E: From<StoreError>>(self, constraint: &str, error: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|failure| {
            if failure.violates(constraint) {
                error()
            } else {
                failure.into()
            }
        })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Closed => Self::Unavailable {
                internal: error.to_string(),
            },
            StoreError::NulInText => Self::Refused {
                code: "VALIDATE_FAILED",
                message: "Text must not contain the character U+0000.",
            },
            // A violation that nobody expected at the query site is a fault of ours.
            StoreError::Constraint { .. } | StoreError::Panicked | StoreError::Engine(_) => {
                Self::internal(error.to_string())
            }
        }
    }
}

impl From<SettingError> for StoreError {
    fn from(error: SettingError) -> Self {
        Self::Engine(error.to_string())
    }
}

/// Why a database was not opened. Every text says what is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A PostgreSQL database.
    #[error(transparent)]
    Postgres(#[from] OpenPostgresError),
    /// A URL of another kind.
    #[error(
        "unknown database kind {scheme:?}: give a file path, sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    UnknownScheme {
        /// The part before the colon.
        scheme: String,
    },
    /// Nothing after `sqlite:`, or a form that is not a file.
    #[error("the database needs a file path, e.g. --database ./pbx.db")]
    NoPath,
    /// The path names a folder.
    #[error("{} is a folder: name a database file in it, e.g. {}", .0.display(), .0.join("pbx.db").display())]
    IsFolder(PathBuf),
    /// The folder of the file does not exist.
    #[error("the folder {} does not exist: create it, or choose another --database", .0.display())]
    NoFolder(PathBuf),
    /// The file cannot be written.
    #[error("the database {} is read-only: make it writable for this user, or choose another --database", .0.display())]
    ReadOnlyFile(PathBuf),
    /// The folder cannot be written; SQLite keeps its journal beside the file.
    #[error(
        "the folder {} is read-only, and the database keeps its journal there: make it writable for this user, or choose \
         another --database",
        .0.display()
    )]
    ReadOnlyFolder(PathBuf),
    /// The file may not be read.
    #[error("no permission to open the database {}: run as its owner, or choose another --database", .0.display())]
    NoPermission(PathBuf),
    /// Another server process owns the file.
    #[error(
        "the database {} is locked by another pbx-server process: stop that one first, or choose another --database",
        .0.display()
    )]
    InUse(PathBuf),
    /// Another program has an SQLite lock on the file.
    #[error(
        "the database {} is locked by another program (a backup or an SQLite shell?): end that one, then start again",
        .0.display()
    )]
    Locked(PathBuf),
    /// Not an SQLite file at all.
    #[error("{} is not an SQLite database: it was left untouched; choose another --database", .0.display())]
    NotADatabase(PathBuf),
    /// An SQLite file of somebody else.
    #[error(
        "{} is an SQLite database of another program, not of pbx-server: it was left untouched; choose another --database",
        .0.display()
    )]
    Foreign(PathBuf),
    /// Written by a later version of this program.
    #[error(
        "the database {} has schema version {found}, and this program knows versions up to {known}: it was left \
         untouched; run a newer pbx-server",
        .path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The newest version this program can make.
        known: i64,
    },
    /// Anything else, in SQLite's or the system's words.
    #[error("cannot open the database {}: {reason}", .path.display())]
    Other {
        /// The database file.
        path: PathBuf,
        /// What failed.
        reason: String,
    },
}

/// Why a PostgreSQL database was not opened. Every text says what is wrong, where, and what to do about it; none has the
/// password.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain them")]
pub enum OpenPostgresError {
    #[error(
        "the database URL is not understood ({reason}): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters \
         other than letters and digits in the password as %XX"
    )]
    Url { reason: String },
    #[error("cannot reach the PostgreSQL server of {location} ({reason}): start it, or correct --database")]
    Unreachable { location: String, reason: String },
    #[error(
        "the connection to {location} cannot be encrypted ({reason}): name the authority that signed the server's certificate \
         in sslrootcert=FILE, or switch TLS on there"
    )]
    NotEncrypted { location: String, reason: String },
    #[error(
        "the PostgreSQL server refuses the user or the password of {location} ({reason}): correct them in --database, or the \
         server's pg_hba.conf"
    )]
    Refused { location: String, reason: String },
    #[error("there is no database {location}: make it with CREATE DATABASE ... ENCODING 'UTF8', or correct --database")]
    NoDatabase { location: String },
    #[error("{location} runs PostgreSQL {found}: use 15 or newer")]
    TooOld { location: String, found: String },
    #[error("the database {location} has the encoding {found}: make one with ENCODING 'UTF8'")]
    Encoding { location: String, found: String },
    #[error("the database {location} is read-only (a standby?): name the primary server in --database")]
    ReadOnly { location: String },
    #[error(
        "the user of {location} may not make tables there: make it the owner of the database, or GRANT it CREATE on the schema"
    )]
    NoPermission { location: String },
    #[error(
        "the database {location} holds tables of another program ({example}), not of pbx-server: it was left untouched; make \
         an empty one and name it in --database"
    )]
    Foreign { location: String, example: String },
    #[error(
        "the database {location} has schema version {found}, and this program knows versions up to {known}: it was left \
         untouched; run a newer pbx-server"
    )]
    Newer { location: String, found: i64, known: i64 },
    #[error(
        "another pbx-server is changing the schema of {location} and does not come to an end: look after that one, then \
         start again"
    )]
    Locked { location: String },
    #[error("the schema of {location} was not changed, since step {step} failed: {reason}")]
    Step {
        location: String,
        step: &'static str,
        reason: String,
    },
    #[error("cannot open the database {location}: {reason}")]
    Other { location: String, reason: String },
}
