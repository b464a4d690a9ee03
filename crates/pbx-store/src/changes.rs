//! Audited changes: each is recorded in the audit log within its own transaction.

use std::ops::Deref;
use std::sync::Arc;

use pbx_domain::audit::{Actor, Audited};
use pbx_domain::session::Principal;
use pbx_domain::{Error, clock};

use crate::audit;
use crate::error::StoreError;
use crate::store::Store;
use crate::tx::Tx;

/// A [`Store`] with the actor of its changes. A function that takes this may change something; one that takes a [`Store`] does
/// not.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    actor: Actor,
    principal: Principal,
    is_rehearsal: bool,
    guard: Option<Guard>,
}

/// Runs before the work of a change, in its transaction.
type Guard = Arc<dyn Fn(&mut Tx<'_>) -> Result<(), Error> + Send + Sync>;

impl Changes {
    /// Creates a handle for changes to this store by this actor, on behalf of the server itself.
    pub fn new(store: &Store, actor: Actor) -> Self {
        Self {
            store: store.clone(),
            actor,
            principal: Principal::System,
            is_rehearsal: false,
            guard: None,
        }
    }

    /// With `true`, nothing is changed: the closures run in transactions that only read, and none succeeds. It is for finding the
    /// violations that they return as their errors.
    #[must_use]
    pub fn rehearsed(self, is_rehearsal: bool) -> Self {
        Self { is_rehearsal, ..self }
    }

    /// Sets the principal that the changes are made for.
    #[must_use]
    pub fn on_behalf_of(self, principal: Principal) -> Self {
        Self { principal, ..self }
    }

    /// Sets the guard of [`write`](Self::write): it runs first in the transaction, and refuses the change with its error.
    #[must_use]
    pub fn guarded(self, guard: impl Fn(&mut Tx<'_>) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        Self {
            guard: Some(Arc::new(guard)),
            ..self
        }
    }

    /// Returns the actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// [`Store::write_unaudited`] on behalf of the principal.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    pub async fn write_unaudited<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.is_rehearsal {
            return self.rehearse(work).await;
        }
        self.store.write(self.principal, work).await
    }

    /// Runs a closure up to its first statement that writes, or to its end.
    async fn rehearse<A, T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<A, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.store
            .read(move |tx| {
                work(tx)?;
                Err(StoreError::ReadOnly.into())
            })
            .await
    }

    /// Runs a closure in a transaction that is durable when this returns, and rolled back if the closure returns an error.
    ///
    /// The closure returns its result with the entries for the audit log, `Ok(Entry::create(..).with(id))`, which are inserted in
    /// the same transaction.
    ///
    /// # Errors
    ///
    /// Those of `work` and of the guard; [`StoreError`] if the engine fails.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<Audited<T>, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + From<Error> + Send + 'static,
    {
        let (actor, guard) = (self.actor.clone(), self.guard.clone());
        let guarded = move |tx: &mut Tx<'_>| {
            if let Some(guard) = &guard {
                guard(tx)?;
            }
            work(tx)
        };
        if self.is_rehearsal {
            return self.rehearse(guarded).await;
        }
        self.store
            .write(self.principal, move |tx| {
                let Audited { entries, value } = guarded(tx)?;
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
