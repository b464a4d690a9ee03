//! The connection of the use cases to `pbx-api`: authentication, authorization, errors as responses, and the listening socket.

mod body;
pub mod browser;
pub mod client;
mod deadline;
mod error;
pub mod guard;
mod in_flight;
pub mod listener;
mod rate_limit;

use std::sync::Arc;

use axum::Router;
use pbx_api::{Api, Call, Operation, RequestInfo, Unmet};
use pbx_domain::audit::Actor;
use pbx_domain::license::Licensing;
use pbx_domain::lockout::Client;
use pbx_domain::network::Network;
use pbx_domain::session::{Caller, Principal, Role};
use pbx_domain::setting::Owner;
use pbx_domain::vault::Vault;
use pbx_domain::{Error, IdGenerator};
use pbx_store::{Changes, Store, Tx};
use serde::Serialize;

use self::browser::{Origins, Source};
use self::guard::Guard;
use crate::adapters::blob_store::BlobStore;
use crate::adapters::mail::Mailer;
use crate::adapters::outgoing::OutgoingSlots;
use crate::adapters::sip::Sip;
use crate::adapters::webhook::Sender;
use crate::services::context::Context;
use crate::services::documents;
use crate::services::password_reset::PasswordResets;
use crate::services::passwords::Passwords;
use crate::services::session;
use crate::services::sign_ins::SignIns;

/// The path below which everything is served, as by the vendor's server.
pub const BASE_PATH: &str = "/api";

/// The implementation of the API: the state that all resources share.
pub struct Pbx {
    /// The database.
    pub store: Store,
    /// Generates the IDs of new objects.
    pub ids: IdGenerator,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Bounds sign-ins.
    pub sign_ins: SignIns,
    /// Encrypts the secrets in the database.
    pub vault: Vault,
    /// Opens and verifies the stored license.
    pub licensing: Licensing,
    /// Admits or refuses requests.
    pub guard: Guard,
    /// The origins of web pages that may call the API.
    pub origins: Origins,
    /// The open ports of the transports, and the certificate in use.
    pub sip: Arc<Sip>,
    /// Posts events to the webhooks of tenants.
    pub events: Sender,
    /// Sends mail.
    pub mailer: Mailer,
    /// Sends links to set a new password, and sets it.
    pub password_resets: PasswordResets,
    /// Bounds the requests to other servers that callers wait for.
    pub outgoing: OutgoingSlots,
    /// The store of files' contents.
    pub blobs: BlobStore,
    /// The limits of request bodies.
    pub body_limits: BodyLimits,
}

/// The limits of request bodies, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The largest size of a file.
    pub upload: usize,
    /// The largest body of a request that needs no session.
    pub public: usize,
    /// All bodies together of requests that need no session.
    pub public_budget: usize,
    /// All bodies together of a tenant, a dealer or a system administrator.
    pub tenant_budget: usize,
    /// All bodies together of requests with a session.
    pub budget: usize,
}

impl Pbx {
    /// Returns the context of the use case behind this call.
    pub(crate) fn context<C: Acting>(&self, call: &Call<C>) -> Context {
        Context {
            changes: self.changes(call),
            ids: self.ids.clone(),
            vault: self.vault.clone(),
            passwords: self.passwords.clone(),
            sign_ins: self.sign_ins.clone(),
        }
    }

    /// Returns the store, for changes by the actor of this call.
    pub(crate) fn changes<C: Acting>(&self, call: &Call<C>) -> Changes {
        let origin = Actor {
            account: None,
            address: self.guard.address(call.peer, &call.headers).ok(),
            request_id: Some(call.request_id.as_str().to_owned()),
        };
        Changes::new(&self.store, call.caller.actor(origin))
            .on_behalf_of(call.caller.principal())
            .rehearsed(call.is_rehearsal)
    }

    /// Returns the store for the update of what `show` reads, which is what `GET` on the same path responds with. The update is refused
    /// in its transaction unless that meets the conditions of the call. Every operation with [`pbx_api::Operation::echo`] uses this or
    /// [`update_context`](Self::update_context).
    pub(crate) fn updates<C, V>(
        &self,
        call: &Call<C>,
        show: impl Fn(&mut Tx<'_>) -> Result<V, Error> + Send + Sync + 'static,
    ) -> Changes
    where
        C: Acting,
        V: Serialize,
    {
        let changes = self.changes(call);
        match call.precondition.clone() {
            None => changes,
            Some(precondition) => changes.guarded(move |tx| precondition.check(&show(tx)?).map_err(unmet)),
        }
    }

    /// [`context`](Self::context) with [`updates`](Self::updates).
    pub(crate) fn update_context<C, V>(
        &self,
        call: &Call<C>,
        show: impl Fn(&mut Tx<'_>) -> Result<V, Error> + Send + Sync + 'static,
    ) -> Context
    where
        C: Acting,
        V: Serialize,
    {
        Context {
            changes: self.updates(call, show),
            ..self.context(call)
        }
    }

    /// Returns the client of a sign-in or of another check of a password.
    pub(crate) fn client<C>(&self, call: &Call<C>) -> Result<Client, Error> {
        let address = self.guard.address(call.peer, &call.headers)?;
        self.guard.client(&self.store, address)
    }

    /// Refuses requests of web pages of other origins.
    async fn check_origin(&self, info: &RequestInfo<'_>) -> Result<(), Error> {
        let Source::Page(origin) = self.origins.source(info.peer, info.headers) else {
            return Ok(());
        };
        // The portal may be behind a proxy that is not configured as trusted.
        if let Some(host) = origin.and_then(browser::host) {
            let network: Network = documents::show(&self.store, Owner::System).await?;
            if network
                .web_domain
                .is_some_and(|domain| domain.eq_ignore_ascii_case(&host))
            {
                return Ok(());
            }
        }
        tracing::debug!(
            request_id = info.request_id.as_str(),
            ?origin,
            "a web page of another origin was refused"
        );
        let message =
            "Web pages of other origins cannot use this server: its operator can allow an origin with --cors-origin.";
        Err(Error::NotAllowed { message })
    }

    /// Returns the router of the API. Operations of resources that are not mounted respond with 501.
    pub fn into_router(self) -> Router {
        let (limits, origins) = (self.body_limits, self.origins.clone());
        let router = pbx_api::Server::new(Arc::new(self))
            .base_path(BASE_PATH)
            .upload_limit(limits.upload)
            .public_body_limit(limits.public)
            .public_body_budget(limits.public_budget)
            .group_body_budget(limits.tenant_budget)
            .body_budget(limits.budget)
            .mount(pbx_api::admin::router())
            .mount(pbx_api::audit_logs::router())
            .mount(pbx_api::auth::router())
            .mount(pbx_api::blobs::router())
            .mount(pbx_api::brand::router())
            .mount(pbx_api::dealer::router())
            .mount(pbx_api::dealers::router())
            .mount(pbx_api::files::router())
            .mount(pbx_api::holidays::router())
            .mount(pbx_api::im::router())
            .mount(pbx_api::info::router())
            .mount(pbx_api::ip_filters::router())
            .mount(pbx_api::key::router())
            .mount(pbx_api::license::router())
            .mount(pbx_api::login::router())
            .mount(pbx_api::logout::router())
            .mount(pbx_api::network::router())
            .mount(pbx_api::providers::router())
            .mount(pbx_api::sbc::router())
            .mount(pbx_api::tenant::router())
            .mount(pbx_api::tenants::router())
            .mount(pbx_api::transports::router())
            .mount(pbx_api::user::router())
            .mount(pbx_api::users::router())
            .mount(pbx_api::voicemail::router())
            .build();
        browser::with_cors(router, origins)
    }
}

/// Returns the error for a condition of an update that does not hold.
fn unmet(unmet: Unmet) -> Error {
    match unmet {
        Unmet::Changed { properties } => Error::Changed { properties },
        Unmet::Different(violations) => Error::Invalid(violations),
        Unmet::Unreadable(reason) => Error::internal(format!("a representation cannot be written as JSON: {reason}")),
    }
}

/// The operations that are allowed to a caller who must change its password first.
static ALLOWED_BEFORE_PASSWORD_CHANGE: [&Operation; 6] = [
    &pbx_api::auth::RETRIEVE_SIGNED_IN_USER,
    &pbx_api::auth::SIGN_OUT,
    &pbx_api::login::GET_LOGIN_STATUS,
    &pbx_api::login::REVOKE_OAUTH_TOKEN,
    &pbx_api::logout::LOGOUT,
    &pbx_api::user::RESET_CURRENT_USER_PASSWORD,
];

/// The caller of an operation as an actor: [`Caller`], or `()` for operations without authentication.
pub(crate) trait Acting {
    /// Returns the actor of a change through this call, from the given origin.
    fn actor(&self, origin: Actor) -> Actor;

    /// Returns the principal that the call is made for.
    fn principal(&self) -> Principal;
}

impl Acting for () {
    fn actor(&self, origin: Actor) -> Actor {
        origin
    }

    fn principal(&self) -> Principal {
        Principal::Anonymous
    }
}

impl Acting for Caller {
    fn actor(&self, origin: Actor) -> Actor {
        Actor {
            account: Some(self.into()),
            ..origin
        }
    }

    fn principal(&self) -> Principal {
        self.into()
    }
}

impl Api for Pbx {
    type Caller = Caller;
    type Error = Error;

    const REHEARSES: bool = true;

    fn problem(error: Error) -> pbx_api::Problem {
        error::problem(error)
    }

    async fn admit(&self, info: &RequestInfo<'_>) -> Result<(), Error> {
        // First, so that a page cannot use up the rate limit of its visitor.
        self.check_origin(info).await?;
        let address = self.guard.address(info.peer, info.headers)?;
        self.guard.admit(&self.store, address)
    }

    async fn authenticate(&self, token: &str, _info: &RequestInfo<'_>) -> Result<Caller, Error> {
        session::authenticate(&self.store, token).await
    }

    /// The users of a tenant share a budget. Dealers and system administrators have their own, also while they act in a tenant, so that
    /// the tenant cannot use it up.
    fn body_group(&self, caller: &Caller) -> u64 {
        let group = match Principal::from(caller) {
            Principal::Tenant(id) => id.stored(),
            _ => caller.account_id.stored(),
        };
        group.cast_unsigned()
    }

    /// Enforces roles, which no other code does. The contract has the roles that may call each operation.
    fn authorize(&self, caller: &Caller, operation: &'static Operation) -> Result<(), Error> {
        if caller.must_change_password
            && !ALLOWED_BEFORE_PASSWORD_CHANGE
                .iter()
                .any(|allowed| allowed.id == operation.id)
        {
            let message = "You have to change your password first: POST /user/password.";
            return Err(Error::NotAllowed { message });
        }
        if caller.roles().any(|role| operation.allows(role.as_str())) {
            Ok(())
        } else if operation.allows(Role::Admin.as_str()) {
            Err(caller.switch_first().unwrap_or(Error::Forbidden))
        } else {
            Err(Error::Forbidden)
        }
    }
}

#[cfg(test)]
mod tests {
    use pbx_domain::Id;

    use super::client::Proxies;
    use super::*;
    use crate::adapters::resolver::Resolver;

    #[tokio::test]
    async fn only_roles_that_the_contract_allows_are_authorized() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("pbx.db").to_str().unwrap()).unwrap();
        let (resolver, outgoing) = (Resolver::new(1, 1), OutgoingSlots::new(1, 1));
        let pbx = Pbx {
            store,
            ids: IdGenerator::default(),
            passwords: crate::testing::passwords(),
            sign_ins: crate::testing::sign_ins(),
            vault: crate::testing::vault(),
            licensing: Licensing::new(crate::testing::vault(), None),
            guard: Guard::new(Proxies::default(), 0),
            origins: Origins::default(),
            sip: Arc::new(Sip::new(None, Vec::new(), Arc::default())),
            events: Sender::new(&[], resolver.clone(), outgoing.clone()).unwrap(),
            password_resets: PasswordResets::new(Vec::new(), Mailer::new(resolver.clone())),
            mailer: Mailer::new(resolver),
            outgoing,
            blobs: BlobStore::default(),
            body_limits: BodyLimits {
                upload: 0,
                public: 0,
                public_budget: 0,
                tenant_budget: 0,
                budget: 0,
            },
        };
        let switched = |role, tenant_id| {
            let id = Id::from_stored(1);
            Caller {
                account_id: id,
                role,
                name: "alice".to_owned(),
                session_id: Id::from_stored(2),
                tenant_id,
                must_change_password: false,
            }
        };
        let caller = |role| switched(role, None);
        let system = &pbx_api::network::RETRIEVE_NETWORK_CONFIGURATIONS;
        assert!(pbx.authorize(&caller(Role::SystemAdmin), system).is_ok());
        assert!(matches!(
            pbx.authorize(&caller(Role::Dealer), system),
            Err(Error::Forbidden)
        ));
        assert!(matches!(
            pbx.authorize(&caller(Role::Admin), system),
            Err(Error::Forbidden)
        ));
        let (tenants, tenant) = (Some(Id::from_stored(2)), &pbx_api::tenant::RETRIEVE_CURRENT_TENANT);
        assert!(pbx.authorize(&caller(Role::SystemAdmin), tenant).is_err());
        assert!(pbx.authorize(&switched(Role::SystemAdmin, tenants), tenant).is_ok());
        assert!(pbx.authorize(&switched(Role::SystemAdmin, tenants), system).is_ok());
        assert!(pbx.authorize(&switched(Role::StandardUser, tenants), tenant).is_err());
        assert!(
            pbx.authorize(&caller(Role::StandardUser), &pbx_api::auth::SIGN_OUT)
                .is_ok()
        );
    }
}
