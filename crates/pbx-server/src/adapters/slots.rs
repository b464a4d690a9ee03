//! Slots for work that waits for others: a bound on one tenant's share, and on that of all tenants together.
//!
//! What finds no slot is refused at once. A queue would only hide the shortage, and a tenant could fill it as well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pbx_domain::Error;
use pbx_domain::setting::Owner;

/// The slots of one kind of work. Clones share them.
///
/// The system has as many as a tenant, in addition to those of the tenants, so that no tenant keeps an alert from being sent.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    of_each: usize,
    of_tenants: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    by_owner: HashMap<Owner, usize>,
    by_tenants: usize,
}

/// A slot, which is free again when this is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    owner: Owner,
}

/// The reason why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The owner has taken its share.
    #[error("the tenant waits for too many other servers already")]
    Owner,
    /// All tenants together have taken all slots.
    #[error("this server waits for too many other servers already")]
    All,
}

impl From<Full> for Error {
    fn from(full: Full) -> Self {
        Self::TooManyInProgress {
            by_caller: full == Full::Owner,
            message: match full {
                Full::Owner => "Too many requests of yours to other servers are in progress: try again in a moment.",
                Full::All => "Too many requests to other servers are in progress: try again in a moment.",
            },
        }
    }
}

impl Slots {
    /// Creates that many slots for each owner, and for all tenants together.
    pub fn new(of_each: usize, of_tenants: usize) -> Self {
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
    pub fn take(&self, owner: Owner) -> Result<Slot, Full> {
        let mut taken = self.taken();
        if taken.by_owner.get(&owner).is_some_and(|count| *count >= self.0.of_each) {
            return Err(Full::Owner);
        }
        if owner != Owner::System {
            if taken.by_tenants >= self.0.of_tenants {
                return Err(Full::All);
            }
            taken.by_tenants += 1;
        }
        *taken.by_owner.entry(owner).or_default() += 1;
        Ok(Slot {
            slots: self.clone(),
            owner,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
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
        let slots = Slots::new(2, 3);
        let first = [slots.take(tenant(1)).unwrap(), slots.take(tenant(1)).unwrap()];
        assert_eq!(slots.take(tenant(1)).unwrap_err(), Full::Owner);
        let second = slots.take(tenant(2)).unwrap();
        assert_eq!(slots.take(tenant(3)).unwrap_err(), Full::All);
        let system = [slots.take(Owner::System).unwrap(), slots.take(Owner::System).unwrap()];
        assert_eq!(slots.take(Owner::System).unwrap_err(), Full::Owner);
        drop((first, second, system));
        let _all = [1, 2, 3].map(|id| slots.take(tenant(id)).unwrap());
        assert_eq!(
            slots.taken().by_owner.len(),
            3,
            "nothing is kept of owners without slots"
        );
    }
}
