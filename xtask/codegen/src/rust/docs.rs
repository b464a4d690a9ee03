//! Documentation comments from the descriptions in the document.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use contract::model::{Constraints, Schema};

/// Splits a description into lines that are safe in a doc comment: an indented line would be a doc test.
pub fn lines(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.replace("<br>", "").replace("<br/>", "").lines() {
        let line: String = line
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !is_dangerous(*c))
            .collect();
        let line = line.trim();
        let line = match line.starts_with("```") || line.starts_with("~~~") {
            true => {
                fenced = !fenced;
                if fenced { "```text" } else { "```" }
            }
            false => line,
        };
        if line.is_empty() && out.last().is_none_or(String::is_empty) {
            continue;
        }
        out.push(line.to_owned());
    }
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    if fenced {
        out.push("```".to_owned());
    }
    out
}

/// Formats text as code on one line.
pub fn code(text: &str) -> String {
    let line: String = text
        .chars()
        .flat_map(|c| match c {
            '`' => vec!['\''],
            c if is_dangerous(c) => c.escape_default().collect(),
            c => vec![c],
        })
        .collect();
    format!("`{line}`")
}

/// Returns `true` for characters that a comment must not contain: control characters, and those that change the direction of text.
fn is_dangerous(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Formats lines as doc comments.
pub fn comments(lines: &[String], indent: &str) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(indent);
        out.push_str("///");
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Returns the doc attributes for paragraphs.
pub fn attributes(paragraphs: impl IntoIterator<Item = String>) -> TokenStream {
    let mut found: Vec<String> = Vec::new();
    for paragraph in paragraphs {
        let text = lines(&paragraph);
        if !text.is_empty() && !found.is_empty() {
            found.push(String::new());
        }
        found.extend(text);
    }
    let found = found.iter().map(|line| match line.is_empty() {
        true => line.clone(),
        false => format!(" {line}"),
    });
    quote!(#(#[doc = #found])*)
}

/// Describes a property with its initial value and, if it is written, its default and constraints.
pub fn property(schema: &Schema, fallback: &str, written: bool) -> Vec<String> {
    let description = schema.description.as_deref();
    if written {
        described(description, schema, fallback)
    } else {
        with_facts(description, initially(schema).unwrap_or_default(), fallback)
    }
}

/// Describes a property or parameter that is written, with its default and constraints.
pub fn described(description: Option<&str>, schema: &Schema, fallback: &str) -> Vec<String> {
    with_facts(description, facts(schema), fallback)
}

fn with_facts(description: Option<&str>, facts: String, fallback: &str) -> Vec<String> {
    let mut lines = lines(description.unwrap_or_default());
    if lines.is_empty() && facts.is_empty() {
        return vec![fallback.to_owned()];
    }
    if facts.is_empty() {
        return lines;
    }
    match lines.len() {
        0 => lines.push(facts),
        1 => {
            let end = if lines[0].ends_with(['.', '!', '?', ':']) {
                ""
            } else {
                "."
            };
            lines[0] = format!("{}{end} {facts}", lines[0]);
        }
        _ => {
            lines.push(String::new());
            lines.push(facts);
        }
    }
    lines
}

fn facts(schema: &Schema) -> String {
    let mut facts = Vec::new();
    if let Some(default) = &schema.default {
        facts.push(format!("Default: `{}`.", plain(default)));
    }
    facts.extend(initially(schema));
    facts.extend(constraints(&schema.constraints));
    if schema.deprecated {
        facts.push("Deprecated.".to_owned());
    }
    facts.join(" ")
}

fn initially(schema: &Schema) -> Option<String> {
    Some(format!("Initially: `{}`.", plain(schema.initial.as_ref()?)))
}

fn constraints(constraints: &Constraints) -> Vec<String> {
    let mut out = Vec::new();
    match (constraints.minimum, constraints.maximum) {
        (Some(low), Some(high)) => out.push(format!("{low} to {high}.")),
        (Some(low), None) => out.push(format!("At least {low}.")),
        (None, Some(high)) => out.push(format!("At most {high}.")),
        (None, None) => {}
    }
    let characters = |n: u64| if n == 1 { "character" } else { "characters" };
    match (constraints.min_length.filter(|n| *n > 0), constraints.max_length) {
        (Some(low), Some(high)) if low == high => out.push(format!("{low} {}.", characters(low))),
        (Some(low), Some(high)) => out.push(format!("{low} to {high} {}.", characters(high))),
        (Some(low), None) => out.push(format!("At least {low} {}.", characters(low))),
        (None, Some(high)) => out.push(format!("At most {high} {}.", characters(high))),
        (None, None) => {}
    }
    if let Some(means) = &constraints.pattern_means {
        out.push(format!("Must be {means}."));
    } else if let Some(pattern) = &constraints.pattern {
        out.push(format!("Must match `{}`.", pattern.replace('`', "'")));
    }
    out
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.replace('`', "'"),
        other => other.to_string().replace('`', "'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_an_example_that_would_run() {
        assert_eq!(
            lines("One.<br>\n\n\n    let x = 1;\n```\ncode\n"),
            ["One.", "", "let x = 1;", "```text", "code", "```"]
        );
        assert!(lines(" \n").is_empty());
    }

    #[test]
    fn code_is_one_line() {
        assert_eq!(code("a`b\r\n\u{202e}"), "`a'b\\r\\n\\u{202e}`");
        assert_eq!(lines("a\u{0}\u{202e}b\tc"), ["ab c"]);
    }

    #[test]
    fn paragraphs_become_attributes() {
        let doc = attributes(["A".to_owned(), String::new(), "B".to_owned()]).to_string();
        assert_eq!(doc, quote!(#[doc = " A"] #[doc = ""] #[doc = " B"]).to_string());
    }

    #[test]
    fn comments_hold_any_text() {
        let comments = comments(&lines("A \"b\" \\ c\r\n\r\nd\re"), "  ");
        assert_eq!(comments, "  /// A \"b\" \\ c\n  ///\n  /// de\n");
    }
}
