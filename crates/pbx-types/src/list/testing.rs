//! The fields of a small list, for the tests of the parsers.

use super::field::{FieldKind, ListField};

pub(super) const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("note", FieldKind::Text),
    ListField::new("port", FieldKind::Integer),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("at", FieldKind::Time),
    ListField::new("color", FieldKind::Enum(&["RED", "BLUE"])),
    ListField::new("network", FieldKind::Network),
];

pub(super) fn by_name(name: &str) -> &'static ListField {
    FIELDS.iter().find(|field| field.name == name).unwrap()
}
