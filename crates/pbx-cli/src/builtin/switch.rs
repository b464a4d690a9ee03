//! `pbx switch`.

use clap::Args;

use crate::api::session::ApiSession;
use crate::failure::Failure;
use crate::operation::spec::Access;
use crate::options::global::GlobalOptions;
use crate::{prompt, tenants};

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct SwitchArgs {
    /// ID, SIP domain or name of the tenant
    #[arg(required_unless_present = "back", conflicts_with = "back")]
    tenant: Option<String>,

    /// Switch back to the account that signed in
    #[arg(long)]
    back: bool,
}

/// Switches the profile's session into a tenant, or back.
///
/// # Errors
///
/// Fails if the session is not that of a profile, if there is no such tenant, or if the account may not act in it.
pub async fn run(args: &SwitchArgs, options: &GlobalOptions) -> Result<(), Failure> {
    let mut session = ApiSession::open(options, &Access::Authenticated).await?;
    if !session.is_saved() {
        session.close().await;
        return Err(Failure::usage(
            "only the session of a profile can be switched; this one is from environment variables",
        )
        .with_hint("sign in with `pbx login`; to switch the session of PBX_TOKEN, use `pbx tenants switch`"));
    }
    let Some(tenant) = &args.tenant else {
        tenants::switch(&mut session, None).await?;
        prompt::note("Switched back to your account.");
        return Ok(());
    };
    if session.tenant().is_some() {
        // A session that acts in a tenant sees no other tenant.
        tenants::switch(&mut session, None).await?;
    }
    let found = tenants::find(&mut session, tenant).await?;
    tenants::switch(&mut session, Some(&found.id)).await?;
    prompt::note(&format!(
        "Switched to tenant {} ({}) as its administrator. Switch back with `pbx switch --back`.",
        found.name, found.domain
    ));
    Ok(())
}
