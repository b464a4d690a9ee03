//! The parts of a tenant that the responses of `/tenants` and `/tenant` have in common.

use pbx_domain::files::File;

use super::files;

/// The avatar of a tenant, as three properties of the response.
pub(super) struct Avatar {
    pub(super) name: Option<String>,
    pub(super) size: Option<i64>,
    pub(super) url: Option<String>,
}

impl From<Option<File>> for Avatar {
    fn from(file: Option<File>) -> Self {
        Self {
            url: file.as_ref().map(files::url),
            size: file.as_ref().map(|file| file.size),
            name: file.map(|file| file.name),
        }
    }
}

/// Defines the function that converts a tenant into a response: with the properties that both response types have, and those
/// given, which only this one has.
macro_rules! tenant_response {
    ($function:ident -> $type:ident, $tenant:ident, { $($property:ident: $value:expr),+ $(,)? }) => {
        fn $function(details: pbx_domain::tenants::tenant::TenantDetails) -> $type {
            let ($tenant, avatar) = (details.tenant, $crate::resources::tenant_parts::Avatar::from(details.avatar));
            $type {
                $($property: $value,)+
                id: $tenant.id.to_string(),
                name: $tenant.profile.name,
                domain: $tenant.profile.domain,
                website: $tenant.profile.website,
                timezone: $tenant.profile.timezone,
                currency: $tenant.profile.currency,
                region: $tenant.profile.region,
                enable_video_recording: Some($tenant.settings.enable_video_recording),
                enable_audio_recording: Some($tenant.settings.enable_audio_recording),
                enable_dual_track_recording: Some($tenant.settings.enable_dual_track_recording),
                enable_billing: Some($tenant.settings.enable_billing),
                enable_feature_billing: Some($tenant.settings.enable_feature_billing),
                enable_feature_call_statistics: Some($tenant.settings.enable_feature_call_statistics),
                enable_feature_contact_center: Some($tenant.settings.enable_feature_contact_center),
                enable_feature_message_channels: Some($tenant.settings.enable_feature_message_channels),
                enable_feature_microsoft_teams: Some($tenant.settings.enable_feature_microsoft_teams),
                enable_feature_trunks: Some($tenant.settings.enable_feature_trunks),
                enable_feature_whats_app: Some($tenant.settings.enable_feature_whats_app),
                enable_night_mode: Some($tenant.settings.enable_night_mode),
                enable_two_factor_authentication: Some($tenant.settings.enable_two_factor_authentication),
                custom_options: $tenant.settings.custom_options,
                max_extensions: Some($tenant.profile.max_extensions),
                max_concurrent_calls: Some($tenant.profile.max_concurrent_calls),
                max_ring_groups: Some($tenant.settings.max_ring_groups),
                max_virtual_receptionists: Some($tenant.settings.max_virtual_receptionists),
                max_call_queues: Some($tenant.settings.max_call_queues),
                max_conference_rooms: Some($tenant.settings.max_conference_rooms),
                disk_quota: Some($tenant.settings.disk_quota),
                used_disk_quota: details.used_disk_quota,
                im_disk_quota: Some($tenant.settings.im_disk_quota),
                extension_im_disk_quota: Some($tenant.settings.extension_im_disk_quota),
                recording_retention: Some($tenant.settings.recording_retention),
                call_report_retention: Some($tenant.settings.call_report_retention),
                log_retention: Some($tenant.settings.log_retention),
                temp_file_retention: Some($tenant.settings.temp_file_retention),
                office_hours: $tenant.settings.office_hours.into(),
                outbound_caller_ids: $tenant.settings.outbound_caller_ids.into_iter().map(Into::into).collect(),
                e164: Some($tenant.settings.e164.into()),
                cdr_event: Some($tenant.settings.cdr_event.into()),
                extension_event: Some($tenant.settings.extension_event.into()),
                contact_match_type: Some($tenant.settings.contact_match_type.into()),
                contact_match_length: $tenant.settings.contact_match_length,
                contact_append_type: Some($tenant.settings.contact_append_type.into()),
                contact_update_interval: Some($tenant.settings.contact_update_interval),
                password_force_reset: Some($tenant.settings.password_force_reset),
                avatar_file_name: avatar.name,
                avatar_file_size: avatar.size,
                avatar_file_url: avatar.url,
            }
        }
    };
}

pub(super) use tenant_response;
