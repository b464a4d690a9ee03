//! The settings of the system, most of them for SIP.

use pbx_types::admin as api;
use serde::{Deserialize, Serialize};

use crate::convert::mask;
use crate::document::{self, Check, Document};
use crate::error::Error;
use crate::setting::Setting;
use crate::stir_shaken;
use crate::vault::Sealed;

/// The settings. One that depends on a switch is stored and ignored while the switch is off.
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
    /// Returns the defaults that the vendor's pages document; the contract of an update does not repeat them.
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

/// The metric by which a packet queue counts as congested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum CongestionMetric {
    WaitTime,
    TimeDepth,
    Size,
}

/// The value of the header that makes a phone answer automatically.
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
        check.canonicalize_optional(&mut self.custom_options, "custom_options", document::json);
        let seal_context = document::seal_context::<Self>("stir_shaken_key");
        stir_shaken::validate(
            check,
            &seal_context,
            self.stir_shaken_cert.as_deref(),
            self.stir_shaken_key.as_ref(),
        )?;
        Ok(())
    }
}

impl From<AdminSettings> for api::AdminSettings {
    fn from(settings: AdminSettings) -> Self {
        Self {
            user_agent: Some(settings.user_agent),
            blocked_user_agents: settings.blocked_user_agents,
            enable_shared_address_space_address_range: Some(settings.enable_shared_address_space_address_range),
            enable_digest_auth: Some(settings.enable_digest_auth),
            enable_auth_mid_dialog: Some(settings.enable_auth_mid_dialog),
            enable_digest_auth_int: Some(settings.enable_digest_auth_int),
            enable_external_recording: Some(settings.enable_external_recording),
            enable_reject_bad_nonce: Some(settings.enable_reject_bad_nonce),
            statistics_log_interval: Some(settings.statistics_log_interval),
            dead_session_timeout: Some(settings.dead_session_timeout),
            enable_session_timer: Some(settings.enable_session_timer),
            session_timer_duration: Some(settings.session_timer_duration),
            enable_to_tag_in_register: Some(settings.enable_to_tag_in_register),
            enable_congestion_management: Some(settings.enable_congestion_management),
            congestion_management_metric: settings.congestion_management_metric.map(Into::into),
            congestion_management_tolerance: Some(settings.congestion_management_tolerance),
            enable_create_non_exist_extension: Some(settings.enable_create_non_exist_extension),
            enable_prack: Some(settings.enable_prack),
            enable_tenant_level_trunk: Some(settings.enable_tenant_level_trunk),
            enable_diversion_support: Some(settings.enable_diversion_support),
            enable_history_info_support: Some(settings.enable_history_info_support),
            enable_outbound_support: Some(settings.enable_outbound_support),
            flow_timer: Some(settings.flow_timer),
            register_expiration_time: Some(settings.register_expiration_time),
            enable_auto_answer_alert_info_header: Some(settings.enable_auto_answer_alert_info_header),
            auto_answer_alert_info_header: settings.auto_answer_alert_info_header.map(Into::into),
            enable_auto_answer_call_info_header: Some(settings.enable_auto_answer_call_info_header),
            enable_require_answer_mode: Some(settings.enable_require_answer_mode),
            enable_www_auth: Some(settings.enable_www_auth),
            user_equal_required_for_auth_name: Some(settings.user_equal_required_for_auth_name),
            trace_server_host: settings.trace_server_host,
            trace_server_port: settings.trace_server_port,
            web_failed_auth_amount: Some(settings.web_failed_auth_amount),
            web_blacklist_time_interval: Some(settings.web_blacklist_time_interval),
            sip_failed_auth_amount: Some(settings.sip_failed_auth_amount),
            sip_failed_challenge_requests_amount: Some(settings.sip_failed_challenge_requests_amount),
            sip_blacklist_time_interval: Some(settings.sip_blacklist_time_interval),
            sip_detection_period: Some(settings.sip_detection_period),
            sip_barrier_1_packets: Some(settings.sip_barrier_1_packets),
            sip_barrier_1_blocking_time: Some(settings.sip_barrier_1_blocking_time),
            sip_barrier_2_packets: Some(settings.sip_barrier_2_packets),
            sip_barrier_2_blocking_time: Some(settings.sip_barrier_2_blocking_time),
            stir_shaken_cert: settings.stir_shaken_cert,
            stir_shaken_key: mask(&settings.stir_shaken_key),
            custom_options: settings.custom_options,
        }
    }
}

impl From<CongestionMetric> for api::CongestionMetric {
    fn from(metric: CongestionMetric) -> Self {
        match metric {
            CongestionMetric::WaitTime => Self::WaitTime,
            CongestionMetric::TimeDepth => Self::TimeDepth,
            CongestionMetric::Size => Self::Size,
        }
    }
}

impl From<AutoAnswerAlertInfo> for api::AutoAnswerAlertInfo {
    fn from(header: AutoAnswerAlertInfo) -> Self {
        match header {
            AutoAnswerAlertInfo::Intercom => Self::Intercom,
            AutoAnswerAlertInfo::AlertAutoAnswer => Self::AlertAutoAnswer,
            AutoAnswerAlertInfo::AutoAnswer => Self::AutoAnswer,
        }
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
