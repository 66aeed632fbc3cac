//! Holds one conversation: sends each step, checks what every answer of the protocol must be, then what this step
//! expects, and takes away what was made.

use super::{
    differ::{differ, short},
    file::{Auth, Conversation, Step},
    report::{Exchange, Outcome, Played},
};
use crate::error::{Error, Result};
use futures::future::join_all;
use reqwest::{
    Client, Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// How the reason begins for which an exchange could not be held.
const NEEDS: &str = "needs";
type Words = BTreeMap<String, String>;

/// The server under test.
pub(super) struct Server {
    http: Client,
    base: String,
    token: String,
    config: Value,
    schemas: Value,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
    json: Option<Value>,
    ms: u128,
}

impl Server {
    /// Reads what the server says it supports. A server that says nothing is checked all the same.
    pub(super) async fn meet(http: Client, base: &str, token: &str) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if Url::parse(&base).is_err() || !base.starts_with("http") {
            return Err(Error::invalid(format!("{base:?} is not the URL of a SCIM server")));
        }
        let config =
            match http.get(format!("{base}/ServiceProviderConfig")).bearer_auth(token).send().await
            {
                Ok(r) => r.json().await.unwrap_or(Value::Null),
                Err(e) => return Err(Error::unavailable(&e).operator(format!("{base}: {e}"))),
            };
        let schemas = http.get(format!("{base}/Schemas")).bearer_auth(token).send().await;
        let schemas = match schemas {
            Ok(r) => r.json().await.unwrap_or(Value::Null),
            Err(_) => Value::Null,
        };
        Ok(Self { http, base, token: token.to_owned(), config, schemas })
    }

    /// Whether the server does not say that it has a feature, or a schema, which is named by its URN.
    fn lacks(&self, feature: &str) -> bool {
        if feature.starts_with("urn:") {
            let listed = self.schemas["Resources"].as_array();
            return !listed.is_some_and(|l| l.iter().any(|s| s["id"] == feature));
        }
        self.config.pointer(&format!("/{feature}/supported")) != Some(&Value::Bool(true))
    }

    async fn send(&self, step: &Step, words: &Words) -> Result<Answer, String> {
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

fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |d: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(d), 16);
    digits.chunks(2).map(byte).collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// Puts words in place of `${word}`; an unknown word is an error. `${word#}` is the word of this turn: `word1`,
/// `word2`, ... as a repeated step captured them.
fn fill(text: &str, words: &Words) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((word, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        let word = &of_turn(word, words);
        match words.get(word) {
            Some(value) => out.push_str(value),
            None if word == "uuid" => out.push_str(&uuid::Uuid::new_v4().to_string()),
            None => return Err(format!("{NEEDS} {word:?}, which no step before has given")),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn of_turn(word: &str, words: &Words) -> String {
    match (word.strip_suffix('#'), words.get("n")) {
        (Some(w), Some(n)) => format!("{w}{n}"),
        _ => word.to_owned(),
    }
}

/// The conversation's own words: unique in each run, so that runs never meet.
fn words_of(server: &Server, c: &Conversation) -> Words {
    let run = uuid::Uuid::new_v4().simple().to_string();
    let mut words = Words::from([
        ("run".to_owned(), run[..10].to_owned()),
        ("base".to_owned(), server.base.clone()),
    ]);
    // A word may use others: as many rounds as there are words settle them all.
    for _ in 0..=c.vars.len() {
        for (name, text) in &c.vars {
            if !words.contains_key(name)
                && let Ok(value) = fill(text, &words)
            {
                words.insert(name.clone(), value);
            }
        }
    }
    words
}

/// Holds `c` with `server`.
pub(super) async fn play(server: &Server, c: &Conversation) -> Played {
    let started = Instant::now();
    let mut played = Played {
        name: c.name.clone(),
        title: c.title.clone(),
        skipped: None,
        ms: 0,
        exchanges: Vec::new(),
    };
    if let Some(lacking) = c.needs.iter().find(|f| server.lacks(f)) {
        played.skipped = Some(format!("the server does not say that it supports {lacking}"));
        return played;
    }
    let mut words = words_of(server, c);
    let mut made: Vec<String> = Vec::new();
    for step in &c.step {
        let turns: Vec<Words> = (1..=step.repeat)
            .map(|n| {
                let mut w = words.clone();
                w.insert("n".to_owned(), n.to_string());
                w
            })
            .collect();
        let answers = if step.at_once {
            join_all(turns.iter().map(|w| server.send(step, w))).await
        } else {
            let mut one_by_one = Vec::new();
            for w in &turns {
                one_by_one.push(server.send(step, w).await);
            }
            one_by_one
        };
        for (turn, answer) in turns.iter().zip(answers) {
            let request = fill(&step.send, turn).unwrap_or_else(|_| step.send.clone());
            let mut exchange = Exchange {
                name: step.name.clone(),
                request,
                status: 0,
                ms: 0,
                outcome: Outcome::Skipped,
                rules: step.rules.clone(),
                differences: Vec::new(),
            };
            match answer {
                Err(why) => {
                    if !why.starts_with(NEEDS) {
                        exchange.outcome = Outcome::Failed;
                    }
                    exchange.differences.push(why);
                }
                Ok(a) => {
                    (exchange.status, exchange.ms) = (a.status, a.ms);
                    if a.status == 201
                        && let Some(location) = place(&a)
                    {
                        made.push(location);
                    }
                    exchange.differences = check(step, turn, &a);
                    for (word, value) in capture(step, turn, &a, &mut exchange.differences) {
                        words.insert(word, value);
                    }
                    exchange.outcome = match exchange.differences.as_slice() {
                        [] => Outcome::Passed,
                        all if all.iter().all(|d| d.starts_with(NEEDS)) => Outcome::Skipped,
                        _ => Outcome::Failed,
                    };
                }
            }
            played.exchanges.push(exchange);
        }
    }
    for location in made.iter().rev() {
        let request = server.http.delete(location).bearer_auth(&server.token);
        let _ = request.timeout(Duration::from_secs(10)).send().await;
    }
    played.ms = started.elapsed().as_millis();
    played
}

/// Where what was made is.
fn place(a: &Answer) -> Option<String> {
    let header = a.headers.get("location").and_then(|h| h.to_str().ok());
    let meta = || a.json.as_ref()?.pointer("/meta/location")?.as_str();
    header.or_else(meta).map(str::to_owned)
}

/// What every answer must be, and what this step expects beyond it.
fn check(step: &Step, words: &Words, a: &Answer) -> Vec<String> {
    let mut out = Vec::new();
    if !step.status.allow(a.status) {
        out.push(format!("status is {}, expected {}; {}", a.status, step.status, excerpt(a)));
    }
    if a.status == 204 && !a.text.is_empty() {
        out.push("a 204 has a body".to_owned());
    }
    if !a.text.is_empty() {
        let kind = a.headers.get(CONTENT_TYPE).and_then(|h| h.to_str().ok()).unwrap_or("");
        if !kind.starts_with("application/scim+json") {
            out.push(format!("Content-Type is {kind:?}, expected application/scim+json"));
        }
        match &a.json {
            None => out.push(format!("the answer is not JSON: {}", excerpt(a))),
            Some(v) => nulls(v, "", &mut out),
        }
    }
    if a.status >= 400 && !step.send.starts_with("HEAD") {
        let expected = serde_json::json!({
            "schemas": [ERROR], "status": a.status.to_string(), "detail": "<text>"
        });
        differ(&expected, a.json.as_ref(), "", &mut out);
    }
    if let Some(limit) = step.within_ms
        && a.ms > u128::from(limit)
    {
        out.push(format!("it took {} ms, expected at most {limit}", a.ms));
    }
    for (name, pattern) in &step.answer_headers {
        let have = a.headers.get(name).and_then(|h| h.to_str().ok()).map(Value::from);
        match fill(pattern, words) {
            Ok(p) => differ(&Value::from(p), have.as_ref(), &format!("header {name}"), &mut out),
            Err(why) => out.push(why),
        }
    }
    if let Some(expected) = &step.answer {
        match fill(expected, words).map(|t| serde_json::from_str::<Value>(&t)) {
            Ok(Ok(v)) if step.status.allow(a.status) && a.status != 204 => {
                differ(&v, a.json.as_ref(), "", &mut out);
            }
            Ok(Ok(_)) => {}
            Ok(Err(e)) => out.push(format!("the expectation is not JSON: {e}")),
            Err(why) => out.push(why),
        }
    }
    out
}

/// An answer never says null: what is unassigned is absent.
fn nulls(v: &Value, place: &str, out: &mut Vec<String>) {
    match v {
        Value::Null => out.push(format!("{place} is null; what is unassigned is left out")),
        Value::Object(o) => o.iter().for_each(|(k, v)| nulls(v, &format!("{place}/{k}"), out)),
        Value::Array(a) => {
            a.iter().enumerate().for_each(|(i, v)| nulls(v, &format!("{place}/{i}"), out));
        }
        _ => {}
    }
}

fn capture(step: &Step, turn: &Words, a: &Answer, out: &mut Vec<String>) -> Words {
    let mut found = Words::new();
    for (word, from) in &step.capture {
        let value = match from.strip_prefix("header:") {
            Some(h) => a.headers.get(h).and_then(|v| v.to_str().ok()).map(str::to_owned),
            None => a.json.as_ref().and_then(|j| j.pointer(from)).map(|v| match v {
                Value::String(s) => s.clone(),
                v => v.to_string(),
            }),
        };
        match value {
            Some(v) => {
                found.insert(of_turn(word, turn), v);
            }
            None if out.is_empty() => out.push(format!("{from} is missing ({word})")),
            None => {}
        }
    }
    found
}

fn excerpt(a: &Answer) -> String {
    short(a.json.as_ref().unwrap_or(&Value::from(a.text.as_str())))
}
