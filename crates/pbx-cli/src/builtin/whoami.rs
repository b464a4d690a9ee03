//! `pbx whoami`.

use serde_json::{Value, json};

use crate::api::session::ApiSession;
use crate::environment::variable;
use crate::failure::Failure;
use crate::generated::auth;
use crate::operation::request::Request;
use crate::operation::spec::Access;
use crate::options::global::GlobalOptions;
use crate::output::columns::RowLayout;
use crate::output::printer::Printer;
use crate::profile::config::Config;
use crate::profile::directory::ConfigDirectory;

/// Prints the server, the account and the tenant of the session.
///
/// # Errors
///
/// Fails without a session.
pub async fn run(options: &GlobalOptions) -> Result<(), Failure> {
    let mut session = ApiSession::open(options, &Access::Authenticated).await?;
    let request = Request::new(&auth::RETRIEVE_SIGNED_IN_USER);
    let user = session.send_json(&request).await;
    let url = session.client().base_url().to_owned();
    let tenant = session.tenant().map(str::to_owned);
    let is_saved = session.is_saved();
    session.close().await;
    let user = user?;
    let config = Config::read(&ConfigDirectory::from_environment()?)?;
    let profile = config.profile(options.profile.as_deref())?.filter(|_| is_saved);
    // The variables do not describe the session of a profile or of a token.
    let credential = |name| variable(name).filter(|_| !is_saved && variable("PBX_TOKEN").is_none());
    let mut shown = json!({
        "url": url,
        "profile": profile.map(|(name, _)| name),
        "user": profile.map(|(_, profile)| profile.user.clone()).or_else(|| credential("PBX_USER")),
        "domain": profile.map_or_else(|| credential("PBX_DOMAIN"), |(_, profile)| profile.domain.clone()),
        "tenant": tenant,
    });
    if let (Value::Object(shown), Value::Object(user)) = (&mut shown, user) {
        shown.extend(user);
    }
    Printer::new(options).print(RowLayout::UNTYPED, &shown)
}
