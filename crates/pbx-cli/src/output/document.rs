//! Formats JSON and YAML documents, whole or item by item.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value};

use super::sanitize;
use crate::failure::Failure;
use crate::operation::spec::ITEMS;
use crate::options::global::OutputFormat;
use crate::yaml;

/// Formats indented JSON in which characters that are unsafe for a terminal are escaped.
pub(super) fn json(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = EscapingFormatter(PrettyFormatter::new());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Serializing a value into a vector does not fail.
    if value.serialize(&mut serializer).is_err() {
        return value.to_string();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_string())
}

/// Formats YAML. For a terminal, characters that are unsafe for it are replaced: not all of them are escaped in YAML.
pub(super) fn yaml(value: &Value, terminal: bool) -> Result<String, Failure> {
    let text = yaml::format(value).map_err(|error| Failure::local(format!("YAML: {error}")))?;
    Ok(match terminal {
        true => sanitize::text(&text).into_owned(),
        false => text,
    })
}

/// Formats the start of a list: the other properties of its first page, and the name of the items.
pub(super) fn list_start(format: OutputFormat, properties: &Map<String, Value>) -> Result<String, Failure> {
    Ok(match format {
        OutputFormat::Yaml if properties.is_empty() => format!("{ITEMS}:"),
        OutputFormat::Yaml => format!("{}{ITEMS}:", yaml(&Value::Object(properties.clone()), false)?),
        _ => {
            let mut text = json(&Value::Object(properties.clone()));
            // The closing brace follows the items.
            text.truncate(text.strip_suffix('}').unwrap_or(&text).trim_end().len());
            let comma = if properties.is_empty() { "" } else { "," };
            format!("{text}{comma}\n  \"{ITEMS}\": [")
        }
    })
}

/// Formats an item of a list.
pub(super) fn list_item(format: OutputFormat, item: &Value, first: bool, terminal: bool) -> Result<String, Failure> {
    Ok(match format {
        OutputFormat::Yaml => {
            let text = yaml(&Value::Array(vec![item.clone()]), terminal)?;
            match first {
                true => format!("\n{text}"),
                false => text,
            }
        }
        _ => {
            let text = json(item).replace('\n', "\n    ");
            let comma = if first { "" } else { "," };
            format!("{comma}\n    {text}")
        }
    })
}

/// Formats the end of a list.
pub(super) fn list_end(format: OutputFormat, is_empty: bool) -> String {
    match (format, is_empty) {
        (OutputFormat::Yaml, true) => " []\n".to_owned(),
        (OutputFormat::Yaml, false) => String::new(),
        (_, true) => "]\n}\n".to_owned(),
        (_, false) => "\n  ]\n}\n".to_owned(),
    }
}

/// Escapes characters in strings that are unsafe for a terminal, although JSON allows them.
struct EscapingFormatter(PrettyFormatter<'static>);

impl Formatter for EscapingFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(sanitize::is_unsafe) {
            let (plain, from) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = from.chars();
            for unit in characters
                .next()
                .into_iter()
                .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
            {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::page;

    fn streamed(format: OutputFormat, pages: &[Value]) -> String {
        let mut text = String::new();
        let mut first = true;
        for (index, page) in pages.iter().enumerate() {
            let (properties, items) = page::split(page.clone());
            if index == 0 {
                text.push_str(&list_start(format, &properties).unwrap());
            }
            for value in items {
                text.push_str(&list_item(format, &value, first, false).unwrap());
                first = false;
            }
        }
        text.push_str(&list_end(format, first));
        text
    }

    #[test]
    fn list_in_pages_is_the_same_document() {
        let one =
            json!({"count": 3, "more": {"a": [1]}, "items": [{"id": "1", "list": [1, 2]}, {"id": "2", "empty": {}}]});
        let two = json!({"count": 3, "items": [{"id": "3\n"}]});
        let mut whole = one.clone();
        whole["items"].as_array_mut().unwrap().push(json!({"id": "3\n"}));
        for pages in [
            vec![one, two],
            vec![json!({"count": 0, "items": []})],
            vec![json!({"items": [1]})],
        ] {
            let whole = if pages.len() == 2 {
                whole.clone()
            } else {
                pages[0].clone()
            };
            let text = streamed(OutputFormat::Json, &pages);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), whole, "{text}");
            let text = streamed(OutputFormat::Yaml, &pages);
            assert_eq!(crate::yaml::parse(&text).unwrap(), whole, "{text}");
        }
    }

    #[test]
    fn json_escapes_unsafe_characters() {
        let value = json!({"a\u{9b}": "x\u{1b}[31m\u{202e}é\u{e0041}"});
        let text = json(&value);
        assert_eq!(text, "{\n  \"a\\u009b\": \"x\\u001b[31m\\u202eé\\udb40\\udc41\"\n}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn yaml_replaces_unsafe_characters_on_a_terminal() {
        let value = json!({"a": "x\u{1b}[31m\u{202e}"});
        let text = yaml(&value, true).unwrap();
        assert!(!text.contains(sanitize::is_unsafe), "{text:?}");
        let text = yaml(&value, false).unwrap();
        assert_eq!(crate::yaml::parse(&text).unwrap(), value);
    }
}
