//! The fields that a list can be filtered and sorted by.

use super::error::SyntaxError;

/// The type of a field, which decides how literals are parsed and which operators apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A string; enums too.
    Text,
    /// The opaque ID of an object.
    Id,
    /// An integer.
    Integer,
    /// A boolean.
    Boolean,
    /// A timestamp.
    Time,
}

/// A field that a list can be filtered and sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListField {
    /// The name in the API.
    pub name: &'static str,
    /// The type.
    pub kind: FieldKind,
}

impl ListField {
    /// Creates a field of that name and type.
    pub const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind }
    }
}

/// Returns the fields of a list, and one more at the end.
pub const fn with_field<const COUNT: usize>(fields: &[ListField], last: ListField) -> [ListField; COUNT] {
    let mut all = [last; COUNT];
    let mut index = 0;
    while index < fields.len() {
        all[index] = fields[index];
        index += 1;
    }
    all
}

/// Returns the field of that name, which was sent at that position.
pub(super) fn find_field(
    fields: &'static [ListField],
    name: &str,
    position: usize,
) -> Result<&'static ListField, SyntaxError> {
    fields.iter().find(|field| field.name == name).ok_or_else(|| {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        SyntaxError::new(position, format!("unknown field (there are {})", names.join(", ")))
    })
}
