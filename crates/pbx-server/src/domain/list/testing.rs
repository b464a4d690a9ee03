//! A small list for the tests of this module and of its rendering, with an evaluator that knows no SQL.

use std::cmp::Ordering;

use super::filter::{Comparison, Filter, Operand, TextMatch};
use super::search::Search;
use super::{Field, Kind};
use crate::domain::Id;

pub(crate) const FIELDS: &[Field] = &[
    Field {
        name: "id",
        kind: Kind::Id,
    },
    Field {
        name: "name",
        kind: Kind::Text,
    },
    Field {
        name: "note",
        kind: Kind::Text,
    },
    Field {
        name: "port",
        kind: Kind::Integer,
    },
    Field {
        name: "enabled",
        kind: Kind::Boolean,
    },
    Field {
        name: "at",
        kind: Kind::Time,
    },
];

pub(crate) fn by_name(name: &str) -> &'static Field {
    FIELDS.iter().find(|field| field.name == name).unwrap()
}

/// A row; every field but the id may be null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thing {
    pub(crate) id: Id,
    pub(crate) name: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) port: Option<i64>,
    pub(crate) enabled: Option<bool>,
    pub(crate) at: Option<jiff::Timestamp>,
}

impl Thing {
    pub(crate) fn get(&self, field: &Field) -> Option<Operand> {
        match field.name {
            "id" => Some(Operand::Id(self.id)),
            "name" => self.name.clone().map(Operand::Text),
            "note" => self.note.clone().map(Operand::Text),
            "port" => self.port.map(Operand::Integer),
            "enabled" => self.enabled.map(Operand::Boolean),
            "at" => self.at.map(Operand::Time),
            other => panic!("no field {other}"),
        }
    }

    /// `None` is neither true nor false.
    pub(crate) fn passes(&self, filter: &Filter) -> Option<bool> {
        match filter {
            Filter::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.passes(part)).collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else {
                    known(&parts).then_some(true)
                }
            }
            Filter::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.passes(part)).collect();
                if parts.contains(&Some(true)) {
                    Some(true)
                } else {
                    known(&parts).then_some(false)
                }
            }
            Filter::Not(inner) => self.passes(inner).map(|value| !value),
            Filter::Compare(field, comparison, operand) => compared(*comparison, &self.get(field)?, operand),
            Filter::CompareFields(left, comparison, right) => {
                compared(*comparison, &self.get(left)?, &self.get(right)?)
            }
            Filter::IsNull(field) => Some(self.get(field).is_none()),
            Filter::IsTrue(field) => Some(self.get(field)? == Operand::Boolean(true)),
            Filter::Match(field, function, text) => {
                let subject = match self.get(field)? {
                    Operand::Text(subject) => subject,
                    Operand::Id(id) => id.to_string(),
                    other => panic!("no text: {other:?}"),
                };
                Some(match function {
                    TextMatch::StartsWith => subject.starts_with(text.as_str()),
                    TextMatch::EndsWith => subject.ends_with(text.as_str()),
                    TextMatch::Contains => subject.contains(text.as_str()),
                })
            }
            Filter::Constant(value) => Some(*value),
            Filter::Unknown => None,
        }
    }

    pub(crate) fn found_by(&self, search: &Search) -> bool {
        match search {
            Search::All(parts) => parts.iter().all(|part| self.found_by(part)),
            Search::Any(parts) => parts.iter().any(|part| self.found_by(part)),
            Search::Not(inner) => !self.found_by(inner),
            Search::Term(term) => [&self.name, &self.note]
                .into_iter()
                .flatten()
                .any(|text| text.to_lowercase().contains(term.as_str())),
        }
    }
}

fn known(parts: &[Option<bool>]) -> bool {
    !parts.contains(&None)
}

fn compared(comparison: Comparison, left: &Operand, right: &Operand) -> Option<bool> {
    let order = order(left, right)?;
    Some(match comparison {
        Comparison::Eq => order == Ordering::Equal,
        Comparison::Ne => order != Ordering::Equal,
        Comparison::Gt => order == Ordering::Greater,
        Comparison::Ge => order != Ordering::Less,
        Comparison::Lt => order == Ordering::Less,
        Comparison::Le => order != Ordering::Greater,
    })
}

pub(crate) fn order(left: &Operand, right: &Operand) -> Option<Ordering> {
    match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Operand::Id(left), Operand::Id(right)) => Some(left.cmp(right)),
        (Operand::Integer(left), Operand::Integer(right)) => Some(left.cmp(right)),
        #[expect(clippy::cast_precision_loss, reason = "the test values are small")]
        (Operand::Integer(left), Operand::Real(right)) => (*left as f64).partial_cmp(right),
        (Operand::Boolean(left), Operand::Boolean(right)) => Some(left.cmp(right)),
        (Operand::Time(left), Operand::Time(right)) => Some(left.cmp(right)),
        (left, right) => panic!("{left:?} and {right:?} are never compared"),
    }
}
