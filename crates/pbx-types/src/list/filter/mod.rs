//! `filter`: the subset of OData that the vendor documents, what else OData's users write most, and the semantics of OData.
//!
//! A row matches if the expression is true. Every comparison and every function is either true or false: null equals null and
//! nothing else, and `gt`, `ge`, `lt`, `le` and the functions are false for null. So `note ne 'x'` and `not startswith(note,'x')`
//! match the rows without a note.
//!
//! A literal that cannot be of the type of its field is an error, because an empty list would mislead.

mod literal;
mod parser;

use jiff::Timestamp;

use super::field::{FieldKind, ListField};

pub use self::parser::parse;

/// The maximum length in characters. It bounds the number of comparisons as well.
const MAX_LENGTH: usize = 4_000;

/// The maximum nesting of parentheses, functions and `not`.
const MAX_DEPTH: usize = 32;

/// A condition on a row. Every literal has the type of the field that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every part holds.
    And(Vec<Filter>),
    /// At least one part holds.
    Or(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
    /// Compares a field with a value. Null differs from every value.
    Compare(Subject, Comparison, Operand),
    /// Compares a field with another of the same type. Null equals null.
    CompareFields(Subject, Comparison, Subject),
    /// The field equals one of the values, of which there is at least one.
    In(Subject, Vec<Operand>),
    /// The field has no value.
    IsNull(&'static ListField),
    /// The boolean field is true.
    IsTrue(&'static ListField),
    /// Matches the string of a field with a part of it; letter case matters.
    Match(Subject, TextMatch, String),
    /// The same for every row.
    Constant(bool),
}

/// A field, or its string in lower or upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The field.
    pub field: &'static ListField,
    /// The case that its letters are converted to, by Unicode's rules; `None` leaves them alone.
    pub case: Option<LetterCase>,
}

impl Subject {
    /// Returns the type of its values.
    pub fn kind(&self) -> FieldKind {
        match self.case {
            Some(_) => FieldKind::Text,
            None => self.field.kind,
        }
    }
}

impl From<&'static ListField> for Subject {
    fn from(field: &'static ListField) -> Self {
        Self { field, case: None }
    }
}

/// `tolower`, `toupper`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LetterCase {
    Lower,
    Upper,
}

impl LetterCase {
    /// Converts a string.
    pub fn convert(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
        }
    }
}

/// `eq ne gt ge lt le`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of OData")]
pub enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Comparison {
    /// Returns the operator of the comparison with the sides exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
        }
    }
}

/// `startswith`, `endswith`, `contains`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of OData")]
pub enum TextMatch {
    StartsWith,
    EndsWith,
    Contains,
}

/// A literal of a known type.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the types")]
pub enum Operand {
    Text(String),
    /// As sent: IDs are opaque here, so the store decides which object it names, if any.
    Id(String),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Time(Timestamp),
}

#[cfg(test)]
mod tests;
