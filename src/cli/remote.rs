//! A server that is reached over HTTPS, with the access token of a person or an integration user: the commands are the
//! same requests there.

use super::reach::broke_off;
use crate::{
    error::{Error, Kind, Result},
    repeats,
    secret::{ExposeSecret as _, Secret},
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use bytes::Bytes;
use std::{io::Write, path::Path, time::Duration};
use url::{Host, Url};

/// Another server.
pub struct Remote {
    http: reqwest::Client,
    base: Url,
    token: Secret,
}

fn settings(detail: impl Into<String>) -> Error {
    Error::invalid(detail).code("settings")
}

impl Remote {
    /// The way to a server.
    ///
    /// # Errors
    /// `Invalid`, with the code `settings`, for an address that a token may not be sent to, for a token that is none,
    /// and for a file without certificates.
    pub fn new(server: &str, token: Secret, ca: Option<&Path>) -> Result<Self> {
        let base = Url::parse(server)
            .map_err(|e| settings(format!("--server '{server}' is not a URL: {e}")))?;
        let here = match base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(a)) => a.is_loopback(),
            Some(Host::Ipv6(a)) => a.is_loopback(),
            None => false,
        };
        if base.scheme() != "https" && !(base.scheme() == "http" && here) {
            return Err(settings("--server wants https: a token is not sent in the clear"));
        }
        if !base.username().is_empty() || base.query().is_some() || base.fragment().is_some() {
            return Err(settings("--server is an address alone, as in https://id.example.com"));
        }
        let text = token.expose_secret();
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(settings("the token is empty, or holds what no token holds"));
        }
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(ANSWER)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = ca {
            let pem = std::fs::read(file)
                .map_err(|e| settings(format!("--ca-file: cannot read {}: {e}", file.display())))?;
            let all = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if all.is_empty() {
                let shown = file.display();
                return Err(settings(format!("--ca-file: no certificate (PEM) in {shown}")));
            }
            http = http.tls_certs_merge(all);
        }
        Ok(Self { http: http.build().map_err(Error::internal)?, base, token })
    }

    /// Sends a request; `path` is the whole of it. A POST goes under a key of its own, so that it can be sent once more when
    /// the connection breaks, and nothing is done twice.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached, `Unauthenticated` when it does not take the token.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: String,
    ) -> Result<(StatusCode, Bytes)> {
        if method != Method::POST {
            let sent = self.once(method, path, headers, body).await;
            return sent.map_err(|broken| broken.error);
        }
        let key = HeaderValue::try_from(format!("\"{}\"", uuid::Uuid::new_v4()));
        headers.insert("idempotency-key", key.map_err(Error::internal)?);
        let again = |method: &Method| (method.clone(), headers.clone(), body.clone());
        let (m, h, b) = again(&method);
        match self.once(m, path, h, b).await {
            Err(broken) if broken.under_way => {}
            sent => return sent.map_err(|broken| broken.error),
        }
        // The first may still be worked on: its answer is waited for.
        for _ in 0..PATIENCE {
            let (m, h, b) = again(&method);
            let sent = self.once(m, path, h, b).await.map_err(|broken| broken.error)?;
            let word = serde_json::from_slice::<serde_json::Value>(&sent.1);
            let waits = word.is_ok_and(|w| w["code"] == repeats::UNDER_WAY);
            if !(sent.0 == StatusCode::CONFLICT && waits) {
                return Ok(sent);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let text = "the server still works on it; look whether it is done before you try again";
        Err(Error::new(Kind::Unavailable, text))
    }

    /// GET of a document of any size, written as it comes; the refusal, if it is refused.
    ///
    /// # Errors
    /// As [`Self::send`], and when it breaks off.
    pub async fn copy(
        &self,
        path: &str,
        out: &mut (dyn Write + Send),
    ) -> Result<Option<(StatusCode, Bytes)>> {
        let address = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let request = self.http.get(address).bearer_auth(self.token.expose_secret());
        let request = request.timeout(WHOLE);
        let mut answer = request.send().await.map_err(|e| self.lost(&e).error)?;
        if !answer.status().is_success() {
            return self.read(answer).await.map(Some).map_err(|broken| broken.error);
        }
        while let Some(bytes) = answer.chunk().await.map_err(|e| broke_off(&e))? {
            out.write_all(&bytes).map_err(|e| broke_off(&e))?;
        }
        out.flush().map_err(|e| broke_off(&e))?;
        Ok(None)
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<(StatusCode, Bytes), Broken> {
        let address = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let request = self
            .http
            .request(method, address)
            .headers(headers)
            .bearer_auth(self.token.expose_secret())
            .body(body);
        let answer = request.send().await.map_err(|e| self.lost(&e))?;
        self.read(answer).await
    }

    fn lost(&self, e: &reqwest::Error) -> Broken {
        let text = format!("cannot reach {}: {}", self.base.as_str(), deepest(e));
        let error = Error::new(Kind::Unavailable, text);
        Broken { error, under_way: !e.is_connect() && !e.is_builder() }
    }

    /// The whole of an answer.
    async fn read(&self, answer: reqwest::Response) -> Result<(StatusCode, Bytes), Broken> {
        let refused = |error| Broken { error, under_way: false };
        let status = answer.status();
        let typed = answer.headers().get("content-type").and_then(|t| t.to_str().ok());
        let ours = ["json", "text/markdown", "text/csv"];
        let ours = typed.is_some_and(|t| ours.iter().any(|kind| t.contains(kind)));
        let body = answer.bytes().await.map_err(|e| self.lost(&e))?;
        if status == StatusCode::UNAUTHORIZED {
            let text =
                "the server does not take the token: it has ended, or was made for something else";
            return Err(refused(Error::unauthenticated(text)));
        }
        if !body.is_empty() && !ours {
            let host = self.base.as_str();
            let text = format!("{host} answered {status}, and not as a Muster does");
            return Err(refused(Error::new(Kind::Unavailable, text)));
        }
        Ok((status, body))
    }
}

/// What caused it in the end.
fn deepest(e: &reqwest::Error) -> &dyn std::error::Error {
    let mut cause: &dyn std::error::Error = e;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

/// A request without an answer.
struct Broken {
    error: Error,
    /// It may have arrived.
    under_way: bool,
}

/// How long an answer is waited for: longer than a server gives itself (`limits.request_time`, unless somebody set it), so
/// that one which takes all of its time is heard and not given up in the same moment.
pub const ANSWER: Duration = Duration::from_secs(90);

/// How long a document of any size may take.
const WHOLE: Duration = Duration::from_secs(3600);

/// How often it is asked what became of a request, a second apart.
const PATIENCE: u32 = 60;
