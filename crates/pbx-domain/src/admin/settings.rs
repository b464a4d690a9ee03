//! The settings of the system, most of them for SIP. One that depends on a switch is stored and ignored while the switch is off.

use crate::address;
use crate::check::Check;
use crate::document::{self, Document};
use crate::error::Error;
use crate::setting::Setting;
use crate::state::Rules;
use crate::stir_shaken;

pub use crate::generated::admin::AdminSettings;

impl Setting for AdminSettings {
    const NAME: &'static str = "admin_settings";
}

impl Document for AdminSettings {}

impl Rules for AdminSettings {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize_optional(&mut self.trace_server_host, "trace_server_host", address::host);
        check.canonicalize_optional(&mut self.custom_options, "custom_options", document::json);
        stir_shaken::validate(check, self.stir_shaken_cert.as_deref(), self.stir_shaken_key.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use pbx_types::admin::UpdateAdminSettings;
    use serde_json::json;

    use super::*;
    use crate::document::validated;
    use crate::state;
    use crate::vault::tests::vault;

    #[test]
    fn the_defaults_are_valid() {
        let defaults = AdminSettings::default();
        assert_eq!(validated(defaults.clone(), &vault()), Ok(defaults));
    }

    #[test]
    fn invalid_value_of_an_earlier_release_may_stay() {
        let stored = AdminSettings {
            trace_server_host: Some("not a host!".to_owned()),
            ..AdminSettings::default()
        };
        let update = |patch: serde_json::Value| {
            let patch: UpdateAdminSettings = serde_json::from_value(patch).unwrap();
            state::updated(&vault(), "admin_settings", &stored, patch).map(|after| after.trace_server_host)
        };
        let host = Some("not a host!".to_owned());
        assert_eq!(update(json!({"enable_prack": true})).unwrap(), host);
        assert_eq!(update(json!({"trace_server_host": "not a host!"})).unwrap(), host);
        assert_eq!(update(json!({"trace_server_host": ""})).unwrap(), None);
        assert!(update(json!({"trace_server_host": "not another!"})).is_err());
        assert!(update(json!({"custom_options": "{"})).is_err(), "another property");
    }

    #[test]
    fn custom_options_must_be_json() {
        let with = |text: &str| AdminSettings {
            custom_options: Some(text.to_owned()),
            ..AdminSettings::default()
        };
        for good in ["{}", "{\"a\": [1, null]}", "[]", "7"] {
            assert!(validated(with(good), &vault()).is_ok(), "{good}");
        }
        for bad in ["{", "a=1", "{'a': 1}", "{} {}"] {
            assert_eq!(
                validated(with(bad), &vault()),
                Err(vec!["/custom_options format".to_owned()])
            );
        }
    }
}
