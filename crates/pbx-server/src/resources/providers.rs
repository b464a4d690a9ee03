//! `/providers`: trunks, and their assignment to tenants.

use pbx_api::providers::{
    AssignProvider, CreateProvider, CreatedProvider, Provider, ProviderAssigneeList, ProviderAssignment, ProviderId,
    ProvidersApi, TenantId, TrunkMode, UpdateProvider,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Audited, Entry, Object};
use pbx_domain::providers;
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id, state};
use pbx_store::providers::{self as queries, PROVIDERS};
use pbx_store::{OnConstraint, Tx, tenants};
use pbx_types::list::{ListParameters, ListQuery, Page};
use pbx_types::record::Record as _;

use crate::http::Pbx;
use crate::services::tenants::remove_caller_ids;

impl ProvidersApi for Pbx {
    async fn list_providers(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<Provider>, Error> {
        let query = ListQuery::parse(&query, providers::Provider::FIELDS)?;
        let page = self
            .store
            .scan(&call.caller, move |tx| PROVIDERS.page(tx, (), &query))
            .await?;
        Ok(page.map(Provider::from))
    }

    async fn create_provider(&self, call: Call<Caller>, body: CreateProvider) -> Result<CreatedProvider, Error> {
        let id = self.ids.next();
        let provider: providers::Provider = state::created(&self.vault, &providers::seal_prefix(id), body)?;
        self.changes(&call)
            .write(move |tx| {
                check_domain(tx, &provider)?;
                PROVIDERS
                    .insert(tx, (), id, &provider)
                    .on_constraint(queries::UNIQUE_AUTH_ID, duplicate_auth_id)?;
                let entry = Entry::create(Object::Provider, id).present(&provider);
                Ok::<_, Error>(entry.with(()))
            })
            .await?;
        Ok(CreatedProvider { id: id.api() })
    }

    async fn show_provider(&self, _call: Call<Caller>, id: ProviderId) -> Result<Provider, Error> {
        let id = Id::parse(&id)?;
        let provider = self.store.read(move |tx| PROVIDERS.existing(tx, (), id));
        provider.await.map(Provider::from)
    }

    async fn update_provider(
        &self,
        call: Call<Caller>,
        id: ProviderId,
        body: Patch<UpdateProvider>,
    ) -> Result<(), Error> {
        let (id, patch) = (Id::parse(&id)?, body.into_fields());
        let vault = self.vault.clone();
        self.updates(&call, move |tx| PROVIDERS.existing(tx, (), id).map(Provider::from))
            .write(move |tx| {
                let before = PROVIDERS.existing(tx, (), id)?.value;
                let after = state::updated(&vault, &providers::seal_prefix(id), &before, patch.clone())?;
                check_domain(tx, &after)?;
                PROVIDERS
                    .update(tx, (), id, &after)
                    .on_constraint(queries::UNIQUE_AUTH_ID, duplicate_auth_id)?;
                Ok(Entry::update(Object::Provider, id).changed(&before, &after).with(()))
            })
            .await
    }

    async fn destroy_provider(&self, call: Call<Caller>, id: ProviderId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        self.changes(&call)
            .write(move |tx| {
                let deleted = PROVIDERS.delete(tx, (), id);
                let found = deleted.on_constraint(queries::ASSIGNED, || {
                    Error::conflict("The trunk is assigned to tenants: take it from them first.")
                })?;
                id.require(found)?;
                Ok(Entry::delete(Object::Provider, id).with(()))
            })
            .await
    }

    async fn list_provider_assignees(&self, call: Call<Caller>, id: ProviderId) -> Result<ProviderAssigneeList, Error> {
        let id = Id::parse(&id)?;
        let assignees = self.store.scan(&call.caller, move |tx| {
            PROVIDERS.existing(tx, (), id)?;
            Ok::<_, Error>(queries::assignees(tx, id)?)
        });
        Ok(ProviderAssigneeList {
            items: assignees.await?,
        })
    }

    async fn check_provider_assignee(
        &self,
        _call: Call<Caller>,
        id: ProviderId,
        tenant_id: TenantId,
    ) -> Result<ProviderAssignment, Error> {
        let tenant_id = Id::parse(&tenant_id).map_err(|_| providers::not_assigned())?;
        let id = Id::parse(&id)?;
        let assignment = self.store.read(move |tx| {
            PROVIDERS.existing(tx, (), id)?;
            queries::assignee(tx, id, tenant_id)?.ok_or_else(providers::not_assigned)
        });
        assignment.await
    }

    async fn assign_provider(
        &self,
        call: Call<Caller>,
        id: ProviderId,
        tenant_id: TenantId,
        body: AssignProvider,
    ) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let tenant_id = Id::parse(&tenant_id)?;
        let ranges = providers::parse_ranges(&body.did_numbers).map_err(Error::invalid)?;
        let assignment = ProviderAssignment {
            did_numbers: providers::format_ranges(&ranges),
            concurrency: body.concurrency,
        };
        self.updates(&call, move |tx| {
            queries::assignee(tx, id, tenant_id)?.ok_or_else(providers::not_assigned)
        })
        .write(move |tx| {
            PROVIDERS.existing(tx, (), id)?;
            tenant_id.require(tenants::exists(tx, tenant_id)?)?;
            if queries::assignee(tx, id, tenant_id)?.as_ref() == Some(&assignment) {
                return Ok(Audited::nothing(()));
            }
            // The new assignment replaces the tenant's old one, whose numbers must not conflict with the new ones.
            queries::unassign(tx, id, tenant_id)?;
            queries::assign(tx, id, tenant_id, &assignment)?;
            if let Some(range) = queries::insert_numbers(tx, id, tenant_id, &ranges)? {
                return Err(Error::conflict(format!(
                    "`did_numbers`: numbers of {range} are assigned to another tenant on this trunk."
                )));
            }
            let entry = Entry::update(Object::Provider, id).of_tenant(tenant_id);
            Ok(entry.fields([format!("assignees/{tenant_id}")]).with(()))
        })
        .await
    }

    async fn destroy_provider_assignee(
        &self,
        call: Call<Caller>,
        id: ProviderId,
        tenant_id: TenantId,
    ) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let tenant_id = Id::parse(&tenant_id).map_err(|_| providers::not_assigned())?;
        self.changes(&call)
            .write(move |tx| {
                PROVIDERS.existing(tx, (), id)?;
                if !queries::unassign(tx, id, tenant_id)? {
                    return Err(providers::not_assigned());
                }
                // Its numbers on the trunk can no longer be its caller IDs. Those of other tenants are unchanged.
                let removed = remove_caller_ids(tx, tenant_id, id)?;
                let tenant = Entry::update(Object::Tenant, tenant_id).fields(removed.then_some("outbound_caller_ids"));
                let entry = Entry::update(Object::Provider, id).of_tenant(tenant_id);
                Ok(entry.fields([format!("assignees/{tenant_id}")]).with(()).and(tenant))
            })
            .await
    }
}

/// Refuses a trunk that registers for the domain of a tenant: it must not be mistaken for the tenant.
fn check_domain(tx: &mut Tx<'_>, provider: &providers::Provider) -> Result<(), Error> {
    if provider.auth_mode == TrunkMode::AcceptRegister && tenants::id_by_domain(tx, &provider.hostname)?.is_some() {
        return Err(Error::conflict(
            "`hostname` is the SIP domain of a tenant: a trunk that registers needs a different one.",
        ));
    }
    Ok(())
}

fn duplicate_auth_id() -> Error {
    Error::conflict("Another trunk has this `auth_id` at this `hostname`.")
}
