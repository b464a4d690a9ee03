//! The contract's descriptions as help texts for a terminal.

use crate::rust::docs;
use contract::model::{Api, Schema, Type, TypeKind};

/// Returns a description on one line, without a period at its end.
pub fn line(text: &str) -> String {
    let line = plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').to_owned()
}

/// Returns a name in snake case as a sentence: `reset_user_password` as `Reset user password`.
pub fn sentence(name: &str) -> String {
    let words = name.trim_matches('_').replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

/// Returns a description with its lines and paragraphs.
pub fn paragraphs(text: &str) -> String {
    plain(&docs::lines(text).join("\n"))
}

/// Returns the help of a flag: a first line for the short help, then everything else.
pub fn help(description: Option<&str>, schema: &Schema, api: &Api) -> String {
    // Objects, enums and unions have their description at their definition.
    let named = match &schema.ty {
        Type::Named(name) => api.types.get(name).and_then(|def| match def.kind {
            TypeKind::Object { .. } | TypeKind::Enum { .. } | TypeKind::Union { .. } => def.description.as_deref(),
        }),
        _ => None,
    };
    let description = description.or(schema.description.as_deref()).or(named);
    plain(&docs::described(description, schema, "").join("\n"))
}

/// Removes Markdown's markup of code and emphasis.
fn plain(text: &str) -> String {
    text.replace("```text", "")
        .replace(['`'], "")
        .replace("**", "")
        .trim()
        .to_owned()
}
