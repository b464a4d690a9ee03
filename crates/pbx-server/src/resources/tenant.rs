//! `/tenant`.

use pbx_api::tenant::{
    AddedHeader, Balance, CurrentTenant, CustomHeaders, HeaderScope, HourlyCalls, PasswordPolicy, RelayedHeader,
    TenantApi, TenantStatus, UpdateCurrentTenant, UpdateCustomHeaders, UpdatePasswordPolicy,
};
use pbx_api::{Call, Patch};

use super::tenant_parts::shows;
use super::{count, mask};
use crate::domain::audit::{Action, Audited, Entry, Object};
use crate::domain::balance::Amount;
use crate::domain::custom_headers::{self, Scope};
use crate::domain::session::Caller;
use crate::domain::tenants::{self, By};
use crate::domain::webhook::Event;
use crate::domain::{Error, Id, Violation, clock, password_policy};
use crate::domain::{admin, tenants::status};
use crate::http::Pbx;
use crate::store::{Tx, balance};

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
        let id = call.caller.tenant()?;
        let balance = self.store.read(move |tx| {
            check_billing_feature(tx, id)?;
            balance::get(tx, id)?.ok_or_else(tenants::not_found)
        });
        Ok(Balance {
            balance: balance.await?.to_f64(),
        })
    }

    async fn recharge_tenant(&self, call: Call<Caller>, body: Balance) -> Result<(), Error> {
        let amount = Amount::try_from(body.balance).map_err(Error::invalid)?;
        let id = call.caller.tenant()?;
        self.changes(&call)
            .write(move |tx| {
                check_billing_feature(tx, id)?;
                if amount == Amount::ZERO {
                    return Ok(Audited::nothing(()));
                }
                if !balance::add(tx, id, amount)? {
                    let message = "would take the balance beyond ten digits before the point";
                    return Err(Error::invalid(Violation::field("balance", "range", message)));
                }
                let entry = Entry::new(Action::Recharge, Object::Tenant, id);
                Ok(entry.fields(["balance"]).with(()))
            })
            .await
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

impl From<custom_headers::CustomHeaders> for CustomHeaders {
    fn from(headers: custom_headers::CustomHeaders) -> Self {
        let added = headers.add.into_iter().map(|header| AddedHeader {
            name: header.name,
            value: header.value,
            scope: header.scope.into(),
        });
        let relayed = headers.relay.into_iter().map(|header| RelayedHeader {
            name: header.name,
            scope: header.scope.into(),
        });
        Self {
            add: added.collect(),
            relay: relayed.collect(),
        }
    }
}

impl From<Scope> for HeaderScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Trunk => Self::Trunk,
            Scope::User => Self::User,
        }
    }
}

/// Checks that the tenant has the billing feature. `enable_billing` says whether calls are charged, `enable_feature_billing`
/// whether the tenant can see or change any of it.
fn check_billing_feature(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), Error> {
    let tenant = tenants::existing(tx, tenant_id)?;
    if tenant.settings.enable_feature_billing {
        Ok(())
    } else {
        let message = "Billing is not a feature of this tenant (`enable_feature_billing`).";
        Err(Error::Barred { message })
    }
}
