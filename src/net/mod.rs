//! The one outbound HTTP client. It reaches the public internet over https and nothing else: an address is judged where
//! it is used (a literal in the URL before the request, a name's addresses in the resolver that the connection takes
//! them from), so that a name which changes its mind is judged again each time. It follows no redirect, honours no
//! proxy of the environment, and caps size and time. Private addresses may be allow-listed by the settings; the server
//! says so loudly at start.

pub mod dns;
mod rules;
mod trouble;

pub use rules::{Allow, refused};

use crate::{
    config::Outbound,
    crypto::x509,
    error::{Error, Kind, Result},
};
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use url::{Host, Url};

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    allow: Arc<Allow>,
    max_size: usize,
    /// How long an answer may take.
    patience: Duration,
}

/// Asks for a name's addresses.
pub type Names =
    dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync;

/// The system's resolver.
fn system_names(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// Keeps only those of a name's addresses that may be reached; the connection takes one of them and no other.
struct Guard {
    allow: Arc<Allow>,
    names: Arc<Names>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (allow, asked) = (self.allow.clone(), (self.names)(name.as_str().to_owned()));
        Box::pin(async move {
            let found = asked.await?.into_iter();
            let good: Vec<SocketAddr> = found.filter(|a| allow.may_resolve_to(a.ip())).collect();
            if good.is_empty() {
                return Err(trouble::NotReached(name.as_str().to_owned()).into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

/// The certificates that the settings want to be trusted besides the system's.
///
/// # Errors
/// `Invalid` for a file without certificates.
pub fn further_authorities(settings: &Outbound) -> Result<Vec<reqwest::Certificate>> {
    if settings.ca_file.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let all = x509::read_pem("outbound.ca_file", &settings.ca_file)?;
    all.iter().map(|der| reqwest::Certificate::from_der(der).map_err(Error::internal)).collect()
}

fn forbidden(why: &str) -> Error {
    Error::new(Kind::Unavailable, "the other side's address may not be reached from here")
        .code("outbound_refused")
        .operator(why)
}

impl Client {
    /// With the addresses that the settings allow.
    ///
    /// # Errors
    /// `Invalid` for an entry that is no address and a file without certificates, `Internal` when TLS cannot be set up.
    pub fn new(settings: &Outbound) -> Result<Self> {
        Self::with_names(settings, Arc::new(system_names))
    }
    /// With a resolver of one's own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_names(settings: &Outbound, names: Arc<Names>) -> Result<Self> {
        let allow = Arc::new(Allow::read(&settings.allow)?);
        let http = reqwest::Client::builder()
            .tls_certs_merge(further_authorities(settings)?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Guard { allow: allow.clone(), names }))
            .connect_timeout(trouble::CONNECT)
            .timeout(*settings.timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(4)
            .user_agent("Muster")
            .build()
            .map_err(Error::internal)?;
        let (max_size, patience) = (settings.max_size.0, *settings.timeout);
        Ok(Self { http, allow, max_size, patience })
    }
    /// What is allow-listed, for the server to say at start.
    pub fn allowed(&self) -> &[String] {
        self.allow.texts()
    }
    /// Whether a URL may be asked at all: https (http only where allow-listed), no user information, and an address
    /// that may be reached if the host is one. Settings are checked with it when they are written.
    ///
    /// # Errors
    /// `Unavailable` with the code `outbound_refused`.
    pub fn check(&self, url: &Url) -> Result<()> {
        let port = url.port_or_known_default().unwrap_or(0);
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(ip.into()),
            Some(Host::Ipv6(ip)) => Some(ip.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(forbidden("the URL has no host")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(forbidden("the URL has user information"));
        }
        let listed = literal.is_some_and(|ip| self.allow.lists(ip, port));
        match url.scheme() {
            "https" => {}
            "http" if listed => {}
            s => return Err(forbidden(&format!("the scheme is {s}, not https"))),
        }
        match literal {
            Some(ip) if !listed && refused(ip) => {
                Err(forbidden(&format!("{ip} is not a public address")))
            }
            _ => Ok(()),
        }
    }
    /// Sends a request. A redirect comes back as the answer it is.
    ///
    /// # Errors
    /// `Unavailable`; the operator's text says what happened.
    pub async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>> {
        let url = Url::parse(&request.uri().to_string()).map_err(|e| forbidden(&e.to_string()))?;
        self.check(&url)?;
        let (parts, body) = request.into_parts();
        let place = trouble::place(&url);
        let trouble = |e: reqwest::Error| {
            Error::new(Kind::Unavailable, "the other side does not answer as it should")
                .operator(trouble::told(&place, e, self.patience))
        };
        let sent =
            self.http.request(parts.method, url).headers(parts.headers).body(body).send().await;
        let mut answer = sent.map_err(&trouble)?;
        // Judged once more by the address that was really connected to.
        if let Some(peer) = answer.remote_addr()
            && refused(peer.ip())
            && !self.allow.lists(peer.ip(), peer.port())
        {
            return Err(forbidden(&format!("connected to {peer}")));
        }
        let mut whole = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(&trouble)? {
            if whole.len() + chunk.len() > self.max_size {
                return Err(Error::new(Kind::Unavailable, "the other side's answer is too long")
                    .operator(format!(
                        "{place}: the answer is longer than {} bytes",
                        self.max_size
                    )));
            }
            whole.extend_from_slice(&chunk);
        }
        let mut out = http::Response::new(whole);
        *out.status_mut() = answer.status();
        *out.headers_mut() = answer.headers().clone();
        Ok(out)
    }
}
