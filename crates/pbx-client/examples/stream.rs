//! Reads all IP rules, one page at a time.
//!
//! `PBX_URL=... PBX_USER=admin PBX_PASSWORD=... cargo run -p pbx-client --example stream`

#![allow(clippy::print_stdout)]

use pbx_client::types::IpRuleTarget;
use pbx_client::{Client, Credentials, Error, OrderBy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = Credentials::system(std::env::var("PBX_USER")?, std::env::var("PBX_PASSWORD")?);
    let client = Client::builder()
        .url(std::env::var("PBX_URL")?)
        .credentials(credentials)
        .connect()
        .await?;
    let (rules, denied) = run(&client).await?;
    println!("{rules} rules, {denied} of them deny");
    Ok(())
}

/// Returns the number of rules and the number of those that deny.
pub async fn run(client: &Client) -> Result<(usize, usize), Error> {
    // Each page is fetched when it is needed, so that memory holds one of them.
    let mut rules = client.list_ip_rules().orderby(OrderBy::ascending("cidr")).stream();
    let (mut all, mut denied) = (0, 0);
    while let Some(rule) = rules.next().await {
        all += 1;
        if rule?.target == Some(IpRuleTarget::Deny) {
            denied += 1;
        }
    }
    Ok((all, denied))
}
