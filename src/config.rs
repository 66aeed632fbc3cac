//! Typed settings: defaults < file < environment < command line. `config/muster.toml` is the manual: it names every
//! setting with its default, and what it does not name does not exist.
//!
//! Only parsing is here; nothing is opened, made or checked against the world. Unknown names are refused in files
//! and on the command line with the nearest known one; in the environment, which others write too, they are handed
//! back as warnings.

mod load;
mod units;

pub use load::{Loaded, MANUAL, load};
pub use units::{Size, Span};

use crate::secret::Secret;
use ipnet::IpNet;
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};
use url::Url;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where we are.
    pub server: Server,
    /// Where the data is.
    pub database: Database,
    /// Master key and signing keys.
    pub keys: Keys,
    /// Lives of tokens.
    pub tokens: Tokens,
    /// Lives of sessions.
    pub sessions: Sessions,
    /// Local credentials.
    pub signin: Signin,
    /// What we ask of others.
    pub outbound: Outbound,
    /// What directories do with their people.
    pub provisioning: Provisioning,
    /// Roles for a while, on request.
    pub elevation: Elevation,
    /// How we write to people.
    pub mail: Mail,
    /// What others may ask of us.
    pub limits: Limits,
    /// What is written down.
    pub log: Log,
    /// Permissions and built-in roles.
    pub catalogue: Catalogue,
    /// Names for people.
    pub brand: Brand,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The issuer, without a slash at its end; empty until [`Config::settle`].
    pub public_url: String,
    /// The folder of everything that must survive.
    pub data_dir: PathBuf,
    /// TLS: the file with our certificate chain, PEM; empty: no TLS here.
    pub tls_cert: PathBuf,
    /// TLS: the file with its private key, PEM.
    pub tls_key: PathBuf,
    /// Whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "units::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// For requests under way when we stop.
    pub drain: Span,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Empty: SQLite in the data directory.
    pub url: Secret,
    /// Read connections or pool size.
    pub connections: u32,
    /// SQLite: survive a loss of power.
    pub durable: bool,
}

/// `[keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Empty: in the data directory.
    pub master_key_file: PathBuf,
    /// Life of a signing key; zero: by hand only.
    pub rotate_every: Span,
    /// How long before its use a key is published.
    pub publish_ahead: Span,
}

/// `[tokens]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Refresh family without use.
    pub refresh_idle: Span,
    /// Refresh family in all.
    pub refresh_max: Span,
}

/// `[sessions]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Without use.
    pub idle: Span,
    /// In all.
    pub max: Span,
}

/// `[signin]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signin {
    /// zxcvbn's score, 0 to 4.
    pub password_strength: u8,
    /// Characters of a password that is asked for alone.
    pub password_length: usize,
    /// Characters of one that is asked for with a second factor.
    pub password_length_with_second: usize,
    /// Wrong ones before an account waits.
    pub failures: u32,
    /// The first wait.
    pub lockout: Span,
    /// Life of an invitation.
    pub invitation: Span,
    /// Life of the first start's setup link.
    pub setup: Span,
    /// How long the records of sign-ins are kept; zero: for ever.
    pub remember: Span,
}

impl Signin {
    /// The least length of a password.
    pub fn least(&self, second: bool) -> usize {
        if second { self.password_length_with_second } else { self.password_length }
    }
}

/// `[provisioning]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// How long people are remembered whom a directory must not bring back by itself; zero: for ever.
    pub remember: Span,
    /// After how long an undecided parked change is told of once more; zero: never.
    pub remind: Span,
}

/// `[elevation]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elevation {
    /// The longest that a role can be had at a time, whatever an eligibility says.
    pub longest: Span,
    /// After how long a request is over that nobody decides about.
    pub decide_within: Span,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtps://user:password@host` or `smtp://host?tls=required`; empty: no mail is sent.
    pub server: Secret,
    /// The sender, `Name <address>` or an address.
    pub from: String,
    /// Where answers go; empty: to the sender.
    pub reply_to: String,
}

/// `[outbound]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Private addresses that may be asked: `address`, `address:port` or `network/length`.
    #[serde(deserialize_with = "units::texts")]
    pub allow: Vec<String>,
    /// Certificates that are trusted besides the system's, PEM; empty: none.
    pub ca_file: PathBuf,
    /// For a whole answer.
    pub timeout: Span,
    /// Of an answer.
    pub max_size: Size,
    /// The DNS servers that are asked whether a domain is a company's, `address` or `address:port`; none: the machine's.
    #[serde(deserialize_with = "units::texts")]
    pub dns_servers: Vec<String>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of a request body.
    pub body: Size,
    /// Of a request body on SCIM paths.
    pub scim_body: Size,
    /// SCIM requests at once.
    pub scim_at_once: usize,
    /// SCIM requests of one tenant that wait.
    pub scim_waiting: usize,
    /// For an answer.
    pub request_time: Span,
    /// For a request's headers to arrive.
    pub header_time: Span,
    /// Of a request's headers.
    pub header_size: Size,
    /// Connections at once.
    pub connections: usize,
    /// Guesses by one address.
    pub tries_per_minute: u32,
    /// Sign-ins begun by one address.
    pub signins_per_minute: u32,
    /// Letters about invitations for one tenant within a day; 0: without a limit.
    pub letters_per_tenant: u32,
    /// Letters about invitations by one person within a day; 0: without a limit.
    pub letters_per_inviter: u32,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level or a list of them by room.
    pub level: String,
    /// For people or machines.
    pub format: Format,
    /// Who may read the figures.
    #[serde(deserialize_with = "units::networks")]
    pub metrics_from: Vec<IpNet>,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[catalogue]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Empty: built in.
    pub permissions: PathBuf,
    /// Empty: built in.
    pub roles: PathBuf,
}

/// `[brand]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The service's name.
    pub name: String,
}

impl Config {
    /// The master key's file.
    pub fn master_key_file(&self) -> PathBuf {
        if self.keys.master_key_file.as_os_str().is_empty() {
            return self.server.data_dir.join("master.key");
        }
        self.keys.master_key_file.clone()
    }
    /// The issuer: the public URL, without a slash at its end.
    pub fn issuer(&self) -> &str {
        &self.server.public_url
    }
    /// Whether browsers reach us by https (cookies are then `Secure`, with the `__Host-` prefix).
    pub fn https(&self) -> bool {
        self.server.public_url.starts_with("https://")
    }
    /// Whether we speak TLS ourselves.
    pub fn tls(&self) -> bool {
        !self.server.tls_cert.as_os_str().is_empty()
    }
    /// The host of the public URL, as an address is written in one.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.server.public_url).ok();
        url.and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default()
    }
    /// Whether browsers may be told to come by https only. This machine's own name is left out: they would apply it
    /// to every other program that is tried out on it.
    pub fn only_https(&self) -> bool {
        self.https() && self.host() != "localhost"
    }
    /// Once the address is known: a public URL that was left empty becomes it, and the given one is checked.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] when it is not an http(s) origin, or does not go with the certificate.
    pub fn settle(&mut self, listening: SocketAddr) -> crate::error::Result<()> {
        let signin = &self.signin;
        for (name, value, least) in [
            ("signin.password_length", signin.password_length, 15),
            ("signin.password_length_with_second", signin.password_length_with_second, 8),
            ("signin.password_strength", usize::from(signin.password_strength), 3),
        ] {
            if value < least {
                let text = format!("{name} is {value}; it cannot be less than {least}");
                return Err(crate::error::Error::invalid(text).attr(name));
            }
        }
        let tls = self.tls();
        let server = &mut self.server;
        if tls == server.tls_key.as_os_str().is_empty() {
            let text = "server.tls_cert and server.tls_key belong together: one of them is not set";
            return Err(crate::error::Error::invalid(text).attr("server.tls_key"));
        }
        if server.public_url.is_empty() {
            let scheme = if tls { "https" } else { "http" };
            server.public_url = format!("{scheme}://{listening}");
        }
        let given = server.public_url.trim_end_matches('/');
        let wrong = |why: &str| {
            let text = format!("server.public_url is '{given}': {why}");
            Err(crate::error::Error::invalid(text).attr("server.public_url"))
        };
        let Ok(url) = Url::parse(given) else { return wrong("not a URL") };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("it begins with http:// or https://");
        }
        if tls && url.scheme() != "https" {
            return wrong("with a certificate (server.tls_cert) it begins with https://");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return wrong("it has no path, query or fragment");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it holds no user name or password");
        }
        server.public_url = url.origin().ascii_serialization();
        Ok(())
    }
}
