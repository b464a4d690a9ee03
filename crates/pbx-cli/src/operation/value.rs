//! Values as they are written on a command line, and the JSON that they mean.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use serde_json::{Map, Number, Value};

use super::spec::{Kind, Member};

/// Reads one value of a flag. A secret is not read here: its text says where it is (see `crate::secret`).
pub(super) fn parse(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("it is neither `true` nor `false`".to_owned()),
        },
        Kind::Integer => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| "it is no whole number".to_owned()),
        Kind::Number => number(text).ok_or_else(|| "it is no number".to_owned()),
        Kind::Text | Kind::Secret => Ok(Value::from(text)),
        Kind::Time => match text.parse::<jiff::Timestamp>() {
            Ok(_) => Ok(Value::from(text)),
            Err(_) => Err("it is no time such as 2030-12-31T23:59:59Z or 2030-12-31T23:59:59+01:00".to_owned()),
        },
        Kind::Enum(known) => Ok(Value::from(spelt(known, text))),
        Kind::List(items) => list(*items, text),
        Kind::Map(values) => map(text, |_| Ok(*values)),
        Kind::Object(object) => map(text, |name| member(object.members, name)),
        // Whatever is not JSON is text: one of the types may be.
        Kind::Any => Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))),
    }
}

/// The known spelling of a value; one that is not known goes to the server as it is.
fn spelt(known: &[&str], text: &str) -> String {
    let same = |value: &&&str| value.eq_ignore_ascii_case(text) || value.replace('_', "-").eq_ignore_ascii_case(text);
    known
        .iter()
        .find(same)
        .map_or_else(|| text.to_owned(), |value| (*value).to_owned())
}

fn number(text: &str) -> Option<Value> {
    if let Ok(number) = serde_json::from_str::<Number>(text) {
        return Some(Value::Number(number));
    }
    let number: f64 = text.parse().ok()?;
    Number::from_f64(number).map(Value::Number)
}

/// An item, or several as a JSON array. The answer is always an array.
fn list(items: Kind, text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[')
        && let Ok(Value::Array(all)) = serde_json::from_str(text)
    {
        return Ok(Value::Array(all));
    }
    Ok(Value::Array(vec![parse(items, text)?]))
}

/// `name=value,name=value`, or a JSON object.
fn map(text: &str, kind_of: impl Fn(&str) -> Result<Kind, String>) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Value::Object(members)),
            Ok(_) => Err("it is no JSON object".to_owned()),
            Err(error) => Err(format!("it is no JSON: {error}")),
        };
    }
    let mut members = Map::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("`{part}` is not of the form NAME=VALUE"))?;
        let name = name.trim();
        let value = parse(kind_of(name)?, value).map_err(|error| format!("`{name}`: {error}"))?;
        members.insert(name.to_owned(), value);
    }
    Ok(Value::Object(members))
}

fn member(members: &[Member], name: &str) -> Result<Kind, String> {
    let found = members.iter().find(|member| member.name == name || member.flag == name);
    match found.map(|member| member.kind) {
        Some(Kind::Secret) => Err(format!(
            "`{name}` is a secret: give it in --body-file, where `ps` does not show it"
        )),
        Some(kind) => Ok(kind),
        None => {
            let names: Vec<&str> = members.iter().map(|member| member.name).collect();
            Err(format!("there is no `{name}`, only {}", names.join(", ")))
        }
    }
}

/// A JSON document, or a YAML document if its name says so.
pub fn from_document(name: &str, text: &str) -> Result<Value, String> {
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        return crate::yaml::parse(text).map_err(|error| format!("{name} is no YAML: {error}"));
    }
    let name = if name == "-" { "standard input" } else { name };
    serde_json::from_str(text).map_err(|error| format!("{name} is no JSON: {error}"))
}

/// Reads a flag's value while clap reads the command line, so that its errors name the flag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parser(pub(super) Kind);

impl TypedValueParser for Parser {
    type Value = Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Value, clap::Error> {
        let kind = self.0;
        StringValueParser::new()
            .try_map(move |text| parse(kind, &text))
            .parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values: &'static [&'static str] = match self.0 {
            Kind::Boolean => &["true", "false"],
            Kind::Enum(values) => values,
            Kind::List(Kind::Enum(values)) => values,
            _ => return None,
        };
        Some(Box::new(values.iter().map(|value| PossibleValue::new(*value))))
    }
}

/// What stands for a value in the help.
pub(super) fn placeholder(kind: Kind) -> String {
    let fixed = match kind {
        Kind::Any => "JSON",
        Kind::Boolean => "true|false",
        Kind::Integer | Kind::Number => "NUMBER",
        Kind::Text => "TEXT",
        Kind::Time => "TIME",
        Kind::Secret => "SECRET",
        Kind::Enum(_) => "VALUE",
        Kind::List(Kind::List(_) | Kind::Map(_) | Kind::Any) => "JSON",
        Kind::List(items) => return placeholder(*items),
        Kind::Map(_) => "NAME=VALUE,...",
        Kind::Object(object) => {
            let members: Vec<String> = object
                .members
                .iter()
                .map(|member| format!("{}=..", member.name))
                .collect();
            return members.join(",");
        }
    };
    fixed.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::spec::Object;
    use super::*;

    static LISTENER: Object = Object {
        name: "Listener",
        members: &[
            Member::new("protocol", "protocol", Kind::Enum(&["UDP", "TLS"]), ""),
            Member::new("port", "port", Kind::Integer, ""),
            Member::new("password", "password", Kind::Secret, ""),
        ],
    };
    static LISTENERS: Kind = Kind::Object(&LISTENER);

    #[test]
    fn values_have_their_types() {
        let good = [
            (Kind::Boolean, "true", json!(true)),
            (Kind::Integer, "-5", json!(-5)),
            (Kind::Number, "12.34567", json!(12.34567)),
            (Kind::Number, "5", json!(5)),
            (Kind::Number, ".5", json!(0.5)),
            (Kind::Text, "", json!("")),
            (Kind::Text, "null", json!("null")),
            (
                Kind::Time,
                "2030-12-31T23:59:59+01:00",
                json!("2030-12-31T23:59:59+01:00"),
            ),
            (Kind::Enum(&["ACCEPT", "IP_AUTH"]), "accept", json!("ACCEPT")),
            (Kind::Enum(&["ACCEPT", "IP_AUTH"]), "ip-auth", json!("IP_AUTH")),
            (Kind::Enum(&["ACCEPT"]), "Newer", json!("Newer")),
            (Kind::Any, "[1]", json!([1])),
            (Kind::Any, "a b", json!("a b")),
        ];
        for (kind, text, value) in good {
            assert_eq!(parse(kind, text), Ok(value), "{kind:?} {text}");
        }
        let bad = [
            (Kind::Boolean, "yes"),
            (Kind::Integer, "1.5"),
            (Kind::Integer, "99999999999999999999"),
            (Kind::Number, "NaN"),
            (Kind::Number, "1e999"),
            (Kind::Time, "tomorrow"),
        ];
        for (kind, text) in bad {
            assert!(parse(kind, text).is_err(), "{kind:?} {text}");
        }
    }

    #[test]
    fn objects_in_a_list_are_written_short_or_as_json() {
        let listeners = Kind::List(&LISTENERS);
        let one = json!([{"protocol": "UDP", "port": 5060}]);
        assert_eq!(parse(listeners, "protocol=udp, port=5060"), Ok(one.clone()));
        assert_eq!(
            parse(listeners, r#"{"protocol": "UDP", "port": 5060}"#),
            Ok(one.clone())
        );
        assert_eq!(parse(listeners, r#"[{"protocol": "UDP", "port": 5060}]"#), Ok(one));
        assert_eq!(parse(listeners, "[]"), Ok(json!([])));
        for (text, says) in [
            ("port=x", "`port`: it is no whole number"),
            ("prot=UDP", "there is no `prot`, only protocol, port, password"),
            ("UDP", "`UDP` is not of the form NAME=VALUE"),
            ("password=x", "`password` is a secret"),
            ("{", "it is no JSON"),
        ] {
            let error = parse(listeners, text).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }

    #[test]
    fn lists_of_text_hold_any_text() {
        let texts = Kind::List(&Kind::Text);
        assert_eq!(parse(texts, "a,b"), Ok(json!(["a,b"])));
        assert_eq!(parse(texts, "[x"), Ok(json!(["[x"])));
        assert_eq!(parse(Kind::Map(&Kind::Integer), "a=1,b=2"), Ok(json!({"a": 1, "b": 2})));
    }

    #[test]
    fn documents_are_json_or_yaml_by_name() {
        assert_eq!(from_document("a.yaml", "a: 1\n"), Ok(json!({"a": 1})));
        assert_eq!(from_document("-", "{\"a\": 1}"), Ok(json!({"a": 1})));
        assert!(
            from_document("-", "")
                .unwrap_err()
                .starts_with("standard input is no JSON: ")
        );
        assert!(
            from_document("a.json", "a: 1")
                .unwrap_err()
                .starts_with("a.json is no JSON: ")
        );
        assert!(
            from_document("a.yml", "a: [")
                .unwrap_err()
                .starts_with("a.yml is no YAML: ")
        );
    }
}
