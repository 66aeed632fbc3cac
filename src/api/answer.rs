//! The types of a handler: what it takes ([`Call`], or [`With`] a body) and what it gives ([`Shown`], [`Made`],
//! [`Done`], [`Written`]). The router and the API's description are made from the same two, so that neither can say something else.

use super::call::{Call, Reply};
use crate::{clock::Timestamp, error::Result};
use axum::{body::Body, http::StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, de::DeserializeOwned};
use std::{borrow::Cow, marker::PhantomData, ops::Deref};

/// What a handler takes.
pub(super) trait Input: From<Call> + Send + 'static {
    /// The schema of the body, if there is one.
    fn schema(g: &mut SchemaGenerator) -> Option<Schema>;
}
impl Input for Call {
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// A call with a body.
pub(super) struct With<B> {
    call: Call,
    body: PhantomData<fn() -> B>,
}
impl<B> From<Call> for With<B> {
    fn from(call: Call) -> Self {
        Self { call, body: PhantomData }
    }
}
impl<B> Deref for With<B> {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.call
    }
}
impl<B: DeserializeOwned> With<B> {
    /// The body. Read after the permission was asked for: who may not do it, learns nothing of what it wants.
    pub(super) fn json(&self) -> Result<B> {
        self.call.json()
    }
}
impl<B: DeserializeOwned + JsonSchema + 'static> Input for With<B> {
    fn schema(g: &mut SchemaGenerator) -> Option<Schema> {
        Some(g.subschema_for::<B>())
    }
}

/// What a handler gives.
pub(super) trait Answer: Send + 'static {
    /// The status, when it was done.
    const STATUS: StatusCode;
    /// In which forms the body comes.
    const KINDS: &'static [&'static str] = &["application/json"];
    /// The schema of the body, if there is one.
    fn schema(g: &mut SchemaGenerator) -> Option<Schema>;
    /// As it is sent.
    fn sent(self) -> Result<Reply>;
}

/// What was asked for; with the version that `If-Match` wants, where it has one.
pub(super) struct Shown<T>(pub(super) T, Option<i64>);
/// What was made; with its version, where it has one.
pub(super) struct Made<T>(pub(super) T, Option<i64>);
/// It is done, and there is nothing to say about it.
pub(super) struct Done;
/// A document for people, with its media type.
pub(super) struct Written(&'static str, Body);

impl<T> Shown<T> {
    pub(super) fn of(body: T) -> Self {
        Self(body, None)
    }
    pub(super) fn version(self, version: i64) -> Self {
        Self(self.0, Some(version))
    }
}
impl<T> Shown<Page<T>> {
    /// A page; `next` is the cursor of the one after, when there may be one.
    pub(super) fn page(items: impl IntoIterator<Item = T>, next: Option<String>) -> Self {
        Self::of(Page { items: items.into_iter().collect(), next })
    }
}
impl<T> Made<T> {
    pub(super) fn of(body: T) -> Self {
        Self(body, None)
    }
    pub(super) fn version(self, version: i64) -> Self {
        Self(self.0, Some(version))
    }
}
impl<T: Serialize + JsonSchema + Send + 'static> Answer for Shown<T> {
    const STATUS: StatusCode = StatusCode::OK;
    fn schema(g: &mut SchemaGenerator) -> Option<Schema> {
        Some(g.subschema_for::<T>())
    }
    fn sent(self) -> Result<Reply> {
        Reply::with(Self::STATUS, self.0, self.1)
    }
}
impl<T: Serialize + JsonSchema + Send + 'static> Answer for Made<T> {
    const STATUS: StatusCode = StatusCode::CREATED;
    fn schema(g: &mut SchemaGenerator) -> Option<Schema> {
        Some(g.subschema_for::<T>())
    }
    fn sent(self) -> Result<Reply> {
        Reply::with(Self::STATUS, self.0, self.1)
    }
}
impl Answer for Done {
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
    fn sent(self) -> Result<Reply> {
        Ok(Reply::done())
    }
}
impl Written {
    pub(super) fn of(kind: &'static str, body: Body) -> Self {
        Self(kind, body)
    }
}
impl Answer for Written {
    const STATUS: StatusCode = StatusCode::OK;
    const KINDS: &'static [&'static str] = &["text/markdown", "text/csv"];
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        Some(json_schema!({ "type": "string" }))
    }
    fn sent(self) -> Result<Reply> {
        Ok(Reply::written(self.0, self.1))
    }
}
/// A document of lines, each a JSON object.
pub(super) struct Lines(pub(super) Body);
impl Answer for Lines {
    const STATUS: StatusCode = StatusCode::OK;
    const KINDS: &'static [&'static str] = &["application/x-ndjson"];
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        Some(json_schema!({ "type": "string" }))
    }
    fn sent(self) -> Result<Reply> {
        Ok(Reply::written("application/x-ndjson", self.0))
    }
}
/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub(super) struct Page<T> {
    /// What is on it.
    items: Vec<T>,
    /// Give this as `cursor` to get the page after; null on the last.
    next: Option<String>,
}

/// A time as documents have it: RFC 3339 in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(Timestamp);
impl From<Timestamp> for Time {
    fn from(t: Timestamp) -> Self {
        Self(t)
    }
}
impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.serialize_str(&self.0.rfc3339())
    }
}
impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// The schemas and the status of a route, as its handler's types say.
#[derive(Clone, Copy)]
pub(super) struct Contract {
    /// What it takes.
    pub(super) request: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// What it gives.
    pub(super) answer: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// In which forms.
    pub(super) kinds: &'static [&'static str],
    /// With which status.
    pub(super) status: StatusCode,
}
impl Contract {
    /// Of this handler.
    pub(super) const fn of<I, F, U, A>(_: F) -> Self
    where
        I: Input,
        F: Copy + Fn(I) -> U,
        U: Future<Output = Result<A>>,
        A: Answer,
    {
        Self { request: I::schema, answer: A::schema, kinds: A::KINDS, status: A::STATUS }
    }
}

/// Runs a handler of any such types.
pub(super) async fn served<I, F, U, A>(handler: F, call: Call) -> Result<Reply>
where
    I: Input,
    F: Fn(I) -> U,
    U: Future<Output = Result<A>>,
    A: Answer,
{
    handler(I::from(call)).await?.sent()
}
