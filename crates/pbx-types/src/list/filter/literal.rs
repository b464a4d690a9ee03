//! Literals of filters, which get their type from what they are compared with.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;

use super::Operand;
use crate::common::network::canonical_range;
use crate::list::error::SyntaxError;
use crate::list::field::FieldKind;

/// The maximum length of an ID in the contract, in characters.
const MAX_ID_LENGTH: usize = 64;

/// A literal of a type that is not known yet.
pub(super) struct Literal {
    pub(super) value: LiteralValue,
    pub(super) position: usize,
}

pub(super) enum LiteralValue {
    Quoted(String),
    /// Starts like a number.
    Bare(String),
    Boolean(bool),
    Null,
}

impl Literal {
    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, LiteralValue::Null)
    }

    /// Returns the literal as a string.
    pub(super) fn text(self) -> Result<String, SyntaxError> {
        match self.value {
            LiteralValue::Quoted(text) => Ok(text),
            LiteralValue::Bare(text) if number(&text).is_some() || time(&text).is_some() => Ok(text),
            LiteralValue::Boolean(value) => Ok(value.to_string()),
            LiteralValue::Bare(_) | LiteralValue::Null => {
                Err(SyntaxError::new(self.position, "expected a string in single quotes"))
            }
        }
    }

    /// Returns the literal as a value of this type. Null is of none.
    pub(super) fn typed(self, kind: FieldKind) -> Result<Operand, SyntaxError> {
        if kind == FieldKind::Text {
            return self.text().map(Operand::Text);
        }
        let operand = match &self.value {
            LiteralValue::Boolean(value) if kind == FieldKind::Boolean => Some(Operand::Boolean(*value)),
            LiteralValue::Quoted(text) | LiteralValue::Bare(text) => read(text, kind),
            LiteralValue::Boolean(_) | LiteralValue::Null => None,
        };
        operand.ok_or_else(|| SyntaxError::new(self.position, format!("expected {}", description(kind))))
    }
}

/// Reads a literal with or without quotes; `None` if it cannot be of this type.
fn read(text: &str, kind: FieldKind) -> Option<Operand> {
    match kind {
        FieldKind::Text => Some(Operand::Text(text.to_owned())),
        FieldKind::Enum(names) => names.contains(&text).then(|| Operand::Text(text.to_owned())),
        FieldKind::Network => network(text).map(|network| Operand::Text(network.to_string())),
        // Opaque: one that no object has is found nowhere, which is no error.
        FieldKind::Id => (1..=MAX_ID_LENGTH)
            .contains(&text.chars().count())
            .then(|| Operand::Id(text.to_owned())),
        FieldKind::Integer => number(text),
        FieldKind::Boolean => text.parse().ok().map(Operand::Boolean),
        FieldKind::Time => time(text).map(Operand::Time),
    }
}

/// Describes the literals of a type, for an error message.
fn description(kind: FieldKind) -> String {
    match kind {
        FieldKind::Text => "a string in single quotes".to_owned(),
        FieldKind::Enum(names) => format!("one of {}", names.join(", ")),
        FieldKind::Network => "an IP address or a network like '192.0.2.0/24'".to_owned(),
        FieldKind::Id => format!("an ID of 1 to {MAX_ID_LENGTH} characters"),
        FieldKind::Integer => "a number".to_owned(),
        FieldKind::Boolean => "true or false".to_owned(),
        FieldKind::Time => {
            "a time with its offset, like '2026-01-31T10:00:00Z' (in a URL, + is written %2B)".to_owned()
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
pub(super) fn time(text: &str) -> Option<Timestamp> {
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

/// Parses a network, or an address as the network of that address alone, in the form in which it is stored.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.ok().map(|network: IpNet| canonical_range(network.trunc()))
}
