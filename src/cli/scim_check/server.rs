//! The server under test: what it says of itself, and how a step is sent to it.

use super::{
    file::{Auth, Step},
    play::{NEEDS, Words, bytes, fill},
};
use crate::error::{Error, Result};
use reqwest::{
    Client, Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;
use std::time::Instant;

/// The server.
pub(super) struct Server {
    pub http: Client,
    pub base: String,
    pub token: String,
    config: Value,
    schemas: Value,
    types: Value,
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Option<Value>,
    pub ms: u128,
}

impl Server {
    /// Reads what the server says it supports. A server that says nothing is checked all the same.
    pub(super) async fn meet(http: Client, base: &str, token: &str) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if Url::parse(&base).is_err() || !base.starts_with("http") {
            return Err(Error::invalid(format!("{base:?} is not the URL of a SCIM server")));
        }
        let mut said = [Value::Null, Value::Null, Value::Null];
        for (place, value) in
            ["ServiceProviderConfig", "Schemas", "ResourceTypes"].iter().zip(&mut said)
        {
            let asked = http.get(format!("{base}/{place}")).bearer_auth(token).send().await;
            *value = match asked {
                Ok(r) => r.json().await.unwrap_or(Value::Null),
                Err(e) => return Err(Error::unavailable(&e).operator(format!("{base}: {e}"))),
            };
        }
        let [config, schemas, types] = said;
        Ok(Self { http, base, token: token.to_owned(), config, schemas, types })
    }

    /// Whether the server does not say that it has a feature (`etag`, `pagination.cursor`), or a schema, which is named
    /// by its URN.
    pub(super) fn lacks(&self, feature: &str) -> bool {
        if feature.starts_with("urn:") {
            let listed = self.schemas["Resources"].as_array();
            return !listed.is_some_and(|l| l.iter().any(|s| s["id"] == feature));
        }
        let says = |at: String| self.config.pointer(&at) == Some(&Value::Bool(true));
        !says(format!("/{feature}/supported")) && !says(format!("/{}", feature.replace('.', "/")))
    }

    /// What a step needs and the server says it has not.
    pub(super) fn cannot(&self, step: &Step) -> Option<String> {
        let off =
            |f: &&str| self.config.pointer(&format!("/{f}/supported")) == Some(&Value::Bool(false));
        if let Some(lacking) = step.needs.iter().find(|f| self.lacks(f)) {
            return Some(format!("{NEEDS} {lacking}, which the server does not say it supports"));
        }
        if let Some(lacking) = step.uses().into_iter().find(off) {
            return Some(format!("{NEEDS} {lacking}, which the server says it does not support"));
        }
        let served = |t: &Value| {
            t["endpoint"].as_str().is_some_and(|e| e.trim_end_matches('/').ends_with("/Groups"))
        };
        match self.types["Resources"].as_array() {
            Some(l) if !l.is_empty() && step.of_groups() && !l.iter().any(served) => {
                Some(format!("{NEEDS} groups, which the server does not list"))
            }
            _ => None,
        }
    }

    /// Sends a step.
    ///
    /// # Errors
    /// Why it cannot be sent, or brought no answer.
    pub(super) async fn send(&self, step: &Step, words: &Words) -> Result<Answer, String> {
        if let Some(word) = step.after.iter().find(|w| !words.contains_key(*w)) {
            return Err(format!("{NEEDS} {word:?}, which no step before has given"));
        }
        let line = fill(&step.send, words)?;
        let (method, target) = line.split_once(' ').unwrap_or(("GET", &line));
        let method = Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
        let url = Url::parse(&format!("{}{target}", self.base)).map_err(|e| e.to_string())?;
        let mut request = self.http.request(method, url);
        request = match step.auth {
            Auth::Token => request.bearer_auth(&self.token),
            Auth::Bare => request.header(AUTHORIZATION, &self.token),
            Auth::Wrong => request.bearer_auth("a-token-that-nobody-was-given"),
            Auth::Malformed => request.header(AUTHORIZATION, "non-token"),
            Auth::None => request,
        };
        if step.body.is_some() || step.body_hex.is_some() {
            let usual = step.headers.keys().all(|k| !k.eq_ignore_ascii_case("content-type"));
            if usual {
                request = request.header(CONTENT_TYPE, "application/scim+json; charset=utf-8");
            }
        }
        for (k, v) in &step.headers {
            request = request.header(k, fill(v, words)?);
        }
        if let Some(body) = &step.body {
            request = request.body(fill(body, words)?);
        } else if let Some(hex) = &step.body_hex {
            request = request.body(bytes(hex)?);
        }
        let started = Instant::now();
        let answer = request.send().await.map_err(|e| format!("no answer: {e}"))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.map_err(|e| format!("the answer broke off: {e}"))?;
        let json = serde_json::from_str(&text).ok();
        Ok(Answer { status, headers, text, json, ms: started.elapsed().as_millis() })
    }
}
