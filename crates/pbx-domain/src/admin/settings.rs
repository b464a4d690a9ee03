//! The settings of the system, most of them for SIP. One that depends on a switch is stored and ignored while the switch is off.

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
        check.canonicalize_optional(&mut self.custom_options, "custom_options", document::json);
        stir_shaken::validate(check, self.stir_shaken_cert.as_deref(), self.stir_shaken_key.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::validated;
    use crate::vault::tests::vault;

    #[test]
    fn the_defaults_are_valid() {
        let defaults = AdminSettings::default();
        assert_eq!(validated(defaults.clone(), &vault()), Ok(defaults));
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
