//! The document's texts, as help that a terminal shows.

use crate::client::docs;
use contract::model::{Api, Schema, Type, TypeKind};

/// A text in one line, without a stop at the end.
pub fn line(text: &str) -> String {
    let line = plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').to_owned()
}

/// A text of several lines.
pub fn paragraphs(text: &str) -> String {
    plain(&docs::lines(text).join("\n"))
}

/// What a flag is for: the first line says what it is, the rest follows.
pub fn help(description: Option<&str>, schema: &Schema, api: &Api) -> String {
    // What is an object or an enum has its text there.
    let named = match &schema.ty {
        Type::Named(name) => api.types.get(name).and_then(|def| match def.kind {
            TypeKind::Object { .. } | TypeKind::Enum { .. } | TypeKind::Union { .. } => def.description.as_deref(),
        }),
        _ => None,
    };
    let description = description.or(schema.description.as_deref()).or(named);
    plain(&docs::described(description, schema, "").join("\n"))
}

/// Without Markdown's marks for code and emphasis, which a terminal does not show.
fn plain(text: &str) -> String {
    text.replace("```text", "")
        .replace(['`'], "")
        .replace("**", "")
        .trim()
        .to_owned()
}
