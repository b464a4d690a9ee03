//! Connections that wait for the next transaction. Who takes one has a turn, so that there are never more than turns.

use std::sync::{Mutex, PoisonError};

use postgres::Config;

use super::open;
use super::statement::{Connection, text};
use crate::store::error::StoreError;

pub(super) struct Pool {
    config: Config,
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(config: Config, first: Connection) -> Self {
        Self {
            config,
            idle: Mutex::new(Some(vec![first])),
        }
    }

    pub(super) fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle().as_mut().ok_or(StoreError::Closed)?.pop();
        match idle {
            Some(connection) => Ok(connection),
            None => open::connect(&self.config)
                .map(Connection::new)
                .map_err(|error| StoreError::Unavailable(text(&error))),
        }
    }

    /// Only connections without an open transaction come back.
    pub(super) fn put_back(&self, connection: Connection) {
        if let Some(idle) = self.idle().as_mut() {
            idle.push(connection);
        }
    }

    /// Drops every connection that is not in use.
    pub(super) fn forget_idle(&self) {
        let forgotten = self.idle().as_mut().map(std::mem::take);
        // Outside the lock: closing may wait for the server.
        drop(forgotten);
    }

    pub(super) fn close(&self) {
        let idle = self.idle().take();
        drop(idle);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    /// The driver waits for a connection to close, which it may not do on a thread that runs asynchronous tasks.
    fn drop(&mut self) {
        let idle = self.idle().take();
        if idle.as_ref().is_some_and(|idle| !idle.is_empty()) {
            let closing = std::thread::spawn(move || drop(idle));
            let _ = closing.join();
        }
    }
}
