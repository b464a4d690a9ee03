//! Documents of members that an update merges into: the resources of which the system, or each tenant, has one, and what is
//! large enough to be changed like them.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use serde_json::{Map, Value};

use super::audit::{Entry, Object};
use super::vault::{MASK, Sealed, Vault};
use super::{Error, Violation};
use crate::store::settings::{self, Setting};
use crate::store::{Changes, OnConstraint, Store, Tx};

pub use crate::store::settings::Owner;

/// A document and its rules.
pub trait Document: Setting + Send + 'static {
    /// What the record of changes calls it.
    const OBJECT: Object = Object::System;

    /// Members that are stored encrypted; in the document they are [`Sealed`].
    const SECRETS: &'static [&'static str] = &[];

    /// Brings the merged members into the form in which they are stored, and tells `check` which of them break a rule.
    fn settle(&mut self, check: &mut Check<'_>) -> Result<(), Error>;

    /// What else must be stored with it, or may refuse it, in the same transaction.
    fn saved(&self, _tx: &mut Tx<'_>, _owner: Owner) -> Result<(), Error> {
        Ok(())
    }
}

/// The document as it is.
pub async fn show<T: Document>(store: &Store, owner: Owner) -> Result<T, Error> {
    store.read(move |tx| Ok(settings::load_of(tx, owner)?)).await
}

/// Merges the members that were sent (RFC 7396) and nothing else.
///
/// What is cleared falls back to what a fresh install has. Empty text clears as null does, because that is how the vendor's
/// server shows what is unset, and a client may send back what it was shown. So is the mask of a secret, which changes nothing.
pub async fn update<T: Document>(
    store: &Changes,
    vault: &Vault,
    owner: Owner,
    mut sent: Map<String, Value>,
) -> Result<(), Error> {
    seal(vault, &mut sent, T::SECRETS, place::<T>)?;
    let vault = vault.clone();
    let fresh = settings::members_of(&T::default())?;
    store
        .write(move |tx| {
            let before = settings::members::<T>(tx, owner)?;
            let mut members = before.clone();
            merge(&mut members, &sent, &fresh, &[]);
            let mut document: T = settings::read(members)?;
            let mut check = Check::new(&vault);
            document.settle(&mut check)?;
            check.finish()?;
            let after = settings::members_of(&document)?;
            settings::save_of(tx, owner, &document)
                .on_constraint("foreign_key", || Error::NotFound { what: "tenant" })?;
            document.saved(tx, owner)?;
            let id = match owner {
                Owner::System => T::NAME.to_owned(),
                Owner::Tenant(id) => id.to_string(),
            };
            Ok(Entry::update(T::OBJECT, id).between(&before, &after).with(()))
        })
        .await
}

/// The name under which a member's secret is sealed.
pub fn place<T: Setting>(member: &str) -> String {
    format!("{}.{member}", T::NAME)
}

/// Merges what was sent into the members (RFC 7396): objects deeply, all else in place of what was there.
///
/// What is null, or empty text, falls back to what it is in a `fresh` document; not so empty text in the members that `texts`
/// names, where it is a value.
pub fn merge(members: &mut Map<String, Value>, sent: &Map<String, Value>, fresh: &Map<String, Value>, texts: &[&str]) {
    for (name, value) in sent {
        let cleared = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty() && !texts.contains(&name.as_str()),
            _ => false,
        };
        match (value, fresh.get(name)) {
            (_, None) if cleared => drop(members.remove(name)),
            (_, Some(default)) if cleared => drop(members.insert(name.clone(), default.clone())),
            (Value::Object(inner), default) => {
                let nothing = Map::new();
                let default = default.and_then(Value::as_object).unwrap_or(&nothing);
                let member = members.entry(name.as_str()).or_insert(Value::Null);
                if !member.is_object() {
                    *member = Value::Object(default.clone());
                }
                if let Value::Object(member) = member {
                    merge(member, inner, default, &[]);
                }
            }
            (value, _) => drop(members.insert(name.clone(), value.clone())),
        }
    }
}

/// Seals the secrets among what was sent, each for its place, and leaves out those that are the mask. A secret within another
/// member is named with a dot between the two.
pub fn seal(
    vault: &Vault,
    sent: &mut Map<String, Value>,
    secrets: &[&str],
    place: impl Fn(&str) -> String,
) -> Result<(), Error> {
    for &secret in secrets {
        let (outer, name) = secret.rsplit_once('.').unwrap_or(("", secret));
        let mut within = outer.split('.').filter(|name| !name.is_empty());
        let found = within.try_fold(&mut *sent, |object, name| object.get_mut(name)?.as_object_mut());
        let Some(object) = found else { continue };
        match object.get(name).and_then(Value::as_str) {
            None | Some("") => {}
            Some(MASK) => drop(object.remove(name)),
            Some(clear) => {
                let sealed = vault.seal(&place(secret), clear)?.into_stored();
                object.insert(name.to_owned(), sealed.into());
            }
        }
    }
    Ok(())
}

/// Text that must be JSON, which is kept as it was written.
pub fn json(text: &str) -> Result<String, &'static str> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("must be JSON"),
    }
}

/// Collects everything that is wrong with a document.
pub struct Check<'a> {
    vault: &'a Vault,
    /// Where the members are that are looked at: empty, or a name and a slash for each object around them.
    within: String,
    violations: Vec<Violation>,
}

impl<'a> Check<'a> {
    /// Nothing is wrong yet.
    pub fn new(vault: &'a Vault) -> Self {
        Self {
            vault,
            within: String::new(),
            violations: Vec::new(),
        }
    }

    /// Everything that is wrong, if anything is.
    pub fn finish(self) -> Result<(), Error> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.violations))
        }
    }

    /// Looks at the members of the object, or the items of the array, that is the member of that name.
    pub fn inside<R>(&mut self, name: impl Display, look: impl FnOnce(&mut Self) -> R) -> R {
        let outside = self.within.len();
        // Writing to a text cannot fail.
        let _ = write!(self.within, "{name}/");
        let seen = look(self);
        self.within.truncate(outside);
        seen
    }

    /// The member breaks that rule.
    pub fn refuse(&mut self, name: &str, rule: &'static str, message: impl Into<Cow<'static, str>>) {
        let name = format!("{}{name}", self.within);
        self.violations.push(Violation::field(&name, rule, message));
    }

    /// Replaces the text of a member by its canonical form, or says what it must be.
    pub fn format<T: ToString>(
        &mut self,
        member: &mut Option<String>,
        name: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        if let Some(text) = member {
            self.text(text, name, read);
        }
    }

    /// [`format`](Self::format) for a member that is always there.
    pub fn text<T: ToString>(
        &mut self,
        member: &mut String,
        name: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        match read(member).map(|value| value.to_string()) {
            Ok(canonical) => *member = canonical,
            Err(message) => self.refuse(name, "format", message),
        }
    }

    /// The secret that was sealed for that place in clear, to compare it with another member.
    pub fn reveal(&self, place: &str, sealed: &Sealed) -> Result<String, Error> {
        self.vault.open(place, sealed)
    }

    /// What is wrong, in short.
    #[cfg(test)]
    pub(crate) fn faults(&self) -> Vec<String> {
        let places = self.violations.iter();
        places
            .map(|violation| match &violation.place {
                super::error::Place::Body(pointer) => format!("{pointer} {}", violation.rule),
                super::error::Place::Query(name) => panic!("{name} is no member"),
            })
            .collect()
    }
}

/// Runs the rules of a document without a store.
#[cfg(test)]
pub(crate) fn settled<T: Document>(mut document: T, vault: &Vault) -> Result<T, Vec<String>> {
    let mut check = Check::new(vault);
    document.settle(&mut check).unwrap();
    let faults = check.faults();
    if faults.is_empty() { Ok(document) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::domain::audit::Actor;
    use crate::domain::vault::tests::vault;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(default)]
    struct Lamp {
        colour: String,
        place: Option<String>,
        code: Option<Sealed>,
    }

    impl Default for Lamp {
        fn default() -> Self {
            Self {
                colour: "white".to_owned(),
                place: None,
                code: None,
            }
        }
    }

    impl Setting for Lamp {
        const NAME: &'static str = "lamp";
    }

    impl Document for Lamp {
        const SECRETS: &'static [&'static str] = &["code"];

        fn settle(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
            check.format(&mut self.place, "place", |text| match text {
                "moon" => Err("must be on earth"),
                text => Ok(text.to_lowercase()),
            });
            Ok(())
        }
    }

    struct Fixture {
        store: Store,
        vault: Vault,
        _folder: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                store: Store::open(folder.path().join("pbx.db").to_str().unwrap()).unwrap(),
                vault: vault(),
                _folder: folder,
            }
        }

        async fn send(&self, sent: Value) -> Result<Lamp, Error> {
            let Value::Object(sent) = sent else { panic!("{sent}") };
            let changes = Changes::new(&self.store, Actor::system());
            update::<Lamp>(&changes, &self.vault, Owner::System, sent).await?;
            show(&self.store, Owner::System).await
        }
    }

    #[tokio::test]
    async fn absent_keeps_null_and_empty_clear_and_a_value_replaces() {
        let fixture = Fixture::new();
        let lamp = fixture.send(json!({"colour": "red", "place": "Hall"})).await.unwrap();
        assert_eq!((lamp.colour.as_str(), lamp.place.as_deref()), ("red", Some("hall")));
        let lamp = fixture.send(json!({"place": ""})).await.unwrap();
        assert_eq!((lamp.colour.as_str(), lamp.place.as_deref()), ("red", None));
        assert_eq!(fixture.send(json!({"colour": null})).await.unwrap(), Lamp::default());
    }

    #[tokio::test]
    async fn a_refused_update_changes_nothing() {
        let fixture = Fixture::new();
        let refused = fixture.send(json!({"colour": "red", "place": "moon"})).await;
        assert!(matches!(refused, Err(Error::Invalid(violations)) if violations.len() == 1));
        assert_eq!(
            show::<Lamp>(&fixture.store, Owner::System).await.unwrap(),
            Lamp::default()
        );
    }

    #[tokio::test]
    async fn secrets_are_sealed_and_the_mask_leaves_them_alone() {
        let fixture = Fixture::new();
        let first = fixture.send(json!({"code": "1234"})).await.unwrap().code.unwrap();
        assert_eq!(fixture.vault.open("lamp.code", &first).unwrap(), "1234");
        let masked = fixture.send(json!({"code": MASK, "colour": "red"})).await.unwrap();
        assert_eq!((masked.code, masked.colour.as_str()), (Some(first), "red"));
        assert_eq!(fixture.send(json!({"code": null})).await.unwrap().code, None);
    }
}
