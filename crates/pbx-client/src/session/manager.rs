//! The session of a client, shared by its clones. All of them wait for the same renewal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;

use crate::clock::Clock;
use crate::error::configuration::ConfigurationError;
use crate::error::{Attempt, Error};
use crate::session::credentials::{Credentials, SignInMethod};
use crate::session::tokens::{ActiveSession, Session, SessionListener};
use crate::wire::secret::Secret;

#[cfg(not(target_arch = "wasm32"))]
type BoxFuture<T> = futures_util::future::BoxFuture<'static, Result<T, Error>>;
#[cfg(target_arch = "wasm32")]
type BoxFuture<T> = futures_util::future::LocalBoxFuture<'static, Result<T, Error>>;

/// A shared future: every waiter drives the renewal, so dropping one neither cancels it nor loses the new refresh token.
type Renewal = Shared<BoxFuture<Ticket>>;

/// Requests the next tokens: by refreshing, or by signing in again.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Renew = dyn Fn(RenewalRequest) -> BoxFuture<Renewed> + Send + Sync;
#[cfg(target_arch = "wasm32")]
pub(crate) type Renew = dyn Fn(RenewalRequest) -> BoxFuture<Renewed>;

/// The pause after a failed renewal while the access token is still valid.
const RENEWAL_PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// The input of a renewal.
pub(crate) struct RenewalRequest {
    pub(crate) method: SignInMethod,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) credentials: Option<Credentials>,
    /// The tenant that a new session is switched into.
    pub(crate) tenant: Option<String>,
}

/// The result of a renewal.
#[derive(Clone)]
pub(crate) struct Renewed {
    pub(crate) active: ActiveSession,
    /// The sign-in method that the server supports.
    pub(crate) method: SignInMethod,
}

/// Holds the tokens and renews them.
pub(crate) struct SessionManager {
    clock: Clock,
    renew: Box<Renew>,
    credentials: Option<Credentials>,
    listener: Option<SessionListener>,
    state: Mutex<State>,
}

struct State {
    active: Option<ActiveSession>,
    /// Counts the tokens, so that a request that was rejected knows whether they were renewed since.
    generation: u64,
    /// The server rejected the access token.
    is_rejected: bool,
    /// Signed out by the caller: only the caller signs in again.
    is_signed_out: bool,
    /// The tenant to return to, also while there is no session.
    tenant: Option<String>,
    method: SignInMethod,
    renewal: Option<Renewal>,
    /// The end of the pause after a failed renewal.
    paused_until: Option<Timestamp>,
}

/// An access token to send with a request.
#[derive(Clone)]
pub(crate) struct Ticket {
    pub(crate) header: HeaderValue,
    generation: u64,
}

/// The reaction to a rejected access token.
pub(crate) enum Rejection {
    /// The request is sent again with this token.
    Retry(Ticket),
    /// The rejection is final.
    Final(Attempt),
}

impl SessionManager {
    pub(crate) fn new(
        clock: Clock,
        renew: Box<Renew>,
        credentials: Option<Credentials>,
        method: SignInMethod,
        listener: Option<SessionListener>,
        session: Option<Session>,
    ) -> Result<Self, ConfigurationError> {
        let active = session.map(ActiveSession::new).transpose()?;
        Ok(Self {
            clock,
            renew,
            credentials,
            listener,
            state: Mutex::new(State {
                tenant: active.as_ref().and_then(|active| active.session.tenant.clone()),
                active,
                generation: 0,
                is_rejected: false,
                is_signed_out: false,
                method,
                renewal: None,
                paused_until: None,
            }),
        })
    }

    /// Ignores poisoning: a panic under the lock cannot leave the state half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the token to send, renewed if that is due. `None` if there is none and nothing to request one with.
    pub(crate) async fn ticket(self: &Arc<Self>) -> Result<Option<Ticket>, Error> {
        let renewal = {
            let mut state = self.state();
            if state.is_signed_out {
                return Ok(None);
            }
            let now = self.clock.now();
            if !state.is_renewal_due(now) {
                return Ok(state.ticket());
            }
            match self.renewal(&mut state) {
                Some(renewal) => renewal,
                None => return Ok(state.ticket()),
            }
        };
        match renewal.await {
            Ok(ticket) => Ok(Some(ticket)),
            Err(error) => {
                // As long as the token is valid, a failed renewal is not an error.
                let mut state = self.state();
                let now = self.clock.now();
                if !state.is_usable(now) {
                    return Err(error);
                }
                state.paused_until = now.checked_add(RENEWAL_PAUSE).ok();
                Ok(state.ticket())
            }
        }
    }

    /// Decides what to do after the server rejected this token. `repeatable`: the request can be sent again.
    pub(crate) async fn after_rejection(
        self: &Arc<Self>,
        ticket: Option<Ticket>,
        repeatable: bool,
    ) -> Result<Rejection, Error> {
        let Some(ticket) = ticket else {
            return Ok(Rejection::Final(Attempt::NoToken));
        };
        let renewal = {
            let mut state = self.state();
            if state.is_signed_out {
                return Ok(Rejection::Final(Attempt::AccessToken));
            }
            if state.generation == ticket.generation {
                state.is_rejected = true;
            } else if !repeatable {
                return Ok(Rejection::Final(Attempt::StreamedBody));
            } else if let Some(other) = state.ticket().filter(|_| !state.is_rejected) {
                return Ok(Rejection::Retry(other));
            }
            match self.renewal_request(&state) {
                None => return Ok(Rejection::Final(Attempt::AccessToken)),
                Some(_) if !repeatable => return Ok(Rejection::Final(Attempt::StreamedBody)),
                Some(_) => {}
            }
            match self.renewal(&mut state) {
                Some(renewal) => renewal,
                None => return Ok(Rejection::Final(Attempt::AccessToken)),
            }
        };
        Ok(Rejection::Retry(renewal.await?))
    }

    /// Returns the pending renewal, or starts one.
    fn renewal(self: &Arc<Self>, state: &mut State) -> Option<Renewal> {
        if let Some(renewal) = &state.renewal {
            return Some(renewal.clone());
        }
        let request = self.renewal_request(state)?;
        // A strong reference would form a cycle: the manager owns the renewal.
        let manager = Arc::downgrade(self);
        let renewed = (self.renew)(request);
        let future = async move { finish(&manager, renewed.await) };
        #[cfg(not(target_arch = "wasm32"))]
        let renewal = future.boxed().shared();
        #[cfg(target_arch = "wasm32")]
        let renewal = future.boxed_local().shared();
        state.renewal = Some(renewal.clone());
        Some(renewal)
    }

    /// Returns `None` if there is neither a refresh token nor credentials.
    fn renewal_request(&self, state: &State) -> Option<RenewalRequest> {
        let refresh_token = state
            .active
            .as_ref()
            .and_then(|active| active.session.refresh_token.clone());
        if refresh_token.is_none() && self.credentials.is_none() {
            return None;
        }
        Some(RenewalRequest {
            method: state.method,
            refresh_token,
            credentials: self.credentials.clone(),
            tenant: state.tenant.clone(),
        })
    }

    /// Returns the tenant that a new session is switched into.
    pub(crate) fn tenant(&self) -> Option<String> {
        self.state().tenant.clone()
    }

    /// Replaces the session.
    pub(crate) fn replace(&self, active: ActiveSession) {
        {
            let mut state = self.state();
            state.is_signed_out = false;
            state.activate(active.clone());
        }
        self.notify(Some(&active.session));
    }

    /// Discards the tokens and signs in with the credentials.
    pub(crate) async fn sign_in(self: &Arc<Self>) -> Result<(), Error> {
        if self.credentials.is_none() {
            return Err(Error::InvalidRequest(
                "the client has no credentials to sign in with".to_owned(),
            ));
        }
        {
            let mut state = self.state();
            state.is_signed_out = false;
            // A pending renewal signs in as well.
            if state.renewal.is_none() {
                state.active = None;
            }
        }
        self.ticket().await.map(|_| ())
    }

    /// Waits for a pending renewal: its tokens would outlive a session that ends meanwhile.
    pub(crate) async fn wait_for_renewal(&self) {
        let renewal = self.state().renewal.clone();
        if let Some(renewal) = renewal {
            let _ = renewal.await;
        }
    }

    /// Ends the session. Returns its access token and the request to renew it, both for signing out at the server.
    pub(crate) fn end(&self) -> (Option<Ticket>, RenewalRequest) {
        let ended = {
            let mut state = self.state();
            let ticket = state.ticket();
            let renewal = RenewalRequest {
                method: state.method,
                refresh_token: state.active.take().and_then(|active| active.session.refresh_token),
                credentials: None,
                tenant: None,
            };
            state.is_signed_out = true;
            state.tenant = None;
            state.generation += 1;
            (ticket, renewal)
        };
        self.notify(None);
        ended
    }

    /// Records that the session was switched into a tenant. Returns `false` if the tokens were renewed meanwhile: the new session may
    /// not be switched.
    pub(crate) fn switched(&self, generation: u64, tenant: Option<String>) -> bool {
        let (session, is_same) = {
            let mut state = self.state();
            state.tenant = tenant.clone();
            let is_same = state.generation == generation;
            if let Some(active) = &mut state.active {
                active.session.tenant = tenant;
            }
            (state.active.as_ref().map(|active| active.session.clone()), is_same)
        };
        if is_same {
            self.notify(session.as_ref());
        }
        is_same
    }

    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    pub(crate) fn session(&self) -> Option<Session> {
        self.state().active.as_ref().map(|active| active.session.clone())
    }

    fn notify(&self, session: Option<&Session>) {
        if let Some(listener) = &self.listener {
            listener.notify(session);
        }
    }
}

/// Stores the outcome of a renewal before its waiters resume.
fn finish(manager: &Weak<SessionManager>, outcome: Result<Renewed, Error>) -> Result<Ticket, Error> {
    let Some(manager) = manager.upgrade() else {
        return match outcome {
            Ok(renewed) => Ok(Ticket {
                header: renewed.active.header,
                generation: 0,
            }),
            Err(error) => Err(error),
        };
    };
    let (outcome, session) = {
        let mut state = manager.state();
        state.renewal = None;
        match outcome {
            Ok(renewed) => {
                state.method = renewed.method;
                let ticket = Ticket {
                    header: renewed.active.header.clone(),
                    generation: state.generation + 1,
                };
                let session = renewed.active.session.clone();
                // A caller who signed out meanwhile stays signed out.
                if !state.is_signed_out {
                    state.activate(renewed.active);
                    (Ok(ticket), Some(session))
                } else {
                    (Ok(ticket), None)
                }
            }
            Err(error) => {
                if let Error::Authentication { .. } = &error
                    && let Some(active) = &mut state.active
                {
                    // A refresh token can be used once, and this one was.
                    active.session.refresh_token = None;
                }
                (Err(error), None)
            }
        }
    };
    if session.is_some() {
        manager.notify(session.as_ref());
    }
    outcome
}

impl State {
    fn ticket(&self) -> Option<Ticket> {
        self.active.as_ref().map(|active| Ticket {
            header: active.header.clone(),
            generation: self.generation,
        })
    }

    fn activate(&mut self, active: ActiveSession) {
        self.generation += 1;
        self.is_rejected = false;
        self.paused_until = None;
        self.tenant.clone_from(&active.session.tenant);
        self.active = Some(active);
    }

    /// Returns `true` if the token should be renewed before the next request.
    fn is_renewal_due(&self, now: Timestamp) -> bool {
        let is_paused = self.paused_until.is_some_and(|end| now < end);
        match &self.active {
            None => true,
            Some(_) if self.is_rejected => true,
            Some(active) => active.is_expired(now) || (active.is_renewal_due(now) && !is_paused),
        }
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        !self.is_rejected && self.active.as_ref().is_some_and(|active| !active.is_expired(now))
    }
}
