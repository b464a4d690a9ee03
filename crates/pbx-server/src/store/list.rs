//! List queries as expressions of the query builder. Literals are always bound, never written into the text.
//!
//! `strpos` and `reverse` are functions of PostgreSQL, and the embedded engine is given the same ones; `lower_unicode` is ours on
//! both. So a filter means the same on each, letters beyond ASCII included.

use sea_query::{Asterisk, BinOper, Expr, ExprTrait, Func, NullOrdering, Order, Query, SelectStatement};

use super::counts::Count;
use super::error::StoreError;
use super::tx::{Row, Tx, time};
use crate::domain::list::filter::{Comparison, Filter, Operand, TextMatch};
use crate::domain::list::{Field, Kind, ListQuery, Page, Search};

/// So many matches are found by an index and then sorted; more of them are so many that a walk in the order of the page meets
/// enough of them soon.
const FEW: u32 = if cfg!(test) { 4 } else { 2_000 };

/// What there is to know about a list besides its query.
pub struct List {
    /// What can be asked about a row. Its table has these as columns, and a unique `id`.
    pub fields: &'static [Field],
    /// Those of them that an index finds.
    pub indexed: &'static [&'static str],
    /// The tables that decide which rows there are, if it may be long: then its count is remembered until one of them changes.
    pub tables: &'static [&'static str],
}

impl List {
    /// A list that is never long.
    pub const fn short(fields: &'static [Field]) -> Self {
        Self {
            fields,
            indexed: &[],
            tables: &[],
        }
    }

    /// Whether indexes find what passes the filter, so that little is looked at besides.
    fn finds(&self, filter: &Filter) -> bool {
        let has = |field: &Field| self.indexed.contains(&field.name);
        match filter {
            Filter::And(parts) => parts.iter().any(|part| self.finds(part)),
            Filter::Or(parts) => parts.iter().all(|part| self.finds(part)),
            Filter::Compare(field, comparison, _) => *comparison != Comparison::Ne && has(field),
            Filter::IsNull(field) | Filter::IsTrue(field) => has(field),
            Filter::Match(field, function, _) => {
                *function == TextMatch::StartsWith && field.kind == Kind::Text && has(field)
            }
            Filter::Not(_) | Filter::CompareFields(..) | Filter::Constant(_) | Filter::Unknown => false,
        }
    }
}

/// How the rows of a page are found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// By what is asked of them; then they are sorted.
    Search,
    /// In the order of the page, each looked at, until there are enough.
    Walk,
}

/// The rows of one page and the count of all. `select` has its columns, its table and whatever else must hold.
///
/// No engine knows which way is shorter while it does not look at what is bound, so it is said here: matches are counted up to
/// [`FEW`] first. A list that no index helps with is walked.
pub fn page<T>(
    tx: &mut Tx<'_>,
    select: SelectStatement,
    list: &List,
    query: &ListQuery,
    map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let found = matching(select.clone(), list, query, Access::Search);
    let counting = counted(found.clone());
    let remembered = tx.count(list.tables, &counting);
    let mut count = remembered.as_ref().and_then(Count::known);
    let searched = query.filter.as_ref().is_some_and(|filter| list.finds(filter));
    if searched && count.is_none() {
        count = count_few(tx, found)?;
    }
    let access = match count {
        Some(count) if searched && count < FEW.into() => Access::Search,
        _ => Access::Walk,
    };
    let items = tx.all(&ordered(matching(select, list, query, access), query), map)?;

    // A page that is not full ends the list, which saves counting.
    let last = items.len() < query.top as usize && (!items.is_empty() || query.skip == 0);
    let count = match count {
        _ if last => i64::from(query.skip).saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX)),
        Some(count) => count,
        None => tx.first(&counting, |row| row.get(0))?.unwrap_or(0),
    };
    if let Some(remembered) = remembered {
        remembered.remember(count);
    }
    Ok(Page { count, items })
}

fn matching(mut select: SelectStatement, list: &List, query: &ListQuery, access: Access) -> SelectStatement {
    if let Some(filter) = &query.filter {
        select.and_where(condition(filter, access));
    }
    if let Some(search) = &query.search {
        select.and_where(found(search, list.fields));
    }
    select
}

fn ordered(mut select: SelectStatement, query: &ListQuery) -> SelectStatement {
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
    select.limit(query.top.into()).offset(query.skip.into()).to_owned()
}

fn counted(mut select: SelectStatement) -> SelectStatement {
    select.clear_selects().expr(Func::count(Expr::col(Asterisk))).to_owned()
}

/// How many rows there are, if that is less than [`FEW`].
fn count_few(tx: &mut Tx<'_>, mut select: SelectStatement) -> Result<Option<i64>, StoreError> {
    select.clear_selects().expr(Expr::value(1)).limit(FEW.into());
    let select = counted(Query::select().from_subquery(select, "first_ones").to_owned());
    let count = tx.first(&select, |row| row.get(0))?;
    Ok(count.filter(|count| *count < FEW.into()))
}

fn condition(filter: &Filter, access: Access) -> Expr {
    let condition = |part: &Filter| condition(part, access);
    let column = |field: &Field| match access {
        Access::Search => column(field),
        Access::Walk => unfound(column(field)),
    };
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
                TextMatch::StartsWith if field.kind == Kind::Text => begins(subject, text),
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

/// The texts from `start` up to the next that begins otherwise: they lie together in the order of their bytes, which is that of
/// their characters.
fn begins(subject: Expr, start: &str) -> Expr {
    let from = subject.clone().gte(start.to_owned());
    let mut until: Vec<char> = start.chars().collect();
    while let Some(last) = until.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            until.push(next);
            return from.and(subject.lt(until.into_iter().collect::<String>()));
        }
    }
    // Nothing comes after what begins with the last character alone.
    from
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
        Search::Term(term) => {
            let texts = fields.iter().filter(|field| field.kind == Kind::Text);
            let texts = texts.map(|field| Expr::from(Func::coalesce([column(field), Expr::value("")])));
            // In one piece, because lower case takes longest. Nobody searches for what is between them.
            let text = texts.reduce(|text, next| text.binary(CONCATENATE, BETWEEN).binary(CONCATENATE, next));
            let lower = text.map(|text| strpos(Func::cust("lower_unicode").arg(text).into(), term.clone()).gt(0));
            lower.unwrap_or_else(|| Expr::value(false))
        }
    }
}

/// Both engines have it.
const CONCATENATE: BinOper = BinOper::Custom("||");

/// The separator of units.
const BETWEEN: &str = "\u{1f}";

fn column(field: &Field) -> Expr {
    Expr::col(field.name)
}

/// The same value, and no engine takes an index for it.
fn unfound(column: Expr) -> Expr {
    Func::coalesce([column.clone(), column]).into()
}

fn strpos(text: Expr, part: String) -> Expr {
    Func::cust("strpos").arg(text).arg(part).into()
}

#[cfg(test)]
mod tests;
