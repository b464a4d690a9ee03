//! Lists of the audit log, which can become the longest table. A page is read in the order of time, through an index, and the number of
//! all matches is cached: entries are only added at the end, so that only those since the last request are counted.

use pbx_domain::audit::Audience;
use pbx_domain::audit_logs::AuditLog;
use pbx_domain::{Id, Stored};
use pbx_types::list::filter::{Comparison, Filter};
use pbx_types::list::{ListQuery, Page};
use pbx_types::record::{ID, Record as _};
use sea_query::{Expr, ExprTrait, Func, NullOrdering, Order, Query, SelectStatement, SqliteQueryBuilder, UnionType};

use crate::accounts::CREATED_AT;
use crate::cached_count::count_rows;
use crate::count_cache::{CountEntry, lock};
use crate::dealers::{DEALER_ID, branch_of, tenants_of};
use crate::error::StoreError;
use crate::list::{List, MAX_SORTED_MATCHES, condition, count_up_to_max, search_condition, unindexed_condition};
use crate::row::Row;
use crate::table::{TENANT_ID, is};
use crate::tx::Tx;

/// A view of the entries with the names of the API, and the revision of each, which ascends with the order of the commits.
const AUDIT_LOGS: &str = "audit_logs";

/// A view of one row with the part of the log that a transaction sees.
const LOG_REVISION: &str = "audit_log_revision";

const REVISION: &str = "revision";

/// Fields whose comparisons an index serves: the order of a page is that of `created_at`.
const INDEXED: [&str; 3] = [ID, CREATED_AT, TENANT_ID];

const LIST: List = List::short(AuditLog::FIELDS);

/// Returns one page of the entries that the audience sees, the newest first unless the query has another order.
pub fn page(tx: &mut Tx<'_>, audience: Audience, query: &ListQuery) -> Result<Page<Stored<AuditLog>>, StoreError> {
    let (rows, count) = match audience {
        Audience::System => counted(tx, Matches::new(query))?,
        Audience::Tenant(id) => counted(tx, Matches::new(query).and(is(TENANT_ID, &id)))?,
        Audience::Branch(id) => of_branch(tx, id, query)?,
    };
    // With the limit, reading ends at the last match and not at the oldest entry.
    let remaining = u64::try_from(count).unwrap_or(0).saturating_sub(query.skip.into());
    let items = match Ord::min(remaining, u64::from(query.top)) {
        0 => Vec::new(),
        limit => tx.all(ordered(rows, query).limit(limit).offset(query.skip.into()), read)?,
    };
    Ok(Page { count, items })
}

/// The conditions of a query.
#[derive(Clone, Default)]
struct Matches {
    /// Those that an index serves.
    indexed: Vec<Expr>,
    /// The others, in a form for which no engine looks for an index.
    others: Vec<Expr>,
}

impl Matches {
    fn new(query: &ListQuery) -> Self {
        let mut matches = Self::default();
        let parts = match &query.filter {
            Some(Filter::And(parts)) => parts.as_slice(),
            filter => filter.as_slice(),
        };
        for part in parts {
            match part {
                Filter::Compare(field, comparison, _)
                    if *comparison != Comparison::Ne && field.case.is_none() && INDEXED.contains(&field.field.name) =>
                {
                    matches.indexed.push(condition(part, false));
                }
                part => matches.others.push(unindexed_condition(part)),
            }
        }
        matches
            .others
            .extend(query.search.iter().map(|search| search_condition(search, &LIST)));
        matches
    }

    fn and(mut self, indexed: Expr) -> Self {
        self.indexed.push(indexed);
        self
    }

    /// Selects the matches, through an index where one serves.
    fn select(&self) -> SelectStatement {
        let mut select = entries();
        for condition in self.indexed.iter().chain(&self.others) {
            select.and_where(condition.clone());
        }
        select
    }

    /// Selects the matches in a form for which no engine uses the indexes of the conditions.
    fn select_unindexed(&self) -> SelectStatement {
        let mut select = entries();
        for condition in self.indexed.iter().cloned().map(unindexed).chain(self.others.clone()) {
            select.and_where(condition);
        }
        select
    }
}

/// Returns the matches with their number, from the cache and from the entries since then.
fn counted(tx: &mut Tx<'_>, matches: Matches) -> Result<(SelectStatement, i64), StoreError> {
    let rows = matches.select();
    let Some(cache) = tx.counts() else {
        let count = count_rows(tx, &rows)?;
        return Ok((rows, count));
    };
    let Snapshot {
        settled,
        newest,
        oldest,
    } = snapshot(tx)?;
    // The oldest entries are deleted first, which makes this another key.
    let key = format!("{oldest:?} {}", rows.to_string(SqliteQueryBuilder));
    let entry = cache.entry(&key);
    // Held during the queries: concurrent callers wait for the result instead of running the same ones.
    let mut entry = lock(&entry);
    let revision = || Expr::col(REVISION);
    let before = match *entry {
        // A previous caller may have seen more than this transaction does.
        CountEntry::Count { visible_before, .. } if visible_before > settled => {
            let count = count_rows(tx, &rows)?;
            return Ok((rows, count));
        }
        CountEntry::Count { visible_before, count } if newest < visible_before => count,
        CountEntry::Count { visible_before, count } => {
            let since = revision().gte(visible_before).and(revision().lt(settled));
            count + count_rows(tx, matches.select_unindexed().and_where(since))?
        }
        CountEntry::Empty | CountEntry::Ids { .. } => {
            count_rows(tx, rows.clone().and_where(unindexed(revision().lt(settled))))?
        }
    };
    *entry = CountEntry::Count {
        visible_before: settled,
        count: before,
    };
    let count = if newest < settled {
        before
    } else {
        before + count_rows(tx, matches.select_unindexed().and_where(revision().gte(settled)))?
    };
    Ok((rows, count))
}

/// The part of the log that a transaction sees.
struct Snapshot {
    /// Every entry with a lower revision is visible.
    settled: i64,
    /// The last visible revision; `i64::MIN` if there are no entries.
    newest: i64,
    /// The ID of the first entry.
    oldest: Option<i64>,
}

fn snapshot(tx: &mut Tx<'_>) -> Result<Snapshot, StoreError> {
    let select = Query::select()
        .columns(["settled", "newest", "oldest"])
        .from(LOG_REVISION)
        .to_owned();
    let snapshot = tx.first(&select, |row| {
        Ok(Snapshot {
            settled: row.get(0)?,
            newest: row.get::<Option<i64>>(1)?.unwrap_or(i64::MIN),
            oldest: row.get(2)?,
        })
    })?;
    snapshot.ok_or_else(|| StoreError::Engine(format!("{LOG_REVISION} has no row")))
}

/// Returns the matches of a dealer's branch, with their number. It is not cached, because the tenants of a branch change.
fn of_branch(
    tx: &mut Tx<'_>,
    dealer_id: Id<pbx_domain::kind::Dealer>,
    query: &ListQuery,
) -> Result<(SelectStatement, i64), StoreError> {
    let matches = Matches::new(query);
    let of_tenants = || Expr::col(TENANT_ID).in_subquery(tenants_of(dealer_id));
    let of_dealers = || Expr::col(DEALER_ID).in_subquery(branch_of(dealer_id));
    // Each match is in one of the two, so that an index counts each alone.
    let parts = [
        matches.select().and_where(of_tenants()).to_owned(),
        matches
            .select()
            .and_where(of_dealers())
            .and_where(unindexed(of_tenants()).not())
            .to_owned(),
    ];
    let mut count = 0;
    for part in &parts {
        count += count_up_to_max(tx, part)?;
    }
    // Few matches are fetched through the indexes and sorted. With more, reading in the order of time fills a page sooner.
    if count < MAX_SORTED_MATCHES.into() {
        let [mut ids, of_dealers] = parts.map(|mut part| part.clear_selects().column(ID).to_owned());
        ids.union(UnionType::All, of_dealers);
        let by_index = entries().and_where(Expr::col(ID).in_subquery(ids)).to_owned();
        return Ok((by_index, count));
    }
    count = 0;
    for part in &parts {
        count += count_rows(tx, part)?;
    }
    let in_order = matches
        .select()
        .and_where(unindexed(of_tenants().or(of_dealers())))
        .to_owned();
    Ok((in_order, count))
}

/// Renders a condition in a form for which no engine uses an index.
fn unindexed(condition: Expr) -> Expr {
    Func::coalesce([condition, Expr::value(false)]).into()
}

/// Selects the entries, with the columns that [`read`] expects.
fn entries() -> SelectStatement {
    let columns = AuditLog::COLUMNS.iter().map(|column| column.name);
    Query::select()
        .columns([ID].into_iter().chain(columns))
        .from(AUDIT_LOGS)
        .to_owned()
}

fn read(row: &Row<'_>) -> Result<Stored<AuditLog>, StoreError> {
    Ok(Stored {
        id: row.get(0)?,
        value: row.record(AUDIT_LOGS, 1)?,
    })
}

/// Sorts the entries. The ID breaks ties, in the direction of the last key, which is that of the index.
fn ordered(mut rows: SelectStatement, query: &ListQuery) -> SelectStatement {
    let order = |descending| if descending { Order::Desc } else { Order::Asc };
    for key in &query.order {
        match key.field.name {
            // Never null.
            name @ (ID | CREATED_AT) => rows.order_by(name, order(key.descending)),
            name if key.descending => rows.order_by_with_nulls(name, Order::Desc, NullOrdering::Last),
            name => rows.order_by_with_nulls(name, Order::Asc, NullOrdering::First),
        };
    }
    if query.order.is_empty() {
        rows.order_by(CREATED_AT, Order::Desc);
    }
    if !query.order.iter().any(|key| key.field.name == ID) {
        let descending = query.order.last().is_none_or(|key| key.descending);
        rows.order_by(ID, order(descending));
    }
    rows
}

#[cfg(test)]
mod tests;
