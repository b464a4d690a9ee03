//! The pool of read-only connections.
//!
//! A connection is opened when none is idle. Each of the runtime's worker threads, and each of the few threads with a scan, runs one
//! read at a time, which bounds the number of connections.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::lock::FileLock;
use super::open;
use super::statement::translate;
use crate::error::StoreError;

pub(super) struct Pool {
    path: PathBuf,
    /// `None` after closing.
    idle: Mutex<Option<Vec<Connection>>>,
    /// Outlives the connections.
    _lock: Arc<FileLock>,
}

impl Pool {
    pub(super) fn new(path: PathBuf, lock: Arc<FileLock>) -> Self {
        Self {
            path,
            idle: Mutex::new(Some(Vec::new())),
            _lock: lock,
        }
    }

    /// Takes an idle connection, or opens one.
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

    /// Returns a connection to the pool. It must have no open transaction; after a failure, drop it instead.
    pub(super) fn put_back(&self, connection: Connection) {
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            idle.push(connection);
        }
    }

    /// Closes the idle connections, and the others when they are put back.
    pub(super) fn close(&self) {
        drop(self.idle.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
