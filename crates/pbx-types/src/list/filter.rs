//! `filter`: the subset of OData that the vendor documents, with the semantics of OData where the vendor is silent.
//!
//! A row matches if the expression is true. A comparison with an operand that is null, or with a literal that does not parse as
//! the type of its field, is neither true nor false, as in SQL: the row does not match unless an `or` matches it, and `not` does
//! not change that. `eq null` tests for null.

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;

use super::error::SyntaxError;
use super::field::{FieldKind, ListField, find_field};
use super::lexer::{Spanned, Token, tokens};

/// The maximum length in characters. It bounds the number of comparisons as well.
const MAX_LENGTH: usize = 4_000;

/// The maximum nesting of parentheses and `not`.
const MAX_DEPTH: usize = 32;

/// A condition on a row. Every literal has the type of the field that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every part holds.
    And(Vec<Filter>),
    /// At least one part holds.
    Or(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
    /// Compares a field with a value.
    Compare(&'static ListField, Comparison, Operand),
    /// Compares a field with another of the same type.
    CompareFields(&'static ListField, Comparison, &'static ListField),
    /// The field has no value.
    IsNull(&'static ListField),
    /// The boolean field is true.
    IsTrue(&'static ListField),
    /// Matches the string of a field with a part of it; letter case matters.
    Match(&'static ListField, TextMatch, String),
    /// The literal `true` or `false`.
    Constant(bool),
    /// Neither true nor false for any row.
    Unknown,
}

/// `eq ne gt ge lt le`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of OData")]
pub enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// `startswith`, `endswith`, `contains`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of OData")]
pub enum TextMatch {
    StartsWith,
    EndsWith,
    Contains,
}

/// A literal of a known type.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the types")]
pub enum Operand {
    Text(String),
    /// As sent: IDs are opaque here, so the store decides which object it names, if any.
    Id(String),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Time(Timestamp),
}

/// A literal of a type that is not known yet.
enum Literal {
    Quoted(String),
    Bare(String),
    Boolean(bool),
    Null,
}

/// One side of a comparison.
enum Side {
    Field(&'static ListField),
    Literal(Literal),
}

/// Parses a filter over these fields.
pub fn parse(text: &str, fields: &'static [ListField]) -> Result<Filter, SyntaxError> {
    let mut parser = Parser {
        tokens: tokens(text, MAX_LENGTH)?,
        at: 0,
        fields,
    };
    let filter = parser.or(0)?;
    match parser.next() {
        Spanned { token: Token::End, .. } => Ok(filter),
        Spanned { position, .. } => Err(SyntaxError::new(position, "expected and, or or the end")),
    }
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    fields: &'static [ListField],
}

impl Parser {
    /// Returns the current token. The last one, the end, is never consumed.
    fn peek(&self) -> (&Token, usize) {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or((&Token::End, 1), |next| (&next.token, next.position))
    }

    fn next(&mut self) -> Spanned {
        let (token, position) = self.peek();
        let next = Spanned {
            token: token.clone(),
            position,
        };
        self.at += 1;
        next
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek().0, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token, name: &str) -> Result<(), SyntaxError> {
        let next = self.next();
        if next.token == *token {
            Ok(())
        } else {
            Err(SyntaxError::new(next.position, format!("expected {name}")))
        }
    }

    fn or(&mut self, depth: usize) -> Result<Filter, SyntaxError> {
        let mut branches = vec![self.and(depth)?];
        while self.take_word("or") {
            branches.push(self.and(depth)?);
        }
        Ok(one_or(branches, Filter::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Filter, SyntaxError> {
        let mut parts = vec![self.part(depth)?];
        while self.take_word("and") {
            parts.push(self.part(depth)?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn part(&mut self, depth: usize) -> Result<Filter, SyntaxError> {
        let position = self.peek().1;
        if depth > MAX_DEPTH {
            return Err(SyntaxError::new(
                position,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        if self.take_word("not") {
            return Ok(Filter::Not(Box::new(self.part(depth + 1)?)));
        }
        if *self.peek().0 == Token::Open {
            self.at += 1;
            let inner = self.or(depth + 1)?;
            self.expect(&Token::Close, "a closing parenthesis")?;
            return Ok(inner);
        }
        if let Some(function) = self.function() {
            return self.matching(function);
        }
        self.comparison()
    }

    /// Returns the function, if a parenthesis follows its name: a field may have the same name.
    fn function(&self) -> Option<TextMatch> {
        let Token::Word(name) = self.peek().0 else { return None };
        if !matches!(self.tokens.get(self.at + 1), Some(Spanned { token: Token::Open, .. })) {
            return None;
        }
        match name.to_ascii_lowercase().as_str() {
            "startswith" => Some(TextMatch::StartsWith),
            "endswith" => Some(TextMatch::EndsWith),
            "contains" => Some(TextMatch::Contains),
            _ => None,
        }
    }

    fn matching(&mut self, function: TextMatch) -> Result<Filter, SyntaxError> {
        self.at += 2;
        let Spanned { token, position } = self.next();
        let Token::Word(name) = token else {
            return Err(SyntaxError::new(position, "expected a field"));
        };
        let subject = find_field(self.fields, &name, position)?;
        if !matches!(subject.kind, FieldKind::Text | FieldKind::Id) {
            return Err(SyntaxError::new(position, "expected a text field"));
        }
        self.expect(&Token::Comma, "a comma")?;
        let position = self.peek().1;
        let Side::Literal(literal) = self.side()? else {
            return Err(SyntaxError::new(position, "expected a literal in single quotes"));
        };
        self.expect(&Token::Close, "a closing parenthesis")?;
        Ok(match literal.text() {
            Some(text) => Filter::Match(subject, function, text),
            None => Filter::Unknown,
        })
    }

    fn comparison(&mut self) -> Result<Filter, SyntaxError> {
        let position = self.peek().1;
        let left = self.side()?;
        let Some(comparison) = self.operator() else {
            return match left {
                Side::Field(subject) if subject.kind == FieldKind::Boolean => Ok(Filter::IsTrue(subject)),
                Side::Literal(Literal::Boolean(value)) => Ok(Filter::Constant(value)),
                Side::Literal(Literal::Null) => Ok(Filter::Unknown),
                _ => Err(SyntaxError::new(self.peek().1, "expected eq, ne, gt, ge, lt or le")),
            };
        };
        let right = self.side()?;
        match (left, right) {
            (Side::Field(subject), Side::Literal(literal)) => Ok(compare(subject, comparison, &literal)),
            (Side::Literal(literal), Side::Field(subject)) => Ok(compare(subject, comparison.mirrored(), &literal)),
            (Side::Field(left), Side::Field(right)) if left.kind == right.kind => {
                Ok(Filter::CompareFields(left, comparison, right))
            }
            (Side::Field(_), Side::Field(_)) => {
                Err(SyntaxError::new(position, "fields of different types are compared"))
            }
            (Side::Literal(_), Side::Literal(_)) => Err(SyntaxError::new(position, "a comparison without a field")),
        }
    }

    fn operator(&mut self) -> Option<Comparison> {
        let Token::Word(word) = self.peek().0 else { return None };
        let comparison = match word.to_ascii_lowercase().as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            _ => return None,
        };
        self.at += 1;
        Some(comparison)
    }

    fn side(&mut self) -> Result<Side, SyntaxError> {
        let Spanned { token, position } = self.next();
        match token {
            Token::Quoted(text) => Ok(Side::Literal(Literal::Quoted(text))),
            Token::Bare(text) if number(&text).is_some() || time(&text).is_some() => {
                Ok(Side::Literal(Literal::Bare(text)))
            }
            Token::Bare(_) => Err(SyntaxError::new(
                position,
                "expected a number or a time, or text in single quotes",
            )),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" => Ok(Side::Literal(Literal::Boolean(true))),
                "false" => Ok(Side::Literal(Literal::Boolean(false))),
                "null" => Ok(Side::Literal(Literal::Null)),
                _ => find_field(self.fields, &word, position).map(Side::Field),
            },
            Token::Open | Token::Close | Token::Comma | Token::End => {
                Err(SyntaxError::new(position, "expected a field or a literal"))
            }
        }
    }
}

fn one_or(mut parts: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        several(parts)
    }
}

fn compare(subject: &'static ListField, comparison: Comparison, literal: &Literal) -> Filter {
    if matches!(literal, Literal::Null) {
        return match comparison {
            Comparison::Eq => Filter::IsNull(subject),
            Comparison::Ne => Filter::Not(Box::new(Filter::IsNull(subject))),
            _ => Filter::Unknown,
        };
    }
    match literal.read(subject.kind) {
        Some(operand) => Filter::Compare(subject, comparison, operand),
        None => Filter::Unknown,
    }
}

impl Comparison {
    /// Returns the operator of the comparison with the sides exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
        }
    }
}

impl Literal {
    /// Returns the literal as a string; `None` for null.
    fn text(&self) -> Option<String> {
        match self {
            Self::Quoted(text) | Self::Bare(text) => Some(text.clone()),
            Self::Boolean(value) => Some(value.to_string()),
            Self::Null => None,
        }
    }

    /// Converts the literal to the type of a field; `None` if it does not parse as that.
    fn read(&self, kind: FieldKind) -> Option<Operand> {
        let text = self.text()?;
        match kind {
            FieldKind::Text => Some(Operand::Text(text)),
            FieldKind::Id => Some(Operand::Id(text)),
            FieldKind::Integer => number(&text),
            FieldKind::Boolean => text.parse().ok().map(Operand::Boolean),
            FieldKind::Time => time(&text).map(Operand::Time),
        }
    }
}

fn number(text: &str) -> Option<Operand> {
    if let Ok(value) = text.parse() {
        return Some(Operand::Integer(value));
    }
    // Rust also reads "inf" and "nan".
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Operand::Real(value))
}

/// Parses RFC 3339 with any offset. A date alone is its first instant in UTC.
fn time(text: &str) -> Option<Timestamp> {
    if text.len() == "2022-01-01".len() {
        return time(&format!("{text}T00:00:00Z"));
    }
    // The year 9999 ends a day after the last instant. As in a body, later times are read as that instant.
    let beyond = || {
        let pieces = Pieces::parse(text).ok()?;
        (pieces.date().year() == 9999 && pieces.offset().is_some()).then_some(Timestamp::MAX)
    };
    text.parse().ok().or_else(beyond)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{FIELDS, by_name};
    use super::*;

    fn read(text: &str) -> Filter {
        parse(text, FIELDS).unwrap()
    }

    fn name(comparison: Comparison, text: &str) -> Filter {
        Filter::Compare(by_name("name"), comparison, Operand::Text(text.to_owned()))
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
        let starts = Filter::Match(by_name("name"), TextMatch::StartsWith, "10".to_owned());
        assert_eq!(read("startswith(name,'10')"), starts);
        let time = "2022-01-01T00:00:00Z".parse().unwrap();
        let after = Filter::Compare(by_name("at"), Comparison::Gt, Operand::Time(time));
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
        let port = |operand| Filter::Compare(by_name("port"), Comparison::Eq, operand);
        assert_eq!(read("port eq '5060'"), port(Operand::Integer(5060)));
        assert_eq!(read("5060.5 eq port"), port(Operand::Real(5060.5)));
        assert_eq!(read("port eq -1"), port(Operand::Integer(-1)));
        assert_eq!(read("name eq 5060"), name(Comparison::Eq, "5060"));
        assert_eq!(read("name eq 'it''s'"), name(Comparison::Eq, "it's"));
        let enabled = |value| Filter::Compare(by_name("enabled"), Comparison::Eq, Operand::Boolean(value));
        assert_eq!(read("enabled eq 'true'"), enabled(true));
        assert_eq!(read("enabled eq false"), enabled(false));
        assert_eq!(
            read("not enabled"),
            Filter::Not(Box::new(Filter::IsTrue(by_name("enabled"))))
        );
    }

    #[test]
    fn literals_of_another_type_are_neither_true_nor_false() {
        for text in [
            "port eq 'many'",
            "at gt 'yesterday'",
            "name gt null",
            "enabled eq 'maybe'",
        ] {
            assert_eq!(read(text), Filter::Unknown, "{text}");
        }
        // Which IDs there are, only the store knows.
        let id = Filter::Compare(by_name("id"), Comparison::Eq, Operand::Id("x".to_owned()));
        assert_eq!(read("id eq 'x'"), id);
        assert_eq!(read("name eq null"), Filter::IsNull(by_name("name")));
        assert_eq!(
            read("null ne name"),
            Filter::Not(Box::new(Filter::IsNull(by_name("name"))))
        );
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
                "unknown field (there are id, name, note, port, enabled, at) at character 1",
            ),
            ("name eq", "expected a field or a literal at character 8"),
            ("name", "expected eq, ne, gt, ge, lt or le at character 5"),
            ("name is 'secret'", "expected eq, ne, gt, ge, lt or le at character 6"),
            (
                "name eq 'secret",
                "a literal without its closing quote starts at character 9",
            ),
            ("name eq 'a' name eq 'b'", "expected and, or or the end at character 13"),
            ("(name eq 'a'", "expected a closing parenthesis at character 13"),
            ("name eq 'a')", "expected and, or or the end at character 12"),
            (
                "port eq 12secret",
                "expected a number or a time, or text in single quotes at character 9",
            ),
            (
                "name eq \"secret\"",
                "expected a field, a literal in single quotes, or a parenthesis at character 9",
            ),
            ("contains(port,'1')", "expected a text field at character 10"),
            ("contains(name)", "expected a comma at character 14"),
            (
                "contains(name,note)",
                "expected a literal in single quotes at character 15",
            ),
            ("name eq port", "fields of different types are compared at character 1"),
            ("1 eq 1", "a comparison without a field at character 1"),
            (
                "ä eq 1",
                "expected a field, a literal in single quotes, or a parenthesis at character 1",
            ),
        ] {
            let error = parse(text, FIELDS).unwrap_err().to_string();
            assert_eq!(error, expected, "{text}");
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn nesting_and_length_are_limited() {
        let nested = |levels| format!("{}enabled{}", "(".repeat(levels), ")".repeat(levels));
        assert!(parse(&nested(MAX_DEPTH), FIELDS).is_ok());
        let error = parse(&nested(MAX_DEPTH + 1), FIELDS).unwrap_err();
        assert_eq!(error.to_string(), "nested deeper than 32 levels at character 34");
        let long = format!("name eq '{}'", "x".repeat(MAX_LENGTH));
        assert_eq!(
            parse(&long, FIELDS).unwrap_err().to_string(),
            "longer than 4000 characters at character 4001"
        );
    }
}
