//! A tenant: its properties, their defaults and their rules.

use jiff::Timestamp;
use pbx_types::list::{FieldKind, ListField};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::codes;
use super::e164::E164Rules;
use super::events::{EventWebhook, WebhookSecrets};
use super::office_hours::OfficeHours;
use crate::document::{self, Check};
use crate::error::Error;
use crate::files::File;
use crate::id::Id;
use crate::setting::Setting;
use crate::vault::{Sealed, Vault};
use crate::{address, stir_shaken};

/// The fields that lists of tenants can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("domain", FieldKind::Text),
    ListField::new("website", FieldKind::Text),
    ListField::new("timezone", FieldKind::Text),
    ListField::new("currency", FieldKind::Text),
    ListField::new("region", FieldKind::Text),
    ListField::new("enabled", FieldKind::Boolean),
    ListField::new("max_extensions", FieldKind::Integer),
    ListField::new("max_concurrent_calls", FieldKind::Integer),
    ListField::new("created_at", FieldKind::Time),
];

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's ID.
    pub id: Id,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The properties that lists show.
    pub profile: Profile,
    /// All other properties.
    pub settings: Settings,
}

/// The part of a tenant that lists show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSummary {
    /// The tenant's ID.
    pub id: Id,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The properties that lists show.
    pub profile: Profile,
}

/// The properties of a tenant that lists show and can be filtered by. Each is a column of the table.
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
    /// The defaults that the vendor's pages document. Required properties are empty, which is invalid.
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

/// The properties of a tenant that no list shows, stored as one JSON document.
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

/// A number that calls through a trunk present to the callee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct OutboundCallerId {
    pub provider_id: String,
    pub caller_id: String,
    #[serde(default)]
    pub description: Option<String>,
}

/// The method by which the contact of a caller is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum ContactMatchType {
    Disable,
    MatchExactly,
    MatchLength,
}

/// The position of the name of a group, queue or number relative to the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum ContactAppendType {
    Disable,
    Append,
    Prepend,
}

/// A tenant with related data of other tables, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantDetails {
    /// The tenant.
    pub tenant: Tenant,
    /// The file of its avatar.
    pub avatar: Option<File>,
    /// The disk space that its files use, e.g. `12MB`.
    pub used_disk_quota: String,
}

/// The properties of a tenant to be created, with the secrets of its webhooks still in clear text.
#[derive(Debug)]
pub struct NewTenant {
    /// The properties that lists show.
    pub profile: Profile,
    /// All other properties.
    pub settings: Settings,
    /// The secrets of `cdr_event`.
    pub cdr_event: WebhookSecrets,
    /// The secrets of `extension_event`.
    pub extension_event: WebhookSecrets,
}

impl NewTenant {
    /// Returns the tenant, normalized and valid, with its secrets sealed.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every violated rule.
    pub fn into_tenant(self, vault: &Vault, id: Id, created_at: Timestamp) -> Result<Tenant, Error> {
        let mut tenant = Tenant {
            id,
            created_at,
            profile: self.profile,
            settings: self.settings,
        };
        let Settings {
            cdr_event,
            extension_event,
            ..
        } = &mut tenant.settings;
        cdr_event.seal(vault, self.cdr_event, |property| {
            seal_context(id, &format!("cdr_event.{property}"))
        })?;
        extension_event.seal(vault, self.extension_event, |property| {
            seal_context(id, &format!("extension_event.{property}"))
        })?;
        let mut check = Check::new(vault);
        tenant.normalize_and_validate(&mut check)?;
        tenant.check_cdr_event_unchanged(&mut check, false);
        check.finish()?;
        Ok(tenant)
    }
}

/// Properties that are stored sealed.
const SECRETS: &[&str] = &[
    "cdr_event.password",
    "cdr_event.token",
    "extension_event.password",
    "extension_event.token",
    "stir_shaken_key",
];

/// Properties of which the empty string is a value: no limit.
const EMPTY_IS_VALUE: &[&str] = &["disk_quota", "im_disk_quota", "extension_im_disk_quota"];

/// Properties that every tenant has, so that they cannot be cleared.
const REQUIRED: [&str; 5] = ["name", "domain", "timezone", "currency", "region"];

/// Returns the context for which a secret property of a tenant is sealed.
pub fn seal_context(id: Id, property: &str) -> String {
    format!("tenant.{id}.{property}")
}

/// Seals the secrets among the properties that were sent for a tenant.
pub fn seal_secrets(vault: &Vault, id: Id, sent: &mut Map<String, Value>) -> Result<(), Error> {
    document::seal(vault, sent, SECRETS, |property| seal_context(id, property))
}

/// Returns the error for an ID that no tenant has, or none that the caller may see.
pub fn not_found() -> Error {
    Error::NotFound { what: "tenant" }
}

/// Returns the error for a SIP domain that another tenant has.
pub fn domain_taken() -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: "Another tenant has this SIP domain.".to_owned(),
    }
}

/// All properties of a tenant in one object, as in the API.
#[derive(Default, Serialize, Deserialize)]
struct Properties {
    #[serde(flatten)]
    profile: Profile,
    #[serde(flatten)]
    settings: Settings,
}

impl Tenant {
    /// Returns all properties, to merge a patch into them.
    pub fn properties(&self) -> Result<Map<String, Value>, Error> {
        to_object(&Properties {
            profile: self.profile.clone(),
            settings: self.settings.clone(),
        })
    }

    /// Returns the tenant with the sent properties merged into its own. A property that cannot be cleared keeps its value, and
    /// the violation is recorded in `check`.
    pub fn merged(
        &self,
        properties: &Map<String, Value>,
        sent: &Map<String, Value>,
        check: &mut Check<'_>,
    ) -> Result<Self, Error> {
        let mut defaults = to_object(&Properties::default())?;
        for name in REQUIRED {
            defaults.remove(name);
        }
        let mut merged = properties.clone();
        document::merge(&mut merged, sent, &defaults, EMPTY_IS_VALUE);
        for name in REQUIRED {
            if let (None, Some(before)) = (merged.get(name), properties.get(name)) {
                check.record(name, "required", "cannot be cleared");
                merged.insert(name.to_owned(), before.clone());
            }
        }
        let Properties { profile, settings } = serde_json::from_value(Value::Object(merged)).map_err(|error| {
            Error::internal(format!("the merged tenant {} cannot be deserialized: {error}", self.id))
        })?;
        Ok(Self {
            profile,
            settings,
            ..*self
        })
    }

    /// Records a violation if `cdr_event.enabled` differs from its previous value, which only the tenant's own administrator can
    /// change.
    ///
    /// Call records leave a tenant only if its administrator decides so. Those who manage tenants can set up the receiver.
    pub fn check_cdr_event_unchanged(&self, check: &mut Check<'_>, enabled_before: bool) {
        if self.settings.cdr_event.enabled != enabled_before {
            let message = "can be changed by the tenant's own administrator only (`POST /tenant`)";
            check.inside("cdr_event", |check| check.record("enabled", "tenant", message));
        }
    }

    /// Normalizes the properties and records every violation in `check`.
    pub fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        let (id, profile, settings) = (self.id, &mut self.profile, &mut self.settings);
        check.canonicalize(&mut profile.name, "name", name);
        check.canonicalize(&mut profile.domain, "domain", address::sip_domain);
        check.canonicalize(&mut profile.timezone, "timezone", codes::timezone);
        check.canonicalize(&mut profile.currency, "currency", codes::currency);
        check.canonicalize(&mut profile.region, "region", codes::region);
        check.canonicalize_optional(&mut profile.website, "website", address::website);
        check.canonicalize_optional(&mut settings.custom_options, "custom_options", document::json);
        check.canonicalize_optional(
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
            check.record("contact_match_length", "required", message);
        }
        let (certificate, key) = (settings.stir_shaken_cert.as_deref(), settings.stir_shaken_key.as_ref());
        stir_shaken::validate(check, &seal_context(id, "stir_shaken_key"), certificate, key)
    }
}

fn to_object(properties: &Properties) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(properties) {
        Ok(Value::Object(properties)) => Ok(properties),
        Ok(_) => Err(Error::internal("a tenant is not serialized as an object")),
        Err(error) => Err(Error::internal(format!("a tenant cannot be serialized: {error}"))),
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("must not be blank")
    } else {
        Ok(text.to_owned())
    }
}
