//! The claims of an id token (OpenID Connect Core 2), read strictly: a claim of another type is wrong, not absent. What
//! providers are known to send out of shape (`amr` as a text or with numbers) proves nothing, and the evidence says so.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};
use serde_json::{Map, Value};

/// How far two clocks may differ, in seconds.
pub const SKEW: u64 = 120;
/// The oldest id token that is taken for this login's, in seconds.
const MAX_AGE: i64 = 600;

/// What is read here, each by its own rule.
const READ: [&str; 21] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "auth_time",
    "amr",
    "acr",
    "acrs",
    "oid",
    "tid",
    "name",
    "preferred_username",
    "email",
    "email_verified",
    "xms_edov",
    "hd",
    "sid",
];

/// Whether a claim has a meaning of its own, so that nothing else can be read from it.
pub fn is_read(name: &str) -> bool {
    READ.contains(&name)
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// `aud`: one text or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(pub Vec<String>);

/// The claims we read.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Subject.
    pub sub: String,
    /// Audience.
    pub aud: Audience,
    /// Authorized party.
    pub azp: Option<String>,
    /// End, seconds.
    pub exp: i64,
    /// Issued, seconds.
    pub iat: i64,
    /// Not before, seconds.
    pub nbf: Option<i64>,
    /// What we sent.
    pub nonce: Option<String>,
    /// When the person proved who they are, seconds.
    pub auth_time: Option<i64>,
    /// Methods; `None` when absent or not an array of texts.
    pub amr: Option<Vec<String>>,
    /// Context class; `None` when absent or not a text.
    pub acr: Option<String>,
    /// Entra's authentication contexts; `None` when absent or not an array of texts.
    pub acrs: Option<Vec<String>>,
    /// Which of `amr`, `acr`, `acrs` were there in another shape than theirs: evidence that is not looked at.
    pub malformed: Vec<&'static str>,
    /// Entra's object id.
    pub oid: Option<String>,
    /// Entra's tenant id.
    pub tid: Option<String>,
    /// For display.
    pub name: Option<String>,
    /// For display; never an identity.
    pub preferred_username: Option<String>,
    /// For display; never an identity.
    pub email: Option<String>,
    /// The directory vouches for `email`: nothing but `true` says so.
    pub email_verified: bool,
    /// Entra's `xms_edov`: the domain of `email` is one that the tenant proved.
    pub email_domain_verified: bool,
    /// Google Workspace's domain.
    pub hd: Option<String>,
    /// The upstream's session.
    pub sid: Option<String>,
    /// Later than this our session must not last, seconds (IPSIE).
    pub session_expiry: Option<i64>,
    /// Claims that only a directory's own settings give a meaning: the groups of a person, what marks a guest.
    pub rest: Map<String, Value>,
}

/// What an id token must say to be the answer to our request.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The directory's issuer.
    pub issuer: &'a str,
    /// Our client id there.
    pub client_id: &'a str,
    /// The nonce of this login.
    pub nonce: &'a str,
    /// Now.
    pub now: Timestamp,
}

fn wrong(name: &str, what: &str) -> Error {
    Error::invalid(format!("the claim '{name}' {what}")).code("claim_missing").attr(name)
}

fn text(c: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match c.get(name) {
        None => Ok(None),
        Some(Value::String(s)) if s.contains('\0') => Err(wrong(name, "contains a NUL character")),
        Some(Value::String(s)) if s.len() > 2048 => Err(wrong(name, "is too long")),
        Some(Value::String(s)) => Ok(Some(s.clone())),
        Some(_) => Err(wrong(name, "is not a text")),
    }
}

fn needed(c: &Map<String, Value>, name: &str) -> Result<String> {
    let t = text(c, name)?.filter(|t| !t.is_empty());
    t.ok_or_else(|| wrong(name, "is missing"))
}

/// A time in seconds (RFC 7519, NumericDate): a JSON number, not negative, before the year 2286. It may have a fraction, which
/// is dropped.
pub fn numeric_date(v: &Value) -> Option<i64> {
    let number = v.as_number()?.to_string();
    // Neither below zero nor with an exponent.
    if number.contains(['-', 'e', 'E']) {
        return None;
    }
    let whole = number.split_once('.').map_or(number.as_str(), |(whole, _)| whole).parse().ok()?;
    (0..10_000_000_000).contains(&whole).then_some(whole)
}

fn seconds(c: &Map<String, Value>, name: &str) -> Result<Option<i64>> {
    let read = |v| numeric_date(v).ok_or_else(|| wrong(name, "is not a time in seconds"));
    c.get(name).map(read).transpose()
}

/// An array of texts; anything else is `Err(())`: evidence that cannot be read.
fn texts(v: &Value) -> std::result::Result<Vec<String>, ()> {
    let list = v.as_array().ok_or(())?;
    if list.len() > 64 {
        return Err(());
    }
    list.iter().map(|x| x.as_str().map(str::to_owned).ok_or(())).collect()
}

impl Claims {
    /// Reads the claims of a verified token.
    ///
    /// # Errors
    /// `Invalid` with the code `claim_missing`, naming the claim.
    pub fn parse(c: &Map<String, Value>) -> Result<Self> {
        let aud = match c.get("aud") {
            Some(Value::String(s)) => Audience(vec![s.clone()]),
            Some(v @ Value::Array(_)) => {
                let list =
                    texts(v).map_err(|()| wrong("aud", "is not a text or a list of texts"))?;
                Audience(list)
            }
            Some(_) => return Err(wrong("aud", "is not a text or a list of texts")),
            None => return Err(wrong("aud", "is missing")),
        };
        let mut malformed = Vec::new();
        let mut list = |name| {
            let read = c.get(name).filter(|v| !v.is_null()).map(texts)?;
            read.inspect_err(|()| malformed.push(name)).ok()
        };
        let (amr, acrs) = (list("amr"), list("acrs"));
        let acr = c.get("acr").filter(|v| !v.is_null());
        if acr.is_some_and(|v| !v.is_string()) {
            malformed.push("acr");
        }
        let time = |name| seconds(c, name)?.ok_or_else(|| wrong(name, "is missing"));
        Ok(Self {
            iss: needed(c, "iss")?,
            sub: needed(c, "sub")?,
            aud,
            azp: text(c, "azp")?,
            exp: time("exp")?,
            iat: time("iat")?,
            nbf: seconds(c, "nbf")?,
            nonce: text(c, "nonce")?,
            auth_time: seconds(c, "auth_time")?,
            amr,
            acr: acr.and_then(Value::as_str).map(str::to_owned),
            acrs,
            malformed,
            oid: text(c, "oid")?,
            tid: text(c, "tid")?,
            name: text(c, "name").ok().flatten(),
            preferred_username: text(c, "preferred_username").ok().flatten(),
            email: text(c, "email").ok().flatten(),
            email_verified: c.get("email_verified") == Some(&Value::Bool(true)),
            email_domain_verified: c.get("xms_edov") == Some(&Value::Bool(true)),
            hd: text(c, "hd")?,
            sid: text(c, "sid").ok().flatten(),
            session_expiry: seconds(c, "session_expiry")?,
            rest: c.iter().filter(|(n, _)| !READ.contains(&n.as_str())).map(own).collect(),
        })
    }

    /// Whether this is the answer to our request: issuer, audience and authorized party, nonce, times.
    ///
    /// # Errors
    /// `Invalid` with the reason code: `issuer_mismatch`, `audience_mismatch`, `nonce_mismatch`,
    /// `token_expired`, `clock_skew`.
    pub fn check(&self, want: &Expected<'_>) -> Result<()> {
        let no = |code, text: String| Err(Error::invalid(text).code(code));
        let shown = |t: &str| crate::text::excerpt(t);
        if self.iss != want.issuer {
            return no("issuer_mismatch", format!("the id token is from '{}'", shown(&self.iss)));
        }
        if !self.aud.0.iter().any(|a| a == want.client_id) {
            return no("audience_mismatch", "the id token is for another application".to_owned());
        }
        // More than one audience wants the authorized party, and it must be us (OpenID Connect Core 3.1.3.7).
        match &self.azp {
            Some(azp) if azp != want.client_id => {
                return no(
                    "audience_mismatch",
                    "the id token was made for another application".to_owned(),
                );
            }
            None if self.aud.0.len() > 1 => {
                return no(
                    "audience_mismatch",
                    "the id token has several audiences and no 'azp'".to_owned(),
                );
            }
            _ => {}
        }
        if self.nonce.as_deref() != Some(want.nonce) {
            return no(
                "nonce_mismatch",
                "the id token does not answer this sign-in ('nonce')".to_owned(),
            );
        }
        let (now, skew) = (want.now.secs(), SKEW.cast_signed());
        let skewed = |what: &str| {
            no(
                "clock_skew",
                format!(
                    "'{what}' of the id token does not fit our clock (it may be off, or the token is old)"
                ),
            )
        };
        if self.exp <= now - skew {
            return no("token_expired", "the id token is over ('exp')".to_owned());
        }
        if self.iat > now + skew || self.iat < now - MAX_AGE {
            return skewed("iat");
        }
        if self.nbf.is_some_and(|n| n > now + skew) {
            return skewed("nbf");
        }
        if self.auth_time.is_some_and(|a| a > now + skew) {
            return skewed("auth_time");
        }
        Ok(())
    }
}
