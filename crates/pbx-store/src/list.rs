//! List queries as expressions of the query builder. Values are always bound, never written into the SQL.
//!
//! `strpos` and `reverse` are functions of PostgreSQL, which `sqlite/open.rs` adds to SQLite; `lower_unicode` and `upper_unicode` are
//! added to both. So a filter matches the same rows on each, letters beyond ASCII included.

use pbx_domain::Id;
use pbx_types::list::filter::{Comparison, Filter, LetterCase, Operand, Subject, TextMatch};
use pbx_types::list::search::Search;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use pbx_types::record::ID;
use sea_query::{BinOper, Cond, Expr, ExprTrait, Func, NullOrdering, Order, Query, SelectStatement};

use crate::cached_count::{CachedCount, count_rows};
use crate::change_log::ChangeLog;
use crate::error::StoreError;
use crate::row::{Row, value as bound};
use crate::tx::Tx;

/// Fewer matches than this are fetched through an index and sorted. With more, scanning in page order fills a page sooner.
pub(super) const MAX_SORTED_MATCHES: u32 = if cfg!(test) { 4 } else { 2_000 };

/// The shortest substring that the trigram indexes of both engines find; for a shorter one they scan everything.
const MIN_INDEXED_LENGTH: usize = if cfg!(test) { 1 } else { 3 };

/// The column of a substring index with the strings of a row.
const SEARCH_TEXT: &str = "search_text";

/// The properties of a list that its queries depend on.
pub(super) struct List {
    /// The fields of a row that filters and sort keys may name. The table has them as columns, and a unique `id`.
    pub(super) fields: &'static [ListField],
    /// Those of the fields that have an index.
    pub(super) indexed: &'static [&'static str],
    /// The column with all strings of a row in lower case, separated by [`SEPARATOR`], if the table has one.
    pub(super) search_text: Option<&'static str>,
    /// A relation whose index finds substrings, if there is one: its columns are `rowid`, the ID of the row, and `search_text`,
    /// for which the index serves `LIKE`.
    pub(super) substring_index: Option<&'static str>,
    /// The log of the changes to the rows. With it the length of the list is cached, which pays for long lists.
    pub(super) change_log: Option<&'static ChangeLog>,
}

impl List {
    /// A list without indexes, for lists that stay well below a hundred thousand rows: each request counts the rows.
    pub(super) const fn short(fields: &'static [ListField]) -> Self {
        Self {
            fields,
            indexed: &[],
            search_text: None,
            substring_index: None,
            change_log: None,
        }
    }

    /// Returns `true` if indexes find the matches of the filter, with few other rows among what they find.
    fn is_indexed(&self, filter: &Filter) -> bool {
        let has = |field: &ListField| self.indexed.contains(&field.name);
        let has_subject = |subject: &Subject| subject.case.is_none() && has(subject.field);
        match filter {
            Filter::And(parts) => parts.iter().any(|part| self.is_indexed(part)),
            Filter::Or(parts) => parts.iter().all(|part| self.is_indexed(part)),
            Filter::Compare(subject, comparison, _) => *comparison != Comparison::Ne && has_subject(subject),
            Filter::In(subject, _) => has_subject(subject),
            Filter::IsNull(field) | Filter::IsTrue(field) => has(field),
            Filter::Match(subject, function, _) => {
                *function == TextMatch::StartsWith && subject.kind().is_text() && has_subject(subject)
            }
            Filter::Not(_) | Filter::CompareFields(..) | Filter::Constant(_) => false,
        }
    }
}

/// Returns substrings that the search text of every match contains, each long enough for the index.
fn required_substrings(query: &ListQuery) -> Vec<String> {
    fn of_filter<'a>(filter: &'a Filter, strings: &mut Vec<&'a str>) {
        match filter {
            Filter::And(parts) => parts.iter().for_each(|part| of_filter(part, strings)),
            // The search text is in lower case, and what is ASCII in upper case need not be so in lower case: `ß`.
            Filter::Match(subject, _, string)
                if subject.kind().is_text() && subject.case != Some(LetterCase::Upper) =>
            {
                strings.push(string);
            }
            // Without the conversion, the index of the field is better.
            Filter::Compare(subject, Comparison::Eq, Operand::Text(string))
                if subject.case == Some(LetterCase::Lower) =>
            {
                strings.push(string);
            }
            _ => {}
        }
    }
    fn of_search<'a>(search: &'a Search, strings: &mut Vec<&'a str>) {
        match search {
            Search::All(parts) => parts.iter().for_each(|part| of_search(part, strings)),
            Search::Term(term) => strings.push(term),
            Search::Any(_) | Search::Not(_) => {}
        }
    }
    let mut strings = Vec::new();
    query.filter.iter().for_each(|filter| of_filter(filter, &mut strings));
    query.search.iter().for_each(|search| of_search(search, &mut strings));
    // The lower case of a letter beyond ASCII can depend on its neighbors; the others are wildcards of `LIKE`, or escape them.
    let splits = |letter: char| !letter.is_ascii() || matches!(letter, '%' | '_' | '\\');
    let substrings = strings.into_iter().flat_map(|string| string.split(splits));
    substrings
        .filter(|substring| substring.len() >= MIN_INDEXED_LENGTH)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Selects the IDs of the rows with one of the [`required_substrings`], if the list has an index of substrings and one of them is
/// selective.
fn select_by_substring(
    tx: &mut Tx<'_>,
    list: &List,
    query: &ListQuery,
    cached_count: Option<&CachedCount>,
) -> Result<Option<SelectStatement>, StoreError> {
    let Some(index) = list.substring_index else {
        return Ok(None);
    };
    for substring in required_substrings(query) {
        let contains = Expr::col(SEARCH_TEXT).like(format!("%{substring}%"));
        let ids = Query::select()
            .column("rowid")
            .from(index)
            .and_where(contains)
            .to_owned();
        let is_selective = match cached_count {
            Some(cached_count) => cached_count.is_selective(tx, &ids, is_selective)?,
            None => is_selective(tx, &ids)?,
        };
        if is_selective {
            return Ok(Some(ids));
        }
    }
    Ok(None)
}

/// The way in which the rows of a page are found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Fetches all matches through indexes, then sorts them.
    IndexThenSort,
    /// Checks the rows in page order until the page is full.
    ScanInOrder,
}

/// Returns one page of a list, and the count of all matches. `select` has the columns, the table and any further conditions.
///
/// The plan is chosen here, because the engines choose theirs without the bound values: the matches of an indexed condition are
/// first counted up to [`MAX_SORTED_MATCHES`]. Without an index the rows are scanned.
pub(super) fn page<T>(
    tx: &mut Tx<'_>,
    select: SelectStatement,
    list: &List,
    query: &ListQuery,
    map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let mut by_index = matching(select.clone(), list, query, Plan::IndexThenSort);
    let by_scan = matching(select, list, query, Plan::ScanInOrder);
    let cached_count = CachedCount::new(tx, list.change_log, &by_index)?;
    let mut is_indexed = query.filter.as_ref().is_some_and(|filter| list.is_indexed(filter));
    if let Some(ids) = select_by_substring(tx, list, query, cached_count.as_ref())? {
        by_index.and_where(Expr::col(ID).in_subquery(ids));
        is_indexed = true;
    }
    let cached = match &cached_count {
        Some(cached_count) => cached_count.refresh(tx, &by_scan, is_indexed)?,
        None => None,
    };
    let mut count = cached.as_ref().map(|cached| cached.count);
    if is_indexed && count.is_none() {
        count = Some(count_up_to_max(tx, &by_index)?).filter(|count| *count < MAX_SORTED_MATCHES.into());
    }
    let rows = match (cached.as_ref().and_then(|cached| cached.ids.as_deref()), count) {
        (Some(ids), _) => with_ids(by_scan, ids),
        (None, Some(count)) if is_indexed && count < MAX_SORTED_MATCHES.into() => by_index.clone(),
        _ => by_scan,
    };
    let items = tx.all(&ordered(rows, query), map)?;

    // A page that is not full ends the list, which saves counting.
    let is_last = items.len() < query.top as usize && (!items.is_empty() || query.skip == 0);
    if is_last {
        count = Some(i64::from(query.skip).saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX)));
    }
    let count = match (count, &cached_count) {
        (Some(count), Some(cached_count)) if cached.is_none() => {
            cached_count.put_count(count);
            count
        }
        (Some(count), _) => count,
        (None, Some(cached_count)) => cached_count.recount(tx, &by_index)?,
        (None, None) => count_rows(tx, &by_index)?,
    };
    Ok(Page { count, items })
}

/// Restricts a statement to the rows with these IDs.
fn with_ids(mut rows: SelectStatement, ids: &[i64]) -> SelectStatement {
    // Padded to a power of two, so that there are few distinct statements to prepare.
    let last = ids.last().into_iter().cycle();
    let ids = ids.iter().chain(last).take(ids.len().next_power_of_two());
    rows.and_where(Expr::col(ID).is_in(ids.copied())).to_owned()
}

fn matching(mut select: SelectStatement, list: &List, query: &ListQuery, plan: Plan) -> SelectStatement {
    match (&query.filter, plan) {
        (Some(filter), Plan::IndexThenSort) => drop(select.and_where(condition(filter, false))),
        (Some(Filter::And(parts)), Plan::ScanInOrder) => {
            let all = parts.iter().map(unindexed_condition).fold(Cond::all(), Cond::add);
            select.cond_where(all);
        }
        (Some(filter), Plan::ScanInOrder) => drop(select.and_where(unindexed_condition(filter))),
        (None, _) => {}
    }
    if let Some(search) = &query.search {
        select.and_where(search_condition(search, list));
    }
    select
}

fn ordered(mut select: SelectStatement, query: &ListQuery) -> SelectStatement {
    for key in &query.order {
        // The engines' defaults for the position of nulls differ.
        if key.descending {
            select.order_by_with_nulls(key.field.name, Order::Desc, NullOrdering::Last);
        } else {
            select.order_by_with_nulls(key.field.name, Order::Asc, NullOrdering::First);
        }
    }
    if !query.order.iter().any(|key| key.field.name == ID) {
        select.order_by(ID, Order::Asc);
    }
    select.limit(query.top.into()).offset(query.skip.into()).to_owned()
}

/// Counts rows up to [`MAX_SORTED_MATCHES`].
pub(super) fn count_up_to_max(tx: &mut Tx<'_>, select: &SelectStatement) -> Result<i64, StoreError> {
    let mut first_ones = select.clone();
    first_ones
        .clear_selects()
        .expr(Expr::value(1))
        .limit(MAX_SORTED_MATCHES.into());
    count_rows(tx, &Query::select().from_subquery(first_ones, "first_ones").to_owned())
}

fn is_selective(tx: &mut Tx<'_>, select: &SelectStatement) -> Result<bool, StoreError> {
    Ok(count_up_to_max(tx, select)? < MAX_SORTED_MATCHES.into())
}

/// Renders a condition in a form for which no engine uses an index, and which PostgreSQL estimates to match many rows.
pub(super) fn unindexed_condition(filter: &Filter) -> Expr {
    false_if_null(condition(filter, false))
}

fn false_if_null(condition: Expr) -> Expr {
    Func::coalesce([condition, Expr::value(false)]).into()
}

/// Renders a filter. For SQL, most comparisons with null are null, which is as good as false unless it is negated. So the parts under
/// an odd number of `not`s (`negated`) are rendered to be false instead, and the others stay as indexes and cached counts serve them.
pub(super) fn condition(filter: &Filter, negated: bool) -> Expr {
    let part = match filter {
        Filter::And(parts) => {
            let parts = parts.iter().map(|part| condition(part, negated));
            return parts.reduce(Expr::and).unwrap_or_else(|| Expr::value(true));
        }
        Filter::Or(parts) => {
            let parts = parts.iter().map(|part| condition(part, negated));
            return parts.reduce(Expr::or).unwrap_or_else(|| Expr::value(false));
        }
        Filter::Not(inner) => return condition(inner, !negated).not(),
        Filter::Compare(subject, comparison, operand) => match value(operand) {
            Some(value) if *comparison == Comparison::Ne => return column(subject).binary(DIFFERS, value),
            Some(value) => compare(column(subject), *comparison, value),
            None => return Expr::value(*comparison == Comparison::Ne),
        },
        Filter::CompareFields(left, Comparison::Eq, right) => return column(left).binary(EQUALS, column(right)),
        Filter::CompareFields(left, Comparison::Ne, right) => return column(left).binary(DIFFERS, column(right)),
        Filter::CompareFields(left, comparison, right) => compare(column(left), *comparison, column(right)),
        Filter::In(subject, operands) => {
            let values: Vec<Expr> = operands.iter().filter_map(value).collect();
            // Padded to a power of two, so that there are few distinct statements to prepare.
            let length = values.len().next_power_of_two();
            let last = values.last().cloned().into_iter().cycle();
            let values: Vec<Expr> = values.into_iter().chain(last).take(length).collect();
            match values.is_empty() {
                true => return Expr::value(false),
                false => column(subject).is_in(values),
            }
        }
        Filter::IsNull(field) => return Expr::col(field.name).is_null(),
        Filter::IsTrue(field) => Expr::col(field.name),
        Filter::Match(subject, function, string) => matches(subject, *function, string),
        Filter::Constant(value) => return Expr::value(*value),
    };
    match negated {
        true => false_if_null(part),
        false => part,
    }
}

fn matches(subject: &Subject, function: TextMatch, string: &str) -> Expr {
    let text = match subject.kind() {
        FieldKind::Id => column(subject).cast_as("text"),
        _ => column(subject),
    };
    match function {
        TextMatch::StartsWith if subject.case.is_none() && subject.kind().is_text() => starts_with(text, string),
        TextMatch::StartsWith => strpos(text, string.to_owned()).eq(1),
        TextMatch::Contains => strpos(text, string.to_owned()).gt(0),
        TextMatch::EndsWith => {
            let reversed: String = string.chars().rev().collect();
            strpos(Func::cust("reverse").arg(text).into(), reversed).eq(1)
        }
    }
}

/// Renders a prefix match as a range, which an index serves: from the prefix up to the next string without it. UTF-8 orders strings
/// by byte as by character, so the strings with the prefix are contiguous.
fn starts_with(subject: Expr, prefix: &str) -> Expr {
    let from = subject.clone().gte(prefix.to_owned());
    let mut until: Vec<char> = prefix.chars().collect();
    while let Some(last) = until.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            until.push(next);
            return from.and(subject.lt(until.into_iter().collect::<String>()));
        }
    }
    // The prefix consists of the last character only, so no string without it is greater.
    from
}

fn compare(left: Expr, comparison: Comparison, right: Expr) -> Expr {
    match comparison {
        Comparison::Eq => left.eq(right),
        Comparison::Ne => left.ne(right),
        Comparison::Gt => left.gt(right),
        Comparison::Ge => left.gte(right),
        Comparison::Lt => left.lt(right),
        Comparison::Le => left.lte(right),
    }
}

/// Returns the value to bind. An ID that does not parse was never issued, so it differs from all values.
fn value(operand: &Operand) -> Option<Expr> {
    Some(match operand {
        Operand::Text(string) => Expr::value(string.clone()),
        Operand::Id(id) => Expr::value(id.parse::<Id<()>>().ok()?.stored()),
        Operand::Integer(value) => Expr::value(*value),
        Operand::Real(value) => Expr::value(*value),
        Operand::Boolean(value) => Expr::value(*value),
        Operand::Time(at) => Expr::value(bound(at)),
    })
}

/// Renders a search: a term matches in any string column, and a null contains nothing.
pub(super) fn search_condition(search: &Search, list: &List) -> Expr {
    match search {
        Search::All(parts) => parts
            .iter()
            .map(|part| search_condition(part, list))
            .reduce(Expr::and)
            .unwrap_or_else(|| Expr::value(true)),
        Search::Any(parts) => parts
            .iter()
            .map(|part| search_condition(part, list))
            .reduce(Expr::or)
            .unwrap_or_else(|| Expr::value(false)),
        Search::Not(inner) => search_condition(inner, list).not(),
        Search::Term(term) => {
            let stored = list.search_text.map(Expr::col);
            let search_text = stored.or_else(|| concatenated(list.fields));
            search_text.map_or_else(|| Expr::value(false), |text| strpos(text, term.clone()).gt(0))
        }
    }
}

/// Concatenates the string columns and lowers their case, once for all of them because that takes longest. The separator keeps
/// terms from matching across columns.
fn concatenated(fields: &[ListField]) -> Option<Expr> {
    let strings = fields.iter().filter(|field| field.kind.is_text());
    let strings = strings.map(|field| Expr::from(Func::coalesce([Expr::col(field.name), Expr::value("")])));
    let all = strings.reduce(|all, next| all.binary(CONCATENATE, SEPARATOR).binary(CONCATENATE, next));
    all.map(|all| Func::cust("lower_unicode").arg(all).into())
}

/// Operators that are the same on both engines. For the last two, null is a value like others.
const CONCATENATE: BinOper = BinOper::Custom("||");
const EQUALS: BinOper = BinOper::Custom("IS NOT DISTINCT FROM");
const DIFFERS: BinOper = BinOper::Custom("IS DISTINCT FROM");

/// The "unit separator" control character, which separates strings that are searched together.
pub(super) const SEPARATOR: &str = "\u{1f}";

fn column(subject: &Subject) -> Expr {
    let column = Expr::col(subject.field.name);
    match subject.case {
        None => column,
        Some(LetterCase::Lower) => Func::cust("lower_unicode").arg(column).into(),
        Some(LetterCase::Upper) => Func::cust("upper_unicode").arg(column).into(),
    }
}

fn strpos(string: Expr, substring: String) -> Expr {
    Func::cust("strpos").arg(string).arg(substring).into()
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
