//! `/tenants`.

use std::collections::HashMap;

use pbx_api::tenants::{
    CreateTenant, CreatedTenant, DealerId, SwitchTenantsQuery, Tenant, TenantDealerList, TenantId, TenantSummary,
    TenantsApi, UpdateTenant,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Action, Audited, Entry, Object};
use pbx_domain::files::File;
use pbx_domain::generated::tenants::{TenantRest, TenantSummaryRest};
use pbx_domain::kind::{self, Dealer};
use pbx_domain::numbers::{NumberKind, SERVICES};
use pbx_domain::session::{Caller, Visibility};
use pbx_domain::tenants::tenant::{self, StoredTenant, TenantDetails, domain_taken};
use pbx_domain::voicemail::VoicemailServer;
use pbx_domain::{Error, Id, clock};
use pbx_store::{OnConstraint, Tx, dealers as stored_dealers, files, numbers, sessions, tenants as queries};
use pbx_types::list::{ListParameters, ListQuery, Page};

use super::files::avatar;
use crate::http::Pbx;
use crate::services::session::check_may_switch;
use crate::services::tenants::{self, Editor};
use crate::services::{documents, quotas, second_factor};

impl TenantsApi for Pbx {
    async fn list_tenants(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<TenantSummary>, Error> {
        let query = ListQuery::parse(&query, tenant::FIELDS)?;
        let visibility = call.caller.visibility()?;
        let read = self.store.scan(&call.caller, move |tx| {
            let page = queries::page(tx, visibility, &query)?;
            let avatars = avatars(tx, &page)?;
            Ok::<_, Error>((page, avatars))
        });
        let (page, mut avatars) = read.await?;
        Ok(page.map(|tenant| {
            let avatar = tenant.avatar_id.and_then(|id| avatars.remove(&id));
            summary(tenant, avatar)
        }))
    }

    /// Creates the tenant with its service numbers. One that a dealer creates is designated to that dealer.
    async fn create_tenant(&self, call: Call<Caller>, body: CreateTenant) -> Result<CreatedTenant, Error> {
        let visibility = call.caller.visibility()?;
        let tenant = StoredTenant::create(&self.vault, self.ids.next(), clock::now(), body)?;
        let id = self
            .changes(&call)
            .write(move |tx| {
                tenants::check_no_trunk_registers(tx, &tenant.profile.domain)?;
                if tenant.settings.enable_two_factor_authentication {
                    second_factor::check_can_be_required(tx, None)?;
                }
                queries::insert(tx, &tenant).on_constraint(queries::UNIQUE_DOMAIN, domain_taken)?;
                documents::create_for_tenant(tx, tenant.id)?;
                let voicemail = VoicemailServer::default().extension_number;
                numbers::insert(tx, tenant.id, &[(&voicemail, NumberKind::Voicemail)])?;
                numbers::insert(tx, tenant.id, &SERVICES)?;
                if let Visibility::Branch(dealer_id) = visibility {
                    quotas::check_new_tenant(tx, dealer_id)?;
                    queries::designate(tx, tenant.id, dealer_id)?;
                }
                let entry = Entry::create(Object::Tenant, tenant.id).named(tenant.profile.name.clone());
                let entry = entry.fields(tenant.present()?);
                Ok::<_, Error>(entry.with(tenant.id))
            })
            .await?;
        Ok(CreatedTenant { id: id.api() })
    }

    async fn show_tenant(&self, call: Call<Caller>, id: TenantId) -> Result<Tenant, Error> {
        let id = Id::parse(&id)?;
        let visibility = call.caller.visibility()?;
        // It sums up the files of the tenant.
        let details = self.store.scan(&call.caller, move |tx| {
            tenants::check_visible(tx, visibility, id)?;
            tenants::details(tx, id)
        });
        details.await.map(shown)
    }

    async fn update_tenant(&self, call: Call<Caller>, id: TenantId, body: Patch<UpdateTenant>) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let visibility = call.caller.visibility()?;
        let context = self.update_context(&call, move |tx| {
            tenants::check_visible(tx, visibility, id)?;
            tenants::details(tx, id).map(shown)
        });
        let editor = Editor::Manager(visibility);
        tenants::update(&context, editor, id, body.into_fields()).await
    }

    /// Switches the caller's session to a tenant, in which it acts as administrator, or back to none.
    async fn switch_tenants(&self, call: Call<Caller>, query: SwitchTenantsQuery) -> Result<(), Error> {
        let id = query.id.filter(|id| !id.as_ref().is_empty());
        let tenant_id = id.as_ref().map(Id::parse).transpose()?;
        let Caller {
            session_id,
            tenant_id: before,
            ..
        } = call.caller;
        let visibility = call.caller.visibility()?;
        self.changes(&call)
            .write(move |tx| {
                if let Some(tenant_id) = tenant_id {
                    check_may_switch(tx, visibility, tenant_id)?;
                }
                sessions::switch(tx, session_id, tenant_id)?;
                let left = before.map(|id| Entry::new(Action::Logout, Object::Tenant, id));
                let entered = tenant_id.map(|id| Entry::new(Action::Login, Object::Tenant, id));
                let entries = left.into_iter().chain(entered).filter(|_| before != tenant_id);
                Ok::<_, Error>(entries.fold(Audited::nothing(()), Audited::and))
            })
            .await
    }

    /// A dealer sees itself and the dealers below it.
    async fn list_tenant_dealers(&self, call: Call<Caller>, id: TenantId) -> Result<TenantDealerList, Error> {
        let id = Id::parse(&id)?;
        let visibility = call.caller.visibility()?;
        let dealers = self.store.scan(&call.caller, move |tx| {
            tenants::check_visible(tx, visibility, id)?;
            Ok::<_, Error>(queries::dealers_of(tx, visibility, id)?)
        });
        Ok(TenantDealerList { items: dealers.await? })
    }

    /// Idempotent: a dealer that has the tenant keeps it.
    async fn designate_tenant_to_dealer(
        &self,
        call: Call<Caller>,
        id: TenantId,
        dealer_id: DealerId,
    ) -> Result<(), Error> {
        let (id, dealer_id) = (Id::parse(&id)?, Id::parse(&dealer_id)?);
        let visibility = call.caller.visibility()?;
        self.changes(&call)
            .write(move |tx| {
                check_may_designate(tx, visibility, id, dealer_id)?;
                if queries::is_designated(tx, id, dealer_id)? {
                    return Ok(Entry::update(Object::Tenant, id).with(()));
                }
                quotas::check_designation(tx, dealer_id, id)?;
                queries::designate(tx, id, dealer_id)?;
                Ok(Entry::update(Object::Tenant, id).fields(["dealers"]).with(()))
            })
            .await
    }

    /// A dealer must leave the tenant within its branch, or no dealer would have it and it would count against no quota;
    /// system administrators may remove it from the branch.
    async fn remove_tenant_from_dealer(
        &self,
        call: Call<Caller>,
        id: TenantId,
        dealer_id: DealerId,
    ) -> Result<(), Error> {
        let (id, dealer_id) = (Id::parse(&id)?, Id::parse(&dealer_id)?);
        let visibility = call.caller.visibility()?;
        self.changes(&call)
            .write(move |tx| {
                check_may_designate(tx, visibility, id, dealer_id)?;
                if !queries::is_designated(tx, id, dealer_id)? {
                    return Err(Error::NotFound {
                        what: "dealer of this tenant",
                    });
                }
                queries::remove_designation(tx, id, dealer_id)?;
                if !queries::is_visible(tx, visibility, id)? {
                    return Err(Error::conflict(
                        "You would lose the tenant: designate it to another of your dealers first.",
                    ));
                }
                Ok(Entry::update(Object::Tenant, id).fields(["dealers"]).with(()))
            })
            .await
    }

    async fn delete_tenant(&self, call: Call<Caller>, id: TenantId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let visibility = call.caller.visibility()?;
        self.changes(&call)
            .write(move |tx| {
                tenants::check_visible(tx, visibility, id)?;
                let name = tenants::existing(tx, id)?.profile.name.clone();
                queries::delete(tx, id)?;
                Ok(Entry::delete(Object::Tenant, id).named(name).with(()))
            })
            .await
    }
}

/// Checks that the caller is above the tenant and above the dealer.
fn check_may_designate(
    tx: &mut Tx<'_>,
    visibility: Visibility,
    id: Id<kind::Tenant>,
    dealer_id: Id<Dealer>,
) -> Result<(), Error> {
    tenants::check_visible(tx, visibility, id)?;
    let visible = match visibility {
        Visibility::System => stored_dealers::exists(tx, dealer_id)?,
        Visibility::Branch(above) => above != dealer_id && stored_dealers::is_in_branch(tx, above, dealer_id)?,
    };
    dealer_id.require(visible)
}

/// Returns the avatars of the tenants on a page, by the IDs of the files.
fn avatars(tx: &mut Tx<'_>, page: &Page<tenant::TenantSummary>) -> Result<HashMap<Id<File>, File>, Error> {
    let found = files::by_ids(tx, page.items.iter().filter_map(|tenant| tenant.avatar_id).collect())?;
    Ok(found.into_iter().map(|file| (file.id, file.value)).collect())
}

fn summary(tenant: tenant::TenantSummary, file: Option<File>) -> TenantSummary {
    let (avatar_file_name, avatar_file_size, avatar_file_url) = avatar(file);
    let rest = TenantSummaryRest {
        id: tenant.id.api(),
        avatar_file_name,
        avatar_file_size,
        avatar_file_url,
        created_at: tenant.created_at.into(),
    };
    rest.with(tenant.profile)
}

fn shown(details: TenantDetails) -> Tenant {
    let (avatar_file_name, avatar_file_size, avatar_file_url) = avatar(details.avatar);
    let rest = TenantRest {
        id: details.tenant.id.api(),
        used_disk_quota: details.used_disk_quota,
        created_at: details.tenant.created_at.into(),
        avatar_file_name,
        avatar_file_size,
        avatar_file_url,
    };
    rest.with(details.tenant.tenant)
}
