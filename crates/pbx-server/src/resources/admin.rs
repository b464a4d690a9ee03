//! `/admin`.

use pbx_api::admin::{
    AdminApi, AdminSettings, ChangePassword, ChangeUsername, HourlyCalls, NotificationSettings, SystemStatus,
    TestEmail, UpdateAdminSettings, UpdateNotificationSettings,
};
use pbx_api::{Call, Patch};
use pbx_domain::admin::notification::Notification;
use pbx_domain::admin::{settings, status};
use pbx_domain::convert::count;
use pbx_domain::error::reject_violations;
use pbx_domain::mail::{Email, is_address};
use pbx_domain::password::Password;
use pbx_domain::session::Caller;
use pbx_domain::setting::{self, Owner};
use pbx_domain::{Error, clock};
use pbx_store::{Tx, status as counts};
use pbx_types::Violation;

use crate::http::Pbx;
use crate::services::{accounts, documents, licensing, second_factor};

impl AdminApi for Pbx {
    async fn retrieve_current_system_status(&self, call: Call<Caller>) -> Result<SystemStatus, Error> {
        let licensed = licensing::current(&self.store, &self.licensing).await?;
        let (license_type, maintenance_expires_at) = match licensed.license {
            Some(license) => (license.kind, license.expires_at),
            None => (None, None),
        };
        let counts = self
            .store
            .scan(&call.caller, |tx| Ok::<_, Error>(counts::counts(tx)?))
            .await?;
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
            // There is no SIP server: no registrations and no calls.
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
        let client = self.client(&call)?;
        accounts::change_password(&self.context(&call), client, &call.caller, old, new).await
    }

    async fn retrieve_admin_settings(&self, _call: Call<Caller>) -> Result<AdminSettings, Error> {
        self.document::<settings::AdminSettings>()
            .await
            .map(AdminSettings::from)
    }

    async fn update_admin_settings(&self, call: Call<Caller>, body: Patch<UpdateAdminSettings>) -> Result<(), Error> {
        self.merge::<settings::AdminSettings, AdminSettings, _>(&call, body)
            .await
    }

    async fn get_system_notification_settings(&self, _call: Call<Caller>) -> Result<NotificationSettings, Error> {
        self.document::<Notification>().await.map(NotificationSettings::from)
    }

    async fn update_system_notification_settings(
        &self,
        call: Call<Caller>,
        body: Patch<UpdateNotificationSettings>,
    ) -> Result<(), Error> {
        let also = |tx: &mut Tx<'_>, before: &str, after: &Notification| {
            let before: Notification = setting::from_json(before)?;
            second_factor::check_mail_stays(tx, &before, after)
        };
        let context = self.document_context::<Notification, NotificationSettings>(&call, Owner::System);
        documents::update_with(&context, Owner::System, body.into_fields(), also).await
    }

    async fn send_global_notification_test_email(&self, _call: Call<Caller>, body: TestEmail) -> Result<(), Error> {
        let mut violations = Vec::new();
        if !is_address(&body.recipient) {
            violations.push(Violation::field("recipient", "format", "must be an e-mail address"));
        }
        if body.subject.contains(char::is_control) {
            let message = "must not have control characters";
            violations.push(Violation::field("subject", "format", message));
        }
        reject_violations(violations)?;
        let settings: Notification = self.document().await?;
        let email = Email {
            recipients: vec![body.recipient],
            subject: body.subject,
            content: body.content,
        };
        let _slot = self.outgoing.take(Owner::System)?;
        // The only recipient is not refused: the mail would have failed.
        self.mailer.send(&settings.mail_server(&self.vault)?, &email).await?;
        Ok(())
    }
}
