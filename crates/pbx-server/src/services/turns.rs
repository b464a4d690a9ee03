//! A fair queue for the right to use a scarce resource: round-robin over the parties that wait, bounded for each and in all. When it
//! is full, those with the most waiters give way to those with few.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};
use pbx_domain::Error;
use pbx_domain::session::{Caller, Principal};
use tokio::sync::oneshot;

/// The delay after which a refused party may try again. A hash takes tens of milliseconds, so that the queue has moved by then.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Network prefix of the IPv6 addresses that one customer of a provider may have, and so of 65,536 sources.
const IPV6_SITE_PREFIX: u8 = 48;

/// The party that a turn is for. Each has the same share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// Clients without a recent success: they wait in a separate lane, so that no number of them delays the others much.
    Stranger(IpNet),
    /// Clients that an ACCEPT rule exempts, or that signed in to the account recently.
    Familiar(IpNet),
    /// Callers with a session, by the principal that they act for.
    Caller(Principal),
}

impl Party {
    /// The server itself, and the system administrators.
    pub const SERVER: Self = Self::Caller(Principal::System);

    /// Returns the party that stands for all sources of one network.
    fn site(self) -> Self {
        let site = |source| match source {
            IpNet::V6(range) => Ipv6Net::new_assert(range.addr(), IPV6_SITE_PREFIX).trunc().into(),
            IpNet::V4(_) => source,
        };
        match self {
            Self::Stranger(source) => Self::Stranger(site(source)),
            Self::Familiar(source) => Self::Familiar(site(source)),
            other => other,
        }
    }
}

impl From<&Caller> for Party {
    fn from(caller: &Caller) -> Self {
        Self::Caller(caller.into())
    }
}

/// Limits on the parties that wait.
#[derive(Debug, Clone, Copy)]
pub struct TurnLimits {
    /// Waiting at a time for one party.
    pub per_party: u32,
    /// Waiting at a time in each lane.
    pub in_all: u32,
}

/// A fixed number of turns. Clones share them.
#[derive(Clone)]
pub struct Turns(Arc<Shared>);

struct Shared {
    limits: TurnLimits,
    state: Mutex<State>,
}

struct State {
    /// Turns that nobody has. While there are any, nobody waits.
    free: usize,
    /// The lane of strangers, and that of everyone else. They alternate while both have waiters.
    lanes: [Lane; 2],
    /// The lane that is next.
    next: usize,
}

/// The waiters of one lane by party: the party in front is next.
#[derive(Default)]
struct Lane(VecDeque<(Party, VecDeque<oneshot::Sender<Turn>>)>);

/// The right to use the resource, until it is dropped.
pub struct Turn(Option<Turns>);

impl Turns {
    /// Creates that many turns.
    pub fn new(turns: usize, limits: TurnLimits) -> Self {
        Self(Arc::new(Shared {
            limits,
            state: Mutex::new(State {
                free: turns,
                lanes: Default::default(),
                next: 0,
            }),
        }))
    }

    /// Waits for a turn. A caller that is dropped leaves the queue.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyRequests`] at once if too many wait for this party; [`Error::Overloaded`] if too many wait in all, at once or
    /// when this one gives way to a party with fewer.
    pub async fn take(&self, party: Party) -> Result<Turn, Error> {
        let turn = {
            let limits = self.0.limits;
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Turn(Some(self.clone())));
            }
            let lane = &mut state.lanes[usize::from(!matches!(party, Party::Stranger(_)))];
            if let Err(refusal) = lane.admit(party, limits) {
                lane.forget_gone();
                lane.admit(party, limits).or_else(|_| {
                    if lane.displace(party) {
                        lane.admit(party, limits)
                    } else {
                        Err(refusal)
                    }
                })?;
            }
            lane.push(party)
        };
        // A waiter that gave way loses its sender.
        turn.await.map_err(|_| Error::Overloaded {
            retry_after: RETRY_AFTER,
        })
    }

    /// Gives a turn to the next waiter, if there is one.
    fn pass_on(self) {
        let mut turn = Turn(Some(self.clone()));
        loop {
            let next = {
                let mut state = self.state();
                let next = state.pop();
                state.free += usize::from(next.is_none());
                next
            };
            let Some(waiter) = next else {
                // It is free, so dropping it must not pass it on.
                turn.0 = None;
                return;
            };
            match waiter.send(turn) {
                Ok(()) => return,
                // The waiter is gone.
                Err(returned) => turn = returned,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

impl State {
    fn pop(&mut self) -> Option<oneshot::Sender<Turn>> {
        let first = self.next;
        self.next = 1 - first;
        self.lanes[first].pop().or_else(|| self.lanes[1 - first].pop())
    }
}

impl Lane {
    /// Returns an error unless one more may wait.
    fn admit(&self, party: Party, limits: TurnLimits) -> Result<(), Error> {
        let full = |waiting: usize, limit: u32| u32::try_from(waiting).is_ok_and(|waiting| waiting >= limit);
        let own = self.0.iter().find(|(other, _)| *other == party);
        if full(own.map_or(0, |(_, waiters)| waiters.len()), limits.per_party) {
            return Err(Error::TooManyRequests {
                limit: limits.per_party,
                retry_after: RETRY_AFTER,
                reset: RETRY_AFTER,
            });
        }
        if full(self.0.iter().map(|(_, waiters)| waiters.len()).sum(), limits.in_all) {
            return Err(Error::Overloaded {
                retry_after: RETRY_AFTER,
            });
        }
        Ok(())
    }

    fn push(&mut self, party: Party) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        match self.0.iter_mut().find(|(other, _)| *other == party) {
            Some((_, waiters)) => waiters.push_back(sender),
            None => self.0.push_back((party, VecDeque::from([sender]))),
        }
        receiver
    }

    /// Returns the next waiter, after which it is the turn of the other parties.
    fn pop(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (party, mut waiters) = self.0.pop_front()?;
        let next = waiters.pop_front();
        if !waiters.is_empty() {
            self.0.push_back((party, waiters));
        }
        next
    }

    /// Removes the newest waiter of the site that has the most, unless the site of `party` has about as many. Returns `true` if it did.
    fn displace(&mut self, party: Party) -> bool {
        let mut sites: HashMap<Party, usize> = HashMap::new();
        for (party, waiters) in &self.0 {
            *sites.entry(party.site()).or_default() += waiters.len();
        }
        let own = sites.get(&party.site()).copied().unwrap_or(0);
        let Some((site, _)) = sites
            .into_iter()
            .filter(|(_, waiting)| *waiting > own + 1)
            .max_by_key(|(_, waiting)| *waiting)
        else {
            return false;
        };
        let Some(position) = self.0.iter().rposition(|(party, _)| party.site() == site) else {
            return false;
        };
        let waiters = &mut self.0[position].1;
        waiters.pop_back();
        if waiters.is_empty() {
            self.0.remove(position);
        }
        true
    }

    /// Removes the waiters whose callers were dropped.
    fn forget_gone(&mut self) {
        for (_, waiters) in &mut self.0 {
            waiters.retain(|waiter| !waiter.is_closed());
        }
        self.0.retain(|(_, waiters)| !waiters.is_empty());
    }
}

#[cfg(test)]
mod tests;
