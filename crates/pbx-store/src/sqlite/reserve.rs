//! Disk space that is kept back for the moment at which the disk is full.
//!
//! An administrator who frees space has to sign in first, and that is a write. So a file beside the database has a few megabytes, which
//! are released when the disk is full. From then on, and until there is space again, only the system administrators, the server
//! itself and sign-ins may write: tenants would use up what was kept back.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use fs4::FileExt as _;

use super::lock::{beside, private};

/// The size of the reserve, in bytes: two write-ahead logs, each of which is a thousand pages.
const SIZE: u64 = 8 << 20;

/// The disk has space again when this much is available, in bytes: what the reserve takes, and as much for everybody.
const ENOUGH: u64 = 2 * SIZE;

/// The reserve of a database.
pub(super) struct Reserve {
    file: PathBuf,
    directory: PathBuf,
    full: AtomicBool,
}

impl Reserve {
    /// Creates the reserve of a database that is about to be opened. If the disk is full, releases what an earlier start has kept back,
    /// which opening may need.
    pub(super) fn new(database: &Path, directory: PathBuf) -> Self {
        let reserve = Self {
            file: beside(database, "-reserve"),
            directory,
            full: AtomicBool::new(false),
        };
        if reserve.available() < SIZE {
            reserve.release();
        }
        reserve
    }

    /// Keeps the space back, unless the disk has too little of it.
    pub(super) fn keep(&self) {
        if !self.is_released()
            && let Err(error) = self.fill()
        {
            tracing::warn!(
                target: crate::LOG_TARGET, file = %self.file.display(), %error,
                "no space is kept back for a full disk, on which nobody will be able to sign in"
            );
        }
    }

    /// Releases the reserve, because the disk is full. Returns `false` if it was released before.
    pub(super) fn release(&self) -> bool {
        if let Err(error) = fs::remove_file(&self.file)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::error!(target: crate::LOG_TARGET, file = %self.file.display(), %error, "the reserve for a full disk is not released");
        }
        let is_first = !self.full.swap(true, Ordering::Relaxed);
        if is_first {
            tracing::error!(
                target: crate::LOG_TARGET, directory = %self.directory.display(),
                "the disk of the database is full or fails: only system administrators and sign-ins can write until it has \
                 {} MiB of space again", ENOUGH >> 20
            );
        }
        is_first
    }

    /// Returns `true` after the release, until the disk has space again. Then the reserve is kept back again.
    pub(super) fn is_released(&self) -> bool {
        if !self.full.load(Ordering::Relaxed) {
            return false;
        }
        if self.available() < ENOUGH || self.fill().is_err() {
            return true;
        }
        if self.full.swap(false, Ordering::Relaxed) {
            tracing::info!(target: crate::LOG_TARGET, "the disk of the database has space again");
        }
        false
    }

    /// Returns the available space in bytes; the largest number where the system does not report it.
    fn available(&self) -> u64 {
        fs4::available_space(&self.directory).unwrap_or(u64::MAX)
    }

    /// Creates the file with its whole size, if it is not there.
    fn fill(&self) -> io::Result<()> {
        if fs::metadata(&self.file).is_ok_and(|metadata| metadata.len() >= SIZE) {
            return Ok(());
        }
        let mut file = private().write(true).create(true).truncate(true).open(&self.file)?;
        let filled = match file.allocate(SIZE) {
            Err(error) if error.kind() == ErrorKind::Unsupported => write_zeros(&mut file),
            filled => filled,
        };
        filled.inspect_err(|_| drop(fs::remove_file(&self.file)))
    }
}

/// Takes the space on a file system that cannot allocate it.
fn write_zeros(file: &mut File) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    for _ in 0..SIZE >> 20 {
        file.write_all(&zeros)?;
    }
    Ok(())
}
