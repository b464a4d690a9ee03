//! List queries as expressions of the query builder. Literals are always bound, never written into the text.
//!
//! `strpos` and `reverse` are functions of PostgreSQL, and the embedded engine is given the same ones; `lower_unicode` is ours on
//! both. So a filter means the same on each, letters beyond ASCII included.

use pbx_types::list::filter::{Comparison, Filter, Operand, TextMatch};
use pbx_types::list::search::Search;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use sea_query::{BinOper, Cond, Expr, ExprTrait, Func, NullOrdering, Order, Query, SelectStatement};

use super::counts::{Count, Log, counted};
use super::error::StoreError;
use super::row::{Row, time};
use super::tx::Tx;
use crate::domain::Id;

/// So many matches are found by an index and then sorted; more of them are so many that a walk in the order of the page meets
/// enough of them soon.
const FEW: u32 = if cfg!(test) { 4 } else { 2_000 };

/// Both engines find three letters that follow each other, and look at everything for fewer.
const INDEXED_LENGTH: usize = if cfg!(test) { 1 } else { 3 };

/// What there is to know about a list besides its query.
pub struct List {
    /// What can be asked about a row. Its table has these as columns, and a unique `id`.
    pub fields: &'static [ListField],
    /// Those of them that an index finds.
    pub indexed: &'static [&'static str],
    /// The column with all its texts in lower case, with [`BETWEEN`] between them, if there is one.
    pub search_text: Option<&'static str>,
    /// What finds parts of these texts, if there is something: a relation with the id of the row as `rowid` and its
    /// `search_text`, whose `LIKE` an index helps with.
    pub texts: Option<&'static str>,
    /// The log of its changes, if it may be long: then its length is remembered.
    pub log: Option<&'static Log>,
}

impl List {
    /// A list that nobody has at hand in hundreds of thousands: it is counted each time.
    pub const fn short(fields: &'static [ListField]) -> Self {
        Self {
            fields,
            indexed: &[],
            search_text: None,
            texts: None,
            log: None,
        }
    }

    /// Whether indexes find what passes the filter, so that little is looked at besides.
    fn finds(&self, filter: &Filter) -> bool {
        let has = |field: &ListField| self.indexed.contains(&field.name);
        match filter {
            Filter::And(parts) => parts.iter().any(|part| self.finds(part)),
            Filter::Or(parts) => parts.iter().all(|part| self.finds(part)),
            Filter::Compare(field, comparison, _) => *comparison != Comparison::Ne && has(field),
            Filter::IsNull(field) | Filter::IsTrue(field) => has(field),
            Filter::Match(field, function, _) => {
                *function == TextMatch::StartsWith && field.kind == FieldKind::Text && has(field)
            }
            Filter::Not(_) | Filter::CompareFields(..) | Filter::Constant(_) | Filter::Unknown => false,
        }
    }
}

/// Pieces of text that every row has which passes: as they are in the text in lower case, and each long enough for an index.
fn pieces(query: &ListQuery) -> Vec<String> {
    fn of_filter<'a>(filter: &'a Filter, texts: &mut Vec<&'a str>) {
        match filter {
            Filter::And(parts) => parts.iter().for_each(|part| of_filter(part, texts)),
            Filter::Match(field, _, text) if field.kind == FieldKind::Text => texts.push(text),
            _ => {}
        }
    }
    fn of_search<'a>(search: &'a Search, texts: &mut Vec<&'a str>) {
        match search {
            Search::All(parts) => parts.iter().for_each(|part| of_search(part, texts)),
            Search::Term(term) => texts.push(term),
            Search::Any(_) | Search::Not(_) => {}
        }
    }
    let mut texts = Vec::new();
    query.filter.iter().for_each(|filter| of_filter(filter, &mut texts));
    query.search.iter().for_each(|search| of_search(search, &mut texts));
    // What a letter beyond ASCII is in lower case can depend on its neighbours; the others stand for something in `LIKE`.
    let breaks = |letter: char| !letter.is_ascii() || matches!(letter, '%' | '_' | '\\');
    let pieces = texts.into_iter().flat_map(|text| text.split(breaks));
    pieces
        .filter(|piece| piece.len() >= INDEXED_LENGTH)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The ids of the rows that have one of the [`pieces`], if something finds them and they are few.
fn few_with_a_piece(
    tx: &mut Tx<'_>,
    list: &List,
    query: &ListQuery,
    remembered: Option<&Count>,
) -> Result<Option<SelectStatement>, StoreError> {
    let Some(texts) = list.texts else { return Ok(None) };
    for piece in pieces(query) {
        let has_piece = Expr::col("search_text").like(format!("%{piece}%"));
        let ids = Query::select()
            .column("rowid")
            .from(texts)
            .and_where(has_piece)
            .to_owned();
        let few = match remembered {
            Some(remembered) => remembered.are_few(tx, &ids, are_few)?,
            None => are_few(tx, &ids)?,
        };
        if few {
            return Ok(Some(ids));
        }
    }
    Ok(None)
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
    let mut found = matching(select.clone(), list, query, Access::Search);
    let walked = matching(select, list, query, Access::Walk);
    let remembered = Count::new(tx, list.log, &found)?;
    let mut searched = query.filter.as_ref().is_some_and(|filter| list.finds(filter));
    if let Some(ids) = few_with_a_piece(tx, list, query, remembered.as_ref())? {
        found.and_where(Expr::col("id").in_subquery(ids));
        searched = true;
    }
    let known = match &remembered {
        Some(remembered) => remembered.known(tx, &walked, searched)?,
        None => None,
    };
    let mut count = known.as_ref().map(|known| known.count);
    if searched && count.is_none() {
        count = Some(up_to_few(tx, &found)?).filter(|count| *count < FEW.into());
    }
    let rows = match (known.as_ref().and_then(|known| known.ids.as_deref()), count) {
        (Some(ids), _) => among(walked, ids),
        (None, Some(count)) if searched && count < FEW.into() => found.clone(),
        _ => walked,
    };
    let items = tx.all(&ordered(rows, query), map)?;

    // A page that is not full ends the list, which saves counting.
    let last = items.len() < query.top as usize && (!items.is_empty() || query.skip == 0);
    if last {
        count = Some(i64::from(query.skip).saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX)));
    }
    let count = match (count, &remembered) {
        (Some(count), Some(remembered)) if known.is_none() => {
            remembered.remember(count);
            count
        }
        (Some(count), _) => count,
        (None, Some(remembered)) => remembered.recount(tx, &found)?,
        (None, None) => counted(tx, &found)?,
    };
    Ok(Page { count, items })
}

/// Those of the rows that have one of the ids.
fn among(mut rows: SelectStatement, ids: &[i64]) -> SelectStatement {
    // Once for each power of two, so that few statements differ.
    let last = ids.last().into_iter().cycle();
    let ids = ids.iter().chain(last).take(ids.len().next_power_of_two());
    rows.and_where(Expr::col("id").is_in(ids.copied())).to_owned()
}

fn matching(mut select: SelectStatement, list: &List, query: &ListQuery, access: Access) -> SelectStatement {
    match (&query.filter, access) {
        (Some(filter), Access::Search) => drop(select.and_where(condition(filter))),
        (Some(Filter::And(parts)), Access::Walk) => {
            select.cond_where(parts.iter().fold(Cond::all(), |all, part| all.add(passed(part))));
        }
        (Some(filter), Access::Walk) => drop(select.and_where(passed(filter))),
        (None, _) => {}
    }
    if let Some(search) = &query.search {
        select.and_where(found(search, list));
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

/// How many rows there are, or [`FEW`] if there are more.
fn up_to_few(tx: &mut Tx<'_>, select: &SelectStatement) -> Result<i64, StoreError> {
    let mut first_ones = select.clone();
    first_ones.clear_selects().expr(Expr::value(1)).limit(FEW.into());
    counted(tx, &Query::select().from_subquery(first_ones, "first_ones").to_owned())
}

fn are_few(tx: &mut Tx<'_>, select: &SelectStatement) -> Result<bool, StoreError> {
    Ok(up_to_few(tx, select)? < FEW.into())
}

/// The condition as one that no engine takes an index for, and that PostgreSQL takes for one that many rows pass.
fn passed(filter: &Filter) -> Expr {
    Func::coalesce([condition(filter), Expr::value(false)]).into()
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
        Filter::Compare(field, comparison, operand) => match value(operand) {
            Some(value) => compared(column(field), *comparison, value),
            None => Expr::value(None::<bool>),
        },
        Filter::CompareFields(left, comparison, right) => compared(column(left), *comparison, column(right)),
        Filter::IsNull(field) => column(field).is_null(),
        Filter::IsTrue(field) => column(field),
        Filter::Match(field, function, text) => {
            let subject = match field.kind {
                FieldKind::Id => column(field).cast_as("text"),
                _ => column(field),
            };
            match function {
                TextMatch::StartsWith if field.kind == FieldKind::Text => begins(subject, text),
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

/// The value to bind. An ID that does not parse was never issued, so it compares like null.
fn value(operand: &Operand) -> Option<Expr> {
    Some(match operand {
        Operand::Text(text) => Expr::value(text.clone()),
        Operand::Id(id) => Expr::value(id.parse::<Id>().ok()?),
        Operand::Integer(value) => Expr::value(*value),
        Operand::Real(value) => Expr::value(*value),
        Operand::Boolean(value) => Expr::value(*value),
        Operand::Time(at) => Expr::value(time(*at)),
    })
}

/// The term in any text column; a column without a value contains nothing.
fn found(search: &Search, list: &List) -> Expr {
    match search {
        Search::All(parts) => parts
            .iter()
            .map(|part| found(part, list))
            .reduce(Expr::and)
            .unwrap_or_else(|| Expr::value(true)),
        Search::Any(parts) => parts
            .iter()
            .map(|part| found(part, list))
            .reduce(Expr::or)
            .unwrap_or_else(|| Expr::value(false)),
        Search::Not(inner) => found(inner, list).not(),
        Search::Term(term) => {
            let kept = list.search_text.map(Expr::col);
            let text = kept.or_else(|| search_text(list.fields));
            text.map_or_else(|| Expr::value(false), |text| strpos(text, term.clone()).gt(0))
        }
    }
}

/// All texts in one piece and in lower case, which takes longest. Nobody searches for what is between them.
fn search_text(fields: &[ListField]) -> Option<Expr> {
    let texts = fields.iter().filter(|field| field.kind == FieldKind::Text);
    let texts = texts.map(|field| Expr::from(Func::coalesce([column(field), Expr::value("")])));
    let text = texts.reduce(|text, next| text.binary(CONCATENATE, BETWEEN).binary(CONCATENATE, next));
    text.map(|text| Func::cust("lower_unicode").arg(text).into())
}

/// Both engines have it.
const CONCATENATE: BinOper = BinOper::Custom("||");

/// The separator of units, between texts that are searched together.
pub const BETWEEN: &str = "\u{1f}";

fn column(field: &ListField) -> Expr {
    Expr::col(field.name)
}

fn strpos(text: Expr, part: String) -> Expr {
    Func::cust("strpos").arg(text).arg(part).into()
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
