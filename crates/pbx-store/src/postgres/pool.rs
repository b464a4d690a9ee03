//! Connections that wait for the next transaction. Who takes one has a turn, so that there are never more than turns.

use std::sync::{Mutex, PoisonError};

use postgres::Config;

use super::connect;
use super::statement::{Session, text};
use super::tls::Tls;
use crate::error::StoreError;

pub(super) struct Pool {
    config: Config,
    tls: Tls,
    /// `None` once closed.
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

    pub(super) fn take(&self) -> Result<Session, StoreError> {
        let idle = self.idle().as_mut().ok_or(StoreError::Closed)?.pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connect::connect(&self.config, &self.tls)
                .map(Session::new)
                .map_err(|error| StoreError::Unavailable(text(&error))),
        }
    }

    /// Only connections without an open transaction come back.
    pub(super) fn put_back(&self, connection: Session) {
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

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Session>>> {
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
