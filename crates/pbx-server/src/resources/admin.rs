//! `/admin`.

use pbx_api::admin::{
    AdminApi, AdminSettings, AutoAnswerAlertInfo, ChangePassword, ChangeUsername, CongestionMetric, HourlyCalls,
    MailServerAuth, MailServerType, NotificationSettings, SystemStatus, TestEmail, UpdateAdminSettings,
    UpdateNotificationSettings,
};
use pbx_api::{Call, Patch};

use super::{count, mask};
use crate::domain::Error;
use crate::domain::admin::notification::{self, Notification};
use crate::domain::admin::{settings, status};
use crate::domain::password::Password;
use crate::domain::session::Caller;
use crate::domain::{clock, license};
use crate::http::Pbx;
use crate::mail::Email;
use crate::services::accounts;

impl AdminApi for Pbx {
    async fn retrieve_current_system_status(&self, _call: Call<Caller>) -> Result<SystemStatus, Error> {
        let licensed = license::current(&self.store, &self.licensing).await?;
        let (license_type, maintenance_expires_at) = match licensed.license {
            Some(license) => (license.kind, license.expires_at),
            None => (None, None),
        };
        let counts = status::counts(&self.store).await?;
        let hours = status::hours(clock::now()).map(Into::into);
        Ok(SystemStatus {
            version: status::VERSION.to_owned(),
            news: None,
            license_key: licensed.masked_key,
            license_type,
            maintenance_expires_at: maintenance_expires_at.map(Into::into),
            max_concurrent_calls: count(licensed.limits.calls),
            licensed_users: count(licensed.limits.users),
            current_users: count(counts.users),
            // There is no SIP side: nobody is registered and nothing is called.
            online_users: 0,
            current_tenants: count(counts.tenants),
            current_dealers: count(counts.dealers),
            current_calls: 0,
            current_trunks: count(counts.trunks),
            current_conference_servers: 0,
            current_media_servers: 0,
            current_call_queue_servers: 0,
            current_ivr_servers: 0,
            calls_in_24_hours: hours.map(|time| HourlyCalls { time, count: 0 }).collect(),
        })
    }

    async fn change_system_admin_username(&self, call: Call<Caller>, body: ChangeUsername) -> Result<(), Error> {
        accounts::rename(&self.context(&call), &call.caller, body.name).await
    }

    async fn reset_system_admin_password(&self, call: Call<Caller>, body: ChangePassword) -> Result<(), Error> {
        let old = Password::new(body.old_password.into_inner());
        let new = Password::new(body.new_password.into_inner());
        accounts::change_password(&self.context(&call), &call.caller, old, new).await
    }

    async fn retrieve_admin_settings(&self, _call: Call<Caller>) -> Result<AdminSettings, Error> {
        self.document::<settings::AdminSettings>()
            .await
            .map(AdminSettings::from)
    }

    async fn update_admin_settings(&self, call: Call<Caller>, body: Patch<UpdateAdminSettings>) -> Result<(), Error> {
        self.merge::<settings::AdminSettings>(&call, body).await
    }

    async fn get_system_notification_settings(&self, _call: Call<Caller>) -> Result<NotificationSettings, Error> {
        self.document::<Notification>().await.map(NotificationSettings::from)
    }

    async fn update_system_notification_settings(
        &self,
        call: Call<Caller>,
        body: Patch<UpdateNotificationSettings>,
    ) -> Result<(), Error> {
        self.merge::<Notification>(&call, body).await
    }

    async fn send_global_notification_test_email(&self, _call: Call<Caller>, body: TestEmail) -> Result<(), Error> {
        let email = Email {
            recipients: vec![body.recipient],
            subject: body.subject,
            content: body.content,
        };
        notification::test_email(&self.store, &self.vault, email).await
    }
}

impl From<settings::AdminSettings> for AdminSettings {
    fn from(settings: settings::AdminSettings) -> Self {
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

impl From<settings::CongestionMetric> for CongestionMetric {
    fn from(metric: settings::CongestionMetric) -> Self {
        match metric {
            settings::CongestionMetric::WaitTime => Self::WaitTime,
            settings::CongestionMetric::TimeDepth => Self::TimeDepth,
            settings::CongestionMetric::Size => Self::Size,
        }
    }
}

impl From<settings::AutoAnswerAlertInfo> for AutoAnswerAlertInfo {
    fn from(header: settings::AutoAnswerAlertInfo) -> Self {
        match header {
            settings::AutoAnswerAlertInfo::Intercom => Self::Intercom,
            settings::AutoAnswerAlertInfo::AlertAutoAnswer => Self::AlertAutoAnswer,
            settings::AutoAnswerAlertInfo::AutoAnswer => Self::AutoAnswer,
        }
    }
}

impl From<Notification> for NotificationSettings {
    fn from(settings: Notification) -> Self {
        Self {
            r#type: settings.r#type.map(Into::into),
            server: settings.server,
            port: settings.port,
            reply_to: settings.reply_to,
            username: settings.username,
            auth: Some(settings.auth.into()),
            enable_tls_ssl: Some(settings.enable_tls_ssl),
            enable_starttls_auto: Some(settings.enable_starttls_auto),
            recipients: settings.recipients,
            enable_tenant_access: Some(settings.enable_tenant_access),
            hard_disk_threshold: settings.hard_disk_threshold,
            notify_hard_disk_exceeded_threshold: Some(settings.notify_hard_disk_exceeded_threshold),
            cpu_threshold: settings.cpu_threshold,
            notify_cpu_exceeded_threshold: Some(settings.notify_cpu_exceeded_threshold),
            memory_threshold: settings.memory_threshold,
            notify_memory_exceeded_threshold: Some(settings.notify_memory_exceeded_threshold),
            notify_ip_blocked: Some(settings.notify_ip_blocked),
            notify_license_limited: Some(settings.notify_license_limited),
            notify_service_disconnected: Some(settings.notify_service_disconnected),
            notify_push_certs_update_failed: Some(settings.notify_push_certs_update_failed),
        }
    }
}

impl From<notification::MailServerType> for MailServerType {
    fn from(kind: notification::MailServerType) -> Self {
        match kind {
            notification::MailServerType::Smtp => Self::Smtp,
            notification::MailServerType::Ms365 => Self::Ms365,
            notification::MailServerType::Gmail => Self::Gmail,
        }
    }
}

impl From<notification::MailServerAuth> for MailServerAuth {
    fn from(auth: notification::MailServerAuth) -> Self {
        match auth {
            notification::MailServerAuth::Disable => Self::Disable,
            notification::MailServerAuth::Auto => Self::Auto,
            notification::MailServerAuth::Login => Self::Login,
            notification::MailServerAuth::Plain => Self::Plain,
        }
    }
}
