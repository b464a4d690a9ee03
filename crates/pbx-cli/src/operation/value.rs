//! Parses the values of flags into JSON.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use serde_json::{Map, Number, Value};

use super::spec::{Field, ValueType};

/// Parses one value of a flag. That of a secret is its source, which `crate::secret` reads.
fn parse(value_type: ValueType, text: &str) -> Result<Value, String> {
    match value_type {
        ValueType::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("expected true or false".to_owned()),
        },
        ValueType::Integer => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| "not an integer".to_owned()),
        ValueType::Number => number(text).ok_or_else(|| "not a number".to_owned()),
        ValueType::String | ValueType::Secret => Ok(Value::from(text)),
        ValueType::DateTime => match text.parse::<jiff::Timestamp>() {
            Ok(_) => Ok(Value::from(text)),
            Err(_) => Err("not a date and time such as 2030-12-31T23:59:59Z or 2030-12-31T23:59:59+01:00".to_owned()),
        },
        ValueType::Enum(known) => Ok(Value::from(canonical_spelling(known, text))),
        ValueType::Array(items) => array(*items, text),
        ValueType::Map(values) => object(text, |_| Ok(*values)),
        ValueType::Object(known) => object(text, |name| property_type(known.properties, name)),
        // Several types may be allowed, and one of them a string.
        ValueType::Any => Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))),
    }
}

/// Returns a known value regardless of case and of dashes for underscores; others are passed on to the server.
fn canonical_spelling(known: &[&str], text: &str) -> String {
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

/// Parses an item, or a JSON array of items, into an array.
fn array(items: ValueType, text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[')
        && let Ok(Value::Array(items)) = serde_json::from_str(text)
    {
        return Ok(Value::Array(items));
    }
    Ok(Value::Array(vec![parse(items, text)?]))
}

/// Parses `name=value,name=value`, or a JSON object.
fn object(text: &str, type_of: impl Fn(&str) -> Result<ValueType, String>) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return match serde_json::from_str(text) {
            Ok(Value::Object(properties)) => Ok(Value::Object(properties)),
            Ok(_) => Err("not a JSON object".to_owned()),
            Err(error) => Err(format!("not valid JSON: {error}")),
        };
    }
    let mut properties = Map::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("`{part}` is not NAME=VALUE"))?;
        let name = name.trim();
        let value = parse(type_of(name)?, value).map_err(|error| format!("`{name}`: {error}"))?;
        properties.insert(name.to_owned(), value);
    }
    Ok(Value::Object(properties))
}

fn property_type(properties: &[Field], name: &str) -> Result<ValueType, String> {
    let property = properties
        .iter()
        .find(|property| property.name == name || property.flag == name);
    match property.map(|property| property.value_type) {
        Some(ValueType::Secret) => Err(format!(
            "`{name}` is a secret: pass it in --body-file, so that `ps` does not show it"
        )),
        Some(value_type) => Ok(value_type),
        None => {
            let known: Vec<&str> = properties.iter().map(|property| property.name).collect();
            Err(format!(
                "unknown property `{name}`, expected one of {}",
                known.join(", ")
            ))
        }
    }
}

/// Parses a flag's value as part of clap's parsing, so that its errors name the flag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parser(pub(super) ValueType);

impl TypedValueParser for Parser {
    type Value = Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Value, clap::Error> {
        let value_type = self.0;
        StringValueParser::new()
            .try_map(move |text| parse(value_type, &text))
            .parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values: &'static [&'static str] = match self.0 {
            ValueType::Boolean => &["true", "false"],
            ValueType::Enum(values) => values,
            ValueType::Array(ValueType::Enum(values)) => values,
            _ => return None,
        };
        Some(Box::new(values.iter().map(|value| PossibleValue::new(*value))))
    }
}

/// Returns the placeholder of a value in help.
pub(super) fn placeholder(value_type: ValueType) -> String {
    let fixed = match value_type {
        ValueType::Any => "JSON",
        ValueType::Boolean => "true|false",
        ValueType::Integer | ValueType::Number => "NUMBER",
        ValueType::String => "STRING",
        ValueType::DateTime => "TIME",
        ValueType::Secret => "SECRET",
        ValueType::Enum(_) => "VALUE",
        ValueType::Array(ValueType::Array(_) | ValueType::Map(_) | ValueType::Any) => "JSON",
        ValueType::Array(items) => return placeholder(*items),
        ValueType::Map(_) => "NAME=VALUE,...",
        ValueType::Object(object) => {
            let properties = object.properties.iter().map(|property| format!("{}=..", property.name));
            return properties.collect::<Vec<_>>().join(",");
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
        properties: &[
            Field::new("protocol", "protocol", ValueType::Enum(&["UDP", "TLS"]), ""),
            Field::new("port", "port", ValueType::Integer, ""),
            Field::new("password", "password", ValueType::Secret, ""),
        ],
    };
    static LISTENERS: ValueType = ValueType::Object(&LISTENER);

    #[test]
    fn values_are_parsed_by_type() {
        let good = [
            (ValueType::Boolean, "true", json!(true)),
            (ValueType::Integer, "-5", json!(-5)),
            (ValueType::Number, "12.34567", json!(12.34567)),
            (ValueType::Number, "5", json!(5)),
            (ValueType::Number, ".5", json!(0.5)),
            (ValueType::String, "", json!("")),
            (ValueType::String, "null", json!("null")),
            (
                ValueType::DateTime,
                "2030-12-31T23:59:59+01:00",
                json!("2030-12-31T23:59:59+01:00"),
            ),
            (ValueType::Enum(&["ACCEPT", "IP_AUTH"]), "accept", json!("ACCEPT")),
            (ValueType::Enum(&["ACCEPT", "IP_AUTH"]), "ip-auth", json!("IP_AUTH")),
            (ValueType::Enum(&["ACCEPT"]), "Newer", json!("Newer")),
            (ValueType::Any, "[1]", json!([1])),
            (ValueType::Any, "a b", json!("a b")),
        ];
        for (value_type, text, value) in good {
            assert_eq!(parse(value_type, text), Ok(value), "{value_type:?} {text}");
        }
        let bad = [
            (ValueType::Boolean, "yes"),
            (ValueType::Integer, "1.5"),
            (ValueType::Integer, "99999999999999999999"),
            (ValueType::Number, "NaN"),
            (ValueType::Number, "1e999"),
            (ValueType::DateTime, "tomorrow"),
        ];
        for (value_type, text) in bad {
            assert!(parse(value_type, text).is_err(), "{value_type:?} {text}");
        }
    }

    #[test]
    fn objects_in_an_array_are_pairs_or_json() {
        let listeners = ValueType::Array(&LISTENERS);
        let one = json!([{"protocol": "UDP", "port": 5060}]);
        assert_eq!(parse(listeners, "protocol=udp, port=5060"), Ok(one.clone()));
        assert_eq!(
            parse(listeners, r#"{"protocol": "UDP", "port": 5060}"#),
            Ok(one.clone())
        );
        assert_eq!(parse(listeners, r#"[{"protocol": "UDP", "port": 5060}]"#), Ok(one));
        assert_eq!(parse(listeners, "[]"), Ok(json!([])));
        for (text, message) in [
            ("port=x", "`port`: not an integer"),
            (
                "prot=UDP",
                "unknown property `prot`, expected one of protocol, port, password",
            ),
            ("UDP", "`UDP` is not NAME=VALUE"),
            ("password=x", "`password` is a secret"),
            ("{", "not valid JSON: "),
        ] {
            let error = parse(listeners, text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn strings_in_an_array_may_contain_commas_and_brackets() {
        let strings = ValueType::Array(&ValueType::String);
        assert_eq!(parse(strings, "a,b"), Ok(json!(["a,b"])));
        assert_eq!(parse(strings, "[x"), Ok(json!(["[x"])));
        assert_eq!(
            parse(ValueType::Map(&ValueType::Integer), "a=1,b=2"),
            Ok(json!({"a": 1, "b": 2}))
        );
    }
}
