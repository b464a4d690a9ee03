//! The pool of connections. A transaction takes one while it holds a permit, which bounds their number.

use std::sync::{Mutex, PoisonError};

use postgres::Config;

use super::connect;
use super::statement::{Session, message};
use super::tls::Tls;
use crate::error::StoreError;

pub(super) struct Pool {
    config: Config,
    tls: Tls,
    /// `None` after closing.
    idle: Mutex<Option<Vec<Session>>>,
}

impl Pool {
    pub(super) fn new(config: Config, tls: Tls, first: Session) -> Self {
        Self {
            config,
            tls,
            idle: Mutex::new(Some(vec![first])),
        }
    }

    /// Takes an idle connection, or opens one.
    pub(super) fn take(&self) -> Result<Session, StoreError> {
        let idle = self.idle().as_mut().ok_or(StoreError::Closed)?.pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connect::connect(&self.config, &self.tls)
                .map(Session::new)
                .map_err(|error| StoreError::Unavailable(message(&error))),
        }
    }

    /// Returns a connection to the pool. It must have no open transaction.
    pub(super) fn put_back(&self, connection: Session) {
        if let Some(idle) = self.idle().as_mut() {
            idle.push(connection);
        }
    }

    /// Closes every idle connection.
    pub(super) fn drop_idle(&self) {
        let idle = self.idle().as_mut().map(std::mem::take);
        // Outside the lock: closing may wait for the server.
        drop(idle);
    }

    /// Closes the idle connections, and the others when they are put back.
    pub(super) fn close(&self) {
        let idle = self.idle().take();
        drop(idle);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Session>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    /// Closes the idle connections on a separate thread, because the driver blocks, which it must not on a thread that runs
    /// asynchronous tasks.
    fn drop(&mut self) {
        let idle = self.idle().take();
        if idle.as_ref().is_some_and(|idle| !idle.is_empty()) {
            let closing = std::thread::spawn(move || drop(idle));
            let _ = closing.join();
        }
    }
}
