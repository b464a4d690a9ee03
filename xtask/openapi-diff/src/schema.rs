//! What a schema says, in one form whatever OpenAPI version and idiom it is written in.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

/// The schemas that hold at one place, all of them: one, usually, and several under `allOf`.
pub type Parts<'a> = Vec<&'a Value>;

/// The types of JSON, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(pub u8);

const NAMES: [&str; 6] = ["boolean", "integer", "number", "string", "array", "object"];
const INTEGER: u8 = 1 << 1;
const NUMBER: u8 = 1 << 2;

impl Types {
    pub const ANY: Self = Self(0b11_1111);
    const SCALARS: Self = Self(0b00_1111);
    pub const INTEGER: Self = Self(INTEGER);
    pub const TEXT: Self = Self(1 << 3);

    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().position(|n| *n == name).map(|index| Self(1 << index))
    }

    /// Every integer is a number.
    fn closed(self) -> u8 {
        if self.0 & NUMBER != 0 { self.0 | INTEGER } else { self.0 }
    }

    pub fn contains(self, other: Self) -> bool {
        other.closed() & !self.closed() == 0
    }

    pub fn is_scalar(self) -> bool {
        Self::SCALARS.contains(self)
    }

    pub fn and(self, other: Self) -> Self {
        let both = self.closed() & other.closed();
        // `number` stands for both again.
        let both = if both & NUMBER != 0 { both & !INTEGER } else { both };
        // Types that exclude each other are a fault of the document; the later word counts.
        if both == 0 { other } else { Self(both) }
    }

    pub fn describe(self) -> String {
        if self.closed() == Self::ANY.closed() {
            return "of any type".to_owned();
        }
        let names: Vec<_> = (0..NAMES.len())
            .filter(|index| self.0 & (1 << index) != 0)
            .map(|index| match NAMES[index] {
                name @ ("integer" | "array" | "object") => format!("an {name}"),
                name => format!("a {name}"),
            })
            .collect();
        names.join(" or ")
    }
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    pub value: f64,
    pub exclusive: bool,
}

/// What members that are not declared may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Unknown<'a> {
    Anything,
    Refused,
    Typed(Parts<'a>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    pub parts: Parts<'a>,
    /// The component that declares it, where that is another than the object's own.
    pub owner: Option<&'a str>,
}

/// `contains`: how many items must fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contains<'a> {
    pub schema: &'a Value,
    pub least: u64,
    pub most: Option<u64>,
}

/// `if`, with what holds then and else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition<'a> {
    pub test: &'a Value,
    pub then: Option<&'a Value>,
    pub otherwise: Option<&'a Value>,
}

#[derive(Debug)]
pub struct Schema<'a> {
    /// The component that this is, if it is one.
    pub name: Option<&'a str>,
    pub types: Types,
    pub nullable: bool,
    pub members: IndexMap<&'a str, Member<'a>>,
    pub required: Vec<&'a str>,
    pub unknown: Unknown<'a>,
    /// Members whose names match a pattern.
    pub pattern_members: BTreeMap<&'a str, Parts<'a>>,
    /// What the names of members must be.
    pub names: Parts<'a>,
    /// `dependentRequired`: a member, and one that must be there where the first is.
    pub dependents: BTreeSet<(&'a str, &'a str)>,
    /// What else must hold where a member is.
    pub dependent_schemas: BTreeMap<&'a str, Parts<'a>>,
    pub items: Option<Parts<'a>>,
    /// `prefixItems`: what the first items must be, one by one.
    pub tuple: Vec<Parts<'a>>,
    pub contains: Vec<Contains<'a>>,
    /// No value fits.
    pub never: bool,
    /// `not`
    pub excluded: Vec<&'a Value>,
    pub conditions: Vec<Condition<'a>>,
    /// Branches but null, with their index in the document.
    pub one_of: Vec<(usize, &'a Value)>,
    pub any_of: Vec<(usize, &'a Value)>,
    pub discriminator: Option<&'a Value>,
    pub values: Option<Vec<&'a Value>>,
    pub constant: Option<&'a Value>,
    pub known_values: Option<Vec<&'a Value>>,
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    /// `minLength`, ... by keyword.
    pub counts: BTreeMap<&'static str, u64>,
    pub multiple_of: Option<f64>,
    pub unique: bool,
    pub patterns: Vec<&'a str>,
    pub format: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_media_type: Option<&'a str>,
    /// What is in a text that is encoded.
    pub content: Parts<'a>,
    pub xml: Option<&'a Value>,
    pub default: Option<&'a Value>,
    pub deprecated: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub examples: BTreeMap<&'a str, &'a Value>,
    /// Keywords that are compared as they are.
    pub others: BTreeMap<&'a str, &'a Value>,
    /// Members that begin with `x-`.
    pub extensions: BTreeMap<&'a str, &'a Value>,
}

/// Counts that the larger of two decides, and those that the smaller does.
pub const LEAST: [&str; 3] = ["minLength", "minItems", "minProperties"];
pub const MOST: [&str; 3] = ["maxLength", "maxItems", "maxProperties"];

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

    /// What it is, in a few words.
    pub fn describe(&self) -> String {
        match (self.name, &self.values) {
            (Some(name), _) => format!("`{name}`"),
            (None, Some(values)) if values.len() == 1 => format!("`{}`", values[0]),
            (None, _) => self.types.describe(),
        }
    }
}

/// Which of two bounds allows less.
pub fn tightness(a: Bound, b: Bound, lower: bool) -> std::cmp::Ordering {
    let by_value = if lower {
        a.value.total_cmp(&b.value)
    } else {
        b.value.total_cmp(&a.value)
    };
    by_value.then(a.exclusive.cmp(&b.exclusive))
}
