//! Writes the builder of one operation.

use std::fmt::Write as _;

use anyhow::Result;

use super::progenitor::{Builder, Field};
use super::reduce::{self, Call};
use super::types::Types;
use crate::rust::docs;
use crate::rust::literals::string as literal;
use contract::media::{FORM, JSON, OCTETS, TEXT, concrete};
use contract::model::{ArrayStyle, Body, BodyKind, Operation, Paging, Parameter, ParameterLocation, SuccessBody, Type};

/// The page size of lists that document no maximum.
pub const DEFAULT_PAGE_SIZE: i64 = 100;

/// Writes the struct, the constructor, the setters and the methods that send.
pub fn write(name: &str, builder: &Builder, operation: &Operation, call: &Call, types: &Types<'_>) -> Result<String> {
    let mut out = String::new();
    let writer = Writer {
        builder,
        operation,
        call,
    };
    writer.structure(&mut out, name);
    let _ = write!(out, "\nimpl<'a> {name}<'a> {{\n");
    writer.operation(&mut out);
    writer.constructor(&mut out);
    for field in &builder.fields {
        writer.setter(&mut out, field);
    }
    writer.send(&mut out, types)?;
    writer.request(&mut out);
    if let Some(paging) = types.api().paging(operation) {
        writer.stream(&mut out, &paging, &types.rust(paging.item, "types::")?);
    }
    out.push_str("}\n");
    Ok(out)
}

struct Writer<'a> {
    builder: &'a Builder,
    operation: &'a Operation,
    call: &'a Call,
}

impl<'a> Writer<'a> {
    /// The parameters with their Rust names.
    fn parameters(&self) -> impl Iterator<Item = (&'a Parameter, &'a String)> {
        self.operation.parameters.iter().zip(&self.call.parameters)
    }

    /// The parameter that a field is for; `None` for the body.
    fn parameter(&self, field: &Field) -> Option<&'a Parameter> {
        self.parameters()
            .find_map(|(parameter, name)| (*name == field.name).then_some(parameter))
    }

    /// Returns `true` for the field of an optional body: progenitor has none.
    fn is_optional_body(&self, field: &Field) -> bool {
        self.parameter(field).is_none() && self.operation.body.as_ref().is_some_and(|body| !body.required)
    }

    fn is_required(&self, field: &Field) -> bool {
        match self.parameter(field) {
            Some(parameter) => is_required(parameter),
            None => !self.is_optional_body(field),
        }
    }

    fn structure(&self, out: &mut String, name: &str) {
        let derived = match self.builder.is_clone {
            true => "Debug, Clone",
            false => "Debug",
        };
        let _ = write!(
            out,
            "/// The builder of a [`Client::{0}`](crate::Client::{0}) request.\n#[derive({derived})]\npub struct {name}<'a> {{\n    \
             client: &'a super::Client,\n",
            self.call.method
        );
        for field in &self.builder.fields {
            let Field { name, ty, .. } = field;
            let _ = match self.is_optional_body(field) {
                true => writeln!(out, "    {name}: Result<Option<{ty}>, String>,"),
                false => writeln!(out, "    {name}: Result<{ty}, String>,"),
            };
        }
        out.push_str("}\n");
    }

    /// Writes the constant `OPERATION`.
    fn operation(&self, out: &mut String) {
        let _ = write!(
            out,
            "    const OPERATION: support::Operation = {};\n\n",
            operation(self.operation, "    ")
        );
    }

    fn constructor(&self, out: &mut String) {
        out.push_str(
            "    pub(crate) fn new(client: &'a super::Client) -> Self {\n        Self {\n            client,\n",
        );
        for field in &self.builder.fields {
            let name = &field.name;
            let _ = match self.is_required(field) {
                true => writeln!(out, "            {name}: support::not_set({}),", literal(name)),
                false => writeln!(out, "            {name}: Ok(None),"),
            };
        }
        out.push_str("        }\n    }\n\n");
    }

    fn setter(&self, out: &mut String, field: &Field) {
        let Field { name, value, .. } = field;
        out.push_str(&docs::comments(&self.setter_docs(field), "    "));
        let some = match self.is_required(field) {
            true => "",
            false => ".map(Some)",
        };
        let _ = write!(
            out,
            "    #[must_use]\n    pub fn {name}(mut self, value: impl TryInto<{value}>) -> Self {{\n        \
             self.{name} = support::convert(value, {}, {}){some};\n        self\n    }}\n\n",
            literal(name),
            literal(value)
        );
    }

    fn setter_docs(&self, field: &Field) -> Vec<String> {
        let Some(parameter) = self.parameter(field) else {
            let body = self.operation.body.as_ref();
            let description = body.and_then(|body| body.description.as_deref());
            let mut lines = docs::lines(description.unwrap_or_default());
            if lines.is_empty() {
                lines.push("Sets the body.".to_owned());
            }
            if self.is_optional_body(field) {
                lines.extend([String::new(), "Optional.".to_owned()]);
            }
            return lines;
        };
        let description = parameter.description.as_deref();
        let mut lines = docs::described(
            description.or(parameter.schema.description.as_deref()),
            &parameter.schema,
            &format!("Sets the parameter `{}`.", parameter.name),
        );
        if is_required(parameter) {
            lines.extend([String::new(), "Required.".to_owned()]);
        }
        lines
    }

    /// Writes `send`.
    fn send(&self, out: &mut String, types: &Types<'_>) -> Result<()> {
        let (response, reader) = match self.operation.successes.first().map(|success| &success.body) {
            Some(SuccessBody::Json(schema)) => (types.rust(schema, "types::")?, "json"),
            Some(SuccessBody::Text { .. }) => ("String".to_owned(), "text"),
            Some(SuccessBody::Bytes { .. }) => ("ByteStream".to_owned(), "stream"),
            Some(SuccessBody::Empty) | None => ("()".to_owned(), "empty"),
        };
        let _ = write!(
            out,
            "    /// Sends the request and returns the response.\n    \
             pub async fn send(self) -> Result<ResponseValue<{response}>, Error> {{\n        \
             self.request().{reader}().await\n    }}\n"
        );
        Ok(())
    }

    /// Writes `request`, which `send` and `stream` have in common.
    fn request(&self, out: &mut String) {
        let segments: Vec<_> = self
            .parameters()
            .filter(|(parameter, _)| parameter.location == ParameterLocation::Path)
            .map(|(parameter, name)| {
                let function = match separator(parameter) {
                    Some(_) => "list_segment",
                    None => "segment",
                };
                format!("support::{function}({}, self.{name})", literal(&parameter.name))
            })
            .collect();
        let _ = write!(
            out,
            "\n    fn request(self) -> support::OperationRequest<'a> {{\n        \
             support::OperationRequest::new(self.client, reqwest::Method::{}, &Self::OPERATION, [{}])",
            self.operation.method.to_uppercase(),
            segments.join(", ")
        );
        for (parameter, name) in self.parameters() {
            let step = match parameter.location {
                ParameterLocation::Path => continue,
                ParameterLocation::Query => match separator(parameter) {
                    Some(separator) => format!("query_list({}, {separator:?}, self.{name})", literal(&parameter.name)),
                    None => format!("query({}, self.{name})", literal(&parameter.name)),
                },
                ParameterLocation::Header => {
                    let wire = literal(&parameter.name.to_ascii_lowercase());
                    match separator(parameter) {
                        Some(_) => format!("header_list({wire}, self.{name})"),
                        None => format!("header({wire}, self.{name}{})", some(parameter.required)),
                    }
                }
            };
            let _ = write!(out, "\n            .{step}");
        }
        if let Some(Body {
            kind,
            required,
            media_type,
            ..
        }) = &self.operation.body
        {
            let (kind, usual) = match kind {
                BodyKind::Json(_) => ("json", JSON),
                BodyKind::Form(_) => ("form", FORM),
                BodyKind::Text => ("text", TEXT),
                BodyKind::Bytes => ("bytes", OCTETS),
            };
            // A range is no type of a body.
            if concrete(media_type, usual) != usual {
                let _ = write!(out, "\n            .media_type({})", literal(media_type));
            }
            let _ = write!(
                out,
                "\n            .body_{kind}(self.{}{})",
                reduce::BODY,
                some(*required)
            );
        }
        out.push_str("\n    }\n");
    }

    /// Writes `stream` of a paginated list.
    fn stream(&self, out: &mut String, paging: &Paging<'_>, item: &str) {
        let Paging { items, count, size, .. } = paging;
        let size = size.unwrap_or(DEFAULT_PAGE_SIZE);
        let [skip, top] = [paging.skip, paging.top].map(|index| &self.call.parameters[index]);
        let count = match count {
            Some(count) => format!("Some({})", literal(count)),
            None => "None".to_owned(),
        };
        let _ = write!(
            out,
            "\n    /// Returns all items as a stream, which fetches each page when it is needed. `{skip}` sets the offset of the first item, \
             `{top}` the number of items per page (default: {size}).\n    #[cfg(feature = \"stream\")]\n    #[must_use]\n    \
             pub fn stream(mut self) -> crate::ItemStream<{item}> {{\n        \
             let pagination = support::Pagination {{ items: {}, count: {count}, size: {size} }};\n        \
             let page = (std::mem::replace(&mut self.{skip}, Ok(None)), std::mem::replace(&mut self.{top}, Ok(None)));\n        \
             self.request().pages(pagination, page)\n    }}\n",
            literal(items)
        );
    }
}

/// Returns the separator of an array in one value; `None` for other values, and arrays of which each item has its own.
pub fn separator(parameter: &Parameter) -> Option<char> {
    match (&parameter.schema.ty, parameter.style) {
        (Type::Array(_), ArrayStyle::Comma) => Some(','),
        (Type::Array(_), ArrayStyle::Space) => Some(' '),
        (Type::Array(_), ArrayStyle::Pipe) => Some('|'),
        _ => None,
    }
}

fn is_required(parameter: &Parameter) -> bool {
    parameter.required || parameter.location == ParameterLocation::Path
}

/// Returns the call that makes a required value optional.
fn some(required: bool) -> &'static str {
    match required {
        true => ".map(Some)",
        false => "",
    }
}

/// Returns the expression of the description of an operation.
pub fn operation(operation: &Operation, indent: &str) -> String {
    let statuses = operation.successes.iter().map(|success| success.status.to_string());
    format!(
        "support::Operation {{\n{indent}    id: {},\n{indent}    path: {},\n{indent}    signed_in: {},\n{indent}    successes: &[{}],\n{indent}}}",
        literal(&operation.id),
        literal(&operation.path),
        operation.signed_in,
        statuses.collect::<Vec<_>>().join(", ")
    )
}
