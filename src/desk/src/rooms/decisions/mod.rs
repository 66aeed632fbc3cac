//! What waits for a decision, on one page, and the pages on which it is decided.

mod adoptions;
mod parked;
mod tombstones;

use super::{elevation::Request, grants::Grant, reviews::Review};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
};
use adoptions::Adoption;
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use parked::Change;
use tombstones::Tombstone;

pub(super) fn routes() -> Router<Desk> {
    let t = "/admin/in/{tenant}/decisions";
    Router::new()
        .route(t, get(all))
        .route(&format!("{t}/parked"), get(parked::list))
        .route(&format!("{t}/parked/{{change}}"), get(parked::show).post(parked::decide))
        .route(&format!("{t}/adoptions"), get(adoptions::list))
        .route(&format!("{t}/adoptions/{{adoption}}"), get(adoptions::show).post(adoptions::decide))
        .route(&format!("{t}/tombstones"), get(tombstones::list))
        .route(
            &format!("{t}/tombstones/{{tombstone}}/lift"),
            get(tombstones::ask).post(tombstones::lift),
        )
}

/// Something of a kind that waits, and whether there is more than was looked through.
struct Waiting<T> {
    items: Vec<T>,
    more: bool,
}

impl<T> Waiting<T> {
    /// Those of a page that wait.
    fn of(page: Page<T>, waits: impl Fn(&T) -> bool) -> Self {
        let more = page.next.is_some();
        Self { items: page.items.into_iter().filter(waits).collect(), more }
    }
    fn none() -> Self {
        Self { items: Vec::new(), more: false }
    }
    /// Whether there is nothing to say of them.
    fn nothing(&self) -> bool {
        self.items.is_empty() && !self.more
    }
}

#[derive(Template)]
#[template(path = "decisions.html")]
struct All {
    shell: Shell,
    parked: Waiting<Change>,
    adoptions: Waiting<Adoption>,
    holds: Waiting<Grant>,
    requests: Waiting<Request>,
    reviews: Waiting<Review>,
    tombstones: Waiting<Tombstone>,
}

impl All {
    /// Whether nothing waits.
    fn nothing(&self) -> bool {
        self.parked.nothing()
            && self.adoptions.nothing()
            && self.holds.nothing()
            && self.requests.nothing()
            && self.reviews.nothing()
    }
}

async fn all(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Decisions, "Decisions").await?;
    let at = |path: &str| shell.api(&format!("{path}?limit=100"));
    let parked = Waiting::of(ask.get(&at("/parked")).await?, Change::waits);
    let adoptions = Waiting::of(ask.get(&at("/adoptions")).await?, Adoption::waits);
    let holds = Waiting::of(ask.get(&shell.api("/holds?limit=20")).await?, |_| true);
    let requests =
        Waiting::of(ask.get(&at("/elevations")).await?, |r: &Request| r.open() && !r.own(&shell));
    let reviews = Waiting::of(ask.get(&shell.api("/reviews?limit=20")).await?, Review::open);
    let tombstones = if shell.may("users.view") {
        Waiting::of(ask.get(&shell.api("/tombstones?limit=10")).await?, |_| true)
    } else {
        Waiting::none()
    };
    page(&All { shell, parked, adoptions, holds, requests, reviews, tombstones })
}
