//! Errors of opening a database, and of running transactions on an open one.

use std::path::PathBuf;

use pbx_domain::Error;
use pbx_domain::setting::SettingError;

/// An error of a transaction. Its message is for the log, never for a caller of the API.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A constraint of the schema refused a statement.
    ///
    /// The name is the same on every engine: `<table>_<column>[_<column>...]` for unique keys, the declared name for
    /// checks, `foreign_key` for references.
    #[error("constraint {name} violated")]
    Constraint {
        /// The name of the constraint; see above.
        name: String,
    },
    /// The database cannot run the transaction now; the same call may succeed later.
    #[error("the database is busy or unreachable: {0}")]
    Unavailable(String),
    /// The database did not confirm the commit of the transaction in time. Its changes may or may not have been saved.
    #[error("the database did not confirm that changes were saved: {0}")]
    OutcomeUnknown(String),
    /// The disk of the database is full, or cannot be written to. Nothing was saved.
    #[error("the database cannot be written, as on a full disk: {0}")]
    StorageFull(String),
    /// The transaction took longer than its deadline, or nobody waited for it any more. It was rolled back.
    #[error("the transaction was interrupted, because it took too long or its caller was gone")]
    Interrupted,
    /// The store was closed before the transaction was committed.
    #[error("the database is closed")]
    Closed,
    /// A string contains the character U+0000, which not every engine can store.
    #[error("a string contains the character U+0000")]
    NulInString,
    /// The transaction only reads, and was about to write.
    #[error("a transaction that only reads cannot write")]
    ReadOnly,
    /// The closure of the transaction panicked. Its changes are rolled back.
    #[error("a transaction panicked")]
    Panicked,
    /// Stored data does not have the expected type, or a statement is invalid.
    #[error("{0}")]
    Engine(String),
}

impl StoreError {
    /// Returns `true` if this is a violation of the constraint with this name.
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Constraint { name } if name == constraint)
    }
}

/// Converts a constraint violation to a domain error at the call of the query, where its meaning is known.
pub trait OnConstraint<T> {
    /// Replaces a violation of `constraint` by `error()`. Other errors are passed on.
    fn on_constraint<E: From<StoreError>>(self, constraint: &str, error: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, StoreError> {
    fn on_constraint<E: From<StoreError>>(self, constraint: &str, error: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|store_error| {
            if store_error.violates(constraint) {
                error()
            } else {
                store_error.into()
            }
        })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Interrupted | StoreError::Closed => Self::Unavailable {
                internal: error.to_string(),
            },
            StoreError::OutcomeUnknown(_) => Self::OutcomeUnknown {
                internal: error.to_string(),
            },
            StoreError::StorageFull(internal) => Self::StorageFull { internal },
            StoreError::NulInString => Self::Refused {
                code: "VALIDATE_FAILED",
                message: "Text must not contain the character U+0000.",
            },
            // A violation that the caller of the query does not expect is a bug of this program.
            StoreError::Constraint { .. } | StoreError::ReadOnly | StoreError::Panicked | StoreError::Engine(_) => {
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

/// The reason why a database was not opened. Every message says what is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A PostgreSQL database was not opened.
    #[error(transparent)]
    Postgres(#[from] OpenPostgresError),
    /// The URL has another scheme.
    #[error(
        "unknown database kind {scheme:?}: give a file path, sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    UnknownScheme {
        /// The part before the colon.
        scheme: String,
    },
    /// The path is empty or `:memory:`.
    #[error("the database needs a file path, e.g. --database ./pbx.db")]
    NoPath,
    /// The path is a directory.
    #[error("{} is a directory: name a database file in it, e.g. {}", .0.display(), .0.join("pbx.db").display())]
    IsDirectory(PathBuf),
    /// The directory of the file does not exist.
    #[error("the directory {} does not exist: create it, or choose another --database", .0.display())]
    NoDirectory(PathBuf),
    /// The file is not writable.
    #[error("the database {} is read-only: make it writable for this user, or choose another --database", .0.display())]
    ReadOnlyFile(PathBuf),
    /// The directory is not writable; SQLite keeps its journal beside the file.
    #[error(
        "the directory {} is read-only, and the database keeps its journal there: make it writable for this user, or choose \
         another --database",
        .0.display()
    )]
    ReadOnlyDirectory(PathBuf),
    /// The file is not readable.
    #[error("no permission to open the database {}: run as its owner, or choose another --database", .0.display())]
    NoPermission(PathBuf),
    /// Another server process has locked the database.
    #[error(
        "the database {} is locked by another pbx-server process: stop that one first, or choose another --database",
        .0.display()
    )]
    InUse(PathBuf),
    /// Another program holds an SQLite lock on the file.
    #[error(
        "the database {} is locked by another program (a backup or an SQLite shell?): end that one, then start again",
        .0.display()
    )]
    Locked(PathBuf),
    /// A write-ahead log lies beside a database file that it does not belong to.
    #[error(
        "{} was replaced or changed after its write-ahead log {} was written, which would undo the restore of a backup: if it was \
         restored, move the log away; if only its permissions, owner or name were changed, `touch` the log, which has the latest \
         changes; then start again",
        .path.display(),
        .log.display()
    )]
    LeftoverLog {
        /// The database file.
        path: PathBuf,
        /// The write-ahead log.
        log: PathBuf,
    },
    /// The file has several names.
    #[error(
        "the database {} has another name (a hard link), and the write-ahead log of a crash is beside one of them only: remove the name \
         that no server was started with",
        .0.display()
    )]
    SeveralNames(PathBuf),
    /// The file is damaged.
    #[error(
        "the database {} is damaged ({reason}), as the copy of a running server's file is: restore a complete backup, or save what \
         can be read with `sqlite3 {} .recover`",
        .path.display(),
        .path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The first damage that was found.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk of the database {} is full: free some space, then start again", .0.display())]
    StorageFull(PathBuf),
    /// The file is not an SQLite database.
    #[error("{} is not an SQLite database: it was left untouched; choose another --database", .0.display())]
    NotADatabase(PathBuf),
    /// The file is an SQLite database of another program.
    #[error(
        "{} is an SQLite database of another program, not of pbx-server: it was left untouched; choose another --database",
        .0.display()
    )]
    Foreign(PathBuf),
    /// The schema was created by a later version of this program.
    #[error(
        "the database {} has schema version {found}, and this program supports versions up to {supported}: it was left \
         untouched; run a newer pbx-server",
        .path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The version of the schema.
        found: i64,
        /// The newest version that this program supports.
        supported: i64,
    },
    /// Any other error, with the message of SQLite or the system.
    #[error("cannot open the database {}: {reason}", .path.display())]
    Other {
        /// The database file.
        path: PathBuf,
        /// The message.
        reason: String,
    },
}

/// The reason why a PostgreSQL database was not opened. Every message says what is wrong, where, and what to do about it; none
/// contains the password.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages explain them")]
pub enum OpenPostgresError {
    #[error(
        "the database URL is invalid ({reason}): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters \
         other than letters and digits in the password as %XX"
    )]
    Url { reason: String },
    #[error("cannot reach the PostgreSQL server of {location} ({reason}): start it, or correct --database")]
    Unreachable { location: String, reason: String },
    #[error(
        "the connection to {location} cannot be encrypted ({reason}): name the authority that signed the server's certificate \
         in sslrootcert=FILE, or enable TLS on the server"
    )]
    NotEncrypted { location: String, reason: String },
    #[error(
        "the PostgreSQL server refuses the user or the password of {location} ({reason}): correct them in --database, or the \
         server's pg_hba.conf"
    )]
    Refused { location: String, reason: String },
    #[error(
        "there is no database {location}: create it with CREATE DATABASE ... ENCODING 'UTF8', or correct --database"
    )]
    NoDatabase { location: String },
    #[error("{location} runs PostgreSQL {found}: use 15 or newer")]
    TooOld { location: String, found: String },
    #[error("the database {location} has the encoding {found}: create one with ENCODING 'UTF8'")]
    Encoding { location: String, found: String },
    #[error("the database {location} is read-only (a standby?): name the primary server in --database")]
    ReadOnly { location: String },
    #[error(
        "the user of {location} may not create tables there: make it the owner of the database, or GRANT it CREATE on the schema"
    )]
    NoPermission { location: String },
    #[error(
        "the database {location} holds tables of another program ({example}), not of pbx-server: it was left untouched; create \
         an empty one and name it in --database"
    )]
    Foreign { location: String, example: String },
    #[error(
        "the database {location} has schema version {found}, and this program supports versions up to {supported}: it was left \
         untouched; run a newer pbx-server"
    )]
    Newer {
        location: String,
        found: i64,
        supported: i64,
    },
    #[error(
        "another pbx-server is migrating the schema of {location} and has not finished: check that server, then start \
         again"
    )]
    Locked { location: String },
    #[error("the schema of {location} was not changed, because migration {migration} failed: {reason}")]
    Migration {
        location: String,
        migration: &'static str,
        reason: String,
    },
    #[error("cannot open the database {location}: {reason}")]
    Other { location: String, reason: String },
}
