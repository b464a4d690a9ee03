//! Settings documents of the system and of tenants: read, updated with a JSON Merge Patch, and completed after an upgrade.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use pbx_domain::admin::notification::Notification;
use pbx_domain::admin::settings::AdminSettings;
use pbx_domain::audit::Entry;
use pbx_domain::brand::Brand;
use pbx_domain::custom_headers::CustomHeaders;
use pbx_domain::document::{self, Document};
use pbx_domain::im::ImServer;
use pbx_domain::kind::Tenant;
use pbx_domain::network::Network;
use pbx_domain::password_policy::PasswordPolicy;
use pbx_domain::sbc::Sbc;
use pbx_domain::setting::{self, Owner, Setting};
use pbx_domain::state::Apply;
use pbx_domain::tenants::tenant::TenantSettings;
use pbx_domain::voicemail::VoicemailServer;
use pbx_domain::{Error, Id};
use pbx_store::settings::Completed;
use pbx_store::{OnConstraint, Store, StoreError, Tx, settings};
use ring::digest;
use serde::{Deserialize, Serialize};

use super::context::Context;

/// Returns the document, from the cache where it is fresh.
///
/// # Errors
///
/// [`Error::Internal`] if the stored document cannot be read.
pub async fn show<T: Document>(store: &Store, owner: Owner) -> Result<T, Error> {
    Ok(store.setting(owner).await?)
}

/// Returns the stored document, in a transaction that changes it.
///
/// # Errors
///
/// [`Error::Internal`] if the stored document cannot be read.
pub fn stored<T: Document>(tx: &mut Tx<'_>, owner: Owner) -> Result<T, Error> {
    Ok(setting::from_json(&settings::load_json::<T>(tx, owner)?)?)
}

/// Applies a JSON Merge Patch (RFC 7396) to the document.
///
/// # Errors
///
/// [`Error::Invalid`] with every rule that the result violates; [`Error::NotFound`] if the tenant does not exist.
pub async fn update<T, P>(context: &Context, owner: Owner, patch: P) -> Result<(), Error>
where
    T: Document + Apply<P>,
    P: Clone + Send + 'static,
{
    update_with::<T, P>(context, owner, patch, |_, _, _| Ok(())).await
}

/// [`update`] with `also`, which runs in the same transaction, and may refuse the update. It gets the JSON of the document before, and
/// the document after.
///
/// # Errors
///
/// Those of [`update`], and those of `also`.
pub async fn update_with<T, P>(
    context: &Context,
    owner: Owner,
    patch: P,
    also: impl Fn(&mut Tx<'_>, &str, &T) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error>
where
    T: Document + Apply<P>,
    P: Clone + Send + 'static,
{
    let vault = context.vault.clone();
    context
        .write(move |tx| {
            let before = settings::load_json::<T>(tx, owner)?;
            let after = document::updated::<T, P>(&vault, &before, patch.clone())?;
            if after.json != before {
                settings::save_json::<T>(tx, owner, after.json)
                    .on_constraint("foreign_key", Id::<Tenant>::not_found)?;
            }
            also(tx, &before, &after.document)?;
            let entry = match owner {
                Owner::System => Entry::update(T::OBJECT, T::NAME),
                Owner::Tenant(id) => Entry::update(T::OBJECT, id).of_tenant(id),
            };
            Ok(entry.fields(after.changed).with(()))
        })
        .await
}

/// Stores the initial documents of a new tenant.
pub fn create_for_tenant(tx: &mut Tx<'_>, id: Id<Tenant>) -> Result<(), StoreError> {
    let owner = Owner::Tenant(id);
    settings::save_for(tx, owner, &PasswordPolicy::default())?;
    settings::save_for(tx, owner, &CustomHeaders::default())?;
    settings::save_for(tx, owner, &VoicemailServer::default())
}

/// The initial values that the stored documents have been completed with, as a digest.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct InitialValues {
    digest: String,
}

impl Setting for InitialValues {
    const NAME: &'static str = "initial_values";
}

/// Completes some documents, those of tenants after the given one. Returns the last tenant, if there are more.
type CompleteSome = fn(&mut Tx<'_>, Option<Id<Tenant>>) -> Result<Completed, StoreError>;

/// Completes the documents of one type; see [`complete`].
struct Completion {
    initial: fn() -> Result<String, setting::SettingError>,
    complete_some: CompleteSome,
}

impl Completion {
    const fn system<T: Setting>() -> Self {
        Self {
            initial: || setting::to_json(&T::default()),
            complete_some: |tx, _| settings::complete::<T>(tx),
        }
    }

    const fn tenants<T: Setting>() -> Self {
        Self {
            initial: || setting::to_json(&T::default()),
            complete_some: settings::complete_for_tenants::<T>,
        }
    }
}

/// Every document whose initial values are the contract's.
const DOCUMENTS: [Completion; 10] = [
    Completion::system::<AdminSettings>(),
    Completion::system::<Notification>(),
    Completion::system::<Brand>(),
    Completion::system::<ImServer>(),
    Completion::system::<Network>(),
    Completion::system::<Sbc>(),
    Completion::tenants::<TenantSettings>(),
    Completion::tenants::<CustomHeaders>(),
    Completion::tenants::<PasswordPolicy>(),
    Completion::tenants::<VoicemailServer>(),
];

/// Stores every document with all properties that this release knows, once for each set of initial values: a later release with other
/// initial values then leaves them as they are, and only fresh installs and new tenants differ. A document that cannot be read is logged
/// and stays as it is.
///
/// # Errors
///
/// Those of the store.
pub async fn complete(store: &Store) -> Result<(), Error> {
    let mut context = digest::Context::new(&digest::SHA256);
    for document in &DOCUMENTS {
        context.update((document.initial)()?.as_bytes());
    }
    let present = InitialValues {
        digest: BASE64.encode(context.finish()),
    };
    let completed = store.read(|tx| Ok::<InitialValues, Error>(settings::load(tx)?));
    if completed.await? == present {
        return Ok(());
    }
    let mut readable = true;
    for document in &DOCUMENTS {
        let (complete_some, mut last) = (document.complete_some, None);
        loop {
            let completed = store.write_unaudited(move |tx| Ok::<_, Error>(complete_some(tx, last)?));
            let completed = completed.await?;
            readable &= completed.readable;
            last = completed.last;
            if last.is_none() {
                break;
            }
        }
    }
    if !readable {
        // Another release may have written them. The next start tries again.
        return Ok(());
    }
    let digest = present.digest;
    store
        .write_unaudited(move |tx| {
            let completed = InitialValues { digest: digest.clone() };
            Ok(settings::save(tx, &completed)?)
        })
        .await
}
