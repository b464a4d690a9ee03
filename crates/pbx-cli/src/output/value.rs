//! Formats single values for people.

use serde_json::Value;

/// Maximum number of array items in a cell.
const MAX_ITEMS: usize = 12;

/// Formats a value for a cell: `-` for none, arrays as lists, objects as pairs.
pub fn format(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => without_fraction(text),
        Some(Value::Array(items)) => {
            let has_objects = items.iter().any(Value::is_object);
            let shown: Vec<String> = items.iter().take(MAX_ITEMS).map(format_inner).collect();
            let mut text = shown.join(if has_objects { "\n" } else { ", " });
            if items.len() > MAX_ITEMS {
                text.push_str(&format!("\n... {} in total", items.len()));
            }
            if items.is_empty() { "-".to_owned() } else { text }
        }
        Some(other) => format_inner(other),
    }
}

/// Removes the fraction of a second from a time; other text stays as it is.
fn without_fraction(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction))
            if whole.len() == 19
                && whole.as_bytes()[10] == b'T'
                && fraction.ends_with('Z')
                && text.parse::<jiff::Timestamp>().is_ok() =>
        {
            format!("{whole}Z")
        }
        _ => text.to_owned(),
    }
}

fn format_inner(value: &Value) -> String {
    match value {
        Value::Object(properties) => {
            let pairs: Vec<String> = properties
                .iter()
                .map(|(name, value)| format!("{name}={}", format_inner(value)))
                .collect();
            pairs.join(" ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_have_whole_seconds() {
        for (text, formatted) in [
            ("2026-11-22T04:50:38.90733Z", "2026-11-22T04:50:38Z"),
            ("2026-11-22T04:50:38Z", "2026-11-22T04:50:38Z"),
            ("2026-99-22T04:50:38.9Z", "2026-99-22T04:50:38.9Z"),
            ("a.b", "a.b"),
        ] {
            assert_eq!(format(Some(&json!(text))), formatted);
        }
    }

    #[test]
    fn long_arrays_are_truncated() {
        let numbers: Vec<u32> = (1..=20).collect();
        assert_eq!(
            format(Some(&json!(numbers))),
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12\n... 20 in total"
        );
    }
}
