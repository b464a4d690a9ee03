//! Parameters of the system, most of them for the SIP side.

use serde::{Deserialize, Serialize};

use crate::domain::document::{self, Check, Document};
use crate::domain::setting::Setting;
use crate::domain::vault::Sealed;
use crate::domain::{Error, stir_shaken};

/// The parameters. One that depends on a switch is kept and ignored while that is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct AdminSettings {
    pub user_agent: String,
    pub blocked_user_agents: Option<String>,
    pub enable_shared_address_space_address_range: bool,
    pub enable_digest_auth: bool,
    pub enable_auth_mid_dialog: bool,
    pub enable_digest_auth_int: bool,
    pub enable_external_recording: bool,
    pub enable_reject_bad_nonce: bool,
    pub statistics_log_interval: i32,
    pub dead_session_timeout: i32,
    pub enable_session_timer: bool,
    pub session_timer_duration: i32,
    pub enable_to_tag_in_register: bool,
    pub enable_congestion_management: bool,
    pub congestion_management_metric: Option<CongestionMetric>,
    pub congestion_management_tolerance: i32,
    pub enable_create_non_exist_extension: bool,
    pub enable_prack: bool,
    pub enable_tenant_level_trunk: bool,
    pub enable_diversion_support: bool,
    pub enable_history_info_support: bool,
    pub enable_outbound_support: bool,
    pub flow_timer: i32,
    pub register_expiration_time: i32,
    pub enable_auto_answer_alert_info_header: bool,
    pub auto_answer_alert_info_header: Option<AutoAnswerAlertInfo>,
    pub enable_auto_answer_call_info_header: bool,
    pub enable_require_answer_mode: bool,
    pub enable_www_auth: bool,
    pub user_equal_required_for_auth_name: bool,
    pub trace_server_host: Option<String>,
    pub trace_server_port: Option<u16>,
    pub web_failed_auth_amount: i32,
    pub web_blacklist_time_interval: i32,
    pub sip_failed_auth_amount: i32,
    pub sip_failed_challenge_requests_amount: i32,
    pub sip_blacklist_time_interval: i32,
    pub sip_detection_period: i32,
    pub sip_barrier_1_packets: i32,
    pub sip_barrier_1_blocking_time: i32,
    pub sip_barrier_2_packets: i32,
    pub sip_barrier_2_blocking_time: i32,
    pub stir_shaken_cert: Option<String>,
    pub stir_shaken_key: Option<Sealed>,
    pub custom_options: Option<String>,
}

impl Default for AdminSettings {
    /// The defaults that the vendor's pages document; the contract of an update does not repeat them.
    fn default() -> Self {
        Self {
            user_agent: "PortSIP UC".to_owned(),
            blocked_user_agents: None,
            enable_shared_address_space_address_range: true,
            enable_digest_auth: true,
            enable_auth_mid_dialog: false,
            enable_digest_auth_int: false,
            enable_external_recording: true,
            enable_reject_bad_nonce: false,
            statistics_log_interval: 600,
            dead_session_timeout: 600,
            enable_session_timer: true,
            session_timer_duration: 3_600,
            enable_to_tag_in_register: false,
            enable_congestion_management: true,
            congestion_management_metric: None,
            congestion_management_tolerance: 600,
            enable_create_non_exist_extension: false,
            enable_prack: false,
            enable_tenant_level_trunk: true,
            enable_diversion_support: false,
            enable_history_info_support: false,
            enable_outbound_support: true,
            flow_timer: 0,
            register_expiration_time: 300,
            enable_auto_answer_alert_info_header: false,
            auto_answer_alert_info_header: None,
            enable_auto_answer_call_info_header: true,
            enable_require_answer_mode: false,
            enable_www_auth: false,
            user_equal_required_for_auth_name: true,
            trace_server_host: None,
            trace_server_port: None,
            web_failed_auth_amount: 5,
            web_blacklist_time_interval: 3_600,
            sip_failed_auth_amount: 50,
            sip_failed_challenge_requests_amount: 1_000,
            sip_blacklist_time_interval: 3_600,
            sip_detection_period: 10,
            sip_barrier_1_packets: 5_000,
            sip_barrier_1_blocking_time: 3_600,
            sip_barrier_2_packets: 2_000,
            sip_barrier_2_blocking_time: 30,
            stir_shaken_cert: None,
            stir_shaken_key: None,
            custom_options: None,
        }
    }
}

/// By what a queue of packets is judged to be too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum CongestionMetric {
    WaitTime,
    TimeDepth,
    Size,
}

/// What a phone is told that shall answer by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum AutoAnswerAlertInfo {
    Intercom,
    AlertAutoAnswer,
    AutoAnswer,
}

impl Setting for AdminSettings {
    const NAME: &'static str = "admin_settings";
}

impl Document for AdminSettings {
    const SECRETS: &'static [&'static str] = &["stir_shaken_key"];

    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.format(&mut self.custom_options, "custom_options", document::json);
        let place = document::seal_context::<Self>("stir_shaken_key");
        stir_shaken::validate(
            check,
            &place,
            self.stir_shaken_cert.as_deref(),
            self.stir_shaken_key.as_ref(),
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::validated;
    use crate::domain::vault::tests::vault;

    #[test]
    fn the_defaults_obey_the_rules() {
        let defaults = AdminSettings::default();
        assert_eq!(validated(defaults.clone(), &vault()), Ok(defaults));
    }

    #[test]
    fn custom_options_are_json() {
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
