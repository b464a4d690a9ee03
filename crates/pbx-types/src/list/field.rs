//! The fields that a list can be filtered and sorted by.

use super::error::SyntaxError;

/// The type of a field, which decides how literals are parsed and which operators apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A string.
    Text,
    /// One of these strings.
    Enum(&'static [&'static str]),
    /// A range of IP addresses, as a string in the notation of CIDR.
    Network,
    /// The opaque ID of an object.
    Id,
    /// An integer.
    Integer,
    /// A boolean.
    Boolean,
    /// A timestamp.
    Time,
}

impl FieldKind {
    /// Returns `true` if the values are stored as strings.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Enum(_) | Self::Network)
    }

    /// Returns `true` if values of the two types can be compared.
    pub(super) fn is_comparable_with(self, other: Self) -> bool {
        self == other || (self.is_text() && other.is_text())
    }
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
    let found = fields.iter().find(|field| field.name == name);
    found.ok_or_else(|| SyntaxError::new(position, format!("unknown field ({})", available(fields))))
}

/// Lists the fields for an error message.
pub(super) fn available(fields: &[ListField]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    format!("there are {}", names.join(", "))
}
