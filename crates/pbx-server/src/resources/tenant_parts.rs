//! The parts of a tenant that `/tenants` and `/tenant` show alike.

use pbx_api::shared::{
    ContactAppendType, ContactMatchType, E164Rules, EventWebhook, OfficeDay, OfficeHours, OutboundCallerId, TimeRange,
    WebhookAuth,
};

use super::{files, mask};
use crate::domain::files::File;
use crate::domain::tenants::{e164, events, office_hours, tenant};

/// The picture of a tenant, as three of its members say it.
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

/// The type of an answer shows a tenant: the members that both types have, and those given, which only this one has.
macro_rules! shows {
    ($type:ident, $tenant:ident, { $($member:ident: $value:expr),+ $(,)? }) => {
        impl From<$crate::domain::tenants::Shown> for $type {
            fn from(shown: $crate::domain::tenants::Shown) -> Self {
                let ($tenant, avatar) = (shown.tenant, $crate::resources::tenant_parts::Avatar::from(shown.avatar));
                Self {
                    $($member: $value,)+
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
                    used_disk_quota: shown.used_disk_quota,
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
        }
    };
}

pub(super) use shows;

impl From<office_hours::OfficeHours> for OfficeHours {
    fn from(hours: office_hours::OfficeHours) -> Self {
        Self {
            monday: hours.monday.into(),
            tuesday: hours.tuesday.into(),
            wednesday: hours.wednesday.into(),
            thursday: hours.thursday.into(),
            friday: hours.friday.into(),
            saturday: hours.saturday.into(),
            sunday: hours.sunday.into(),
        }
    }
}

impl From<office_hours::Day> for OfficeDay {
    fn from(day: office_hours::Day) -> Self {
        let range = |range: office_hours::Range| TimeRange {
            from: range.from,
            to: range.to,
        };
        Self {
            enabled: day.enabled,
            ranges: day.ranges.into_iter().map(range).collect(),
        }
    }
}

impl From<e164::E164Rules> for E164Rules {
    fn from(rules: e164::E164Rules) -> Self {
        Self {
            enabled: Some(rules.enabled),
            international_code: rules.international_code,
            country: rules.country,
            area_code: rules.area_code,
            national_code: rules.national_code,
            prefix: rules.prefix,
            remove_special_chars: Some(rules.remove_special_chars),
            remove_duplicate_countries: Some(rules.remove_duplicate_countries),
            remove_duplicate_area_codes: Some(rules.remove_duplicate_area_codes),
        }
    }
}

impl From<events::EventWebhook> for EventWebhook {
    fn from(webhook: events::EventWebhook) -> Self {
        Self {
            enabled: Some(webhook.enabled),
            auth: Some(webhook.auth.into()),
            username: webhook.username,
            password: mask(&webhook.password),
            token: mask(&webhook.token),
            url: webhook.url,
        }
    }
}

impl From<events::WebhookAuth> for WebhookAuth {
    fn from(auth: events::WebhookAuth) -> Self {
        match auth {
            events::WebhookAuth::Disable => Self::Disable,
            events::WebhookAuth::Basic => Self::Basic,
            events::WebhookAuth::Digest => Self::Digest,
            events::WebhookAuth::Bearer => Self::Bearer,
        }
    }
}

impl From<WebhookAuth> for events::WebhookAuth {
    fn from(auth: WebhookAuth) -> Self {
        match auth {
            WebhookAuth::Disable => Self::Disable,
            WebhookAuth::Basic => Self::Basic,
            WebhookAuth::Digest => Self::Digest,
            WebhookAuth::Bearer => Self::Bearer,
        }
    }
}

impl From<tenant::OutboundCallerId> for OutboundCallerId {
    fn from(caller_id: tenant::OutboundCallerId) -> Self {
        Self {
            provider_id: caller_id.provider_id,
            caller_id: caller_id.caller_id,
            description: caller_id.description,
        }
    }
}

impl From<tenant::ContactMatchType> for ContactMatchType {
    fn from(kind: tenant::ContactMatchType) -> Self {
        match kind {
            tenant::ContactMatchType::Disable => Self::Disable,
            tenant::ContactMatchType::MatchExactly => Self::MatchExactly,
            tenant::ContactMatchType::MatchLength => Self::MatchLength,
        }
    }
}

impl From<ContactMatchType> for tenant::ContactMatchType {
    fn from(kind: ContactMatchType) -> Self {
        match kind {
            ContactMatchType::Disable => Self::Disable,
            ContactMatchType::MatchExactly => Self::MatchExactly,
            ContactMatchType::MatchLength => Self::MatchLength,
        }
    }
}

impl From<tenant::ContactAppendType> for ContactAppendType {
    fn from(kind: tenant::ContactAppendType) -> Self {
        match kind {
            tenant::ContactAppendType::Disable => Self::Disable,
            tenant::ContactAppendType::Append => Self::Append,
            tenant::ContactAppendType::Prepend => Self::Prepend,
        }
    }
}

impl From<ContactAppendType> for tenant::ContactAppendType {
    fn from(kind: ContactAppendType) -> Self {
        match kind {
            ContactAppendType::Disable => Self::Disable,
            ContactAppendType::Append => Self::Append,
            ContactAppendType::Prepend => Self::Prepend,
        }
    }
}
