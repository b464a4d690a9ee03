//! Values in messages.

use serde_json::Value;

/// The length at which values are cut.
const LONGEST: usize = 80;

/// Formats a value for messages: a string without quotes, unless it could be mistaken for another value.
pub fn show(value: &Value) -> String {
    format!("`{}`", cut(&written(value), 0))
}

/// Formats both sides of a change, of long values the part that differs; `absent` stands for none.
pub fn show_both(old: Option<&Value>, new: Option<&Value>, absent: &str) -> (String, String) {
    let (a, b) = (old.map(written), new.map(written));
    let start = match (&a, &b) {
        (Some(a), Some(b)) => first_difference(a, b),
        _ => 0,
    };
    let shown = |text: Option<String>| text.map_or(absent.to_owned(), |text| format!("`{}`", cut(&text, start)));
    (shown(a), shown(b))
}

fn written(value: &Value) -> String {
    let plain = |text: &&str| {
        text.trim() == *text
            && text.starts_with(|c: char| c.is_alphabetic())
            && !matches!(*text, "true" | "false" | "null")
    };
    let text = value.as_str().filter(plain);
    text.map_or_else(|| value.to_string(), str::to_owned)
}

/// The number of equal characters at the beginning.
fn first_difference(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// Cuts a long text so that it shows the character at `position`.
fn cut(text: &str, position: usize) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    // Without a cut at the front if the position is near it.
    let start = match position {
        ..60 => 0,
        position => position - 20,
    };
    let shown: String = text.chars().skip(start).take(LONGEST - 3).collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if start + LONGEST - 3 < count { "..." } else { "" };
    format!("{before}{shown}{after}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_values_show_their_difference() {
        let with = |at: usize, end: &str| json!(format!("a{}{end}{}", "x".repeat(at), "y".repeat(100)));
        for at in [0, 10, 59, 60, 100, 500] {
            let (old, new) = (with(at, "1"), with(at, "2"));
            let (old, new) = show_both(Some(&old), Some(&new), "");
            assert_ne!(old, new);
            assert!(old.contains('1') && new.contains('2'), "{old} {new}");
            assert!(old.chars().count() <= LONGEST + 5, "{old}");
        }
        // One is the beginning of the other.
        let (old, new) = show_both(Some(&json!("a".repeat(90))), Some(&json!("a".repeat(95))), "none");
        assert_ne!(old, new);
        assert_eq!(
            show_both(None, Some(&json!("b")), "none"),
            ("none".to_owned(), "`b`".to_owned())
        );
        assert_eq!(show(&json!("true")), "`\"true\"`");
    }
}
