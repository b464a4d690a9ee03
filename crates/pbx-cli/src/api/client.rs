//! Configures clients.

use pbx_client::{Client, ClientBuilder, Credentials, RetryPolicy};

use crate::failure::{Context as _, Failure};
use crate::options::connection::ConnectionOptions;

/// Returns the builder of a client without a session.
///
/// # Errors
///
/// Fails if the file with certificates cannot be read.
pub fn builder(url: &str, options: &ConnectionOptions) -> Result<ClientBuilder, Failure> {
    let mut builder = Client::builder()
        .url(url)
        .user_agent(concat!("pbx/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = &options.ca_certificate {
        let pem = std::fs::read(file).context(file.display())?;
        builder = builder.root_certificates_pem(&pem);
    }
    if options.insecure {
        builder = builder.dangerously_accept_any_server_certificate();
    }
    match options.proxy.as_deref() {
        None => {}
        Some("none") => builder = builder.no_proxy(),
        Some(proxy) => builder = builder.proxy(proxy),
    }
    if let Some(retries) = options.retries {
        builder = builder.retry(RetryPolicy::default().max_retries(retries.into()));
    }
    if let Some(seconds) = options.timeout {
        let timeout = std::time::Duration::from_secs(seconds);
        builder = builder.connect_timeout(timeout).read_timeout(timeout);
    }
    Ok(builder)
}

/// Returns the credentials of a tenant's user, or of an administrator or dealer without a domain.
pub fn credentials(user: String, password: String, domain: Option<String>) -> Credentials {
    match domain {
        Some(domain) => Credentials::tenant_user(user, password, domain),
        None => Credentials::system(user, password),
    }
}
