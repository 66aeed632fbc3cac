//! A request, taken apart: parameters, preconditions, body.

use super::note::{Noted, Notes};
use crate::{
    access::{Permit, parked::Parked, perm::Provision},
    app::App,
    directories::Reading,
    error::{Error, Kind, Result},
    json::{Fault, Names, read},
    protocol::scim::{Outcome, Rule, Rules, Schemas, bad, twice},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, Method, header, request::Parts},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The parameters we read; these may not come twice. Others (feature flags of directories) are kept and mean nothing.
const OURS: [&str; 8] = [
    "filter",
    "attributes",
    "excludedattributes",
    "startindex",
    "count",
    "sortby",
    "sortorder",
    "cursor",
];

/// A request of a proved directory.
pub(super) struct Call {
    /// The shared parts.
    pub app: App,
    /// What the caller may do.
    pub permit: Permit<Provision>,
    /// The attributes of the tenant.
    pub schemas: Arc<Schemas>,
    /// Which of what directories do differently is understood.
    pub rules: Rules,
    /// Whether no two groups of the directory have one name.
    pub unique_groups: bool,
    /// `https://host/scim/{directory}/v2`, without a slash at its end.
    pub base: String,
    /// The query's parameters, their names in lower case.
    pub params: HashMap<String, String>,
    /// The versions of `If-Match`; `None` without the header, or with `*`.
    pub if_match: Option<Vec<i64>>,
    /// What `If-None-Match` names.
    pub if_none_match: Option<Unless>,
    /// Whether the parameters came in a body and not in an address.
    pub searched: bool,
    /// The body; null without one.
    pub body: Value,
    /// What became of its operations.
    pub notes: Notes,
}

impl Call {
    /// Takes a request apart.
    ///
    /// # Errors
    /// `invalidSyntax` for a body that is no JSON, `invalidValue` for parameters given twice and for preconditions that are
    /// no text.
    pub(super) fn read(
        app: &App,
        (permit, reading): (Permit<Provision>, Reading),
        parts: &Parts,
        body: &[u8],
    ) -> Result<Self> {
        let base = format!("{}/scim/{}/v2", app.config.issuer(), permit.directory());
        Ok(Self {
            app: app.clone(),
            permit,
            schemas: reading.schemas,
            rules: reading.rules,
            unique_groups: reading.unique_groups,
            base,
            params: params(parts.uri.query().unwrap_or_default())?,
            if_match: sent(&parts.headers, &header::IF_MATCH, "If-Match")?.and_then(|v| tags(&v)),
            if_none_match: unless(&parts.headers)?,
            searched: false,
            body: json(reading.rules, parts, body)?,
            notes: Notes::default(),
        })
    }
    /// Refuses to show another version than `If-Match` names.
    ///
    /// # Errors
    /// `Precondition`.
    pub(super) fn still(&self, version: i64) -> Result<()> {
        match &self.if_match {
            Some(named) if !named.contains(&version) => {
                let text = format!("it is at version {version}, which 'If-Match' does not name");
                Err(Error::new(Kind::Precondition, text))
            }
            _ => Ok(()),
        }
    }
    /// Notes what became of an operation: none is answered and forgotten.
    pub(super) fn note(&self, outcome: Outcome) {
        self.notes.add(outcome);
    }
    /// Notes why parts of a body were left out.
    pub(super) fn note_ignored(&self, why: impl IntoIterator<Item = String>) {
        why.into_iter().for_each(|w| self.note(Outcome::Ignored(w)));
    }
    /// Notes which attributes changed.
    pub(super) fn changed(&self, names: impl IntoIterator<Item = String>) {
        self.notes.changed(names);
    }
    /// Notes what of a change waits for an administrator's decision.
    pub(super) fn note_parked(&self, parked: Option<Parked>) {
        if let Some(p) = parked {
            self.note(Outcome::Parked(p.text()));
        }
    }
    /// Takes over what was noted of a part of this request.
    pub(super) fn note_part(&self, part: &Self) {
        let noted = part.noted();
        noted.outcomes.into_iter().for_each(|o| self.note(o));
        self.changed(noted.changed);
    }
    /// What was noted.
    pub(super) fn noted(&self) -> Noted {
        self.notes.take()
    }
}

fn params(query: &str) -> Result<HashMap<String, String>> {
    let mut out = HashMap::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name)?.to_ascii_lowercase();
        let value = decoded(value)?;
        if out.insert(name.clone(), value).is_some() && OURS.contains(&name.as_str()) {
            return Err(bad("invalidValue", &name, format!("'{name}' is given twice")));
        }
    }
    Ok(out)
}

/// A part of a query: `+` and `%20` are blanks, what is left must be UTF-8 without NUL.
fn decoded(text: &str) -> Result<String> {
    let wrong = |why: &str| bad("invalidValue", "query", format!("the query {why}"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        match b {
            b'+' => bytes.push(b' '),
            b'%' => {
                let two = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                let hex = std::str::from_utf8(&two).ok();
                let byte = hex.and_then(|h| u8::from_str_radix(h, 16).ok());
                bytes.push(byte.ok_or_else(|| wrong("has a '%' without two hex digits"))?);
            }
            b => bytes.push(b),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
    if text.contains('\0') {
        return Err(wrong("contains a NUL character"));
    }
    Ok(text)
}

/// What `If-None-Match` names: any version (`*`), or these.
pub(super) enum Unless {
    /// Whatever there is.
    Any,
    /// One of these, without `W/` and quotes.
    One(Vec<String>),
}
impl Unless {
    /// Whether it names what is shown by this tag.
    pub(super) fn names(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(all) => all.iter().any(|t| t == opaque(tag)),
        }
    }
    /// Whether it names this version, whatever else of the resource was shown by the tag.
    pub(super) fn names_version(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::One(all) => all.iter().any(|t| number(t) == version),
        }
    }
}

fn unless(headers: &HeaderMap) -> Result<Option<Unless>> {
    let sent = sent(headers, &header::IF_NONE_MATCH, "If-None-Match")?;
    let Some(sent) = sent else { return Ok(None) };
    let all = opaques(&sent).map(|all| all.into_iter().map(str::to_owned).collect());
    Ok(Some(all.map_or(Unless::Any, Unless::One)))
}

/// The texts of a precondition, if there is one. One that cannot be read holds back whatever it is about: it was sent so
/// that something is not done.
fn sent<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<Vec<&'h str>>> {
    let mut all = Vec::new();
    for v in headers.get_all(name) {
        all.push(v.to_str().map_err(|_| {
            let text = format!("'{shown}' is a list of entity tags such as W/\"3\", or '*'");
            bad("invalidValue", shown, text)
        })?);
    }
    Ok((!all.is_empty()).then_some(all))
}

/// An entity tag without `W/` and quotes: SCIM's are compared weakly.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// The tags of a precondition; `None` with `*`.
fn opaques<'t>(sent: &[&'t str]) -> Option<Vec<&'t str>> {
    let tags: Vec<&str> = sent.iter().flat_map(|v| v.split(',')).map(str::trim).collect();
    if tags.contains(&"*") { None } else { Some(tags.into_iter().map(opaque).collect()) }
}

/// The version of which a tag is: before the dot, beyond which stands what else was shown. One that is none of ours is that
/// of nothing.
fn number(opaque: &str) -> i64 {
    opaque.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(-1)
}

/// The versions of entity tags, several of them in a text; `None` with `*`.
pub(super) fn tags(sent: &[&str]) -> Option<Vec<i64>> {
    Some(opaques(sent)?.into_iter().map(number).collect())
}

/// Whether the media type is one of SCIM's (RFC 7644 3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    ["application/scim+json", "application/json"].iter().any(|k| k.eq_ignore_ascii_case(kind))
}

/// The whole body.
///
/// # Errors
/// `TooLarge`; `invalidSyntax` when it broke off.
pub(super) async fn whole(body: Body) -> Result<Bytes> {
    let bytes = body.collect().await.map_err(|e| {
        let e: Box<dyn std::error::Error + Send + Sync> = e.into_inner();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*e);
        while let Some(c) = cause {
            if c.is::<LengthLimitError>() {
                return Error::new(Kind::TooLarge, "the body is larger than is taken here");
            }
            cause = c.source();
        }
        bad("invalidSyntax", "body", "the body broke off")
    })?;
    Ok(bytes.to_bytes())
}

/// The body as JSON, whatever its media type says: directories disagree on that (1.21).
fn json(rules: Rules, parts: &Parts, bytes: &[u8]) -> Result<Value> {
    let wanted = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
    if !wanted {
        return Ok(Value::Null);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| bad("invalidSyntax", "body", "the body is not UTF-8"))?;
    let lenient = rules.has(Rule::Media);
    let text = text.strip_prefix('\u{feff}').filter(|_| lenient).unwrap_or(text);
    if text.trim().is_empty() {
        // Whoever needs a body says so; who is not written to at all says that first.
        return Ok(Value::Null);
    }
    if !lenient && !is_json(&parts.headers) {
        let text = "a body is sent as application/scim+json or application/json";
        return Err(bad("invalidSyntax", "Content-Type", text));
    }
    read(text.as_bytes(), Names::Folded).map_err(|fault| match fault {
        Fault::Syntax(e) => bad("invalidSyntax", "body", format!("the body is not JSON: {e}")),
        Fault::Twice(name) => twice(&name),
    })
}
