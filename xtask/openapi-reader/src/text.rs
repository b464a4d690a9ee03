//! Text to trees, and the versions of OpenAPI that are read.

use spanned_json::{Kind as Form, Language, Location, Node, parse};

use crate::diagnostic::Diagnostics;

/// A version of OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V3_0,
    V3_1,
}

/// The text of a file, without a byte order mark.
pub(crate) fn text_of<'c>(file: &str, content: &'c [u8]) -> Result<&'c str, Diagnostics> {
    let text = std::str::from_utf8(content)
        .map_err(|_| Diagnostics::new(Some(&Location::new(file, 1)), "is not UTF-8; save it as UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The language of a file: by its extension, else by its first character.
pub(crate) fn language_of(file: &str, text: &str) -> Language {
    match file.rsplit_once('.') {
        Some((_, "yaml" | "yml")) => Language::Yaml,
        Some((_, "json")) => Language::Json,
        _ if text.trim_start().starts_with('{') => Language::Json,
        _ => Language::Yaml,
    }
}

/// Parses a file in JSON or YAML.
pub fn parse_file(file: &str, content: &[u8]) -> Result<Node, Diagnostics> {
    let text = text_of(file, content)?;
    Ok(parse(language_of(file, text), &Location::new(file, 1), text)?)
}

/// The version of a document.
///
/// # Errors
///
/// Another version, or none.
pub(crate) fn version_of(root: &Node) -> Result<Version, Diagnostics> {
    const READ: &str = "OpenAPI 3.0 and 3.1 are read";
    let error = |node: &Node, message: String| Err(Diagnostics::new(Some(&node.location), message));
    if let Some(version) = root.get("openapi") {
        // YAML reads `openapi: 3.1` as a number.
        let text = match &version.kind {
            Form::Scalar(serde_json::Value::String(text)) => text.clone(),
            Form::Scalar(scalar) => scalar.to_string(),
            _ => return error(version, format!("`openapi` must be a string such as '3.1.0'; {READ}")),
        };
        let is = |minor: &str| {
            text == minor
                || text
                    .strip_prefix(minor)
                    .is_some_and(|rest| rest.starts_with(['.', '-']))
        };
        return match () {
            () if is("3.0") => Ok(Version::V3_0),
            () if is("3.1") => Ok(Version::V3_1),
            () => error(
                version,
                format!("OpenAPI version {text} is not supported: {READ}; convert the document first"),
            ),
        };
    }
    match root.get("swagger") {
        Some(swagger) => error(
            swagger,
            format!("Swagger 2.0 is not supported: {READ}; convert the document first"),
        ),
        None => error(root, "it has no `openapi`, so it is not an OpenAPI document".to_owned()),
    }
}
