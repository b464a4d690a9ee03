//! Objects: lenient where they are read, sparse where they are written.

use anyhow::{Result, bail};

use super::types::{Module, Types, innermost};
use super::{docs, names};
use contract::model::{Property, Schema, Type, TypeDef};

/// How wide a line of member names may be.
const WIDTH: usize = 100;

/// How a member is kept.
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
    /// `Vec<T>` or a map of an answer, empty when absent.
    Collection,
}

struct Member<'a> {
    field: String,
    wire: &'a str,
    /// Without `Option` and `Field`.
    value: String,
    slot: Slot,
    schema: &'a Schema,
}

impl Member<'_> {
    fn rust(&self) -> String {
        match self.slot {
            Slot::Required | Slot::Collection => self.value.clone(),
            Slot::Nullable | Slot::Wrapped | Slot::Optional => format!("Option<{}>", self.value),
            Slot::Patch => format!("crate::Field<{}>", self.value),
        }
    }

    /// `name`, or `name = "wire name"`.
    fn listed(&self) -> String {
        match self.field == self.wire {
            true => self.field.clone(),
            false => format!("{} = {}", self.field, docs::literal(self.wire)),
        }
    }

    /// `name: Type`, or `name: Type = "wire name"`.
    fn typed(&self) -> String {
        match self.field == self.wire {
            true => format!("{}: {}", self.field, self.value),
            false => format!("{}: {} = {}", self.field, self.value, docs::literal(self.wire)),
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
    // A type that nothing reaches is written like an answer's.
    let reads = ty.in_response || !ty.in_request;
    let members = members(types, ty, properties, reads)?;
    let rest = match additional {
        None => None,
        Some(schema) => {
            let taken = members.iter().any(|member| member.field == "additional");
            let field = if taken { "additional_properties" } else { "additional" };
            if members.iter().any(|member| member.field == field) {
                bail!(
                    "client: schema `{}`: no name is left for its additional properties",
                    ty.name
                );
            }
            Some((field, types.rust(schema, "")?))
        }
    };
    structure(types, out, ty, &members, rest.as_ref());
    let rest = rest.map(|(field, _)| field);
    if !ty.in_request {
        out.call(&typed("response_object", ty, &members, rest));
        return Ok(());
    }
    if reads {
        out.call(&listing("read_object", ty, &members, rest));
    }
    out.call(&match ty.in_patch {
        true => typed("patch_object", ty, &members, rest),
        false => create(ty, &members, rest),
    });
    Ok(())
}

fn members<'a>(types: &Types<'_>, ty: &TypeDef, properties: &'a [Property], reads: bool) -> Result<Vec<Member<'a>>> {
    let seen: Vec<&Property> = properties
        .iter()
        .filter(|property| match (reads, ty.in_request) {
            (true, false) => !property.schema.write_only,
            (false, true) => !property.schema.read_only,
            _ => true,
        })
        .collect();
    let fields = names::distinct(seen.iter().map(|property| names::field(&property.name)).collect());
    seen.into_iter()
        .zip(fields)
        .map(|(property, field)| {
            let schema = &property.schema;
            let value = types.value(&schema.ty, "")?;
            // Nothing requires a caller to send what only the server may set.
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
            Ok(Member {
                field,
                wire: &property.name,
                value,
                slot,
                schema,
            })
        })
        .collect()
}

fn structure(types: &Types<'_>, out: &mut Module, ty: &TypeDef, members: &[Member<'_>], rest: Option<&(&str, String)>) {
    out.code.push_str(&docs::comments(&types.docs(ty), ""));
    let default = match members.iter().any(|member| member.slot == Slot::Required) {
        true => "",
        false => "Default, ",
    };
    out.code.push_str(&format!(
        "#[derive(Debug, Clone, {default}PartialEq)]\npub struct {} {{\n",
        ty.name
    ));
    for member in members {
        let fallback = match innermost(&member.schema.ty) {
            Some(name) => format!("See [`{name}`]."),
            None => format!("`{}`.", member.wire),
        };
        let doc = docs::member(member.schema, &fallback, ty.in_request);
        out.code.push_str(&docs::comments(&doc, "    "));
        out.code
            .push_str(&format!("    pub {}: {},\n", member.field, member.rust()));
    }
    if let Some((field, value)) = rest {
        out.code.push_str(&format!(
            "    /// Members that are not documented by name.\n    pub {field}: std::collections::BTreeMap<String, {value}>,\n"
        ));
    }
    out.code.push_str("}\n\n");
}

/// A macro call that lists the members' names.
fn listing(name: &str, ty: &TypeDef, members: &[Member<'_>], rest: Option<&str>) -> String {
    let mut call = format!("crate::support::{name}! {{\n    {} {{", ty.name);
    let mut line = String::new();
    for member in members {
        let listed = format!("{},", member.listed());
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

/// A macro call that lists the members' names and types.
fn typed(name: &str, ty: &TypeDef, members: &[Member<'_>], rest: Option<&str>) -> String {
    let call = format!("crate::support::{name}! {{\n    {}", ty.name);
    finish(group(call, members.iter()), rest)
}

fn create(ty: &TypeDef, members: &[Member<'_>], rest: Option<&str>) -> String {
    let of = |slot| members.iter().filter(move |member| member.slot == slot);
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

fn group<'a, 'b: 'a>(mut call: String, members: impl Iterator<Item = &'a Member<'b>>) -> String {
    call.push_str(" {");
    let mut any = false;
    for member in members {
        any = true;
        call.push_str(&format!("\n        {},", member.typed()));
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
