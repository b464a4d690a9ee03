//! `/tenant`.

use pbx_api::tenant::{
    Balance, CurrentTenant, CustomHeaders, HourlyCalls, PasswordPolicy, TenantApi, TenantStatus, UpdateCurrentTenant,
    UpdateCustomHeaders, UpdatePasswordPolicy,
};
use pbx_api::{Call, Patch};

use super::tenant_parts::shows;
use super::{count, mask};
use crate::domain::balance::{self, Amount};
use crate::domain::custom_headers;
use crate::domain::session::Caller;
use crate::domain::tenants::{self, By};
use crate::domain::webhook::Event;
use crate::domain::{Error, clock, password_policy};
use crate::domain::{admin, tenants::status};
use crate::http::Pbx;

impl TenantApi for Pbx {
    async fn retrieve_current_tenant(&self, call: Call<Caller>) -> Result<CurrentTenant, Error> {
        let tenant = tenants::show_current(&self.store, call.caller.tenant()?).await?;
        Ok(tenant.into())
    }

    async fn update_current_tenant(&self, call: Call<Caller>, body: Patch<UpdateCurrentTenant>) -> Result<(), Error> {
        let (id, sent) = (call.caller.tenant()?, body.into_parts().1);
        tenants::update(&self.changes(&call), &self.vault, By::Itself, id, sent).await
    }

    async fn retrieve_current_tenant_status(&self, call: Call<Caller>) -> Result<TenantStatus, Error> {
        let counts = status::counts(&self.store, call.caller.tenant()?).await?;
        let hours = admin::status::hours(clock::now()).map(Into::into);
        Ok(TenantStatus {
            version: admin::status::VERSION.to_owned(),
            licensed_users: count(counts.licensed_users),
            current_users: count(counts.users),
            // There is no SIP side: nobody is registered and nothing is called, queued or answered.
            online_users: 0,
            current_calls: 0,
            current_queues: 0,
            current_conference_rooms: 0,
            current_ring_groups: 0,
            current_ivrs: 0,
            current_trunks: count(counts.trunks),
            calls_in_24_hours: hours.map(|time| HourlyCalls { time, count: 0 }).collect(),
        })
    }

    async fn retrieve_tenant_password_policy(&self, call: Call<Caller>) -> Result<PasswordPolicy, Error> {
        let policy = self.tenant_document::<password_policy::PasswordPolicy>(&call).await?;
        Ok(policy.into())
    }

    async fn update_tenant_password_policy(
        &self,
        call: Call<Caller>,
        body: Patch<UpdatePasswordPolicy>,
    ) -> Result<(), Error> {
        self.merge_tenant::<password_policy::PasswordPolicy>(&call, body).await
    }

    async fn get_tenant_balance(&self, call: Call<Caller>) -> Result<Balance, Error> {
        let balance = balance::show(&self.store, call.caller.tenant()?).await?;
        Ok(Balance {
            balance: balance.number(),
        })
    }

    async fn recharge_tenant(&self, call: Call<Caller>, body: Balance) -> Result<(), Error> {
        let amount = Amount::read(body.balance).map_err(Error::invalid)?;
        balance::recharge(&self.changes(&call), call.caller.tenant()?, amount).await
    }

    async fn retrieve_tenant_custom_headers(&self, call: Call<Caller>) -> Result<CustomHeaders, Error> {
        let headers = self.tenant_document::<custom_headers::CustomHeaders>(&call).await?;
        Ok(headers.into())
    }

    async fn update_tenant_custom_headers(
        &self,
        call: Call<Caller>,
        body: Patch<UpdateCustomHeaders>,
    ) -> Result<(), Error> {
        self.merge_tenant::<custom_headers::CustomHeaders>(&call, body).await
    }

    async fn send_cdr_test_event(&self, call: Call<Caller>) -> Result<(), Error> {
        tenants::send_test(
            &self.store,
            &self.vault,
            &self.events,
            call.caller.tenant()?,
            Event::Cdr,
        )
        .await
    }

    async fn send_extension_test_event(&self, call: Call<Caller>) -> Result<(), Error> {
        tenants::send_test(
            &self.store,
            &self.vault,
            &self.events,
            call.caller.tenant()?,
            Event::Extension,
        )
        .await
    }
}

shows!(CurrentTenant, tenant, {
    stir_shaken_cert: tenant.settings.stir_shaken_cert,
    stir_shaken_key: mask(&tenant.settings.stir_shaken_key),
});

impl From<password_policy::PasswordPolicy> for PasswordPolicy {
    fn from(policy: password_policy::PasswordPolicy) -> Self {
        Self {
            min_length: count(policy.min_length),
            max_length: count(policy.max_length),
            contains_letters: policy.contains_letters,
            contains_numbers: policy.contains_numbers,
            contains_special_letters: policy.contains_special_letters,
            disable_sequential_characters: policy.disable_sequential_characters,
            disable_repeating_characters: policy.disable_repeating_characters,
            disable_account_information: policy.disable_account_information,
        }
    }
}
