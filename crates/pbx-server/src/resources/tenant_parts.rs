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
