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
pub trait Document: Setting + Rules + Clone + Send + Sync + 'static {
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

/// Returns the JSON of a document that replaces a stored one, and the names of the properties that differ.
///
/// # Errors
///
/// [`SettingError`] if it does not serialize, or if the stored JSON is not an object.
pub fn replaced<T: Setting>(before: &str, document: &T) -> Result<(String, Vec<String>), SettingError> {
    let after = setting::to_json(document)?;
    carry_over(before, &after).map_err(|error| setting::unreadable::<T>(&error))
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

/// Returns `after` with the properties that only `before` has, also those of objects within, and the names of those that differ.
///
/// # Errors
///
/// If either is not an object.
pub fn carry_over(before: &str, after: &str) -> Result<(String, Vec<String>), serde_json::Error> {
    let (before, after): (Properties<'_>, Properties<'_>) =
        (serde_json::from_str(before)?, serde_json::from_str(after)?);
    let mut json = String::with_capacity(after.length());
    let mut changed = Vec::new();
    let mut write = |name: &str, value: &str| {
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push_str(&serde_json::to_string(name)?);
        json.push(':');
        json.push_str(value);
        Ok::<_, serde_json::Error>(())
    };
    for (index, (name, value)) in after.0.iter().enumerate() {
        let value = value.get();
        match before.value(name, index) {
            Some(old) if old == value => write(name, value)?,
            Some(old) if old.starts_with('{') && value.starts_with('{') => {
                let (value, differing) = carry_over(old, value)?;
                write(name, &value)?;
                changed.extend((!differing.is_empty()).then(|| (*name).to_owned()));
            }
            _ => {
                write(name, value)?;
                changed.push((*name).to_owned());
            }
        }
    }
    for (index, (name, value)) in before.0.iter().enumerate() {
        if after.value(name, index).is_none() {
            write(name, value.get())?;
        }
    }
    json.push_str(if json.is_empty() { "{}" } else { "}" });
    Ok((json, changed))
}

/// The properties of an object in their order, each as its raw JSON, which is cheap to split and to compare.
struct Properties<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Properties<'a> {
    /// Returns about the length of the JSON.
    fn length(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| name.len() + value.get().len() + 4)
            .sum::<usize>()
            + 2
    }

    /// Returns the raw JSON of a property, which is most likely at this index.
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

/// Accepts JSON, which is not normalized.
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

    use super::*;

    fn carried(before: &str, after: &str) -> (String, Vec<String>) {
        carry_over(before, after).unwrap()
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
}
