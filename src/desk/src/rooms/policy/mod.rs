//! What a company demands of those who sign in to act there, and how long sessions last: what is in force and where it
//! comes from, and the forms that change it, a part at a time.

mod change;
mod sure;
mod view;

use self::view::{Limits, Row, View};
use super::kit::{self, if_any};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, Trouble, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;
use serde_json::Value;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/policy", get(policy))
        .route("/admin/in/{tenant}/policy/mfa", get(kit::above::<1>).post(change::mfa))
        .route("/admin/in/{tenant}/policy/apps", get(kit::above::<1>).post(change::apps))
        .route(
            "/admin/in/{tenant}/policy/permissions",
            get(kit::above::<1>).post(change::permissions),
        )
        .route("/admin/in/{tenant}/policy/lasting", get(kit::above::<1>).post(change::lasting))
}

/// A role, as far as policies go.
#[derive(Debug, Deserialize)]
struct Role {
    id: String,
    name: String,
    #[serde(default)]
    demands_mfa: bool,
}

/// An application, as far as policies go.
#[derive(Debug, Deserialize)]
struct App {
    client_id: String,
    name: String,
}

/// What a password has to be, as the installation is set up.
#[derive(Debug, Deserialize)]
struct Passwords {
    length: u64,
    length_with_second_factor: u64,
    strength: u64,
    failures: u64,
    lockout_seconds: u64,
}

impl Passwords {
    /// Of one that is refused, in how many tries it would be guessed, as zxcvbn counts.
    fn guessed(&self) -> Option<&'static str> {
        match self.strength {
            0 => None,
            1 => Some("a thousand"),
            2 => Some("a million"),
            3 => Some("a hundred million"),
            _ => Some("ten thousand million"),
        }
    }
    fn waits(&self) -> String {
        match self.lockout_seconds {
            s if s % 60 == 0 && s >= 120 => format!("{} minutes", s / 60),
            s => format!("{s} seconds"),
        }
    }
}

#[derive(Deserialize)]
struct System {
    limits: Limits,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct Shown {
    shell: Shell,
    view: View,
    form: Form,
    /// Of the policy that the form was made from.
    version: String,
    passwords: Option<Passwords>,
}

/// How strong a proof can be asked for.
const LEVELS: [(&str, &str); 3] = [
    ("mfa", "a second factor, proved by the login itself"),
    ("attested", "a second factor; an administrator's word about the directory suffices"),
    ("phr", "a second factor that cannot be phished (passkey, security key)"),
];

/// The same, and nothing.
const CLASSES: [(&str, &str); 4] = [
    ("none", "nothing beside the sign-in"),
    ("attested", "a second factor, attested"),
    ("mfa", "a second factor, proved"),
    ("phr", "a second factor that cannot be phished"),
];

const DEFAULTS: [(&str, &str); 3] = [
    ("by_role", "Where a role could harm"),
    ("always", "Of everybody"),
    ("never", "Of nobody; the directory alone decides"),
];

impl Shown {
    fn may(&self) -> bool {
        self.shell.may("system.edit_settings")
    }
    fn get(&self, part: &str, row: &Row, field: &str) -> &str {
        self.form.get(&view::field(part, row, field))
    }
    fn wrong(&self, part: &str, row: &Row) -> Option<String> {
        self.shell.wrong(&view::field(part, row, "max_age"))
    }
    fn of(&self, name: &str) -> &str {
        self.form.get(name)
    }
    /// What is chosen for a role.
    fn chosen(&self, role: &str) -> &str {
        self.form.get(&format!("mfa.roles.{role}"))
    }
    fn is(&self, name: impl AsRef<str>, value: impl AsRef<str>) -> bool {
        self.form.get(name.as_ref()) == value.as_ref()
    }
    fn dropped(&self, key: impl AsRef<str>) -> bool {
        self.form.pairs().any(|(n, v)| n == "drop" && v == key.as_ref())
    }
    /// The name of a field of what is added.
    fn added(part: &str, field: &str) -> String {
        format!("{part}.new{field}")
    }
}

/// The page; `typed` is what did not go through.
async fn showing(ask: &Ask, t: &str, typed: Option<&Form>, problem: Option<Problem>) -> Answer {
    let shell = ask.shell(t, Section::Policy, "Policies").await?;
    let (policy, version) = ask.versioned::<Value>(&shell.api("/policy")).await?;
    let view = view(ask, &shell, &policy).await?;
    let was = view.fields();
    let was = was.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    // The first of a name counts.
    let form = match typed {
        Some(form) => kit::filled(form.pairs().chain(was)),
        None => kit::filled(was),
    };
    // What was typed goes with what its writer saw: all of the other parts as well.
    let version = typed.map_or(version, |f| f.get("version").to_owned());
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let passwords = if_any(ask, "/password-rules").await?;
    shown(status, &Shown { shell: shell.problem(problem), view, form, version, passwords })
}

/// The tenant's roles, for whoever may see them.
async fn roles(ask: &Ask, shell: &Shell) -> Result<Vec<Role>, Trouble> {
    if !shell.may("users.manage_roles") {
        return Ok(Vec::new());
    }
    let found: Option<Page<Role>> = if_any(ask, &shell.api("/roles?limit=200")).await?;
    Ok(found.map(|p| p.items).unwrap_or_default())
}

async fn view(ask: &Ask, shell: &Shell, policy: &Value) -> Result<View, Trouble> {
    let roles = roles(ask, shell).await?;
    let apps: Option<Page<App>> = if_any(ask, &shell.api("/apps?limit=200")).await?;
    let categories = super::apps::client::catalogue(ask).await?;
    let system: Option<System> = if shell.global() { if_any(ask, "/system").await? } else { None };
    let apps = apps.map(|p| p.items).unwrap_or_default();
    let limits = system.as_ref().map(|s| &s.limits);
    Ok(View::new(policy, &roles, &apps, &categories, limits))
}

async fn policy(ask: Ask, Path(t): Path<String>) -> Answer {
    showing(&ask, &t, None, None).await
}
