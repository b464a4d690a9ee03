//! Slots for requests to other servers, which take as long as those want: limited for each tenant, and for all tenants together.
//!
//! A request that finds no slot is refused at once. A queue would only hide the shortage, and a tenant could fill it as well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pbx_domain::Error;
use pbx_domain::setting::Owner;

/// The delay after which a refused caller may try again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The slots of one kind of request. Clones share them.
///
/// The system has as many as a tenant, in addition to those of the tenants, so that no tenant prevents an alert from being sent.
#[derive(Debug, Clone)]
pub struct OutgoingSlots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    of_each: u16,
    of_tenants: u16,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    by_owner: HashMap<Owner, u16>,
    by_tenants: u16,
}

/// A slot, which is free again when this is dropped.
#[derive(Debug)]
pub struct OutgoingSlot {
    slots: OutgoingSlots,
    owner: Owner,
}

/// The reason why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The owner has all of its slots in use.
    #[error("{limit} requests to other servers are in progress already")]
    Owner {
        /// The number of slots of an owner.
        limit: u16,
    },
    /// All tenants together have all slots in use.
    #[error("this server has too many requests to other servers in progress")]
    All,
}

impl From<Full> for Error {
    fn from(full: Full) -> Self {
        match full {
            Full::Owner { limit } => Self::TooManyRequests {
                limit: limit.into(),
                retry_after: RETRY_AFTER,
                reset: RETRY_AFTER,
            },
            Full::All => Self::Overloaded {
                retry_after: RETRY_AFTER,
            },
        }
    }
}

impl OutgoingSlots {
    /// Creates that many slots for each owner, and for all tenants together.
    pub fn new(of_each: u16, of_tenants: u16) -> Self {
        Self(Arc::new(Shared {
            of_each,
            of_tenants,
            taken: Mutex::default(),
        }))
    }

    /// Takes a slot.
    ///
    /// # Errors
    ///
    /// [`Full`] if there is none for this owner.
    pub fn take(&self, owner: Owner) -> Result<OutgoingSlot, Full> {
        let mut taken = self.taken();
        if taken.by_owner.get(&owner).is_some_and(|count| *count >= self.0.of_each) {
            return Err(Full::Owner { limit: self.0.of_each });
        }
        if owner != Owner::System {
            if taken.by_tenants >= self.0.of_tenants {
                return Err(Full::All);
            }
            taken.by_tenants += 1;
        }
        *taken.by_owner.entry(owner).or_default() += 1;
        Ok(OutgoingSlot {
            slots: self.clone(),
            owner,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OutgoingSlot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        if self.owner != Owner::System {
            taken.by_tenants -= 1;
        }
        if let Some(count) = taken.by_owner.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.by_owner.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pbx_domain::Id;

    use super::*;

    fn tenant(id: i64) -> Owner {
        Owner::Tenant(Id::from_stored(id))
    }

    #[test]
    fn one_tenant_and_all_tenants_are_bounded() {
        let slots = OutgoingSlots::new(2, 3);
        let first = [slots.take(tenant(1)).unwrap(), slots.take(tenant(1)).unwrap()];
        assert_eq!(slots.take(tenant(1)).unwrap_err(), Full::Owner { limit: 2 });
        let second = slots.take(tenant(2)).unwrap();
        assert_eq!(slots.take(tenant(3)).unwrap_err(), Full::All);
        let system = [slots.take(Owner::System).unwrap(), slots.take(Owner::System).unwrap()];
        assert_eq!(slots.take(Owner::System).unwrap_err(), Full::Owner { limit: 2 });
        drop((first, second, system));
        let _all = [1, 2, 3].map(|id| slots.take(tenant(id)).unwrap());
        assert_eq!(
            slots.taken().by_owner.len(),
            3,
            "nothing is kept of owners without slots"
        );
    }
}
