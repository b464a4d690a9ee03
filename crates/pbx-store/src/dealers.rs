//! Queries of dealers, their branches, and the tenants of each branch.

use pbx_domain::Id;
use pbx_domain::dealers::{BranchCounts, Dealer, DealerSettings, FIELDS, Quota};
use pbx_domain::session::Visibility;
use pbx_types::list::{ListQuery, Page};
use sea_query::{Asterisk, Expr, ExprTrait, Func, OnConflict, Query, SelectStatement};

use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::Row;
use crate::tx::Tx;

const LIST: List = List::short(FIELDS);

/// Returns one page of the visible dealers.
pub fn page(tx: &mut Tx<'_>, visibility: Visibility, query: &ListQuery) -> Result<Page<Dealer>, StoreError> {
    list::page(tx, select(visibility), &LIST, query, read)
}

/// Returns the dealer with this ID, if it is visible.
pub fn by_id(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<Option<Dealer>, StoreError> {
    tx.first(select(visibility).and_where(Expr::col("id").eq(id.stored())), read)
}

/// Inserts a dealer, whose account exists, below the parent.
pub fn insert(tx: &mut Tx<'_>, dealer: &Dealer, parent_id: Option<Id>) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    let settings = &dealer.settings;
    insert
        .into_table("dealers")
        .columns([
            "id",
            "parent_id",
            "level",
            "email",
            "display_name",
            "website",
            "phone",
            "address",
            "description",
            "max_tenants",
            "max_extensions",
            "tenant_full_access",
        ])
        .values_panic([
            dealer.id.stored().into(),
            parent_id.map(Id::stored).into(),
            dealer.level.as_str().into(),
            settings.email.clone().into(),
            settings.display_name.clone().into(),
            settings.website.clone().into(),
            settings.phone.clone().into(),
            settings.address.clone().into(),
            settings.description.clone().into(),
            settings.max_tenants.into(),
            settings.max_extensions.into(),
            settings.tenant_full_access.into(),
        ]);
    tx.execute(&insert)?;
    let above = match parent_id {
        None => Vec::new(),
        Some(parent_id) => ancestors(tx, parent_id)?,
    };
    let mut branches = Query::insert();
    branches
        .into_table("dealer_branches")
        .columns(["ancestor_id", "dealer_id"]);
    for ancestor_id in above.into_iter().chain([dealer.id]) {
        branches.values_panic([ancestor_id.stored().into(), dealer.id.stored().into()]);
    }
    tx.execute(&branches).map(drop)
}

/// Stores the settings of a dealer, except for those of its account.
pub fn update(tx: &mut Tx<'_>, dealer: &Dealer) -> Result<(), StoreError> {
    let mut update = Query::update();
    let settings = &dealer.settings;
    update
        .table("dealers")
        .value("email", settings.email.clone())
        .value("display_name", settings.display_name.clone())
        .value("website", settings.website.clone())
        .value("phone", settings.phone.clone())
        .value("address", settings.address.clone())
        .value("description", settings.description.clone())
        .value("max_tenants", settings.max_tenants)
        .value("max_extensions", settings.max_extensions)
        .value("tenant_full_access", settings.tenant_full_access)
        .and_where(Expr::col("id").eq(dealer.id.stored()));
    tx.execute(&update).map(drop)
}

/// Counts the objects that a dealer and all dealers below it have.
pub fn branch_counts(tx: &mut Tx<'_>, dealer_id: Id) -> Result<BranchCounts, StoreError> {
    let below = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("dealer_branches")
        .and_where(Expr::col("ancestor_id").eq(dealer_id.stored()))
        .and_where(Expr::col("dealer_id").ne(dealer_id.stored()))
        .to_owned();
    Ok(BranchCounts {
        dealers: tx.first(&below, |row| row.get(0))?.unwrap_or(0),
        tenants: count_tenants(tx, dealer_id)?,
        users: count_users(tx, dealer_id)?,
    })
}

/// Returns `true` if the tenant belongs to the dealer or to one below it.
pub fn has_tenant_in_branch(tx: &mut Tx<'_>, dealer_id: Id, tenant_id: Id) -> Result<bool, StoreError> {
    let select = tenants_of(dealer_id)
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Returns `true` if there is a dealer with this ID.
pub fn exists(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("id")
        .from("dealers")
        .and_where(Expr::col("id").eq(id.stored()))
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Returns `true` if the dealer is this ancestor, or is below it.
pub fn is_in_branch(tx: &mut Tx<'_>, ancestor_id: Id, id: Id) -> Result<bool, StoreError> {
    let select = branch_of(ancestor_id)
        .and_where(Expr::col("dealer_id").eq(id.stored()))
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Selects the IDs of a dealer and of all dealers below it.
pub(super) fn branch_of(dealer_id: Id) -> SelectStatement {
    Query::select()
        .column("dealer_id")
        .from("dealer_branches")
        .and_where(Expr::col("ancestor_id").eq(dealer_id.stored()))
        .to_owned()
}

/// Returns `true` if the dealer may act within the tenants of its branch.
pub fn has_full_access(tx: &mut Tx<'_>, dealer_id: Id) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("tenant_full_access")
        .from("dealers")
        .and_where(Expr::col("id").eq(dealer_id.stored()))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(false))
}

/// Returns the quotas of a dealer and of each dealer above it, in the order of their IDs.
pub fn quotas_above(tx: &mut Tx<'_>, dealer_id: Id) -> Result<Vec<Quota>, StoreError> {
    quotas(tx, Expr::col(("dealer_branches", "dealer_id")).eq(dealer_id.stored()))
}

/// Returns the quotas of the dealers of a tenant and of each dealer above them.
pub fn quotas_of_tenant(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Vec<Quota>, StoreError> {
    let owners = Query::select()
        .column("dealer_id")
        .from("tenant_dealers")
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned();
    quotas(tx, Expr::col(("dealer_branches", "dealer_id")).in_subquery(owners))
}

fn quotas(tx: &mut Tx<'_>, below: Expr) -> Result<Vec<Quota>, StoreError> {
    let select = Query::select()
        .distinct()
        .columns([
            ("dealers", "id"),
            ("dealers", "max_tenants"),
            ("dealers", "max_extensions"),
        ])
        .from("dealers")
        .inner_join(
            "dealer_branches",
            Expr::col(("dealer_branches", "ancestor_id")).equals(("dealers", "id")),
        )
        .and_where(below)
        .order_by(("dealers", "id"), sea_query::Order::Asc)
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
pub fn count_tenants(tx: &mut Tx<'_>, dealer_id: Id) -> Result<i64, StoreError> {
    let count = Func::count(Expr::col(Asterisk));
    let select = tenants_of(dealer_id).clear_selects().expr(count).to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// Counts the users of the tenants of a dealer and of all dealers below it.
pub fn count_users(tx: &mut Tx<'_>, dealer_id: Id) -> Result<i64, StoreError> {
    let select = Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from("accounts")
        .and_where(Expr::col("tenant_id").in_subquery(tenants_of(dealer_id)))
        .to_owned();
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
}

/// Returns a dealer and all dealers above it.
fn ancestors(tx: &mut Tx<'_>, dealer_id: Id) -> Result<Vec<Id>, StoreError> {
    let select = Query::select()
        .column("ancestor_id")
        .from("dealer_branches")
        .and_where(Expr::col("dealer_id").eq(dealer_id.stored()))
        .to_owned();
    tx.all(&select, |row| row.get(0))
}

/// Selects the visible dealers, with the columns that the API shows. A dealer does not see itself.
fn select(visibility: Visibility) -> SelectStatement {
    let account = |column: &'static str| (Expr::col(("accounts", column)), column);
    let dealer = |column: &'static str| (Expr::col(("dealers", column)), column);
    let columns = [
        dealer("id"),
        account("name"),
        account("enabled"),
        dealer("level"),
        dealer("email"),
        dealer("display_name"),
        dealer("website"),
        dealer("phone"),
        dealer("address"),
        dealer("description"),
        dealer("max_tenants"),
        dealer("max_extensions"),
        dealer("tenant_full_access"),
    ];
    let mut outer = Query::select();
    outer.columns(columns.each_ref().map(|(_, name)| *name));
    let mut inner = Query::select();
    inner
        .from("dealers")
        .inner_join("accounts", Expr::col(("accounts", "id")).equals(("dealers", "id")));
    for (column, name) in columns {
        inner.expr_as(column, name);
    }
    if let Visibility::Branch(dealer_id) = visibility {
        inner
            .inner_join(
                "dealer_branches",
                Expr::col(("dealer_branches", "dealer_id")).equals(("dealers", "id")),
            )
            .and_where(Expr::col(("dealer_branches", "ancestor_id")).eq(dealer_id.stored()))
            .and_where(Expr::col(("dealers", "id")).ne(dealer_id.stored()));
    }
    outer.from_subquery(inner, "visible").to_owned()
}

fn read(row: &Row<'_>) -> Result<Dealer, StoreError> {
    let level: String = row.get(3)?;
    Ok(Dealer {
        id: row.get(0)?,
        name: row.get(1)?,
        level: level
            .parse()
            .map_err(|()| StoreError::Engine(format!("{level:?} is not a level of dealers")))?,
        settings: DealerSettings {
            enabled: row.get(2)?,
            email: row.get(4)?,
            display_name: row.get(5)?,
            website: row.get(6)?,
            phone: row.get(7)?,
            address: row.get(8)?,
            description: row.get(9)?,
            max_tenants: row.get(10)?,
            max_extensions: row.get(11)?,
            tenant_full_access: row.get(12)?,
        },
    })
}

/// Selects the IDs of the tenants of a dealer and of all dealers below it.
fn tenants_of(dealer_id: Id) -> SelectStatement {
    Query::select()
        .column("tenant_id")
        .from("dealer_tenants")
        .and_where(Expr::col("ancestor_id").eq(dealer_id.stored()))
        .to_owned()
}

/// Adds a tenant to the branch of a dealer and to those of all dealers above it.
pub(super) fn add_tenant_to_branches(tx: &mut Tx<'_>, dealer_id: Id, tenant_id: Id) -> Result<(), StoreError> {
    let above = Query::select()
        .column("ancestor_id")
        .expr(Expr::value(tenant_id.stored()))
        .from("dealer_branches")
        .and_where(Expr::col("dealer_id").eq(dealer_id.stored()))
        .to_owned();
    let mut insert = Query::insert();
    insert
        .into_table("dealer_tenants")
        .columns(["ancestor_id", "tenant_id"])
        .on_conflict(
            OnConflict::columns(["ancestor_id", "tenant_id"])
                .do_nothing()
                .to_owned(),
        );
    insert
        .select_from(above)
        .map_err(|error| StoreError::Engine(error.to_string()))?;
    tx.execute(&insert).map(drop)
}

/// Removes a tenant from every branch in which no dealer has it, according to `tenant_dealers`.
pub(super) fn remove_tenant_from_branches(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), StoreError> {
    let owners = Query::select()
        .column("dealer_id")
        .from("tenant_dealers")
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned();
    let above = Query::select()
        .column("ancestor_id")
        .from("dealer_branches")
        .and_where(Expr::col("dealer_id").in_subquery(owners))
        .to_owned();
    let mut delete = Query::delete();
    delete
        .from_table("dealer_tenants")
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .and_where(Expr::col("ancestor_id").not_in_subquery(above));
    tx.execute(&delete).map(drop)
}
