//! Opening a database file, after checks that it is one of this program.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::migrations;

/// The application ID in the header of the program's databases: "PBXs".
const APPLICATION_ID: i64 = 0x5042_5873;

/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// The longest time that a statement waits for another program's lock, such as that of a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The number of prepared statements that a connection caches.
const STATEMENT_CACHE_SIZE: usize = 128;

/// Opens the database for writing and migrates its schema. Returns the connection, and the file whose lock keeps other servers
/// from opening the database.
pub(super) fn open(path: &Path) -> Result<(Connection, File), OpenError> {
    check_file(path)?;
    let lock = lock(path)?;
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .map_err(|error| open_error(path, error))?;
    let version = schema_version(&connection, path)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| open_error(path, error))?;
    if mode != "wal" {
        return Err(other(
            path,
            format!("the file system allows no write-ahead log (journal mode stays {mode})"),
        ));
    }
    migrate(&connection, version).map_err(|error| open_error(path, error))?;
    Ok((connection, lock))
}

/// Opens a read-only connection.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a database for reading only, whether or not a server is using it. Refuses a file whose schema is not up to date.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, OpenError> {
    check_file(path)?;
    let connection = reader(path).map_err(|error| open_error(path, error))?;
    if schema_version(&connection, path)? == migrations::newest_version() {
        Ok(connection)
    } else {
        let reason = "its schema is not up to date: start this version of pbx-server on it once";
        Err(other(path, reason.to_owned()))
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // No mutex: a connection is used by one thread at a time. No URI: a path may contain a question mark.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_SIZE);
    // Plans that do not depend on bound values: otherwise SQLite prepares a statement again when one of them changes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    add_functions(&connection)?;
    Ok(connection)
}

/// Adds the functions of PostgreSQL that list queries use, so that these are rendered in one way for both engines.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    // SQLite's own lower() only converts ASCII.
    connection.create_scalar_function("lower_unicode", 1, flags, |call| {
        Ok(argument(call, 0)?.map(str::to_lowercase))
    })?;
    connection.create_scalar_function("reverse", 1, flags, |call| {
        Ok(argument(call, 0)?.map(|string| string.chars().rev().collect::<String>()))
    })?;
    // The position of the second string in the first, in characters from 1; 0 if the first does not contain it.
    connection.create_scalar_function("strpos", 2, flags, |call| {
        let arguments = argument(call, 0)?.zip(argument(call, 1)?);
        Ok(arguments.map(|(string, substring)| {
            let offset = string.find(substring);
            let position = offset.map_or(0, |bytes| string[..bytes].chars().count() + 1);
            i64::try_from(position).unwrap_or(i64::MAX)
        }))
    })
}

/// Returns an argument without copying it: these functions run for every row of a scan.
fn argument<'a>(call: &'a Context<'_>, index: usize) -> rusqlite::Result<Option<&'a str>> {
    Ok(call.get_raw(index).as_str_or_null()?)
}

/// Checks all that can be checked before SQLite opens the file, and so may change it.
fn check_file(path: &Path) -> Result<(), OpenError> {
    let directory = directory(path);
    if path.is_dir() {
        return Err(OpenError::IsDirectory(path.to_owned()));
    }
    if !directory.is_dir() {
        return Err(OpenError::NoDirectory(directory));
    }
    match File::open(path) {
        Ok(mut file) => {
            let mut head = Vec::with_capacity(MAGIC.len());
            let read = file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head);
            read.map_err(|error| other(path, error.to_string()))?;
            if !head.is_empty() && head != MAGIC {
                return Err(OpenError::NotADatabase(path.to_owned()));
            }
            // Read-only permissions are respected even if this user, such as root, could write regardless.
            if file.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) {
                return Err(OpenError::ReadOnlyFile(path.to_owned()));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(OpenError::NoPermission(path.to_owned()));
        }
        Err(error) => return Err(other(path, error.to_string())),
    }
    if directory
        .metadata()
        .is_ok_and(|metadata| metadata.permissions().readonly())
    {
        return Err(OpenError::ReadOnlyDirectory(directory));
    }
    Ok(())
}

/// Locks a file beside the database, so that no second server opens it: each would take itself for the only writer. SQLite's own
/// locks last for one transaction only. The system releases this one however the process ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&name);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnlyDirectory(directory(path)),
        _ => other(path, format!("the lock file {}: {error}", Path::new(&name).display())),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(other(
            path,
            format!("the lock file {}: {error}", Path::new(&name).display()),
        )),
    }
}

/// Returns the schema version of a database, 0 for a new one, without changing it. Refuses databases of other programs and of
/// later versions.
fn schema_version(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| open_error(path, error))
    };
    let application = number("PRAGMA application_id")?;
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    if application == 0 && objects == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let found = number("PRAGMA user_version")?;
    let supported = migrations::newest_version();
    if found > supported {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            supported,
        });
    }
    Ok(found)
}

/// Runs all pending migrations in one transaction. Runs at every start, so that it also shows that the file is writable.
fn migrate(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)?;
    for migration in migrations::pending(version) {
        transaction.execute_batch(migration.sqlite)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations::newest_version())?;
    transaction.commit()
}

fn open_error(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked(path),
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnlyFile(path),
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) if path.exists() => OpenError::NoPermission(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => OpenError::ReadOnlyDirectory(directory(&path)),
        _ => OpenError::Other {
            path,
            reason: error.to_string(),
        },
    }
}

fn other(path: &Path, reason: String) -> OpenError {
    OpenError::Other {
        path: path.to_owned(),
        reason,
    }
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        open(path).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn a_new_file_is_created_and_opens_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        drop(open(&path).unwrap());
        let (connection, _lock) = open(&path).unwrap();
        assert_eq!(
            schema_version(&connection, &path).unwrap(),
            migrations::newest_version()
        );
    }

    #[test]
    fn a_second_server_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let _open = open(&path).unwrap();
        assert!(refusal(&path).contains("locked by another pbx-server process"));
    }

    #[test]
    fn a_lock_of_another_program_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        drop(open(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(refusal(&path).contains("locked by another program"));
    }

    #[test]
    fn files_of_other_programs_are_refused_and_untouched() {
        let directory = tempfile::tempdir().unwrap();
        let text = directory.path().join("notes.txt");
        std::fs::write(&text, "not a database, but long enough for a header\n").unwrap();
        assert!(refusal(&text).contains("is not an SQLite database"));

        let foreign = directory.path().join("foreign.db");
        Connection::open(&foreign)
            .unwrap()
            .execute_batch("CREATE TABLE songs (name TEXT)")
            .unwrap();
        let before = std::fs::read(&foreign).unwrap();
        assert!(refusal(&foreign).contains("of another program"));
        assert_eq!(std::fs::read(&foreign).unwrap(), before);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let (connection, lock) = open(&path).unwrap();
        connection.pragma_update(None, "user_version", 9_999).unwrap();
        drop((connection, lock));
        assert!(refusal(&path).contains("schema version 9999"));
    }

    #[test]
    fn a_directory_and_a_missing_directory_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(refusal(directory.path()).contains("is a directory"));
        assert!(refusal(&directory.path().join("missing").join("pbx.db")).contains("does not exist"));
    }

    #[cfg(unix)]
    #[test]
    fn read_only_files_and_directories_are_refused() {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        drop(open(&path).unwrap());
        std::fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        assert!(refusal(&path).contains("is read-only: make it writable"));
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o555)).unwrap();
        assert!(refusal(&path).contains("keeps its journal there"));
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn functions_agree_with_those_of_postgresql() {
        let directory = tempfile::tempdir().unwrap();
        let (connection, _lock) = open(&directory.path().join("pbx.db")).unwrap();
        let number = |sql: &str| {
            connection
                .query_row(sql, [], |row| row.get::<_, Option<i64>>(0))
                .unwrap()
        };
        assert_eq!(number("SELECT strpos('äöü', 'ü')"), Some(3));
        assert_eq!(number("SELECT strpos('abc', '')"), Some(1));
        assert_eq!(number("SELECT strpos('abc', 'x')"), Some(0));
        assert_eq!(number("SELECT strpos(NULL, 'x')"), None);
        assert_eq!(number("SELECT lower_unicode('ÄB') = 'äb'"), Some(1));
        assert_eq!(number("SELECT reverse('aä') = 'äa'"), Some(1));
    }

    #[test]
    fn statements_are_prepared_once_for_all_bound_values() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let _open = open(&path).unwrap();
        let connection = reader(&path).unwrap();
        // The shape of the query behind every token.
        let sql = "SELECT accounts.id, accounts.role FROM tokens \
                   JOIN sessions ON sessions.id = tokens.session_id JOIN accounts ON accounts.id = sessions.account_id \
                   WHERE tokens.hash = ?1 AND tokens.kind = ?2 AND tokens.expires_at > ?3";
        for number in 0..3i64 {
            let mut statement = connection.prepare_cached(sql).unwrap();
            assert!(
                !statement
                    .exists((number.to_le_bytes(), number.to_string(), number))
                    .unwrap()
            );
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
        }
    }
}
