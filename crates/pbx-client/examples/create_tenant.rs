//! Creates a tenant from its required properties and one optional one; the server's defaults apply to the rest.
//!
//! `PBX_URL=... PBX_USER=admin PBX_PASSWORD=... cargo run -p pbx-client --example create_tenant -- acme.example.com`

#![allow(clippy::print_stdout)]

use pbx_client::types::{CreateTenant, TenantId};
use pbx_client::{Client, Credentials, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let domain = std::env::args().nth(1).ok_or("which SIP domain?")?;
    let credentials = Credentials::system(std::env::var("PBX_USER")?, std::env::var("PBX_PASSWORD")?);
    let client = Client::builder()
        .url(std::env::var("PBX_URL")?)
        .credentials(credentials)
        .connect()
        .await?;
    println!("{}", run(&client, &domain).await?);
    Ok(())
}

/// Returns the ID of the new tenant.
pub async fn run(client: &Client, domain: &str) -> Result<TenantId, Error> {
    // `new` takes the required properties; each optional one has a setter.
    let tenant = CreateTenant::new("ACME", domain, "Europe/Berlin", "EUR", "DEU").website("https://acme.example.com");
    let created = client.create_tenant().body(tenant).send().await?;
    created.into_inner().id.try_into()
}
