//! How a command reaches the data: a running server over the socket in its data directory, a stopped one's by
//! opening it under its lock, another machine's over HTTPS with a token. It is the same request to the same router,
//! by the directory's owner or by whom the token speaks for.

use super::{
    place::{self, Make, Place},
    remote::Remote,
};
use crate::{
    clock::Clock,
    config::Config,
    error::{Error, Kind, Result},
    server,
    store::Store,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, header},
};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{io::Write, path::Path, time::Duration};
use tokio::net::UnixStream;
use tower::ServiceExt as _;

/// The way to the data.
pub enum Reach {
    /// A server runs.
    Running(std::path::PathBuf),
    /// We hold the directory.
    Held(Router, #[expect(dead_code, reason = "held until the command ends")] Place),
    /// Another machine's server.
    Remote(Remote),
}

impl Reach {
    /// Finds the way.
    ///
    /// # Errors
    /// When there is no data there, or another process holds it and does not answer.
    pub async fn find(config: Config, make: Make) -> Result<Self> {
        let dir = config.server.data_dir.clone();
        // A server that starts or stops holds the lock and does not answer yet, or any more: wait for it a little.
        let mut left = 50;
        loop {
            let socket = place::socket(&dir);
            if UnixStream::connect(&socket).await.is_ok() {
                return Ok(Self::Running(socket));
            }
            match Place::take(&dir, make) {
                Ok(place) => return Self::open(config, place).await,
                Err(e) if e.code_str() == Some("data_dir_in_use") && left > 0 => left -= 1,
                Err(e) => return Err(e),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn open(mut config: Config, place: Place) -> Result<Self> {
        config.settle(config.server.listen)?;
        let store = Store::open(&place.options(&config), Clock::System).await?;
        let master = place::master_key(&config)?;
        let app = server::assemble(config, store, master).await?;
        Ok(Self::Held(server::router(&app), place))
    }

    /// Sends a request to the admin API; `path` is under `/api/v1`.
    ///
    /// # Errors
    /// The API's refusal, in its own words, or that it cannot be reached.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        self.call_at(method, path, body, None).await
    }
    /// The same, of a thing that is still at this version.
    ///
    /// # Errors
    /// As [`Self::call`], and that it changed in the meantime.
    pub async fn call_at(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        version: Option<i64>,
    ) -> Result<Value> {
        let (status, bytes) = self.fetch(method, path, body, version).await?;
        answered(status, &bytes)
    }
    /// GET of a document that is no JSON; it comes back as one text.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn text(&self, path: &str) -> Result<Value> {
        let (status, bytes) = self.fetch(Method::GET, path, None, None).await?;
        if !status.is_success() {
            return answered(status, &bytes);
        }
        String::from_utf8(bytes.into()).map(Value::String).map_err(Error::internal)
    }
    /// GET of a document of any size, written as it comes.
    ///
    /// # Errors
    /// As [`Self::call`], and when it breaks off.
    pub async fn copy(&self, path: &str, out: &mut (dyn Write + Send)) -> Result<()> {
        let path = format!("/api/v1{path}");
        let request = local(Method::GET, &path, HeaderMap::new(), String::new());
        match self {
            Self::Running(socket) => {
                let (_held, response) = ask(socket, request?).await?;
                pour(response.map(Body::new), out).await
            }
            Self::Held(router, _) => {
                let mut request = request?;
                server::as_owner(&mut request);
                let response = router.clone().oneshot(request).await.map_err(Error::internal)?;
                pour(response, out).await
            }
            Self::Remote(server) => match server.copy(&path, out).await? {
                Some((status, bytes)) => answered(status, &bytes).map(drop),
                None => Ok(()),
            },
        }
    }
    async fn fetch(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        version: Option<i64>,
    ) -> Result<Whole> {
        let path = format!("/api/v1{path}");
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(v) = version {
            let tag = HeaderValue::try_from(format!("\"{v}\"")).map_err(Error::internal)?;
            headers.insert(header::IF_MATCH, tag);
        }
        let body = body.map_or_else(String::new, Value::to_string);
        match self {
            Self::Running(socket) => over(socket, local(method, &path, headers, body)?).await,
            Self::Held(router, _) => {
                let mut request = local(method, &path, headers, body)?;
                server::as_owner(&mut request);
                let response = router.clone().oneshot(request).await.map_err(Error::internal)?;
                let status = response.status();
                let body = response.into_body().collect().await.map_err(Error::internal)?;
                Ok((status, body.to_bytes()))
            }
            Self::Remote(server) => server.send(method, &path, headers, body).await,
        }
    }
    /// GET
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }
    /// POST
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }
    /// PATCH
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }
    /// DELETE
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }
}

fn local(method: Method, path: &str, headers: HeaderMap, body: String) -> Result<Request<Body>> {
    let mut request = Request::builder().method(method).uri(path).header("host", "muster");
    if let Some(all) = request.headers_mut() {
        all.extend(headers);
    }
    request.body(Body::from(body)).map_err(Error::internal)
}

type Whole = (axum::http::StatusCode, bytes::Bytes);

/// What an answer says: its JSON, or the refusal in its own words.
fn answered(status: axum::http::StatusCode, bytes: &[u8]) -> Result<Value> {
    let value = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(bytes).map_err(Error::internal)?
    };
    if status.is_success() {
        return Ok(value);
    }
    let detail = value["detail"].as_str().unwrap_or("the server refused without a reason");
    let kind = match status.as_u16() {
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        403 => Kind::Forbidden,
        412 => Kind::Precondition,
        413 => Kind::TooLarge,
        500.. => Kind::Unavailable,
        _ => Kind::Invalid,
    };
    let e = Error::new(kind, detail);
    Err(match value["field"].as_str() {
        Some(field) => e.attr(field),
        None => e,
    })
}

/// Writes what comes, or says why it does not.
async fn pour(response: Response<Body>, out: &mut (dyn Write + Send)) -> Result<()> {
    let (status, mut body) = (response.status(), response.into_body());
    if !status.is_success() {
        let body = body.collect().await.map_err(Error::internal)?;
        return answered(status, &body.to_bytes()).map(drop);
    }
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.map_err(|e| broke_off(&e))?.into_data() {
            out.write_all(&bytes).map_err(|e| broke_off(&e))?;
        }
    }
    out.flush().map_err(|e| broke_off(&e))
}

/// The document is not whole.
pub(super) fn broke_off(e: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unavailable, format!("the document broke off: {e}"))
}

fn lost(e: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unavailable, format!("the running server went away: {e}"))
}

async fn over(socket: &Path, request: Request<Body>) -> Result<Whole> {
    let (_held, response) = ask(socket, request).await?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|e| lost(&e))?;
    Ok((status, body.to_bytes()))
}

/// The answer, and what it comes by.
async fn ask(
    socket: &Path,
    request: Request<Body>,
) -> Result<(SendRequest<Body>, Response<Incoming>)> {
    let stream = UnixStream::connect(socket).await.map_err(|e| lost(&e))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|e| lost(&e))?;
    Ok((sender, response))
}
