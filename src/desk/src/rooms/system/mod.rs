//! The installation: what it is, whether its letters arrive, its signing keys, whose domains are whose, and the accounts
//! for emergencies.

mod domains;
mod emergency;
mod keys;

use self::{emergency::Account, keys::Key};
use super::kit::{self, if_any};
use crate::{
    Desk,
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, http::Method, routing::get};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/system", get(system))
        .route("/admin/system/mail", get(kit::above::<1>).post(mail))
        .route("/admin/system/keys/rotate", get(keys::rotate_page).post(keys::rotate))
        .route("/admin/system/domains", get(domains::list).post(domains::add))
        .route(
            "/admin/system/domains/{domain}/remove",
            get(domains::remove_page).post(domains::remove),
        )
        .route(
            "/admin/system/break-glass/{user}/arm",
            get(emergency::arm_page).post(emergency::arm),
        )
}

/// The frame of a page of the installation: for Global Administrators.
async fn frame(ask: &Ask, title: &str) -> Result<Shell, Trouble> {
    let shell = ask.instance(Section::System, title).await?;
    if shell.global() { Ok(shell) } else { Err(Problem::nothing().into()) }
}

/// What it is.
#[derive(Debug, Deserialize)]
struct Facts {
    #[serde(default)]
    brand: String,
    public_url: String,
    version: String,
    database: String,
    mail: Mail,
    #[serde(default)]
    limits: serde_json::Map<String, serde_json::Value>,
    started_at: When,
    uptime_seconds: i64,
}

#[derive(Debug, Deserialize)]
struct Mail {
    configured: bool,
    from: Option<String>,
}

impl Facts {
    fn database(&self) -> &str {
        match self.database.as_str() {
            "sqlite" => "SQLite, embedded",
            "postgres" => "PostgreSQL",
            other => other,
        }
    }
    fn up(&self) -> String {
        let s = self.uptime_seconds;
        let unit = [86_400, 3600, 60].into_iter().find(|u| s >= *u).unwrap_or(1);
        kit::lasting(s / unit * unit)
    }
    /// The limits, each with its name for people.
    fn limits(&self) -> Vec<(String, String)> {
        let place = |name: &str| LABELS.iter().position(|l| l.0 == name).unwrap_or(LABELS.len());
        let mut all: Vec<_> = self.limits.iter().collect();
        all.sort_by_key(|(name, _)| place(name));
        all.into_iter().map(|(name, v)| limit(name, v.as_i64().unwrap_or_default())).collect()
    }
}

/// The limits, in the order in which they are told.
const LABELS: [(&str, &str); 14] = [
    ("body_bytes", "A request's body"),
    ("scim_body_bytes", "A provisioning request's body"),
    ("connections", "Connections at once"),
    ("tries_per_minute", "Guesses by one address in a minute"),
    ("signins_per_minute", "Sign-ins begun by one address in a minute"),
    ("letters_per_tenant", "Letters of invitation for one tenant in a day"),
    ("letters_per_inviter", "Letters of invitation by one person in a day"),
    ("session_idle_seconds", "A session, without use"),
    ("session_max_seconds", "A session, in all"),
    ("refresh_idle_seconds", "Refresh tokens, without use"),
    ("refresh_max_seconds", "Refresh tokens, in all"),
    ("invitation_seconds", "An invitation can be accepted for"),
    ("elevation_longest_seconds", "A role for a while, at most"),
    ("signins_kept_seconds", "Records of sign-ins are kept for"),
];

/// A limit, in words.
fn limit(name: &str, n: i64) -> (String, String) {
    let label = LABELS.iter().find(|l| l.0 == name).map_or(name, |l| l.1);
    let many = text::thousands(n.unsigned_abs());
    let value = match name {
        "signins_kept_seconds" if n == 0 => "ever".to_owned(),
        "letters_per_tenant" | "letters_per_inviter" if n == 0 => "without a limit".to_owned(),
        _ if name.ends_with("_seconds") => kit::lasting(n),
        _ if name.ends_with("_bytes") => {
            format!("{} KiB", text::thousands(n.unsigned_abs() / 1024))
        }
        _ => many,
    };
    (label.to_owned(), value)
}

/// What became of a test letter.
#[derive(Debug, Deserialize)]
struct Tested {
    to: String,
    accepted: bool,
    answer: String,
    #[serde(default)]
    next: Option<String>,
}

impl Tested {
    fn says(&self) -> String {
        text::sentence(&self.answer)
    }
}

#[derive(Template)]
#[template(path = "system.html")]
struct System {
    shell: Shell,
    facts: Option<Facts>,
    keys: Vec<Key>,
    accounts: Vec<Account>,
    tested: Option<Tested>,
    /// What was typed.
    to: String,
}

#[derive(Deserialize)]
struct Accounts {
    items: Vec<Account>,
}

async fn showing(
    ask: &Ask,
    tested: Option<Tested>,
    (to, problem): (&str, Option<Problem>),
) -> Answer {
    let shell = frame(ask, "System").await?;
    let facts = if_any(ask, "/system").await?;
    let keys: Page<Key> = ask.get("/keys").await?;
    let accounts: Accounts = ask.get("/break-glass").await?;
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let (shell, to) = (shell.problem(problem), to.to_owned());
    shown(status, &System { shell, facts, keys: keys.items, accounts: accounts.items, tested, to })
}

async fn system(ask: Ask) -> Answer {
    showing(&ask, None, ("", None)).await
}

#[derive(Deserialize)]
struct Finding {
    name: String,
    status: String,
    what: String,
    #[serde(default)]
    mend: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    checks: Vec<Finding>,
}

/// Sends a letter now; the answer of the mail server is the page.
async fn mail(ask: Ask, form: Form) -> Answer {
    let to = form.get("to");
    let sent = Sent::json(json!({ "to": form.some("to") })).key(form.key());
    match ask.call::<Tested>(Method::POST, "/mail/test", sent).await {
        Ok(tested) => showing(&ask, Some(tested), (to, None)).await,
        // An older server sends it with its checks.
        Err(p) if p.status == 404 && !to.is_empty() => {
            let told: Told = ask.post("/doctor", json!({ "send_test_mail": to })).await?;
            let found = told.checks.into_iter().find(|f| f.name == "test-mail");
            let tested = found.map(|f| Tested {
                to: to.to_owned(),
                accepted: f.status == "ok",
                answer: f.what,
                next: f.mend,
            });
            showing(&ask, tested, (to, None)).await
        }
        Err(p) if p.status == 404 => {
            let missing = Problem::typed("to", "type an address");
            showing(&ask, None, (to, Some(missing))).await
        }
        Err(p) if p.mendable() => showing(&ask, None, (to, Some(p))).await,
        Err(p) => Err(p.into()),
    }
}
