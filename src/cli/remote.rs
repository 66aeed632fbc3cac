//! A server that is reached over HTTPS, with the access token of a person or an integration user: the commands are the
//! same requests there.

use crate::{
    error::{Error, Kind, Result},
    secret::{ExposeSecret as _, Secret},
};
use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use std::{path::Path, time::Duration};
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
            .timeout(Duration::from_secs(60))
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

    /// Sends a request; `path` is the whole of it.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached, `Unauthenticated` when it does not take the token.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<(StatusCode, Bytes)> {
        let address = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let request = self
            .http
            .request(method, address)
            .headers(headers)
            .bearer_auth(self.token.expose_secret())
            .body(body);
        let lost = |e: reqwest::Error| {
            let host = self.base.as_str();
            let mut cause: &dyn std::error::Error = &e;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            Error::new(Kind::Unavailable, format!("cannot reach {host}: {cause}"))
        };
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status();
        let typed = answer.headers().get("content-type").and_then(|t| t.to_str().ok());
        let ours = ["json", "text/markdown", "text/csv"];
        let ours = typed.is_some_and(|t| ours.iter().any(|kind| t.contains(kind)));
        let body = answer.bytes().await.map_err(lost)?;
        if status == StatusCode::UNAUTHORIZED {
            let text =
                "the server does not take the token: it has ended, or was made for something else";
            return Err(Error::unauthenticated(text));
        }
        if !body.is_empty() && !ours {
            let host = self.base.as_str();
            let text = format!("{host} answered {status}, and not as a Muster does");
            return Err(Error::new(Kind::Unavailable, text));
        }
        Ok((status, body))
    }
}
