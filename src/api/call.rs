//! One call: who asks, for what, with which words; and how it is answered.

use super::cursor::List;
use crate::{
    access::{
        Permit,
        perm::{Global, Permission},
    },
    actor::{Actor, Principal},
    app::App,
    clock::Timestamp,
    error::{Error, Result},
    id::TenantId,
    tenants, text,
    web::{Caller, strict},
};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, OnceLock},
};

/// What nearly every answer is.
const JSON: &str = "application/json";
/// The largest page.
pub(super) const PAGE: u32 = 500;

/// A request to the API.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) path: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    /// What its cursors are of.
    pub(super) list: Option<List>,
    /// The version that it is for.
    pub(super) if_match: Option<i64>,
    pub(super) body: Bytes,
    /// Whose the things are that its answer names, where the path does not say it: a handler does.
    pub(super) about: Arc<OnceLock<TenantId>>,
}

impl Call {
    /// For no version, and no page of a list yet.
    pub(super) fn new(
        app: App,
        caller: Caller,
        path: HashMap<String, String>,
        query: HashMap<String, String>,
        body: Bytes,
    ) -> Self {
        let (list, if_match, about) = (None, None, Arc::default());
        Self { app, caller, path, query, list, if_match, body, about }
    }
    /// Who asks.
    pub(super) fn actor(&self) -> &Actor {
        &self.caller.actor
    }
    /// The right to do `P` in a tenant.
    pub(super) async fn require<P: Permission>(&self, t: TenantId) -> Result<Permit<P>> {
        let permit = self.app.access.require(self.actor(), t).await?;
        self.caller.proved_for(&self.app, t, Some(P::ID)).await?;
        Ok(permit)
    }
    /// The right to do `P` in the tenant of the path (its id or its slug).
    pub(super) async fn tenant<P: Permission>(&self) -> Result<Permit<P>> {
        self.require(self.tenant_id().await?).await
    }
    /// The right to do `P` in a tenant named elsewhere in the request.
    pub(super) async fn other<P: Permission>(&self, name: &str) -> Result<Permit<P>> {
        self.require(self.find_tenant(name).await?).await
    }
    /// The right to what only Global Administrators do.
    pub(super) async fn global(&self) -> Result<Permit<Global>> {
        let permit = self.app.access.require_global(self.actor()).await?;
        self.caller.proved_for_instance(&self.app).await?;
        Ok(permit)
    }
    /// Refuses everybody but the owner of the data directory.
    pub(super) fn owner(&self) -> Result<()> {
        match self.actor().principal() {
            Principal::Owner => Ok(()),
            _ => Err(Error::forbidden("only the owner of the data directory may do this")),
        }
    }
    /// The tenant of the path; whether the caller may know of it, the permit's maker says.
    pub(super) async fn tenant_id(&self) -> Result<TenantId> {
        self.find_tenant(self.path.get("tenant").map_or("", String::as_str)).await
    }
    /// A tenant by its id or slug.
    pub(super) async fn find_tenant(&self, name: &str) -> Result<TenantId> {
        let found = match TenantId::parse(name) {
            Some(id) => self.app.access.is_tenant(id).await?.then_some(id),
            None => tenants::by_slug(&self.app.store, name).await?.map(|t| t.id),
        };
        found.ok_or_else(|| Error::not_found("tenant"))
    }
    /// An id of the path.
    pub(super) fn id<T: FromStr>(&self, name: &str) -> Result<T> {
        let text = self.path.get(name).map_or("", String::as_str);
        text.parse().map_err(|_| Error::not_found(name))
    }
    /// A word of the query.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
    /// A word of the query that must be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str> {
        self.word(name).ok_or_else(|| Error::invalid(format!("'{name}' is missing")).attr(name))
    }
    /// A word of the query, read as `T`.
    pub(super) fn read<T: FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        self.word(name)
            .map(|w| {
                w.parse().map_err(|_| {
                    Error::invalid(format!("'{name}' cannot be '{}'", text::excerpt(w))).attr(name)
                })
            })
            .transpose()
    }
    /// How many rows are wanted.
    pub(super) fn limit(&self) -> Result<u32> {
        let limit = self.read("limit")?.unwrap_or(100);
        if (1..=PAGE).contains(&limit) {
            return Ok(limit);
        }
        Err(Error::invalid(format!("'limit' is {limit}, and may be 1 to {PAGE}")).attr("limit"))
    }
    /// Where the page before ended. Asked for after the permission: whose list it is not is told only to who may read it.
    pub(super) fn cursor<T: FromStr>(&self) -> Result<Option<T>> {
        let (Some(cursor), Some(list)) = (self.word("cursor"), &self.list) else { return Ok(None) };
        let key = list.key(cursor)?;
        let bad = |_| {
            let text = format!("'cursor' cannot be '{}'; begin without it", text::excerpt(cursor));
            Error::invalid(text).attr("cursor")
        };
        key.parse().map(Some).map_err(bad)
    }
    /// A moment of the query.
    pub(super) fn moment(&self, name: &'static str) -> Result<Option<Timestamp>> {
        time(name, self.query.get(name))
    }
    /// A word of the query, as `read` knows it; `wanted` says what it can be.
    pub(super) fn among<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<T>> {
        self.word(name)
            .map(|w| {
                read(w).ok_or_else(|| {
                    let text = format!("'{name}' cannot be '{}': {wanted}", text::excerpt(w));
                    Error::invalid(text).attr(name)
                })
            })
            .transpose()
    }
    /// What has the query's `text` in one of its names, in any case; all where nothing is said.
    pub(super) fn named(&self) -> impl Fn(&[&str]) -> bool + use<> {
        let part = self.word("text").map(|t| text::fold(t.trim())).unwrap_or_default();
        move |names| names.iter().any(|n| text::fold(n).contains(&part))
    }
    /// An address of this server.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.config.issuer())
    }
    /// The body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        strict::json(&self.body)
    }
}

/// A time in a document: RFC 3339.
pub(super) fn time(field: &'static str, text: Option<&String>) -> Result<Option<Timestamp>> {
    text.map(|t| {
        Timestamp::parse_rfc3339(t).ok_or_else(|| {
            Error::invalid(format!("'{field}' is not a time like 2026-01-31T12:00:00Z")).attr(field)
        })
    })
    .transpose()
}

/// What an answer says.
enum Content {
    Nothing,
    Document(Value),
    Written(Body),
}

/// Needs that a handler answers with.
pub(super) struct Reply {
    status: StatusCode,
    kind: &'static str,
    content: Content,
    version: Option<i64>,
    location: Option<String>,
}
impl Reply {
    fn new(status: StatusCode, kind: &'static str, content: Content) -> Self {
        Self { status, kind, content, version: None, location: None }
    }
    /// It is done.
    pub(super) fn done() -> Self {
        Self::new(StatusCode::NO_CONTENT, JSON, Content::Nothing)
    }
    /// A document of this media type.
    pub(super) fn written(kind: &'static str, body: Body) -> Self {
        Self::new(StatusCode::OK, kind, Content::Written(body))
    }
    /// A body, with the version that `If-Match` wants, where there is one.
    pub(super) fn with(
        status: StatusCode,
        body: impl Serialize,
        version: Option<i64>,
    ) -> Result<Self> {
        let body = serde_json::to_value(body).map_err(Error::internal)?;
        Ok(Self { version, ..Self::new(status, JSON, Content::Document(body)) })
    }
    /// The JSON that it says, if it does.
    pub(super) fn document(&self) -> Option<&Value> {
        match &self.content {
            Content::Document(d) => Some(d),
            _ => None,
        }
    }
    /// The same, to be added to.
    pub(super) fn document_mut(&mut self) -> Option<&mut Value> {
        match &mut self.content {
            Content::Document(d) => Some(d),
            _ => None,
        }
    }
    /// Whether something was made.
    pub(super) fn made(&self) -> bool {
        self.status == StatusCode::CREATED
    }
    /// Where what was made is.
    pub(super) fn at(&mut self, location: String) {
        self.location = Some(location);
    }
    pub(super) fn into_response(self) -> Response<Body> {
        let mut r = Response::new(match self.content {
            Content::Nothing => Body::empty(),
            Content::Document(d) => Body::from(d.to_string()),
            Content::Written(body) => body,
        });
        *r.status_mut() = self.status;
        let h = r.headers_mut();
        h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status != StatusCode::NO_CONTENT {
            h.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        }
        if self.kind != JSON {
            h.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        if let Some(tag) = self.version.and_then(|v| HeaderValue::try_from(format!("\"{v}\"")).ok())
        {
            h.insert(header::ETAG, tag);
        }
        if let Some(at) = self.location.and_then(|l| HeaderValue::try_from(l).ok()) {
            h.insert(header::LOCATION, at);
        }
        r
    }
}

/// Where a page of what is listed newest first ended: a moment, and which of that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest<T>(pub(super) Timestamp, pub(super) T);

impl<T: std::fmt::Display> std::fmt::Display for Newest<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0.0, self.1)
    }
}
impl<T: FromStr> FromStr for Newest<T> {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let read = || {
            let (at, id) = text.split_once('.')?;
            Some(Self(Timestamp(at.parse().ok()?), id.parse().ok()?))
        };
        read().ok_or_else(|| Error::invalid("not a cursor"))
    }
}

/// So many rows are looked at for one page of what is rare among them.
const EXAMINED: usize = 5_000;

/// A page of those rows that are `wanted`: `fetch` gives so many rows after a key, in their order. What is rare among many
/// makes a page with fewer than `limit`, or with none, and the key to go on from.
pub(super) async fn sift<T, K: Clone, F>(
    limit: u32,
    mut after: Option<K>,
    fetch: impl Fn(Option<K>, u32) -> F,
    key: impl Fn(&T) -> K,
    wanted: impl Fn(&T) -> bool,
) -> Result<(Vec<T>, Option<K>)>
where
    F: Future<Output = Result<Vec<T>>>,
{
    let (mut found, mut examined, mut size) = (Vec::new(), 0, limit + 1);
    loop {
        let rows = fetch(after.clone(), size).await?;
        let last = rows.len() < size as usize;
        size = PAGE;
        for row in rows {
            if found.len() == limit as usize && wanted(&row) {
                // There is one more: the page ends with what was found before it.
                return Ok((found, after));
            }
            after = Some(key(&row));
            examined += 1;
            if wanted(&row) {
                found.push(row);
            }
        }
        if last {
            return Ok((found, None));
        }
        if examined >= EXAMINED {
            return Ok((found, after));
        }
    }
}

/// The page of `items` (one more than `limit` were asked for) and the cursor after it.
pub(super) fn cut<T>(
    mut items: Vec<T>,
    limit: u32,
    key: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let limit = limit as usize;
    if items.len() <= limit {
        return (items, None);
    }
    items.truncate(limit);
    let next = items.last().map(key);
    (items, next)
}
