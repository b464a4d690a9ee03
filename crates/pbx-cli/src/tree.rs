//! The command of each operation. A new operation does not compile until it has one.

use crate::generated::Operation;

/// The command of an operation.
#[derive(Debug)]
pub struct Placement {
    /// Words of the command after `pbx`.
    pub command: &'static str,
    /// Summary for the help, if that of the contract does not suit a command.
    pub about: Option<&'static str>,
    /// Columns of the table; empty for all scalar properties.
    pub columns: &'static [&'static str],
    /// Question to confirm before the request, with `{id}` and the like for parameters of the path.
    pub confirmation: Option<&'static str>,
    /// Command lines for the help.
    pub examples: &'static [&'static str],
}

const fn command(command: &'static str) -> Placement {
    Placement {
        command,
        about: None,
        columns: &[],
        confirmation: None,
        examples: &[],
    }
}

impl Placement {
    const fn about(mut self, about: &'static str) -> Self {
        self.about = Some(about);
        self
    }

    const fn columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    const fn confirmation(mut self, question: &'static str) -> Self {
        self.confirmation = Some(question);
        self
    }

    const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }
}

/// Returns the command of an operation.
#[rustfmt::skip]
pub const fn placement(operation: Operation) -> Placement {
    use Operation as O;
    match operation {
        // Tenants and dealers.
        O::ListTenants => command("tenants list")
            .columns(&["id", "name", "domain", "enabled", "region", "max_extensions", "created_at"])
            .examples(&[
                "pbx tenants list --filter \"enabled eq true\" --orderby name",
                "pbx tenants list --all --output json | jq -r '.items[].domain'",
            ]),
        O::CreateTenant => command("tenants create")
            .examples(&[
                "pbx tenants create --name Acme --domain acme.example --timezone Europe/Berlin --currency EUR --region DEU",
                "pbx tenants create --body-file acme.yaml --enabled false",
            ]),
        O::ShowTenant => command("tenants show"),
        O::UpdateTenant => command("tenants update")
            .examples(&[
                "pbx tenants update 1234 --max-extensions 200 --clear website",
                "pbx tenants update 1234 --e164.enabled true --e164.country 49",
            ]),
        O::DeleteTenant => command("tenants delete").confirmation("Delete tenant {id} and everything in it?"),
        O::SwitchTenants => command("tenants switch").about("Switch the session of a token into a tenant (for a profile: `pbx switch`)"),
        O::ListTenantDealers => command("tenants dealers list"),
        O::DesignateTenantToDealer => command("tenants dealers add").about("Assign a dealer to a tenant"),
        O::RemoveTenantFromDealer => command("tenants dealers remove").about("Remove a dealer from a tenant").confirmation("Remove dealer {dealer_id} from tenant {id}?"),
        O::ListAuditLogs => command("audit-logs list")
            .columns(&["created_at", "action", "object_type", "object_id", "object_name", "fields", "user_name", "ip"])
            .examples(&[
                "pbx audit-logs list --filter \"object_type eq 'TENANT' and action eq 'DELETE'\"",
                "pbx audit-logs list --all --orderby created_at --filter \"created_at ge 2026-01-01T00:00:00Z and created_at lt 2026-02-01T00:00:00Z\"",
            ]),
        O::ListDealers => command("dealers list")
            .columns(&["id", "name", "display_name", "level", "enabled", "max_tenants", "max_extensions", "email"]),
        O::CreateDealer => command("dealers create")
            .examples(&["pbx dealers create --name north --level RESELLER --email north@example.com"]),
        O::RetrieveDealer => command("dealers show"),
        O::UpdateDealer => command("dealers update"),
        O::DeleteDealer => command("dealers delete").confirmation("Delete dealer {id}?"),
        O::ResetDealerPassword => command("dealers reset-password").about("Reset the password of a dealer"),

        // The signed-in account.
        O::RetrieveSignedInUser => command("account show").about("Show the signed-in user"),
        O::ResetCurrentUserPassword => command("account change-password").about("Change your password (users of tenants)"),
        O::RetrieveCurrentDealer => command("dealer show").about("Show the dealer"),
        O::UpdateCurrentDealer => command("dealer update").about("Update the dealer"),
        O::RetrieveCurrentDealerStatus => command("dealer status").about("Show the usage and limits of the dealer"),
        O::ChangeCurrentDealerUsername => command("dealer rename").about("Change the user name of the dealer"),
        O::ResetCurrentDealerPassword => command("dealer change-password").about("Change the password of the dealer"),

        // The current tenant.
        O::RetrieveCurrentTenant => command("tenant show").about("Show the tenant"),
        O::UpdateCurrentTenant => command("tenant update").about("Update the tenant"),
        O::RetrieveCurrentTenantStatus => command("tenant status").about("Show the status of the tenant"),
        O::GetTenantBalance => command("tenant balance show").about("Show the balance"),
        O::RechargeTenant => command("tenant balance recharge").about("Add an amount to the balance").examples(&["pbx tenant balance recharge --balance 50"]),
        O::RetrieveTenantPasswordPolicy => command("tenant password-policy show").about("Show the password policy"),
        O::UpdateTenantPasswordPolicy => command("tenant password-policy update").about("Update the password policy"),
        O::RetrieveTenantCustomHeaders => command("tenant custom-headers show").about("Show the custom SIP headers"),
        O::UpdateTenantCustomHeaders => command("tenant custom-headers update").about("Replace the custom SIP headers")
            .examples(&["pbx tenant custom-headers update --add name=X-Site,value=Berlin,scope=TRUNK"]),
        O::SendCdrTestEvent => command("tenant cdr-event test").about("Send a test event"),
        O::SendExtensionTestEvent => command("tenant extension-event test").about("Send a test event"),
        O::ListUsers => command("users list")
            .columns(&["id", "name", "display_name", "extension_number", "role", "enabled", "email"]),
        O::CreateUser => command("users create"),
        O::RetrieveUser => command("users show"),
        O::UpdateUser => command("users update"),
        O::DeleteUser => command("users delete").confirmation("Delete user {id}?"),
        O::ResetUserPassword => command("users reset-password").about("Reset the password of a user"),
        O::ListHolidays => command("holidays list")
            .columns(&["id", "name", "region", "every_year", "month_start", "day_start", "month_end", "day_end"]),
        O::CreateHoliday => command("holidays create"),
        O::ShowHoliday => command("holidays show"),
        O::UpdateHoliday => command("holidays update"),
        O::DeleteHoliday => command("holidays delete").about("Delete a holiday").confirmation("Delete holiday {id}?"),
        O::ShowVoicemailServer => command("voicemail show").about("Show the voicemail settings"),
        O::UpdateVoicemailServer => command("voicemail update").about("Update voicemail settings"),

        // The system.
        O::RetrieveCurrentSystemStatus => command("admin status").about("Show the status of the system"),
        O::ChangeSystemAdminUsername => command("admin rename").about("Change the user name of the administrator"),
        O::ResetSystemAdminPassword => command("admin change-password").about("Change the password of the administrator"),
        O::RetrieveAdminSettings => command("admin settings show").about("Show the system settings"),
        O::UpdateAdminSettings => command("admin settings update").about("Update system settings")
            .examples(&["pbx admin settings update --enable-prack true --session-timer-duration 1800"]),
        O::GetSystemNotificationSettings => command("admin notifications show").about("Show the notification settings"),
        O::UpdateSystemNotificationSettings => command("admin notifications update").about("Update notification settings"),
        O::SendGlobalNotificationTestEmail => command("admin notifications test").about("Send a test email"),
        O::RetrieveMetadata => command("network info").about("Show the addresses of the server and the profile of a tenant, without a session"),
        O::RetrieveNetworkConfigurations => command("network show").about("Show the network settings"),
        O::UpdateNetworkConfigurations => command("network update").about("Update network settings"),
        O::ListTransports => command("transports list"),
        O::CreateTransport => command("transports create").examples(&["pbx transports create --protocol tls --port 5061"]),
        O::ShowTransport => command("transports show"),
        O::UpdateTransport => command("transports update").about("Update a transport"),
        O::DeleteTransport => command("transports delete").about("Delete a transport").confirmation("Delete transport {id}? Phones that use it are disconnected."),
        O::GetTransportStatus => command("transports status").about("Show the status of a transport"),
        O::ListIpRules => command("ip-rules list").examples(&["pbx ip-rules list --filter \"target eq 'DENY'\""]),
        O::CreateIpRule => command("ip-rules create").examples(&["pbx ip-rules create --cidr 192.0.2.0/24 --target deny"]),
        O::ShowIpRule => command("ip-rules show"),
        O::UpdateIpRule => command("ip-rules update").examples(&["pbx ip-rules update 1234 --clear expire-at"]),
        O::DeleteIpRule => command("ip-rules delete").confirmation("Delete IP rule {id}?"),
        O::ExportIpRules => command("ip-rules export").about("Export all IP rules as CSV").examples(&["pbx ip-rules export > rules.csv", "pbx ip-rules export --to ."]),
        O::ListProviders => command("trunks list").about("List trunks")
            .columns(&["id", "name", "enabled", "auth_mode", "transport", "hostname", "port", "concurrency"]),
        O::CreateProvider => command("trunks create").about("Create a trunk"),
        O::ShowProvider => command("trunks show").about("Retrieve a trunk"),
        O::UpdateProvider => command("trunks update").about("Update a trunk"),
        O::DestroyProvider => command("trunks delete").about("Delete a trunk").confirmation("Delete trunk {id}? Tenants lose its numbers."),
        O::ListProviderAssignees => command("trunks tenants list").about("List the tenants of a trunk"),
        O::CheckProviderAssignee => command("trunks tenants show").about("Show the assignment of a trunk to a tenant"),
        O::AssignProvider => command("trunks tenants assign").about("Assign numbers of a trunk to a tenant")
            .examples(&["pbx trunks tenants assign 1234 5678 --did-numbers \"4930100-4930199;4930200\" --concurrency 10"]),
        O::DestroyProviderAssignee => command("trunks tenants remove").about("Remove a trunk from a tenant")
            .confirmation("Remove trunk {id} from tenant {tenant_id}? The tenant loses its numbers."),
        O::GetSbcConfiguration => command("sbc show").about("Show the SBC settings"),
        O::UpdateSbcConfiguration => command("sbc update").about("Update SBC settings")
            .examples(&["pbx sbc update --transports protocol=udp,port=5060 --transports protocol=tls,port=5061"]),
        O::GetSbcToken => command("sbc token show").about("Show the token"),
        O::RegenerateSbcToken => command("sbc token regenerate").about("Generate a new token and revoke the old one"),
        O::DestroySbcToken => command("sbc token delete").about("Delete the token").confirmation("Delete the SBC token? SBCs that use it are disconnected."),
        O::GetImServerConfiguration => command("im show").about("Show the IM server settings"),
        O::UpdateImServerConfiguration => command("im update").about("Update IM server settings"),
        O::GetImServerToken => command("im token show").about("Show the token"),
        O::RegenerateImServerToken => command("im token regenerate").about("Generate a new token and revoke the old one"),
        O::DestroyImServerToken => command("im token delete").about("Delete the token").confirmation("Delete the IM server token? IM servers that use it are disconnected."),
        O::ShowLicense => command("license show").about("Show the license"),
        O::UpdateLicense => command("license update").about("Replace the license key"),
        O::ShowKey => command("certificate show").about("Show the certificate and its private key"),
        O::UpdateKey => command("certificate update").about("Replace the certificate and its private key")
            .examples(&["pbx certificate update --crt \"$(cat fullchain.pem)\" --key file:privkey.pem"]),
        O::UpdateBrandInformation => command("brand update").about("Update logo, colors and texts")
            .examples(&["pbx brand update --logo \"$(pbx files upload logo.png --output json | jq -r .id)\""]),

        // Files. `pbx files upload` calls both operations of an upload.
        O::ListFiles => command("files list"),
        O::RetrieveFileInfo => command("files show"),
        O::DeleteFile => command("files delete").confirmation("Delete file {id}?"),
        O::DownloadBlobs => command("files download").about("Download a file by its SHA-256 digest").examples(&["pbx files download 2cf24d...9824 --to ."]),
        O::InitBlobUpload => command("files uploads start"),
        O::CompleteBlobUpload => command("files uploads complete"),

        // Sessions without a profile.
        O::SignIn => command("auth sign-in"),
        O::SendOtp => command("auth send-code"),
        O::VerifyOtp => command("auth verify-code"),
        O::ForgetPassword => command("auth forget-password"),
        O::ResetPassword => command("auth reset-password"),
        O::RefreshTokens => command("auth refresh"),
        O::SignOut => command("auth sign-out"),
        O::IssueOauthToken => command("auth token"),
        O::RevokeOauthToken => command("auth revoke"),
        O::GetLoginStatus => command("auth status").about("Show when the access token expires, and the role of its session"),
        O::Login => command("auth login"),
        O::Logout => command("auth logout"),
    }
}

/// Groups of commands, with their summaries.
pub const GROUPS: &[(&str, &str)] = &[
    ("tenants", "Manage tenants"),
    ("tenants dealers", "Manage the dealers of a tenant"),
    ("dealers", "Manage dealers"),
    (
        "tenant",
        "Manage the current tenant: settings, status, balance (see `pbx switch`)",
    ),
    ("tenant balance", "Show or recharge the prepaid balance"),
    ("tenant password-policy", "Manage the password policy for users"),
    ("tenant custom-headers", "Manage SIP headers that are added or relayed"),
    ("tenant cdr-event", "Test the URL that call records are sent to"),
    (
        "tenant extension-event",
        "Test the URL that extension events are sent to",
    ),
    ("users", "Manage users of the current tenant"),
    ("holidays", "Manage holidays of the current tenant"),
    ("voicemail", "Manage voicemail of the current tenant"),
    ("dealer", "Manage the dealer that is signed in"),
    ("account", "Show your account or change your password"),
    ("audit-logs", "Show who changed what"),
    (
        "admin",
        "Manage the system: status, administrator, settings, notifications",
    ),
    ("admin settings", "Manage system settings"),
    ("admin notifications", "Manage email notifications and the SMTP server"),
    ("network", "Manage addresses and host names of the server"),
    ("transports", "Manage SIP transports: protocols and ports"),
    ("ip-rules", "Manage rules that accept or deny IP addresses"),
    ("trunks", "Manage trunks to providers (`providers` in the API)"),
    ("trunks tenants", "Assign trunks and their numbers to tenants"),
    ("sbc", "Manage the session border controller (SBC) for WebRTC"),
    ("sbc token", "Manage the token of SBCs"),
    ("im", "Manage the instant messaging (IM) server"),
    ("im token", "Manage the token of IM servers"),
    ("license", "Show or replace the license"),
    ("certificate", "Show or replace the TLS certificate"),
    ("brand", "Customize logo, colors and texts"),
    ("files", "Manage uploaded files: logos and avatars"),
    (
        "files uploads",
        "Upload a file in two steps (`pbx files upload` does both)",
    ),
    ("auth", "Manage sessions and tokens without a profile"),
];

/// Sections of `pbx --help`: titles, and the commands and groups in their order.
pub const SECTIONS: &[(&str, &[&str])] = &[
    (
        "Session",
        &["login", "logout", "whoami", "switch", "profiles", "account"],
    ),
    ("Tenants and dealers", &["open", "tenants", "dealers", "dealer"]),
    ("Current tenant", &["tenant", "users", "holidays", "voicemail"]),
    (
        "System",
        &[
            "admin",
            "network",
            "transports",
            "trunks",
            "ip-rules",
            "sbc",
            "im",
            "license",
            "certificate",
            "brand",
            "files",
            "audit-logs",
        ],
    ),
    ("More", &["auth", "completions", "man", "help"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::operation::spec::{ResponseBody, ValueType};

    #[test]
    fn operations_have_distinct_commands_in_known_groups() {
        let mut commands = BTreeSet::new();
        for operation in Operation::ALL {
            let command = placement(*operation).command;
            assert!(commands.insert(command), "two operations have the command `{command}`");
            let (group, _) = command.rsplit_once(' ').unwrap();
            assert!(
                GROUPS.iter().any(|(name, _)| *name == group),
                "`{group}` is not in GROUPS"
            );
        }
        for (group, _) in GROUPS {
            assert!(
                commands.iter().any(|command| command.starts_with(&format!("{group} "))),
                "`{group}` is empty"
            );
        }
    }

    #[test]
    fn destructive_operations_need_confirmation() {
        for operation in Operation::ALL {
            let (spec, placement) = (operation.spec(), placement(*operation));
            let is_destructive = spec.path.ends_with("/destroy");
            assert_eq!(is_destructive, placement.confirmation.is_some(), "{}", spec.id);
            for name in placement.confirmation.unwrap_or_default().split('{').skip(1) {
                let name = name.split('}').next().unwrap();
                assert!(spec.path.contains(&format!("{{{name}}}")), "{}: {name}", spec.id);
            }
        }
    }

    #[test]
    fn columns_are_properties_of_rows() {
        for operation in Operation::ALL {
            let (spec, placement) = (operation.spec(), placement(*operation));
            let ValueType::Object(row) = spec.row() else {
                assert!(placement.columns.is_empty(), "{}", spec.id);
                continue;
            };
            assert!(matches!(spec.response, ResponseBody::Json(_)));
            for column in placement.columns {
                assert!(
                    row.properties.iter().any(|property| property.name == *column),
                    "{}: {column}",
                    spec.id
                );
            }
        }
    }

    #[test]
    fn sections_contain_each_group_once() {
        let listed: Vec<&str> = SECTIONS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let unique: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(listed.len(), unique.len());
        for (group, _) in GROUPS.iter().filter(|(name, _)| !name.contains(' ')) {
            assert!(unique.contains(group), "`{group}` is in no section");
        }
    }
}
