//! The table of tenants.

use pbx_domain::files::File;
use pbx_domain::kind::{self, Dealer};
use pbx_domain::session::Visibility;
use pbx_domain::setting::Owner;
use pbx_domain::tenants::tenant::{FIELDS, StoredTenant, Tenant, TenantProfile, TenantSettings, TenantSummary};
use pbx_domain::{Id, document, setting};
use pbx_types::list::filter::{Comparison, Filter, Operand};
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use pbx_types::record::{Cell, ID, Record as _, Storage};
use pbx_types::tenants::DealerSummary;
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};

use crate::accounts::{ACCOUNTS, CREATED_AT, ENABLED, NAME};
use crate::change_log::ChangeLog;
use crate::dealers::{ANCESTOR_ID, BRANCH_TENANTS, DEALER_ID, DEALERS, LEVEL, TENANT_DEALERS};
use crate::error::StoreError;
use crate::list::List;
use crate::row::{Row, value};
use crate::table::{
    Assignment, TENANT_ID, TENANTS, assignments, delete as delete_rows, exists as exists_row, get,
    insert as insert_row, is, update as set,
};
use crate::tx::Tx;
use crate::{dealers, list, sessions, settings};

/// The unique key over the SIP domain in lower case.
pub const UNIQUE_DOMAIN: &str = "tenants_domain_key";

const DOMAIN_KEY: &str = "domain_key";
pub(super) const MAX_EXTENSIONS: &str = "max_extensions";
const AVATAR_FILE_ID: &str = "avatar_file_id";
const SEARCH_TEXT: &str = "search_text";

/// Returns the ID of the tenant with this SIP domain, compared without case.
pub fn id_by_domain(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Id<kind::Tenant>>, StoreError> {
    get(tx, TENANTS, ID, is(DOMAIN_KEY, &domain.to_lowercase()))
}

/// Returns `true` if there is a tenant with this ID.
pub fn exists(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<bool, StoreError> {
    Ok(enabled(tx, id)?.is_some())
}

/// Returns `true` if there is a tenant with this ID and it is enabled.
pub fn is_enabled(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<bool, StoreError> {
    Ok(enabled(tx, id)?.unwrap_or(false))
}

/// Returns `true` if there is a tenant with this ID and it is visible.
pub fn is_visible(tx: &mut Tx<'_>, visibility: Visibility, id: Id<kind::Tenant>) -> Result<bool, StoreError> {
    match visibility {
        Visibility::System => exists(tx, id),
        Visibility::Branch(dealer_id) => dealers::has_tenant_in_branch(tx, dealer_id, id),
    }
}

/// Lists of tenants must stay fast with a hundred thousand of them, so every field has an index.
const LIST: List = List {
    fields: FIELDS,
    indexed: &[
        ID,
        NAME,
        "domain",
        "website",
        "timezone",
        "currency",
        "region",
        ENABLED,
        MAX_EXTENSIONS,
        "max_concurrent_calls",
        CREATED_AT,
        ANCESTOR.name,
    ],
    search_text: Some(SEARCH_TEXT),
    substring_index: Some("tenant_texts"),
    change_log: Some(&LOG),
};

/// The log of the changes that affect lists of tenants.
pub(super) static LOG: ChangeLog = ChangeLog {
    table: "tenant_changes",
    id_column: TENANT_ID,
    view: "tenant_revision",
};

/// Deletes old entries of the change log.
pub fn trim_change_log(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    LOG.trim(tx)
}

/// The dealer of a branch with the tenant, as a field for filters.
static ANCESTOR: ListField = ListField::new(ANCESTOR_ID, FieldKind::Id);

/// Returns one page of the visible tenants.
pub fn page(tx: &mut Tx<'_>, visibility: Visibility, query: &ListQuery) -> Result<Page<TenantSummary>, StoreError> {
    let mut select = select();
    let Visibility::Branch(dealer_id) = visibility else {
        return list::page(tx, select, &LIST, query, summary);
    };
    select.inner_join(BRANCH_TENANTS, Expr::col(TENANT_ID).equals(ID));
    let within = Filter::Compare((&ANCESTOR).into(), Comparison::Eq, Operand::Id(dealer_id.to_string()));
    list::page(tx, select, &LIST, &query.clone().and(within), summary)
}

/// Returns the tenant with this ID.
pub fn by_id(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<Option<StoredTenant>, StoreError> {
    let Some(summary) = tx.first(select().and_where(is(ID, &id)), summary)? else {
        return Ok(None);
    };
    let mut settings_json = settings::load_json::<TenantSettings>(tx, Owner::Tenant(id))?;
    let mut settings: TenantSettings = setting::from_json(&settings_json)?;
    let avatar_id = summary.avatar_id.map(Id::api);
    // Earlier releases stored the avatar in its column only.
    if settings.avatar_file_id != avatar_id {
        settings.avatar_file_id = avatar_id;
        settings_json = document::replaced(&settings_json, &settings)?.0;
    }
    Ok(Some(StoredTenant {
        id: summary.id,
        created_at: summary.created_at,
        tenant: Tenant {
            profile: summary.profile,
            settings,
        },
        settings_json,
    }))
}

/// Returns `true` if the tenant is still stored as it was read. Its settings, which may be long, are not parsed.
pub fn is_unchanged(tx: &mut Tx<'_>, tenant: &StoredTenant) -> Result<bool, StoreError> {
    let Some(stored) = tx.first(select().and_where(is(ID, &tenant.id)), summary)? else {
        return Ok(false);
    };
    let row_is_equal =
        stored.profile == tenant.profile && stored.avatar_id.map(Id::api) == tenant.settings.avatar_file_id;
    Ok(row_is_equal && settings::load_json::<TenantSettings>(tx, Owner::Tenant(tenant.id))? == tenant.settings_json)
}

/// Inserts a tenant. A domain that is taken violates [`UNIQUE_DOMAIN`].
pub fn insert(tx: &mut Tx<'_>, tenant: &StoredTenant) -> Result<(), StoreError> {
    let fixed = [(ID, value(&tenant.id)), (CREATED_AT, value(&tenant.created_at))];
    insert_row(tx, TENANTS, fixed.into_iter().chain(changeable(tenant)))?;
    save_settings(tx, tenant)
}

/// Stores the properties of a tenant that can change. A domain that is taken violates [`UNIQUE_DOMAIN`].
pub fn update(tx: &mut Tx<'_>, tenant: &StoredTenant) -> Result<(), StoreError> {
    set(tx, TENANTS, changeable(tenant), is(ID, &tenant.id))?;
    save_settings(tx, tenant)
}

fn save_settings(tx: &mut Tx<'_>, tenant: &StoredTenant) -> Result<(), StoreError> {
    settings::save_json::<TenantSettings>(tx, Owner::Tenant(tenant.id), tenant.settings_json.clone())
}

/// Deletes a tenant with everything that belongs to it.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<(), StoreError> {
    delete_rows(tx, TENANTS, is(ID, &id)).map(drop)
}

/// Designates a tenant to a dealer. Idempotent.
pub fn designate(tx: &mut Tx<'_>, id: Id<kind::Tenant>, dealer_id: Id<Dealer>) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(TENANT_DEALERS)
        .columns([TENANT_ID, DEALER_ID])
        .values_panic([id.stored().into(), dealer_id.stored().into()])
        .on_conflict(OnConflict::columns([TENANT_ID, DEALER_ID]).do_nothing().to_owned());
    tx.execute(&insert)?;
    dealers::add_tenant_to_branches(tx, dealer_id, id)
}

/// Removes the designation of a tenant to a dealer. Dealers that lose the tenant are switched out of it, so that they do not act in it
/// again when they get it back.
pub fn remove_designation(tx: &mut Tx<'_>, id: Id<kind::Tenant>, dealer_id: Id<Dealer>) -> Result<(), StoreError> {
    delete_rows(tx, TENANT_DEALERS, designation(id, dealer_id))?;
    dealers::remove_tenant_from_branches(tx, id)?;
    sessions::leave_lost_tenant(tx, id)
}

/// Returns `true` if the tenant is designated to this dealer itself.
pub fn is_designated(tx: &mut Tx<'_>, id: Id<kind::Tenant>, dealer_id: Id<Dealer>) -> Result<bool, StoreError> {
    exists_row(tx, TENANT_DEALERS, designation(id, dealer_id))
}

fn designation(id: Id<kind::Tenant>, dealer_id: Id<Dealer>) -> Expr {
    is(TENANT_ID, &id).and(is(DEALER_ID, &dealer_id))
}

/// Returns the visible dealers that a tenant is designated to, the oldest first.
pub fn dealers_of(
    tx: &mut Tx<'_>,
    visibility: Visibility,
    id: Id<kind::Tenant>,
) -> Result<Vec<DealerSummary>, StoreError> {
    let mut select = Query::select();
    select
        .columns([(ACCOUNTS, ID), (ACCOUNTS, ENABLED), (DEALERS, LEVEL)])
        .columns([(ACCOUNTS, NAME), (DEALERS, "display_name")])
        .from(TENANT_DEALERS)
        .inner_join(DEALERS, Expr::col((DEALERS, ID)).equals((TENANT_DEALERS, DEALER_ID)))
        .inner_join(ACCOUNTS, Expr::col((ACCOUNTS, ID)).equals((DEALERS, ID)))
        .and_where(Expr::col((TENANT_DEALERS, TENANT_ID)).eq(id.stored()))
        .order_by((ACCOUNTS, ID), Order::Asc);
    if let Visibility::Branch(dealer_id) = visibility {
        select.and_where(Expr::col((DEALERS, ID)).in_subquery(dealers::branch_of(dealer_id)));
    }
    tx.all(&select, |row| {
        Ok(DealerSummary {
            id: row.get::<Id<Dealer>>(0)?.api(),
            enabled: row.get(1)?,
            level: row.get(2)?,
            name: row.get(3)?,
            display_name: row.get(4)?,
        })
    })
}

/// Selects the columns of [`summary`].
fn select() -> SelectStatement {
    let profile = TenantProfile::COLUMNS.iter().map(|column| column.name);
    let columns = [ID, CREATED_AT, AVATAR_FILE_ID].into_iter().chain(profile);
    Query::select().columns(columns).from(TENANTS).to_owned()
}

fn summary(row: &Row<'_>) -> Result<TenantSummary, StoreError> {
    Ok(TenantSummary {
        id: row.get(0)?,
        created_at: row.get(1)?,
        avatar_id: row.get(2)?,
        profile: row.record(TENANTS, 3)?,
    })
}

/// Returns the columns that an update can change, with their values.
fn changeable(tenant: &StoredTenant) -> impl Iterator<Item = Assignment> {
    let avatar_id = tenant.settings.avatar_file_id.as_ref();
    let avatar_id: Option<Id<File>> = avatar_id.and_then(|id| id.as_ref().parse().ok());
    let computed = [
        (AVATAR_FILE_ID, value(&avatar_id)),
        (DOMAIN_KEY, tenant.profile.domain.to_lowercase().into()),
        (SEARCH_TEXT, search_text(&tenant.profile).into()),
    ];
    assignments(&tenant.profile).chain(computed)
}

/// Returns the string for free-text search: every string that lists show, in lower case.
fn search_text(profile: &TenantProfile) -> String {
    let cells = TenantProfile::COLUMNS.iter().zip(profile.to_cells());
    let texts = cells.filter(|(column, _)| column.storage == Storage::Text);
    let texts: Vec<_> = texts
        .map(|(_, cell)| match cell {
            Cell::Text(text) => text,
            _ => "".into(),
        })
        .collect();
    texts.join(list::SEPARATOR).to_lowercase()
}

fn enabled(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<Option<bool>, StoreError> {
    get(tx, TENANTS, ENABLED, is(ID, &id))
}

/// Returns the disk quota of a tenant as it was sent; `None` if there is no such tenant.
pub fn disk_quota(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<Option<String>, StoreError> {
    if !exists(tx, id)? {
        return Ok(None);
    }
    let settings: TenantSettings = settings::load_for(tx, Owner::Tenant(id))?;
    Ok(Some(settings.disk_quota))
}

/// Returns the ID of the file that is a tenant's avatar.
pub fn avatar(tx: &mut Tx<'_>, id: Id<kind::Tenant>) -> Result<Option<Id<File>>, StoreError> {
    let avatar: Option<Option<Id<File>>> = get(tx, TENANTS, AVATAR_FILE_ID, is(ID, &id))?;
    Ok(avatar.flatten())
}
