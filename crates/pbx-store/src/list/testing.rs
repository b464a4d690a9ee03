//! A small list for the tests of rendering, with an evaluator in Rust that the results of the SQL are compared with.

use std::cmp::Ordering;

use pbx_domain::Id;
use pbx_types::list::filter::{Comparison, Filter, Operand, Subject, TextMatch};
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

    fn value(&self, subject: &Subject) -> Option<Operand> {
        let value = self.get(subject.field)?;
        match (subject.case, value) {
            (Some(case), Operand::Text(text)) => Some(Operand::Text(case.convert(&text))),
            (_, value) => Some(value),
        }
    }

    /// Evaluates a filter by OData's rule, which has no third value: null equals null and nothing else, and everything else is false
    /// for null.
    pub(super) fn satisfies(&self, filter: &Filter) -> bool {
        match filter {
            Filter::And(parts) => parts.iter().all(|part| self.satisfies(part)),
            Filter::Or(parts) => parts.iter().any(|part| self.satisfies(part)),
            Filter::Not(inner) => !self.satisfies(inner),
            Filter::Compare(subject, comparison, operand) => {
                compare(*comparison, self.value(subject).as_ref(), Some(operand))
            }
            Filter::CompareFields(left, comparison, right) => {
                compare(*comparison, self.value(left).as_ref(), self.value(right).as_ref())
            }
            Filter::In(subject, operands) => {
                let value = self.value(subject);
                let mut operands = operands.iter();
                operands.any(|operand| compare(Comparison::Eq, value.as_ref(), Some(operand)))
            }
            Filter::IsNull(field) => self.get(field).is_none(),
            Filter::IsTrue(field) => self.get(field) == Some(Operand::Boolean(true)),
            Filter::Match(subject, function, part) => match self.value(subject) {
                None => false,
                Some(Operand::Text(text) | Operand::Id(text)) => match function {
                    TextMatch::StartsWith => text.starts_with(part.as_str()),
                    TextMatch::EndsWith => text.ends_with(part.as_str()),
                    TextMatch::Contains => text.contains(part.as_str()),
                },
                Some(other) => panic!("no string: {other:?}"),
            },
            Filter::Constant(value) => *value,
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

fn compare(comparison: Comparison, left: Option<&Operand>, right: Option<&Operand>) -> bool {
    let order = match (left, right) {
        (None, None) => Some(Ordering::Equal),
        (Some(left), Some(right)) => order(left, right),
        _ => None,
    };
    match comparison {
        Comparison::Eq => order == Some(Ordering::Equal),
        Comparison::Ne => order != Some(Ordering::Equal),
        _ if left.is_none() => false,
        Comparison::Gt => order == Some(Ordering::Greater),
        Comparison::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Lt => order == Some(Ordering::Less),
        Comparison::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

/// Compares two values; `None` if one of them is an ID that was never issued.
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
