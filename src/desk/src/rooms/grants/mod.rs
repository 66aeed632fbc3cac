//! Roles given by hand, in a tenant and on the whole instance: the list, giving one, taking one away, and what is left of
//! those whose last holder a directory took away.

mod add;
mod holds;
mod remove;

use super::{
    kit::in_days,
    roles::kit::{self, Pick, Place, Roles, Scope, called},
};
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

/// The sections of the pages: a tenant's, the instance's.
const AT: (Section, Section) = (Section::Grants, Section::InstanceGrants);

pub(super) fn routes() -> Router<Desk> {
    let t = "/admin/in/{tenant}/assignments";
    let i = "/admin/instance/assignments";
    Router::new()
        .route(t, get(list))
        .route(i, get(list_everywhere))
        .route(&format!("{t}/add"), get(add::ask).post(add::go))
        .route(&format!("{i}/add"), get(add::ask_everywhere).post(add::go_everywhere))
        .route(&format!("{t}/{{grant}}/remove"), get(remove::ask).post(remove::go))
        .route(
            &format!("{i}/{{grant}}/remove"),
            get(remove::ask_everywhere).post(remove::go_everywhere),
        )
        .route(&format!("{t}/holds"), get(holds::list))
        .route(&format!("{i}/holds"), get(holds::list_everywhere))
        .route(&format!("{t}/holds/{{hold}}"), get(holds::ask).post(holds::go))
        .route(
            &format!("{i}/holds/{{hold}}"),
            get(holds::ask_everywhere).post(holds::go_everywhere),
        )
}

/// A role given to somebody.
#[derive(Debug, Deserialize)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) home: String,
    pub(super) user_name: String,
    pub(super) role: String,
    role_name: Option<String>,
    pub(super) scope: Scope,
    source: String,
    pub(super) reason: Option<String>,
    granted_by: String,
    #[serde(default)]
    granted_by_name: Option<String>,
    pub(super) valid_from: When,
    pub(super) valid_to: Option<When>,
    pub(super) created_at: When,
}

impl Grant {
    /// What the role is called.
    pub(super) fn role(&self) -> &str {
        self.role_name.as_deref().unwrap_or("a role that is gone")
    }
    /// Where it came from.
    pub(super) fn source(&self) -> &str {
        source(&self.source)
    }
    /// Who gave it.
    pub(super) fn by(&self) -> String {
        called(self.granted_by_name.as_ref(), &self.granted_by)
    }
    /// Whether the person is of another tenant than the page's.
    pub(super) fn foreign(&self, shell: &Shell) -> bool {
        shell.me.place().is_none_or(|p| p.tenant != self.home)
    }
    /// Whether it begins later than it was given.
    fn later(&self) -> bool {
        self.valid_from.shown > self.created_at.shown
    }
    /// Whether its end has come: it gives nothing any more, and stays for whoever asks what was.
    fn over(&self) -> bool {
        self.valid_to.as_ref().is_some_and(|to| to.exact <= in_days(0))
    }
}

/// Where a grant came from, in words.
pub(super) fn source(word: &str) -> &str {
    match word {
        "manual" => "by hand",
        "invitation" => "invitation",
        "elevation" => "for a while, on request",
        "bootstrap" => "first administrator",
        "break_glass" => "for emergencies",
        "hold" => "kept: last administrator",
        w => w,
    }
}

#[derive(Template)]
#[template(path = "assignments.html")]
struct List {
    shell: Shell,
    place: Place,
    grants: Vec<Grant>,
    roles: Roles,
    role: String,
    pick: Pick,
    /// Whom the list is of.
    user: Option<String>,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn filtered(&self) -> bool {
        !(self.role.is_empty() && self.pick.typed.is_empty() && self.user.is_none())
    }
    /// What somebody is called whom the list is of.
    fn of(&self) -> &str {
        let all = &self.pick.found;
        let one = all.iter().find(|p| Some(&p.id) == self.user.as_ref());
        one.map_or("", |p| p.name())
    }
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    listed(ask, Some(&t)).await
}

async fn list_everywhere(ask: Ask) -> Answer {
    listed(ask, None).await
}

async fn listed(ask: Ask, tenant: Option<&str>) -> Answer {
    let title = if tenant.is_some() { "Assignments" } else { "Roles on the whole instance" };
    let (shell, place) = Place::shell(&ask, tenant, AT, title).await?;
    let roles = Roles::there(&ask, &shell, &place, "All roles").await?;
    let pick = Pick { typed: ask.word("who").to_owned(), ..Pick::default() };
    let pick = Pick { chosen: ask.word("user").to_owned(), ..pick };
    let (user, pick) = if place.wide {
        let user = Some(pick.chosen.clone()).filter(|c| !c.is_empty());
        (user, pick)
    } else {
        let pick =
            if pick.chosen.is_empty() { pick } else { Pick { typed: String::new(), ..pick } };
        pick.settle(&ask, &shell).await?
    };
    // Nobody, or several, whom it fits: the page says so, and lists nobody's.
    let grants = if user.is_none() && !pick.typed.is_empty() {
        Page { items: Vec::new(), next: None }
    } else {
        let user = user.clone().unwrap_or_default();
        let more = [("user", user.as_str()), ("limit", "50")];
        let query = ask.pass(&["role", "cursor"], &more);
        ask.get::<Page<Grant>>(&place.api(&format!("/grants{query}"))).await?
    };
    page(&List {
        role: ask.word("role").to_owned(),
        user,
        pick,
        place,
        roles,
        grants: grants.items,
        first: ask.first(),
        next: ask.after(grants.next.as_ref()),
        shell,
    })
}

/// A grant, or a hold, of the path.
async fn one(ask: &Ask, place: &Place, list: &str, id: &str) -> Result<Grant, Trouble> {
    let query = text::query([("user", ask.word("user"))]);
    let list = place.api(&format!("/{list}{query}"));
    Ok(kit::one_of(ask, &list, |g: &Grant| g.id == id).await?)
}
