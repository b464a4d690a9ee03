//! `/providers`.

use pbx_api::providers::{
    AssignProvider, CreateProvider, Created, ListProvidersQuery, Provider, ProviderAssignee, ProviderAssigneeList,
    ProviderAssignment, ProviderList, ProvidersApi, TrunkMode, UpdateProvider,
};
use pbx_api::{Call, Patch, Secret};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::domain::providers::{self, Assignment, Draft, Mode};
use crate::domain::session::Caller;
use crate::domain::{Error, Id};
use crate::http::Pbx;

impl ProvidersApi for Pbx {
    async fn list_providers(&self, _call: Call<Caller>, query: ListProvidersQuery) -> Result<ProviderList, Error> {
        let query = ListQuery::parse(&query.into(), providers::FIELDS)?;
        let page = providers::list(&self.store, query).await?;
        Ok(ProviderList {
            count: page.count,
            items: page.items.into_iter().map(Provider::from).collect(),
        })
    }

    async fn create_provider(&self, call: Call<Caller>, body: CreateProvider) -> Result<Created, Error> {
        let new = Draft {
            name: Some(body.name),
            enabled: Some(body.enabled),
            auth_mode: Some(body.auth_mode.into()),
            auth_id: body.auth_id,
            password: None,
            transport: Some(body.transport.into()),
            hostname: Some(body.hostname),
            port: Some(body.port),
            concurrency: body.concurrency.map(i64::from),
        };
        let password = body.password.as_ref().map(Secret::expose);
        let id = providers::create(&self.changes(&call), &self.ids, &self.vault, new, password).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn show_provider(&self, _call: Call<Caller>, id: String) -> Result<Provider, Error> {
        providers::show(&self.store, trunk(&id)?).await.map(Provider::from)
    }

    async fn update_provider(&self, call: Call<Caller>, id: String, body: Patch<UpdateProvider>) -> Result<(), Error> {
        providers::update(&self.changes(&call), &self.vault, trunk(&id)?, body.into_parts().1).await
    }

    async fn destroy_provider(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        providers::destroy(&self.changes(&call), trunk(&id)?).await
    }

    async fn list_provider_assignees(&self, _call: Call<Caller>, id: String) -> Result<ProviderAssigneeList, Error> {
        let assignees = providers::assignees(&self.store, trunk(&id)?).await?.into_iter();
        let items = assignees.map(|(tenant_id, assignment)| ProviderAssignee {
            tenant_id: tenant_id.to_string(),
            did_numbers: assignment.did_numbers,
            concurrency: assignment.concurrency.and_then(|calls| calls.try_into().ok()),
        });
        Ok(ProviderAssigneeList { items: items.collect() })
    }

    async fn check_provider_assignee(
        &self,
        _call: Call<Caller>,
        id: String,
        tenant_id: String,
    ) -> Result<ProviderAssignment, Error> {
        let tenant_id = parse_id(&tenant_id, providers::not_assigned)?;
        let assignment = providers::assignee(&self.store, trunk(&id)?, tenant_id).await?;
        Ok(ProviderAssignment {
            did_numbers: assignment.did_numbers,
            concurrency: assignment.concurrency.and_then(|calls| calls.try_into().ok()),
        })
    }

    async fn assign_provider(
        &self,
        call: Call<Caller>,
        id: String,
        tenant_id: String,
        body: AssignProvider,
    ) -> Result<(), Error> {
        let id = trunk(&id)?;
        let tenant_id = parse_id(&tenant_id, || Error::NotFound { what: "tenant" })?;
        let assignment = Assignment {
            did_numbers: body.did_numbers,
            concurrency: body.concurrency.map(i64::from),
        };
        providers::assign(&self.changes(&call), id, tenant_id, assignment).await
    }

    async fn destroy_provider_assignee(&self, call: Call<Caller>, id: String, tenant_id: String) -> Result<(), Error> {
        let (id, tenant_id) = (trunk(&id)?, parse_id(&tenant_id, providers::not_assigned)?);
        providers::unassign(&self.changes(&call), id, tenant_id).await
    }
}

fn trunk(id: &str) -> Result<Id, Error> {
    parse_id(id, providers::not_found)
}

impl From<providers::Provider> for Provider {
    fn from(provider: providers::Provider) -> Self {
        Self {
            id: provider.id.to_string(),
            name: provider.name,
            enabled: provider.enabled,
            auth_mode: provider.auth_mode.into(),
            auth_id: provider.auth_id,
            transport: provider.transport.into(),
            hostname: provider.hostname,
            port: provider.port,
            concurrency: provider.concurrency.and_then(|calls| calls.try_into().ok()),
        }
    }
}

impl From<TrunkMode> for Mode {
    fn from(mode: TrunkMode) -> Self {
        match mode {
            TrunkMode::IpAuth => Self::IpAuth,
            TrunkMode::RegisterAuth => Self::RegisterAuth,
            TrunkMode::AcceptRegister => Self::AcceptRegister,
        }
    }
}

impl From<Mode> for TrunkMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::IpAuth => Self::IpAuth,
            Mode::RegisterAuth => Self::RegisterAuth,
            Mode::AcceptRegister => Self::AcceptRegister,
        }
    }
}
