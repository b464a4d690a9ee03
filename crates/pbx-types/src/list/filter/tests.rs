//! Tests of the filter parser.

use super::literal::time;
use super::*;
use crate::list::testing::{FIELDS, by_name};

fn read(text: &str) -> Filter {
    parse(text, FIELDS).unwrap()
}

fn error(text: &str) -> String {
    parse(text, FIELDS).unwrap_err().to_string()
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn name(comparison: Comparison, text: &str) -> Filter {
    Filter::Compare(by_name("name").into(), comparison, Operand::Text(text.to_owned()))
}

#[test]
fn times_beyond_the_last_instant_are_read_as_it() {
    let last = Some(Timestamp::MAX);
    for text in ["9999-12-31T23:59:59Z", "9999-12-31", "9999-12-31T00:00:00-05:00"] {
        assert_eq!(time(text), last, "{text}");
    }
    for text in [
        "9999-12-32T00:00:00Z",
        "9999-12-31T00:00:00",
        "9999-12-31T25:00:00Z",
        "10000-01-01T00:00:00Z",
    ] {
        assert_eq!(time(text), None, "{text}");
    }
}

#[test]
fn documented_forms_are_parsed() {
    assert_eq!(read("name eq '101'"), name(Comparison::Eq, "101"));
    for (word, comparison) in [
        ("ne", Comparison::Ne),
        ("gt", Comparison::Gt),
        ("ge", Comparison::Ge),
        ("lt", Comparison::Lt),
        ("le", Comparison::Le),
    ] {
        assert_eq!(read(&format!("name {word} 'x'")), name(comparison, "x"));
    }
    let starts = Filter::Match(by_name("name").into(), TextMatch::StartsWith, "10".to_owned());
    assert_eq!(read("startswith(name,'10')"), starts);
    let time = "2022-01-01T00:00:00Z".parse().unwrap();
    let after = Filter::Compare(by_name("at").into(), Comparison::Gt, Operand::Time(time));
    assert_eq!(read("at gt '2022-01-01T00:00:00Z'"), after);
    assert_eq!(read("at gt 2022-01-01T01:00:00+01:00"), after);
    assert_eq!(read("at gt '2022-01-01'"), after);
}

#[test]
fn and_binds_tighter_than_or() {
    let (a, b, c) = (
        name(Comparison::Eq, "a"),
        name(Comparison::Eq, "b"),
        name(Comparison::Eq, "c"),
    );
    assert_eq!(
        read("name eq 'a' or name eq 'b' and name eq 'c'"),
        Filter::Or(vec![a.clone(), Filter::And(vec![b.clone(), c.clone()])])
    );
    assert_eq!(
        read("(name eq 'a' or name eq 'b') and not name eq 'c'"),
        Filter::And(vec![Filter::Or(vec![a, b]), Filter::Not(Box::new(c))])
    );
}

#[test]
fn literals_have_the_type_of_the_field() {
    let port = |operand| Filter::Compare(by_name("port").into(), Comparison::Eq, operand);
    assert_eq!(read("port eq '5060'"), port(Operand::Integer(5060)));
    assert_eq!(read("5060.5 eq port"), port(Operand::Real(5060.5)));
    assert_eq!(read("port eq -1"), port(Operand::Integer(-1)));
    assert_eq!(read("name eq 5060"), name(Comparison::Eq, "5060"));
    assert_eq!(read("name eq 'it''s'"), name(Comparison::Eq, "it's"));
    let enabled = |value| Filter::Compare(by_name("enabled").into(), Comparison::Eq, Operand::Boolean(value));
    assert_eq!(read("enabled eq 'true'"), enabled(true));
    assert_eq!(read("enabled eq FALSE"), enabled(false));
    assert_eq!(
        read("not enabled"),
        Filter::Not(Box::new(Filter::IsTrue(by_name("enabled"))))
    );
}

#[test]
fn comparisons_with_null_are_true_or_false() {
    let is_null = Filter::IsNull(by_name("name"));
    assert_eq!(read("name eq null"), is_null);
    assert_eq!(read("NULL NE name"), not(is_null));
    for comparison in ["gt", "ge", "lt", "le"] {
        assert_eq!(read(&format!("name {comparison} null")), Filter::Constant(false));
    }
}

#[test]
fn literals_of_another_type_are_errors() {
    let id = "x".repeat(64);
    let read_id = Filter::Compare(by_name("id").into(), Comparison::Eq, Operand::Id(id.clone()));
    assert_eq!(read(&format!("id eq '{id}'")), read_id);
    let enabled = "expected true or false";
    let time = "expected a time with its offset, like '2026-01-31T10:00:00Z' (in a URL, + is written %2B)";
    for (text, expected, position) in [
        ("port eq 'many'", "expected a number", 9),
        ("port eq true", "expected a number", 9),
        ("port eq 'inf'", "expected a number", 9),
        ("enabled eq 'True'", enabled, 12),
        ("enabled ne 1", enabled, 12),
        ("'yes' eq enabled", enabled, 1),
        ("at gt 'yesterday'", time, 7),
        ("at gt '2026-01-01T00:00:00'", time, 7),
        ("at gt '2026-01-01T00:00:00 02:00'", time, 7),
        ("at gt 2026-01-01T00:00:00 02:00", time, 7),
        ("at gt 5", time, 7),
        ("color eq 'red'", "expected one of RED, BLUE", 10),
        ("color in ('RED','GREEN')", "expected one of RED, BLUE", 17),
        (
            "network eq 'lan'",
            "expected an IP address or a network like '192.0.2.0/24'",
            12,
        ),
        ("id eq ''", "expected an ID of 1 to 64 characters", 7),
        ("id eq true", "expected an ID of 1 to 64 characters", 7),
        (&format!("id eq '{id}x'"), "expected an ID of 1 to 64 characters", 7),
        ("name eq 1x", "expected a string in single quotes", 9),
        ("contains(name,null)", "expected a string in single quotes", 15),
    ] {
        assert_eq!(error(text), format!("{expected} at character {position}"), "{text}");
    }
}

#[test]
fn networks_are_compared_as_they_are_stored() {
    for (text, stored) in [
        ("192.0.2.1", "192.0.2.1/32"),
        ("192.0.2.1/24", "192.0.2.0/24"),
        ("2001:DB8:0::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
    ] {
        let operand = Operand::Text(stored.to_owned());
        assert_eq!(
            read(&format!("network eq '{text}'")),
            Filter::Compare(by_name("network").into(), Comparison::Eq, operand)
        );
    }
    let below = Filter::Compare(by_name("network").into(), Comparison::Lt, Operand::Text("2".to_owned()));
    assert_eq!(read("network lt '2'"), below);
    let starts = Filter::Match(by_name("network").into(), TextMatch::StartsWith, "192.".to_owned());
    assert_eq!(read("startswith(network,'192.')"), starts);
}

#[test]
fn conditions_are_compared_with_true_and_false() {
    let starts = Filter::Match(by_name("name").into(), TextMatch::StartsWith, "1".to_owned());
    for text in [
        "startswith(name,'1') eq true",
        "StartsWith(name,'1') EQ TRUE",
        "startswith(name,'1') ne false",
        "true eq startswith(name,'1')",
        "(startswith(name,'1')) eq 'true'",
        "(startswith(name,'1') eq true)",
    ] {
        assert_eq!(read(text), starts, "{text}");
    }
    for text in [
        "startswith(name,'1') eq false",
        "false eq startswith(name,'1')",
        "not startswith(name,'1') eq true",
        "NOT (startswith(name,'1'))",
    ] {
        assert_eq!(read(text), not(starts.clone()), "{text}");
    }
    // In parentheses, a field is still a field.
    let enabled = Filter::Compare(by_name("enabled").into(), Comparison::Eq, Operand::Boolean(false));
    assert_eq!(read("(enabled) eq (false)"), enabled);
    for (text, expected) in [
        ("startswith(name,'1') gt true", "expected eq or ne at character 22"),
        ("startswith(name,'1') eq 1", "expected true or false at character 25"),
        ("startswith(name,'1') eq null", "expected true or false at character 25"),
        (
            "startswith(name,'1') eq enabled",
            "expected true or false at character 25",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn lists_of_values_are_typed() {
    let port = || Subject::from(by_name("port"));
    let ports = Filter::In(port(), vec![Operand::Integer(1), Operand::Integer(2)]);
    assert_eq!(read("port in (1, '2')"), ports);
    assert_eq!(
        read("port IN (1,2,null)"),
        Filter::Or(vec![Filter::IsNull(port().field), ports])
    );
    assert_eq!(read("port in (null)"), Filter::IsNull(port().field));
    for (text, expected) in [
        ("port in ()", "expected a field or a literal at character 10"),
        ("port in 1", "expected an opening parenthesis at character 9"),
        (
            "port in (1 2)",
            "expected a comma or a closing parenthesis at character 12",
        ),
        ("port in (port)", "expected a literal at character 10"),
        ("port in (1,'x')", "expected a number at character 12"),
        ("1 in (1)", "expected a field before in at character 3"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn letter_case_is_converted() {
    let lower = Subject {
        field: by_name("name"),
        case: Some(LetterCase::Lower),
    };
    let equal = |text: &str| Filter::Compare(lower, Comparison::Eq, Operand::Text(text.to_owned()));
    assert_eq!(read("tolower(name) eq 'a'"), equal("a"));
    assert_eq!(read("ToLower(name) eq tolower('ÄB')"), equal("äb"));
    assert_eq!(
        read("contains(tolower(name),'a')"),
        Filter::Match(lower, TextMatch::Contains, "a".to_owned())
    );
    assert_eq!(read("tolower(name) eq null"), Filter::IsNull(by_name("name")));
    // The result is a string, which need not be a value of the enum.
    let upper = Subject {
        field: by_name("color"),
        case: Some(LetterCase::Upper),
    };
    assert_eq!(
        read("toupper(color) in ('x')"),
        Filter::In(upper, vec![Operand::Text("x".to_owned())])
    );
    for (text, expected) in [
        (
            "tolower(port) eq '1'",
            "expected a text field or a string at character 9",
        ),
        (
            "tolower(toupper(name)) eq 'a'",
            "expected a text field or a string at character 9",
        ),
        ("tolower(name)", "expected eq, ne, gt, ge, lt, le or in at character 14"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn other_functions_of_odata_are_named() {
    let there = "(there are contains, startswith, endswith, tolower and toupper) at character";
    assert_eq!(
        error("Length(name) eq 1"),
        format!("unsupported function length {there} 1")
    );
    assert_eq!(
        error("enabled and substring(name,1) eq 'a'"),
        format!("unsupported function substring {there} 13")
    );
    assert_eq!(error("secret(name) eq 1"), format!("unknown function {there} 1"));
}

#[test]
fn sides_can_be_exchanged() {
    assert_eq!(read("'b' lt name"), name(Comparison::Gt, "b"));
    assert_eq!(read("'b' ge name"), name(Comparison::Le, "b"));
}

#[test]
fn errors_have_a_position_and_repeat_nothing() {
    for (text, expected) in [
        (
            "secret eq 1",
            "unknown field (there are id, name, note, port, enabled, at, color, network) at character 1",
        ),
        ("name eq", "expected a field or a literal at character 8"),
        ("name", "expected eq, ne, gt, ge, lt, le or in at character 5"),
        (
            "name is 'secret'",
            "expected eq, ne, gt, ge, lt, le or in at character 6",
        ),
        (
            "name eq 'secret",
            "a literal without its closing quote starts at character 9",
        ),
        ("name eq 'a' name eq 'b'", "expected and, or or the end at character 13"),
        ("(name eq 'a'", "expected a closing parenthesis at character 13"),
        ("name eq 'a')", "expected and, or or the end at character 12"),
        ("port eq 12secret", "expected a number at character 9"),
        (
            "name eq \"secret\"",
            "expected a string in single quotes at character 9",
        ),
        (
            "name == 'a'",
            "expected a word such as eq, ne, gt, ge, lt, le, in, and, or or not at character 6",
        ),
        ("contains(port,'1')", "expected a text field at character 10"),
        ("contains(name)", "expected a comma at character 14"),
        (
            "contains(name,note)",
            "expected a string in single quotes at character 15",
        ),
        ("name eq port", "fields of different types are compared at character 1"),
        ("1 eq 1", "a comparison without a field at character 1"),
        (
            "ä eq 1",
            "expected a field, a literal in single quotes, or a parenthesis at character 1",
        ),
    ] {
        let error = error(text);
        assert_eq!(error, expected, "{text}");
        assert!(!error.contains("secret"));
    }
}

#[test]
fn nesting_and_length_are_limited() {
    let nested = |levels| format!("{}enabled{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(MAX_DEPTH), FIELDS).is_ok());
    for (opening, closing, position) in [("(", ")", 34), ("not ", "", 133), ("tolower(", ")", 265)] {
        let nested = format!("{}enabled{}", opening.repeat(200), closing.repeat(200));
        assert_eq!(
            error(&nested),
            format!("nested deeper than 32 levels at character {position}")
        );
    }
    let long = format!("name eq '{}'", "x".repeat(MAX_LENGTH));
    assert_eq!(error(&long), "longer than 4000 characters at character 4001");
}
