//! A tenant: its properties and their rules.

use std::ops::Deref;

use jiff::Timestamp;
use pbx_types::list::{FieldKind, ListField, with_field};
use pbx_types::record::Record as _;
use pbx_types::shared::ContactMatchType;
use pbx_types::tenants::CreateTenant;

use super::codes;
use crate::check::Check;
use crate::document;
use crate::error::Error;
use crate::files::File;
use crate::id::Id;
use crate::setting::{Setting, SettingError};
use crate::state::{Create as _, Rules};
use crate::vault::Vault;
use crate::{address, kind, setting, stir_shaken};

pub use crate::generated::tenants::{Tenant, TenantProfile, TenantSettings};

/// The fields that lists can be filtered and ordered by: those of the record, and the time of creation.
pub const FIELDS: &[ListField] = &with_field::<{ TenantProfile::FIELDS.len() + 1 }>(
    TenantProfile::FIELDS,
    ListField::new("created_at", FieldKind::Time),
);

/// A stored tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTenant {
    /// The tenant's ID.
    pub id: Id<kind::Tenant>,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// Its properties.
    pub tenant: Tenant,
    /// The stored JSON of its settings.
    pub settings_json: String,
}

impl Deref for StoredTenant {
    type Target = Tenant;

    fn deref(&self) -> &Tenant {
        &self.tenant
    }
}

/// The part of a tenant that lists show.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantSummary {
    /// The tenant's ID.
    pub id: Id<kind::Tenant>,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The properties that lists show.
    pub profile: TenantProfile,
    /// The file of its avatar.
    pub avatar_id: Option<Id<File>>,
}

/// A tenant with related data of other tables, as the API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantDetails {
    /// The tenant.
    pub tenant: StoredTenant,
    /// The file of its avatar.
    pub avatar: Option<File>,
    /// The disk space that its files use, e.g. `12MB`.
    pub used_disk_quota: String,
}

impl Setting for TenantSettings {
    const NAME: &'static str = "tenant";
}

/// Returns the beginning of the contexts for which the secrets of a tenant are sealed.
pub fn seal_prefix(id: Id<kind::Tenant>) -> String {
    format!("{}.{id}", TenantSettings::NAME)
}

/// Returns the error for a SIP domain that another tenant has.
pub fn domain_taken() -> Error {
    Error::conflict("Another tenant has this SIP domain.")
}

impl StoredTenant {
    /// Returns the tenant that a body creates, normalized and valid.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every violated rule.
    pub fn create(
        vault: &Vault,
        id: Id<kind::Tenant>,
        created_at: Timestamp,
        body: CreateTenant,
    ) -> Result<Self, Error> {
        let seal_prefix = seal_prefix(id);
        let mut check = Check::new(vault, &seal_prefix);
        let mut tenant = Tenant::create(body, &mut check)?;
        tenant.normalize_and_validate(&mut check)?;
        tenant.check_cdr_event_unchanged(&mut check, false);
        check.finish()?;
        Ok(Self {
            id,
            created_at,
            settings_json: setting::to_json(&tenant.settings)?,
            tenant,
        })
    }

    /// Returns the tenant with these properties, and the names of those that differ.
    ///
    /// # Errors
    ///
    /// If the settings do not serialize.
    pub fn replaced(&self, tenant: Tenant) -> Result<(Self, Vec<String>), SettingError> {
        let (settings_json, mut changed) = document::replaced(&self.settings_json, &tenant.settings)?;
        changed.extend(self.profile.changed(&tenant.profile).into_iter().map(str::to_owned));
        let after = Self {
            tenant,
            settings_json,
            ..*self
        };
        Ok((after, changed))
    }

    /// Returns the names of the properties that have a value.
    ///
    /// # Errors
    ///
    /// If the settings are not an object.
    pub fn present(&self) -> Result<Vec<String>, SettingError> {
        let mut present = document::present::<TenantSettings>(&self.settings_json)?;
        present.extend(self.profile.present().into_iter().map(str::to_owned));
        Ok(present)
    }
}

impl Tenant {
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
}

impl Rules for Tenant {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        let (profile, settings) = (&mut self.profile, &mut self.settings);
        check.canonicalize(&mut profile.name, "name", name);
        check.canonicalize(&mut profile.domain, "domain", address::host);
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
        stir_shaken::validate(check, certificate, key)
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("must not be blank")
    } else {
        Ok(text.to_owned())
    }
}
