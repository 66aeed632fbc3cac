//! Roles for a while, in a tenant and on the whole instance: who asked for one, and who may.

mod decide;
mod eligible;

use super::roles::kit::{Place, Scope, called};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, Trouble, page},
    nav::Section,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    let t = "/admin/in/{tenant}/elevation";
    let i = "/admin/system/elevation";
    Router::new()
        .route(t, get(requests))
        .route(i, get(requests_everywhere))
        // What is asked for in a tenant is decided at an address that letters know: `/elevations/{elevation}`.
        .route(&format!("{i}/{{elevation}}"), get(decide::ask).post(decide::go))
        .route(&format!("{t}/eligible"), get(eligible::list))
        .route(&format!("{t}/eligible/add"), get(eligible::add).post(eligible::make))
        .route(
            &format!("{t}/eligible/{{eligibility}}/withdraw"),
            get(eligible::ask).post(eligible::withdraw),
        )
        .route(&format!("{i}/eligible"), get(eligible::list_everywhere))
        .route(
            &format!("{i}/eligible/add"),
            get(eligible::add_everywhere).post(eligible::make_everywhere),
        )
        .route(
            &format!("{i}/eligible/{{eligibility}}/withdraw"),
            get(eligible::ask_everywhere).post(eligible::withdraw_everywhere),
        )
}

/// The sections of the pages: a tenant's, the instance's.
const AT: (Section, Section) = (Section::Elevation, Section::InstanceElevation);

/// The frame of a page of a tenant, or of the whole instance where none is said; what lies above it is the crumb.
async fn frame(ask: &Ask, tenant: Option<&str>, title: &str) -> Result<(Shell, Place), Trouble> {
    let (shell, place) = Place::shell(ask, tenant, AT, title).await?;
    let shell = if place.wide { shell.crumb("System", "/admin/system") } else { shell };
    Ok((shell, place.of_system()))
}

/// What the lists are called.
fn title(tenant: Option<&str>) -> &'static str {
    if tenant.is_some() { "Roles for a while" } else { "Roles on the whole instance, for a while" }
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
    place: Place,
    requests: Vec<Request>,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    /// Where a request is decided.
    fn decides(&self, r: &Request) -> String {
        if self.place.wide {
            self.place.to(&format!("/elevation/{}", r.id))
        } else {
            format!("/elevations/{}", r.id)
        }
    }
}

async fn requests(ask: Ask, Path(t): Path<String>) -> Answer {
    listed(ask, Some(&t)).await
}

async fn requests_everywhere(ask: Ask) -> Answer {
    listed(ask, None).await
}

async fn listed(ask: Ask, tenant: Option<&str>) -> Answer {
    let (shell, place) = frame(&ask, tenant, title(tenant)).await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Request> = ask.get(&place.api(&format!("/elevations{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, place, requests: found.items, first, next })
}
