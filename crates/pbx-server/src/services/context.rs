//! The context of a use case.

use std::ops::Deref;

use pbx_domain::IdGenerator;
use pbx_domain::vault::Vault;
use pbx_store::Changes;

use super::passwords::Passwords;
use super::sign_ins::SignIns;

/// The store on behalf of one actor, with what else use cases need. Clones are cheap and share everything.
///
/// Dereferences to [`Changes`], and so to the store.
#[derive(Clone)]
pub struct Context {
    /// The store, for the changes of one actor.
    pub changes: Changes,
    /// Issues the IDs of new objects.
    pub ids: IdGenerator,
    /// Seals and opens secrets.
    pub vault: Vault,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Bounds sign-ins.
    pub sign_ins: SignIns,
}

impl Deref for Context {
    type Target = Changes;

    fn deref(&self) -> &Changes {
        &self.changes
    }
}
