//! The types of opaque IDs, one for each kind of object.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::rust::literals;
use contract::model::{Api, Operation, Type};

/// The module of all IDs, which belong to no resource.
pub const MODULE: &str = "ids";

/// Returns the name of the type of an ID.
pub fn name(kind: &str) -> String {
    format!("{kind}Id")
}

/// Returns the kinds of objects that have an ID.
pub fn kinds(api: &Api) -> BTreeSet<&str> {
    let of_operations = api.operations.iter().flat_map(Operation::schemas);
    let of_types = api.types.values().flat_map(|ty| ty.kind.schemas());
    of_operations
        .chain(of_types)
        .filter_map(|schema| kind(&schema.ty))
        .collect()
}

fn kind(ty: &Type) -> Option<&str> {
    match ty {
        Type::Id(kind) => Some(kind),
        Type::Array(inner) | Type::Map(inner) => kind(&inner.ty),
        _ => None,
    }
}

/// Writes the types.
pub fn write(api: &Api) -> String {
    let mut out = String::from("\n/// The IDs of objects.\npub mod types {\n    crate::support::ids! {\n");
    for kind in kinds(api) {
        let _ = writeln!(out, "        {} = {},", name(kind), literals::string(kind));
    }
    out.push_str("    }\n}\n");
    out
}
