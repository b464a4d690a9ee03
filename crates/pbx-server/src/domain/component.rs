//! The servers beside this one (SBC, IM), which sign in with a token of their own.

use super::Error;
use super::audit::{Entry, Object};
use super::document::{Document, seal_context};
use super::token::Token;
use super::vault::{Sealed, Vault};
use crate::store::settings;
use crate::store::{Changes, Store};

/// The document of a component, which has its token as well.
pub trait Component: Document {
    /// Where it is.
    fn token(&mut self) -> &mut Option<Sealed>;
}

/// The token, to be shown to an administrator who sets the component up; none until one is issued.
pub async fn token<C: Component>(store: &Store, vault: &Vault) -> Result<Option<String>, Error> {
    let mut component: C = store.read(|tx| Ok::<_, Error>(settings::load(tx)?)).await?;
    let sealed = component.token().take();
    sealed
        .map(|sealed| vault.open(&seal_context::<C>("token"), &sealed))
        .transpose()
}

/// A new token in place of the one before, which stops working.
pub async fn issue_token<C: Component>(store: &Changes, vault: &Vault) -> Result<String, Error> {
    let token = Token::generate()?.into_text();
    let sealed = vault.seal(&seal_context::<C>("token"), &token)?;
    set_token::<C>(store, Some(sealed)).await?;
    Ok(token)
}

/// No token any more, if there was one.
pub async fn destroy_token<C: Component>(store: &Changes) -> Result<(), Error> {
    set_token::<C>(store, None).await
}

async fn set_token<C: Component>(store: &Changes, token: Option<Sealed>) -> Result<(), Error> {
    store
        .write(move |tx| {
            let mut component: C = settings::load(tx)?;
            let changed = token.is_some() || component.token().is_some();
            *component.token() = token.clone();
            settings::save(tx, &component)?;
            Ok(Entry::update(Object::System, C::NAME)
                .fields(changed.then_some("token"))
                .with(()))
        })
        .await
}
