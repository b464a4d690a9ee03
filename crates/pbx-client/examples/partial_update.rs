//! Updates two properties of a tenant and keeps the others.
//!
//! `PBX_URL=... PBX_USER=admin PBX_PASSWORD=... cargo run -p pbx-client --example partial_update -- TENANT-ID`

#![allow(clippy::print_stdout)]

use pbx_client::types::{TenantId, UpdateTenant};
use pbx_client::{Client, Credentials, Error, Field};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("which tenant?")?;
    let credentials = Credentials::system(std::env::var("PBX_USER")?, std::env::var("PBX_PASSWORD")?);
    let client = Client::builder()
        .url(std::env::var("PBX_URL")?)
        .credentials(credentials)
        .connect()
        .await?;
    println!("{:?}", run(&client, &id.into()).await?);
    Ok(())
}

/// Returns the time zone of the updated tenant.
pub async fn run(client: &Client, id: &TenantId) -> Result<Option<String>, Error> {
    // The update sends only the fields that are set: a value replaces, `Field::Null` clears.
    let changes = UpdateTenant::default().timezone("Europe/Lisbon").website(Field::Null);
    client.update_tenant().id(id).body(changes).send().await?;
    Ok(client.show_tenant().id(id).send().await?.into_inner().timezone)
}
