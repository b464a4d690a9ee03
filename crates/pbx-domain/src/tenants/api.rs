//! Conversions of tenants from and into the types of the API.

use pbx_types::{Field, Secret, shared, tenants};

use super::e164::E164Rules;
use super::events::{EventWebhook, WebhookAuth, WebhookSecrets};
use super::office_hours::{Day, OfficeHours, Range};
use super::tenant::{ContactAppendType, ContactMatchType, NewTenant, OutboundCallerId, Profile, Settings};
use crate::convert::{mask, non_empty};
use crate::password::Password;

impl From<tenants::CreateTenant> for NewTenant {
    fn from(new: tenants::CreateTenant) -> Self {
        let (cdr_event, cdr_secrets) = new_webhook(new.cdr_event);
        let (extension_event, extension_secrets) = new_webhook(new.extension_event);
        Self {
            profile: Profile {
                name: new.name,
                domain: new.domain,
                website: non_empty(new.website),
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
                custom_options: non_empty(new.custom_options),
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
                email_recipients: non_empty(new.email_recipients),
                password_force_reset: new.password_force_reset,
                stir_shaken_cert: None,
                stir_shaken_key: None,
            },
            cdr_event: cdr_secrets,
            extension_event: extension_secrets,
        }
    }
}

fn new_webhook(new: Option<tenants::CreateEventWebhook>) -> (EventWebhook, WebhookSecrets) {
    let Some(new) = new else { return Default::default() };
    let secret = |secret: Option<Secret>| secret.map(|secret| Password::new(secret.into_inner()));
    let webhook = EventWebhook {
        enabled: new.enabled,
        auth: new.auth.into(),
        username: non_empty(new.username),
        password: None,
        token: None,
        url: non_empty(new.url),
    };
    let secrets = WebhookSecrets {
        password: secret(new.password),
        token: secret(new.token),
    };
    (webhook, secrets)
}

impl From<tenants::CreateE164Rules> for E164Rules {
    fn from(new: tenants::CreateE164Rules) -> Self {
        Self {
            enabled: new.enabled,
            international_code: non_empty(new.international_code),
            country: non_empty(new.country),
            area_code: non_empty(new.area_code),
            national_code: non_empty(new.national_code),
            prefix: non_empty(new.prefix),
            remove_special_chars: new.remove_special_chars,
            remove_duplicate_countries: new.remove_duplicate_countries,
            remove_duplicate_area_codes: new.remove_duplicate_area_codes,
        }
    }
}

impl From<shared::OfficeHoursInput> for OfficeHours {
    /// Days that are not given get the hours of a new tenant.
    fn from(input: shared::OfficeHoursInput) -> Self {
        let default = Self::default();
        Self {
            monday: day(input.monday, default.monday),
            tuesday: day(input.tuesday, default.tuesday),
            wednesday: day(input.wednesday, default.wednesday),
            thursday: day(input.thursday, default.thursday),
            friday: day(input.friday, default.friday),
            saturday: day(input.saturday, default.saturday),
            sunday: day(input.sunday, default.sunday),
        }
    }
}

fn day(input: Field<shared::OfficeDayInput>, default: Day) -> Day {
    let Field::Value(input) = input else { return default };
    let ranges = input.ranges.into_set().flatten().unwrap_or_default().into_iter();
    Day {
        enabled: input.enabled.into_set().flatten().unwrap_or(default.enabled),
        ranges: ranges
            .map(|range| Range {
                from: range.from,
                to: range.to,
            })
            .collect(),
    }
}

impl From<OfficeHours> for shared::OfficeHours {
    fn from(hours: OfficeHours) -> Self {
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

impl From<Day> for shared::OfficeDay {
    fn from(day: Day) -> Self {
        let range = |range: Range| shared::TimeRange {
            from: range.from,
            to: range.to,
        };
        Self {
            enabled: day.enabled,
            ranges: day.ranges.into_iter().map(range).collect(),
        }
    }
}

impl From<E164Rules> for shared::E164Rules {
    fn from(rules: E164Rules) -> Self {
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

impl From<EventWebhook> for shared::EventWebhook {
    fn from(webhook: EventWebhook) -> Self {
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

impl From<WebhookAuth> for shared::WebhookAuth {
    fn from(auth: WebhookAuth) -> Self {
        match auth {
            WebhookAuth::Disable => Self::Disable,
            WebhookAuth::Basic => Self::Basic,
            WebhookAuth::Digest => Self::Digest,
            WebhookAuth::Bearer => Self::Bearer,
        }
    }
}

impl From<shared::WebhookAuth> for WebhookAuth {
    fn from(auth: shared::WebhookAuth) -> Self {
        match auth {
            shared::WebhookAuth::Disable => Self::Disable,
            shared::WebhookAuth::Basic => Self::Basic,
            shared::WebhookAuth::Digest => Self::Digest,
            shared::WebhookAuth::Bearer => Self::Bearer,
        }
    }
}

impl From<OutboundCallerId> for shared::OutboundCallerId {
    fn from(caller_id: OutboundCallerId) -> Self {
        Self {
            provider_id: caller_id.provider_id,
            caller_id: caller_id.caller_id,
            description: caller_id.description,
        }
    }
}

impl From<ContactMatchType> for shared::ContactMatchType {
    fn from(kind: ContactMatchType) -> Self {
        match kind {
            ContactMatchType::Disable => Self::Disable,
            ContactMatchType::MatchExactly => Self::MatchExactly,
            ContactMatchType::MatchLength => Self::MatchLength,
        }
    }
}

impl From<shared::ContactMatchType> for ContactMatchType {
    fn from(kind: shared::ContactMatchType) -> Self {
        match kind {
            shared::ContactMatchType::Disable => Self::Disable,
            shared::ContactMatchType::MatchExactly => Self::MatchExactly,
            shared::ContactMatchType::MatchLength => Self::MatchLength,
        }
    }
}

impl From<ContactAppendType> for shared::ContactAppendType {
    fn from(kind: ContactAppendType) -> Self {
        match kind {
            ContactAppendType::Disable => Self::Disable,
            ContactAppendType::Append => Self::Append,
            ContactAppendType::Prepend => Self::Prepend,
        }
    }
}

impl From<shared::ContactAppendType> for ContactAppendType {
    fn from(kind: shared::ContactAppendType) -> Self {
        match kind {
            shared::ContactAppendType::Disable => Self::Disable,
            shared::ContactAppendType::Append => Self::Append,
            shared::ContactAppendType::Prepend => Self::Prepend,
        }
    }
}
