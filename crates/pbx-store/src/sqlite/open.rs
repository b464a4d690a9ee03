//! Opening a database file, and refusing what must not be opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::migrations;

/// Marks our files in the place SQLite has for that: "PBXs".
const APPLICATION_ID: i64 = 0x5042_5873;

/// Every SQLite file begins so.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How long a statement waits for another program's lock, e.g. that of a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Distinct statements whose compiled form a connection keeps.
const STATEMENTS: usize = 128;

/// Opens the database for writing, brings its schema up to date, and takes the lock that keeps other servers out.
pub(super) fn open(path: &Path) -> Result<(Connection, File), OpenError> {
    check_file(path)?;
    let lock = lock(path)?;
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .map_err(|error| explain(path, error))?;
    let version = recognise(&connection, path)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| explain(path, error))?;
    if mode != "wal" {
        return Err(other(
            path,
            format!("the file system allows no write-ahead log (journal mode stays {mode})"),
        ));
    }
    migrate(&connection, version).map_err(|error| explain(path, error))?;
    Ok((connection, lock))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A connection that only reads, beside a server or without one. A file that no server has prepared is refused.
pub(super) fn inspector(path: &Path) -> Result<Connection, OpenError> {
    check_file(path)?;
    let connection = reader(path).map_err(|error| explain(path, error))?;
    if recognise(&connection, path)? == migrations::newest() {
        Ok(connection)
    } else {
        let reason = "its schema is not up to date: start this version of pbx-server on it once";
        Err(other(path, reason.to_owned()))
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // No shared mutex: a connection is used by one thread at a time. No URI: a path may hold a question mark.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on bound values: else SQLite compiles a statement again whenever one of them changes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    add_functions(&connection)?;
    Ok(connection)
}

/// Functions of the other engines that the list queries use, so that one rendering serves all.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    // SQLite's own lower() knows ASCII only.
    connection.create_scalar_function("lower_unicode", 1, flags, |call| {
        Ok(text(call, 0)?.map(str::to_lowercase))
    })?;
    connection.create_scalar_function("reverse", 1, flags, |call| {
        Ok(text(call, 0)?.map(|text| text.chars().rev().collect::<String>()))
    })?;
    // The place of the second text in the first, counted in characters from 1; 0 if it is not there.
    connection.create_scalar_function("strpos", 2, flags, |call| {
        Ok(text(call, 0)?.zip(text(call, 1)?).map(|(text, part)| {
            let place = text.find(part).map_or(0, |bytes| text[..bytes].chars().count() + 1);
            i64::try_from(place).unwrap_or(i64::MAX)
        }))
    })
}

/// An argument as it lies there: these functions are called for every row of a list that is looked through.
fn text<'a>(call: &'a Context<'_>, index: usize) -> rusqlite::Result<Option<&'a str>> {
    Ok(call.get_raw(index).as_str_or_null()?)
}

/// What can be seen before SQLite touches the file.
fn check_file(path: &Path) -> Result<(), OpenError> {
    let folder = folder(path);
    if path.is_dir() {
        return Err(OpenError::IsFolder(path.to_owned()));
    }
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder));
    }
    match File::open(path) {
        Ok(mut file) => {
            let mut head = Vec::with_capacity(MAGIC.len());
            let read = file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head);
            read.map_err(|error| other(path, error.to_string()))?;
            if !head.is_empty() && head != MAGIC {
                return Err(OpenError::NotADatabase(path.to_owned()));
            }
            // The marks are honoured even for a user whom the system would let write.
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
    if folder
        .metadata()
        .is_ok_and(|metadata| metadata.permissions().readonly())
    {
        return Err(OpenError::ReadOnlyFolder(folder));
    }
    Ok(())
}

/// Two servers on one file would each believe to be its only writer. SQLite's own locks come and go with every transaction, so
/// the lock is on a file beside the database, and the system frees it however the process ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&name);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnlyFolder(folder(path)),
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

/// The schema version of a file of ours, 0 for a new one. Changes nothing.
fn recognise(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| explain(path, error))
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
    let known = migrations::newest();
    if found > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(found)
}

/// All that is missing, in one transaction. Runs at every start: it also shows that the file can be written.
fn migrate(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)?;
    for migration in migrations::missing(version) {
        transaction.execute_batch(migration.sqlite)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations::newest())?;
    transaction.commit()
}

fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked(path),
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnlyFile(path),
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) if path.exists() => OpenError::NoPermission(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => OpenError::ReadOnlyFolder(folder(&path)),
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

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path) -> String {
        open(path).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn a_new_file_is_made_ours_and_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pbx.db");
        drop(open(&path).unwrap());
        let (connection, _lock) = open(&path).unwrap();
        assert_eq!(recognise(&connection, &path).unwrap(), migrations::newest());
    }

    #[test]
    fn a_second_server_is_kept_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pbx.db");
        let _open = open(&path).unwrap();
        assert!(refused(&path).contains("locked by another pbx-server process"));
    }

    #[test]
    fn a_lock_of_another_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pbx.db");
        drop(open(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(refused(&path).contains("locked by another program"));
    }

    #[test]
    fn files_of_others_are_refused_and_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "not a database, but long enough for a header\n").unwrap();
        assert!(refused(&text).contains("is not an SQLite database"));

        let foreign = folder.path().join("foreign.db");
        Connection::open(&foreign)
            .unwrap()
            .execute_batch("CREATE TABLE songs (name TEXT)")
            .unwrap();
        let before = std::fs::read(&foreign).unwrap();
        assert!(refused(&foreign).contains("of another program"));
        assert_eq!(std::fs::read(&foreign).unwrap(), before);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pbx.db");
        let (connection, lock) = open(&path).unwrap();
        connection.pragma_update(None, "user_version", 9_999).unwrap();
        drop((connection, lock));
        assert!(refused(&path).contains("schema version 9999"));
    }

    #[test]
    fn folders_and_missing_folders_are_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refused(folder.path()).contains("is a folder"));
        assert!(refused(&folder.path().join("missing").join("pbx.db")).contains("does not exist"));
    }

    #[cfg(unix)]
    #[test]
    fn read_only_files_and_folders_are_refused() {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pbx.db");
        drop(open(&path).unwrap());
        std::fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        assert!(refused(&path).contains("is read-only: make it writable"));
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
        assert!(refused(&path).contains("keeps its journal there"));
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn functions_agree_with_the_other_engines() {
        let folder = tempfile::tempdir().unwrap();
        let (connection, _lock) = open(&folder.path().join("pbx.db")).unwrap();
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
    fn statements_are_compiled_once_whatever_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pbx.db");
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
