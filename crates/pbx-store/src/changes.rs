//! Audited changes: each writes its entry to the audit log in its own transaction.

use std::ops::Deref;

use crate::audit;
use crate::error::StoreError;
use crate::store::Store;
use crate::tx::Tx;
use pbx_domain::audit::{Actor, Audited};
use pbx_domain::clock;

/// The store for those who change it: it knows who does. A function that takes this changes something; one that takes a
/// [`Store`] does not.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    actor: Actor,
}

impl Changes {
    /// Changes to that store, made by that actor.
    pub fn new(store: &Store, actor: Actor) -> Self {
        Self {
            store: store.clone(),
            actor,
        }
    }

    /// Who makes them.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Changes, all or nothing, durable when this returns. An error from the closure undoes them.
    ///
    /// The closure says what is to be remembered of them, `Ok(Entry::create(..).with(id))`, and that is stored in the same
    /// transaction.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<Audited<T>, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let actor = self.actor.clone();
        self.store
            .write_unaudited(move |tx| {
                let Audited { entries, value } = work(tx)?;
                let now = clock::now();
                for entry in &entries {
                    audit::insert(tx, &actor, entry, now)?;
                }
                Ok::<_, E>(value)
            })
            .await
    }
}

impl Deref for Changes {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}
