//! `disable-debtors URL USERNAME PASSWORD FLOOR`

use std::error::Error;
use std::process::ExitCode;

use disable_debtors::disable_debtors;
use pbx_client::{Client, Credentials};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, username, password, floor] = arguments.as_slice() else {
        eprintln!("usage: disable-debtors URL USERNAME PASSWORD FLOOR");
        return ExitCode::from(2);
    };
    match run(url, username, password, floor).await {
        Ok(names) => {
            for name in names {
                println!("disabled {name}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(url: &str, username: &str, password: &str, floor: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let floor = floor.parse().map_err(|_| format!("`{floor}` is not a number"))?;
    let client = Client::builder()
        .url(url)
        .credentials(Credentials::system(username, password))
        .connect()
        .await?;
    let disabled = disable_debtors(&client, floor).await;
    client.session().sign_out().await?;
    Ok(disabled?)
}
