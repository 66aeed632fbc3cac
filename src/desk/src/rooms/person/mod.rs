//! A person: who they are, the switch, what they have where and why, how they sign in, and what became of them.

mod access;
mod add;
mod edit;
mod help;
mod history;
mod signin;
mod ways;
mod why;

use super::users::{User, choose};
use crate::{
    Desk,
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text,
};
use access::Access;
use askama::Template;
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};

pub(super) fn routes() -> Router<Desk> {
    let at = |rest: &str| format!("/admin/in/{{tenant}}/users/{{user}}{rest}");
    Router::new()
        .route(&at(""), get(overview))
        .route(&at("/switch"), post(switch).get(back))
        .route(&at("/edit"), get(edit::form).post(edit::save))
        .route(&at("/delete"), get(edit::ask_delete).post(edit::delete))
        .route(&at("/access"), get(access::form).post(access::save))
        .route(&at("/access/add"), get(add::choose))
        .route(&at("/access/remove"), get(access::ask_remove).post(access::remove))
        .route(&at("/why"), get(why::show))
        .route(&at("/signing-in"), get(signin::show))
        .route(&at("/sessions/end"), get(signin::ask_end).post(signin::end))
        .route(&at("/consents/end"), get(signin::ask_withdraw).post(signin::withdraw))
        .route(&at("/help/{verb}"), get(help::ask).post(help::run))
        .route(&at("/history"), get(history::show))
}

/// The pages of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Overview,
    Why,
    SigningIn,
    History,
}

/// A link among them.
struct Tab {
    label: &'static str,
    to: String,
    current: bool,
}

/// What all of them show.
struct Frame {
    shell: Shell,
    person: User,
    at: At,
    /// Whether it is whoever looks.
    own: bool,
}

impl Frame {
    /// Where the person's pages are.
    fn base(&self) -> String {
        format!("{}/users/{}", self.shell.base(), self.person.id)
    }
    /// An address of the API about them.
    fn api(&self, path: &str) -> String {
        self.shell.api(&format!("/users/{}{path}", text::escape(&self.person.id)))
    }
    fn tabs(&self) -> Vec<Tab> {
        let all = [
            (At::Overview, "Overview", "", true),
            (At::Why, "Effective access", "/why", self.shell.may("users.manage_roles")),
            (At::SigningIn, "Signing in", "/signing-in", !self.person.program()),
            (At::History, "History", "/history", self.shell.may("system.view_logs")),
        ];
        let base = self.base();
        let tab = |(at, label, path, _)| Tab {
            label,
            to: format!("{base}{path}"),
            current: at == self.at,
        };
        all.into_iter().filter(|(.., may)| *may).map(tab).collect()
    }
    /// The frame of a page below one of these.
    fn below(self, title: &str) -> Self {
        let (to, name) = (self.base(), self.person.name().to_owned());
        Self { shell: self.shell.titled(title).crumb(name, to), ..self }
    }
    fn problem(self, p: Problem) -> Self {
        Self { shell: self.shell.problem(Some(p)), ..self }
    }
    /// Whether their kind may have roles in other companies.
    fn may_elsewhere(&self) -> bool {
        choose::provider(&self.shell) && self.person.kind != "tenant"
    }
    fn may_edit(&self) -> bool {
        self.shell.may("users.edit") && !self.person.program()
    }
}

/// The person of an address.
async fn open(ask: &Ask, t: &str, id: &str, at: At) -> Result<Frame, Trouble> {
    let shell = ask.shell(t, Section::Users, "").await?;
    let person: User = ask.get(&shell.api(&format!("/users/{}", text::escape(id)))).await?;
    let users = format!("{}/users", shell.base());
    let own = shell.me.user == person.id;
    let shell = shell.titled(person.name()).crumb("Users", users);
    Ok(Frame { shell, person, at, own })
}

/// There is nothing to show where nothing was sent.
async fn back(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    on(&frame.base(), "")
}

#[derive(Template)]
#[template(path = "person.html")]
struct Overview {
    frame: Frame,
    /// What manages them.
    directory: Option<choose::Named>,
    access: Option<Access>,
}

impl Overview {
    /// Whether they have a role anywhere.
    fn anything(&self) -> bool {
        self.access.as_ref().is_some_and(|a| a.places.iter().any(|p| !p.ways.is_empty()))
    }
}

impl std::ops::Deref for Overview {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

/// What a directory's page needs to be named.
async fn directory(ask: &Ask, frame: &Frame) -> Result<Option<choose::Named>, Problem> {
    let Some(id) = &frame.person.directory else { return Ok(None) };
    if !frame.shell.may("system.view_settings") {
        return Ok(None);
    }
    let at = frame.shell.api(&format!("/directories/{}", text::escape(id)));
    ask.get(&at).await.map(Some)
}

async fn whole(ask: &Ask, frame: Frame) -> Result<Overview, Problem> {
    let directory = directory(ask, &frame).await?;
    let mut access = None;
    if frame.shell.may("users.manage_roles") {
        access = Some(access::of(ask, &frame).await?);
    }
    Ok(Overview { frame, directory, access })
}

async fn overview(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    page(&whole(&ask, frame).await?)
}

async fn switch(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    let on_now = form.get("enabled") == "true";
    let body = serde_json::json!({ "enabled": on_now });
    match ask.patch::<User>(&frame.api(""), body, None).await {
        Ok(_) => on(&frame.base(), if on_now { "enabled" } else { "disabled" }),
        Err(p) if p.mendable() => {
            let status = p.http();
            shown(status, &whole(&ask, frame.problem(p)).await?)
        }
        Err(p) => Err(p.into()),
    }
}
