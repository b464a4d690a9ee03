//! Ends the session of a profile.

use crate::api::client;
use crate::failure::Failure;
use crate::options::connection::ConnectionOptions;
use crate::profile::config::Profile;
use crate::profile::directory::ConfigDirectory;
use crate::profile::session_store::SessionStore;
use crate::prompt;

/// Ends the session of a profile on its server and removes it from its store.
///
/// Returns the error of the server, if there is one: the session is removed all the same.
///
/// # Errors
///
/// Fails if the store cannot be read or written.
pub async fn end_session(
    directory: &ConfigDirectory,
    name: &str,
    profile: &Profile,
    connection: &ConnectionOptions,
) -> Result<Option<Failure>, Failure> {
    let store = SessionStore::new(directory, name, profile.session);
    // Excludes a refresh by another command.
    let _lock = store.lock_refresh()?;
    let outcome = match store.read()? {
        Some(session) => sign_out(profile, connection, session).await,
        None => Ok(()),
    };
    store.remove()?;
    Ok(outcome.err())
}

async fn sign_out(
    profile: &Profile,
    connection: &ConnectionOptions,
    session: pbx_client::Session,
) -> Result<(), Failure> {
    let client = client::builder(&profile.url, connection)?.session(session).build()?;
    Ok(client.session().sign_out().await?)
}

/// Warns that a session stays valid on its server.
pub fn warn_session_remains(url: &str, error: &Failure) {
    prompt::warn(&format!(
        "could not sign out of {url}, where the session stays valid until it expires: {error}"
    ));
}
