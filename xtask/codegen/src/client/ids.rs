//! The types of opaque IDs, one for each kind of object.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::rust::literals;
use contract::model::{Api, BodyKind, Schema, SuccessBody, Type, TypeKind};

/// The module of all IDs, which belong to no resource.
pub const MODULE: &str = "ids";

/// Returns the name of the type of an ID.
pub fn name(kind: &str) -> String {
    format!("{kind}Id")
}

/// Returns the kinds of objects that have an ID.
pub fn kinds(api: &Api) -> BTreeSet<&str> {
    let mut schemas: Vec<&Schema> = Vec::new();
    for operation in &api.operations {
        schemas.extend(operation.parameters.iter().map(|parameter| &parameter.schema));
        if let Some(BodyKind::Json(schema) | BodyKind::Form(schema)) = operation.body.as_ref().map(|body| &body.kind) {
            schemas.push(schema);
        }
        for success in &operation.successes {
            schemas.extend(success.headers.iter().map(|header| &header.schema));
            if let SuccessBody::Json(schema) = &success.body {
                schemas.push(schema);
            }
        }
    }
    for ty in api.types.values() {
        match &ty.kind {
            TypeKind::Object { properties, additional } => {
                schemas.extend(properties.iter().map(|property| &property.schema));
                schemas.extend(additional.as_deref());
            }
            TypeKind::Union { variants } => schemas.extend(variants.iter().map(|variant| &variant.schema)),
            TypeKind::Enum { .. } => {}
        }
    }
    schemas.into_iter().filter_map(|schema| kind(&schema.ty)).collect()
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
