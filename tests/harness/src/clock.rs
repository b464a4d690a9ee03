//! The server's clock, which a test sets ahead instead of waiting.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

/// The variable with the name of the file that says how many milliseconds the clock of `pbx-server-under-test` is ahead.
pub(crate) const CLOCK: &str = "PBX_TEST_CLOCK";

/// The clock of the servers that were started with it.
#[derive(Debug, Clone)]
pub struct Clock {
    directory: Arc<TempDir>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            directory: Arc::new(TempDir::new().expect("a temporary directory")),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("milliseconds-ahead")
    }

    /// Sets the clock; it runs on from there.
    pub fn set(&self, to: Timestamp) {
        self.put(to.duration_since(Timestamp::now()));
    }

    /// Sets the clock ahead by this much more.
    pub fn advance(&self, by: SignedDuration) {
        self.put(ahead(&self.file()) + by);
    }

    fn put(&self, ahead: SignedDuration) {
        // Atomically: the server may be reading.
        let new = self.directory.path().join("new");
        std::fs::write(&new, ahead.as_millis().to_string()).expect("a file");
        std::fs::rename(&new, self.file()).expect("a file");
    }
}

/// Returns the offset in that file.
fn ahead(file: &Path) -> SignedDuration {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    SignedDuration::from_millis(text.parse().unwrap_or(0))
}
