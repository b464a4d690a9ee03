//! Documents of members that an update merges into: the resources of which the system, or each tenant, has one, and what is
//! large enough to be changed like them.

use std::fmt::{self, Display, Write as _};
use std::marker::PhantomData;

use pbx_types::Violation;
use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Error;
use super::audit::Object;
use super::setting::{self, Setting};
use super::vault::{MASK, Sealed, Vault};

/// A document and its rules.
pub trait Document: Setting + Clone + Send + Sync + 'static {
    /// What the record of changes calls it.
    const OBJECT: Object = Object::System;

    /// Properties that are stored encrypted; in the document they are [`Sealed`].
    const SECRETS: &'static [&'static str] = &[];

    /// Normalizes the merged properties and records every violation in `check`.
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error>;
}

/// A JSON Merge Patch (RFC 7396) of a document, with its secrets sealed.
///
/// What is cleared falls back to what a fresh install has. Empty text clears as null does, because that is how the vendor's
/// server shows what is unset, and a client may send back what it was shown. So is the mask of a secret, which changes nothing.
pub struct DocumentPatch<T> {
    vault: Vault,
    sent: Sent,
    document: PhantomData<fn() -> T>,
}

/// A document after a patch.
#[derive(Debug)]
pub struct Updated<T> {
    /// The document, normalized and valid.
    pub document: T,
    /// Its JSON text.
    pub text: String,
    /// Names of the properties that changed.
    pub changed: Vec<String>,
}

impl<T: Document> DocumentPatch<T> {
    /// Seals the secrets among the properties that were sent.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if a secret cannot be sealed.
    pub fn new(vault: &Vault, mut sent: Map<String, Value>) -> Result<Self, Error> {
        seal(vault, &mut sent, T::SECRETS, seal_context::<T>)?;
        Ok(Self {
            vault: vault.clone(),
            sent: Sent::new::<T>(sent)?,
            document: PhantomData,
        })
    }

    /// Merges the patch into the stored text of the document, and nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every rule that the result violates; [`Error::Internal`] if the text is not that document.
    pub fn apply(&self, before: &str) -> Result<Updated<T>, Error> {
        let properties = Properties::parse::<T>(before)?;
        let mut document: T = self.sent.merged_into(&properties)?;
        let mut check = Check::new(&self.vault);
        document.normalize_and_validate(&mut check)?;
        check.finish()?;
        let text = setting::to_json(&document)?;
        let changed = properties.differing(&Properties::parse::<T>(&text)?);
        Ok(Updated {
            document,
            text,
            changed,
        })
    }
}

/// The members of a stored document in its order, each as its JSON text: cheap to take apart, to merge and to compare.
struct Properties<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Properties<'a> {
    fn parse<T: Setting>(text: &'a str) -> Result<Self, Error> {
        Ok(serde_json::from_str(text).map_err(|error| setting::unreadable::<T>(&error))?)
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

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Properties<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Properties(members))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// What was sent, ready to be merged into what is stored.
struct Sent {
    /// By name; `None` clears.
    members: Vec<(String, Option<Box<RawValue>>)>,
    /// Objects, which are merged deeply; most documents have none.
    objects: Map<String, Value>,
    /// What clears a member of theirs puts into its place.
    fresh: Map<String, Value>,
}

impl Sent {
    fn new<T: Setting>(sent: Map<String, Value>) -> Result<Self, Error> {
        let mut members = Vec::with_capacity(sent.len());
        let mut objects = Map::new();
        for (name, value) in sent {
            match value {
                Value::Null => members.push((name, None)),
                Value::String(text) if text.is_empty() => members.push((name, None)),
                Value::Object(_) => drop(objects.insert(name, value)),
                value => members.push((name, Some(as_text(&value)?))),
            }
        }
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let fresh = if objects.is_empty() {
            Map::new()
        } else {
            setting::properties(&T::default())?
        };
        Ok(Self {
            members,
            objects,
            fresh,
        })
    }

    /// The document that it makes with the other members of the stored one.
    fn merged_into<T: Setting>(&self, stored: &Properties<'_>) -> Result<T, Error> {
        let objects = self.merged_objects::<T>(stored)?;
        let is_sent = |name: &str| {
            let same = |(sent, _): &(String, _)| sent.as_str().cmp(name);
            self.members.binary_search_by(same).is_ok() || self.objects.contains_key(name)
        };
        let kept = stored.0.iter().copied().filter(|(name, _)| !is_sent(name));
        let set = self.members.iter();
        let set = set.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        let merged = objects.iter().map(|(name, value)| (name.as_str(), &**value));
        let document = T::deserialize(MapDeserializer::new(kept.chain(set).chain(merged)));
        Ok(document.map_err(|error| setting::unreadable::<T>(&error))?)
    }

    fn merged_objects<T: Setting>(&self, stored: &Properties<'_>) -> Result<Vec<(String, Box<RawValue>)>, Error> {
        let mut members = Map::new();
        for name in self.objects.keys() {
            if let Some(text) = stored.value(name, 0) {
                let value = serde_json::from_str(text).map_err(|error| setting::unreadable::<T>(&error))?;
                members.insert(name.clone(), value);
            }
        }
        merge(&mut members, &self.objects, &self.fresh, &[]);
        let texts = members.into_iter().map(|(name, value)| Ok((name, as_text(&value)?)));
        texts.collect()
    }
}

fn as_text(value: &Value) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|error| Error::internal(format!("a value cannot be written: {error}")))
}

/// The name under which a member's secret is sealed.
pub fn seal_context<T: Setting>(member: &str) -> String {
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
    pub fn refuse(&mut self, name: &str, rule: &'static str, message: impl Display) {
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
        let violations = self.violations.iter();
        violations
            .map(|violation| format!("{} {}", violation.pointer(), violation.rule()))
            .collect()
    }
}

/// Runs the rules of a document without a store.
#[cfg(test)]
pub(crate) fn validated<T: Document>(mut document: T, vault: &Vault) -> Result<T, Vec<String>> {
    let mut check = Check::new(vault);
    document.normalize_and_validate(&mut check).unwrap();
    let faults = check.faults();
    if faults.is_empty() { Ok(document) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
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

        fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
            check.format(&mut self.place, "place", |text| match text {
                "moon" => Err("must be on earth"),
                text => Ok(text.to_lowercase()),
            });
            Ok(())
        }
    }

    struct Fixture {
        text: String,
        vault: Vault,
    }

    impl Fixture {
        fn new() -> Self {
            Self {
                text: setting::to_json(&Lamp::default()).unwrap(),
                vault: vault(),
            }
        }

        fn send(&mut self, sent: Value) -> Result<Lamp, Error> {
            let Value::Object(sent) = sent else { panic!("{sent}") };
            let updated = DocumentPatch::<Lamp>::new(&self.vault, sent)?.apply(&self.text)?;
            self.text = updated.text;
            Ok(updated.document)
        }
    }

    #[test]
    fn absent_keeps_null_and_empty_clear_and_a_value_replaces() {
        let mut fixture = Fixture::new();
        let lamp = fixture.send(json!({"colour": "red", "place": "Hall"})).unwrap();
        assert_eq!((lamp.colour.as_str(), lamp.place.as_deref()), ("red", Some("hall")));
        let lamp = fixture.send(json!({"place": ""})).unwrap();
        assert_eq!((lamp.colour.as_str(), lamp.place.as_deref()), ("red", None));
        assert_eq!(fixture.send(json!({"colour": null})).unwrap(), Lamp::default());
    }

    #[test]
    fn the_members_of_an_update_are_those_that_differ() {
        let differing = |before, after| {
            let members = |text| Properties::parse::<Lamp>(text).unwrap();
            members(before).differing(&members(after))
        };
        let before = r#"{"a":1,"b":{"c":2},"d":3,"f":"x"}"#;
        assert_eq!(
            differing(before, r#"{"a":1,"b":{"c":4},"e":5,"f":"x"}"#),
            ["b", "e", "d"]
        );
        assert_eq!(differing(before, before), [""; 0]);
    }

    #[test]
    fn a_refused_update_changes_nothing() {
        let mut fixture = Fixture::new();
        let refused = fixture.send(json!({"colour": "red", "place": "moon"}));
        assert!(matches!(refused, Err(Error::Invalid(violations)) if violations.len() == 1));
        assert_eq!(setting::from_json::<Lamp>(&fixture.text).unwrap(), Lamp::default());
    }

    #[test]
    fn secrets_are_sealed_and_the_mask_leaves_them_alone() {
        let mut fixture = Fixture::new();
        let first = fixture.send(json!({"code": "1234"})).unwrap().code.unwrap();
        assert_eq!(fixture.vault.open("lamp.code", &first).unwrap(), "1234");
        let masked = fixture.send(json!({"code": MASK, "colour": "red"})).unwrap();
        assert_eq!((masked.code, masked.colour.as_str()), (Some(first), "red"));
        assert_eq!(fixture.send(json!({"code": null})).unwrap().code, None);
    }
}
