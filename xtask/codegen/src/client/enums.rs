//! Enums that keep undocumented values.

use anyhow::Result;

use super::types::{Module, Types};
use crate::rust::{docs, literals, names};
use contract::model::{TypeDef, Variant};

/// Writes an enum of strings.
pub fn write_enum(types: &Types<'_>, out: &mut Module, ty: &TypeDef, values: &[String]) {
    let name = &ty.name;
    let variants = names::variants(values);
    let other = other(&variants);
    out.code.push_str(&docs::comments(&types.docs(ty), ""));
    out.code.push_str(&format!(
        "#[derive(Debug, Clone, PartialEq, Eq, Hash)]\npub enum {name} {{\n"
    ));
    for (variant, value) in variants.iter().zip(values) {
        let doc = vec![docs::code(value)];
        out.code.push_str(&docs::comments(&doc, "    "));
        out.code.push_str(&format!("    {variant},\n"));
    }
    out.code
        .push_str("    /// An undocumented value, as the server sent it.\n");
    out.code.push_str(&format!("    {other}(String),\n}}\n\n"));

    let mut call = format!("crate::support::open_enum! {{\n    {name} {{\n");
    for (variant, value) in variants.iter().zip(values) {
        call.push_str(&format!("        {variant} = {},\n", literals::string(value)));
    }
    call.push_str(&format!("    }} else {other}\n}}\n"));
    out.call(&call);
}

/// Writes a union.
pub fn write_union(types: &Types<'_>, out: &mut Module, ty: &TypeDef, variants: &[Variant]) -> Result<()> {
    let name = &ty.name;
    let variant_names: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
    let other = other(&variant_names);
    let rust: Vec<String> = variants
        .iter()
        .map(|variant| types.part(&variant.schema))
        .collect::<Result<_>>()?;
    out.code.push_str(&docs::comments(&types.docs(ty), ""));
    out.code
        .push_str(&format!("#[derive(Debug, Clone, PartialEq)]\npub enum {name} {{\n"));
    for ((variant, value), source) in variant_names.iter().zip(&rust).zip(variants) {
        let doc = docs::property(
            &source.schema,
            &format!("A `{}`.", value.replace("crate::", "")),
            ty.in_request,
        );
        out.code.push_str(&docs::comments(&doc, "    "));
        out.code.push_str(&format!("    {variant}({value}),\n"));
    }
    out.code.push_str("    /// JSON that matches none of the variants.\n");
    out.code.push_str(&format!("    {other}(crate::Raw),\n}}\n\n"));
    // A conversion would be ambiguous if two variants had the same type.
    for (variant, value) in variant_names.iter().zip(&rust) {
        if rust.iter().filter(|other| *other == value).count() == 1 {
            out.code.push_str(&format!(
                "impl From<{value}> for {name} {{
    fn from(value: {value}) -> Self {{
        Self::{variant}(value)
    }}
}}

"
            ));
        }
    }
    let word = match (ty.in_request, ty.in_response) {
        (true, false) => "request_union",
        (true, true) => "shared_union",
        (false, _) => "union",
    };
    let mut call = format!("crate::support::{word}! {{\n    {name} {{\n");
    for (variant, value) in variant_names.iter().zip(&rust) {
        call.push_str(&format!("        {variant}: {value},\n"));
    }
    call.push_str(&format!("    }} else {other}\n}}\n"));
    out.call(&call);
    Ok(())
}

/// Returns the variant for everything that is not documented.
fn other(variants: &[String]) -> String {
    match ["Unknown", "Unrecognized"]
        .iter()
        .find(|name| !variants.iter().any(|variant| variant == *name))
    {
        Some(free) => (*free).to_owned(),
        None => variants
            .iter()
            .map(String::as_str)
            .collect::<names::Scope>()
            .unique("NotDocumented"),
    }
}
