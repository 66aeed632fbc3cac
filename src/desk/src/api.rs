//! The admin API, as the pages speak to it: in the process, with the cookie of whoever sits there.

use crate::problem::Problem;
use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::convert::Infallible;
use tower::{ServiceExt as _, util::BoxCloneSyncService};

/// What answers `/api/v1`.
pub type Backend = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the page after.
    pub next: Option<String>,
}

/// Nothing is wanted of an answer.
#[derive(Debug, Default, Deserialize)]
pub struct Done {}

/// The longest answer that a page is made from.
const LONGEST: usize = 8 * 1024 * 1024;

/// One conversation: who asks stays the same.
#[derive(Clone)]
pub struct Client {
    backend: Backend,
    /// What is passed on of the browser's request: its cookie, and from where it says that it was sent.
    headers: HeaderMap,
    extensions: axum::http::Extensions,
}

/// What is passed on, and nothing else: a page is for a session, so no `Authorization`.
const PASSED: [header::HeaderName; 5] = [
    header::COOKIE,
    header::ORIGIN,
    header::HOST,
    header::USER_AGENT,
    header::HeaderName::from_static("sec-fetch-site"),
];

/// What says so: no other site can make a browser send it.
const PORTAL: header::HeaderName = header::HeaderName::from_static("muster-portal");

impl Client {
    /// Speaks for the browser that sent these headers.
    pub fn new(backend: Backend, from: &HeaderMap, extensions: axum::http::Extensions) -> Self {
        let mut headers = HeaderMap::new();
        for name in PASSED {
            for v in from.get_all(&name) {
                headers.append(name.clone(), v.clone());
            }
        }
        Self { backend, headers, extensions }
    }
    /// The same for whoever opened a setup link in this browser.
    #[must_use]
    pub fn of_portal(&self) -> Self {
        let mut headers = self.headers.clone();
        headers.insert(PORTAL, header::HeaderValue::from_static("1"));
        Self { backend: self.backend.clone(), headers, extensions: self.extensions.clone() }
    }
    /// Asks, and gives the answer as it comes, whatever it is: for a download.
    pub async fn raw(&self, method: Method, path: &str, sent: Sent) -> Response<Body> {
        let body = sent.body.map_or_else(Body::empty, Body::from);
        let mut request = Request::new(body);
        *request.method_mut() = method;
        match format!("/api/v1{path}").parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return refused(StatusCode::NOT_FOUND, "there is no such address"),
        }
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = self.extensions.clone();
        let h = request.headers_mut();
        h.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        for (name, value) in [("idempotency-key", sent.key), ("if-match", sent.version)] {
            if let Some(v) = value.and_then(|v| header::HeaderValue::try_from(v).ok()) {
                h.insert(name, v);
            }
        }
        match self.backend.clone().oneshot(request).await {
            Ok(answer) => answer,
        }
    }
    /// Asks for a document.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> Result<T, Problem> {
        self.told(method, path, sent).await.map(|(body, _)| body)
    }
    /// The same, with the version that the answer's `ETag` tells; empty where it tells none.
    async fn told<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> Result<(T, String), Problem> {
        let answer = self.raw(method, path, sent).await;
        let status = answer.status();
        let tag = answer.headers().get(header::ETAG).and_then(|v| v.to_str().ok());
        let version = tag.unwrap_or_default().trim_matches('"').to_owned();
        let body = whole(answer.into_body()).await?;
        if !status.is_success() {
            return Err(Problem::read(status, &body));
        }
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(body).map(|body| (body, version)).map_err(|e| {
            tracing::error!(path, error = %e, "the API answered what this page does not read");
            Problem::ours(format!("{path}: {e}"))
        })
    }
    /// `GET`.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.call(Method::GET, path, Sent::nothing()).await
    }
    /// `GET`, with the version of what is there: a form carries it, so that it changes only what its reader saw.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn versioned<T: DeserializeOwned>(&self, path: &str) -> Result<(T, String), Problem> {
        self.told(Method::GET, path, Sent::nothing()).await
    }
    /// `POST`, with a document.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Serialize,
    ) -> Result<T, Problem> {
        self.call(Method::POST, path, Sent::json(body)).await
    }
    /// `PUT`, with a document.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Serialize,
    ) -> Result<T, Problem> {
        self.call(Method::PUT, path, Sent::json(body)).await
    }
    /// `PATCH`, with a document; of the thing as it was at `version`, where one is given.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Serialize,
        version: Option<String>,
    ) -> Result<T, Problem> {
        self.call(Method::PATCH, path, Sent::json(body).version(version)).await
    }
    /// `DELETE`.
    ///
    /// # Errors
    /// What the API refuses with.
    pub async fn delete(&self, path: &str) -> Result<(), Problem> {
        self.call::<Done>(Method::DELETE, path, Sent::nothing()).await.map(drop)
    }
}

/// What goes with a request.
#[derive(Debug, Default)]
pub struct Sent {
    body: Option<Bytes>,
    key: Option<String>,
    version: Option<String>,
}

impl Sent {
    /// Nothing.
    pub fn nothing() -> Self {
        Self::default()
    }
    /// A document.
    pub fn json(body: impl Serialize) -> Self {
        let body = serde_json::to_vec(&body).unwrap_or_default().into();
        Self { body: Some(body), ..Self::default() }
    }
    /// The key of the form that it came from: sent twice, it is done once.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = (!key.is_empty()).then(|| key.to_owned());
        self
    }
    /// The version that the form was made from.
    #[must_use]
    pub fn version(mut self, version: Option<String>) -> Self {
        self.version = version.filter(|v| !v.is_empty()).map(|v| format!("\"{v}\""));
        self
    }
}

async fn whole(body: Body) -> Result<Bytes, Problem> {
    let limited = http_body_util::Limited::new(body, LONGEST);
    let whole = limited.collect().await;
    whole
        .map(http_body_util::Collected::to_bytes)
        .map_err(|e| Problem::ours(format!("an answer broke off: {e}")))
}

fn refused(status: StatusCode, detail: &str) -> Response<Body> {
    let body =
        serde_json::json!({ "status": status.as_u16(), "detail": detail, "code": "not_found" });
    let mut r = Response::new(Body::from(body.to_string()));
    *r.status_mut() = status;
    r
}
