//! `/tenant`: the tenant that the caller acts in.

use pbx_api::tenant::{
    Balance, CurrentTenant, CustomHeaders, HourlyCalls, PasswordPolicy, TenantApi, TenantStatus, UpdateCurrentTenant,
    UpdateCustomHeaders, UpdatePasswordPolicy,
};
use pbx_api::{Call, Patch};
use pbx_domain::admin::status as system;
use pbx_domain::audit::{Action, Audited, Entry, Object};
use pbx_domain::balance::Amount;
use pbx_domain::convert::count;
use pbx_domain::generated::tenants::CurrentTenantRest;
use pbx_domain::kind::Tenant;
use pbx_domain::session::Caller;
use pbx_domain::tenants::tenant::{TenantDetails, seal_prefix};
use pbx_domain::webhook::Event;
use pbx_domain::{Error, Id, clock, custom_headers, password_policy};
use pbx_store::{Tx, balance, status};

use super::files::avatar;
use crate::http::Pbx;
use crate::services::tenants::{self, Editor};
use crate::services::webhook;

impl TenantApi for Pbx {
    async fn retrieve_current_tenant(&self, call: Call<Caller>) -> Result<CurrentTenant, Error> {
        let id = call.caller.tenant()?;
        // It sums up the files of the tenant.
        let details = self.store.scan(&call.caller, move |tx| tenants::details(tx, id));
        details.await.map(current_tenant)
    }

    async fn update_current_tenant(&self, call: Call<Caller>, body: Patch<UpdateCurrentTenant>) -> Result<(), Error> {
        let (id, patch) = (call.caller.tenant()?, body.into_fields());
        let context = self.update_context(&call, move |tx| tenants::details(tx, id).map(current_tenant));
        tenants::update(&context, Editor::OwnAdministrator, id, patch).await
    }

    async fn retrieve_current_tenant_status(&self, call: Call<Caller>) -> Result<TenantStatus, Error> {
        let id = call.caller.tenant()?;
        let counts = self
            .store
            .scan(&call.caller, move |tx| {
                status::tenant_counts(tx, id)?.ok_or_else(Id::<Tenant>::not_found)
            })
            .await?;
        let hours = system::hours(clock::now()).map(Into::into);
        Ok(TenantStatus {
            version: system::VERSION.to_owned(),
            licensed_users: count(counts.licensed_users),
            current_users: count(counts.users),
            // Nothing serves SIP: no user is registered, and no call is made, queued or received.
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
        self.merge_tenant::<password_policy::PasswordPolicy, PasswordPolicy, _>(&call, body)
            .await
    }

    async fn get_tenant_balance(&self, call: Call<Caller>) -> Result<Balance, Error> {
        let id = call.caller.tenant()?;
        let balance = self.store.read(move |tx| {
            check_billing_feature(tx, id)?;
            balance::get(tx, id)?.ok_or_else(Id::<Tenant>::not_found)
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
                    let message = "The recharge would take the balance beyond ten digits before the point.";
                    return Err(Error::conflict(message));
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
        self.merge_tenant::<custom_headers::CustomHeaders, CustomHeaders, _>(&call, body)
            .await
    }

    async fn send_cdr_test_event(&self, call: Call<Caller>) -> Result<(), Error> {
        self.send_test_event(&call, Event::Cdr).await
    }

    async fn send_extension_test_event(&self, call: Call<Caller>) -> Result<(), Error> {
        self.send_test_event(&call, Event::Extension).await
    }
}

impl Pbx {
    /// Sends an event that reports nothing to the webhook of the tenant, also while such events are disabled.
    async fn send_test_event(&self, call: &Call<Caller>, event: Event) -> Result<(), Error> {
        let id = call.caller.tenant()?;
        let settings = self
            .store
            .read(move |tx| tenants::existing(tx, id))
            .await?
            .tenant
            .settings;
        let webhook = match event {
            Event::Cdr => settings.cdr_event,
            Event::Extension => settings.extension_event,
        };
        let seal_context = |property: &str| format!("{}.{}.{property}", seal_prefix(id), event.as_str());
        let receiver = webhook.receiver(&self.vault, seal_context)?;
        webhook::send_test(&self.store, &self.events, id, event, receiver).await
    }
}

fn current_tenant(details: TenantDetails) -> CurrentTenant {
    let (avatar_file_name, avatar_file_size, avatar_file_url) = avatar(details.avatar);
    let rest = CurrentTenantRest {
        id: details.tenant.id.api(),
        used_disk_quota: details.used_disk_quota,
        avatar_file_name,
        avatar_file_size,
        avatar_file_url,
    };
    rest.with(details.tenant.tenant)
}

/// Checks that the tenant has the billing feature. `enable_feature_billing` decides if the tenant can see or change its balance,
/// `enable_billing` if its calls are charged.
fn check_billing_feature(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<(), Error> {
    let tenant = tenants::existing(tx, tenant_id)?;
    if tenant.settings.enable_feature_billing {
        Ok(())
    } else {
        let message = "Billing is not a feature of this tenant (`enable_feature_billing`).";
        Err(Error::NotAllowed { message })
    }
}
