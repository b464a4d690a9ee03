//! The pool of connections. A transaction takes one while it holds a permit, which bounds their number.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Config;

use super::connect;
use super::link::{Link, LinkError, now};
use super::options::PostgresOptions;
use super::statement::{Failure, Session, translate};
use super::tls::Tls;
use crate::error::StoreError;

/// After the server has refused a connection, no other is requested for this long while there are connections to wait for.
const REFUSAL: Duration = Duration::from_secs(1);

pub(super) struct Pool {
    config: Config,
    tls: Tls,
    options: PostgresOptions,
    state: Mutex<State>,
    /// A connection was returned or closed, or the pool was closed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The connection that was returned last is taken first.
    idle: Vec<Session>,
    /// The number of connections that are in use or being opened.
    lent: usize,
    /// When and why the server last refused a connection.
    refusal: Option<(Instant, Failure)>,
    closed: bool,
}

/// A connection that is counted as lent.
struct Loan<'a>(&'a Pool);

impl Pool {
    pub(super) fn new(config: Config, tls: Tls, options: PostgresOptions, first: Link) -> Self {
        let state = State {
            idle: vec![Session::new(first)],
            ..State::default()
        };
        Self {
            config,
            tls,
            options,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Runs a closure with a connection. Afterwards the connection is returned to the pool or, if its transaction is still open,
    /// closed.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Session) -> T) -> Result<T, Failure> {
        let (mut session, loan) = self.take()?;
        let result = work(&mut session);
        if session.is_idle() {
            let mut state = self.state();
            if !state.closed {
                state.idle.push(session);
            }
        }
        drop(loan);
        Ok(result)
    }

    /// Takes an idle connection, or opens one. If the server refuses that, because it has as many as it permits, or the system has
    /// no descriptors left, waits for one of those in use.
    fn take(&self) -> Result<(Session, Loan<'_>), Failure> {
        let mut state = self.state();
        loop {
            if state.closed {
                return Err(Failure::refused(StoreError::Closed));
            }
            if let Some(session) = state.idle.pop() {
                state.lent += 1;
                return Ok((session, Loan(self)));
            }
            let known = state.refusal.as_ref();
            let known = known.filter(|(at, _)| state.lent > 0 && now().saturating_duration_since(*at) < REFUSAL);
            let failure = if let Some((_, failure)) = known {
                failure.clone()
            } else {
                state.lent += 1;
                drop(state);
                let loan = Loan(self);
                let error = match connect::connect(&self.config, &self.tls, &self.options) {
                    Ok(link) => return Ok((Session::new(link), loan)),
                    Err(error) => error,
                };
                drop(loan);
                let failure = translate(&error);
                if matches!(error, LinkError::Deadline(_)) {
                    return Err(failure);
                }
                state = self.state();
                state.refusal = Some((now(), failure.clone()));
                failure
            };
            let is_pending = |state: &mut State| state.idle.is_empty() && state.lent > 0 && !state.closed;
            let waited = self.changed.wait_timeout_while(state, self.options.wait, is_pending);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.idle.is_empty() && !state.closed {
                return Err(failure);
            }
        }
    }

    /// Closes the idle connections within this time, and the others when they are returned.
    pub(super) fn close(&self, within: Duration) {
        let mut state = self.state();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        self.changed.notify_all();
        let end = now() + within;
        for session in idle {
            session.close(end.saturating_duration_since(now()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.0.state().lent -= 1;
        self.0.changed.notify_one();
    }
}
