//! Who may ask for which role: the list, letting somebody, taking that back.

use super::{
    super::roles::kit::{self, Pick, Place, Roles, Scope, Where, called, mend, moment},
    frame, lasting, title,
};
use crate::{
    api::{Done, Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Eligibility {
    id: String,
    user: String,
    home: String,
    user_name: String,
    role: String,
    role_name: String,
    scope: Scope,
    max_minutes: i64,
    reason: Option<String>,
    granted_by: String,
    #[serde(default)]
    granted_by_name: Option<String>,
    valid_to: Option<When>,
    created_at: When,
}

impl Eligibility {
    fn by(&self) -> String {
        called(self.granted_by_name.as_ref(), &self.granted_by)
    }
    fn lasting(&self) -> String {
        lasting(self.max_minutes)
    }
    fn foreign(&self, shell: &Shell) -> bool {
        shell.me.place().is_none_or(|p| p.tenant != self.home)
    }
}

#[derive(Template)]
#[template(path = "eligible.html")]
struct List {
    shell: Shell,
    place: Place,
    all: Vec<Eligibility>,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    listed(ask, Some(&t)).await
}

pub(super) async fn list_everywhere(ask: Ask) -> Answer {
    listed(ask, None).await
}

async fn listed(ask: Ask, tenant: Option<&str>) -> Answer {
    let (shell, place) = frame(&ask, tenant, title(tenant)).await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Eligibility> = ask.get(&place.api(&format!("/eligibilities{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, place, all: found.items, first, next })
}

/// Where the list is.
fn up(place: &Place) -> String {
    place.to("/elevation/eligible")
}

async fn under(ask: &Ask, tenant: Option<&str>, title: &str) -> Result<(Shell, Place), Trouble> {
    let (shell, place) = frame(ask, tenant, title).await?;
    Ok((shell.crumb("Who may ask", up(&place)), place))
}

#[derive(Template)]
#[template(path = "eligible_form.html")]
struct Make {
    shell: Shell,
    place: Place,
    to: String,
    pick: Pick,
    roles: Roles,
    role: String,
    wide: Where,
    most: String,
    unit: String,
    until: String,
    reason: String,
}

async fn form(
    ask: &Ask,
    (shell, place): (Shell, Place),
    typed: &Form,
    problem: Option<Problem>,
) -> Answer {
    let mut pick = Pick::of(typed);
    if let Some(id) = typed.some("user").filter(|u| u.len() == 36 && pick.chosen.is_empty()) {
        id.clone_into(&mut pick.chosen);
        pick.typed = String::new();
    }
    if place.wide {
        if pick.home.is_empty() {
            pick.home.clone_from(&shell.me.tenant);
        }
    } else {
        pick = pick.homes(ask, &shell).await?;
    }
    let missed = problem.as_ref().is_some_and(|p| p.is_at("user"));
    if missed || !pick.chosen.is_empty() {
        pick = pick.look(ask, &shell).await?;
    }
    let problem = pick.told(problem);
    let roles = Roles::there(ask, &shell, &place, "Choose a role").await?;
    let wide =
        if place.wide { Where::default() } else { Where::of(ask, &shell, typed, false).await? };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    let word = |n: &str, none: &str| typed.some(n).unwrap_or(none).to_owned();
    shown(
        status,
        &Make {
            role: word("role", ""),
            most: word("max_minutes", "4"),
            unit: word("unit", "60"),
            until: word("valid_to", ""),
            reason: word("reason", ""),
            shell,
            to: up(&place),
            place,
            pick,
            roles,
            wide,
        },
    )
}

const MAKE: &str = "Let somebody ask for a role";
const TAKE_BACK: &str = "Take back that they may ask";

pub(super) async fn add(ask: Ask, Path(t): Path<String>) -> Answer {
    let frame = under(&ask, Some(&t), MAKE).await?;
    form(&ask, frame, ask.words(), None).await
}

pub(super) async fn add_everywhere(ask: Ask) -> Answer {
    let frame = under(&ask, None, MAKE).await?;
    form(&ask, frame, ask.words(), None).await
}

/// What is sent, or what is wrong with it before the API is asked.
fn wanted(typed: &Form, home: Option<&str>) -> Result<serde_json::Value, Problem> {
    let pick = Pick::of(typed);
    if pick.who().is_empty() {
        return Err(Problem::typed("user", "say who"));
    }
    let unit = typed.number("unit")?.unwrap_or(60);
    let most = typed.number("max_minutes")?;
    let most = most.ok_or_else(|| Problem::typed("max_minutes", "say for how long at most"))?;
    Ok(json!({
        "user": pick.who(), "home": pick.home().or(home), "role": typed.get("role"),
        "scope": Where::wanted(typed)?, "max_minutes": most.saturating_mul(unit),
        "reason": typed.some("reason"), "valid_to": moment(typed.some("valid_to")),
    }))
}

pub(super) async fn make(ask: Ask, Path(t): Path<String>, typed: Form) -> Answer {
    made(ask, Some(&t), typed).await
}

pub(super) async fn make_everywhere(ask: Ask, typed: Form) -> Answer {
    made(ask, None, typed).await
}

async fn made(ask: Ask, tenant: Option<&str>, typed: Form) -> Answer {
    let (shell, place) = under(&ask, tenant, MAKE).await?;
    // On the whole instance nobody is of the page's tenant: it has none.
    let home = place.wide.then_some(shell.me.tenant.as_str());
    let body = match wanted(&typed, home) {
        Ok(body) => body,
        Err(p) => return form(&ask, (shell, place), &typed, Some(p)).await,
    };
    let sent = Sent::json(body).key(typed.key());
    match ask.call::<Done>(Method::POST, &place.api("/eligibilities"), sent).await {
        Ok(_) => on(&up(&place), "made"),
        Err(p) => form(&ask, (shell, place), &typed, Some(mend(p)?)).await,
    }
}

#[derive(Template)]
#[template(path = "eligible_withdraw.html")]
struct Withdraw {
    shell: Shell,
    to: String,
    e: Eligibility,
}

async fn told(
    ask: &Ask,
    (shell, place): (Shell, Place),
    id: &str,
    problem: Option<Problem>,
) -> Answer {
    let list = place.api("/eligibilities");
    let e = kit::one_of(ask, &list, |e: &Eligibility| e.id == id).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    shown(status, &Withdraw { shell: shell.problem(problem), to: up(&place), e })
}

async fn withdrawn(ask: Ask, tenant: Option<&str>, id: &str) -> Answer {
    let (shell, place) = under(&ask, tenant, TAKE_BACK).await?;
    let at = place.api(&format!("/eligibilities/{}", text::escape(id)));
    match ask.delete(&at).await {
        Ok(()) => on(&up(&place), "revoked"),
        Err(p) => told(&ask, (shell, place), id, Some(mend(p)?)).await,
    }
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = under(&ask, Some(&t), TAKE_BACK).await?;
    told(&ask, frame, &id, None).await
}

pub(super) async fn ask_everywhere(ask: Ask, Path(id): Path<String>) -> Answer {
    let frame = under(&ask, None, TAKE_BACK).await?;
    told(&ask, frame, &id, None).await
}

pub(super) async fn withdraw(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    withdrawn(ask, Some(&t), &id).await
}

pub(super) async fn withdraw_everywhere(ask: Ask, Path(id): Path<String>) -> Answer {
    withdrawn(ask, None, &id).await
}
