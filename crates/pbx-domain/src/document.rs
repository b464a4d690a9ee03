//! Documents: settings that are updated with a JSON Merge Patch (RFC 7396), each stored as one JSON object.
//!
//! A stored document has every property that was known when it was written, so that a later release with other initial values does not
//! change it. Properties that only another release knows are kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::audit::Object;
use crate::error::Error;
use crate::setting::{self, Setting, SettingError};
use crate::state::{self, Apply, Rules};
use crate::vault::Vault;

/// A document and its rules.
pub trait Document: Setting + Rules + Clone + PartialEq + Send + Sync + 'static {
    /// The kind of object in the audit log.
    const OBJECT: Object = Object::System;
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

/// Applies a patch to the stored JSON of a document.
///
/// # Errors
///
/// [`Error::Invalid`] with every rule that the result violates; [`Error::Internal`] if the JSON is not such a document.
pub fn updated<T: Document + Apply<P>, P>(vault: &Vault, before: &str, patch: P) -> Result<Updated<T>, Error> {
    let document: T = state::updated(vault, T::NAME, &setting::from_json(before)?, patch)?;
    let (json, changed) = replaced(before, &document)?;
    Ok(Updated {
        document,
        json,
        changed,
    })
}

/// Returns the JSON of a document that replaces a stored one, and the names of its properties that differ. Properties that only the
/// stored one has are kept.
///
/// # Errors
///
/// [`SettingError`] if it does not serialize, or if the stored JSON is not an object.
pub fn replaced<T: Setting>(before: &str, document: &T) -> Result<(String, Vec<String>), SettingError> {
    let after = setting::to_json(document)?;
    let known = || setting::to_json(&setting::from_json::<T>(before)?);
    carry_over(before, &known, after, setting::unreadable::<T>)
}

/// Returns the JSON of a stored document with every property that is known now: the initial value of each that it does not have, and
/// the initial document if none is stored.
///
/// # Errors
///
/// [`SettingError`] if the stored JSON is not such a document.
pub fn completed<T: Setting>(stored: Option<&str>) -> Result<String, SettingError> {
    match stored {
        None => setting::to_json(&T::default()),
        Some(stored) => Ok(replaced(stored, &setting::from_json::<T>(stored)?)?.0),
    }
}

/// Returns the names of the properties of a stored document that have a value.
///
/// # Errors
///
/// [`SettingError`] if the stored JSON is not an object.
pub fn present<T: Setting>(json: &str) -> Result<Vec<String>, SettingError> {
    let Properties(properties) = serde_json::from_str(json).map_err(|error| setting::unreadable::<T>(&error))?;
    let present = properties.into_iter().filter(|(_, value)| value.get() != "null");
    Ok(present.map(|(name, _)| name.to_owned()).collect())
}

/// Returns the context for which a secret property is sealed.
pub fn seal_context<T: Setting>(property: &str) -> String {
    format!("{}.{property}", T::NAME)
}

/// Returns `after` together with the properties that only `before` has, also in nested objects, and the names of the properties of
/// `after` that `before` does not have or has with another value. An array that only differs by what is unknown here is not one of them:
/// `known` returns `before` without that, and is called if it matters.
///
/// # Errors
///
/// If one of them is not a JSON object.
pub fn carry_over(
    before: &str,
    known: &dyn Fn() -> Result<String, SettingError>,
    after: String,
    unreadable: fn(&serde_json::Error) -> SettingError,
) -> Result<(String, Vec<String>), SettingError> {
    let parse = |error| unreadable(&error);
    let old: Properties<'_> = serde_json::from_str(before).map_err(parse)?;
    let new: Properties<'_> = serde_json::from_str(&after).map_err(parse)?;
    let (mut changed, mut kept) = (Vec::new(), Vec::new());
    for (index, (name, value)) in new.0.iter().enumerate() {
        let value = value.get();
        let differs = match old.value(name, index) {
            Some(stored) if stored == value => false,
            Some(stored) if stored.starts_with(['{', '[']) => {
                let known = known()?;
                let known: Properties<'_> = serde_json::from_str(&known).map_err(parse)?;
                match known.value(name, index) {
                    Some(known) if stored.starts_with('{') && value.starts_with('{') => {
                        let known = || Ok(known.to_owned());
                        let (json, differing) = carry_over(stored, &known, value.to_owned(), unreadable)?;
                        kept.push((index, json));
                        !differing.is_empty()
                    }
                    Some(known) if known == value => {
                        kept.push((index, carry_over_items(stored, value, unreadable)?));
                        false
                    }
                    _ => true,
                }
            }
            _ => true,
        };
        changed.extend(differs.then(|| (*name).to_owned()));
    }
    let unknown = old.0.iter().enumerate();
    let unknown = unknown.filter(|(index, (name, _))| new.value(name, *index).is_none());
    let unknown: Vec<_> = unknown.map(|(_, (name, value))| (*name, value.get())).collect();
    if kept.is_empty() && unknown.is_empty() {
        drop(new);
        return Ok((after, changed));
    }
    let kept = |index| kept.iter().find(|(at, _)| *at == index).map(|(_, json)| json.as_str());
    let properties = new.0.iter().enumerate();
    let properties = properties.map(|(index, (name, value))| (*name, kept(index).unwrap_or(value.get())));
    let mut json = String::with_capacity(before.len() + after.len());
    for (name, value) in properties.chain(unknown) {
        json.push(if json.is_empty() { '{' } else { ',' });
        // It was borrowed from JSON, so that it has nothing to escape.
        json.extend(["\"", name, "\":", value]);
    }
    json.push('}');
    Ok((json, changed))
}

/// [`carry_over`] for the items of an array that is unchanged but for what is unknown here.
fn carry_over_items(
    before: &str,
    after: &str,
    unreadable: fn(&serde_json::Error) -> SettingError,
) -> Result<String, SettingError> {
    let parse = |error| unreadable(&error);
    let old: Vec<&RawValue> = serde_json::from_str(before).map_err(parse)?;
    let new: Vec<&RawValue> = serde_json::from_str(after).map_err(parse)?;
    let items = old.iter().zip(new).map(|(old, new)| {
        let (old, new) = (old.get(), new.get().to_owned());
        if old.starts_with('{') && new.starts_with('{') {
            let known = || Ok(new.clone());
            Ok(carry_over(old, &known, new.clone(), unreadable)?.0)
        } else {
            Ok(new)
        }
    });
    let items = items.collect::<Result<Vec<_>, SettingError>>()?;
    Ok(format!("[{}]", items.join(",")))
}

/// The properties of an object in their order, each as its raw JSON, which is cheap to split and to compare. Names are borrowed, so none
/// may contain an escape sequence; names of the contract do not.
struct Properties<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Properties<'a> {
    /// Returns the raw JSON of a property. It is found fastest at this index.
    fn value(&self, name: &str, index: usize) -> Option<&'a str> {
        let at_index = self.0.get(index).filter(|(other, _)| *other == name);
        let found = at_index.or_else(|| self.0.iter().find(|(other, _)| *other == name));
        found.map(|(_, value)| value.get())
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

/// Returns the string unchanged if it is JSON: the parser for [`Check::canonicalize`](crate::check::Check::canonicalize).
///
/// # Errors
///
/// The message of the violation if the string is not JSON.
pub fn json(json: &str) -> Result<String, &'static str> {
    match serde_json::from_str::<serde::de::IgnoredAny>(json) {
        Ok(_) => Ok(json.to_owned()),
        Err(_) => Err("must be JSON"),
    }
}

/// Validates a document. Returns it normalized, or its violations.
#[cfg(test)]
pub(crate) fn validated<T: Document>(mut document: T, vault: &Vault) -> Result<T, Vec<String>> {
    let mut check = crate::check::Check::new(vault, T::NAME);
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
    use serde::Serialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::tenants::tenant::TenantSettings;

    /// Carries over, with a stored document of which everything is known but properties called `new`.
    fn carried(before: &str, after: &str) -> (String, Vec<String>) {
        let known = || {
            fn without_new(value: &mut Value) {
                match value {
                    Value::Object(properties) => {
                        properties.remove("new");
                        properties.values_mut().for_each(without_new);
                    }
                    Value::Array(items) => items.iter_mut().for_each(without_new),
                    _ => {}
                }
            }
            let mut known: Value = serde_json::from_str(before).unwrap();
            without_new(&mut known);
            Ok(known.to_string())
        };
        carry_over(before, &known, after.to_owned(), setting::unreadable::<Lamp>).unwrap()
    }

    #[test]
    fn array_that_only_differs_by_unknown_properties_of_its_items_is_kept() {
        let before = r#"{"a":[{"b":1,"new":2}],"c":{"d":[{"new":3}],"e":4}}"#;
        let (json, changed) = carried(before, r#"{"a":[{"b":1}],"c":{"d":[{}],"e":5}}"#);
        assert_eq!(json, r#"{"a":[{"b":1,"new":2}],"c":{"d":[{"new":3}],"e":5}}"#);
        assert_eq!(changed, ["c"]);
        assert_eq!(carried(before, r#"{"a":[],"c":{"d":[{}],"e":4}}"#).1, ["a"]);
    }

    #[test]
    fn properties_that_differ_are_reported_and_unknown_ones_kept() {
        let before = r#"{"a":1,"b":{"c":2,"new":[1]},"d":3,"f":"x"}"#;
        let (json, changed) = carried(before, r#"{"a":1,"b":{"c":4},"e":5,"f":"x"}"#);
        assert_eq!(json, r#"{"a":1,"b":{"c":4,"new":[1]},"e":5,"f":"x","d":3}"#);
        assert_eq!(changed, ["b", "e"]);
        let (json, changed) = carried(before, r#"{"f":"x","b":{"c":2},"a":1}"#);
        assert_eq!(
            (json.as_str(), changed),
            (r#"{"f":"x","b":{"c":2,"new":[1]},"a":1,"d":3}"#, vec![])
        );
        assert_eq!(carried("{}", "{}").0, "{}");
    }

    #[derive(Serialize, serde::Deserialize)]
    #[serde(default)]
    struct Lamp {
        color: String,
    }

    impl Default for Lamp {
        fn default() -> Self {
            Self {
                color: "white".to_owned(),
            }
        }
    }

    impl Setting for Lamp {
        const NAME: &'static str = "lamp";
    }

    #[test]
    fn completed_document_has_every_known_property() {
        assert_eq!(completed::<Lamp>(None).unwrap(), r#"{"color":"white"}"#);
        assert_eq!(
            completed::<Lamp>(Some(r#"{"size":2}"#)).unwrap(),
            r#"{"color":"white","size":2}"#
        );
        assert_eq!(
            completed::<Lamp>(Some(r#"{"color":"red"}"#)).unwrap(),
            r#"{"color":"red"}"#
        );
    }

    #[test]
    fn nested_objects_and_items_are_completed() {
        let stored =
            r#"{"office_hours":{"monday":{"enabled":false}},"outbound_caller_ids":[{"provider_id":"1","new":2}]}"#;
        let completed: Value = serde_json::from_str(&completed::<TenantSettings>(Some(stored)).unwrap()).unwrap();
        assert_eq!(
            completed["office_hours"]["monday"],
            json!({"enabled": false, "ranges": []})
        );
        assert_eq!(completed["office_hours"]["friday"]["enabled"], json!(true));
        let item = json!({"provider_id": "1", "caller_id": "", "description": null, "new": 2});
        assert_eq!(completed["outbound_caller_ids"], json!([item]));
    }
}
