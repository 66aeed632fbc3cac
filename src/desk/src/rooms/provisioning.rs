//! The provisioning log of a directory: what its SCIM client asked and was answered, one request, and doing it once more.

use super::directories::{Directory, api, mend, moment, opened, pressed};
use crate::{
    Desk,
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Desk> {
    let log = "/admin/in/{tenant}/directories/{directory}/log";
    Router::new()
        .route(log, get(list))
        .route(&format!("{log}/{{entry}}"), get(show))
        .route(&format!("{log}/{{entry}}/replay"), get(to_entry).post(replay))
}

/// What became of an operation.
#[derive(Debug, Deserialize)]
struct Ended {
    outcome: String,
    reason: Option<String>,
}

impl Ended {
    fn colour(&self) -> &'static str {
        match self.outcome.as_str() {
            "applied" => "good",
            "ignored" | "parked" => "warn",
            _ => "",
        }
    }
}

/// An entry, as far as somebody sees it who only wants to know that requests arrive.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    pub(super) at: When,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) detail: Option<String>,
    status: Option<u16>,
}

impl Seen {
    /// The answer, and how that is coloured.
    pub(super) fn answer(&self) -> (String, &'static str) {
        answer(self.status)
    }
}

/// An answer, and how that is coloured.
fn answer(status: Option<u16>) -> (String, &'static str) {
    match status {
        None => ("no answer: the client went away".to_owned(), "warn"),
        Some(s @ 400..) => (s.to_string(), "bad"),
        Some(s) => (s.to_string(), "good"),
    }
}

/// An entry.
#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    at: When,
    request: Option<String>,
    method: String,
    path: String,
    query: Option<String>,
    status: Option<u16>,
    scim_type: Option<String>,
    detail: Option<String>,
    resource: Option<String>,
    resource_id: Option<String>,
    outcomes: Vec<Ended>,
    changed: Vec<String>,
    took_us: u64,
    user_agent: Option<String>,
    replay_of: Option<String>,
    lost: u64,
    kept: String,
}

impl Entry {
    /// The answer, and how that is coloured.
    fn answer(&self) -> (String, &'static str) {
        answer(self.status)
    }
    /// What became of it, each once.
    fn outcomes(&self) -> Vec<(&str, &'static str)> {
        let mut all: Vec<(&str, &'static str)> = Vec::new();
        for o in &self.outcomes {
            if !all.iter().any(|a| a.0 == o.outcome) {
                all.push((&o.outcome, o.colour()));
            }
        }
        all
    }
    /// When it came, to the second.
    fn second(&self) -> String {
        self.at.exact.get(..19).unwrap_or(&self.at.exact).replace('T', " ")
    }
    /// How long it took.
    fn took(&self) -> String {
        match self.took_us {
            0..1000 => format!("{} µs", self.took_us),
            us => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        }
    }
    /// Where it was sent.
    fn address(&self) -> String {
        match &self.query {
            Some(q) if !q.is_empty() => format!("{}?{q}", self.path),
            _ => self.path.clone(),
        }
    }
    fn lost(&self) -> String {
        text::count(self.lost, "entry is missing", "entries are missing")
    }
    /// What of the bodies is kept, in a sentence.
    fn kept(&self) -> &'static str {
        match self.kept.as_str() {
            "full" => "Kept as it was, without secrets.",
            "redacted" => "Kept without what it said of a person.",
            "off" => "Nothing is kept of bodies, by the settings of this directory.",
            "large" => "Not kept: it was larger than 64 KiB.",
            "unreadable" => "Not kept: it was no JSON, and what cannot be read cannot be cleaned.",
            _ => "There was no body.",
        }
    }
    /// Why it cannot be done once more, whatever is set.
    fn never(&self) -> Option<&'static str> {
        match self.kept.as_str() {
            "large" => Some(
                "This request cannot be done again: a body of more than 64 KiB is kept by no setting.",
            ),
            "unreadable" => Some(
                "This request cannot be done again: its body was no JSON, so that it was not kept. It was refused anyway.",
            ),
            _ => None,
        }
    }
    /// What else became of it.
    fn trail(&self, shell: &Shell) -> Option<String> {
        let kind = match self.resource.as_deref()? {
            "User" => "user",
            "Group" => "group",
            _ => return None,
        };
        let id = self.resource_id.as_ref()?;
        Some(format!("{}/audit?target={kind}%3A{id}", shell.base()))
    }
    /// Where to look for the person or group that it is about.
    fn about(&self, shell: &Shell) -> Option<String> {
        let id = self.resource_id.as_ref()?;
        match self.resource.as_deref()? {
            "User" => Some(format!("{}/users/{id}", shell.base())),
            "Group" => Some(format!("{}/groups/{id}", shell.base())),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "provisioning_log.html")]
struct List {
    shell: Shell,
    at: &'static str,
    d: Directory,
    entries: Vec<Entry>,
    first: Option<String>,
    next: Option<String>,
    words: Form,
}

const FILTERS: [&str; 9] = [
    "status",
    "method",
    "resource",
    "user_name",
    "external_id",
    "request",
    "id",
    "ignored",
    "changes",
];

impl List {
    fn filtered(&self) -> bool {
        let dates = ["since", "until"];
        FILTERS.iter().chain(&dates).any(|n| !self.words.get(n).is_empty())
    }
    /// Whether a filter that is seldom wanted is set.
    fn more(&self) -> bool {
        ["external_id", "request", "id", "since", "until"]
            .iter()
            .any(|n| !self.words.get(n).is_empty())
    }
    fn word(&self, name: &str) -> &str {
        self.words.get(name)
    }
}

async fn list(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Provisioning log").await?;
    let since = moment(ask.word("since"), None).unwrap_or_default();
    let until = moment(ask.word("until"), None).unwrap_or_default();
    let mut names = FILTERS.to_vec();
    names.push("cursor");
    let query = ask.pass(&names, &[("limit", "50"), ("since", &since), ("until", &until)]);
    let words = ask.words().clone();
    let found: Result<Page<Entry>, Problem> =
        ask.get(&api(&shell, &id, &format!("/log{query}"))).await;
    let (found, problem) = match found {
        Ok(found) => (found, None),
        Err(p) => (Page { items: Vec::new(), next: None }, Some(mend(p)?)),
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    shown(status, &List { shell, at: "log", d, entries: found.items, first, next, words })
}

/// An entry with what is kept of its bodies.
#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(flatten)]
    entry: Entry,
    headers: Value,
    body: Value,
    answer: Value,
}

/// A document, for people.
fn written(v: &Value) -> Option<String> {
    match v {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        v => serde_json::to_string_pretty(v).ok(),
    }
}

impl Whole {
    fn body(&self) -> Option<String> {
        written(&self.body)
    }
    fn answer(&self) -> Option<String> {
        written(&self.answer)
    }
    fn headers(&self) -> Vec<(String, String)> {
        let all = self.headers.as_object().into_iter().flatten();
        all.map(|(n, v)| (n.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect()
    }
}

/// A difference.
#[derive(Debug, Deserialize)]
struct Difference {
    at: String,
    before: Value,
    after: Value,
}

impl Difference {
    fn before(&self) -> Option<String> {
        written(&self.before)
    }
    fn after(&self) -> Option<String> {
        written(&self.after)
    }
}

/// What it came to, done once more.
#[derive(Debug, Deserialize)]
struct Replay {
    status: u16,
    scim_type: Option<String>,
    detail: Option<String>,
    outcomes: Vec<Ended>,
    diff: Vec<Difference>,
}

impl Replay {
    fn refused(&self) -> bool {
        self.status >= 400
    }
}

#[derive(Template)]
#[template(path = "provisioning_entry.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    e: Whole,
    told: Option<Replay>,
}

type Its = Path<(String, String, String)>;

async fn begun(ask: &Ask, (t, id, entry): &(String, String, String)) -> Result<Show, Trouble> {
    let (shell, d) = opened(ask, t, id, "A request").await?;
    let path = api(&shell, id, &format!("/log/{}", text::escape(entry)));
    let e: Whole = ask.get(&path).await?;
    let log = format!("{}/log", d.at(&shell));
    let shell = shell.crumb("Provisioning log", log);
    let title = format!("{} {}", e.entry.method, e.entry.path);
    let shell = if e.entry.method.is_empty() { shell } else { shell.titled(title) };
    Ok(Show { shell, at: "log", d, e, told: None })
}

async fn show(ask: Ask, Path(its): Its) -> Answer {
    page(&begun(&ask, &its).await?)
}

async fn to_entry(Path((t, d, e)): Its) -> Answer {
    let [t, d, e] = [t, d, e].map(|part| text::escape(&part));
    on(&format!("/admin/in/{t}/directories/{d}/log/{e}"), "")
}

async fn replay(ask: Ask, Path(its): Its, form: Form) -> Answer {
    let mut show = begun(&ask, &its).await?;
    let apply = form.get("apply") == "true";
    let path = api(&show.shell, &its.1, &format!("/log/{}/replay", text::escape(&its.2)));
    let sent = Sent::json(json!({ "apply": apply })).key(form.key());
    match ask.call::<Replay>(Method::POST, &path, sent).await {
        Ok(told) if apply && !told.refused() => {
            on(&format!("{}/log", show.d.at(&show.shell)), "replayed")
        }
        Ok(told) => {
            show.told = Some(told);
            page(&show)
        }
        Err(p) => {
            let p = pressed(p)?;
            let status = p.http();
            show.shell = show.shell.problem(Some(p));
            shown(status, &show)
        }
    }
}
