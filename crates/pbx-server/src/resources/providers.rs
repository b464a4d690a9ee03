//! `/providers`: trunks, and their assignment to tenants.

use pbx_api::providers::{
    AssignProvider, CreateProvider, CreatedProvider, ListProvidersQuery, Provider, ProviderAssigneeList,
    ProviderAssignment, ProviderList, ProvidersApi, UpdateProvider,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::providers::{self, Assignment, AuthMode, Draft, NumberRange};
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id, document};
use pbx_store::{OnConstraint, Tx, providers as queries, tenants};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::http::Pbx;
use crate::services::tenants::remove_caller_ids;

impl ProvidersApi for Pbx {
    async fn list_providers(&self, _call: Call<Caller>, query: ListProvidersQuery) -> Result<ProviderList, Error> {
        let query = ListQuery::parse(&query.into(), providers::FIELDS)?;
        let page = self.store.scan(move |tx| queries::page(tx, &query)).await?;
        Ok(ProviderList {
            count: page.count,
            items: page.items.into_iter().map(Provider::from).collect(),
        })
    }

    async fn create_provider(&self, call: Call<Caller>, body: CreateProvider) -> Result<CreatedProvider, Error> {
        let id = self.ids.next();
        let seal = |clear| self.vault.seal(&providers::seal_context(id), clear);
        let password = body.password.as_ref().map(|clear| seal(clear.expose())).transpose()?;
        let provider = Draft {
            password,
            ..Draft::from(body)
        };
        let provider = provider.validate(id)?;
        self.changes(&call)
            .write(move |tx| {
                check_domain(tx, &provider)?;
                queries::insert(tx, &provider).on_constraint(queries::UNIQUE_AUTH_ID, duplicate_auth_id)?;
                let entry = Entry::create(Object::Provider, id).fields(provider.present_properties());
                Ok::<_, Error>(entry.with(()))
            })
            .await?;
        Ok(CreatedProvider { id: id.to_string() })
    }

    async fn show_provider(&self, _call: Call<Caller>, id: String) -> Result<Provider, Error> {
        let id = parse_id(&id, providers::not_found)?;
        let provider = self.store.read(move |tx| existing(tx, id)).await?;
        Ok(provider.into())
    }

    async fn update_provider(&self, call: Call<Caller>, id: String, body: Patch<UpdateProvider>) -> Result<(), Error> {
        let id = parse_id(&id, providers::not_found)?;
        let mut sent = body.into_parts().1;
        document::seal(&self.vault, &mut sent, &["password"], |_| providers::seal_context(id))?;
        self.changes(&call)
            .write(move |tx| {
                let before = existing(tx, id)?;
                let after = before.merge(&sent)?;
                check_domain(tx, &after)?;
                queries::update(tx, &after).on_constraint(queries::UNIQUE_AUTH_ID, duplicate_auth_id)?;
                Ok(Entry::update(Object::Provider, id).between(&before, &after).with(()))
            })
            .await
    }

    async fn destroy_provider(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, providers::not_found)?;
        self.changes(&call)
            .write(move |tx| {
                let found = queries::delete(tx, id).on_constraint(queries::ASSIGNED, || Error::Conflict {
                    code: "CONFLICT",
                    message: "The trunk is assigned to tenants: take it from them first.".to_owned(),
                })?;
                if found {
                    Ok(Entry::delete(Object::Provider, id).with(()))
                } else {
                    Err(providers::not_found())
                }
            })
            .await
    }

    async fn list_provider_assignees(&self, _call: Call<Caller>, id: String) -> Result<ProviderAssigneeList, Error> {
        let id = parse_id(&id, providers::not_found)?;
        let assignees = self
            .store
            .scan(move |tx| {
                existing(tx, id)?;
                Ok::<_, Error>(queries::assignees(tx, id)?)
            })
            .await?;
        let assignees = assignees.into_iter();
        Ok(ProviderAssigneeList {
            items: assignees.map(|(id, assignment)| assignment.into_assignee(id)).collect(),
        })
    }

    async fn check_provider_assignee(
        &self,
        _call: Call<Caller>,
        id: String,
        tenant_id: String,
    ) -> Result<ProviderAssignment, Error> {
        let tenant_id = parse_id(&tenant_id, providers::not_assigned)?;
        let id = parse_id(&id, providers::not_found)?;
        let assignment = self
            .store
            .read(move |tx| {
                existing(tx, id)?;
                queries::assignee(tx, id, tenant_id)?.ok_or_else(providers::not_assigned)
            })
            .await?;
        Ok(assignment.into())
    }

    async fn assign_provider(
        &self,
        call: Call<Caller>,
        id: String,
        tenant_id: String,
        body: AssignProvider,
    ) -> Result<(), Error> {
        let id = parse_id(&id, providers::not_found)?;
        let tenant_id = parse_id(&tenant_id, || Error::NotFound { what: "tenant" })?;
        let ranges = providers::parse_ranges(&body.did_numbers).map_err(Error::invalid)?;
        let assignment = Assignment {
            did_numbers: providers::format_ranges(&ranges),
            concurrency: body.concurrency.map(i64::from),
        };
        self.changes(&call)
            .write(move |tx| {
                existing(tx, id)?;
                if !tenants::exists(tx, tenant_id)? {
                    return Err(Error::NotFound { what: "tenant" });
                }
                // The new assignment replaces the tenant's old one, whose numbers must not conflict with the new ones.
                queries::unassign(tx, id, tenant_id)?;
                queries::assign(tx, id, tenant_id, &assignment)?;
                for &range in &ranges {
                    check_free(tx, id, range)?;
                    queries::insert_number(tx, id, tenant_id, range)?;
                }
                let entry = Entry::update(Object::Provider, id);
                Ok(entry.fields([format!("assignees/{tenant_id}")]).with(()))
            })
            .await
    }

    async fn destroy_provider_assignee(&self, call: Call<Caller>, id: String, tenant_id: String) -> Result<(), Error> {
        let id = parse_id(&id, providers::not_found)?;
        let tenant_id = parse_id(&tenant_id, providers::not_assigned)?;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, id)?;
                if !queries::unassign(tx, id, tenant_id)? {
                    return Err(providers::not_assigned());
                }
                // Its numbers on the trunk can no longer be its caller IDs. Those of other tenants are unchanged.
                let removed = remove_caller_ids(tx, tenant_id, id)?;
                let tenant = Entry::update(Object::Tenant, tenant_id).fields(removed.then_some("outbound_caller_ids"));
                let entry = Entry::update(Object::Provider, id);
                Ok(entry.fields([format!("assignees/{tenant_id}")]).with(()).and(tenant))
            })
            .await
    }
}

/// Returns the trunk with this ID.
fn existing(tx: &mut Tx<'_>, id: Id) -> Result<providers::Provider, Error> {
    queries::by_id(tx, id)?.ok_or_else(providers::not_found)
}

/// Refuses a trunk that registers for the domain of a tenant: it must not be mistaken for the tenant.
fn check_domain(tx: &mut Tx<'_>, provider: &providers::Provider) -> Result<(), Error> {
    if provider.auth_mode == AuthMode::AcceptRegister && tenants::id_by_domain(tx, &provider.hostname)?.is_some() {
        return Err(Error::Conflict {
            code: "CONFLICT",
            message: "`hostname` is the SIP domain of a tenant: a trunk that registers needs a different one."
                .to_owned(),
        });
    }
    Ok(())
}

/// Refuses a range with numbers that the trunk has assigned to a tenant.
fn check_free(tx: &mut Tx<'_>, id: Id, range: NumberRange) -> Result<(), Error> {
    if queries::is_taken(tx, id, range)? {
        return Err(Error::Conflict {
            code: "CONFLICT",
            message: format!("`did_numbers`: numbers of {range} are assigned to another tenant on this trunk."),
        });
    }
    Ok(())
}

fn duplicate_auth_id() -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: "Another trunk has this `auth_id` at this `hostname`.".to_owned(),
    }
}
