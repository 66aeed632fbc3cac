//! Roles for a while: who asked for one, and who may.

mod eligible;

use super::roles::kit::{Scope, called};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    let t = "/admin/in/{tenant}/elevation";
    Router::new()
        .route(t, get(requests))
        .route(&format!("{t}/eligible"), get(eligible::list))
        .route(&format!("{t}/eligible/add"), get(eligible::add).post(eligible::make))
        .route(
            &format!("{t}/eligible/{{eligibility}}/withdraw"),
            get(eligible::ask).post(eligible::withdraw),
        )
}

/// `45 minutes`, `1 hour 30 minutes`, `4 hours`, `31 days`; from two days on to the day.
pub(super) fn lasting(minutes: i64) -> String {
    let minutes = u64::try_from(minutes).unwrap_or_default();
    let hours = || text::count(minutes / 60, "hour", "hours");
    let rest = || text::count(minutes % 60, "minute", "minutes");
    match minutes {
        m if m >= 2880 || m == 1440 => text::count((m + 720) / 1440, "day", "days"),
        m if m >= 60 && m % 60 == 0 => hours(),
        m if m >= 60 => format!("{} {}", hours(), rest()),
        _ => rest(),
    }
}

/// A request for a role.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) id: String,
    state: String,
    user: String,
    home: String,
    pub(super) user_name: String,
    role: String,
    pub(super) role_name: String,
    pub(super) scope: Scope,
    minutes: i64,
    pub(super) reason: String,
    pub(super) asked_at: When,
    pub(super) expires_at: When,
    decided_at: Option<When>,
    decided_by: Option<String>,
    #[serde(default)]
    decided_by_name: Option<String>,
    decided_reason: Option<String>,
    ends_at: Option<When>,
}

impl Request {
    /// Whether somebody has to decide.
    pub(super) fn open(&self) -> bool {
        self.state == "open"
    }
    /// Whether whoever sits there asked for it: somebody else decides.
    pub(super) fn own(&self, shell: &Shell) -> bool {
        self.user == shell.me.user
    }
    /// For how long it was asked.
    pub(super) fn lasting(&self) -> String {
        lasting(self.minutes)
    }
    /// How it stands, and how that is coloured.
    fn state(&self) -> (&'static str, &'static str) {
        match self.state.as_str() {
            "open" => ("waits", "warn"),
            "running" => ("held now", "good"),
            "ended" => ("over", ""),
            "refused" => ("refused", "bad"),
            "expired" => ("nobody decided", ""),
            "cancelled" => ("taken back", ""),
            "withdrawn" => ("withdrawn", ""),
            _ => ("unknown", ""),
        }
    }
    /// Who decided.
    fn by(&self) -> Option<String> {
        let by = self.decided_by.as_deref()?;
        Some(called(self.decided_by_name.as_ref(), by))
    }
    /// Whether the person is of another tenant than the page's.
    fn foreign(&self, shell: &Shell) -> bool {
        shell.me.place().is_none_or(|p| p.tenant != self.home)
    }
}

#[derive(Template)]
#[template(path = "elevation.html")]
struct List {
    shell: Shell,
    requests: Vec<Request>,
    first: Option<String>,
    next: Option<String>,
}

async fn requests(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Elevation, "Roles for a while").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Request> = ask.get(&shell.api(&format!("/elevations{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, requests: found.items, first, next })
}
