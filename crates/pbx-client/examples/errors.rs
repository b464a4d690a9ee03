//! Handles each variant of the error.
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
    // The maximum of `top` is 100.
    if let Err(error) = client.list_ip_rules().top(1000).send().await {
        println!("{}", advice(&error));
    }
    Ok(())
}

/// Returns advice for a person.
pub fn advice(error: &Error) -> String {
    match error {
        Error::Configuration(error) => format!("Correct the settings: {error}."),
        Error::InvalidRequest(reason) => format!("Correct the program: {reason}."),
        Error::Transport(failure) | Error::Timeout(failure) => match failure.is_unsent() {
            true => format!("Try again, nothing was sent: {failure}."),
            false => format!("Check if the request was applied before you try again: {failure}."),
        },
        Error::Authentication {
            attempted: Attempt::Credentials,
            ..
        } => "Correct the name or the password.".to_owned(),
        Error::Authentication { attempted, .. } => format!("Sign in again: {attempted}."),
        Error::SecondFactor(_) => "Enter the code that was sent to you.".to_owned(),
        Error::AddressDenied(response) => format!("Have the rule removed that denies this address: {response}."),
        Error::Forbidden(response) => format!("Ask an account whose role permits it: {response}."),
        Error::RateLimited {
            retry_after: Some(delay),
            ..
        } => format!("Wait for {} s.", delay.as_secs()),
        Error::RateLimited { retry_after: None, .. } => "Wait for a minute.".to_owned(),
        Error::Validation(_) => {
            let messages: Vec<String> = error
                .violations()
                .into_iter()
                .map(|violation| violation.message)
                .collect();
            format!("Correct the values: {}", messages.join(" "))
        }
        Error::NotFound(response) => format!("The object is not there: {response}."),
        Error::Conflict(response) => format!("Resolve what the request conflicts with: {response}."),
        Error::PreconditionFailed(response) => format!("Read the object again, and repeat the change: {response}."),
        Error::Refused(response) => format!("The server refused the request: {response}."),
        Error::Server(_) => format!(
            "Try again later, and report the request {}.",
            error.request_id().unwrap_or("?")
        ),
        Error::Unexpected { reason, response } => {
            let length = response.body().len();
            format!(
                "Find out who sent this response, with {} and {length} bytes: {reason}.",
                response.status()
            )
        }
    }
}
