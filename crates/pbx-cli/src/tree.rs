//! Where each operation is among the commands. A new operation is a compile error here: it needs a place.

use crate::generated::Operation;

/// An operation as a command.
#[derive(Debug)]
pub struct Place {
    /// The words after `pbx`.
    pub words: &'static str,
    /// What it does, where the document's words would not say it to somebody at a shell.
    pub about: Option<&'static str>,
    /// The columns of a table, in place of all that fit.
    pub columns: &'static [&'static str],
    /// What somebody should confirm, `{id}` and the like filled in.
    pub asks: Option<&'static str>,
    /// Command lines to learn from.
    pub examples: &'static [&'static str],
}

const fn at(words: &'static str) -> Place {
    Place {
        words,
        about: None,
        columns: &[],
        asks: None,
        examples: &[],
    }
}

impl Place {
    const fn to(mut self, about: &'static str) -> Self {
        self.about = Some(about);
        self
    }

    const fn showing(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    const fn asking(mut self, question: &'static str) -> Self {
        self.asks = Some(question);
        self
    }

    const fn such_as(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }
}

/// Where an operation is.
#[rustfmt::skip]
pub const fn place(operation: Operation) -> Place {
    use Operation as O;
    match operation {
        // Tenants and dealers.
        O::ListTenants => at("tenants list")
            .showing(&["id", "name", "domain", "enabled", "region", "max_extensions", "created_at"])
            .such_as(&[
                "pbx tenants list --filter \"enabled eq true\" --orderby name",
                "pbx tenants list --all --output json | jq -r '.items[].domain'",
            ]),
        O::CreateTenant => at("tenants create")
            .such_as(&[
                "pbx tenants create --name Acme --domain acme.example --timezone Europe/Berlin --currency EUR --region DEU",
                "pbx tenants create --body-file acme.yaml --enabled false",
            ]),
        O::ShowTenant => at("tenants show"),
        O::UpdateTenant => at("tenants update")
            .such_as(&[
                "pbx tenants update 1234 --max-extensions 200 --clear website",
                "pbx tenants update 1234 --e164.enabled true --e164.country 49",
            ]),
        O::DeleteTenant => at("tenants delete").asking("Delete the tenant {id} and everything in it?"),
        O::SwitchTenants => at("tenants switch").to("Take the token's session into a tenant; `pbx switch` does it for a profile"),
        O::ListTenantDealers => at("tenants dealers list"),
        O::DesignateTenantToDealer => at("tenants dealers add").to("Add a dealer to a tenant"),
        O::RemoveTenantFromDealer => at("tenants dealers remove").to("Take a tenant from a dealer").asking("Take the tenant {id} from the dealer {dealer_id}?"),
        O::ListDealers => at("dealers list")
            .showing(&["id", "name", "display_name", "level", "enabled", "max_tenants", "max_extensions", "email"]),
        O::CreateDealer => at("dealers create")
            .such_as(&["pbx dealers create --name north --level RESELLER --email north@example.com"]),
        O::RetrieveDealer => at("dealers show"),
        O::UpdateDealer => at("dealers update"),
        O::DeleteDealer => at("dealers delete").asking("Delete the dealer {id}?"),
        O::ResetDealerPassword => at("dealers reset-password").to("Set the password of a dealer"),

        // The account that is signed in.
        O::RetrieveSignedInUser => at("account show").to("Who is signed in"),
        O::ResetCurrentUserPassword => at("account change-password").to("Change your password (users of tenants)"),
        O::RetrieveCurrentDealer => at("dealer show").to("Show the dealer"),
        O::UpdateCurrentDealer => at("dealer update").to("Update the dealer"),
        O::RetrieveCurrentDealerStatus => at("dealer status").to("What the dealer has and may have"),
        O::ChangeCurrentDealerUsername => at("dealer rename").to("Change the dealer's user name"),
        O::ResetCurrentDealerPassword => at("dealer change-password").to("Change the dealer's password"),

        // Inside of a tenant.
        O::RetrieveCurrentTenant => at("tenant show").to("Show the tenant"),
        O::UpdateCurrentTenant => at("tenant update").to("Update the tenant"),
        O::RetrieveCurrentTenantStatus => at("tenant status").to("What goes on in the tenant"),
        O::GetTenantBalance => at("tenant balance show").to("Show the balance"),
        O::RechargeTenant => at("tenant balance recharge").to("Add to the balance").such_as(&["pbx tenant balance recharge --balance 50"]),
        O::RetrieveTenantPasswordPolicy => at("tenant password-policy show").to("Show the password policy"),
        O::UpdateTenantPasswordPolicy => at("tenant password-policy update").to("Update the password policy"),
        O::RetrieveTenantCustomHeaders => at("tenant custom-headers show").to("Show the headers"),
        O::UpdateTenantCustomHeaders => at("tenant custom-headers update").to("Replace the headers")
            .such_as(&["pbx tenant custom-headers update --add name=X-Site,value=Berlin,scope=TRUNK"]),
        O::SendCdrTestEvent => at("tenant cdr-event test").to("Post a test event"),
        O::SendExtensionTestEvent => at("tenant extension-event test").to("Post a test event"),
        O::ListUsers => at("users list")
            .showing(&["id", "name", "display_name", "extension_number", "role", "enabled", "email"]),
        O::CreateUser => at("users create"),
        O::RetrieveUser => at("users show"),
        O::UpdateUser => at("users update"),
        O::DeleteUser => at("users delete").asking("Delete the user {id}?"),
        O::ResetUserPassword => at("users reset-password").to("Set the password of a user"),
        O::ListHolidays => at("holidays list")
            .showing(&["id", "name", "region", "every_year", "month_start", "day_start", "month_end", "day_end"]),
        O::CreateHoliday => at("holidays create"),
        O::ShowHoliday => at("holidays show"),
        O::UpdateHoliday => at("holidays update"),
        O::DeleteHoliday => at("holidays delete").to("Delete a holiday").asking("Delete the holiday {id}?"),
        O::ShowVoicemailServer => at("voicemail show").to("Show the voicemail settings"),
        O::UpdateVoicemailServer => at("voicemail update").to("Update the voicemail settings"),

        // The system.
        O::RetrieveCurrentSystemStatus => at("admin status").to("What goes on in the system"),
        O::ChangeSystemAdminUsername => at("admin rename").to("Change the administrator's user name"),
        O::ResetSystemAdminPassword => at("admin change-password").to("Change the administrator's password"),
        O::RetrieveAdminSettings => at("admin settings show").to("Show the settings"),
        O::UpdateAdminSettings => at("admin settings update").to("Change settings")
            .such_as(&["pbx admin settings update --enable-prack true --session-timer-duration 1800"]),
        O::GetSystemNotificationSettings => at("admin notifications show").to("Show the settings of notifications"),
        O::UpdateSystemNotificationSettings => at("admin notifications update").to("Change settings of notifications"),
        O::SendGlobalNotificationTestEmail => at("admin notifications test").to("Send a test mail"),
        O::RetrieveNetworkConfigurations => at("network show").to("Show the network settings"),
        O::UpdateNetworkConfigurations => at("network update").to("Change network settings"),
        O::ListTransports => at("transports list"),
        O::CreateTransport => at("transports create").such_as(&["pbx transports create --protocol tls --port 5061"]),
        O::ShowTransport => at("transports show"),
        O::UpdateTransport => at("transports update").to("Update a transport"),
        O::DeleteTransport => at("transports delete").to("Delete a transport").asking("Delete the transport {id}? Telephones that use it are cut off."),
        O::GetTransportStatus => at("transports status").to("Whether a transport is open"),
        O::ListIpRules => at("ip-rules list").such_as(&["pbx ip-rules list --filter \"target eq 'DENY'\""]),
        O::CreateIpRule => at("ip-rules create").such_as(&["pbx ip-rules create --cidr 192.0.2.0/24 --target deny"]),
        O::ShowIpRule => at("ip-rules show"),
        O::UpdateIpRule => at("ip-rules update").such_as(&["pbx ip-rules update 1234 --clear expire-at"]),
        O::DeleteIpRule => at("ip-rules delete").asking("Delete the IP rule {id}?"),
        O::ExportIpRules => at("ip-rules export").to("Write all IP rules as CSV").such_as(&["pbx ip-rules export > rules.csv", "pbx ip-rules export --to ."]),
        O::ListProviders => at("trunks list").to("List trunks")
            .showing(&["id", "name", "enabled", "mode", "transport", "hostname", "port", "concurrency"]),
        O::CreateProvider => at("trunks create").to("Create a trunk"),
        O::ShowProvider => at("trunks show").to("Retrieve a trunk"),
        O::UpdateProvider => at("trunks update").to("Update a trunk"),
        O::DestroyProvider => at("trunks delete").to("Delete a trunk").asking("Delete the trunk {id}? Tenants lose its numbers."),
        O::ListProviderAssignees => at("trunks tenants list").to("List the tenants of a trunk"),
        O::CheckProviderAssignee => at("trunks tenants show").to("What a tenant has of a trunk"),
        O::AssignProvider => at("trunks tenants assign").to("Give a tenant numbers of a trunk")
            .such_as(&["pbx trunks tenants assign 1234 5678 --did-numbers \"4930100-4930199;4930200\" --concurrency 10"]),
        O::DestroyProviderAssignee => at("trunks tenants remove").to("Take a trunk from a tenant")
            .asking("Take the trunk {id} from the tenant {tenant_id}? The tenant loses its numbers."),
        O::GetSbcConfiguration => at("sbc show").to("Show the settings of the SBC"),
        O::UpdateSbcConfiguration => at("sbc update").to("Change settings of the SBC")
            .such_as(&["pbx sbc update --transports protocol=udp,port=5060 --transports protocol=tls,port=5061"]),
        O::GetSbcToken => at("sbc token show").to("Show the token"),
        O::RegenerateSbcToken => at("sbc token regenerate").to("Make another token; the one before stops working"),
        O::DestroySbcToken => at("sbc token delete").to("Delete the token").asking("Delete the token of the SBC? Those that use it are cut off."),
        O::GetImServerConfiguration => at("im show").to("Show the settings of the IM server"),
        O::UpdateImServerConfiguration => at("im update").to("Change settings of the IM server"),
        O::GetImServerToken => at("im token show").to("Show the token"),
        O::RegenerateImServerToken => at("im token regenerate").to("Make another token; the one before stops working"),
        O::DestroyImServerToken => at("im token delete").to("Delete the token").asking("Delete the token of the IM server? Those that use it are cut off."),
        O::ShowLicense => at("license show").to("Show the licence"),
        O::UpdateLicense => at("license update").to("Enter another licence key"),
        O::ShowKey => at("certificate show").to("Show the certificate and its key"),
        O::UpdateKey => at("certificate update").to("Replace the certificate and its key")
            .such_as(&["pbx certificate update --crt \"$(cat fullchain.pem)\" --key file:privkey.pem"]),
        O::UpdateBrandInformation => at("brand update").to("Change logo, colours and texts")
            .such_as(&["pbx brand update --logo \"$(pbx files upload logo.png --output json | jq -r .id)\""]),

        // Files: `pbx files upload FILE` is made of the two operations on uploads.
        O::ListFiles => at("files list"),
        O::RetrieveFileInfo => at("files show"),
        O::DeleteFile => at("files delete").asking("Delete the file {id}?"),
        O::DownloadBlobs => at("files download").to("Download a file by its digest").such_as(&["pbx files download 2cf24d...9824 --to ."]),
        O::InitBlobUpload => at("files uploads start"),
        O::CompleteBlobUpload => at("files uploads complete"),

        // Sessions by hand; `pbx login` keeps one.
        O::SignIn => at("auth sign-in"),
        O::RefreshTokens => at("auth refresh"),
        O::SignOut => at("auth sign-out"),
        O::IssueOauthToken => at("auth token"),
        O::RevokeOauthToken => at("auth revoke"),
    }
}

/// A word that has commands below it, with what they are about.
pub const GROUPS: &[(&str, &str)] = &[
    ("tenants", "Tenants: list, create, change, delete"),
    ("tenants dealers", "The dealers that a tenant belongs to"),
    ("dealers", "Dealers: list, create, change, delete"),
    (
        "tenant",
        "The tenant you are in: settings, status, balance (see `pbx switch`)",
    ),
    ("tenant balance", "What the tenant has paid in advance"),
    (
        "tenant password-policy",
        "What passwords of the tenant's users must look like",
    ),
    ("tenant custom-headers", "SIP headers that the tenant adds or relays"),
    ("tenant cdr-event", "Where call records are posted to"),
    ("tenant extension-event", "Where events of extensions are posted to"),
    ("users", "Users of the tenant you are in"),
    ("holidays", "Holidays of the tenant you are in"),
    ("voicemail", "The voicemail of the tenant you are in"),
    ("dealer", "The dealer you are signed in as"),
    ("account", "The account you are signed in as"),
    ("admin", "The system: status, administrator, settings, notifications"),
    ("admin settings", "Settings of the whole system"),
    (
        "admin notifications",
        "Mails that administrators get, and the server that sends them",
    ),
    ("network", "The addresses and names of the server"),
    ("transports", "Ports and protocols on which the server takes calls"),
    ("ip-rules", "Addresses that are let in or kept out"),
    ("trunks", "Trunks to providers (`providers` in the API)"),
    ("trunks tenants", "The tenants that use a trunk, and their numbers"),
    ("sbc", "The session border controller for WebRTC"),
    ("sbc token", "The token of session border controllers"),
    ("im", "The instant messaging server"),
    ("im token", "The token of instant messaging servers"),
    ("license", "The licence"),
    ("certificate", "The certificate and key for HTTPS and TLS"),
    ("brand", "Logo, colours and texts of the web pages"),
    ("files", "The file library: pictures for brands and avatars"),
    (
        "files uploads",
        "An upload in its two steps (`pbx files upload` does both)",
    ),
    (
        "auth",
        "Sessions by hand, token by token (`pbx login` keeps one for you)",
    ),
];

/// How the first words are put together in `pbx --help`.
pub const SECTIONS: &[(&str, &[&str])] = &[
    (
        "Session",
        &["login", "logout", "whoami", "switch", "profiles", "account"],
    ),
    ("Tenants and dealers", &["open", "tenants", "dealers", "dealer"]),
    ("Inside of a tenant", &["tenant", "users", "holidays", "voicemail"]),
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
        ],
    ),
    ("More", &["auth", "completions", "man", "help"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::operation::spec::{Answer, Kind};

    #[test]
    fn every_operation_has_a_place_of_its_own() {
        let mut words = BTreeSet::new();
        for operation in Operation::ALL {
            let place = place(*operation);
            assert!(words.insert(place.words), "two operations are at `{}`", place.words);
            let (group, _) = place.words.rsplit_once(' ').unwrap();
            let known = GROUPS.iter().any(|(name, _)| *name == group);
            assert!(known, "`{group}` is not in GROUPS");
        }
        for (group, _) in GROUPS {
            assert!(
                words.iter().any(|word| word.starts_with(&format!("{group} "))),
                "`{group}` is empty"
            );
        }
    }

    #[test]
    fn what_destroys_asks_first() {
        for operation in Operation::ALL {
            let (spec, place) = (operation.spec(), place(*operation));
            assert_eq!(spec.path.ends_with("/destroy"), place.asks.is_some(), "{}", spec.id);
            for name in place.asks.unwrap_or_default().split('{').skip(1) {
                let name = name.split('}').next().unwrap();
                assert!(spec.path.contains(&format!("{{{name}}}")), "{}: {name}", spec.id);
            }
        }
    }

    #[test]
    fn chosen_columns_are_members_of_a_row() {
        for operation in Operation::ALL {
            let (spec, place) = (operation.spec(), place(*operation));
            let Kind::Object(row) = spec.row() else {
                assert!(place.columns.is_empty(), "{}", spec.id);
                continue;
            };
            assert!(matches!(spec.answer, Answer::Json(_)));
            for column in place.columns {
                assert!(
                    row.members.iter().any(|member| member.name == *column),
                    "{}: {column}",
                    spec.id
                );
            }
        }
    }

    #[test]
    fn sections_hold_every_first_word_once() {
        let listed: Vec<&str> = SECTIONS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let unique: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(listed.len(), unique.len());
        for (group, _) in GROUPS.iter().filter(|(name, _)| !name.contains(' ')) {
            assert!(unique.contains(group), "`{group}` is in no section");
        }
    }
}
