//! The session of a client, shared by its clones: one renewal at a time, whoever needs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;

use super::renewal::{Active, Plan, Renewed};
use super::{Credentials, Session, SessionListener, SignInMethod};
use crate::client::Connection;
use crate::error::Attempt;
use crate::{ConfigurationError, Error};

#[cfg(not(target_arch = "wasm32"))]
type Boxed = futures_util::future::BoxFuture<'static, Result<Ticket, Error>>;
#[cfg(target_arch = "wasm32")]
type Boxed = futures_util::future::LocalBoxFuture<'static, Result<Ticket, Error>>;

/// All who wait for a renewal move it on, so that none who gives up stops it for the others, or loses the new refresh token.
type Renewal = Shared<Boxed>;

/// How long a failed renewal rests while the token still works.
const REST: SignedDuration = SignedDuration::from_secs(10);

/// Keeps the tokens.
pub(crate) struct Manager {
    connection: Arc<Connection>,
    credentials: Option<Credentials>,
    listener: Option<SessionListener>,
    state: Mutex<State>,
}

struct State {
    active: Option<Active>,
    /// Counts the tokens, so that who was refused knows whether there are others since.
    generation: u64,
    /// The server does not take the token any more.
    is_refused: bool,
    /// Signed out on request: nothing signs in again but a request.
    has_ended: bool,
    /// A tenant to return to although there is no session.
    tenant: Option<String>,
    form: SignInMethod,
    renewal: Option<Renewal>,
    rests_until: Option<Timestamp>,
}

/// A token to send.
#[derive(Clone)]
pub(crate) struct Ticket {
    pub(crate) header: HeaderValue,
    pub(super) generation: u64,
}

/// What to do after a token was refused.
pub(crate) enum Next {
    /// Send the request again with this.
    Repeat(Ticket),
    /// The refusal stands.
    GiveUp(Attempt),
}

impl Manager {
    pub(crate) fn new(
        connection: Arc<Connection>,
        credentials: Option<Credentials>,
        form: SignInMethod,
        listener: Option<SessionListener>,
        session: Option<Session>,
    ) -> Result<Self, ConfigurationError> {
        let active = session.map(Active::of).transpose()?;
        Ok(Self {
            connection,
            credentials,
            listener,
            state: Mutex::new(State {
                tenant: active.as_ref().and_then(|active| active.session.tenant.clone()),
                active,
                generation: 0,
                is_refused: false,
                has_ended: false,
                form,
                renewal: None,
                rests_until: None,
            }),
        })
    }

    /// A panic elsewhere cannot leave it half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token to send, renewed if it is due. `None`: there is none, and nothing to get one with.
    pub(crate) async fn ticket(self: &Arc<Self>) -> Result<Option<Ticket>, Error> {
        let renewal = {
            let mut state = self.state();
            if state.has_ended {
                return Ok(None);
            }
            let now = self.connection.clock().now();
            if !state.is_due(now) {
                return Ok(state.ticket());
            }
            match self.renewal(&mut state) {
                Some(renewal) => renewal,
                None => return Ok(state.ticket()),
            }
        };
        match renewal.await {
            Ok(ticket) => Ok(Some(ticket)),
            Err(failure) => {
                // As long as the token works, a renewal that does not is no matter.
                let mut state = self.state();
                let now = self.connection.clock().now();
                if !state.is_usable(now) {
                    return Err(failure);
                }
                state.rests_until = now.checked_add(REST).ok();
                Ok(state.ticket())
            }
        }
    }

    /// What to do after this token was refused, by a request that can be sent again or cannot.
    pub(crate) async fn after_refusal(
        self: &Arc<Self>,
        ticket: Option<Ticket>,
        repeatable: bool,
    ) -> Result<Next, Error> {
        let Some(ticket) = ticket else {
            return Ok(Next::GiveUp(Attempt::NoToken));
        };
        let renewal = {
            let mut state = self.state();
            if state.has_ended {
                return Ok(Next::GiveUp(Attempt::AccessToken));
            }
            if state.generation == ticket.generation {
                state.is_refused = true;
            } else if !repeatable {
                return Ok(Next::GiveUp(Attempt::StreamedBody));
            } else if let Some(other) = state.ticket().filter(|_| !state.is_refused) {
                return Ok(Next::Repeat(other));
            }
            match self.plan(&state) {
                None => return Ok(Next::GiveUp(Attempt::AccessToken)),
                Some(_) if !repeatable => return Ok(Next::GiveUp(Attempt::StreamedBody)),
                Some(_) => {}
            }
            match self.renewal(&mut state) {
                Some(renewal) => renewal,
                None => return Ok(Next::GiveUp(Attempt::AccessToken)),
            }
        };
        Ok(Next::Repeat(renewal.await?))
    }

    /// The renewal that is under way, or one that starts.
    fn renewal(self: &Arc<Self>, state: &mut State) -> Option<Renewal> {
        if let Some(renewal) = &state.renewal {
            return Some(renewal.clone());
        }
        let plan = self.plan(state)?;
        // Weak, or a renewal that nobody waits for would keep its own manager for ever.
        let manager = Arc::downgrade(self);
        let future = async move {
            let outcome = plan.carry_out().await;
            finish(&manager, outcome)
        };
        #[cfg(not(target_arch = "wasm32"))]
        let renewal = future.boxed().shared();
        #[cfg(target_arch = "wasm32")]
        let renewal = future.boxed_local().shared();
        state.renewal = Some(renewal.clone());
        Some(renewal)
    }

    fn plan(&self, state: &State) -> Option<Plan> {
        let refresh_token = state
            .active
            .as_ref()
            .and_then(|active| active.session.refresh_token.clone());
        if refresh_token.is_none() && self.credentials.is_none() {
            return None;
        }
        Some(Plan {
            connection: Arc::clone(&self.connection),
            form: state.form,
            refresh_token,
            credentials: self.credentials.clone(),
            tenant: state.tenant.clone(),
        })
    }

    /// A plan for a sign-in that goes on by other means.
    pub(super) fn plan_to_adopt(&self) -> Plan {
        let state = self.state();
        Plan {
            connection: Arc::clone(&self.connection),
            form: state.form,
            refresh_token: None,
            credentials: None,
            tenant: state.tenant.clone(),
        }
    }

    /// Takes over a session that came about elsewhere.
    pub(super) fn adopt(&self, active: Active) {
        {
            let mut state = self.state();
            state.has_ended = false;
            state.take_over(active.clone());
        }
        self.tell(Some(&active.session));
    }

    /// Forgets the tokens, and signs in with the credentials whatever there was before.
    pub(super) async fn sign_in(self: &Arc<Self>) -> Result<(), Error> {
        if self.credentials.is_none() {
            return Err(Error::InvalidRequest(
                "the client has no credentials to sign in with".to_owned(),
            ));
        }
        {
            let mut state = self.state();
            state.has_ended = false;
            // A renewal that is under way will do.
            if state.renewal.is_none() {
                state.active = None;
            }
        }
        self.ticket().await.map(|_| ())
    }

    /// Waits for a renewal that is under way: its tokens would outlive a session that ends meanwhile.
    pub(super) async fn settle(&self) {
        let renewal = self.state().renewal.clone();
        if let Some(renewal) = renewal {
            let _ = renewal.await;
        }
    }

    /// The token as it is, for signing out, and how to get the next one; there is none from now on.
    pub(super) fn end(&self) -> (Option<Ticket>, Plan) {
        let ended = {
            let mut state = self.state();
            let ticket = state.ticket();
            let plan = Plan {
                connection: Arc::clone(&self.connection),
                form: state.form,
                refresh_token: state.active.take().and_then(|active| active.session.refresh_token),
                credentials: None,
                tenant: None,
            };
            state.has_ended = true;
            state.tenant = None;
            state.generation += 1;
            (ticket, plan)
        };
        self.tell(None);
        ended
    }

    /// The session was switched with this token. `false`: by now there is another, which may not be.
    pub(super) fn switched(&self, generation: u64, tenant: Option<String>) -> bool {
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
            self.tell(session.as_ref());
        }
        is_same
    }

    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.state().active.as_ref().map(|active| active.session.clone())
    }

    fn tell(&self, session: Option<&Session>) {
        if let Some(listener) = &self.listener {
            listener.hear(session);
        }
    }
}

/// The end of a renewal, before any who wait for it hear of it.
fn finish(manager: &Weak<Manager>, outcome: Result<Renewed, Error>) -> Result<Ticket, Error> {
    let Some(manager) = manager.upgrade() else {
        return match outcome {
            Ok(renewed) => Ok(Ticket {
                header: renewed.active.header,
                generation: 0,
            }),
            Err(failure) => Err(failure),
        };
    };
    let (outcome, session) = {
        let mut state = manager.state();
        state.renewal = None;
        match outcome {
            Ok(renewed) => {
                state.form = renewed.form;
                let ticket = Ticket {
                    header: renewed.active.header.clone(),
                    generation: state.generation + 1,
                };
                let session = renewed.active.session.clone();
                // Who has signed out meanwhile stays so.
                if !state.has_ended {
                    state.take_over(renewed.active);
                    (Ok(ticket), Some(session))
                } else {
                    (Ok(ticket), None)
                }
            }
            Err(failure) => {
                if let Error::Authentication { .. } = &failure
                    && let Some(active) = &mut state.active
                {
                    // It works once, and has been tried.
                    active.session.refresh_token = None;
                }
                (Err(failure), None)
            }
        }
    };
    if session.is_some() {
        manager.tell(session.as_ref());
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

    fn take_over(&mut self, active: Active) {
        self.generation += 1;
        self.is_refused = false;
        self.rests_until = None;
        self.tenant.clone_from(&active.session.tenant);
        self.active = Some(active);
    }

    /// Whether the token should be renewed before the next request.
    fn is_due(&self, now: Timestamp) -> bool {
        let rests = self.rests_until.is_some_and(|end| now < end);
        match &self.active {
            None => true,
            Some(_) if self.is_refused => true,
            Some(active) => active.is_over(now) || (active.is_due(now) && !rests),
        }
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        !self.is_refused && self.active.as_ref().is_some_and(|active| !active.is_over(now))
    }
}
