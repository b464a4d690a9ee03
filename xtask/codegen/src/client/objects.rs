//! Objects: read leniently, written sparsely.

use anyhow::{Result, bail};

use super::types::{Module, Types, innermost};
use crate::rust::{docs, literals, names};
use contract::model::{Property, Schema, Type, TypeDef};

/// The maximum width of a line of property names.
const WIDTH: usize = 100;

/// The Rust type of a property.
#[derive(Clone, Copy, PartialEq)]
enum Slot {
    /// `T`: required when written.
    Required,
    /// `Option<T>`, and null is written.
    Nullable,
    /// `Option<T>`: required when written, and the type is read as well.
    Wrapped,
    /// `Option<T>`.
    Optional,
    /// `Field<T>`.
    Patch,
    /// `Vec<T>` or a map of a response, empty when absent.
    Collection,
}

struct PropertyField<'a> {
    name: String,
    wire: &'a str,
    /// Without `Option` and `Field`.
    value: String,
    slot: Slot,
    schema: &'a Schema,
}

impl PropertyField<'_> {
    fn rust(&self) -> String {
        match self.slot {
            Slot::Required | Slot::Collection => self.value.clone(),
            Slot::Nullable | Slot::Wrapped | Slot::Optional => format!("Option<{}>", self.value),
            Slot::Patch => format!("crate::Field<{}>", self.value),
        }
    }

    /// `name`, or `name = "wire name"`.
    fn listed(&self) -> String {
        match self.name == self.wire {
            true => self.name.clone(),
            false => format!("{} = {}", self.name, literals::string(self.wire)),
        }
    }

    /// `name: Type`, or `name: Type = "wire name"`.
    fn typed(&self) -> String {
        match self.name == self.wire {
            true => format!("{}: {}", self.name, self.value),
            false => format!("{}: {} = {}", self.name, self.value, literals::string(self.wire)),
        }
    }
}

pub fn write(
    types: &Types<'_>,
    out: &mut Module,
    ty: &TypeDef,
    properties: &[Property],
    additional: Option<&Schema>,
) -> Result<()> {
    // A type that is not reachable is written like that of a response.
    let reads = ty.in_response || !ty.in_request;
    let fields = fields(types, ty, properties, reads)?;
    let rest = match additional {
        None => None,
        Some(schema) => {
            let taken = fields.iter().any(|field| field.name == "additional");
            let name = if taken { "additional_properties" } else { "additional" };
            if fields.iter().any(|field| field.name == name) {
                bail!(
                    "client: schema `{}`: no name is left for its additional properties",
                    ty.name
                );
            }
            Some((name, types.rust(schema, "")?))
        }
    };
    structure(types, out, ty, &fields, rest.as_ref());
    let rest = rest.map(|(field, _)| field);
    if !ty.in_request {
        out.call(&typed("response_object", ty, &fields, rest));
        return Ok(());
    }
    if reads {
        out.call(&listing("read_object", ty, &fields, rest));
    }
    out.call(&match ty.in_patch {
        true => typed("patch_object", ty, &fields, rest),
        false => create(ty, &fields, rest),
    });
    Ok(())
}

fn fields<'a>(
    types: &Types<'_>,
    ty: &TypeDef,
    properties: &'a [Property],
    reads: bool,
) -> Result<Vec<PropertyField<'a>>> {
    let seen: Vec<&Property> = properties
        .iter()
        .filter(|property| match (reads, ty.in_request) {
            (true, false) => !property.schema.write_only,
            (false, true) => !property.schema.read_only,
            _ => true,
        })
        .collect();
    let names = names::client_fields(seen.iter().map(|property| property.name.as_str()));
    seen.into_iter()
        .zip(names)
        .map(|(property, name)| {
            let schema = &property.schema;
            let value = types.part(schema)?;
            // A caller need not send properties that only the server may set.
            let required = property.required && !schema.read_only;
            let slot = match (ty.in_patch, reads, ty.in_request) {
                (true, _, _) => Slot::Patch,
                (false, true, false) if matches!(schema.ty, Type::Array(_) | Type::Map(_)) => Slot::Collection,
                (false, true, false) => Slot::Optional,
                (false, true, true) if required => Slot::Wrapped,
                (false, _, _) if !required => Slot::Optional,
                (false, _, _) if schema.nullable && schema.ty != Type::Any => Slot::Nullable,
                (false, _, _) => Slot::Required,
            };
            Ok(PropertyField {
                name,
                wire: &property.name,
                value,
                slot,
                schema,
            })
        })
        .collect()
}

fn structure(
    types: &Types<'_>,
    out: &mut Module,
    ty: &TypeDef,
    fields: &[PropertyField<'_>],
    rest: Option<&(&str, String)>,
) {
    out.code.push_str(&docs::comments(&types.docs(ty), ""));
    let default = match fields.iter().any(|field| field.slot == Slot::Required) {
        true => "",
        false => "Default, ",
    };
    out.code.push_str(&format!(
        "#[derive(Debug, Clone, {default}PartialEq)]\npub struct {} {{\n",
        ty.name
    ));
    for field in fields {
        let fallback = match innermost(&field.schema.ty) {
            Some(name) => format!("See [`{name}`]."),
            None => format!("`{}`.", field.wire),
        };
        let doc = docs::property(field.schema, &fallback, ty.in_request);
        out.code.push_str(&docs::comments(&doc, "    "));
        out.code
            .push_str(&format!("    pub {}: {},\n", field.name, field.rust()));
    }
    if let Some((field, value)) = rest {
        out.code.push_str(&format!(
            "    /// Properties that are not documented by name.\n    pub {field}: std::collections::BTreeMap<String, {value}>,\n"
        ));
    }
    out.code.push_str("}\n\n");
}

/// Returns a macro call that lists the names of the properties.
fn listing(name: &str, ty: &TypeDef, fields: &[PropertyField<'_>], rest: Option<&str>) -> String {
    let mut call = format!("crate::support::{name}! {{\n    {} {{", ty.name);
    let mut line = String::new();
    for field in fields {
        let listed = format!("{},", field.listed());
        if !line.is_empty() && line.len() + listed.len() + 9 > WIDTH {
            call.push_str(&format!("\n        {line}"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&listed);
    }
    if !line.is_empty() {
        call.push_str(&format!("\n        {line}\n    "));
    }
    call.push('}');
    finish(call, rest)
}

/// Returns a macro call that lists the names and types of the properties.
fn typed(name: &str, ty: &TypeDef, fields: &[PropertyField<'_>], rest: Option<&str>) -> String {
    let call = format!("crate::support::{name}! {{\n    {}", ty.name);
    finish(group(call, fields.iter()), rest)
}

fn create(ty: &TypeDef, fields: &[PropertyField<'_>], rest: Option<&str>) -> String {
    let of = |slot| fields.iter().filter(move |field| field.slot == slot);
    let mut call = format!("crate::support::create_object! {{\n    {}", ty.name);
    call = group(call, of(Slot::Required));
    for (word, slot) in [
        ("nullable", Slot::Nullable),
        ("wrapped", Slot::Wrapped),
        ("optional", Slot::Optional),
    ] {
        if of(slot).next().is_some() {
            call.push_str(&format!("\n    {word}"));
            call = group(call, of(slot));
        }
    }
    finish(call, rest)
}

fn group<'a, 'b: 'a>(mut call: String, fields: impl Iterator<Item = &'a PropertyField<'b>>) -> String {
    call.push_str(" {");
    let mut any = false;
    for field in fields {
        any = true;
        call.push_str(&format!("\n        {},", field.typed()));
    }
    call.push_str(if any { "\n    }" } else { "}" });
    call
}

fn finish(mut call: String, rest: Option<&str>) -> String {
    if let Some(rest) = rest {
        call.push_str(&format!("\n    rest {rest}"));
    }
    call.push_str("\n}\n");
    call
}
