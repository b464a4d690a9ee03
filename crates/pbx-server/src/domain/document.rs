//! Resources of which the system, or each tenant, has one: a flat document of members that an update merges into.

use std::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::audit::{Entry, Object};
use super::vault::{MASK, Sealed, Vault};
use super::{Error, Violation};
use crate::store::settings::{self, Setting};
use crate::store::{Changes, Store, Tx};

pub use crate::store::settings::Owner;

/// A document and its rules.
pub trait Document: Setting + Clone + Send + Sync + 'static {
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
    Ok(settings::shown(store, owner).await?)
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
    for &name in T::SECRETS {
        seal::<T>(vault, &mut sent, name)?;
    }
    let vault = vault.clone();
    let sent = Sent::new(sent)?;
    store
        .write(move |tx| {
            let before = settings::text_of::<T>(tx, owner)?;
            let members = Members::of::<T>(&before)?;
            let mut document: T = sent.merged_into(&members)?;
            let mut check = Check {
                vault: &vault,
                violations: Vec::new(),
            };
            document.settle(&mut check)?;
            if !check.violations.is_empty() {
                return Err(Error::Invalid(check.violations));
            }
            let after = settings::as_text(&document)?;
            let changed = members.differing(&Members::of::<T>(&after)?);
            if after != before {
                settings::save_text::<T>(tx, owner, after)?;
            }
            document.saved(tx, owner)?;
            let id = match owner {
                Owner::System => T::NAME.to_owned(),
                Owner::Tenant(id) => id.to_string(),
            };
            Ok(Entry::update(T::OBJECT, id).fields(changed).with(()))
        })
        .await
}

/// The members of a stored document in its order, each as its JSON text: cheap to take apart, to merge and to compare.
struct Members<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Members<'a> {
    fn of<T: Setting>(text: &'a str) -> Result<Self, Error> {
        Ok(serde_json::from_str(text).map_err(|error| settings::unreadable::<T>(&error))?)
    }

    /// The JSON text of a member, which is most likely at that place.
    fn value(&self, name: &str, place: usize) -> Option<&'a str> {
        let there = self.0.get(place).filter(|(there, _)| *there == name);
        let found = there.or_else(|| self.0.iter().find(|(other, _)| *other == name));
        found.map(|(_, value)| value.get())
    }

    /// The names of those in which the two differ.
    fn differing(&self, after: &Self) -> Vec<String> {
        let is_new =
            |(place, (name, value)): &(usize, &(&str, &RawValue))| self.value(name, *place) != Some(value.get());
        let changed = after.0.iter().enumerate().filter(is_new).map(|(_, (name, _))| *name);
        let names = self.0.iter().enumerate().map(|(place, (name, _))| (place, *name));
        let gone = names.filter(|(place, name)| after.value(name, *place).is_none());
        changed.chain(gone.map(|(_, name)| name)).map(str::to_owned).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// The members that were sent, by name; `None` clears.
struct Sent(Vec<(String, Option<Box<RawValue>>)>);

impl Sent {
    fn new(members: Map<String, Value>) -> Result<Self, Error> {
        let text = |value: Value| match value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            value => to_raw_value(&value).map(Some),
        };
        let members = members.into_iter().map(|(name, value)| Ok((name, text(value)?)));
        let members: Result<Vec<_>, serde_json::Error> = members.collect();
        let mut members =
            members.map_err(|error| Error::internal(format!("what was sent cannot be written: {error}")))?;
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self(members))
    }

    /// The document that they make with the other members of the stored one.
    fn merged_into<T: Setting>(&self, stored: &Members<'_>) -> Result<T, Error> {
        let is_sent = |name: &str| self.0.binary_search_by(|(sent, _)| sent.as_str().cmp(name)).is_ok();
        let kept = stored.0.iter().copied().filter(|(name, _)| !is_sent(name));
        let set = self
            .0
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        let merged = T::deserialize(MapDeserializer::new(kept.chain(set)));
        Ok(merged.map_err(|error| settings::unreadable::<T>(&error))?)
    }
}

/// The name under which a member's secret is sealed.
pub fn place<T: Setting>(member: &str) -> String {
    format!("{}.{member}", T::NAME)
}

fn seal<T: Document>(vault: &Vault, sent: &mut Map<String, Value>, name: &str) -> Result<(), Error> {
    match sent.get(name).and_then(Value::as_str) {
        None | Some("") => {}
        Some(MASK) => drop(sent.remove(name)),
        Some(clear) => {
            let sealed = vault.seal(&place::<T>(name), clear)?.into_stored();
            sent.insert(name.to_owned(), sealed.into());
        }
    }
    Ok(())
}

/// Collects everything that is wrong with a document.
pub struct Check<'a> {
    vault: &'a Vault,
    violations: Vec<Violation>,
}

impl Check<'_> {
    /// The member breaks that rule.
    pub fn refuse(&mut self, name: &str, rule: &'static str, message: &'static str) {
        self.violations.push(Violation::field(name, rule, message));
    }

    /// Replaces the text of a member by its canonical form, or says what it must be.
    pub fn format<T: ToString>(
        &mut self,
        member: &mut Option<String>,
        name: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        match member.as_deref().map(read) {
            None => {}
            Some(Ok(value)) => *member = Some(value.to_string()),
            Some(Err(message)) => self.refuse(name, "format", message),
        }
    }

    /// The secret of a member in clear, to compare it with another member.
    pub fn reveal<T: Document>(&self, name: &str, sealed: &Sealed) -> Result<String, Error> {
        self.vault.open(&place::<T>(name), sealed)
    }
}

/// Runs the rules of a document without a store.
#[cfg(test)]
pub(crate) fn settled<T: Document>(mut document: T, vault: &Vault) -> Result<T, Vec<String>> {
    let mut check = Check {
        vault,
        violations: Vec::new(),
    };
    document.settle(&mut check).unwrap();
    let places = check.violations.iter();
    let places: Vec<String> = places
        .map(|violation| match &violation.place {
            super::error::Place::Body(pointer) => format!("{pointer} {}", violation.rule),
            super::error::Place::Query(name) => panic!("{name} is no member"),
        })
        .collect();
    if places.is_empty() { Ok(document) } else { Err(places) }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::domain::audit::Actor;
    use crate::domain::vault::tests::vault;

    #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
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

    #[test]
    fn the_members_of_an_update_are_those_that_differ() {
        let differing = |before, after| {
            let members = |text| Members::of::<Lamp>(text).unwrap();
            members(before).differing(&members(after))
        };
        let before = r#"{"a":1,"b":{"c":2},"d":3,"f":"x"}"#;
        assert_eq!(
            differing(before, r#"{"a":1,"b":{"c":4},"e":5,"f":"x"}"#),
            ["b", "e", "d"]
        );
        assert_eq!(differing(before, before), [""; 0]);
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
