//! What an application is set to, and which addresses and keys are taken.

use super::keys::KeySet;
use crate::{
    crypto::jwt::Alg,
    error::{Error, Result},
    text,
};
use url::{Host, Url};

/// What is named among the scopes of an application that may hear of all people and groups of its tenant, not only of those
/// it serves.
pub const ALL_PEOPLE: &str = "ssf.provisioning";

/// How long an access token lives as shipped (seconds).
const ACCESS_TTL: u32 = 300;
/// The most addresses of one kind.
const MANY: usize = 50;

/// What an application is set to. Names are those of OpenID Connect's dynamic registration where it has one.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "AppSettings")]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where answers go: compared to the letter.
    pub redirect_uris: Vec<String>,
    /// Permissions it may ask for (scopes); `None`: all of the catalogue. What a person does not hold is never given.
    pub scopes: Option<Vec<String>>,
    /// The `aud` of its access tokens; its client id where none is named.
    pub audience: Option<String>,
    /// What its id tokens and logout tokens are signed with.
    pub id_token_alg: Alg,
    /// Life of its access tokens, in seconds (60 to 3600).
    pub access_ttl: u32,
    /// An administrator answers for it: people are not asked for their consent.
    pub trusted: bool,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its picture, shown where people sign in to it and are asked for consent.
    pub logo_uri: Option<String>,
    /// How it treats personal data.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
    /// Where a person may be sent after signing out (OpenID Connect RP-Initiated Logout 1.0): compared to the letter.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that a session has ended (OpenID Connect Back-Channel Logout 1.0).
    pub backchannel_logout_uri: Option<String>,
    /// It wants `sid` in logout tokens; ours always have it.
    pub backchannel_logout_session_required: bool,
    /// The public keys it proves itself with (RFC 7523), given here,
    pub jwks: Option<KeySet>,
    /// or fetched from here.
    pub jwks_uri: Option<String>,
}
impl Default for Settings {
    fn default() -> Self {
        Self {
            redirect_uris: Vec::new(),
            scopes: None,
            audience: None,
            id_token_alg: Alg::ES256,
            access_ttl: ACCESS_TTL,
            trusted: false,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            jwks: None,
            jwks_uri: None,
        }
    }
}

impl Settings {
    /// Whether it proves itself with a key.
    pub fn has_keys(&self) -> bool {
        self.jwks.is_some() || self.jwks_uri.is_some()
    }
    /// Refuses what cannot be set.
    pub(super) fn check(&self) -> Result<()> {
        several("redirect_uris", &self.redirect_uris)?;
        several("post_logout_redirect_uris", &self.post_logout_redirect_uris)?;
        for scope in self.scopes.iter().flatten() {
            let fits = |b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if !scope.bytes().all(fits) || scope.is_empty() {
                let text = format!("'{}' is not a scope", text::excerpt(scope));
                return Err(Error::invalid(text).attr("scopes"));
            }
        }
        if !(60..=3600).contains(&self.access_ttl) {
            let text = "'access_ttl' is not between 60 and 3600 seconds";
            return Err(Error::invalid(text).attr("access_ttl"));
        }
        if self.id_token_alg == Alg::PS256 {
            let text = "'id_token_alg' is ES256, EdDSA or RS256";
            return Err(Error::invalid(text).attr("id_token_alg"));
        }
        if let Some(aud) = &self.audience {
            text::key("audience", aud)?;
        }
        for (field, value) in [
            ("client_uri", &self.client_uri),
            ("policy_uri", &self.policy_uri),
            ("tos_uri", &self.tos_uri),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
            ("jwks_uri", &self.jwks_uri),
        ] {
            if let Some(uri) = value {
                web_address(field, uri)?;
            }
        }
        if let Some(uri) = &self.logo_uri
            && (text::checked("logo_uri", uri, 2000).is_err() || picture_origin(uri).is_none())
        {
            let text = "'logo_uri' is not an https address with a host name";
            return Err(Error::invalid(text).attr("logo_uri"));
        }
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            let text = "'jwks' and 'jwks_uri' are both given: one of them says which keys count";
            return Err(Error::invalid(text).attr("jwks_uri"));
        }
        Ok(())
    }
}

/// The origin of a picture: https and a plain host name, nothing that could mean more inside a content security
/// policy.
pub(super) fn picture_origin(uri: &str) -> Option<String> {
    let u = Url::parse(uri).ok()?;
    let Some(Host::Domain(host)) = u.host() else { return None };
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let bare = u.username().is_empty() && u.password().is_none();
    if u.scheme() != "https" || !plain || !bare {
        return None;
    }
    Some(match u.port() {
        Some(port) => format!("https://{host}:{port}"),
        None => format!("https://{host}"),
    })
}

fn several(field: &'static str, uris: &[String]) -> Result<()> {
    if uris.len() > MANY {
        return Err(Error::invalid(format!("'{field}' has more than {MANY} entries")).attr(field));
    }
    uris.iter().try_for_each(|u| redirect_uri(field, u))
}

/// What all addresses have in common: absolute, without fragment and user information.
fn parsed(field: &'static str, uri: &str) -> Result<Url> {
    let bad = |why: &str| {
        let text = format!("'{}' in '{field}' {why}", text::excerpt(uri));
        Err(Error::invalid(text).attr(field))
    };
    text::checked(field, uri, 2000)?;
    let Ok(u) = Url::parse(uri) else { return bad("is not an absolute URI") };
    if u.fragment().is_some() {
        return bad("has a fragment");
    }
    if !u.username().is_empty() || u.password().is_some() {
        return bad("has user information");
    }
    if uri.chars().any(|c| c.is_whitespace() || c.is_control() || c == '*') {
        return bad("has a space, a control character or a wildcard");
    }
    Ok(u)
}

fn loopback(u: &Url) -> bool {
    matches!(u.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// A redirect URI as registered: https, or http on loopback, or a private scheme with a dot (RFC 8252 7.1).
fn redirect_uri(field: &'static str, uri: &str) -> Result<()> {
    let u = parsed(field, uri)?;
    let bad = |why: &str| {
        let text = format!("'{}' in '{field}' {why}", text::excerpt(uri));
        Err(Error::invalid(text).attr(field))
    };
    match u.scheme() {
        "https" => Ok(()),
        "http" if loopback(&u) => Ok(()),
        "http" => bad("is http and not on loopback; https is needed"),
        s if s.contains('.') => Ok(()),
        _ => bad("has a scheme that is neither https nor a private one with a dot"),
    }
}

/// An address on the web: https, or http on loopback. Whether we may go there ourselves, `net` says whenever we do.
fn web_address(field: &'static str, uri: &str) -> Result<()> {
    let u = parsed(field, uri)?;
    if u.scheme() == "https" || (u.scheme() == "http" && loopback(&u)) {
        return Ok(());
    }
    Err(Error::invalid(format!("'{field}' is not an https address")).attr(field))
}
