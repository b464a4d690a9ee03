//! The server's clock, which a test puts ahead instead of waiting.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

/// The variable with the name of the file that says how many milliseconds the clock of `pbx-server-under-test` is ahead.
pub(crate) const CLOCK: &str = "PBX_TEST_CLOCK";

/// The clock of the servers that were started with it.
#[derive(Debug, Clone)]
pub struct Clock {
    folder: Arc<TempDir>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            folder: Arc::new(TempDir::new().expect("a temporary folder")),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("milliseconds-ahead")
    }

    /// Sets the clock, from where it goes on at its usual pace.
    pub fn set(&self, to: Timestamp) {
        self.put(to.duration_since(Timestamp::now()));
    }

    /// Puts the clock ahead by this much more.
    pub fn advance(&self, by: SignedDuration) {
        self.put(ahead(&self.file()) + by);
    }

    fn put(&self, ahead: SignedDuration) {
        // Whole or not at all: the server may be reading.
        let new = self.folder.path().join("new");
        std::fs::write(&new, ahead.as_millis().to_string()).expect("a file");
        std::fs::rename(&new, self.file()).expect("a file");
    }
}

/// How far the clock of that file is ahead.
fn ahead(file: &Path) -> SignedDuration {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    SignedDuration::from_millis(text.parse().unwrap_or(0))
}
