//! Checks of a database file that an operator may have replaced: by a backup beside the log of what it replaces, or by a torn copy.

use std::fs::Metadata;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::interrupt;
use super::lock::beside;
use super::statement::open_error;
use crate::error::OpenError;

/// The offset of the version that a program needs to write the file, and its value for a file with a write-ahead log.
const WRITE_VERSION: usize = 18;
const WITH_LOG: u8 = 2;

/// The longest time for which a start looks for damage.
const LONGEST_CHECK: Duration = Duration::from_secs(2);

/// A database file that changed this much later than its write-ahead log was replaced. What the server itself writes to the file
/// after the log, a checkpoint, takes less.
const REPLACED_AFTER: Duration = if cfg!(test) {
    Duration::ZERO
} else {
    Duration::from_secs(60)
};

/// Returns `true` if a stop that was not clean has left a write-ahead log. Refuses one that another database file has left: SQLite
/// would apply its changes to this one, and so undo the restore of a backup.
pub(super) fn has_own_log(path: &Path, head: &[u8]) -> Result<bool, OpenError> {
    let log = beside(path, "-wal");
    let Ok(metadata) = log.metadata() else {
        return Ok(false);
    };
    if head.is_empty() || metadata.len() == 0 {
        return Ok(false);
    }
    // The server's database always has a write-ahead log. `VACUUM INTO` and other ways to copy it write a file that has none.
    let is_copy = head.get(WRITE_VERSION).is_some_and(|version| *version != WITH_LOG);
    // By the time of the last change of the file or its name, which no way of restoring a file preserves.
    let is_replaced = path
        .metadata()
        .is_ok_and(|file| changed_at(&file).saturating_sub(changed_at(&metadata)) > REPLACED_AFTER);
    if is_copy || is_replaced {
        return Err(OpenError::LeftoverLog {
            path: path.to_owned(),
            log,
        });
    }
    Ok(true)
}

/// Returns the time of the last change of the file or its name, since the Unix epoch.
#[cfg(unix)]
fn changed_at(metadata: &Metadata) -> Duration {
    use std::os::unix::fs::MetadataExt as _;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(metadata.ctime_nsec()).unwrap_or(0))
}

#[cfg(not(unix))]
fn changed_at(metadata: &Metadata) -> Duration {
    let modified = metadata.modified().ok();
    modified
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .unwrap_or_default()
}

/// Refuses a damaged file, as a copy of the file of a running server is. Ends after a while without having found damage: a start
/// must not take minutes.
pub(super) fn check_pages(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let damage: rusqlite::Result<_> = interrupt::interrupting(interrupt::after(LONGEST_CHECK), || {
        // Not the virtual tables, whose own check cannot be interrupted; the tables that store them are in the list.
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";
        let tables: Vec<String> = connection
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut check = connection.prepare("SELECT quick_check FROM pragma_quick_check(?1)")?;
        for table in tables {
            let found: String = check.query_row([table], |row| row.get(0))?;
            if found != "ok" {
                return Ok(Some(found));
            }
        }
        Ok(None)
    });
    let reason = match damage {
        Ok(found) => found,
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => None,
            Some(ErrorCode::DatabaseCorrupt) => Some(error.to_string()),
            _ => return Err(open_error(path, error)),
        },
    };
    match reason {
        None => Ok(()),
        Some(reason) => Err(OpenError::Damaged {
            path: path.to_owned(),
            reason,
        }),
    }
}
