//! Reviews of who has what: the list, beginning one, deciding, closing, and the evidence.

mod add;
mod close;
mod items;
mod plans;

use super::{
    kit::above,
    roles::kit::{Roles, called},
};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, Trouble, page},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;
use std::collections::HashMap;

pub(super) fn routes() -> Router<Desk> {
    let t = "/admin/in/{tenant}/reviews";
    Router::new()
        .route(t, get(list))
        .route(&format!("{t}/add"), get(add::ask).post(add::go))
        .route(&format!("{t}/plans"), get(plans::list))
        .route(&format!("{t}/plans/{{plan}}/stop"), get(plans::ask).post(plans::stop))
        .route(&format!("{t}/{{review}}"), get(items::show))
        .route(&format!("{t}/{{review}}/decide"), get(above::<1>).post(items::decide))
        .route(&format!("{t}/{{review}}/close"), get(close::ask).post(close::go))
        .route(&format!("{t}/{{review}}/export"), get(close::export))
        .route(&format!("{t}/{{review}}/check"), get(close::check))
}

/// What a review is about.
#[derive(Debug, Deserialize)]
struct Filter {
    role: Option<String>,
    directory: Option<String>,
    kind: Option<String>,
}

/// Somebody who decides.
#[derive(Debug, Deserialize)]
struct Reviewer {
    user_name: String,
}

/// A review.
#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub(super) id: String,
    pub(super) name: String,
    state: String,
    filter: Filter,
    reviewers: Vec<Reviewer>,
    undecided: String,
    pub(super) due_at: When,
    plan: Option<String>,
    items: u64,
    decided: u64,
    listed: u64,
    created_by: String,
    #[serde(default)]
    created_by_name: Option<String>,
    created_at: When,
    closed_at: Option<When>,
    closed_by: Option<String>,
    #[serde(default)]
    closed_by_name: Option<String>,
}

impl Review {
    /// Whether it is still decided about.
    pub(super) fn open(&self) -> bool {
        self.state == "open"
    }
    /// Whether it is over.
    fn closed(&self) -> bool {
        self.state == "closed"
    }
    /// How it stands, and how that is coloured.
    fn state(&self) -> (&'static str, &'static str) {
        match self.state.as_str() {
            "open" => ("open", "warn"),
            "closing" => ("being closed", "warn"),
            _ => ("closed", "good"),
        }
    }
    /// How many nobody decided about.
    pub(super) fn left(&self) -> u64 {
        self.items.saturating_sub(self.decided)
    }
    /// How far it is.
    fn progress(&self) -> String {
        let n = text::thousands;
        format!("{} of {} decided", n(self.decided), n(self.items))
    }
    /// Who decides.
    fn who(&self) -> String {
        listed(&self.reviewers)
    }
    /// Who began it.
    fn by(&self) -> String {
        called(self.created_by_name.as_ref(), &self.created_by)
    }
    /// Who closed it.
    fn closed_by(&self) -> Option<String> {
        let by = self.closed_by.as_deref()?;
        Some(called(self.closed_by_name.as_ref(), by))
    }
    /// What becomes of what nobody decides about.
    fn otherwise(&self) -> &'static str {
        otherwise(&self.undecided)
    }
}

fn listed(reviewers: &[Reviewer]) -> String {
    let names: Vec<&str> = reviewers.iter().map(|r| r.user_name.as_str()).collect();
    names.join(", ")
}

/// What becomes of what nobody decides about.
fn otherwise(word: &str) -> &'static str {
    if word == "remove" { "goes" } else { "stays, and is marked" }
}

/// What roles and directories are called, for what reviews are about.
struct Names(HashMap<String, String>);

#[derive(Deserialize)]
struct Directory {
    id: String,
    name: String,
}

impl Names {
    /// Of the page's tenant.
    async fn of(ask: &Ask, shell: &Shell) -> Result<Self, Problem> {
        let roles = Roles::at(ask, &shell.api("")).await?;
        let mut all: HashMap<String, String> = roles.all.into_iter().collect();
        all.extend(directories(ask, shell).await?);
        Ok(Self(all))
    }
    /// What something is called.
    fn name(&self, id: &str) -> &str {
        self.0.get(id).map_or("one that is gone", |n| n.trim_end_matches(" (built-in)"))
    }
    /// What a review is about, in words.
    fn about(&self, f: &Filter) -> String {
        let kinds = match f.kind.as_deref() {
            Some("tenant") => "Users",
            Some("technician") => "Technicians",
            Some("administrator") => "Administrators",
            Some("integration") => "Integration users",
            _ => "Everybody",
        };
        let mut words = kinds.to_owned();
        if let Some(d) = &f.directory {
            words = format!("{words} of the directory {}", self.name(d));
        }
        match &f.role {
            Some(r) => format!("{words} with the role {}", self.name(r)),
            None => format!("{words}, all roles"),
        }
    }
}

/// The directories to choose from; none for who may not see them.
async fn directories(ask: &Ask, shell: &Shell) -> Result<Vec<(String, String)>, Problem> {
    match ask.get::<Page<Directory>>(&shell.api("/directories?limit=200")).await {
        Ok(found) => Ok(found.items.into_iter().map(|d| (d.id, d.name)).collect()),
        Err(p) if p.status == 403 => Ok(Vec::new()),
        Err(p) => Err(p),
    }
}

#[derive(Template)]
#[template(path = "reviews.html")]
struct List {
    shell: Shell,
    reviews: Vec<Review>,
    names: Names,
    first: Option<String>,
    next: Option<String>,
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Reviews, "Reviews").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Review> = ask.get(&shell.api(&format!("/reviews{query}"))).await?;
    let names = Names::of(&ask, &shell).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, reviews: found.items, names, first, next })
}

/// A review of the path, with the frame.
async fn one(ask: &Ask, t: &str, id: &str) -> Result<(Shell, Review), Trouble> {
    let shell = ask.shell(t, Section::Reviews, "Review").await?;
    let review: Review = ask.get(&shell.api(&format!("/reviews/{}", text::escape(id)))).await?;
    let to = format!("{}/reviews", shell.base());
    Ok((shell.titled(&review.name).crumb("Reviews", to), review))
}
