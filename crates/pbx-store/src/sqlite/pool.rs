//! Connections for reading.
//!
//! One is made when none is idle. Reads run on the runtime's worker threads and on the few of the scans, one at a time on each,
//! so that there are never more connections than those threads.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::open;
use super::statement::translate;
use crate::error::StoreError;

pub(super) struct Pool {
    path: PathBuf,
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Some(Vec::new())),
        }
    }

    pub(super) fn take(&self) -> Result<Connection, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
            .ok_or(StoreError::Closed)?
            .pop();
        match idle {
            Some(connection) => Ok(connection),
            None => open::reader(&self.path).map_err(translate),
        }
    }

    /// Only connections without an open transaction come back; one that failed is dropped instead.
    pub(super) fn put_back(&self, connection: Connection) {
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            idle.push(connection);
        }
    }

    pub(super) fn close(&self) {
        drop(self.idle.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
