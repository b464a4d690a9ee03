//! Reads `--body-file`.

use std::io::{ErrorKind, Read as _};

use serde_json::Value;

use crate::failure::Failure;
use crate::yaml;

/// Reads and parses a file, or standard input for `-`.
pub(super) fn read(file: &str) -> Result<Value, Failure> {
    let (name, text) = match file {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_to_string(&mut text);
            ("standard input", read.map(|_| text))
        }
        file => (file, std::fs::read_to_string(file)),
    };
    let text = text.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Failure::local(format!("{name} is not valid UTF-8")),
        _ => Failure::local(format!("{name}: {error}")),
    })?;
    parse(name, &text).map_err(Failure::usage)
}

/// Parses YAML if the name ends in `.yaml` or `.yml`, otherwise JSON.
fn parse(name: &str, text: &str) -> Result<Value, String> {
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        return yaml::parse(text).map_err(|error| format!("{name} is not valid YAML: {error}"));
    }
    serde_json::from_str(text).map_err(|error| format!("{name} is not valid JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn file_name_selects_the_format() {
        assert_eq!(parse("a.yaml", "a: 1\n"), Ok(json!({"a": 1})));
        assert_eq!(parse("standard input", "{\"a\": 1}"), Ok(json!({"a": 1})));
        for (name, text, message) in [
            (
                "standard input",
                "",
                "standard input is not valid JSON: EOF while parsing a value at line 1 column 0",
            ),
            (
                "a.json",
                "a: 1",
                "a.json is not valid JSON: expected value at line 1 column 1",
            ),
            (
                "a.yml",
                "a: [",
                "a.yml is not valid YAML: unclosed bracket '[' at line 1, column 4",
            ),
        ] {
            assert_eq!(parse(name, text), Err(message.to_owned()));
        }
    }

    #[test]
    fn file_that_is_not_text_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a.yaml", "a.json"] {
            let file = directory.path().join(name).display().to_string();
            std::fs::write(&file, b"a: \xff\xfe").unwrap();
            assert_eq!(
                read(&file).unwrap_err().to_string(),
                format!("{file} is not valid UTF-8")
            );
        }
    }
}
