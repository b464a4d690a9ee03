//! Settings documents of the system and of tenants: read, and updated with a JSON Merge Patch.

use pbx_domain::Error;
use pbx_domain::audit::Entry;
use pbx_domain::document::{Document, DocumentPatch};
use pbx_domain::setting::Owner;
use pbx_store::{OnConstraint, Store, Tx, settings};
use serde_json::{Map, Value};

use super::context::Context;

/// Returns the document, from the cache where it is fresh.
pub async fn show<T: Document>(store: &Store, owner: Owner) -> Result<T, Error> {
    Ok(store.setting(owner).await?)
}

/// Merges the properties that were sent into the document (RFC 7396).
pub async fn update<T: Document>(context: &Context, owner: Owner, sent: Map<String, Value>) -> Result<(), Error> {
    update_with::<T>(context, owner, sent, |_, _| Ok(())).await
}

/// [`update`] with `also`, which runs in the same transaction, and may refuse the update.
pub async fn update_with<T: Document>(
    context: &Context,
    owner: Owner,
    sent: Map<String, Value>,
    also: impl Fn(&mut Tx<'_>, &T) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let patch = DocumentPatch::<T>::new(&context.vault, sent)?;
    context
        .write(move |tx| {
            let before = settings::load_json::<T>(tx, owner)?;
            let after = patch.apply(&before)?;
            if after.json != before {
                settings::save_json::<T>(tx, owner, after.json)
                    .on_constraint("foreign_key", || Error::NotFound { what: "tenant" })?;
            }
            also(tx, &after.document)?;
            let id = match owner {
                Owner::System => T::NAME.to_owned(),
                Owner::Tenant(id) => id.to_string(),
            };
            Ok(Entry::update(T::OBJECT, id).fields(after.changed).with(()))
        })
        .await
}
