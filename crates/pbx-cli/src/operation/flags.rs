//! The flags of an operation: one for each value that a request can contain.

use std::collections::HashSet;

use super::spec::{ArrayStyle, BodyContent, Field, Object, OperationSpec, ParameterLocation, ValueType};

/// A flag and the value of the request that it sets.
#[derive(Debug)]
pub(super) struct Flag {
    /// Name without dashes, also the ID of the argument. Properties of inner objects follow a dot: `cdr-event.url`.
    pub(super) name: String,
    /// Destination of the value in the request.
    pub(super) target: Target,
    /// The parameter or property.
    pub(super) field: &'static Field,
    /// Type of the value. An object only where its properties have no flags of their own.
    pub(super) value_type: ValueType,
}

/// Destination of a value in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A parameter, and the form of an array.
    Parameter(ParameterLocation, ArrayStyle),
    /// A property of the body, by the names of the objects that contain it and its own.
    Body(Vec<&'static str>),
}

impl Flag {
    /// Returns `true` if the server refuses requests without the value.
    ///
    /// Never for properties of inner objects: they are required only if the object is present, which the server checks.
    pub(super) fn is_required(&self) -> bool {
        match &self.target {
            Target::Parameter(..) => self.field.required,
            Target::Body(path) => self.field.required && path.len() == 1,
        }
    }
}

/// Returns the flags of an operation: parameters, required properties, other properties, properties of inner objects.
pub(super) fn flags(spec: &OperationSpec, reserved: &[&str]) -> Vec<Flag> {
    let mut flags = Vec::new();
    for parameter in spec.parameters {
        flags.push(Flag {
            name: parameter.field.flag.to_owned(),
            target: Target::Parameter(parameter.location, parameter.style),
            field: &parameter.field,
            value_type: parameter.field.value_type,
        });
    }
    let object = match spec.body.as_ref().map(|body| &body.content) {
        Some(BodyContent::Json(ValueType::Object(object)) | BodyContent::Form(object)) => Some(*object),
        _ => None,
    };
    let mut properties = Vec::new();
    if let Some(object) = object {
        visit(object, &mut |property| {
            if !property.has_inner_flags {
                properties.push(Flag {
                    name: property.flag,
                    target: Target::Body(property.path),
                    field: property.field,
                    value_type: property.field.value_type,
                });
            }
        });
    }
    properties.sort_by_key(|flag: &Flag| (is_inner(flag), !flag.is_required()));
    flags.extend(properties);
    rename_duplicates(&mut flags, reserved);
    flags
}

/// Returns the properties that an update can clear: the value of `--clear`, and the path in the body.
pub(super) fn clearable(spec: &OperationSpec) -> Vec<(String, Vec<&'static str>)> {
    let mut clearable = Vec::new();
    if let Some(body) = spec.body.as_ref().filter(|body| body.merge_patch)
        && let BodyContent::Json(ValueType::Object(object)) = body.content
    {
        visit(object, &mut |property| {
            if property.field.nullable {
                clearable.push((property.flag, property.path));
            }
        });
    }
    clearable
}

/// The properties of objects within this many others have no flags.
const MAX_DEPTH: usize = 4;

/// A property of a body, at any depth.
struct Property {
    flag: String,
    path: Vec<&'static str>,
    field: &'static Field,
    /// An object whose properties are visited as well.
    has_inner_flags: bool,
}

/// Visits the properties of a body that requests can contain, each object before its properties.
fn visit(object: &'static Object, visitor: &mut impl FnMut(Property)) {
    visit_below(object, &[], "", &mut vec![object.name], visitor);
}

fn visit_below(
    object: &'static Object,
    path: &[&'static str],
    prefix: &str,
    ancestors: &mut Vec<&'static str>,
    visitor: &mut impl FnMut(Property),
) {
    for field in object.properties.iter().filter(|field| !field.read_only) {
        let path = [path, &[field.name]].concat();
        let flag = format!("{prefix}{}", field.flag);
        // A recursive schema would never end, and deep ones have thousands of flags: the inner object is passed as JSON.
        let inner = match field.value_type {
            ValueType::Object(inner) if path.len() < MAX_DEPTH && !ancestors.contains(&inner.name) => Some(inner),
            _ => None,
        };
        visitor(Property {
            flag: flag.clone(),
            path: path.clone(),
            field,
            has_inner_flags: inner.is_some(),
        });
        if let Some(inner) = inner {
            ancestors.push(inner.name);
            visit_below(inner, &path, &format!("{flag}."), ancestors, visitor);
            ancestors.pop();
        }
    }
}

fn is_inner(flag: &Flag) -> bool {
    matches!(&flag.target, Target::Body(path) if path.len() > 1)
}

/// Prefixes names that are taken with the location of the value: `body.url`.
fn rename_duplicates(flags: &mut [Flag], reserved: &[&str]) {
    let mut taken: HashSet<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
    for flag in flags {
        if !taken.insert(flag.name.clone()) {
            let location = match flag.target {
                Target::Parameter(ParameterLocation::Path, _) => "path",
                Target::Parameter(ParameterLocation::Query, _) => "query",
                Target::Parameter(ParameterLocation::Header, _) => "header",
                Target::Body(_) => "body",
            };
            let name = format!("{location}.{}", flag.name);
            flag.name.clone_from(&name);
            let mut number = 2;
            while !taken.insert(flag.name.clone()) {
                flag.name = format!("{name}{number}");
                number += 1;
            }
        }
    }
}
