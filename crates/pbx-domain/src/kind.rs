//! The kinds of objects that have IDs.
//!
//! A type that is stored as one row is its own kind, such as [`Holiday`](crate::holidays::Holiday). Tenants, accounts and what many
//! modules refer to have a kind here, so that a module that has an ID of them does not depend on their rules.

use pbx_types::ids::{DealerId, TenantId, UserId};

/// A kind of object, as the type parameter of [`Id`](crate::id::Id).
pub trait Kind {
    /// The name in messages, e.g. "IP rule".
    const NAME: &'static str;

    /// The type of its IDs in the API, where they are opaque.
    type ApiId: From<String> + AsRef<str>;
}

/// Declares kinds with their names.
macro_rules! kinds {
    ($($(#[$docs:meta])+ $kind:ident($id:ty) = $name:literal;)+) => {
        $(
            $(#[$docs])+
            #[derive(Debug)]
            pub enum $kind {}

            impl Kind for $kind {
                const NAME: &'static str = $name;
                type ApiId = $id;
            }
        )+
    };
}

kinds! {
    /// Accounts that can sign in.
    Account(String) = "account";
    /// Dealers. A dealer has the ID of its account.
    Dealer(DealerId) = "dealer";
    /// Sessions.
    Session(String) = "session";
    /// Tenants.
    Tenant(TenantId) = "tenant";
    /// Users of tenants. A user has the ID of its account.
    User(UserId) = "user";
}
