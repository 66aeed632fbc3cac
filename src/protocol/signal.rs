//! What a provider says of somebody after the sign-in, as signed tokens: its logout tokens (OpenID Connect Back-Channel
//! Logout 1.0), security events (RFC 8417, in the shapes that transmitters really send), and the bodies of global token
//! revocation. Pure; that a signature was verified is the caller's word.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    protocol::oidc::{SKEW, numeric_date},
};
use serde_json::{Map, Value};

/// How long a token is taken after it was issued, where it states no end, in seconds.
const LIFE: i64 = 600;
/// How old a security event may be, in seconds: a transmitter that was cut off delivers late.
const EVENT_LIFE: i64 = 7 * 86_400;
/// The most events of one token.
const MAX_EVENTS: usize = 16;
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Whom something is about, as the provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// The person.
    pub account: Option<Account>,
    /// The provider's own session of theirs (`sid`).
    pub session: Option<String>,
}

/// A person in the provider's words (RFC 9493).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// Format `iss_sub`.
    IssSub {
        /// Whose the name is.
        iss: String,
        /// The name.
        sub: String,
    },
    /// Format `email`.
    Email(String),
    /// Format `opaque`: the provider's own id.
    Opaque(String),
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The person's sessions that came through this directory end, or the one that is named.
    EndSessions,
    /// Everything of the person ends.
    EndAll,
    /// What was proved counts no more: a fresh, strong proof is asked for where one is demanded.
    Fresh,
    /// A password or a factor was changed; what follows is a setting.
    Credential,
    /// The transmitter tests the stream.
    Verification,
    /// Nothing, for this reason.
    Nothing(&'static str),
}

/// One event of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its type, for the record.
    pub event: String,
    /// About whom.
    pub subject: Subject,
    /// What follows.
    pub effect: Effect,
    /// When it happened, where that is said.
    pub at: Option<Timestamp>,
    /// The `state` of a verification.
    pub state: Option<String>,
}

/// A token that was read: it counts once.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Who says it.
    pub issuer: String,
    /// Its id; counts once.
    pub jti: String,
    /// Until when the id must be remembered.
    pub until: Timestamp,
    /// What it says.
    pub said: Vec<Said>,
}

/// Whose word is taken, and for whom it must be meant.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The audience.
    pub audience: &'a str,
    /// Now.
    pub now: Timestamp,
}

fn bad(name: &str, what: &str) -> Error {
    Error::invalid(format!("'{name}' {what}")).attr(name)
}

fn text<'v>(c: &'v Map<String, Value>, name: &str) -> Result<Option<&'v str>> {
    match c.get(name) {
        None => Ok(None),
        Some(Value::String(s)) if s.is_empty() || s.len() > 1024 || s.contains('\0') => {
            Err(bad(name, "is empty or too long"))
        }
        Some(Value::String(s)) => Ok(Some(s)),
        Some(_) => Err(bad(name, "is not a text")),
    }
}

fn seconds(c: &Map<String, Value>, name: &str) -> Result<Option<i64>> {
    let read = |v| numeric_date(v).ok_or_else(|| bad(name, "is not a time in seconds"));
    c.get(name).map(read).transpose()
}

fn typed(typ: Option<&str>, wanted: &str, or_plain: bool) -> Result<()> {
    let typ = typ.map(str::to_ascii_lowercase);
    let typ = typ.as_deref().map(|t| t.strip_prefix("application/").unwrap_or(t));
    match typ {
        Some(t) if t == wanted => Ok(()),
        None | Some("jwt") if or_plain => Ok(()),
        _ => Err(Error::invalid(format!("the token's 'typ' is not '{wanted}'")).attr("typ")),
    }
}

fn from_and_for(c: &Map<String, Value>, want: &Expected<'_>) -> Result<()> {
    if text(c, "iss")? != Some(want.issuer) {
        return Err(bad("iss", "is not who was expected").code("iss"));
    }
    let for_us = match c.get("aud") {
        Some(Value::String(a)) => a == want.audience,
        Some(Value::Array(all)) => all.iter().any(|a| a.as_str() == Some(want.audience)),
        _ => false,
    };
    if for_us { Ok(()) } else { Err(bad("aud", "is not this receiver").code("aud")) }
}

/// Whether the times fit; and until when the id must be remembered.
fn times(c: &Map<String, Value>, want: &Expected<'_>, life: i64) -> Result<Timestamp> {
    let (now, skew) = (want.now.secs(), SKEW.cast_signed());
    let issued = seconds(c, "iat")?.or(seconds(c, "nbf")?);
    let issued = issued.ok_or_else(|| bad("iat", "is missing"))?;
    if issued > now + skew || issued < now - life - skew {
        return Err(bad("iat", "does not fit our clock: the token is old, or a clock is off"));
    }
    let end = seconds(c, "exp")?;
    if end.is_some_and(|e| e <= now - skew) {
        return Err(bad("exp", "is over"));
    }
    if seconds(c, "nbf")?.is_some_and(|n| n > now + skew) {
        return Err(bad("nbf", "has not come"));
    }
    // Whatever `exp` says, it is not taken after its life.
    Ok(Timestamp::from_secs(issued + life + 2 * skew))
}

fn id(c: &Map<String, Value>) -> Result<String> {
    Ok(text(c, "jti")?.ok_or_else(|| bad("jti", "is missing"))?.to_owned())
}

fn events(c: &Map<String, Value>) -> Result<&Map<String, Value>> {
    let events = c.get("events").and_then(Value::as_object);
    let events = events.ok_or_else(|| bad("events", "is missing or no object"))?;
    let names = events.keys().all(|n| n.len() <= 256 && !n.chars().any(char::is_control));
    if events.is_empty() || events.len() > MAX_EVENTS || !names {
        return Err(bad("events", "is empty or too long, or names what is no event"));
    }
    Ok(events)
}

/// Reads a logout token (Back-Channel Logout 1.0, 2.4 and 2.6).
///
/// # Errors
/// `Invalid`, naming the claim.
pub fn logout(typ: Option<&str>, c: &Map<String, Value>, want: &Expected<'_>) -> Result<Letter> {
    typed(typ, "logout+jwt", true)?;
    from_and_for(c, want)?;
    // What else stands there is of no kind of ours: some write bare values.
    if !events(c)?.get(LOGOUT).is_some_and(Value::is_object) {
        return Err(bad("events", "has no logout in it"));
    }
    // An id token must never do as one.
    if c.contains_key("nonce") {
        return Err(bad("nonce", "stands in no logout token"));
    }
    let (sub, sid) = (text(c, "sub")?, text(c, "sid")?);
    if sub.is_none() && sid.is_none() {
        return Err(bad("sub", "is missing, and so is 'sid'"));
    }
    let account = sub.map(|s| Account::IssSub { iss: want.issuer.to_owned(), sub: s.to_owned() });
    let said = Said {
        event: LOGOUT.to_owned(),
        subject: Subject { account, session: sid.map(str::to_owned) },
        effect: Effect::EndSessions,
        at: seconds(c, "iat")?.map(Timestamp::from_secs),
        state: None,
    };
    let issuer = want.issuer.to_owned();
    Ok(Letter { issuer, jti: id(c)?, until: times(c, want, LIFE)?, said: vec![said] })
}

/// Reads the token that stands for the caller of global token revocation: `iss` is the provider's organisation, `sub` our
/// client there, `aud` the address that was called.
///
/// # Errors
/// `Invalid`, naming the claim.
pub fn caller(
    typ: Option<&str>,
    c: &Map<String, Value>,
    want: &Expected<'_>,
    client: &str,
) -> Result<(String, Timestamp)> {
    typed(typ, "global-token-revocation+jwt", false)?;
    from_and_for(c, want)?;
    if text(c, "sub")? != Some(client) {
        return Err(bad("sub", "is not our client id there"));
    }
    if seconds(c, "exp")?.is_none() {
        return Err(bad("exp", "is missing"));
    }
    Ok((id(c)?, times(c, want, LIFE)?))
}

/// Reads the body of global token revocation.
///
/// # Errors
/// `Invalid`, naming the member; the code `format` for a subject of a kind that we do not know.
pub fn revoked(body: &[u8]) -> Result<Account> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|e| Error::invalid(format!("the body is no JSON: {e}")).attr("sub_id"))?;
    let named = body.get("sub_id").ok_or_else(|| bad("sub_id", "is missing"))?;
    account(named)?
        .ok_or_else(|| bad("sub_id", "has a format that is not known here").code("format"))
}

/// Reads a security event token (RFC 8417), pushed or polled.
///
/// # Errors
/// `Invalid`, naming the claim; the code is `iss` or `aud` where those are wrong.
pub fn events_of(typ: Option<&str>, c: &Map<String, Value>, want: &Expected<'_>) -> Result<Letter> {
    typed(typ, "secevent+jwt", false)?;
    from_and_for(c, want)?;
    let until = times(c, want, EVENT_LIFE)?;
    let top = c.get("sub_id");
    let issued = seconds(c, "iat")?.map(Timestamp::from_secs);
    let mut said = Vec::new();
    for (event, of) in events(c)? {
        let of = of.as_object().ok_or_else(|| bad("events", "holds what is no object"))?;
        // Where it stands differs by the age of the draft that a transmitter follows.
        let subject = match top.or_else(|| of.get("subject")) {
            Some(s) => subject(s)?,
            None => {
                let account = text(c, "sub")?
                    .map(|s| Account::IssSub { iss: want.issuer.to_owned(), sub: s.to_owned() });
                Subject { account, session: None }
            }
        };
        let at = of.get("event_timestamp").or_else(|| c.get("toe")).and_then(Value::as_i64);
        said.push(Said {
            event: event.clone(),
            subject,
            effect: effect(event, of),
            at: at.map(instant).or(issued),
            state: of.get("state").and_then(Value::as_str).map(|s| s.chars().take(200).collect()),
        });
    }
    Ok(Letter { issuer: want.issuer.to_owned(), jti: id(c)?, until, said })
}

/// Some transmitters write milliseconds where seconds are meant.
fn instant(t: i64) -> Timestamp {
    Timestamp::from_secs(if t > 100_000_000_000 { t / 1000 } else { t.max(0) })
}

fn subject(s: &Value) -> Result<Subject> {
    if let Some(account) = account(s)? {
        return Ok(Subject { account: Some(account), session: None });
    }
    let session = |v: &Value| match v.get("id").or_else(|| v.get("sub")) {
        Some(Value::String(id)) if !id.is_empty() && id.len() <= 1024 => Some(id.clone()),
        _ => None,
    };
    let user = s.get("user").map(account).transpose()?.flatten();
    Ok(Subject { account: user, session: s.get("session").and_then(session) })
}

fn account(s: &Value) -> Result<Option<Account>> {
    let Some(s) = s.as_object() else { return Err(bad("sub_id", "is no object")) };
    let need = |name: &str| {
        text(s, name)?
            .map(str::to_owned)
            .ok_or_else(|| bad(&format!("sub_id.{name}"), "is missing"))
    };
    // `subject_type` is what drafts before RFC 9493 called it.
    let format = text(s, "format")?.or(text(s, "subject_type")?);
    Ok(match format {
        Some("iss_sub" | "iss-sub" | "id_token_claims") => {
            Some(Account::IssSub { iss: need("iss")?, sub: need("sub")? })
        }
        Some("email") => Some(Account::Email(need("email")?)),
        Some("opaque") => Some(Account::Opaque(need("id")?)),
        // One person by several names: the first of a kind that is known here.
        Some("aliases") => {
            let all = s.get("identifiers").and_then(Value::as_array);
            let nested = |v: &&Value| v["format"] != "aliases";
            let mut known = all.into_iter().flatten().take(16).filter(nested).map(account);
            known.find_map(Result::transpose).transpose()?
        }
        _ => None,
    })
}

/// What an event means here.
fn effect(event: &str, of: &Map<String, Value>) -> Effect {
    let word = |name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some((family, kind)) =
        event.strip_prefix("https://schemas.openid.net/secevent/").and_then(|e| {
            let (family, kind) = e.split_once('/')?;
            Some((family, kind.strip_prefix("event-type/")?))
        })
    else {
        return Effect::Nothing("no event that is understood here");
    };
    match (family, kind) {
        ("caep", "session-revoked") | ("risc", "sessions-revoked") => Effect::EndSessions,
        // Whoever's account is closed gets in no more: the provider itself says so at the next sign-in. That is its word about
        // its login; whether the person is still one of the company's, SCIM says.
        ("oauth", "tokens-revoked")
        | ("risc", "credential-compromise" | "account-disabled" | "account-purged") => {
            Effect::EndAll
        }
        ("caep", "credential-change") => match word("change_type") {
            "create" => Effect::Nothing("a factor was added"),
            _ => Effect::Credential,
        },
        ("risc", "account-credential-change-required") => Effect::Credential,
        ("caep", "assurance-level-change") => match word("change_direction") {
            "increase" => Effect::Nothing("the assurance grew"),
            _ => Effect::Fresh,
        },
        ("caep", "device-compliance-change") => match word("current_status") {
            "compliant" => Effect::Nothing("the device complies"),
            _ => Effect::Fresh,
        },
        ("caep", "risk-level-change") => {
            match word("current_level").to_ascii_lowercase().as_str() {
                "high" => Effect::Fresh,
                _ => Effect::Nothing("the risk is not high"),
            }
        }
        ("risc", "account-enabled") => {
            Effect::Nothing("whoever may sign in, the provider says at the next sign-in")
        }
        ("ssf" | "sse" | "risc", "verification") => Effect::Verification,
        ("ssf" | "sse", "stream-updated") => Effect::Nothing("the stream's state was told"),
        _ => Effect::Nothing("no event that is acted upon here"),
    }
}
