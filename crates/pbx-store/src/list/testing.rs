//! A small list for the tests of rendering, with an evaluator in Rust that the results of the SQL are compared with.

use std::cmp::Ordering;

use pbx_domain::Id;
use pbx_types::list::filter::{Comparison, Filter, Operand, TextMatch};
use pbx_types::list::search::Search;
use pbx_types::list::{FieldKind, ListField};

pub(super) const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("note", FieldKind::Text),
    ListField::new("port", FieldKind::Integer),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("at", FieldKind::Time),
];

/// A row; every field but the ID may be null.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thing {
    pub(super) id: Id<Self>,
    pub(super) name: Option<String>,
    pub(super) note: Option<String>,
    pub(super) port: Option<i64>,
    pub(super) enabled: Option<bool>,
    pub(super) at: Option<jiff::Timestamp>,
}

impl Thing {
    pub(super) fn get(&self, field: &ListField) -> Option<Operand> {
        match field.name {
            "id" => Some(Operand::Id(self.id.to_string())),
            "name" => self.name.clone().map(Operand::Text),
            "note" => self.note.clone().map(Operand::Text),
            "port" => self.port.map(Operand::Integer),
            "enabled" => self.enabled.map(Operand::Boolean),
            "at" => self.at.map(Operand::Time),
            other => panic!("no field {other}"),
        }
    }

    /// Evaluates a filter with SQL's three-valued logic: `None` is unknown.
    pub(super) fn evaluate(&self, filter: &Filter) -> Option<bool> {
        match filter {
            Filter::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.evaluate(part)).collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else {
                    all_known(&parts).then_some(true)
                }
            }
            Filter::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.evaluate(part)).collect();
                if parts.contains(&Some(true)) {
                    Some(true)
                } else {
                    all_known(&parts).then_some(false)
                }
            }
            Filter::Not(inner) => self.evaluate(inner).map(|value| !value),
            Filter::Compare(field, comparison, operand) => compare(*comparison, &self.get(field)?, operand),
            Filter::CompareFields(left, comparison, right) => compare(*comparison, &self.get(left)?, &self.get(right)?),
            Filter::IsNull(field) => Some(self.get(field).is_none()),
            Filter::IsTrue(field) => Some(self.get(field)? == Operand::Boolean(true)),
            Filter::Match(field, function, string) => {
                let subject = match self.get(field)? {
                    Operand::Text(subject) => subject,
                    Operand::Id(id) => id,
                    other => panic!("no string: {other:?}"),
                };
                Some(match function {
                    TextMatch::StartsWith => subject.starts_with(string.as_str()),
                    TextMatch::EndsWith => subject.ends_with(string.as_str()),
                    TextMatch::Contains => subject.contains(string.as_str()),
                })
            }
            Filter::Constant(value) => Some(*value),
            Filter::Unknown => None,
        }
    }

    pub(super) fn contains(&self, search: &Search) -> bool {
        match search {
            Search::All(parts) => parts.iter().all(|part| self.contains(part)),
            Search::Any(parts) => parts.iter().any(|part| self.contains(part)),
            Search::Not(inner) => !self.contains(inner),
            Search::Term(term) => [&self.name, &self.note]
                .into_iter()
                .flatten()
                .any(|string| string.to_lowercase().contains(term.as_str())),
        }
    }
}

fn all_known(parts: &[Option<bool>]) -> bool {
    !parts.contains(&None)
}

fn compare(comparison: Comparison, left: &Operand, right: &Operand) -> Option<bool> {
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

pub(super) fn order(left: &Operand, right: &Operand) -> Option<Ordering> {
    match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Operand::Id(left), Operand::Id(right)) => {
            let parse = |id: &str| id.parse::<Id<Thing>>().ok();
            Some(parse(left)?.cmp(&parse(right)?))
        }
        (Operand::Integer(left), Operand::Integer(right)) => Some(left.cmp(right)),
        #[expect(clippy::cast_precision_loss, reason = "the test values are small")]
        (Operand::Integer(left), Operand::Real(right)) => (*left as f64).partial_cmp(right),
        (Operand::Boolean(left), Operand::Boolean(right)) => Some(left.cmp(right)),
        (Operand::Time(left), Operand::Time(right)) => Some(left.cmp(right)),
        (left, right) => panic!("{left:?} and {right:?} are never compared"),
    }
}
