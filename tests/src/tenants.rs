//! Tenants, and sessions within them.

use pbx_client::Client;

use crate::{Raw, Server};

impl Server {
    /// A new tenant of that SIP domain; its id.
    pub async fn tenant(&self, domain: &str) -> String {
        let id = jiff::Timestamp::now().as_nanosecond().to_string();
        let (id, yes) = (&id[..18], if self.how().postgres().is_some() { "true" } else { "1" });
        self.sql(&format!(
            "INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                 max_concurrent_calls, created_at, document)
             VALUES ({id}, '{domain}', '{domain}', '{domain}', 'Europe/Berlin', 'EUR', 'DEU', {yes}, 1000, 20, 0, '{{}}');
             INSERT INTO tenant_numbers (tenant_id, number, kind) VALUES ({id}, '777', 'VOICEMAIL'),
                 ({id}, '666', 'SERVICE'), ({id}, '555', 'SERVICE'), ({id}, '888', 'SERVICE')"
        ));
        id.to_owned()
    }

    /// The generated client, signed in as the administrator and switched into that tenant.
    pub async fn client_in(&self, tenant: &str) -> Client {
        let client = self.client().await;
        self.switch(tenant);
        client
    }

    /// Plain HTTP, signed in as the administrator and switched into that tenant.
    pub async fn raw_in(&self, tenant: &str) -> Raw {
        let raw = self.raw_signed_in().await;
        self.switch(tenant);
        raw
    }

    fn switch(&self, tenant: &str) {
        self.sql(&format!(
            "UPDATE sessions SET tenant_id = {tenant} WHERE id = (SELECT max(id) FROM sessions)"
        ));
    }

    /// Runs statements on the database beside the server.
    pub fn sql(&self, statements: &str) {
        match self.how().postgres() {
            Some(database) => drop(database.sql(statements)),
            None => rusqlite::Connection::open(self.how().database())
                .expect("the database")
                .execute_batch(statements)
                .expect("a statement"),
        }
    }
}
