//! Tenants, and sessions within them.

use pbx_client::Client;
use pbx_client::types::CreateTenant;

use crate::{Raw, Server};

impl Server {
    /// A new tenant of that SIP domain; its id.
    pub async fn tenant(&self, domain: &str) -> String {
        let new = CreateTenant::new(domain, domain, "Europe/Berlin", "EUR", "DEU");
        let created = self.client().await.create_tenant().body(new).send().await;
        created.expect("a tenant").into_inner().id.expect("its id")
    }

    /// The generated client, signed in as the administrator and switched into that tenant.
    pub async fn client_in(&self, tenant: &str) -> Client {
        let client = self.client().await;
        let switched = client.switch_tenants().id(tenant).send().await;
        switched.expect("a session in the tenant");
        client
    }

    /// Plain HTTP, signed in as the administrator and switched into that tenant.
    pub async fn raw_in(&self, tenant: &str) -> Raw {
        let raw = self.raw_signed_in().await;
        let answer = raw.post_empty(&format!("/tenants/switch?id={tenant}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        raw
    }
}
