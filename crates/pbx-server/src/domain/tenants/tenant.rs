//! What is known of a tenant, with its defaults and its rules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::e164::E164Rules;
use super::events::EventWebhook;
use super::lists;
use super::office_hours::OfficeHours;
use crate::domain::document::{self, Check};
use crate::domain::setting::Setting;
use crate::domain::vault::Sealed;
use crate::domain::{Error, Id, address, stir_shaken};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: Id,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// What lists show.
    pub profile: Profile,
    /// All else.
    pub settings: Settings,
}

/// A tenant in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSummary {
    /// Its id.
    pub id: Id,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// What lists show.
    pub profile: Profile,
}

/// What lists show of a tenant, and can be filtered by: these have columns of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Profile {
    pub name: String,
    pub domain: String,
    pub website: Option<String>,
    pub timezone: String,
    pub currency: String,
    pub region: String,
    pub enabled: bool,
    pub max_extensions: i32,
    pub max_concurrent_calls: i32,
    pub avatar_file_id: Option<String>,
}

impl Default for Profile {
    /// The defaults that the vendor's pages document. What they demand is empty, which is refused.
    fn default() -> Self {
        Self {
            name: String::new(),
            domain: String::new(),
            website: None,
            timezone: String::new(),
            currency: String::new(),
            region: String::new(),
            enabled: true,
            max_extensions: 1_000,
            max_concurrent_calls: 20,
            avatar_file_id: None,
        }
    }
}

/// Everything about a tenant that no list shows: kept as one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Settings {
    pub enable_video_recording: bool,
    pub enable_audio_recording: bool,
    pub enable_dual_track_recording: bool,
    pub enable_billing: bool,
    pub enable_feature_billing: bool,
    pub enable_feature_call_statistics: bool,
    pub enable_feature_contact_center: bool,
    pub enable_feature_message_channels: bool,
    pub enable_feature_microsoft_teams: bool,
    pub enable_feature_trunks: bool,
    pub enable_feature_whats_app: bool,
    pub enable_night_mode: bool,
    pub enable_two_factor_authentication: bool,
    pub custom_options: Option<String>,
    pub max_ring_groups: i32,
    pub max_virtual_receptionists: i32,
    pub max_call_queues: i32,
    pub max_conference_rooms: i32,
    /// Empty for no limit, as the other quotas.
    pub disk_quota: String,
    pub im_disk_quota: String,
    pub extension_im_disk_quota: String,
    pub recording_retention: i32,
    pub call_report_retention: i32,
    pub log_retention: i32,
    pub temp_file_retention: i32,
    pub office_hours: OfficeHours,
    pub outbound_caller_ids: Vec<OutboundCallerId>,
    pub e164: E164Rules,
    pub cdr_event: EventWebhook,
    pub extension_event: EventWebhook,
    pub contact_match_type: ContactMatchType,
    pub contact_match_length: Option<i32>,
    pub contact_append_type: ContactAppendType,
    pub contact_update_interval: i32,
    pub email_recipients: Option<String>,
    pub password_force_reset: bool,
    pub stir_shaken_cert: Option<String>,
    pub stir_shaken_key: Option<Sealed>,
}

impl Default for Settings {
    /// The defaults that the vendor's pages document.
    fn default() -> Self {
        Self {
            enable_video_recording: false,
            enable_audio_recording: false,
            enable_dual_track_recording: false,
            enable_billing: false,
            enable_feature_billing: false,
            enable_feature_call_statistics: true,
            enable_feature_contact_center: true,
            enable_feature_message_channels: true,
            enable_feature_microsoft_teams: true,
            enable_feature_trunks: true,
            enable_feature_whats_app: true,
            enable_night_mode: false,
            enable_two_factor_authentication: false,
            custom_options: None,
            max_ring_groups: 20,
            max_virtual_receptionists: 20,
            max_call_queues: 20,
            max_conference_rooms: 20,
            disk_quota: String::new(),
            im_disk_quota: String::new(),
            extension_im_disk_quota: "1GB".to_owned(),
            recording_retention: 180,
            call_report_retention: 30,
            log_retention: 180,
            temp_file_retention: 30,
            office_hours: OfficeHours::default(),
            outbound_caller_ids: Vec::new(),
            e164: E164Rules::default(),
            cdr_event: EventWebhook::default(),
            extension_event: EventWebhook::default(),
            contact_match_type: ContactMatchType::MatchExactly,
            contact_match_length: None,
            contact_append_type: ContactAppendType::Append,
            contact_update_interval: 720,
            email_recipients: None,
            password_force_reset: false,
            stir_shaken_cert: None,
            stir_shaken_key: None,
        }
    }
}

impl Setting for Settings {
    const NAME: &'static str = "tenant";
}

/// A number that calls through a trunk show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct OutboundCallerId {
    pub provider_id: String,
    pub caller_id: String,
    #[serde(default)]
    pub description: Option<String>,
}

/// How the contact of a caller is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum ContactMatchType {
    Disable,
    MatchExactly,
    MatchLength,
}

/// Where the name of a group, queue or number goes beside the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum ContactAppendType {
    Disable,
    Append,
    Prepend,
}

/// Members that are stored encrypted.
pub(super) const SECRETS: &[&str] = &[
    "cdr_event.password",
    "cdr_event.token",
    "extension_event.password",
    "extension_event.token",
    "stir_shaken_key",
];

/// Members whose empty text is a value: no limit.
pub(super) const TEXTS: &[&str] = &["disk_quota", "im_disk_quota", "extension_im_disk_quota"];

/// Members that every tenant has, so that they cannot be cleared.
const REQUIRED: [&str; 5] = ["name", "domain", "timezone", "currency", "region"];

/// What the secret of that member of a tenant is sealed for.
pub fn secret_place(id: Id, member: &str) -> String {
    format!("tenant.{id}.{member}")
}

/// All members of a tenant side by side, as the API has them.
#[derive(Default, Serialize, Deserialize)]
struct Members {
    #[serde(flatten)]
    profile: Profile,
    #[serde(flatten)]
    settings: Settings,
}

impl Tenant {
    /// Its members, to merge others into.
    pub(super) fn members(&self) -> Result<Map<String, Value>, Error> {
        members_of(&Members {
            profile: self.profile.clone(),
            settings: self.settings.clone(),
        })
    }

    /// The same tenant with what was sent merged in. A member that cannot be cleared stays, and `check` knows.
    pub(super) fn merged(
        &self,
        members: &Map<String, Value>,
        sent: &Map<String, Value>,
        check: &mut Check<'_>,
    ) -> Result<Self, Error> {
        let mut fresh = members_of(&Members::default())?;
        for name in REQUIRED {
            fresh.remove(name);
        }
        let mut merged = members.clone();
        document::merge(&mut merged, sent, &fresh, TEXTS);
        for name in REQUIRED {
            if let (None, Some(before)) = (merged.get(name), members.get(name)) {
                check.refuse(name, "required", "cannot be cleared");
                merged.insert(name.to_owned(), before.clone());
            }
        }
        let Members { profile, settings } = serde_json::from_value(Value::Object(merged))
            .map_err(|error| Error::internal(format!("the merged tenant {} does not read: {error}", self.id)))?;
        Ok(Self {
            profile,
            settings,
            ..*self
        })
    }

    /// Brings the members into the form in which they are stored, and tells `check` which of them break a rule.
    pub(super) fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        let (id, profile, settings) = (self.id, &mut self.profile, &mut self.settings);
        check.text(&mut profile.name, "name", name);
        check.text(&mut profile.domain, "domain", address::sip_domain);
        check.text(&mut profile.timezone, "timezone", lists::timezone);
        check.text(&mut profile.currency, "currency", lists::currency);
        check.text(&mut profile.region, "region", lists::region);
        check.format(&mut profile.website, "website", address::website);
        check.format(&mut settings.custom_options, "custom_options", document::json);
        check.format(
            &mut settings.email_recipients,
            "email_recipients",
            address::mail_addresses,
        );
        check.inside("office_hours", |check| {
            settings.office_hours.normalize_and_validate(check)
        });
        check.inside("e164", |check| settings.e164.normalize_and_validate(check));
        check.inside("cdr_event", |check| settings.cdr_event.normalize_and_validate(check));
        check.inside("extension_event", |check| {
            settings.extension_event.normalize_and_validate(check)
        });
        let length = settings.contact_match_length;
        if settings.contact_match_type == ContactMatchType::MatchLength && length.is_none_or(|length| length < 1) {
            let message = "must be at least 1 when `contact_match_type` is `MATCH_LENGTH`";
            check.refuse("contact_match_length", "required", message);
        }
        let (certificate, key) = (settings.stir_shaken_cert.as_deref(), settings.stir_shaken_key.as_ref());
        stir_shaken::validate(check, &secret_place(id, "stir_shaken_key"), certificate, key)
    }
}

fn members_of(members: &Members) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(members) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Error::internal("a tenant is no object")),
        Err(error) => Err(Error::internal(format!("a tenant cannot be written: {error}"))),
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("must not be blank")
    } else {
        Ok(text.to_owned())
    }
}
