//! Holds one conversation: sends each step, checks what every answer of the protocol must be, then what this step
//! expects, and takes away what was made.

use super::{
    differ::{differ, short},
    file::{Conversation, Step},
    report::{Exchange, Outcome, Played},
    server::{Answer, Server},
};
use futures::future::join_all;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// How the reason begins for which an exchange could not be held.
pub(super) const NEEDS: &str = "needs";
/// So many requests are on their way at the same time: as many as a directory sends.
const AT_ONCE: usize = 16;
pub(super) type Words = BTreeMap<String, String>;

pub(super) fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |d: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(d), 16);
    digits.chunks(2).map(byte).collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// Puts words in place of `${word}`; an unknown word is an error. `${word#}` is the word of this turn: `word1`,
/// `word2`, ... as a repeated step captured them.
pub(super) fn fill(text: &str, words: &Words) -> Result<String, String> {
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
        played.exchanges = c.step.iter().map(|s| left_out(s, &s.send, Vec::new())).collect();
        return played;
    }
    let mut words = words_of(server, c);
    let mut made: Vec<String> = Vec::new();
    // A change that is left out leaves out what comes after it, which would look for it.
    let mut unchanged = None;
    for step in &c.step {
        if let Some(why) = unchanged.clone().or_else(|| server.cannot(step)) {
            if !step.reads() {
                unchanged = Some(why.clone());
            }
            played.exchanges.push(left_out(step, &step.send, vec![why]));
            continue;
        }
        let turns: Vec<Words> = (1..=step.repeat)
            .map(|n| {
                let mut w = words.clone();
                w.insert("n".to_owned(), n.to_string());
                w
            })
            .collect();
        let (mut answers, at_once) = (Vec::new(), if step.at_once { AT_ONCE } else { 1 });
        for some in turns.chunks(at_once) {
            answers.extend(join_all(some.iter().map(|w| server.send(step, w))).await);
        }
        for (turn, answer) in turns.iter().zip(answers) {
            let request = fill(&step.send, turn).unwrap_or_else(|_| step.send.clone());
            let mut exchange = left_out(step, &request, Vec::new());
            match answer {
                Err(why) => {
                    if !why.starts_with(NEEDS) {
                        exchange.outcome = Outcome::Failed;
                    }
                    exchange.differences.push(why);
                }
                Ok(a) => {
                    (exchange.status, exchange.ms) = (a.status, a.ms);
                    made.extend(places(server, &request, &a));
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

/// A step that is not held, or not yet.
fn left_out(step: &Step, request: &str, differences: Vec<String>) -> Exchange {
    Exchange {
        name: step.name.clone(),
        request: request.to_owned(),
        status: 0,
        ms: 0,
        outcome: Outcome::Skipped,
        rules: step.rules.clone(),
        differences,
    }
}

/// Where what was made is: below the collection it was sent to, since an address may be one that the server believes
/// to have; those that an answer about several names.
fn places(server: &Server, request: &str, a: &Answer) -> Vec<String> {
    let json = a.json.as_ref().unwrap_or(&Value::Null);
    let to = request.split(' ').nth(1).unwrap_or("").split('?').next().unwrap_or("");
    if a.status == 201 {
        let id = json["id"].as_str();
        let header = || a.headers.get("location").and_then(|h| h.to_str().ok()).map(str::to_owned);
        return id
            .map(|id| format!("{}{to}/{id}", server.base))
            .or_else(header)
            .into_iter()
            .collect();
    }
    let done = json["Operations"].as_array().into_iter().flatten();
    let made = done.filter(|o| o["status"] == "201").filter_map(|o| o["location"].as_str());
    made.map(str::to_owned).collect()
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
