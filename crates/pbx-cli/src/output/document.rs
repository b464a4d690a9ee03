//! JSON and YAML, whole and in pieces.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value};

use super::safe;
use crate::failure::Failure;
use crate::operation::spec::ITEMS;
use crate::options::Format;

/// JSON over several lines, in which characters that would do something to a terminal are escaped.
pub(super) fn json(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = Escaping(PrettyFormatter::new());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // A value is always JSON, and a vector takes all of it.
    if value.serialize(&mut serializer).is_err() {
        return value.to_string();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_string())
}

/// YAML. On a terminal, characters that would do something to it are replaced: unlike JSON, YAML has them as they are.
pub(super) fn yaml(value: &Value, terminal: bool) -> Result<String, Failure> {
    let text = crate::yaml::format(value).map_err(|error| Failure::local(format!("YAML: {error}")))?;
    Ok(match terminal {
        true => safe::text(&text).into_owned(),
        false => text,
    })
}

/// What a page holds besides its items, and these.
pub(super) fn split(page: Value) -> (Map<String, Value>, Vec<Value>) {
    match page {
        Value::Object(mut members) => match members.shift_remove(ITEMS) {
            Some(Value::Array(items)) => (members, items),
            Some(other) => (members, vec![other]),
            None => (members, Vec::new()),
        },
        Value::Array(items) => (Map::new(), items),
        other => (Map::new(), vec![other]),
    }
}

/// What precedes the items.
pub(super) fn opening(format: Format, around: &Map<String, Value>) -> Result<String, Failure> {
    Ok(match format {
        Format::Yaml if around.is_empty() => format!("{ITEMS}:"),
        Format::Yaml => format!("{}{ITEMS}:", yaml(&Value::Object(around.clone()), false)?),
        _ => {
            let mut text = json(&Value::Object(around.clone()));
            // Without the brace at the end, which comes after the items.
            text.truncate(text.strip_suffix('}').unwrap_or(&text).trim_end().len());
            let comma = if around.is_empty() { "" } else { "," };
            format!("{text}{comma}\n  \"{ITEMS}\": [")
        }
    })
}

/// One item, after what was written before.
pub(super) fn item(format: Format, item: &Value, first: bool, terminal: bool) -> Result<String, Failure> {
    Ok(match format {
        Format::Yaml => {
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

/// What follows the items.
pub(super) fn closing(format: Format, empty: bool) -> String {
    match (format, empty) {
        (Format::Yaml, true) => " []\n".to_owned(),
        (Format::Yaml, false) => String::new(),
        (_, true) => "]\n}\n".to_owned(),
        (_, false) => "\n  ]\n}\n".to_owned(),
    }
}

/// Escapes in texts what JSON need not, and a terminal would obey.
struct Escaping(PrettyFormatter<'static>);

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(safe::is_harmful) {
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

    fn streamed(format: Format, pages: &[Value]) -> String {
        let mut text = String::new();
        let mut first = true;
        for (index, page) in pages.iter().enumerate() {
            let (around, items) = split(page.clone());
            if index == 0 {
                text.push_str(&opening(format, &around).unwrap());
            }
            for value in items {
                text.push_str(&item(format, &value, first, false).unwrap());
                first = false;
            }
        }
        text.push_str(&closing(format, first));
        text
    }

    #[test]
    fn a_list_in_pieces_reads_like_the_whole() {
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
            let text = streamed(Format::Json, &pages);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), whole, "{text}");
            let text = streamed(Format::Yaml, &pages);
            assert_eq!(crate::yaml::parse(&text).unwrap(), whole, "{text}");
        }
    }

    #[test]
    fn json_escapes_what_a_terminal_obeys() {
        let value = json!({"a\u{9b}": "x\u{1b}[31m\u{202e}é\u{e0041}"});
        let text = json(&value);
        assert_eq!(text, "{\n  \"a\\u009b\": \"x\\u001b[31m\\u202eé\\udb40\\udc41\"\n}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn yaml_does_so_on_a_terminal() {
        let value = json!({"a": "x\u{1b}[31m\u{202e}"});
        let text = yaml(&value, true).unwrap();
        assert!(!text.contains(safe::is_harmful), "{text:?}");
        let text = yaml(&value, false).unwrap();
        assert_eq!(crate::yaml::parse(&text).unwrap(), value);
    }
}
