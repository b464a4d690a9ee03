//! Licences: who may use how much of this installation, and until when, signed by whoever sells them.
//!
//! The program verifies keys with the public key that it is configured with. Without a licence there are small limits, and with
//! one that is over as well.

mod key;

use jiff::Timestamp;
use pbx_types::Violation;
use serde::{Deserialize, Serialize};

pub use self::key::{Issuer, Verifier, new_pair};
use super::alerts::{self, Cause, Event};
use super::audit::{Entry, Object};
use super::setting::Setting;
use super::vault::{MASK, Sealed, Vault};
use super::{Error, clock};
use crate::store::settings;
use crate::store::{Changes, Store, Tx, accounts};

/// Characters of a key that its mask shows.
const TAIL: usize = 4;

/// How much of the installation may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Users of all tenants.
    pub users: u32,
    /// Calls at a time.
    pub calls: u32,
}

impl Limits {
    /// Those of the vendor's release without a licence.
    pub const UNLICENSED: Self = Self { users: 10, calls: 3 };
}

/// What a key says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// Whose it is.
    pub holder: String,
    /// How to reach them.
    pub email: Option<String>,
    /// What was sold, in the seller's words.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What it allows.
    #[serde(flatten)]
    pub limits: Limits,
    /// From when on it allows nothing; never, without one.
    pub expires_at: Option<Timestamp>,
}

impl License {
    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// What is stored: the key, and nothing that it says.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    license_key: Option<Sealed>,
}

impl Setting for Stored {
    const NAME: &'static str = "license";
}

/// Where the key is, to the vault.
const PLACE: &str = "license.license_key";

/// How the installation is licensed.
#[derive(Debug, Clone)]
pub struct Licensed {
    /// The key with all but its tail hidden.
    pub masked_key: Option<String>,
    /// What it says, also when it is over.
    pub license: Option<License>,
    /// What holds now.
    pub limits: Limits,
}

/// Reads the stored licence.
#[derive(Debug, Clone)]
pub struct Licensing {
    vault: Vault,
    /// Whose licences are real, if that is known.
    verifier: Option<Verifier>,
}

impl Licensing {
    /// Of keys that are sealed in this vault and signed for this verifier.
    pub fn new(vault: Vault, verifier: Option<Verifier>) -> Self {
        Self { vault, verifier }
    }

    fn key(&self, tx: &mut Tx<'_>) -> Result<Option<String>, Error> {
        let stored: Stored = settings::load(tx)?;
        let key = stored.license_key;
        key.map(|sealed| self.vault.open(PLACE, &sealed)).transpose()
    }

    /// A key that does not verify (any more) is shown, and allows nothing.
    fn licensed(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Licensed, Error> {
        let key = self.key(tx)?;
        let license = match (&key, &self.verifier) {
            (Some(key), Some(verifier)) => verifier.verify(key).ok(),
            _ => None,
        };
        let valid = license.as_ref().filter(|license| !license.is_over(now));
        Ok(Licensed {
            masked_key: key.as_deref().map(mask),
            limits: valid.map_or(Limits::UNLICENSED, |license| license.limits),
            license,
        })
    }
}

/// How the installation is licensed now.
pub async fn current(store: &Store, licensing: &Licensing) -> Result<Licensed, Error> {
    let licensing = licensing.clone();
    store.read(move |tx| licensing.licensed(tx, clock::now())).await
}

/// Takes a key into use; one that is not good leaves the one before.
pub async fn update(store: &Changes, licensing: &Licensing, new: &str) -> Result<(), Error> {
    let new = new.trim();
    let licensing = licensing.clone();
    let reading = licensing.clone();
    let key = store.read(move |tx| reading.key(tx)).await?;
    // What was shown may be sent back.
    if key.is_some_and(|key| mask(&key) == new) {
        return Ok(());
    }
    let verifier = licensing.verifier.as_ref().ok_or(Error::Refused {
        code: "NO_LICENSE_PUBLIC_KEY",
        message: "This server cannot verify licences: start it with --license-public-key.",
    })?;
    let refused = |(rule, message)| Error::invalid(Violation::field("license_key", rule, message));
    let license = verifier.verify(new).map_err(refused)?;
    if license.is_over(clock::now()) {
        return Err(refused(("expired", "has expired")));
    }
    let stored = Stored {
        license_key: Some(licensing.vault.seal(PLACE, new)?),
    };
    store
        .write(move |tx| {
            settings::save(tx, &stored)?;
            let entry = Entry::update(Object::System, Stored::NAME).fields(["license_key"]);
            Ok::<_, Error>(entry.with(()))
        })
        .await
}

/// The code of a refusal by [`check_users`].
const LIMITED: &str = "LICENSE_LIMITED";

/// Refuses a transaction that has added users, and with them there are more in all tenants than the licence allows. Its
/// outcome goes through [`tell`].
pub fn check_users(tx: &mut Tx<'_>, licensing: &Licensing) -> Result<(), Error> {
    let allowed = licensing.licensed(tx, clock::now())?.limits.users;
    if accounts::more_users_than(tx, allowed)? {
        return Err(Error::Conflict {
            code: LIMITED,
            message: format!(
                "The licence allows {allowed} users in all tenants together: remove one, or bring a larger licence with \
                 POST /license."
            ),
        });
    }
    Ok(())
}

/// The outcome of a transaction with [`check_users`] in it. That it was refused is told to the administrators by mail: its own
/// transaction could not note that, as it was undone.
pub async fn tell<T>(store: &Store, outcome: Result<T, Error>) -> Result<T, Error> {
    if let Err(Error::Conflict { code: LIMITED, message }) = &outcome {
        let event = Event {
            subject: "users".to_owned(),
            at: clock::now(),
            detail: message.clone(),
        };
        alerts::raise(store, Cause::LicenseLimited, event).await;
    }
    outcome
}

fn mask(key: &str) -> String {
    let tail = key.len().saturating_sub(TAIL);
    format!("{MASK}{}", key.get(tail..).unwrap_or_default())
}

#[cfg(test)]
mod tests;
