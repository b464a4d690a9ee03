//! Tenants, and sessions that are switched into them.

use pbx_client::Client;
use pbx_client::types::CreateTenant;

use crate::raw::Raw;
use crate::server::Server;

impl Server {
    /// Creates a tenant with that SIP domain; returns its ID.
    pub async fn tenant(&self, domain: &str) -> String {
        let new = CreateTenant::new(domain, domain, "Europe/Berlin", "EUR", "DEU");
        let created = self.client().await.create_tenant().body(new).send().await;
        created.expect("a tenant").into_inner().id.expect("its id").into()
    }

    /// Returns the generated client, signed in as the administrator and switched into that tenant.
    pub async fn client_in(&self, tenant: &str) -> Client {
        let client = self.client().await;
        let switched = client.switch_tenants().id(tenant).send().await;
        switched.expect("a session in the tenant");
        client
    }

    /// Returns plain HTTP, signed in as the administrator and switched into that tenant.
    pub async fn raw_in(&self, tenant: &str) -> Raw {
        let raw = self.raw_signed_in().await;
        let response = raw.post_empty(&format!("/tenants/switch?id={tenant}")).await;
        assert_eq!(response.status, 200, "{}", response.body);
        raw
    }
}
