//! One attempt, step by step: where it began, what was shown, what was demanded, what was decided, what to change.

use super::{
    Attempt, Names,
    reasons::{self, Place},
};
use crate::{
    ask::{Answer, Ask, page, shown},
    nav::Section,
    problem::Problem,
    rooms::kit,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde_json::Value;

/// A fact of a step.
struct Fact {
    name: String,
    value: String,
}

/// A step.
struct Step {
    title: &'static str,
    says: String,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "signin.html")]
struct One {
    shell: Shell,
    attempt: Attempt,
    names: Names,
    steps: Vec<Step>,
    /// Where it is mended, with what the link says.
    links: Vec<(String, String)>,
}

impl One {
    fn next(&self) -> Option<String> {
        self.attempt.next.as_deref().map(text::sentence)
    }
    fn raw(&self) -> String {
        kit::pretty(&self.attempt.detail)
    }
}

#[derive(Template)]
#[template(path = "signin_none.html")]
struct Unknown {
    shell: Shell,
    reference: String,
}

/// A value in one line.
fn plain(v: &Value) -> String {
    match v {
        Value::Null => "not there".to_owned(),
        Value::Bool(b) => if *b { "yes" } else { "no" }.to_owned(),
        Value::String(s) if s.is_empty() => "empty".to_owned(),
        Value::String(s) => s.clone(),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What a claim is called, for people.
fn called(name: &str) -> &str {
    match name {
        "amr" => "Methods (amr)",
        "acr" => "Context class (acr)",
        "acrs" => "Authentication contexts (acrs)",
        "auth_time" => "Proved at (auth_time)",
        "rule" => "Decided by the rule",
        "generation" => "Version of the directory's settings",
        "max_age" => "Proved not longer ago than (seconds)",
        "stepped_up" => "Had been asked for more before",
        "issuer" => "Issuer",
        "sub" => "Subject (sub)",
        "subject" => "Known here as",
        "class" => "Class",
        "malformed" => "Not readable",
        "groups" => "Groups",
        "by" => "Because of",
        other => other,
    }
}

fn facts(v: &Value) -> Vec<Fact> {
    let fact = |(name, v): (&String, &Value)| Fact {
        name: called(name).to_owned(),
        value: match v.as_i64().filter(|_| name == "auth_time") {
            Some(seconds) => kit::stamp(seconds),
            None => plain(v),
        },
    };
    v.as_object().map(|all| all.iter().map(fact).collect()).unwrap_or_default()
}

fn named(of: &Value, names: &[&str]) -> Vec<Fact> {
    let there = names.iter().filter(|n| !of[**n].is_null());
    there.map(|n| Fact { name: called(n).to_owned(), value: plain(&of[*n]) }).collect()
}

/// What a class is called, for people.
pub(super) fn class(word: &str) -> String {
    match word {
        "none" | "single" => "one factor".to_owned(),
        "attested" => "two factors, attested by an administrator's word".to_owned(),
        "mfa" => "two factors".to_owned(),
        "phr" | "phishing_resistant" => "a factor that cannot be phished".to_owned(),
        other => other.to_owned(),
    }
}

/// From where it came.
fn from(d: &Value) -> Vec<Fact> {
    let client = &d["client"];
    let places = [
        ("From", &client["address"]),
        ("Browser", &client["user_agent"]),
        ("Application", client),
        ("Request", &d["request"]),
    ];
    let said = places.into_iter().filter_map(|(name, v)| Some((name, v.as_str()?)));
    said.map(|(name, v)| Fact { name: name.to_owned(), value: v.to_owned() }).collect()
}

fn steps(a: &Attempt, names: &Names) -> Vec<Step> {
    let d = &a.detail;
    // What the directory's way writes down is one level deeper.
    let seen = if d["seen"].is_object() { &d["seen"] } else { d };
    let mut out = vec![Step {
        title: "It began",
        says: match &a.directory {
            Some(id) => format!("At the sign-in of {}.", names.directory(id)),
            None => "With what they have here: a password, a passkey or a code.".to_owned(),
        },
        facts: from(d),
    }];
    let identity = named(seen, &["issuer", "sub", "subject"]);
    let who = match &a.user {
        Some(id) => format!("{}.", names.user(id)),
        None => "Not known, or not said: no user here was found.".to_owned(),
    };
    out.push(Step { title: "Who it was", says: who, facts: identity });
    let evidence = &seen["evidence"];
    let strength = a.class().or(seen["class"].as_str()).or(evidence["class"].as_str());
    if evidence.is_object() || strength.is_some() {
        let says = strength.map_or_else(
            || "What the sign-in showed:".to_owned(),
            |c| format!("The sign-in proved {}.", class(c)),
        );
        out.push(Step { title: "What was proved", says, facts: facts(evidence) });
    }
    let demanded = &seen["demanded"];
    if !demanded.is_null() {
        let (word, more) = match demanded {
            Value::String(s) => (s.as_str(), Vec::new()),
            other => (other["class"].as_str().unwrap_or_default(), facts(other)),
        };
        let says = if word.is_empty() {
            "More was demanded:".to_owned()
        } else {
            format!("Demanded was {}.", class(word))
        };
        let mut all = more;
        all.extend(named(seen, &["max_age", "stepped_up"]));
        out.push(Step { title: "What was demanded", says, facts: all });
    }
    let known =
        ["evidence", "demanded", "issuer", "sub", "subject", "class", "max_age", "stepped_up"];
    let rest: Vec<Fact> = seen
        .as_object()
        .filter(|_| d["seen"].is_object())
        .map(|all| {
            let others = all.iter().filter(|(n, _)| !known.contains(&n.as_str()));
            others.map(|(n, v)| Fact { name: called(n).to_owned(), value: plain(v) }).collect()
        })
        .unwrap_or_default();
    if !rest.is_empty() {
        out.push(Step { title: "What else was seen", says: String::new(), facts: rest });
    }
    let decided = match (a.outcome.as_str(), a.reason.as_deref()) {
        ("success", _) => "A session began.".to_owned(),
        (_, Some(code)) => format!("{}.", reasons::words(code)),
        _ => "No session began.".to_owned(),
    };
    let title = if a.outcome == "success" { "Signed in" } else { "Where it ended" };
    let mut why = Vec::new();
    for (name, label) in [("why", "Why"), ("operator", "In detail"), ("claim", "The claim")] {
        if let Some(text) = d[name].as_str() {
            why.push(Fact { name: label.to_owned(), value: text.to_owned() });
        }
    }
    if let Some(code) = &a.reason {
        why.push(Fact { name: "Code".to_owned(), value: code.clone() });
    }
    out.push(Step { title, says: decided, facts: why });
    out
}

fn links(shell: &Shell, a: &Attempt, names: &Names) -> Vec<(String, String)> {
    let base = shell.base();
    let Some(code) = &a.reason else { return Vec::new() };
    let place = reasons::place(code);
    let mut out = Vec::new();
    let directory = a.directory.as_ref().map(|id| {
        (
            format!("{base}/directories/{}", text::escape(id)),
            format!("The settings of {}", names.directory(id)),
        )
    });
    match (place, &a.user) {
        (Place::Person, Some(id)) => {
            let page = format!("The page of {}", names.user(id));
            out.push((format!("{base}/users/{}", text::escape(id)), page));
        }
        (Place::Person, None) => out.push((format!("{base}/users"), "Users".to_owned())),
        (Place::Domains, _) => out.push((format!("{base}/domains"), "Domains".to_owned())),
        (Place::Invitations, _) => {
            out.push((format!("{base}/invitations"), "Invitations".to_owned()));
        }
        (Place::Policy, _) => {
            out.push((format!("{base}/policy"), "Policies".to_owned()));
        }
        _ => {}
    }
    if matches!(place, Place::Directory | Place::Policy | Place::Domains) {
        out.extend(directory);
    }
    out
}

/// The page of one.
pub(super) async fn one(ask: Ask, Path((t, reference)): Path<(String, String)>) -> Answer {
    let shell = ask.shell(&t, Section::Signins, "").await?;
    let list = format!("{}/signins", shell.base());
    let shell = shell.crumb("Sign-ins", list);
    let path = shell.api(&format!("/signins/{}", text::escape(&reference)));
    let attempt: Attempt = match ask.get(&path).await {
        Ok(found) => found,
        Err(Problem { status: 404, .. }) => {
            let shell = shell.titled("No such sign-in");
            return shown(StatusCode::NOT_FOUND, &Unknown { shell, reference });
        }
        Err(p) => return Err(p.into()),
    };
    let names = Names::of(&ask, &shell, std::slice::from_ref(&attempt)).await?;
    let steps = steps(&attempt, &names);
    let links = links(&shell, &attempt, &names);
    let shell = shell.titled(format!("Sign-in {}", attempt.reference));
    page(&One { shell, attempt, names, steps, links })
}
