//! The tokens of components.

use pbx_domain::Error;
use pbx_domain::audit::{Entry, Object};
use pbx_domain::component::{Component, ComponentToken};
use pbx_domain::document::seal_context;
use pbx_domain::setting::Owner;
use pbx_domain::token::Token;
use pbx_domain::vault::{Sealed, Vault};
use pbx_store::{Store, settings};

use super::context::Context;

/// Returns the token, to be shown to an administrator who sets the component up; `None` until one is issued.
pub async fn token<C: Component>(store: &Store, vault: &Vault) -> Result<Option<String>, Error> {
    let document = store
        .read(|tx| Ok::<_, Error>(settings::load_json::<C>(tx, Owner::System)?))
        .await?;
    let sealed = ComponentToken::from_json::<C>(&document)?.token;
    sealed
        .map(|sealed| vault.open(&seal_context::<C>("token"), &sealed))
        .transpose()
}

/// Issues a token and revokes the one before.
pub async fn issue_token<C: Component>(context: &Context) -> Result<String, Error> {
    let token = Token::generate()?.into_string();
    let sealed = context.vault.seal(&seal_context::<C>("token"), &token)?;
    set_token::<C>(context, Some(sealed)).await?;
    Ok(token)
}

/// Revokes the token, if there is one.
pub async fn delete_token<C: Component>(context: &Context) -> Result<(), Error> {
    set_token::<C>(context, None).await
}

async fn set_token<C: Component>(context: &Context, token: Option<Sealed>) -> Result<(), Error> {
    context
        .write(move |tx| {
            let document = settings::load_json::<C>(tx, Owner::System)?;
            let token = ComponentToken { token: token.clone() };
            let (json, changed) = token.into_json::<C>(&document)?;
            settings::save_json::<C>(tx, Owner::System, json)?;
            Ok(Entry::update(Object::System, C::NAME)
                .fields(changed.then_some("token"))
                .with(()))
        })
        .await
}
