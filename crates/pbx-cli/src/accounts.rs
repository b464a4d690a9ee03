//! Signing in and out, profiles, tenants.

use std::io::IsTerminal as _;

use pbx_client::{Client, ClientBuilder, Error, Session};
use serde_json::{Value, json};

use crate::address::complete_url;
use crate::commands::{Login, Logout, Switch};
use crate::connection::{Server, builder, credentials, variable};
use crate::failure::{Exit, Failure};
use crate::generated::Operation;
use crate::operation::Request;
use crate::operation::spec::Callers;
use crate::options::{Connection, Options};
use crate::output::{Printer, Shape};
use crate::profile::{Config, DEFAULT, Folder, Place, Profile, Tokens, check_name};
use crate::secret::{self, Source};
use crate::{prompt, tenants};

/// How many seconds a server has to hear of the end of a session that gives way to one on another server.
const FAREWELL: u64 = 5;

/// `pbx login`.
pub async fn login(login: Login, options: &Options) -> Result<(), Failure> {
    let folder = Folder::of_user()?;
    let config = Config::read(&folder)?;
    let name = options.profile.clone().unwrap_or_else(|| DEFAULT.to_owned());
    check_name(&name)?;
    let known = config.profiles.get(&name);
    let url = match login.server.as_ref().or(options.url.as_ref()) {
        Some(server) => complete_url(server),
        None => match known {
            Some(profile) => profile.url.clone(),
            None => complete_url(&ask("Server", "the server is missing: pbx login URL")?),
        },
    };
    let same = known.filter(|profile| profile.url == url);
    let user = match (login.user, same) {
        (Some(user), _) => user,
        (None, Some(profile)) => profile.user.clone(),
        (None, None) => ask("User", "the name of the account is missing: --user NAME")?,
    };
    let domain = login.domain.filter(|domain| !domain.is_empty()).or_else(|| {
        same.filter(|profile| profile.user == user)
            .and_then(|profile| profile.domain.clone())
    });
    let connection = match same {
        Some(profile) => profile.connection(&options.connection),
        None => options.connection.clone(),
    };
    let connection = Connection {
        // The profile is used from other folders as well.
        ca_certificate: connection
            .ca_certificate
            .map(|file| std::path::absolute(&file).unwrap_or(file)),
        ..connection
    };
    if connection.insecure {
        prompt::warn(&format!(
            "the certificate of {url} is not checked, by every command that uses the profile `{name}`: whoever is in between can \
             read and change everything"
        ));
    }
    let password = match &login.password {
        Some(source) => {
            let source = Source::parse(source).map_err(|error| Failure::usage(format!("--password: {error}")))?;
            source.read("password")?
        }
        None => match variable("PBX_PASSWORD") {
            Some(password) => password,
            None => secret::ask_for("password")?,
        },
    };
    let builder = builder(&url, &connection)?.credentials(credentials(user.clone(), password, domain.clone()));
    let client = connect(builder).await?;
    let session = client
        .session()
        .current()
        .ok_or_else(|| Failure::new(Exit::Unexpected, "the server gave no session"))?;
    // Who that is, before anything is kept: the tokens must work.
    let role = role(&client).await?;
    if let Some(old) = known {
        let way = match same {
            Some(_) => connection.clone(),
            // Another server, to which this one's certificates and proxy do not apply, and which may be gone.
            None => Connection {
                timeout: Some(FAREWELL),
                retries: Some(0),
                ..old.connection(&Connection::default())
            },
        };
        // There is another session from here on, whatever becomes of the old one.
        let _ = end(&folder, &name, old, &way).await;
    }
    let (tokens, without_keyring) = match Tokens::keep(&folder, &name, login.store, &session) {
        Ok(kept) => kept,
        Err(failure) => {
            // Nobody has this session.
            let _ = client.session().sign_out().await;
            return Err(failure);
        }
    };
    let profile = Profile {
        url: url.clone(),
        user: user.clone(),
        domain,
        session: tokens.place(),
        ca_certificate: connection.ca_certificate,
        insecure: connection.insecure,
        proxy: connection.proxy,
        timeout: connection.timeout,
        retries: connection.retries,
    };
    Config::change(&folder, |config| {
        config.profiles.insert(name.clone(), profile);
        config.current = Some(name.clone());
        Ok(())
    })?;
    if let Some(reason) = without_keyring {
        prompt::warn(&format!(
            "{reason}\n  The session is kept in a file that only you can read (`--store file`, without a warning): {}",
            tokens.describe()
        ));
    }
    prompt::note(&format!(
        "Signed in to {url} as {user} ({role}). The session is kept in {} as the profile `{name}`.",
        tokens.describe()
    ));
    Ok(())
}

/// Signs in, with a code as well where the server wants one.
async fn connect(builder: ClientBuilder) -> Result<Client, Failure> {
    match builder.connect().await {
        Err(Error::SecondFactor(factor)) => {
            if !prompt::possible() {
                return Err(Failure::new(
                    Exit::Authentication,
                    "this account needs a second factor, and there is no terminal to ask for the code on",
                ));
            }
            factor.send_code().await?;
            let code = prompt::line("Code (it was sent to you by mail)")?;
            Ok(factor.verify(&code).await?)
        }
        other => Ok(other?),
    }
}

fn ask(question: &str, otherwise: &str) -> Result<String, Failure> {
    if !prompt::possible() {
        return Err(Failure::usage(otherwise));
    }
    let answer = prompt::line(question)?;
    match answer.is_empty() {
        true => Err(Failure::usage(otherwise)),
        false => Ok(answer),
    }
}

async fn role(client: &Client) -> Result<String, Failure> {
    let user = client.retrieve_signed_in_user().send().await?.into_inner();
    Ok(user.role.unwrap_or_else(|| "unknown role".to_owned()))
}

/// Ends the session of a profile, here and at its server. Why the server could not be told, if it could not.
async fn end(
    folder: &Folder,
    name: &str,
    profile: &Profile,
    connection: &Connection,
) -> Result<Option<Failure>, Failure> {
    let tokens = Tokens::of(folder, name, profile.session);
    // A refresh token works once.
    let _lock = tokens.lock()?;
    let told = match tokens.read()? {
        Some(session) => sign_out(profile, connection, session).await,
        None => Ok(()),
    };
    tokens.remove()?;
    Ok(told.err())
}

async fn sign_out(profile: &Profile, connection: &Connection, session: Session) -> Result<(), Failure> {
    let client = builder(&profile.url, connection)?.session(session).build()?;
    Ok(client.session().sign_out().await?)
}

fn warn_of_untold(url: &str, why: &Failure) {
    prompt::warn(&format!(
        "{url} could not be told, so that its side of the session ends with its time: {why}"
    ));
}

/// `pbx logout`.
pub async fn logout(logout: &Logout, options: &Options) -> Result<(), Failure> {
    let folder = Folder::of_user()?;
    let config = Config::read(&folder)?;
    let mut names: Vec<(&str, &Profile)> = Vec::new();
    if logout.all {
        names.extend(config.profiles.iter().map(|(name, profile)| (name.as_str(), profile)));
    } else if let Some(found) = config.profile(options.profile.as_deref())? {
        names.push(found);
    }
    if names.is_empty() {
        prompt::note("There is no profile to sign out of.");
    }
    let mut failures = Vec::new();
    for (name, profile) in names {
        match end(&folder, name, profile, &profile.connection(&options.connection)).await {
            Ok(untold) => {
                if let Some(why) = untold {
                    warn_of_untold(&profile.url, &why);
                }
                prompt::note(&format!("Signed out of {} (profile `{name}`).", profile.url));
            }
            Err(failure) => failures.push(format!("the profile `{name}` is not signed out: {failure}")),
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(Failure::local(failures.join("\n"))),
    }
}

/// `pbx whoami`.
pub async fn who_am_i(options: &Options) -> Result<(), Failure> {
    let mut server = Server::of(options, &Callers::SignedIn).await?;
    let request = Request::of(Operation::RetrieveSignedInUser.spec());
    let answer = server.json(&request).await;
    let (url, tenant) = (
        server.client().base_url().to_owned(),
        server.tenant().map(str::to_owned),
    );
    let kept = server.is_of_profile();
    server.end().await;
    let answer = answer?;
    let folder = Folder::of_user()?;
    let config = Config::read(&folder)?;
    let profile = config.profile(options.profile.as_deref())?.filter(|_| kept);
    // A token says nothing of a name.
    let named = |name| variable(name).filter(|_| !kept && variable("PBX_TOKEN").is_none());
    let mut shown = json!({
        "url": url,
        "profile": profile.map(|(name, _)| name),
        "user": profile.map(|(_, profile)| profile.user.clone()).or_else(|| named("PBX_USER")),
        "domain": profile.map_or_else(|| named("PBX_DOMAIN"), |(_, profile)| profile.domain.clone()),
        "tenant": tenant,
    });
    if let (Value::Object(shown), Value::Object(answer)) = (&mut shown, answer) {
        shown.extend(answer);
    }
    Printer::of(options).show(Shape::ANY, &shown)
}

/// `pbx switch`.
pub async fn switch(switch: &Switch, options: &Options) -> Result<(), Failure> {
    let mut server = Server::of(options, &Callers::SignedIn).await?;
    if !server.is_of_profile() {
        server.end().await;
        return Err(
            Failure::usage("a session of environment variables does not last: there is nothing to switch")
                .hint("sign in with `pbx login`; with PBX_TOKEN, `pbx tenants switch` switches the token's session"),
        );
    }
    let Some(tenant) = &switch.tenant else {
        go(&mut server, None).await?;
        prompt::note("You are back in your account.");
        return Ok(());
    };
    if server.tenant().is_some() {
        // Who acts in a tenant may see no other.
        go(&mut server, None).await?;
    }
    let found = tenants::find(&mut server, tenant).await?;
    go(&mut server, Some(&found.id)).await?;
    prompt::note(&format!(
        "You act in the tenant {} ({}) as its administrator. `pbx switch --back` leaves it.",
        found.name, found.domain
    ));
    Ok(())
}

/// Takes the session into a tenant, or back to the account.
pub async fn go(server: &mut Server, tenant: Option<&str>) -> Result<(), Failure> {
    let switch = Request::of(Operation::SwitchTenants.spec());
    match tenant {
        // Noted before it is so, that an interruption does not leave it unknown.
        Some(tenant) => {
            server.note_tenant(Some(tenant))?;
            let outcome = server.send(&switch.with("id", tenant)).await;
            if outcome.is_err() {
                server.note_tenant(None)?;
            }
            outcome?;
        }
        None => {
            server.send(&switch).await?;
            server.note_tenant(None)?;
        }
    }
    Ok(())
}

/// `pbx profiles list`.
pub fn list(options: &Options) -> Result<(), Failure> {
    let folder = Folder::of_user()?;
    let config = Config::read(&folder)?;
    let rows: Vec<Value> = config
        .profiles
        .iter()
        .map(|(name, profile)| {
            let tokens = Tokens::of(&folder, name, profile.session);
            // Where the keyring does not say, nobody knows.
            let session = tokens.read();
            let signed_in = session.as_ref().ok().map(Option::is_some);
            let session = session.ok().flatten();
            json!({
                "current": config.current.as_ref() == Some(name),
                "name": name,
                "url": profile.url,
                "user": profile.user,
                "domain": profile.domain,
                "tenant": session.and_then(|session| session.tenant),
                "signed_in": signed_in,
                "kept_in": match profile.session {
                    Place::Keyring => "keyring",
                    Place::File => "file",
                },
            })
        })
        .collect();
    if rows.is_empty() && std::io::stdout().is_terminal() {
        prompt::note("There are no profiles yet: `pbx login` makes one.");
    }
    Printer::of(options).show(Shape::ANY, &Value::Array(rows))
}

/// `pbx profiles use`.
pub fn choose(name: &str) -> Result<(), Failure> {
    Config::change(&Folder::of_user()?, |config| {
        if !config.profiles.contains_key(name) {
            return Err(config.missing(name));
        }
        config.current = Some(name.to_owned());
        Ok(())
    })
}

/// `pbx profiles remove`.
pub async fn remove(name: &str, options: &Options) -> Result<(), Failure> {
    let folder = Folder::of_user()?;
    let config = Config::read(&folder)?;
    let profile = config.profiles.get(name).ok_or_else(|| config.missing(name))?;
    match end(&folder, name, profile, &profile.connection(&options.connection)).await {
        Ok(None) => {}
        Ok(Some(why)) => warn_of_untold(&profile.url, &why),
        // A keyring that is gone for ever would keep the profile for ever.
        Err(why) => prompt::warn(&format!("the session of `{name}` is left where it is: {why}")),
    }
    Config::change(&folder, |config| {
        config.profiles.remove(name);
        if config.current.as_deref() == Some(name) {
            config.current = None;
        }
        Ok(())
    })
}
