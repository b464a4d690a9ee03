//! The tables of dealers, their branches, and the tenants of each branch.

use pbx_domain::Id;
use pbx_domain::dealers::{BranchCounts, Dealer, Quota, StoredDealer};
use pbx_domain::kind::{self, Tenant};
use pbx_domain::session::Visibility;
use pbx_types::list::{ListQuery, Page};
use pbx_types::record::{ID, Record as _};
use sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};

use crate::accounts::{ACCOUNTS, ENABLED, NAME};
use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::{Row, value};
use crate::table::{
    Assignment, TENANT_ID, assignments, count, exists as row_exists, get, insert as insert_row, is, update as set,
};
use crate::tx::Tx;

pub(super) const DEALERS: &str = "dealers";
/// The dealers of each branch.
const BRANCHES: &str = "dealer_branches";
/// The tenants of each branch.
pub(super) const BRANCH_TENANTS: &str = "dealer_tenants";
/// The designations, from which the tenants of each branch follow.
pub(super) const TENANT_DEALERS: &str = "tenant_dealers";
pub(super) const ANCESTOR_ID: &str = "ancestor_id";
pub(super) const DEALER_ID: &str = "dealer_id";
pub(super) const LEVEL: &str = "level";

/// The columns of a dealer that are those of its account.
const OF_ACCOUNT: [&str; 2] = [NAME, ENABLED];

const LIST: List = List::short(Dealer::FIELDS);

/// Returns one page of the visible dealers.
pub fn page(tx: &mut Tx<'_>, visibility: Visibility, query: &ListQuery) -> Result<Page<StoredDealer>, StoreError> {
    list::page(tx, select(visibility), &LIST, query, read)
}

/// Returns the dealer with this ID, if it is visible.
pub fn by_id(
    tx: &mut Tx<'_>,
    visibility: Visibility,
    id: Id<kind::Dealer>,
) -> Result<Option<StoredDealer>, StoreError> {
    tx.first(select(visibility).and_where(is(ID, &id)), read)
}

/// Returns the e-mail address of the dealer with this account.
pub fn email(tx: &mut Tx<'_>, id: Id<kind::Account>) -> Result<Option<String>, StoreError> {
    Ok(get::<Option<String>>(tx, DEALERS, "email", is(ID, &id))?.flatten())
}

/// Inserts a dealer, whose account exists, below the parent.
pub fn insert(tx: &mut Tx<'_>, dealer: &StoredDealer, parent_id: Option<Id<kind::Dealer>>) -> Result<(), StoreError> {
    let further = [(ID, value(&dealer.id)), ("parent_id", value(&parent_id))];
    insert_row(tx, DEALERS, own_columns(dealer).chain(further))?;
    let above = match parent_id {
        None => Vec::new(),
        Some(parent_id) => ancestors(tx, parent_id)?,
    };
    let mut branches = Query::insert();
    branches.into_table(BRANCHES).columns([ANCESTOR_ID, DEALER_ID]);
    for ancestor_id in above.into_iter().chain([dealer.id]) {
        branches.values_panic([value(&ancestor_id).into(), value(&dealer.id).into()]);
    }
    tx.execute(&branches).map(drop)
}

/// Stores the properties of a dealer, except for those of its account.
pub fn update(tx: &mut Tx<'_>, id: Id<kind::Dealer>, dealer: &Dealer) -> Result<(), StoreError> {
    set(tx, DEALERS, own_columns(dealer), is(ID, &id)).map(drop)
}

/// Returns the columns that are not those of the account.
fn own_columns(dealer: &Dealer) -> impl Iterator<Item = Assignment> {
    assignments(dealer).filter(|(column, _)| !OF_ACCOUNT.contains(column))
}

/// Counts the objects that a dealer and all dealers below it have.
pub fn branch_counts(tx: &mut Tx<'_>, dealer_id: Id<kind::Dealer>) -> Result<BranchCounts, StoreError> {
    let below = is(ANCESTOR_ID, &dealer_id).and(Expr::col(DEALER_ID).ne(value(&dealer_id)));
    Ok(BranchCounts {
        dealers: count(tx, BRANCHES, Some(below))?,
        tenants: count_tenants(tx, dealer_id)?,
        users: count_users(tx, dealer_id)?,
    })
}

/// Returns `true` if the tenant belongs to the dealer or to one below it.
pub fn has_tenant_in_branch(
    tx: &mut Tx<'_>,
    dealer_id: Id<kind::Dealer>,
    tenant_id: Id<Tenant>,
) -> Result<bool, StoreError> {
    row_exists(
        tx,
        BRANCH_TENANTS,
        is(ANCESTOR_ID, &dealer_id).and(is(TENANT_ID, &tenant_id)),
    )
}

/// Returns `true` if there is a dealer with this ID.
pub fn exists(tx: &mut Tx<'_>, id: Id<kind::Dealer>) -> Result<bool, StoreError> {
    row_exists(tx, DEALERS, is(ID, &id))
}

/// Returns `true` if the dealer is this ancestor, or is below it.
pub fn is_in_branch(tx: &mut Tx<'_>, ancestor_id: Id<kind::Dealer>, id: Id<kind::Dealer>) -> Result<bool, StoreError> {
    row_exists(tx, BRANCHES, is(ANCESTOR_ID, &ancestor_id).and(is(DEALER_ID, &id)))
}

/// Selects the IDs of a dealer and of all dealers below it.
pub(super) fn branch_of(dealer_id: Id<kind::Dealer>) -> SelectStatement {
    Query::select()
        .column(DEALER_ID)
        .from(BRANCHES)
        .and_where(is(ANCESTOR_ID, &dealer_id))
        .to_owned()
}

/// Returns `true` if the dealer may act within the tenants of its branch.
pub fn has_full_access(tx: &mut Tx<'_>, dealer_id: Id<kind::Dealer>) -> Result<bool, StoreError> {
    Ok(get(tx, DEALERS, "tenant_full_access", is(ID, &dealer_id))?.unwrap_or(false))
}

/// Returns the quotas of a dealer and of each dealer above it, in the order of their IDs.
pub fn quotas_above(tx: &mut Tx<'_>, dealer_id: Id<kind::Dealer>) -> Result<Vec<Quota>, StoreError> {
    quotas(tx, Expr::col((BRANCHES, DEALER_ID)).eq(dealer_id.stored()))
}

/// Returns the quotas of the dealers of a tenant and of each dealer above them.
pub fn quotas_of_tenant(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<Vec<Quota>, StoreError> {
    let owners = Query::select()
        .column(DEALER_ID)
        .from(TENANT_DEALERS)
        .and_where(is(TENANT_ID, &tenant_id))
        .to_owned();
    quotas(tx, Expr::col((BRANCHES, DEALER_ID)).in_subquery(owners))
}

fn quotas(tx: &mut Tx<'_>, below: Expr) -> Result<Vec<Quota>, StoreError> {
    let select = Query::select()
        .distinct()
        .columns([(DEALERS, ID), (DEALERS, "max_tenants"), (DEALERS, "max_extensions")])
        .from(DEALERS)
        .inner_join(BRANCHES, Expr::col((BRANCHES, ANCESTOR_ID)).equals((DEALERS, ID)))
        .and_where(below)
        .order_by((DEALERS, ID), sea_query::Order::Asc)
        .to_owned();
    tx.all(&select, |row| {
        Ok(Quota {
            dealer_id: row.get(0)?,
            max_tenants: row.get(1)?,
            max_extensions: row.get(2)?,
        })
    })
}

/// Counts the tenants of a dealer and of all dealers below it. A tenant with several of these dealers is counted once.
pub fn count_tenants(tx: &mut Tx<'_>, dealer_id: Id<kind::Dealer>) -> Result<i64, StoreError> {
    count(tx, BRANCH_TENANTS, Some(is(ANCESTOR_ID, &dealer_id)))
}

/// Counts the users of the tenants of a dealer and of all dealers below it.
pub fn count_users(tx: &mut Tx<'_>, dealer_id: Id<kind::Dealer>) -> Result<i64, StoreError> {
    let of_branch = Expr::col(TENANT_ID).in_subquery(tenants_of(dealer_id));
    count(tx, ACCOUNTS, Some(of_branch))
}

/// Returns a dealer and all dealers above it.
fn ancestors(tx: &mut Tx<'_>, dealer_id: Id<kind::Dealer>) -> Result<Vec<Id<kind::Dealer>>, StoreError> {
    let select = Query::select()
        .column(ANCESTOR_ID)
        .from(BRANCHES)
        .and_where(is(DEALER_ID, &dealer_id))
        .to_owned();
    tx.all(&select, |row| row.get(0))
}

/// Selects the visible dealers, with the columns that the API shows. A dealer does not see itself.
fn select(visibility: Visibility) -> SelectStatement {
    let columns = Dealer::COLUMNS.iter().map(|column| column.name);
    let (mut inner, mut outer) = (Query::select(), Query::select());
    for column in [ID].into_iter().chain(columns) {
        let table = if OF_ACCOUNT.contains(&column) {
            ACCOUNTS
        } else {
            DEALERS
        };
        inner.expr_as(Expr::col((table, column)), column);
        outer.column(column);
    }
    inner
        .from(DEALERS)
        .inner_join(ACCOUNTS, Expr::col((ACCOUNTS, ID)).equals((DEALERS, ID)));
    if let Visibility::Branch(dealer_id) = visibility {
        inner
            .inner_join(BRANCHES, Expr::col((BRANCHES, DEALER_ID)).equals((DEALERS, ID)))
            .and_where(Expr::col((BRANCHES, ANCESTOR_ID)).eq(value(&dealer_id)))
            .and_where(Expr::col((DEALERS, ID)).ne(value(&dealer_id)));
    }
    outer.from_subquery(inner, "visible").to_owned()
}

fn read(row: &Row<'_>) -> Result<StoredDealer, StoreError> {
    Ok(StoredDealer {
        id: row.get(0)?,
        value: row.record(DEALERS, 1)?,
    })
}

/// Selects the IDs of the tenants of a dealer and of all dealers below it.
pub(super) fn tenants_of(dealer_id: Id<kind::Dealer>) -> SelectStatement {
    Query::select()
        .column(TENANT_ID)
        .from(BRANCH_TENANTS)
        .and_where(is(ANCESTOR_ID, &dealer_id))
        .to_owned()
}

/// Adds a tenant to the branch of a dealer and to those of all dealers above it.
pub(super) fn add_tenant_to_branches(
    tx: &mut Tx<'_>,
    dealer_id: Id<kind::Dealer>,
    tenant_id: Id<Tenant>,
) -> Result<(), StoreError> {
    let above = Query::select()
        .column(ANCESTOR_ID)
        .expr(Expr::value(tenant_id.stored()))
        .from(BRANCHES)
        .and_where(is(DEALER_ID, &dealer_id))
        .to_owned();
    let mut insert = Query::insert();
    insert
        .into_table(BRANCH_TENANTS)
        .columns([ANCESTOR_ID, TENANT_ID])
        .on_conflict(OnConflict::columns([ANCESTOR_ID, TENANT_ID]).do_nothing().to_owned());
    insert
        .select_from(above)
        .map_err(|error| StoreError::Engine(error.to_string()))?;
    tx.execute(&insert).map(drop)
}

/// Removes a tenant from every branch in which no dealer has it, according to `tenant_dealers`.
pub(super) fn remove_tenant_from_branches(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<(), StoreError> {
    let owners = Query::select()
        .column(DEALER_ID)
        .from(TENANT_DEALERS)
        .and_where(is(TENANT_ID, &tenant_id))
        .to_owned();
    let above = Query::select()
        .column(ANCESTOR_ID)
        .from(BRANCHES)
        .and_where(Expr::col(DEALER_ID).in_subquery(owners))
        .to_owned();
    let elsewhere = is(TENANT_ID, &tenant_id).and(Expr::col(ANCESTOR_ID).not_in_subquery(above));
    crate::table::delete(tx, BRANCH_TENANTS, elsewhere).map(drop)
}
