//! The files of a database: who may read them, and the lock that keeps other servers away.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// The suffixes of the files beside the database file. `-lock` is the lock of earlier versions.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-lock"];

/// The locks of an open database. Each of several servers would take itself for the only writer, and SQLite's own locks last for
/// one transaction only. The system releases them however the process ends.
///
/// To be dropped after every connection is closed: when a process closes any handle of a file, the system releases SQLite's locks
/// of that file.
pub(super) struct FileLock {
    _database: Option<File>,
    /// The lock file of earlier versions, if there is one: a server of such a version locks nothing else. Where a lock keeps its
    /// holder from reading the file through another handle, this is the only lock.
    _separate: Option<File>,
}

impl FileLock {
    /// Locks the database file itself, whatever path leads to it, and the lock file.
    pub(super) fn acquire(path: &Path, database: File) -> Result<Self, OpenError> {
        let mut options = private();
        options.write(true).create(!cfg!(unix)).truncate(false);
        let separate = match options.open(beside(path, "-lock")) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failure(path, "the lock file", &error)),
        };
        for file in cfg!(unix).then_some(&database).into_iter().chain(&separate) {
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
                Err(TryLockError::Error(error)) => return Err(failure(path, "no lock", &error)),
            }
        }
        Ok(Self {
            _database: cfg!(unix).then_some(database),
            _separate: separate,
        })
    }
}

/// Returns the options for files that only their owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes permissions from other users of the machine that files of earlier versions gave them, under the usual umask. SQLite gives
/// new files those of the database file.
#[cfg(unix)]
pub(super) fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for file in SUFFIXES.map(|suffix| beside(path, suffix)) {
        let Ok(metadata) = fs::metadata(&file) else {
            continue;
        };
        let mode = metadata.permissions().mode();
        if mode & 0o077 == 0 {
            continue;
        }
        let tightened = (mode & 0o007 != 0).then(|| fs::set_permissions(&file, fs::Permissions::from_mode(0o600)));
        let file = file.display();
        match tightened {
            // What only a group may read is no oversight of the usual umask.
            None => tracing::warn!(
                target: crate::LOG_TARGET, %file,
                "a group of this machine can read the database: stop the server and chmod 600 it, unless that is intended"
            ),
            Some(Ok(())) => tracing::warn!(
                target: crate::LOG_TARGET, %file,
                "other users of this machine could read the database: now only its owner can"
            ),
            Some(Err(error)) => tracing::warn!(
                target: crate::LOG_TARGET, %file, %error,
                "other users of this machine can read the database: stop the server and chmod 600 it"
            ),
        }
    }
}

#[cfg(not(unix))]
pub(super) fn make_private(_path: &Path) {}

/// Returns the path of a file beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Returns the directory of the file.
pub(super) fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn failure(path: &Path, what: &str, error: &std::io::Error) -> OpenError {
    OpenError::Other {
        path: path.to_owned(),
        reason: format!("{what}: {error}"),
    }
}
