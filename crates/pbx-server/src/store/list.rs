//! List queries as expressions of the query builder. Literals are always bound, never written into the text.
//!
//! `strpos` and `reverse` are functions of PostgreSQL, and the embedded engine is given the same ones; `lower_unicode` is ours on
//! both. So a filter means the same on each, letters beyond ASCII included.

use sea_query::{Asterisk, Expr, ExprTrait, Func, NullOrdering, Order, SelectStatement};

use super::error::StoreError;
use super::tx::{Row, Tx, time};
use crate::domain::list::filter::{Comparison, Filter, Operand, TextMatch};
use crate::domain::list::{Field, Kind, ListQuery, Page, Search};

/// The rows of one page and the count of all. `select` has its columns, its table and whatever else must hold; its table has
/// the fields as columns, and a unique `id`.
pub fn page<T>(
    tx: &mut Tx<'_>,
    mut select: SelectStatement,
    fields: &[Field],
    query: &ListQuery,
    map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    if let Some(filter) = &query.filter {
        select.and_where(condition(filter));
    }
    if let Some(search) = &query.search {
        select.and_where(found(search, fields));
    }
    let mut count = select.clone();
    for key in &query.order {
        // Engines differ in where they put nulls unless told.
        if key.descending {
            select.order_by_with_nulls(key.field.name, Order::Desc, NullOrdering::Last);
        } else {
            select.order_by_with_nulls(key.field.name, Order::Asc, NullOrdering::First);
        }
    }
    if !query.order.iter().any(|key| key.field.name == "id") {
        select.order_by("id", Order::Asc);
    }
    select.limit(query.top.into()).offset(query.skip.into());
    let items = tx.all(&select, map)?;

    // A page that is not full ends the list, which saves counting.
    let last = items.len() < query.top as usize && (!items.is_empty() || query.skip == 0);
    let count = if last {
        i64::from(query.skip).saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX))
    } else {
        count.clear_selects().expr(Func::count(Expr::col(Asterisk)));
        tx.first(&count, |row| row.get(0))?.unwrap_or(0)
    };
    Ok(Page { count, items })
}

fn condition(filter: &Filter) -> Expr {
    match filter {
        Filter::And(parts) => parts
            .iter()
            .map(condition)
            .reduce(Expr::and)
            .unwrap_or_else(|| Expr::value(true)),
        Filter::Or(parts) => parts
            .iter()
            .map(condition)
            .reduce(Expr::or)
            .unwrap_or_else(|| Expr::value(false)),
        Filter::Not(inner) => condition(inner).not(),
        Filter::Compare(field, comparison, operand) => compared(column(field), *comparison, value(operand)),
        Filter::CompareFields(left, comparison, right) => compared(column(left), *comparison, column(right)),
        Filter::IsNull(field) => column(field).is_null(),
        Filter::IsTrue(field) => column(field),
        Filter::Match(field, function, text) => {
            let subject = match field.kind {
                Kind::Id => column(field).cast_as("text"),
                _ => column(field),
            };
            match function {
                TextMatch::StartsWith => strpos(subject, text.clone()).eq(1),
                TextMatch::Contains => strpos(subject, text.clone()).gt(0),
                TextMatch::EndsWith => {
                    let backwards: String = text.chars().rev().collect();
                    strpos(Func::cust("reverse").arg(subject).into(), backwards).eq(1)
                }
            }
        }
        Filter::Constant(value) => Expr::value(*value),
        Filter::Unknown => Expr::value(None::<bool>),
    }
}

fn compared(left: Expr, comparison: Comparison, right: Expr) -> Expr {
    match comparison {
        Comparison::Eq => left.eq(right),
        Comparison::Ne => left.ne(right),
        Comparison::Gt => left.gt(right),
        Comparison::Ge => left.gte(right),
        Comparison::Lt => left.lt(right),
        Comparison::Le => left.lte(right),
    }
}

fn value(operand: &Operand) -> Expr {
    match operand {
        Operand::Text(text) => Expr::value(text.clone()),
        Operand::Id(id) => Expr::value(*id),
        Operand::Integer(value) => Expr::value(*value),
        Operand::Real(value) => Expr::value(*value),
        Operand::Boolean(value) => Expr::value(*value),
        Operand::Time(at) => Expr::value(time(*at)),
    }
}

/// The term in any text column; a column without a value contains nothing.
fn found(search: &Search, fields: &[Field]) -> Expr {
    match search {
        Search::All(parts) => parts
            .iter()
            .map(|part| found(part, fields))
            .reduce(Expr::and)
            .unwrap_or_else(|| Expr::value(true)),
        Search::Any(parts) => parts
            .iter()
            .map(|part| found(part, fields))
            .reduce(Expr::or)
            .unwrap_or_else(|| Expr::value(false)),
        Search::Not(inner) => found(inner, fields).not(),
        Search::Term(term) => fields
            .iter()
            .filter(|field| field.kind == Kind::Text)
            .map(|field| {
                let text = Func::coalesce([column(field), Expr::value("")]);
                strpos(Func::cust("lower_unicode").arg(text).into(), term.clone()).gt(0)
            })
            .reduce(Expr::or)
            .unwrap_or_else(|| Expr::value(false)),
    }
}

fn column(field: &Field) -> Expr {
    Expr::col(field.name)
}

fn strpos(text: Expr, part: String) -> Expr {
    Func::cust("strpos").arg(text).arg(part).into()
}

#[cfg(test)]
mod tests;
