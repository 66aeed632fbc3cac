//! What the pages about access share: permissions by name, roles to choose from, people, scopes, previews.

mod catalogue;
mod person;
mod place;
mod preview;
pub(in crate::rooms) mod rows;
mod scope;

pub(in crate::rooms) use catalogue::Catalogue;
pub(in crate::rooms) use person::Pick;
pub(in crate::rooms) use place::Place;
pub(in crate::rooms) use preview::Preview;
pub(in crate::rooms) use scope::{Scope, Where};

use crate::{
    api::{Client, Page},
    ask::Trouble,
    problem::Problem,
    shell::Shell,
    text,
};
use serde::Deserialize;

/// What the API calls by the name of a field, in the words of our forms.
const WORDS: [(&str, &str); 7] = [
    ("'valid_to'", "the end"),
    ("'valid_from'", "the beginning"),
    ("'max_minutes'", "the time, in minutes,"),
    ("'due_at'", "the day on which it is due"),
    ("'until'", "the new end"),
    ("'every_days'", "the number of days"),
    ("'sha256'", "a SHA-256"),
];

/// A problem that whoever typed something can mend on the page they typed it on; any other goes up.
pub(in crate::rooms) fn mend(mut p: Problem) -> Result<Problem, Trouble> {
    // What was looked for by name and is not there names the field.
    if !(p.mendable() || p.status == 404 && p.field.is_some()) {
        return Err(p.into());
    }
    for (name, words) in WORDS {
        p.detail = p.detail.replace(name, words);
    }
    Ok(p)
}

/// Who did something: by name where the API says it, else as the trail has it, in words.
pub(in crate::rooms) fn called(name: Option<&String>, label: &str) -> String {
    if let Some(name) = name {
        return name.clone();
    }
    match label.split_once(':') {
        _ if label == "owner" => "the owner of the data directory".to_owned(),
        Some(("system", _)) => "the server".to_owned(),
        Some(("user", id)) => format!("user {}", id.get(..8).unwrap_or(id)),
        Some(("directory", id)) => format!("directory {}", id.get(..8).unwrap_or(id)),
        _ => label.to_owned(),
    }
}

/// A role, as far as a choice of roles needs it.
#[derive(Debug, Deserialize)]
struct Named {
    id: String,
    name: String,
    tenant: Option<String>,
    built_in: bool,
}

/// The built-in role that holds on the whole instance alone.
const GLOBAL: &str = "01900000-0000-7000-8000-000000000001";
/// So many roles are offered for a choice; of more one types the name.
const CHOICE: usize = 200;

/// The roles that can be given there, to choose from.
#[derive(Debug, Default)]
pub(in crate::rooms) struct Roles {
    /// Their ids and names.
    pub(in crate::rooms) all: Vec<(String, String)>,
    /// There are more than one chooses from: the name is typed.
    pub(in crate::rooms) more: bool,
}

impl Roles {
    /// Of the page's tenant; `none` is what the choice of none says, where there is one.
    pub(in crate::rooms) async fn of(
        c: &Client,
        shell: &Shell,
        none: &str,
    ) -> Result<Self, Problem> {
        let mut found = Self::at(c, &shell.api("")).await?;
        // Only the provider's groups and people can have it, on the whole instance.
        if !shell.me.place().is_some_and(|p| p.provider) {
            found.all.retain(|(id, _)| id != GLOBAL);
        }
        if !none.is_empty() {
            found.all.insert(0, (String::new(), none.to_owned()));
        }
        Ok(found)
    }
    /// Of the page's place: on the whole instance, those of the caller's own tenant.
    pub(in crate::rooms) async fn there(
        c: &Client,
        shell: &Shell,
        place: &Place,
        none: &str,
    ) -> Result<Self, Problem> {
        if !place.wide {
            return Self::of(c, shell, none).await;
        }
        let own = format!("/tenants/{}", text::escape(&shell.me.tenant));
        let mut found = Self::at(c, &own).await?;
        if !none.is_empty() {
            found.all.insert(0, (String::new(), none.to_owned()));
        }
        Ok(found)
    }
    /// Of the tenant whose address in the API this is.
    pub(in crate::rooms) async fn at(c: &Client, tenant: &str) -> Result<Self, Problem> {
        let page: Page<Named> = c.get(&format!("{tenant}/roles?limit={CHOICE}")).await?;
        let mut own = Vec::new();
        let mut others = Vec::new();
        for r in page.items {
            let label = match (r.built_in, &r.tenant) {
                (true, _) => format!("{} (built-in)", r.name),
                (false, _) => r.name,
            };
            if r.built_in { &mut own } else { &mut others }.push((r.id, label));
        }
        others.sort_by_key(|(_, name)| name.to_lowercase());
        own.append(&mut others);
        Ok(Self { all: own, more: page.next.is_some() })
    }
    /// What the role of this id is called.
    pub(in crate::rooms) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.all.iter().find(|(i, _)| i == id).map_or(id, |(_, name)| name)
    }
}

/// One of a list that has no address of its own: looked for page by page.
pub(in crate::rooms) async fn one_of<T: for<'a> Deserialize<'a>>(
    c: &Client,
    list: &str,
    is: impl Fn(&T) -> bool,
) -> Result<T, Problem> {
    let joint = if list.contains('?') { '&' } else { '?' };
    let mut cursor = String::new();
    for _ in 0..20 {
        let page: Page<T> = c.get(&format!("{list}{joint}limit=500{cursor}")).await?;
        if let Some(found) = page.items.into_iter().find(|i| is(i)) {
            return Ok(found);
        }
        match page.next {
            Some(next) => cursor = format!("&cursor={}", text::escape(&next)),
            None => break,
        }
    }
    Err(Problem::nothing())
}

/// What a date and time without a zone says, taken as UTC, as the API reads it.
pub(in crate::rooms) fn moment(typed: Option<&str>) -> Option<String> {
    let typed = typed?;
    let seconds = if typed.len() == 16 { ":00" } else { "" };
    Some(if typed.ends_with('Z') { typed.to_owned() } else { format!("{typed}{seconds}Z") })
}
