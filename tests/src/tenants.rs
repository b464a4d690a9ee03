//! Tenants, and sessions within them.

use pbx_client::Client;
use pbx_client::types::CreateTenant;

use crate::{Raw, Server};

impl Server {
    /// A new tenant of that SIP domain with every default; its id.
    pub async fn tenant(&self, domain: &str) -> String {
        let body = CreateTenant::new(domain, domain, "Europe/Berlin", "EUR", "DEU");
        let created = self.client().await.create_tenant().body(body).send().await;
        created.expect("a tenant").into_inner().id.expect("an id")
    }

    /// The generated client, signed in as the administrator and switched into that tenant.
    pub async fn client_in(&self, tenant: &str) -> Client {
        let client = self.client().await;
        client.switch_tenants().id(tenant).send().await.expect("a way in");
        client
    }

    /// Plain HTTP, signed in as the administrator and switched into that tenant.
    pub async fn raw_in(&self, tenant: &str) -> Raw {
        let raw = self.raw_signed_in().await;
        let switched = raw.post_empty(&format!("/tenants/switch?id={tenant}")).await;
        assert_eq!(switched.status, 200, "a way in");
        raw
    }
}
