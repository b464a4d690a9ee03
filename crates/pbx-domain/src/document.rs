//! Documents: settings that are updated with a JSON Merge Patch (RFC 7396), whose secrets are stored sealed.

use std::fmt::{self, Display, Write as _};
use std::marker::PhantomData;

use pbx_types::Violation;
use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::audit::Object;
use crate::error::Error;
use crate::setting;
use crate::setting::Setting;
use crate::vault::{MASK, Sealed, Vault};

/// A document and its rules.
pub trait Document: Setting + Clone + Send + Sync + 'static {
    /// The kind of object in the audit log.
    const OBJECT: Object = Object::System;

    /// Properties that are stored encrypted; in the document they are [`Sealed`].
    const SECRETS: &'static [&'static str] = &[];

    /// Normalizes the merged properties and records every violation in `check`.
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error>;
}

/// A JSON Merge Patch (RFC 7396) of a document, with its secrets sealed.
///
/// A cleared property gets its default. The empty string clears like null: the vendor's server shows unset properties so, and a
/// client may send back what it was shown. For the same reason the mask of a secret changes nothing.
pub struct DocumentPatch<T> {
    vault: Vault,
    patch: PatchProperties,
    document: PhantomData<fn() -> T>,
}

/// A document after a patch.
#[derive(Debug)]
pub struct Updated<T> {
    /// The document, normalized and valid.
    pub document: T,
    /// Its JSON.
    pub json: String,
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
            patch: PatchProperties::new::<T>(sent)?,
            document: PhantomData,
        })
    }

    /// Applies the patch to the stored JSON of a document.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every rule that the result violates; [`Error::Internal`] if the JSON is not such a document.
    pub fn apply(&self, before: &str) -> Result<Updated<T>, Error> {
        let properties = Properties::parse::<T>(before)?;
        let mut document: T = self.patch.apply_to(&properties)?;
        let mut check = Check::new(&self.vault);
        document.normalize_and_validate(&mut check)?;
        check.finish()?;
        let json = setting::to_json(&document)?;
        let changed = properties.changed(&Properties::parse::<T>(&json)?);
        Ok(Updated {
            document,
            json,
            changed,
        })
    }
}

/// The properties of a stored document in their order, each as its raw JSON, which is cheap to split, to merge and to compare.
struct Properties<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Properties<'a> {
    fn parse<T: Setting>(json: &'a str) -> Result<Self, Error> {
        Ok(serde_json::from_str(json).map_err(|error| setting::unreadable::<T>(&error))?)
    }

    /// Returns the raw JSON of a property, which is most likely at this index.
    fn value(&self, name: &str, index: usize) -> Option<&'a str> {
        let at_index = self.0.get(index).filter(|(other, _)| *other == name);
        let found = at_index.or_else(|| self.0.iter().find(|(other, _)| *other == name));
        found.map(|(_, value)| value.get())
    }

    /// Returns the names of the properties that were added, changed or removed.
    fn changed(&self, after: &Self) -> Vec<String> {
        let is_changed =
            |(index, (name, value)): &(usize, &(&str, &RawValue))| self.value(name, *index) != Some(value.get());
        let changed = after
            .0
            .iter()
            .enumerate()
            .filter(is_changed)
            .map(|(_, (name, _))| *name);
        let names = self.0.iter().enumerate().map(|(index, (name, _))| (index, *name));
        let removed = names.filter(|(index, name)| after.value(name, *index).is_none());
        changed
            .chain(removed.map(|(_, name)| name))
            .map(str::to_owned)
            .collect()
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
                let mut properties = Vec::new();
                while let Some(property) = map.next_entry()? {
                    properties.push(property);
                }
                Ok(Properties(properties))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// The properties of a patch, prepared for merging.
struct PatchProperties {
    /// The properties other than objects, sorted by name; `None` clears.
    values: Vec<(String, Option<Box<RawValue>>)>,
    /// Objects, which are merged deeply; most documents have none.
    objects: Map<String, Value>,
    /// The defaults of all properties, if there are objects: a cleared property of an object gets its default.
    defaults: Map<String, Value>,
}

impl PatchProperties {
    fn new<T: Setting>(sent: Map<String, Value>) -> Result<Self, Error> {
        let mut values = Vec::with_capacity(sent.len());
        let mut objects = Map::new();
        for (name, value) in sent {
            match value {
                Value::Null => values.push((name, None)),
                Value::String(string) if string.is_empty() => values.push((name, None)),
                Value::Object(_) => drop(objects.insert(name, value)),
                value => values.push((name, Some(to_raw(&value)?))),
            }
        }
        values.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let defaults = if objects.is_empty() {
            Map::new()
        } else {
            setting::properties(&T::default())?
        };
        Ok(Self {
            values,
            objects,
            defaults,
        })
    }

    /// Returns the stored document with these properties applied.
    fn apply_to<T: Setting>(&self, stored: &Properties<'_>) -> Result<T, Error> {
        let objects = self.merged_objects::<T>(stored)?;
        let is_sent = |name: &str| {
            let same = |(sent, _): &(String, _)| sent.as_str().cmp(name);
            self.values.binary_search_by(same).is_ok() || self.objects.contains_key(name)
        };
        let unchanged = stored.0.iter().copied().filter(|(name, _)| !is_sent(name));
        let set = self.values.iter();
        let set = set.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        let merged = objects.iter().map(|(name, value)| (name.as_str(), &**value));
        let document = T::deserialize(MapDeserializer::new(unchanged.chain(set).chain(merged)));
        Ok(document.map_err(|error| setting::unreadable::<T>(&error))?)
    }

    fn merged_objects<T: Setting>(&self, stored: &Properties<'_>) -> Result<Vec<(String, Box<RawValue>)>, Error> {
        let mut properties = Map::new();
        for name in self.objects.keys() {
            if let Some(json) = stored.value(name, 0) {
                let value = serde_json::from_str(json).map_err(|error| setting::unreadable::<T>(&error))?;
                properties.insert(name.clone(), value);
            }
        }
        merge(&mut properties, &self.objects, &self.defaults, &[]);
        let properties = properties.into_iter();
        properties.map(|(name, value)| Ok((name, to_raw(&value)?))).collect()
    }
}

fn to_raw(value: &Value) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|error| Error::internal(format!("a value cannot be serialized: {error}")))
}

/// Returns the context for which a secret property is sealed.
pub fn seal_context<T: Setting>(property: &str) -> String {
    format!("{}.{property}", T::NAME)
}

/// Merges a patch into the properties of an object (RFC 7396): objects are merged, other values replaced.
///
/// A property that is null or the empty string in the patch gets the value that it has in `defaults`, or is removed. In the properties
/// that `empty_is_value` names, the empty string is a value.
pub fn merge(
    properties: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    defaults: &Map<String, Value>,
    empty_is_value: &[&str],
) {
    for (name, value) in patch {
        let cleared = match value {
            Value::Null => true,
            Value::String(string) => string.is_empty() && !empty_is_value.contains(&name.as_str()),
            _ => false,
        };
        match (value, defaults.get(name)) {
            (_, None) if cleared => drop(properties.remove(name)),
            (_, Some(default)) if cleared => drop(properties.insert(name.clone(), default.clone())),
            (Value::Object(inner), default) => {
                let empty = Map::new();
                let default = default.and_then(Value::as_object).unwrap_or(&empty);
                let property = properties.entry(name.as_str()).or_insert(Value::Null);
                if !property.is_object() {
                    *property = Value::Object(default.clone());
                }
                if let Value::Object(property) = property {
                    merge(property, inner, default, &[]);
                }
            }
            (value, _) => drop(properties.insert(name.clone(), value.clone())),
        }
    }
}

/// Seals the secrets among the properties that were sent, each for its context, and removes those that are the mask. `secrets` has the
/// names of secret properties; a dot separates the name of an object from that of its property.
pub fn seal(
    vault: &Vault,
    sent: &mut Map<String, Value>,
    secrets: &[&str],
    context: impl Fn(&str) -> String,
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
                let sealed = vault.seal(&context(secret), clear)?.into_stored();
                object.insert(name.to_owned(), sealed.into());
            }
        }
    }
    Ok(())
}

/// Accepts JSON, which is not normalized.
pub fn json(json: &str) -> Result<String, &'static str> {
    match serde_json::from_str::<serde::de::IgnoredAny>(json) {
        Ok(_) => Ok(json.to_owned()),
        Err(_) => Err("must be JSON"),
    }
}

/// Collects the violations of a document's rules.
pub struct Check<'a> {
    vault: &'a Vault,
    /// The path of the object whose properties are being checked: a name and a slash for each level.
    path: String,
    violations: Vec<Violation>,
}

impl<'a> Check<'a> {
    /// Creates a check without violations.
    pub fn new(vault: &'a Vault) -> Self {
        Self {
            vault,
            path: String::new(),
            violations: Vec::new(),
        }
    }

    /// Returns the violations, if there are any.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with all of them.
    pub fn finish(self) -> Result<(), Error> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.violations))
        }
    }

    /// Checks the properties of an object, or the items of an array, which is the property with this name.
    pub fn inside<R>(&mut self, name: impl Display, check: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "{name}/");
        let result = check(self);
        self.path.truncate(length);
        result
    }

    /// Records that a property violates a rule.
    pub fn record(&mut self, name: &str, rule: &'static str, message: impl Display) {
        let name = format!("{}{name}", self.path);
        self.violations.push(Violation::field(&name, rule, message));
    }

    /// [`canonicalize`](Self::canonicalize) for an optional property.
    pub fn canonicalize_optional<T: ToString>(
        &mut self,
        property: &mut Option<String>,
        name: &str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        if let Some(string) = property {
            self.canonicalize(string, name, parse);
        }
    }

    /// Replaces a property by its canonical form, or records that it violates the rule `format`.
    pub fn canonicalize<T: ToString>(
        &mut self,
        property: &mut String,
        name: &str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        match parse(property).map(|value| value.to_string()) {
            Ok(canonical) => *property = canonical,
            Err(message) => self.record(name, "format", message),
        }
    }

    /// Decrypts a secret that was sealed for this context, to validate it together with other properties.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<String, Error> {
        self.vault.open(context, sealed)
    }

    /// Returns each violation as its pointer and its rule.
    #[cfg(test)]
    pub(crate) fn summarize(&self) -> Vec<String> {
        let violations = self.violations.iter();
        violations
            .map(|violation| format!("{} {}", violation.pointer(), violation.rule()))
            .collect()
    }
}

/// Validates a document. Returns it normalized, or its violations.
#[cfg(test)]
pub(crate) fn validated<T: Document>(mut document: T, vault: &Vault) -> Result<T, Vec<String>> {
    let mut check = Check::new(vault);
    document.normalize_and_validate(&mut check).unwrap();
    let violations = check.summarize();
    if violations.is_empty() {
        Ok(document)
    } else {
        Err(violations)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::vault::tests::vault;

    #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
    #[serde(default)]
    struct Lamp {
        color: String,
        place: Option<String>,
        code: Option<Sealed>,
    }

    impl Default for Lamp {
        fn default() -> Self {
            Self {
                color: "white".to_owned(),
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
            check.canonicalize_optional(&mut self.place, "place", |text| match text {
                "moon" => Err("must be on earth"),
                text => Ok(text.to_lowercase()),
            });
            Ok(())
        }
    }

    struct Fixture {
        json: String,
        vault: Vault,
    }

    impl Fixture {
        fn new() -> Self {
            Self {
                json: setting::to_json(&Lamp::default()).unwrap(),
                vault: vault(),
            }
        }

        fn send(&mut self, sent: Value) -> Result<Lamp, Error> {
            let Value::Object(sent) = sent else { panic!("{sent}") };
            let updated = DocumentPatch::<Lamp>::new(&self.vault, sent)?.apply(&self.json)?;
            self.json = updated.json;
            Ok(updated.document)
        }
    }

    #[test]
    fn absent_properties_stay_null_and_empty_ones_clear_and_values_replace() {
        let mut fixture = Fixture::new();
        let lamp = fixture.send(json!({"color": "red", "place": "Hall"})).unwrap();
        assert_eq!((lamp.color.as_str(), lamp.place.as_deref()), ("red", Some("hall")));
        let lamp = fixture.send(json!({"place": ""})).unwrap();
        assert_eq!((lamp.color.as_str(), lamp.place.as_deref()), ("red", None));
        assert_eq!(fixture.send(json!({"color": null})).unwrap(), Lamp::default());
    }

    #[test]
    fn added_changed_and_removed_properties_are_reported() {
        let changed = |before, after| {
            let properties = |json| Properties::parse::<Lamp>(json).unwrap();
            properties(before).changed(&properties(after))
        };
        let before = r#"{"a":1,"b":{"c":2},"d":3,"f":"x"}"#;
        assert_eq!(changed(before, r#"{"a":1,"b":{"c":4},"e":5,"f":"x"}"#), ["b", "e", "d"]);
        assert_eq!(changed(before, before), [""; 0]);
    }

    #[test]
    fn a_refused_update_changes_nothing() {
        let mut fixture = Fixture::new();
        let refused = fixture.send(json!({"color": "red", "place": "moon"}));
        assert!(matches!(refused, Err(Error::Invalid(violations)) if violations.len() == 1));
        assert_eq!(setting::from_json::<Lamp>(&fixture.json).unwrap(), Lamp::default());
    }

    #[test]
    fn secrets_are_sealed_and_the_mask_leaves_them_unchanged() {
        let mut fixture = Fixture::new();
        let first = fixture.send(json!({"code": "1234"})).unwrap().code.unwrap();
        assert_eq!(fixture.vault.open("lamp.code", &first).unwrap(), "1234");
        let masked = fixture.send(json!({"code": MASK, "color": "red"})).unwrap();
        assert_eq!((masked.code, masked.color.as_str()), (Some(first), "red"));
        assert_eq!(fixture.send(json!({"code": null})).unwrap().code, None);
    }
}
