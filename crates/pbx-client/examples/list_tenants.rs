//! Signs in and lists the enabled tenants.
//!
//! `PBX_URL=https://pbx.example.com:8887/api PBX_USER=admin PBX_PASSWORD=... cargo run -p pbx-client --example list_tenants`

#![allow(clippy::print_stdout)]

use pbx_client::{Client, Credentials, Error, OrderBy, field};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = Credentials::system(std::env::var("PBX_USER")?, std::env::var("PBX_PASSWORD")?);
    let client = Client::builder()
        .url(std::env::var("PBX_URL")?)
        .credentials(credentials)
        .connect()
        .await?;
    for name in run(&client).await? {
        println!("{name}");
    }
    client.session().sign_out().await?;
    Ok(())
}

/// Returns the names of the enabled tenants, sorted.
pub async fn run(client: &Client) -> Result<Vec<String>, Error> {
    let tenants = client
        .list_tenants()
        .filter(field("enabled").eq(true))
        .orderby(OrderBy::ascending("name"))
        .send()
        .await?;
    // A property that the server omits is `None`.
    let names = tenants.items.iter().filter_map(|tenant| tenant.name.clone());
    Ok(names.collect())
}
