//! What somebody may do, and why: one permission, and every way in which they have it.

use super::{At, Frame, access, open, ways::Way};
use crate::{
    ask::{Answer, Ask, page},
    problem::Problem,
    text,
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Catalogue {
    categories: Vec<Category>,
}

#[derive(Debug, Deserialize)]
struct Category {
    id: String,
    name: String,
    permissions: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Explanation {
    allowed: bool,
    first: Option<String>,
    nothing_counts: Option<String>,
    #[serde(default)]
    paths: Vec<Way>,
    #[serde(default)]
    void: Vec<Way>,
    #[serde(default)]
    needed: Vec<Needed>,
}

#[derive(Debug, Deserialize)]
struct Needed {
    id: String,
    name: String,
    cannot_be_given: Option<String>,
    #[serde(default)]
    groups: Vec<Group>,
    eligible: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Group {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "person_why.html")]
struct Why {
    frame: Frame,
    categories: Vec<Category>,
    /// Companies in which they have anything: short name, name.
    places: Vec<(String, String)>,
    place: String,
    permission: String,
    answer: Option<Explanation>,
}

impl std::ops::Deref for Why {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

impl Why {
    /// What the permission is called.
    fn called(&self) -> String {
        for c in &self.categories {
            for p in &c.permissions {
                if format!("{}.{}", c.id, p.id) == self.permission {
                    return format!("{}: {}", c.name, p.name);
                }
            }
        }
        self.permission.clone()
    }
    /// Where that is.
    fn place_name(&self) -> &str {
        self.places.iter().find(|p| p.0 == self.place).map_or(&self.place, |p| &p.1)
    }
    /// The same question on the page for all of them.
    fn elsewhere(&self) -> String {
        let home = if self.place == self.shell.slug() { "" } else { self.shell.slug() };
        let q =
            [("user", self.person.id.as_str()), ("permission", &self.permission), ("home", home)];
        format!("/admin/in/{}/explain{}", self.place, text::query(q))
    }
    /// Why nothing counts, or what is to be done first.
    fn first(&self) -> Option<String> {
        let a = self.answer.as_ref()?;
        a.first.as_deref().or(a.nothing_counts.as_deref()).map(text::sentence)
    }
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Why).await?;
    let Catalogue { categories } = ask.get("/catalogue").await?;
    let access = access::of(&ask, &frame).await?;
    let named = access.places.into_iter().filter_map(|p| {
        let name = p.called().to_owned();
        p.slug.map(|slug| (slug, name))
    });
    let places: Vec<_> = named.collect();
    let place = match ask.word("in") {
        "" => frame.shell.slug().to_owned(),
        other => other.to_owned(),
    };
    let permission = ask.word("permission").to_owned();
    let mut frame = frame;
    let mut answer = None;
    if !permission.is_empty() {
        let home = frame.shell.me.place().map_or("", |p| &p.tenant);
        let query =
            [("user", frame.person.id.as_str()), ("permission", &permission), ("home", home)];
        let at = format!("/tenants/{}/explain{}", text::escape(&place), text::query(query));
        match ask.get::<Explanation>(&at).await {
            Ok(e) => answer = Some(e),
            Err(p) if p.mendable() => frame = frame.problem(Problem { field: None, ..p }),
            Err(p) => return Err(p.into()),
        }
    }
    page(&Why { frame, categories, places, place, permission, answer })
}
