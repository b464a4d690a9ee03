//! An account of every kind.

use pbx_test_harness::{PASSWORD, Raw, Server};
use serde_json::{Value, json};

/// A distributor with a tenant and users of every role; and the accounts that `disable` disables.
pub(crate) struct Accounts {
    administrator: Raw,
    /// The tenant into which administrators and the dealer switch.
    pub(crate) tenant: String,
    dealer_to_disable: String,
    user_to_disable: String,
    tenant_to_disable: String,
}

pub(crate) mod user {
    /// The roles of users, and the roles of the contract that each has.
    pub(crate) const ROLES: [(&str, &[&str]); 4] = [
        ("Admin", &["Admin"]),
        ("QueueManager", &["QueueManager"]),
        ("StandardUser", &["StandardUser"]),
        ("StandardInternationalUser", &["StandardInternationalUser"]),
    ];
}

const DOMAIN: &str = "people.example.com";
const DOMAIN_TO_DISABLE: &str = "dark.example.com";

impl Accounts {
    pub(crate) async fn new(server: &Server) -> Self {
        let administrator = server.raw_signed_in().await;
        let dealer = create_dealer(&administrator, "distributor").await;
        let dealer_to_disable = create_dealer(&administrator, "leaving").await;
        let tenant = create_tenant(&administrator, DOMAIN).await;
        let designate = format!("/tenants/{tenant}/dealers/{dealer}");
        assert_eq!(administrator.post_empty(&designate).await.status, 200);
        let tenant_to_disable = create_tenant(&administrator, DOMAIN_TO_DISABLE).await;

        let within = server.raw_signed_in().await;
        switch(&within, &tenant).await;
        for (number, (role, _)) in (101..).zip(user::ROLES) {
            create_user(&within, &format!("the-{role}"), role, number).await;
        }
        let user_to_disable = create_user(&within, "leaving", "Admin", 109).await;
        switch(&within, &tenant_to_disable).await;
        create_user(&within, "the-Admin", "Admin", 101).await;
        Self {
            administrator,
            tenant,
            dealer_to_disable,
            user_to_disable,
            tenant_to_disable,
        }
    }

    pub(crate) async fn administrator(&self, server: &Server) -> Raw {
        server.raw_signed_in().await
    }

    pub(crate) async fn dealer(&self, server: &Server) -> Raw {
        sign_in(server, "distributor", None).await
    }

    pub(crate) async fn user(&self, server: &Server, role: &str) -> Raw {
        sign_in(server, &format!("the-{role}"), Some(DOMAIN)).await
    }

    pub(crate) async fn dealer_to_disable(&self, server: &Server) -> Raw {
        sign_in(server, "leaving", None).await
    }

    pub(crate) async fn user_to_disable(&self, server: &Server) -> Raw {
        sign_in(server, "leaving", Some(DOMAIN)).await
    }

    pub(crate) async fn user_of_tenant_to_disable(&self, server: &Server) -> Raw {
        sign_in(server, "the-Admin", Some(DOMAIN_TO_DISABLE)).await
    }

    /// Switches a session into the tenant.
    pub(crate) async fn switch(&self, session: &Raw) {
        switch(session, &self.tenant).await;
    }

    /// Disables the dealer, user and tenant for it.
    pub(crate) async fn disable(&self) {
        let off = json!({"enabled": false});
        let Self { administrator, .. } = self;
        let within = administrator.clone();
        for (path, switched) in [
            (format!("/dealers/{}", self.dealer_to_disable), false),
            (format!("/tenants/{}", self.tenant_to_disable), false),
            (format!("/users/{}", self.user_to_disable), true),
        ] {
            if switched {
                self.switch(&within).await;
            }
            assert_eq!(within.post(&path, &off).await.status, 200, "{path}");
        }
    }
}

pub(crate) async fn sign_in(server: &Server, name: &str, domain: Option<&str>) -> Raw {
    let mut raw = server.raw();
    let body = json!({"username": name, "password": PASSWORD, "domain": domain.unwrap_or_default()});
    let response = raw.post("/auth/sign_in", &body).await;
    assert_eq!(response.status, 200, "{name}: {}", response.body);
    raw.set_token(response.json()["access_token"].as_str().unwrap());
    raw
}

pub(crate) async fn switch(session: &Raw, tenant: &str) {
    assert_eq!(
        session.post_empty(&format!("/tenants/switch?id={tenant}")).await.status,
        200
    );
}

/// Creates an object; returns its ID.
pub(crate) async fn create(session: &Raw, path: &str, body: &Value) -> String {
    let created = session.post(path, body).await;
    assert!(matches!(created.status, 200 | 201), "{path}: {}", created.body);
    created.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn create_dealer(session: &Raw, name: &str) -> String {
    let dealer = json!({"name": name, "password": PASSWORD, "level": "DISTRIBUTOR", "tenant_full_access": true});
    create(session, "/dealers", &dealer).await
}

pub(crate) async fn create_tenant(session: &Raw, domain: &str) -> String {
    let tenant = json!({
        "name": domain, "domain": domain, "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU",
        "enable_billing": true, "enable_feature_billing": true,
    });
    create(session, "/tenants", &tenant).await
}

pub(crate) async fn create_user(session: &Raw, name: &str, role: &str, number: u32) -> String {
    let user = json!({
        "name": name, "password": PASSWORD, "role": role, "email": format!("{name}@example.com"), "display_name": name,
        "extension_number": number.to_string(), "extension_password": PASSWORD,
    });
    create(session, "/users", &user).await
}
