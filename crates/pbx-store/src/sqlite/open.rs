//! Opening a database file, after checks that it is one of this program.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, OpenFlags};

use super::integrity::{check_pages, has_own_log};
use super::interrupt;
use super::lock::{FileLock, directory, make_private, private};
use super::reserve::Reserve;
use super::statement::open_error;
use crate::error::OpenError;
use crate::migrations;

/// The application ID in the header of the program's databases: "PBXs".
const APPLICATION_ID: i64 = 0x5042_5873;

/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// The bytes of a file that are checked before SQLite opens it.
const HEAD_LENGTH: usize = 20;

/// The longest time that a statement waits for another program's lock, such as that of a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The number of prepared statements that a connection caches.
const STATEMENT_CACHE_SIZE: usize = 128;

/// Opens the database for writing and migrates its schema. Returns the connection, the lock that keeps other servers from opening the
/// database, which must be dropped after every connection, and the reserve.
pub(super) fn open(path: &Path) -> Result<(Connection, FileLock, Reserve), OpenError> {
    check_directory(path)?;
    let mut file = check_file(path, private().read(true).write(true).create(true))?;
    let head = check_head(path, &mut file)?;
    let is_old = !head.is_empty();
    // Before SQLite opens the file: closing another handle of it releases SQLite's own locks.
    let has_names = has_several_names(path, &file)?;
    let lock = FileLock::acquire(path, file)?;
    // A second server is reported as that, whatever name it is given.
    if has_names {
        return Err(OpenError::SeveralNames(path.to_owned()));
    }
    // Not before the lock: a running server needs its reserve.
    let reserve = Reserve::new(path, directory(path));
    let has_log = has_own_log(path, &head)?;
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .map_err(|error| open_error(path, error))?;
    let version = schema_version(&connection, path)?;
    make_private(path);
    if is_old {
        check_pages(&connection, path)?;
    }
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
    if has_log {
        tracing::debug!(target: crate::LOG_TARGET, database = %path.display(), "the last stop was not clean: the write-ahead log was applied");
    }
    Ok((connection, lock, reserve))
}

/// Opens a read-only connection.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a database for reading only, whether or not a server is using it. Refuses a file whose schema is not up to date.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, OpenError> {
    check_directory(path)?;
    // Closed before SQLite opens the file, whose locks would otherwise be released with it.
    drop(check_head(path, &mut check_file(path, OpenOptions::new().read(true))?)?);
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
    let mut connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_SIZE);
    // Plans that do not depend on bound values: otherwise SQLite prepares a statement again when one of them changes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        // Temporary files would fail the transactions of others when the directory for them is full.
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
    )?;
    add_functions(&connection)?;
    interrupt::install(&mut connection)?;
    Ok(connection)
}

/// Adds the functions of PostgreSQL that list queries use, so that these are rendered in one way for both engines.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    // SQLite's own lower() only converts ASCII.
    connection.create_scalar_function("lower_unicode", 1, flags, |call| {
        Ok(argument(call, 0)?.map(str::to_lowercase))
    })?;
    connection.create_scalar_function("upper_unicode", 1, flags, |call| {
        Ok(argument(call, 0)?.map(str::to_uppercase))
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

/// Returns `true` if the file has several names (hard links). SQLite looks for the log of a crashed server beside the name that it
/// is given, so that a start by another name would lose acknowledged writes.
#[cfg(unix)]
fn has_several_names(path: &Path, file: &File) -> Result<bool, OpenError> {
    let metadata = file.metadata().map_err(|error| other(path, error.to_string()))?;
    Ok(std::os::unix::fs::MetadataExt::nlink(&metadata) > 1)
}

#[cfg(not(unix))]
fn has_several_names(_path: &Path, _file: &File) -> Result<bool, OpenError> {
    Ok(false)
}

/// Checks the directory of the file, which is not changed if it is refused.
fn check_directory(path: &Path) -> Result<(), OpenError> {
    let directory = directory(path);
    if path.is_dir() {
        return Err(OpenError::IsDirectory(path.to_owned()));
    }
    if !directory.is_dir() {
        return Err(OpenError::NoDirectory(directory));
    }
    // Read-only permissions are respected even if this user, such as root, could write regardless.
    let is_read_only = |metadata: Metadata| metadata.permissions().readonly();
    if path.metadata().is_ok_and(is_read_only) {
        return Err(OpenError::ReadOnlyFile(path.to_owned()));
    }
    if directory.metadata().is_ok_and(is_read_only) {
        return Err(OpenError::ReadOnlyDirectory(directory));
    }
    Ok(())
}

fn check_file(path: &Path, options: &OpenOptions) -> Result<File, OpenError> {
    options.open(path).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied if path.exists() => OpenError::NoPermission(path.to_owned()),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnlyDirectory(directory(path)),
        _ => other(path, error.to_string()),
    })
}

/// Returns the first bytes of the file, before SQLite opens it and may change it; empty for a new file.
fn check_head(path: &Path, file: &mut File) -> Result<Vec<u8>, OpenError> {
    let mut head = Vec::with_capacity(HEAD_LENGTH);
    let read = file.by_ref().take(HEAD_LENGTH as u64).read_to_end(&mut head);
    read.map_err(|error| other(path, error.to_string()))?;
    if head.is_empty() || head.starts_with(MAGIC) {
        Ok(head)
    } else {
        Err(OpenError::NotADatabase(path.to_owned()))
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

fn other(path: &Path, reason: String) -> OpenError {
    OpenError::Other {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::lock::beside;
    use super::*;

    fn refusal(path: &Path) -> String {
        open(path).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn a_new_file_is_created_and_opens_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        drop(open(&path).unwrap());
        let (connection, _lock, _) = open(&path).unwrap();
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

    #[cfg(unix)]
    #[test]
    fn a_second_server_is_refused_whatever_path_leads_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("pbx.db"), directory.path().join("link.db"));
        let _open = open(&path).unwrap();
        std::fs::hard_link(&path, &link).unwrap();
        assert!(refusal(&link).contains("locked by another pbx-server process"));
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(refusal(&link).contains("locked by another pbx-server process"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_several_names_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("pbx.db"), directory.path().join("link.db"));
        drop(open(&path).unwrap());
        std::fs::hard_link(&path, &link).unwrap();
        for name in [&path, &link] {
            assert!(refusal(name).contains("has another name (a hard link)"));
        }
        std::fs::remove_file(&link).unwrap();
        drop(open(&path).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_log_beside_the_target_of_a_link_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("pbx.db"), directory.path().join("link.db"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        drop(open(&path).unwrap());
        let (backup, log) = (directory.path().join("backup.db"), beside(&path, "-wal"));
        Connection::open(&path)
            .unwrap()
            .execute("VACUUM INTO ?1", [backup.to_str().unwrap()])
            .unwrap();
        std::fs::copy(&backup, &path).unwrap();
        std::fs::write(&log, "the log of a server that was killed").unwrap();
        let refused = super::super::Sqlite::open(&link, std::sync::Arc::default()).map(drop);
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, OpenError::LeftoverLog { log: found, .. } if *found == log),
            "{refused}"
        );
    }

    #[test]
    fn a_server_of_an_earlier_version_is_noticed_and_keeps_away() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        drop(open(&path).unwrap());
        let lock = directory.path().join("pbx.db-lock");
        let earlier = File::create(&lock).unwrap();
        earlier.try_lock().unwrap();
        assert!(refusal(&path).contains("locked by another pbx-server process"));
        earlier.unlock().unwrap();
        let _open = open(&path).unwrap();
        assert!(File::open(&lock).unwrap().try_lock().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let modes = |path: &Path| {
            ["", "-wal", "-shm"].map(|suffix| {
                let metadata = beside(path, suffix).metadata().unwrap();
                metadata.permissions().mode() & 0o777
            })
        };
        let opened = open(&path).unwrap();
        assert_eq!(modes(&path), [0o600; 3]);
        // As a server of an earlier version leaves them when it is killed.
        let earlier = crashed(&path, "earlier.db");
        drop(opened);
        for suffix in ["", "-wal"] {
            std::fs::set_permissions(beside(&earlier, suffix), std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        let _opened = open(&earlier).unwrap();
        assert_eq!(modes(&earlier), [0o600; 3]);
    }

    /// Copies an open database, as a crash would leave it.
    fn crashed(path: &Path, name: &str) -> PathBuf {
        let copy = path.with_file_name(name);
        for suffix in ["", "-wal"] {
            std::fs::copy(beside(path, suffix), beside(&copy, suffix)).unwrap();
        }
        copy
    }

    #[test]
    fn log_that_a_restored_database_does_not_own_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let (connection, lock, _) = open(&path).unwrap();
        let backup = directory.path().join("backup.db");
        connection
            .execute("VACUUM INTO ?1", [backup.to_str().unwrap()])
            .unwrap();
        connection
            .execute("INSERT INTO settings (name, value) VALUES ('after', '{}')", [])
            .unwrap();
        let after_crash = crashed(&path, "crashed.db");
        drop((connection, lock));

        // A crash alone is no reason to refuse.
        let another = crashed(&after_crash, "another.db");
        let (connection, _lock, _) = open(&another).unwrap();
        assert_eq!(rows(&connection), 1);

        std::fs::copy(&backup, &after_crash).unwrap();
        let refused = refusal(&after_crash);
        assert!(
            refused.contains("was replaced or changed after its write-ahead log"),
            "{refused}"
        );
        std::fs::remove_file(beside(&after_crash, "-wal")).unwrap();
        let (connection, _lock, _) = open(&after_crash).unwrap();
        assert_eq!(rows(&connection), 0);
    }

    #[cfg(unix)]
    #[test]
    fn database_file_that_is_newer_than_its_log_is_refused_until_the_log_is_touched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let (connection, lock, _) = open(&path).unwrap();
        connection
            .execute("INSERT INTO settings (name, value) VALUES ('after', '{}')", [])
            .unwrap();
        let copy = crashed(&path, "crashed.db");
        drop((connection, lock));
        // Replaced by a file with a separate log, as `.backup` writes it. Its time of modification is that of the backup.
        let backup = directory.path().join("backup.db");
        std::fs::copy(&copy, &backup).unwrap();
        std::fs::rename(&backup, &copy).unwrap();
        assert!(refusal(&copy).contains("`touch` the log"));
        std::fs::OpenOptions::new()
            .append(true)
            .open(beside(&copy, "-wal"))
            .and_then(|log| log.set_modified(std::time::UNIX_EPOCH))
            .unwrap();
        let (connection, _lock, _) = open(&copy).unwrap();
        assert_eq!(rows(&connection), 1);
    }

    fn rows(connection: &Connection) -> i64 {
        connection
            .query_row("SELECT count(*) FROM settings", [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn damaged_database_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.db");
        let (connection, lock, _) = open(&path).unwrap();
        let page: i64 = connection
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'accounts'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        drop((connection, lock));
        // As in a copy that was made while the server wrote, whose pages are of different times.
        let mut pages = std::fs::read(&path).unwrap();
        let at = usize::try_from(page - 1).unwrap() * 4096;
        pages[at..at + 4096].fill(0);
        std::fs::write(&path, pages).unwrap();
        let refused = refusal(&path);
        assert!(
            refused.contains("is damaged") && refused.contains("restore a complete backup"),
            "{refused}"
        );
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
        let (connection, lock, _) = open(&path).unwrap();
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
        let (connection, _lock, _) = open(&directory.path().join("pbx.db")).unwrap();
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
        assert_eq!(number("SELECT upper_unicode('äb') = 'ÄB'"), Some(1));
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
