//! Queries of tenants.

use pbx_domain::Id;
use pbx_domain::session::Visibility;
use pbx_domain::setting::Owner;
use pbx_domain::tenants::designation::TenantDealer;
use pbx_domain::tenants::tenant::{FIELDS, Profile, Settings, Tenant, TenantSummary};
use pbx_types::list::filter::{Comparison, Filter, Operand};
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query, Value};

use crate::change_log::ChangeLog;
use crate::error::StoreError;
use crate::list::List;
use crate::row::{Row, time};
use crate::tx::Tx;
use crate::{dealers, list, settings};

/// The unique key over the SIP domain in lower case.
pub const UNIQUE_DOMAIN: &str = "tenants_domain_key";

/// Returns the ID of the tenant with this SIP domain, compared without case.
pub fn id_by_domain(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Id>, StoreError> {
    let select = Query::select()
        .column("id")
        .from("tenants")
        .and_where(Expr::col("domain_key").eq(domain.to_lowercase()))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Returns `true` if there is a tenant with this ID.
pub fn exists(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    Ok(enabled(tx, id)?.is_some())
}

/// Returns `true` if there is a tenant with this ID and it is enabled.
pub fn is_enabled(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    Ok(enabled(tx, id)?.unwrap_or(false))
}

/// Returns `true` if there is a tenant with this ID and it is visible.
pub fn is_visible(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<bool, StoreError> {
    match visibility {
        Visibility::System => exists(tx, id),
        Visibility::Branch(dealer_id) => dealers::has_tenant_in_branch(tx, dealer_id, id),
    }
}

/// Lists of tenants must stay fast with a hundred thousand of them, so every field has an index.
const LIST: List = List {
    fields: FIELDS,
    indexed: &[
        "id",
        "name",
        "domain",
        "website",
        "timezone",
        "currency",
        "region",
        "enabled",
        "max_extensions",
        "max_concurrent_calls",
        "created_at",
        ANCESTOR.name,
    ],
    search_text: Some("search_text"),
    substring_index: Some("tenant_texts"),
    change_log: Some(&LOG),
};

/// The log of the changes that affect lists of tenants.
pub(super) static LOG: ChangeLog = ChangeLog {
    table: "tenant_changes",
    id_column: "tenant_id",
    view: "tenant_revision",
};

/// Deletes old entries of the change log.
pub fn trim_change_log(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    LOG.trim(tx)
}

/// The dealer of a branch with the tenant, as a field for filters.
static ANCESTOR: ListField = ListField::new("ancestor_id", FieldKind::Id);

/// Returns one page of the visible tenants.
pub fn page(tx: &mut Tx<'_>, visibility: Visibility, query: &ListQuery) -> Result<Page<TenantSummary>, StoreError> {
    let mut select = Query::select();
    select.columns(PROFILE).from("tenants");
    let Visibility::Branch(dealer_id) = visibility else {
        return list::page(tx, select, &LIST, query, summary);
    };
    select.inner_join("dealer_tenants", Expr::col("tenant_id").equals("id"));
    let within = Filter::Compare(&ANCESTOR, Comparison::Eq, Operand::Id(dealer_id.to_string()));
    list::page(tx, select, &LIST, &query.clone().and(within), summary)
}

/// Returns the tenant with this ID.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Tenant>, StoreError> {
    let select = Query::select()
        .columns(PROFILE)
        .from("tenants")
        .and_where(Expr::col("id").eq(id.stored()))
        .to_owned();
    let Some(summary) = tx.first(&select, summary)? else {
        return Ok(None);
    };
    Ok(Some(Tenant {
        id: summary.id,
        created_at: summary.created_at,
        profile: summary.profile,
        settings: settings::load_for(tx, Owner::Tenant(id))?,
    }))
}

/// Inserts a tenant. A domain that is taken violates [`UNIQUE_DOMAIN`].
pub fn insert(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), StoreError> {
    let (mut columns, mut values) = (
        vec!["id", "created_at"],
        vec![tenant.id.stored().into(), time(tenant.created_at)],
    );
    for (column, value) in changeable(tenant)? {
        columns.push(column);
        values.push(value);
    }
    let mut insert = Query::insert();
    insert
        .into_table("tenants")
        .columns(columns)
        .values_panic(values.into_iter().map(Expr::from));
    tx.execute(&insert)?;
    settings::save_for(tx, Owner::Tenant(tenant.id), &tenant.settings)
}

/// Stores the properties of a tenant that can change. A domain that is taken violates [`UNIQUE_DOMAIN`].
pub fn update(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("tenants")
        .and_where(Expr::col("id").eq(tenant.id.stored()));
    for (column, value) in changeable(tenant)? {
        update.value(column, value);
    }
    tx.execute(&update)?;
    settings::save_for(tx, Owner::Tenant(tenant.id), &tenant.settings)
}

/// Deletes a tenant with everything that belongs to it.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete.from_table("tenants").and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&delete).map(drop)
}

/// Designates a tenant to a dealer. Idempotent.
pub fn designate(tx: &mut Tx<'_>, id: Id, dealer_id: Id) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("tenant_dealers")
        .columns(["tenant_id", "dealer_id"])
        .values_panic([id.stored().into(), dealer_id.stored().into()])
        .on_conflict(OnConflict::columns(["tenant_id", "dealer_id"]).do_nothing().to_owned());
    tx.execute(&insert)?;
    dealers::add_tenant_to_branches(tx, dealer_id, id)
}

/// Removes the designation of a tenant to a dealer.
pub fn remove_designation(tx: &mut Tx<'_>, id: Id, dealer_id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("tenant_dealers")
        .and_where(Expr::col("tenant_id").eq(id.stored()))
        .and_where(Expr::col("dealer_id").eq(dealer_id.stored()));
    tx.execute(&delete)?;
    dealers::remove_tenant_from_branches(tx, id)
}

/// Returns `true` if the tenant is designated to this dealer itself.
pub fn is_designated(tx: &mut Tx<'_>, id: Id, dealer_id: Id) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("dealer_id")
        .from("tenant_dealers")
        .and_where(Expr::col("tenant_id").eq(id.stored()))
        .and_where(Expr::col("dealer_id").eq(dealer_id.stored()))
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Returns the visible dealers that a tenant is designated to, the oldest first.
pub fn dealers_of(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<Vec<TenantDealer>, StoreError> {
    let mut select = Query::select();
    select
        .columns([("accounts", "id"), ("accounts", "enabled"), ("dealers", "level")])
        .columns([("accounts", "name"), ("dealers", "display_name")])
        .from("tenant_dealers")
        .inner_join(
            "dealers",
            Expr::col(("dealers", "id")).equals(("tenant_dealers", "dealer_id")),
        )
        .inner_join("accounts", Expr::col(("accounts", "id")).equals(("dealers", "id")))
        .and_where(Expr::col(("tenant_dealers", "tenant_id")).eq(id.stored()))
        .order_by(("accounts", "id"), Order::Asc);
    if let Visibility::Branch(dealer_id) = visibility {
        select.and_where(Expr::col(("dealers", "id")).in_subquery(dealers::branch_of(dealer_id)));
    }
    tx.all(&select, |row| {
        let level: String = row.get(2)?;
        Ok(TenantDealer {
            id: row.get(0)?,
            enabled: row.get(1)?,
            level: level
                .parse()
                .map_err(|()| StoreError::Engine(format!("{level:?} is not a level of dealers")))?,
            name: row.get(3)?,
            display_name: row.get(4)?,
        })
    })
}

/// The columns of [`summary`].
const PROFILE: [&str; 12] = [
    "id",
    "created_at",
    "name",
    "domain",
    "website",
    "timezone",
    "currency",
    "region",
    "enabled",
    "max_extensions",
    "max_concurrent_calls",
    "avatar_file_id",
];

fn summary(row: &Row<'_>) -> Result<TenantSummary, StoreError> {
    let number = |index| -> Result<i32, StoreError> {
        let wide: i64 = row.get(index)?;
        wide.try_into()
            .map_err(|_| StoreError::Engine(format!("a stored tenant has an unreadable {}", PROFILE[index])))
    };
    Ok(TenantSummary {
        id: row.get(0)?,
        created_at: row.get(1)?,
        profile: Profile {
            name: row.get(2)?,
            domain: row.get(3)?,
            website: row.get(4)?,
            timezone: row.get(5)?,
            currency: row.get(6)?,
            region: row.get(7)?,
            enabled: row.get(8)?,
            max_extensions: number(9)?,
            max_concurrent_calls: number(10)?,
            avatar_file_id: row.get::<Option<Id>>(11)?.map(|id| id.to_string()),
        },
    })
}

/// Returns the columns that an update can change, with their values.
fn changeable(tenant: &Tenant) -> Result<Vec<(&'static str, Value)>, StoreError> {
    let Profile {
        name,
        domain,
        website,
        timezone,
        currency,
        region,
        enabled,
        max_extensions,
        max_concurrent_calls,
        avatar_file_id,
    } = &tenant.profile;
    let avatar: Option<Id> = avatar_file_id
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|_| StoreError::Engine("the avatar of a tenant is not an ID".to_owned()))?;
    Ok(vec![
        ("name", name.clone().into()),
        ("domain", domain.clone().into()),
        ("domain_key", domain.to_lowercase().into()),
        ("website", website.clone().into()),
        ("timezone", timezone.clone().into()),
        ("currency", currency.clone().into()),
        ("region", region.clone().into()),
        ("enabled", (*enabled).into()),
        ("max_extensions", i64::from(*max_extensions).into()),
        ("max_concurrent_calls", i64::from(*max_concurrent_calls).into()),
        ("avatar_file_id", avatar.map(Id::stored).into()),
        ("search_text", search_text(&tenant.profile).into()),
    ])
}

/// Returns the string for free-text search: every string of [`FIELDS`], in lower case.
fn search_text(profile: &Profile) -> String {
    let Profile {
        name,
        domain,
        website,
        timezone,
        currency,
        region,
        ..
    } = profile;
    let website = website.as_deref().unwrap_or_default();
    [name, domain, website, timezone, currency, region]
        .join(list::SEPARATOR)
        .to_lowercase()
}

fn enabled(tx: &mut Tx<'_>, id: Id) -> Result<Option<bool>, StoreError> {
    let select = Query::select()
        .column("enabled")
        .from("tenants")
        .and_where(Expr::col("id").eq(id.stored()))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Returns the disk quota of a tenant as it was sent; `None` if there is no such tenant.
pub fn disk_quota(tx: &mut Tx<'_>, id: Id) -> Result<Option<String>, StoreError> {
    if !exists(tx, id)? {
        return Ok(None);
    }
    let settings: Settings = settings::load_for(tx, Owner::Tenant(id))?;
    Ok(Some(settings.disk_quota))
}

/// Returns the ID of the file that is a tenant's avatar.
pub fn avatar(tx: &mut Tx<'_>, id: Id) -> Result<Option<Id>, StoreError> {
    let select = Query::select()
        .column("avatar_file_id")
        .from("tenants")
        .and_where(Expr::col("id").eq(id.stored()))
        .to_owned();
    let avatar: Option<Option<Id>> = tx.first(&select, |row| row.get(0))?;
    Ok(avatar.flatten())
}
