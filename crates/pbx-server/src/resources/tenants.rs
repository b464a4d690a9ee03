//! `/tenants`.

use pbx_api::shared::{OfficeDayInput, OfficeHoursInput};
use pbx_api::tenants::{
    CreateE164Rules, CreateEventWebhook, CreateTenant, Created, DealerSummary, ListTenantsQuery, SwitchTenantsQuery,
    Tenant, TenantDealerList, TenantList, TenantSummary, TenantsApi, UpdateTenant,
};
use pbx_api::{Call, Field, Patch, Secret};
use pbx_types::list::ListQuery;

use super::parse_id;
use super::tenant_parts::{Avatar, shows};
use crate::domain::Error;
use crate::domain::dealers;
use crate::domain::files::File;
use crate::domain::password::Password;
use crate::domain::session::{self, Caller};
use crate::domain::tenants::designation::{self, TenantDealer};
use crate::domain::tenants::e164::E164Rules;
use crate::domain::tenants::events::{EventWebhook, WebhookSecrets};
use crate::domain::tenants::office_hours::{Day, OfficeHours, Range};
use crate::domain::tenants::{self, By, NewTenant, Profile, Settings};
use crate::http::Pbx;

impl TenantsApi for Pbx {
    async fn list_tenants(&self, call: Call<Caller>, query: ListTenantsQuery) -> Result<TenantList, Error> {
        let query = ListQuery::parse(&query.into(), tenants::FIELDS)?;
        let page = tenants::list(&self.store, call.caller.visibility()?, query).await?;
        Ok(TenantList {
            count: page.count,
            items: page.items.into_iter().map(summary).collect(),
        })
    }

    async fn create_tenant(&self, call: Call<Caller>, body: CreateTenant) -> Result<Created, Error> {
        let visibility = call.caller.visibility()?;
        let id = tenants::create(&self.changes(&call), &self.ids, &self.vault, visibility, body.into()).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn show_tenant(&self, call: Call<Caller>, id: String) -> Result<Tenant, Error> {
        let id = parse_id(&id, tenants::not_found)?;
        tenants::show(&self.store, call.caller.visibility()?, id)
            .await
            .map(Tenant::from)
    }

    async fn update_tenant(&self, call: Call<Caller>, id: String, body: Patch<UpdateTenant>) -> Result<(), Error> {
        let (id, by) = (
            parse_id(&id, tenants::not_found)?,
            By::Manager(call.caller.visibility()?),
        );
        tenants::update(&self.changes(&call), &self.vault, by, id, body.into_parts().1).await
    }

    async fn switch_tenants(&self, call: Call<Caller>, query: SwitchTenantsQuery) -> Result<(), Error> {
        let id = query.id.filter(|id| !id.is_empty());
        let id = id.map(|id| parse_id(&id, tenants::not_found)).transpose()?;
        session::switch(&self.changes(&call), &call.caller, id).await
    }

    async fn list_tenant_dealers(&self, call: Call<Caller>, id: String) -> Result<TenantDealerList, Error> {
        let id = parse_id(&id, tenants::not_found)?;
        let dealers = designation::list(&self.store, call.caller.visibility()?, id).await?;
        Ok(TenantDealerList {
            items: dealers.into_iter().map(DealerSummary::from).collect(),
        })
    }

    async fn designate_tenant_to_dealer(&self, call: Call<Caller>, id: String, dealer_id: String) -> Result<(), Error> {
        let (id, dealer_id) = (
            parse_id(&id, tenants::not_found)?,
            parse_id(&dealer_id, dealers::not_found)?,
        );
        designation::designate(&self.changes(&call), call.caller.visibility()?, id, dealer_id).await
    }

    async fn remove_tenant_from_dealer(&self, call: Call<Caller>, id: String, dealer_id: String) -> Result<(), Error> {
        let (id, dealer_id) = (
            parse_id(&id, tenants::not_found)?,
            parse_id(&dealer_id, dealers::not_found)?,
        );
        designation::remove(&self.changes(&call), call.caller.visibility()?, id, dealer_id).await
    }

    async fn delete_tenant(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, tenants::not_found)?;
        tenants::destroy(&self.changes(&call), call.caller.visibility()?, id).await
    }
}

impl From<CreateTenant> for NewTenant {
    fn from(new: CreateTenant) -> Self {
        let (cdr_event, cdr_secrets) = webhook(new.cdr_event);
        let (extension_event, extension_secrets) = webhook(new.extension_event);
        Self {
            profile: Profile {
                name: new.name,
                domain: new.domain,
                website: text(new.website),
                timezone: new.timezone,
                currency: new.currency,
                region: new.region,
                enabled: new.enabled,
                max_extensions: new.max_extensions,
                max_concurrent_calls: new.max_concurrent_calls,
                avatar_file_id: None,
            },
            settings: Settings {
                enable_video_recording: new.enable_video_recording,
                enable_audio_recording: new.enable_audio_recording,
                enable_dual_track_recording: new.enable_dual_track_recording,
                enable_billing: new.enable_billing,
                enable_feature_billing: new.enable_feature_billing,
                enable_feature_call_statistics: new.enable_feature_call_statistics,
                enable_feature_contact_center: new.enable_feature_contact_center,
                enable_feature_message_channels: new.enable_feature_message_channels,
                enable_feature_microsoft_teams: new.enable_feature_microsoft_teams,
                enable_feature_trunks: new.enable_feature_trunks,
                enable_feature_whats_app: new.enable_feature_whats_app,
                enable_night_mode: new.enable_night_mode,
                enable_two_factor_authentication: new.enable_two_factor_authentication,
                custom_options: text(new.custom_options),
                max_ring_groups: new.max_ring_groups,
                max_virtual_receptionists: new.max_virtual_receptionists,
                max_call_queues: new.max_call_queues,
                max_conference_rooms: new.max_conference_rooms,
                disk_quota: new.disk_quota,
                im_disk_quota: new.im_disk_quota,
                extension_im_disk_quota: new.extension_im_disk_quota,
                recording_retention: new.recording_retention,
                call_report_retention: new.call_report_retention,
                log_retention: new.log_retention,
                temp_file_retention: new.temp_file_retention,
                office_hours: new.office_hours.map(OfficeHours::from).unwrap_or_default(),
                outbound_caller_ids: Vec::new(),
                e164: new.e164.map(E164Rules::from).unwrap_or_default(),
                cdr_event,
                extension_event,
                contact_match_type: new.contact_match_type.into(),
                contact_match_length: new.contact_match_length,
                contact_append_type: new.contact_append_type.into(),
                contact_update_interval: new.contact_update_interval,
                email_recipients: text(new.email_recipients),
                password_force_reset: new.password_force_reset,
                stir_shaken_cert: None,
                stir_shaken_key: None,
            },
            cdr_event: cdr_secrets,
            extension_event: extension_secrets,
        }
    }
}

/// Empty text is how the vendor's server shows what is unset.
fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn webhook(new: Option<CreateEventWebhook>) -> (EventWebhook, WebhookSecrets) {
    let Some(new) = new else { return Default::default() };
    let secret = |secret: Option<Secret>| secret.map(|secret| Password::new(secret.into_inner()));
    let webhook = EventWebhook {
        enabled: new.enabled,
        auth: new.auth.into(),
        username: text(new.username),
        password: None,
        token: None,
        url: text(new.url),
    };
    let secrets = WebhookSecrets {
        password: secret(new.password),
        token: secret(new.token),
    };
    (webhook, secrets)
}

impl From<CreateE164Rules> for E164Rules {
    fn from(new: CreateE164Rules) -> Self {
        Self {
            enabled: new.enabled,
            international_code: text(new.international_code),
            country: text(new.country),
            area_code: text(new.area_code),
            national_code: text(new.national_code),
            prefix: text(new.prefix),
            remove_special_chars: new.remove_special_chars,
            remove_duplicate_countries: new.remove_duplicate_countries,
            remove_duplicate_area_codes: new.remove_duplicate_area_codes,
        }
    }
}

impl From<OfficeHoursInput> for OfficeHours {
    /// What is not said is as in a fresh tenant.
    fn from(input: OfficeHoursInput) -> Self {
        let fresh = Self::default();
        Self {
            monday: day(input.monday, fresh.monday),
            tuesday: day(input.tuesday, fresh.tuesday),
            wednesday: day(input.wednesday, fresh.wednesday),
            thursday: day(input.thursday, fresh.thursday),
            friday: day(input.friday, fresh.friday),
            saturday: day(input.saturday, fresh.saturday),
            sunday: day(input.sunday, fresh.sunday),
        }
    }
}

fn day(input: Field<OfficeDayInput>, fresh: Day) -> Day {
    let Field::Value(input) = input else { return fresh };
    let ranges = input.ranges.into_set().flatten().unwrap_or_default().into_iter();
    Day {
        enabled: input.enabled.into_set().flatten().unwrap_or(fresh.enabled),
        ranges: ranges
            .map(|range| Range {
                from: range.from,
                to: range.to,
            })
            .collect(),
    }
}

impl From<TenantDealer> for DealerSummary {
    fn from(dealer: TenantDealer) -> Self {
        Self {
            id: dealer.id.to_string(),
            enabled: Some(dealer.enabled),
            level: dealer.level.into(),
            name: dealer.name,
            display_name: dealer.display_name,
        }
    }
}

fn summary((tenant, avatar): (tenants::TenantSummary, Option<File>)) -> TenantSummary {
    let (profile, avatar) = (tenant.profile, Avatar::from(avatar));
    TenantSummary {
        id: tenant.id.to_string(),
        name: profile.name,
        domain: profile.domain,
        max_extensions: Some(profile.max_extensions),
        max_concurrent_calls: Some(profile.max_concurrent_calls),
        enabled: Some(profile.enabled),
        website: profile.website,
        timezone: profile.timezone,
        currency: profile.currency,
        region: profile.region,
        avatar_file_name: avatar.name,
        avatar_file_size: avatar.size,
        avatar_file_url: avatar.url,
        created_at: tenant.created_at.into(),
    }
}

shows!(Tenant, tenant, {
    enabled: Some(tenant.profile.enabled),
    email_recipients: tenant.settings.email_recipients,
    created_at: tenant.created_at.into(),
});
