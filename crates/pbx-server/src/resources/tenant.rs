//! `/tenant`.

use pbx_api::tenant::{
    AddedHeader, Balance, CurrentTenant, CustomHeaders, HeaderScope, HourlyCalls, PasswordPolicy, RelayedHeader,
    TenantApi, TenantStatus, UpdateCurrentTenant, UpdateCustomHeaders, UpdatePasswordPolicy,
};
use pbx_api::{Call, Patch};

use super::tenant_parts::Avatar;
use super::{count, mask};
use crate::domain::balance::{self, Amount};
use crate::domain::custom_headers::{self, Scope};
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

impl From<tenants::Shown> for CurrentTenant {
    fn from(shown: tenants::Shown) -> Self {
        let (tenant, avatar) = (shown.tenant, Avatar::from(shown.avatar));
        let (profile, settings) = (tenant.profile, tenant.settings);
        Self {
            id: tenant.id.to_string(),
            name: profile.name,
            domain: profile.domain,
            website: profile.website,
            timezone: profile.timezone,
            currency: profile.currency,
            region: profile.region,
            enable_video_recording: Some(settings.enable_video_recording),
            enable_audio_recording: Some(settings.enable_audio_recording),
            enable_dual_track_recording: Some(settings.enable_dual_track_recording),
            enable_billing: Some(settings.enable_billing),
            enable_feature_billing: Some(settings.enable_feature_billing),
            enable_feature_call_statistics: Some(settings.enable_feature_call_statistics),
            enable_feature_contact_center: Some(settings.enable_feature_contact_center),
            enable_feature_message_channels: Some(settings.enable_feature_message_channels),
            enable_feature_microsoft_teams: Some(settings.enable_feature_microsoft_teams),
            enable_feature_trunks: Some(settings.enable_feature_trunks),
            enable_feature_whats_app: Some(settings.enable_feature_whats_app),
            enable_night_mode: Some(settings.enable_night_mode),
            enable_two_factor_authentication: Some(settings.enable_two_factor_authentication),
            custom_options: settings.custom_options,
            max_extensions: Some(profile.max_extensions),
            max_concurrent_calls: Some(profile.max_concurrent_calls),
            max_ring_groups: Some(settings.max_ring_groups),
            max_virtual_receptionists: Some(settings.max_virtual_receptionists),
            max_call_queues: Some(settings.max_call_queues),
            max_conference_rooms: Some(settings.max_conference_rooms),
            disk_quota: Some(settings.disk_quota),
            used_disk_quota: shown.used_disk_quota,
            im_disk_quota: Some(settings.im_disk_quota),
            extension_im_disk_quota: Some(settings.extension_im_disk_quota),
            recording_retention: Some(settings.recording_retention),
            call_report_retention: Some(settings.call_report_retention),
            log_retention: Some(settings.log_retention),
            temp_file_retention: Some(settings.temp_file_retention),
            office_hours: settings.office_hours.into(),
            outbound_caller_ids: settings.outbound_caller_ids.into_iter().map(Into::into).collect(),
            e164: Some(settings.e164.into()),
            cdr_event: Some(settings.cdr_event.into()),
            extension_event: Some(settings.extension_event.into()),
            contact_match_type: Some(settings.contact_match_type.into()),
            contact_match_length: settings.contact_match_length,
            contact_append_type: Some(settings.contact_append_type.into()),
            contact_update_interval: Some(settings.contact_update_interval),
            password_force_reset: Some(settings.password_force_reset),
            avatar_file_name: avatar.name,
            avatar_file_size: avatar.size,
            avatar_file_url: avatar.url,
            stir_shaken_cert: settings.stir_shaken_cert,
            stir_shaken_key: mask(&settings.stir_shaken_key),
        }
    }
}

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
