//! `pbx login`.

use clap::Args;
use pbx_client::{Client, ClientBuilder, Error};

use super::sign_out::end_session;
use crate::address::complete_url;
use crate::api::client::{builder, credentials};
use crate::environment::variable;
use crate::failure::{Exit, Failure};
use crate::options::connection::ConnectionOptions;
use crate::options::global::GlobalOptions;
use crate::profile::config::{Config, DEFAULT_PROFILE, Profile, validate_name};
use crate::profile::directory::ConfigDirectory;
use crate::profile::session_store::{SessionStore, StorePreference};
use crate::prompt;
use crate::secret::{self, Source};

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// Base URL of the server, such as https://pbx.example.com:8887/api, or its host name
    #[arg(value_name = "URL")]
    server: Option<String>,

    /// User name of the account
    #[arg(short, long, env = "PBX_USER", value_name = "NAME", hide_env = true)]
    user: Option<String>,

    /// SIP domain of the user's tenant; administrators and dealers have none
    #[arg(short, long, env = "PBX_DOMAIN", hide_env = true)]
    domain: Option<String>,

    /// Source of the password: ask, env:NAME, file:PATH or - [default: PBX_PASSWORD, otherwise ask]
    #[arg(long, value_name = "SECRET")]
    password: Option<String>,

    /// Store of the session
    #[arg(long, value_name = "STORE", default_value = "auto")]
    store: StorePreference,
}

/// Help after the options.
pub const AFTER_HELP: &str = "\
The session is saved in the profile of --profile (`default` without it), together with --ca-certificate, --insecure,
--proxy, --timeout and --retries. Commands refresh it when it expires. Scripts need no profile: they set PBX_URL with
PBX_TOKEN, or with PBX_USER, PBX_PASSWORD and PBX_DOMAIN.

Examples:
  pbx login https://pbx.example.com:8887/api --user admin
  pbx login pbx.example.com --user anna --domain acme.example --profile acme
  pass show pbx | pbx login pbx.example.com --user admin --password -";

/// Timeout in seconds for ending the profile's former session on another server, which may be gone.
const FORMER_SERVER_TIMEOUT: u64 = 5;

/// Codes of a second factor that a user may enter. Servers accept no more for a sign-in.
const CODES: u32 = 5;

/// Signs in and saves the session in a profile.
///
/// # Errors
///
/// Fails if the server rejects the credentials, or if the session or the profile cannot be saved.
pub async fn run(args: LoginArgs, options: &GlobalOptions) -> Result<(), Failure> {
    let directory = ConfigDirectory::from_environment()?;
    let config = Config::read(&directory)?;
    let name = options.profile.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
    validate_name(&name)?;
    let former = config.profiles.get(&name);
    let url = match args.server.as_ref().or(options.url.as_ref()) {
        Some(server) => complete_url(server),
        None => match former {
            Some(profile) => profile.url.clone(),
            None => complete_url(&ask("Server", "missing server: pass it as `pbx login URL`")?),
        },
    };
    let same_server = former.filter(|profile| profile.url == url);
    let user = match (args.user, same_server) {
        (Some(user), _) => user,
        (None, Some(profile)) => profile.user.clone(),
        (None, None) => ask("User", "missing user name: pass it as `--user NAME`")?,
    };
    let domain = args.domain.filter(|domain| !domain.is_empty()).or_else(|| {
        same_server
            .filter(|profile| profile.user == user)
            .and_then(|profile| profile.domain.clone())
    });
    let connection = connection_options(same_server, options);
    if connection.insecure {
        prompt::warn(&format!(
            "the certificate of {url} is not verified by commands that use the profile `{name}`: \
             anyone on the network path can read and modify the traffic"
        ));
    }
    let password = read_password(args.password.as_deref())?;
    let builder = builder(&url, &connection)?.credentials(credentials(user.clone(), password, domain.clone()));
    let client = connect(builder).await?;
    let session = client
        .session()
        .current()
        .ok_or_else(|| Failure::new(Exit::Unexpected, "the server returned no session"))?;
    // A first request, before anything is saved: the access token has to work.
    let role = role(&client).await?;
    if let Some(former) = former {
        let connection = match same_server {
            Some(_) => connection.clone(),
            // The certificates and the proxy of this login are not those of the other server.
            None => ConnectionOptions {
                timeout: Some(FORMER_SERVER_TIMEOUT),
                retries: Some(0),
                ..former.connection(&ConnectionOptions::default())
            },
        };
        // The new session replaces the former one even if that cannot be ended.
        let _ = end_session(&directory, &name, former, &connection).await;
    }
    let (store, keyring_failure) = match SessionStore::create(&directory, &name, args.store, &session) {
        Ok(created) => created,
        Err(failure) => {
            // Nothing refers to the session.
            let _ = client.session().sign_out().await;
            return Err(failure);
        }
    };
    let profile = Profile {
        url: url.clone(),
        user: user.clone(),
        domain,
        session: store.kind(),
        ca_certificate: connection.ca_certificate,
        insecure: connection.insecure,
        proxy: connection.proxy,
        timeout: connection.timeout,
        retries: connection.retries,
    };
    Config::update(&directory, |config| {
        config.profiles.insert(name.clone(), profile);
        config.current = Some(name.clone());
        Ok(())
    })?;
    if let Some(failure) = keyring_failure {
        prompt::warn(&format!(
            "{failure}\n  The session is saved in a file that only you can read: {} (`--store file` suppresses this warning)",
            store.location()
        ));
    }
    prompt::note(&format!(
        "Signed in to {url} as {user} ({role}). Session saved in {} as profile `{name}`.",
        store.location()
    ));
    Ok(())
}

/// Returns the options of the command line over those of the profile.
fn connection_options(profile: Option<&Profile>, options: &GlobalOptions) -> ConnectionOptions {
    let mut connection = match profile {
        Some(profile) => profile.connection(&options.connection),
        None => options.connection.clone(),
    };
    // The profile is used from other directories as well.
    connection.ca_certificate = connection
        .ca_certificate
        .map(|file| std::path::absolute(&file).unwrap_or(file));
    connection
}

fn read_password(source: Option<&str>) -> Result<String, Failure> {
    match source {
        Some(source) => {
            let source = Source::parse(source).map_err(|error| Failure::usage(format!("--password: {error}")))?;
            source.read("password")
        }
        None => match variable("PBX_PASSWORD") {
            Some(password) => Ok(password),
            None => secret::prompt("password"),
        },
    }
}

/// Signs in, and prompts for the code of a second factor if the server requires one.
async fn connect(builder: ClientBuilder) -> Result<Client, Failure> {
    let client = builder.build()?;
    match client.session().ensure_signed_in().await {
        Err(Error::SecondFactor(factor)) => {
            if !prompt::is_interactive() {
                return Err(Failure::new(
                    Exit::Authentication,
                    "this account requires a second factor, and there is no terminal to prompt for the code",
                ));
            }
            client.session().send_code(&factor).await?;
            for remaining in (0..CODES).rev() {
                let code = prompt::line("Code (sent to you by email)")?;
                match client.session().verify_code(&factor, &code).await {
                    Err(error) if error.has_code("WRONG_CODE") && remaining > 0 => {
                        prompt::warn("the code is wrong or has expired: try again");
                    }
                    outcome => {
                        outcome?;
                        break;
                    }
                }
            }
        }
        outcome => outcome?,
    }
    Ok(client)
}

fn ask(question: &str, error: &str) -> Result<String, Failure> {
    if !prompt::is_interactive() {
        return Err(Failure::usage(error));
    }
    let answer = prompt::line(question)?;
    match answer.is_empty() {
        true => Err(Failure::usage(error)),
        false => Ok(answer),
    }
}

async fn role(client: &Client) -> Result<String, Failure> {
    let user = client.retrieve_signed_in_user().send().await?.into_inner();
    Ok(user.role.unwrap_or_else(|| "unknown role".to_owned()))
}
