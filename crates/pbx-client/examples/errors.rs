//! What to do about each kind of error.
//!
//! `PBX_URL=... PBX_USER=admin PBX_PASSWORD=... cargo run -p pbx-client --example errors`

#![allow(clippy::print_stdout)]

use pbx_client::{Attempt, Client, Credentials, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = Credentials::system(std::env::var("PBX_USER")?, std::env::var("PBX_PASSWORD")?);
    let client = Client::builder()
        .url(std::env::var("PBX_URL")?)
        .credentials(credentials)
        .build()?;
    // `top` is at most 100.
    if let Err(error) = client.list_ip_rules().top(1000).send().await {
        println!("{}", advice(&error));
    }
    Ok(())
}

/// What a person can do about it.
pub fn advice(error: &Error) -> String {
    match error {
        Error::Configuration(wrong) => format!("Correct the settings: {wrong}."),
        Error::InvalidRequest(wrong) => format!("Correct the program: {wrong}."),
        Error::Transport(failure) | Error::Timeout(failure) => match failure.is_unsent() {
            true => format!("Try again, nothing was sent: {failure}."),
            false => format!("Look whether it was done before you try again: {failure}."),
        },
        Error::Authentication {
            attempted: Attempt::Credentials,
            ..
        } => "Correct the name or the password.".to_owned(),
        Error::Authentication { attempted, .. } => format!("Sign in again: {attempted}."),
        Error::SecondFactor(_) => "Enter the code that is sent to you.".to_owned(),
        Error::AddressDenied(response) => format!("Have the rule removed that denies this address: {response}."),
        Error::Forbidden(response) => format!("Ask somebody whose role allows it: {response}."),
        Error::RateLimited {
            retry_after: Some(delay),
            ..
        } => format!("Wait for {} s.", delay.as_secs()),
        Error::RateLimited { retry_after: None, .. } => "Wait for a minute.".to_owned(),
        Error::Validation(_) => {
            let wrong: Vec<String> = error
                .violations()
                .into_iter()
                .map(|violation| violation.message)
                .collect();
            format!("Correct the values: {}", wrong.join(" "))
        }
        Error::NotFound(response) => format!("Look for it, it is not there: {response}."),
        Error::Conflict(response) => format!("Change what it conflicts with: {response}."),
        Error::Refused(response) => format!("Read why: {response}."),
        Error::Server(_) => format!(
            "Try again later, and ask for request {}.",
            error.request_id().unwrap_or("?")
        ),
        Error::Unexpected { reason, response } => {
            let length = response.body().len();
            format!(
                "See who answered, with {} and {length} bytes: {reason}.",
                response.status()
            )
        }
    }
}
