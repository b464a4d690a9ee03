//! Schemas in a normalized form, independent of the OpenAPI version and the idiom that they are written in.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

/// Schemas that all apply to the same values: usually one, several under `allOf`.
pub type AllOf<'a> = Vec<&'a Value>;

/// A set of JSON types, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(pub u8);

const NAMES: [&str; 6] = ["boolean", "integer", "number", "string", "array", "object"];
const INTEGER: u8 = 1 << 1;
const NUMBER: u8 = 1 << 2;

impl Types {
    pub const ANY: Self = Self(0b11_1111);
    const SCALARS: Self = Self(0b00_1111);
    pub const INTEGER: Self = Self(INTEGER);
    pub const STRING: Self = Self(1 << 3);

    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().position(|n| *n == name).map(|index| Self(1 << index))
    }

    /// The set with `integer` added where it has `number`: every integer is a number.
    fn closure(self) -> u8 {
        if self.0 & NUMBER != 0 { self.0 | INTEGER } else { self.0 }
    }

    pub fn contains(self, other: Self) -> bool {
        other.closure() & !self.closure() == 0
    }

    pub fn is_scalar(self) -> bool {
        Self::SCALARS.contains(self)
    }

    /// The types in both sets.
    pub fn intersection(self, other: Self) -> Self {
        let both = self.closure() & other.closure();
        // `number` includes `integer` again.
        let both = if both & NUMBER != 0 { both & !INTEGER } else { both };
        // Disjoint types are an error of the document; the later one wins.
        if both == 0 { other } else { Self(both) }
    }

    pub fn describe(self) -> String {
        if self.closure() == Self::ANY.closure() {
            return "any type".to_owned();
        }
        let names: Vec<_> = (0..NAMES.len())
            .filter(|index| self.0 & (1 << index) != 0)
            .map(|index| format!("`{}`", NAMES[index]))
            .collect();
        names.join(" or ")
    }
}

/// A minimum or maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    pub value: f64,
    pub exclusive: bool,
}

/// The schema of properties that are not declared.
#[derive(Debug, Clone, PartialEq)]
pub enum AdditionalProperties<'a> {
    Any,
    Forbidden,
    Typed(AllOf<'a>),
}

/// A property of an object.
#[derive(Debug, Clone)]
pub struct Property<'a> {
    pub schemas: AllOf<'a>,
    /// The component that declares it, if it is another one than the object's own.
    pub owner: Option<&'a str>,
}

/// `contains`, with the number of items that must match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contains<'a> {
    pub schema: &'a Value,
    pub min: u64,
    pub max: Option<u64>,
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition<'a> {
    pub test: &'a Value,
    pub then: Option<&'a Value>,
    pub otherwise: Option<&'a Value>,
}

#[derive(Debug)]
pub struct Schema<'a> {
    /// The name of the component, if the schema is one.
    pub name: Option<&'a str>,
    pub types: Types,
    pub nullable: bool,
    pub properties: IndexMap<&'a str, Property<'a>>,
    pub required: Vec<&'a str>,
    pub additional: AdditionalProperties<'a>,
    /// `patternProperties`, by pattern.
    pub pattern_properties: BTreeMap<&'a str, AllOf<'a>>,
    /// `propertyNames`.
    pub property_names: AllOf<'a>,
    /// `dependentRequired`: a property, and one that is required when the first is present.
    pub dependent_required: BTreeSet<(&'a str, &'a str)>,
    /// `dependentSchemas`, by property.
    pub dependent_schemas: BTreeMap<&'a str, AllOf<'a>>,
    pub items: Option<AllOf<'a>>,
    /// `prefixItems`, one by one.
    pub prefix_items: Vec<AllOf<'a>>,
    pub contains: Vec<Contains<'a>>,
    /// `true` for the schema `false`, which accepts no value.
    pub is_false: bool,
    /// `not`.
    pub not: Vec<&'a Value>,
    pub conditions: Vec<Condition<'a>>,
    /// Branches other than null, with their index in the document.
    pub one_of: Vec<(usize, &'a Value)>,
    pub any_of: Vec<(usize, &'a Value)>,
    pub discriminator: Option<&'a Value>,
    pub enum_values: Option<Vec<&'a Value>>,
    pub const_value: Option<&'a Value>,
    /// `x-extensible-enum`.
    pub known_values: Option<Vec<&'a Value>>,
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    /// `minLength`, ... by keyword.
    pub counts: BTreeMap<&'static str, u64>,
    /// `true` if `maxLength` or `maxItems` is a limit of this server only (`x-limit: server`).
    pub is_limit_of_server: bool,
    /// Keywords that are rules of this server only (`x-text`).
    pub server_keywords: Vec<&'a str>,
    pub multiple_of: Option<f64>,
    pub unique_items: bool,
    pub patterns: Vec<&'a str>,
    pub format: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_media_type: Option<&'a str>,
    /// `contentSchema`.
    pub content_schema: AllOf<'a>,
    pub xml: Option<&'a Value>,
    pub default: Option<&'a Value>,
    /// `x-initial`.
    pub initial: Option<&'a Value>,
    pub deprecated: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub examples: BTreeMap<&'a str, &'a Value>,
    /// Unknown keywords, which are compared as they are.
    pub others: BTreeMap<&'a str, &'a Value>,
    /// Keywords that begin with `x-`.
    pub extensions: BTreeMap<&'a str, &'a Value>,
}

/// Keywords of counts of which the larger one is tighter.
pub const MINIMUM_COUNTS: [&str; 3] = ["minLength", "minItems", "minProperties"];
/// Keywords of counts of which the smaller one is tighter.
pub const MAXIMUM_COUNTS: [&str; 3] = ["maxLength", "maxItems", "maxProperties"];

impl<'a> Schema<'a> {
    /// The keyword and the branches of a union.
    pub fn union(&self) -> Option<(&'static str, &[(usize, &'a Value)])> {
        if !self.one_of.is_empty() {
            Some(("oneOf", &self.one_of))
        } else if !self.any_of.is_empty() {
            Some(("anyOf", &self.any_of))
        } else {
            None
        }
    }

    /// A short description: the component, the only enum value, or the types.
    pub fn describe(&self) -> String {
        match (self.name, &self.enum_values) {
            (Some(name), _) => format!("`{name}`"),
            (None, Some(values)) if values.len() == 1 => format!("`{}`", values[0]),
            (None, _) => self.types.describe(),
        }
    }
}

/// Orders two bounds by tightness: the greater one accepts less.
pub fn tightness(a: Bound, b: Bound, lower: bool) -> std::cmp::Ordering {
    let by_value = if lower {
        a.value.total_cmp(&b.value)
    } else {
        b.value.total_cmp(&a.value)
    };
    by_value.then(a.exclusive.cmp(&b.exclusive))
}
