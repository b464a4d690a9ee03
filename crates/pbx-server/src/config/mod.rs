//! Settings of the program, in order of precedence: flag, environment variable, file, default.

mod limits;

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use ipnet::IpNet;
use pbx_domain::password_reset::CallbackPrefix;
use pbx_store::PostgresOptions;
use serde::Deserialize;

pub use self::limits::Limits;
use self::limits::{LimitFile, LimitOptions};
use crate::http::browser::Origin;
use crate::http::client::{Proxies, ProxyHeader};

const LISTEN: &str = "127.0.0.1:8888";
const DATABASE: &str = "./pbx.db";
const LOG: &str = "info";
const RATE_LIMIT: u32 = 10_000;
const PROXY_HEADER: &str = "x-forwarded-for";
const FILE_LIMIT: u32 = 2 << 20;
const SIP: &str = "on";
const SIP_LISTEN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Flags and environment variables. None has a default here, so that the file precedes the default.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Address and port to serve HTTP on; port 0 picks a free port [default: 127.0.0.1:8888]
    #[arg(long, env = "PBX_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,

    /// Address and port to serve HTTPS on as well, with the certificate of /key; port 0 picks a free port [default: none]
    #[arg(long, env = "PBX_TLS_LISTEN", value_name = "ADDRESS")]
    tls_listen: Option<String>,

    /// Open the ports of the transports: on, off [default: on]
    #[arg(long, env = "PBX_SIP", value_name = "MODE")]
    sip: Option<String>,

    /// IP address to open the ports of the transports on [default: 0.0.0.0]
    #[arg(long, env = "PBX_SIP_LISTEN", value_name = "IP")]
    sip_listen: Option<String>,

    /// Database: a file (created if it does not exist), or postgres://USER:PASSWORD@HOST:PORT/DATABASE [default: ./pbx.db]
    #[arg(long, env = "PBX_DATABASE", value_name = "URL")]
    database: Option<String>,

    /// Size of the connection pool for PostgreSQL; a transaction needs one connection [default: 16]
    #[arg(long, env = "PBX_DATABASE_CONNECTIONS", value_name = "NUMBER")]
    database_connections: Option<String>,

    /// File with the key that encrypts the secrets in the database; created on the first start [default: beside the database, with
    /// .key added to its name]
    #[arg(long, env = "PBX_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// Public key to verify licenses with: Ed25519, PEM [default: no license is accepted]
    #[arg(long, env = "PBX_LICENSE_PUBLIC_KEY", value_name = "FILE")]
    license_public_key: Option<PathBuf>,

    /// Certificate authorities of client certificates on the TLS transports, PEM [default: those in the chain of /key]
    #[arg(long, env = "PBX_CLIENT_CA", value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Days to keep entries of the audit log; 0 keeps them forever [default: 0]
    #[arg(long, env = "PBX_AUDIT_DAYS", value_name = "DAYS")]
    audit_days: Option<String>,

    /// Log level on stderr: error, warn, info, debug, or directives such as info,pbx_server=debug [default: info]
    #[arg(long, env = "PBX_LOG", value_name = "FILTER")]
    log: Option<String>,

    /// Requests per minute and client address; 0 means no limit [default: 10000]
    #[arg(long, env = "PBX_RATE_LIMIT", value_name = "NUMBER")]
    rate_limit: Option<String>,

    /// Trusted reverse proxy (IP address or CIDR range). May be repeated [default: none]
    #[arg(long, env = "PBX_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    trusted_proxy: Vec<String>,

    /// Header in which the trusted proxies name the client: x-forwarded-for, forwarded [default: x-forwarded-for]
    #[arg(long, env = "PBX_PROXY_HEADER", value_name = "NAME")]
    proxy_header: Option<String>,

    /// Origin of web pages that may call this server from a browser, such as https://portal.example.com. May be repeated [default:
    /// none]
    #[arg(long, env = "PBX_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    cors_origin: Vec<String>,

    /// Seconds for which browsers use HTTPS only, for all ports of the host (HSTS); sent by HTTPS, 0 sends nothing [default: 0]
    #[arg(long, env = "PBX_HSTS", value_name = "SECONDS")]
    hsts: Option<String>,

    /// Page that links to set a forgotten password may lead to, with those below it: an origin or a URL, such as
    /// https://portal.example.com/password. May be repeated [default: https on the web_domain of /network]
    #[arg(long, env = "PBX_PASSWORD_RESET_URL", value_name = "URL", value_delimiter = ',')]
    password_reset_url: Vec<String>,

    /// Internal address (IP address or CIDR range) that tenants' webhooks may reach, despite the SSRF protection. May be repeated
    /// [default: none]
    #[arg(long, env = "PBX_WEBHOOK_ALLOW", value_name = "CIDR", value_delimiter = ',')]
    webhook_allow: Vec<String>,

    /// Directory for the contents of uploaded files, shared by all servers of the database; created if it does not exist
    /// [default: in the database]
    #[arg(long, env = "PBX_FILES", value_name = "DIRECTORY")]
    files: Option<PathBuf>,

    /// Largest size of an uploaded file, in bytes [default: 2097152]
    #[arg(long, env = "PBX_FILE_LIMIT", value_name = "BYTES")]
    file_limit: Option<String>,

    /// TOML file with any of the keys listen, tls_listen, sip, sip_listen, database, database_connections,
    /// key_file, license_public_key, client_ca, audit_days, log, rate_limit, trusted_proxy (a list), proxy_header,
    /// cors_origin (a list), hsts, password_reset_url (a list), webhook_allow (a list), files, file_limit, and a table [limits] with the
    /// names of the limits below
    #[arg(long, env = "PBX_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    limits: LimitOptions,
}

/// The database of a command that does not serve.
#[derive(Debug, clap::Args)]
pub struct DatabaseOptions {
    /// Database: a file, or postgres://USER:PASSWORD@HOST:PORT/DATABASE [default: ./pbx.db]
    #[arg(long, env = "PBX_DATABASE", value_name = "URL")]
    database: Option<String>,

    /// TOML file of the server
    #[arg(long, env = "PBX_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl DatabaseOptions {
    /// Returns the database of a server with these settings.
    pub fn resolve(self) -> anyhow::Result<String> {
        let options = Options {
            database: self.database,
            config: self.config,
            ..Options::default()
        };
        Ok(options.resolve()?.database)
    }
}

/// The keys of the file. An unknown key is an error, as an unknown flag is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    tls_listen: Option<String>,
    sip: Option<String>,
    sip_listen: Option<String>,
    database: Option<String>,
    database_connections: Option<NonZeroU16>,
    key_file: Option<PathBuf>,
    license_public_key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    audit_days: Option<u32>,
    log: Option<String>,
    rate_limit: Option<u32>,
    trusted_proxy: Option<Vec<String>>,
    proxy_header: Option<String>,
    cors_origin: Option<Vec<String>>,
    hsts: Option<u32>,
    password_reset_url: Option<Vec<String>>,
    webhook_allow: Option<Vec<String>>,
    files: Option<PathBuf>,
    file_limit: Option<u32>,
    #[serde(default)]
    limits: LimitFile,
}

/// The resolved settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Config {
    /// Address and port of HTTP.
    pub listen: String,
    /// Address and port of HTTPS, if it is served.
    pub tls_listen: Option<String>,
    /// IP address of the ports of the transports. `None` opens no ports.
    pub sip: Option<IpAddr>,
    /// Path or URL of the database.
    pub database: String,
    /// Size of the connection pool for PostgreSQL.
    pub database_connections: NonZeroU16,
    /// File with the key that encrypts the secrets in the database.
    pub key_file: PathBuf,
    /// File with the public key that verifies licenses.
    pub license_public_key: Option<PathBuf>,
    /// File with the certificate authorities of client certificates on the TLS transports.
    pub client_ca: Option<PathBuf>,
    /// Days to keep entries of the audit log. 0 keeps them forever.
    pub audit_days: u32,
    /// Level or directives of the log.
    pub log: String,
    /// Requests per minute and client. 0 means no limit.
    pub rate_limit: u32,
    /// The trusted reverse proxies.
    pub proxies: Proxies,
    /// The origins of web pages that may call this server.
    pub cors_origins: Vec<Origin>,
    /// Age of HSTS, in seconds. 0 means none.
    pub hsts: u32,
    /// The pages that links to set a forgotten password may lead to.
    pub password_reset_urls: Vec<CallbackPrefix>,
    /// Internal addresses that webhooks may reach.
    pub webhook_allow: Vec<IpNet>,
    /// Directory for the contents of files. `None` stores them in the database.
    pub files: Option<PathBuf>,
    /// Largest size of a file, in bytes.
    pub file_limit: u32,
    /// Limits on what clients and tenants may use.
    pub limits: Limits,
}

impl Config {
    /// Returns the limits on the use of a PostgreSQL server.
    pub fn postgres_options(&self) -> PostgresOptions {
        // Without time nothing works, and 0 means no limit to PostgreSQL.
        let seconds = |number: u32| Duration::from_secs(number.max(1).into());
        PostgresOptions {
            connections: self.database_connections,
            writers: NonZeroU16::new(self.limits.database_writers).unwrap_or(NonZeroU16::MIN),
            statement: seconds(self.limits.database_statement),
            commit: seconds(self.limits.database_commit),
            wait: seconds(self.limits.database_wait),
        }
    }
}

impl Options {
    /// Resolves all settings, from the file too if one is named.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a value is invalid. The message names the flag.
    pub fn resolve(self) -> anyhow::Result<Config> {
        let file = self.config.as_deref().map(read).transpose()?.unwrap_or_default();
        // An empty environment variable counts as unset.
        let given = |flag: Option<String>, file: Option<String>| flag.filter(|text| !text.is_empty()).or(file);
        let pick = |flag, file, default: &str| given(flag, file).unwrap_or_else(|| default.to_owned());
        let sip_listen = match given(self.sip_listen, file.sip_listen) {
            Some(text) => text
                .parse()
                .ok()
                .with_context(|| format!("--sip-listen takes an IP address without a port, not {text:?}"))?,
            None => SIP_LISTEN,
        };
        let sip = match pick(self.sip, file.sip, SIP).as_str() {
            "on" => Some(sip_listen),
            "off" => None,
            other => anyhow::bail!("--sip takes on or off, not {other:?}"),
        };
        let database = pick(self.database, file.database, DATABASE);
        let file_given = |flag: Option<PathBuf>, file| flag.filter(|path| !path.as_os_str().is_empty()).or(file);
        let key_file = file_given(self.key_file, file.key_file);
        let minute = "requests per minute";
        let rate_limit = number(self.rate_limit, file.rate_limit, RATE_LIMIT, "rate-limit", minute)?;
        let database_connections = number(
            self.database_connections,
            file.database_connections,
            PostgresOptions::default().connections,
            "database-connections",
            "connections",
        )?;
        let file_limit = number(self.file_limit, file.file_limit, FILE_LIMIT, "file-limit", "bytes")?;
        let audit_days = number(self.audit_days, file.audit_days, 0, "audit-days", "days")?;
        let trusted = ranges("trusted-proxy", self.trusted_proxy, file.trusted_proxy)?;
        let webhook_allow = ranges("webhook-allow", self.webhook_allow, file.webhook_allow)?;
        let origins = list(self.cors_origin, file.cors_origin);
        let cors_origins = origins.iter().map(|text| {
            text.parse().ok().with_context(|| {
                format!(
                    "--cors-origin takes an origin as browsers send it, such as https://portal.example.com, without path, default \
                     port and wildcards, not {text:?}"
                )
            })
        });
        let cors_origins = cors_origins.collect::<anyhow::Result<_>>()?;
        let pages = list(self.password_reset_url, file.password_reset_url);
        let password_reset_urls = pages.iter().map(|text| {
            text.parse()
                .map_err(|message| anyhow::anyhow!("--password-reset-url {message}, not {text:?}"))
        });
        let password_reset_urls = password_reset_urls.collect::<anyhow::Result<_>>()?;
        let header = pick(self.proxy_header, file.proxy_header, PROXY_HEADER);
        let header: ProxyHeader = header
            .parse()
            .ok()
            .with_context(|| format!("--proxy-header takes x-forwarded-for or forwarded, not {header:?}"))?;
        Ok(Config {
            rate_limit,
            database_connections,
            proxies: Proxies::new(&trusted, header),
            listen: pick(self.listen, file.listen, LISTEN),
            tls_listen: given(self.tls_listen, file.tls_listen),
            sip,
            key_file: key_file.unwrap_or_else(|| default_key_file(&database)),
            license_public_key: file_given(self.license_public_key, file.license_public_key),
            client_ca: file_given(self.client_ca, file.client_ca),
            audit_days,
            cors_origins,
            hsts: number(self.hsts, file.hsts, 0, "hsts", "seconds")?,
            password_reset_urls,
            webhook_allow,
            files: file_given(self.files, file.files),
            file_limit,
            database,
            limits: self.limits.resolve(file.limits)?,
            log: pick(self.log, file.log, LOG),
        })
    }
}

/// Returns the number of the flag, else of the file, else the default. `name` is the flag, in kebab or snake case.
fn number<T: FromStr>(flag: Option<String>, file: Option<T>, default: T, name: &str, of: &str) -> anyhow::Result<T> {
    match flag.filter(|text| !text.is_empty()) {
        Some(text) => text.parse().ok().with_context(|| {
            let name = name.replace('_', "-");
            // Every `T` is an unsigned integer, of which some exclude 0.
            let least = u8::from("0".parse::<T>().is_err());
            let most = u64::MAX >> (8 * (size_of::<u64>() - size_of::<T>()));
            format!("--{name} takes a number of {of} from {least} to {most}, not {text:?}")
        }),
        None => Ok(file.unwrap_or(default)),
    }
}

/// Returns the default key file of a database. That of a PostgreSQL database is in the working directory.
fn default_key_file(database: &str) -> PathBuf {
    let path = match database.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => DATABASE,
        _ => database,
    };
    PathBuf::from(format!("{path}.key"))
}

/// Returns the ranges of the flag, else of the file.
fn ranges(name: &str, flag: Vec<String>, file: Option<Vec<String>>) -> anyhow::Result<Vec<IpNet>> {
    let range = |text: &String| {
        let address = text.parse::<IpAddr>().map(IpNet::from).ok();
        let range = address.or_else(|| text.parse().ok());
        range.with_context(|| format!("--{name} takes an address or a range such as 10.0.0.0/8, not {text:?}"))
    };
    list(flag, file).iter().map(range).collect()
}

/// Returns the values of the flag, else of the file.
fn list(flag: Vec<String>, file: Option<Vec<String>>) -> Vec<String> {
    let flag: Vec<String> = flag.into_iter().filter(|text| !text.is_empty()).collect();
    if flag.is_empty() {
        file.unwrap_or_default()
    } else {
        flag
    }
}

fn read(path: &Path) -> anyhow::Result<File> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("the configuration {} is invalid", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, listen: Option<&str>) -> anyhow::Result<Config> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pbx.toml");
        std::fs::write(&path, text).unwrap();
        Options {
            listen: listen.map(str::to_owned),
            config: Some(path),
            ..Options::default()
        }
        .resolve()
    }

    #[test]
    fn flag_precedes_file_and_file_precedes_default() {
        let config = Options::default().resolve().unwrap();
        assert_eq!(
            (config.listen.as_str(), config.database.as_str(), config.log.as_str()),
            (LISTEN, DATABASE, LOG)
        );
        let file = "listen = \"0.0.0.0:80\"\nlog = \"warn\"\n";
        assert_eq!(with_file(file, None).unwrap().listen, "0.0.0.0:80");
        let config = with_file(file, Some("[::1]:81")).unwrap();
        assert_eq!((config.listen.as_str(), config.log.as_str()), ("[::1]:81", "warn"));
        assert_eq!(with_file(file, Some("")).unwrap().listen, "0.0.0.0:80");
    }

    #[test]
    fn default_key_file_is_beside_the_database() {
        let default = |url: &str| default_key_file(url).to_str().unwrap().to_owned();
        assert_eq!(default("/data/pbx.db"), "/data/pbx.db.key");
        assert_eq!(default("sqlite:pbx.db"), "pbx.db.key");
        assert_eq!(default("postgres://host/pbx"), "./pbx.db.key");
        let config = with_file("key_file = \"/safe/key\"\n", None).unwrap();
        assert_eq!(config.key_file, Path::new("/safe/key"));
    }

    #[test]
    fn rate_limit_and_proxies_are_read_from_the_file() {
        let config = Options::default().resolve().unwrap();
        assert_eq!(config.rate_limit, RATE_LIMIT);
        assert_eq!(config.postgres_options(), PostgresOptions::default());
        let file = "rate_limit = 5\ndatabase_connections = 3\ntrusted_proxy = [\"10.0.0.0/8\", \"::1\"]\nproxy_header = \"forwarded\"\n";
        let config = with_file(file, None).unwrap();
        assert_eq!(config.rate_limit, 5);
        assert_eq!(config.database_connections.get(), 3);
        let ranges = ["10.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap());
        assert_eq!(config.proxies, Proxies::new(&ranges, ProxyHeader::Forwarded));
    }

    #[test]
    fn files_and_webhook_settings_are_read_from_file_and_flags() {
        let config = Options::default().resolve().unwrap();
        assert_eq!((config.files, config.file_limit), (None, FILE_LIMIT));
        assert_eq!(config.webhook_allow, []);
        let file = "cors_origin = [\"https://portal.example.com\"]\nhsts = 60\n";
        let config = with_file(file, None).unwrap();
        assert_eq!(config.cors_origins, ["https://portal.example.com".parse().unwrap()]);
        assert_eq!(config.hsts, 60);
        let file = "password_reset_url = [\"https://portal.example.com/password\"]\n";
        let config = with_file(file, None).unwrap();
        let page = "https://portal.example.com/password".parse().unwrap();
        assert_eq!(config.password_reset_urls, [page]);
        let file = "files = \"/data/files\"\nfile_limit = 5\nwebhook_allow = [\"10.0.0.0/8\"]\n";
        let config = with_file(file, None).unwrap();
        assert_eq!(config.files.as_deref(), Some(Path::new("/data/files")));
        assert_eq!(config.file_limit, 5);
        assert_eq!(config.webhook_allow, ["10.0.0.0/8".parse().unwrap()]);
        let given = Options {
            files: Some("".into()),
            file_limit: Some("7".to_owned()),
            webhook_allow: vec![String::new(), "::1".to_owned()],
            ..Options::default()
        };
        let config = given.resolve().unwrap();
        assert_eq!((config.files, config.file_limit), (None, 7));
        assert_eq!(config.webhook_allow, ["::1/128".parse().unwrap()]);
    }

    #[test]
    fn invalid_value_is_reported_with_its_flag() {
        type Change = fn(&mut Options);
        let table: [(Change, &str); 11] = [
            (
                |options| options.password_reset_url = vec!["portal.example.com".to_owned()],
                "--password-reset-url",
            ),
            (|options| options.cors_origin = vec!["*".to_owned()], "--cors-origin"),
            (|options| options.cors_origin = vec!["null".to_owned()], "--cors-origin"),
            (|options| options.hsts = Some("a year".to_owned()), "--hsts"),
            (|options| options.audit_days = Some("all".to_owned()), "--audit-days"),
            (|options| options.rate_limit = Some("many".to_owned()), "--rate-limit"),
            (
                |options| options.trusted_proxy = vec!["proxy.example.com".to_owned()],
                "--trusted-proxy",
            ),
            (
                |options| options.proxy_header = Some("via".to_owned()),
                "--proxy-header",
            ),
            (
                |options| options.database_connections = Some("0".to_owned()),
                "--database-connections",
            ),
            (|options| options.file_limit = Some("2MB".to_owned()), "--file-limit"),
            (
                |options| options.webhook_allow = vec!["10.0.0.0-10.0.0.9".to_owned()],
                "--webhook-allow",
            ),
        ];
        for (change, flag) in table {
            let mut options = Options::default();
            change(&mut options);
            assert!(options.resolve().unwrap_err().to_string().starts_with(flag));
        }
    }

    #[test]
    fn limits_are_read_from_flags_and_the_file() {
        let file = "[limits]\nconnections = 5\n";
        assert_eq!(with_file(file, None).unwrap().limits.connections, 5);
        let error = format!("{:#}", with_file("[limits]\nconections = 5\n", None).unwrap_err());
        assert!(error.contains("conections"), "{error}");
        let limits = |arguments: &[&str]| {
            #[derive(clap::Parser)]
            struct Command {
                #[command(flatten)]
                options: Options,
            }
            let arguments = std::iter::once(&"pbx-server").chain(arguments);
            let options = <Command as clap::Parser>::parse_from(arguments).options;
            options.resolve().map(|config| config.limits)
        };
        assert_eq!(limits(&[]).unwrap(), Limits::default());
        assert_eq!(limits(&["--connections", "7"]).unwrap().connections, 7);
        let config = with_file("[limits]\ndatabase_writers = 0\ndatabase_commit = 0\n", None).unwrap();
        let options = config.postgres_options();
        assert_eq!(
            (options.writers.get(), options.commit.as_secs()),
            (1, 1),
            "0 is no time"
        );
        let error = |arguments| limits(arguments).unwrap_err().to_string();
        assert_eq!(
            error(&["--connections", "many"]),
            "--connections takes a number of connections from 0 to 4294967295, not \"many\""
        );
        assert_eq!(
            error(&["--outgoing", "70000"]),
            "--outgoing takes a number of requests from 0 to 65535, not \"70000\""
        );
    }

    #[test]
    fn sip_has_an_address_or_is_off() {
        let sip = |sip: Option<&str>, listen: Option<&str>| {
            Options {
                sip: sip.map(str::to_owned),
                sip_listen: listen.map(str::to_owned),
                ..Options::default()
            }
            .resolve()
            .map(|config| config.sip)
        };
        assert_eq!(sip(None, None).unwrap(), Some(SIP_LISTEN));
        assert_eq!(sip(Some("on"), Some("::1")).unwrap(), Some("::1".parse().unwrap()));
        assert_eq!(sip(Some("off"), Some("127.0.0.1")).unwrap(), None);
        assert!(sip(Some("no"), None).unwrap_err().to_string().contains("on or off"));
        assert!(
            sip(None, Some("127.0.0.1:5060"))
                .unwrap_err()
                .to_string()
                .contains("without a port")
        );
        assert_eq!(
            with_file("tls_listen = \"[::]:443\"\n", None)
                .unwrap()
                .tls_listen
                .unwrap(),
            "[::]:443"
        );
        assert_eq!(with_file("sip = \"off\"\n", None).unwrap().sip, None);
    }

    #[test]
    fn invalid_file_is_reported_with_its_path_and_line() {
        let error = format!("{:#}", with_file("listen = \"x\"\nlisten_on = 1\n", None).unwrap_err());
        assert!(
            error.contains("pbx.toml") && error.contains("line 2") && error.contains("listen_on"),
            "{error}"
        );
        let missing = Options {
            config: Some("missing.toml".into()),
            ..Options::default()
        };
        assert!(format!("{:#}", missing.resolve().unwrap_err()).contains("cannot read the configuration missing.toml"));
    }
}
