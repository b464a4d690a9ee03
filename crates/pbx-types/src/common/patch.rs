//! Bodies of updates: JSON Merge Patch (RFC 7396), with its three states of a property.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A property of a merge patch: absent, `null` or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// Not sent: the property keeps its value.
    #[default]
    Absent,
    /// Sent as `null`: the property is cleared.
    Null,
    /// Sent with a value: the property is set.
    Value(T),
}

impl<T> Field<T> {
    /// Returns `true` if the property was not sent.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns `true` if the property was sent as `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Borrows the value.
    pub const fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(value),
        }
    }

    /// Returns the value, if one was sent.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns `None` if the property was not sent, `Some(None)` if it is cleared and `Some(Some(value))` if it is set.
    pub const fn set(&self) -> Option<Option<&T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// Returns the same as [`set`](Self::set), by value.
    pub fn into_set(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// Applies the change to a property.
    pub fn update(self, target: &mut Option<T>) {
        if let Some(new) = self.into_set() {
            *target = new;
        }
    }

    /// Applies the change to a property that always has a value: `null` sets it to its initial value.
    pub fn update_or(self, target: &mut T, initial: impl FnOnce() -> T) {
        if let Some(new) = self.into_set() {
            *target = new.unwrap_or_else(initial);
        }
    }

    /// Converts the value, if one was sent.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(convert(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An absent property never gets here: `#[serde(default)]` on the field makes it `Absent`.
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

/// The body of an update: a JSON Merge Patch (RFC 7396) in two equivalent forms.
///
/// It dereferences to `T`, whose fields are [`Field`]s: the typed form, for rules. [`merge`](Self::merge) is the patch as it was
/// sent, for a store that keeps JSON.
#[derive(Clone)]
pub struct Patch<T> {
    fields: T,
    merge: Map<String, Value>,
}

impl<T> Patch<T> {
    /// Creates a patch from its two forms, which must be equivalent.
    pub const fn new(fields: T, merge: Map<String, Value>) -> Self {
        Self { fields, merge }
    }

    /// Applies the patch: objects are merged recursively, arrays replaced, properties that are `null` removed.
    pub fn apply(&self, target: &mut Value) {
        merge_into(target, &self.merge);
    }

    /// Returns the patch as it was sent.
    pub const fn merge(&self) -> &Map<String, Value> {
        &self.merge
    }

    /// Returns `true` if the patch has no properties.
    pub fn is_empty(&self) -> bool {
        self.merge.is_empty()
    }

    /// Returns the typed form.
    pub fn into_fields(self) -> T {
        self.fields
    }
}

impl<T> Deref for Patch<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.fields
    }
}

// The raw form is left out because it may hold passwords, which the typed form hides.
impl<T: fmt::Debug> fmt::Debug for Patch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Patch").field(&self.fields).finish()
    }
}

/// RFC 7396, section 2, for a patch that is an object.
fn merge_into(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(properties) = target else {
        return;
    };
    for (name, change) in patch {
        match change {
            Value::Null => {
                properties.remove(name);
            }
            Value::Object(inner) => {
                merge_into(properties.entry(name.as_str()).or_insert(Value::Null), inner);
            }
            other => {
                properties.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Update {
        #[serde(default)]
        name: Field<String>,
        #[serde(default)]
        port: Field<u16>,
        #[serde(default)]
        note: Field<String>,
    }

    #[test]
    fn absent_null_and_value_are_distinguished() {
        let update: Update = serde_json::from_value(json!({"port": 5060, "note": null})).unwrap();
        assert_eq!(
            update,
            Update {
                name: Field::Absent,
                port: Field::Value(5060),
                note: Field::Null
            }
        );
        assert_eq!(update.name.set(), None);
        assert_eq!(update.port.set(), Some(Some(&5060)));
        assert_eq!(update.note.set(), Some(None));
        let mut note = Some("old".to_owned());
        update.name.update(&mut note);
        assert_eq!(note.as_deref(), Some("old"));
        update.note.update(&mut note);
        assert_eq!(note, None);
    }

    #[test]
    fn null_sets_the_initial_value_of_a_required_property() {
        let mut port = 5061;
        Field::Absent.update_or(&mut port, || 5060);
        assert_eq!(port, 5061);
        Field::Value(5062).update_or(&mut port, || 5060);
        assert_eq!(port, 5062);
        Field::Null.update_or(&mut port, || 5060);
        assert_eq!(port, 5060);
    }

    #[test]
    fn map_converts_values_only() {
        let double = |port: u16| u32::from(port) * 2;
        assert_eq!(Field::Absent.map(double), Field::Absent);
        assert_eq!(Field::Null.map(double), Field::Null);
        assert_eq!(Field::Value(5060).map(double), Field::Value(10_120_u32));
    }

    #[test]
    fn patch_returns_its_fields() {
        let fields = Update {
            name: Field::Absent,
            port: Field::Value(5060),
            note: Field::Null,
        };
        let patch = Patch::new(fields, Map::new());
        assert_eq!(patch.into_fields().port, Field::Value(5060));
    }

    /// The examples of RFC 7396, appendix A, whose patch is an object.
    #[test]
    fn apply_follows_rfc_7396() {
        let table = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (mut target, patch, expected) in table {
            let Value::Object(merge) = patch else { unreachable!() };
            Patch::new((), merge).apply(&mut target);
            assert_eq!(target, expected);
        }
    }
}
