//! Admission of transactions: a limited number at a time in all, and fewer of one principal, so that the load of one delays no
//! other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pbx_domain::session::Principal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::StoreError;

/// The bounds of an [`Admission`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The resource, for error messages.
    pub(super) what: &'static str,
    /// Slots in all.
    pub(super) slots: usize,
    /// Slots of one principal.
    pub(super) slots_per_principal: usize,
    /// Callers of one principal that may wait for a slot. Further ones are refused at once.
    pub(super) waiting_per_principal: usize,
    /// The longest wait for a slot.
    pub(super) longest_wait: Duration,
}

impl Bounds {
    /// Returns the slots of a principal, and the number of its callers that may wait. The system administrators, who share one,
    /// leave a single slot to the others.
    fn of(&self, principal: Principal) -> (usize, usize) {
        match principal {
            Principal::System => (self.slots_per_principal.max(self.slots - 1), MAX_WAITING_OF_SYSTEM),
            _ => (self.slots_per_principal, self.waiting_per_principal),
        }
    }
}

/// The number of callers of [`Principal::System`] that may wait.
const MAX_WAITING_OF_SYSTEM: usize = 1024;

/// Grants slots in the order of the requests. A principal that has all its slots waits for one of these first.
pub(super) struct Admission {
    bounds: Bounds,
    slots: Arc<Semaphore>,
    /// The principals that have or wait for slots.
    principals: Mutex<HashMap<Principal, Share>>,
}

/// The share of one principal.
struct Share {
    slots: Arc<Semaphore>,
    /// Callers with a slot, and those that wait for one.
    callers: usize,
}

/// A granted slot, which is returned when this is dropped.
pub(super) struct Slot {
    _permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    _caller: CallerCount,
}

/// One caller in the count of its principal.
struct CallerCount {
    admission: Arc<Admission>,
    principal: Principal,
}

impl Admission {
    /// Creates an admission with these bounds.
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            slots: Arc::new(Semaphore::new(bounds.slots)),
            principals: Mutex::default(),
        })
    }

    /// Waits for a slot.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] at once if too many callers of this principal wait already, and after the longest wait;
    /// [`StoreError::Closed`] after [`close`](Self::close).
    pub(super) async fn admit(self: &Arc<Self>, principal: Principal) -> Result<Slot, StoreError> {
        let Bounds { what, longest_wait, .. } = self.bounds;
        let (own, caller) = self.enter(principal)?;
        let granted = timeout(longest_wait, async {
            // In this order, so that at most `slots_per_principal` callers of one principal queue with the others.
            let own = own.acquire_owned().await?;
            Ok::<_, tokio::sync::AcquireError>((own, Arc::clone(&self.slots).acquire_owned().await?))
        });
        match granted.await {
            Ok(Ok(permits)) => Ok(Slot {
                _permits: permits,
                _caller: caller,
            }),
            Ok(Err(_)) => Err(StoreError::Closed),
            Err(_) => Err(StoreError::Unavailable(format!(
                "no slot for {what} of {principal:?} within {longest_wait:?}"
            ))),
        }
    }

    /// Returns the number of slots in all.
    pub(super) fn slots(&self) -> usize {
        self.bounds.slots
    }

    /// Refuses all who wait, and all who come.
    pub(super) fn close(&self) {
        self.slots.close();
        for share in self.principals().values() {
            share.slots.close();
        }
    }

    /// Counts a caller, unless too many wait.
    fn enter(self: &Arc<Self>, principal: Principal) -> Result<(Arc<Semaphore>, CallerCount), StoreError> {
        let Bounds { what, .. } = self.bounds;
        let (slots, waiting) = self.bounds.of(principal);
        if self.slots.is_closed() {
            return Err(StoreError::Closed);
        }
        let mut principals = self.principals();
        let share = principals.entry(principal).or_insert_with(|| Share {
            slots: Arc::new(Semaphore::new(slots)),
            callers: 0,
        });
        if share.callers >= slots.saturating_add(waiting) {
            return Err(StoreError::Unavailable(format!(
                "too many {what} of {principal:?} are waiting"
            )));
        }
        share.callers += 1;
        let caller = CallerCount {
            admission: Arc::clone(self),
            principal,
        };
        Ok((Arc::clone(&share.slots), caller))
    }

    fn principals(&self) -> MutexGuard<'_, HashMap<Principal, Share>> {
        // Poisoning is ignored: a panic leaves no half-done update behind.
        self.principals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CallerCount {
    fn drop(&mut self) {
        let mut principals = self.admission.principals();
        if let Some(share) = principals.get_mut(&self.principal) {
            share.callers -= 1;
            if share.callers == 0 {
                principals.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use pbx_domain::Id;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn admission() -> Arc<Admission> {
        Admission::new(Bounds {
            what: "scans",
            slots: 4,
            slots_per_principal: 2,
            waiting_per_principal: 3,
            longest_wait: HOUR,
        })
    }

    fn tenant(id: i64) -> Principal {
        Principal::Tenant(Id::from_stored(id))
    }

    /// Returns the slot, if one is free.
    fn now(admission: &Arc<Admission>, principal: Principal) -> Option<Slot> {
        admission.admit(principal).now_or_never()?.ok()
    }

    #[tokio::test]
    async fn one_principal_leaves_slots_to_others() {
        let admission = admission();
        let _busy = (now(&admission, tenant(1)).unwrap(), now(&admission, tenant(1)).unwrap());
        assert!(now(&admission, tenant(1)).is_none());
        let _others = (now(&admission, tenant(2)).unwrap(), now(&admission, tenant(3)).unwrap());
        assert!(now(&admission, Principal::System).is_none());
    }

    #[tokio::test]
    async fn system_administrators_leave_one_slot_to_others() {
        let admission = admission();
        let slots: Vec<_> = (0..4).filter_map(|_| now(&admission, Principal::System)).collect();
        assert_eq!(slots.len(), 3);
        assert!(now(&admission, tenant(1)).is_some());
    }

    #[tokio::test]
    async fn too_many_waiting_callers_of_a_principal_are_refused_at_once() {
        let admission = admission();
        let slots: Vec<_> = (0..2).map(|_| now(&admission, tenant(1)).unwrap()).collect();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(admission.admit(tenant(1)))).collect();
        for waiter in &mut waiting {
            assert!(waiter.as_mut().now_or_never().is_none());
        }
        let refused = admission.admit(tenant(1)).now_or_never();
        assert!(matches!(refused, Some(Err(StoreError::Unavailable(_)))));
        assert!(now(&admission, tenant(2)).is_some());
        // A caller that goes away makes room, and so does a slot that is returned.
        drop(waiting.pop());
        drop(slots);
        let next = waiting.remove(0).await;
        assert!(next.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn wait_for_a_slot_ends() {
        let admission = admission();
        let slots: Vec<_> = (0..2).map(|_| now(&admission, tenant(1)).unwrap()).collect();
        let late = admission.admit(tenant(1)).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))));
        drop(slots);
        assert!(admission.principals().is_empty(), "nothing is kept of idle principals");
    }

    #[tokio::test]
    async fn closing_refuses_those_who_wait() {
        let admission = admission();
        let _slots: Vec<_> = (0..2).map(|_| now(&admission, tenant(1)).unwrap()).collect();
        let mut waiting = Box::pin(admission.admit(tenant(1)));
        assert!(waiting.as_mut().now_or_never().is_none());
        admission.close();
        assert!(matches!(waiting.await, Err(StoreError::Closed)));
        assert!(matches!(admission.admit(tenant(2)).await, Err(StoreError::Closed)));
    }
}
