//! Roles: the list, all of them side by side, one with who has it, making, changing, comparing and deleting one.

mod delete;
mod edit;
pub(super) mod kit;
mod matrix;
mod one;

use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, header},
    routing::get,
};
use serde::Deserialize;
use std::collections::BTreeSet;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/roles", get(list))
        .route("/admin/in/{tenant}/roles/export", get(export))
        .route("/admin/in/{tenant}/roles/matrix", get(matrix::show))
        .route("/admin/in/{tenant}/roles/add", get(edit::add).post(edit::make))
        .route("/admin/in/{tenant}/roles/{role}", get(one::show))
        .route("/admin/in/{tenant}/roles/{role}/edit", get(edit::change).post(edit::save))
        .route("/admin/in/{tenant}/roles/{role}/difference", get(one::difference))
        .route("/admin/in/{tenant}/roles/{role}/delete", get(delete::ask).post(delete::go))
}

/// A role.
#[derive(Debug, Clone, Deserialize)]
struct Role {
    id: String,
    tenant: Option<String>,
    built_in: bool,
    name: String,
    description: String,
    permissions: BTreeSet<String>,
    offered: bool,
    demands_mfa: bool,
    version: i64,
    created_at: Option<When>,
    updated_at: Option<When>,
    /// How often it is used, where the list was asked for that.
    uses: Option<Counts>,
}

impl Role {
    /// Whether it is the page's tenant's own, and so can be changed there.
    fn own(&self, shell: &Shell) -> bool {
        !self.built_in && self.tenant.as_deref() == shell.me.place().map(|p| p.tenant.as_str())
    }
    /// Whose it is, in words, and how that is coloured.
    fn whose(&self, shell: &Shell) -> (&'static str, &'static str) {
        match (self.built_in, self.own(shell)) {
            (true, _) => ("built-in", ""),
            (false, true) if self.offered => ("own, offered to all", "good"),
            (false, true) => ("own", "good"),
            (false, false) => ("from the provider", ""),
        }
    }
    /// How many permissions it has, in words.
    fn permits(&self) -> String {
        if self.permissions.contains("self_service") && self.permissions.len() == 1 {
            return "what is one's own".to_owned();
        }
        text::count(self.permissions.len() as u64, "permission", "permissions")
    }
}

/// Some of those who use a role in one way.
#[derive(Debug, Default, Deserialize)]
struct Holders {
    total: u64,
    items: Vec<Holder>,
}

/// Somebody or something that gives a role.
#[derive(Debug, Deserialize)]
struct Holder {
    id: String,
    name: String,
}

impl Holders {
    /// How many are not named.
    fn rest(&self) -> u64 {
        self.total.saturating_sub(self.items.len() as u64)
    }
}

/// How often a role is used, by the way in which it is.
#[derive(Debug, Clone, Deserialize)]
struct Counts {
    grants: u64,
    mappings: u64,
    invitations: u64,
    parked: u64,
    eligible: u64,
    by_default: u64,
    elsewhere: u64,
}

impl Counts {
    /// In a line: how many of which kind; empty where there are none.
    fn words(&self) -> String {
        let kinds = [
            (self.grants, "by hand", "by hand"),
            (self.mappings, "group", "groups"),
            (self.invitations, "invitation", "invitations"),
            (self.parked, "kept until decided", "kept until decided"),
            (self.eligible, "for a while", "for a while"),
            (self.elsewhere, "elsewhere", "elsewhere"),
        ];
        let mut all: Vec<String> = kinds
            .iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| match n {
                // So far they are counted.
                1000.. => format!("1,000 or more {many}"),
                n => text::count(*n, one, many),
            })
            .collect();
        if self.by_default > 0 {
            all.push("the default role".to_owned());
        }
        all.join(", ")
    }
}

/// What uses a role.
#[derive(Debug, Deserialize)]
struct Uses {
    total: u64,
    grants: Holders,
    mappings: Holders,
    invitations: Holders,
    parked: Holders,
    eligible: Holders,
    by_default: Holders,
    elsewhere: u64,
}

impl Uses {
    /// The ways in which it is used: what they are called, who uses it so, and where that is looked at.
    fn kinds(&self, shell: &Shell, role: &str) -> [(&'static str, &Holders, String); 6] {
        let at = |path: &str| format!("{}{path}", shell.base());
        [
            ("Given by hand", &self.grants, at(&format!("/assignments?role={role}"))),
            ("Given by groups", &self.mappings, at(&format!("/mappings?role={role}"))),
            ("Promised by invitations", &self.invitations, at("/invitations")),
            ("Kept until somebody decides", &self.parked, at("/decisions")),
            ("May be asked for, for a while", &self.eligible, at("/elevation/eligible")),
            ("The default role", &self.by_default, at("/mappings/default")),
        ]
    }
    /// Whether nobody has it, nor is to have it.
    fn none(&self) -> bool {
        self.total == 0 && self.elsewhere == 0
    }
}

#[derive(Template)]
#[template(path = "roles.html")]
struct List {
    shell: Shell,
    rows: Vec<Role>,
    text: String,
    first: Option<String>,
    next: Option<String>,
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Roles, "Roles").await?;
    let query = ask.pass(&["text", "cursor"], &[("limit", "50"), ("uses", "true")]);
    let found: Page<Role> = ask.get(&shell.api(&format!("/roles{query}"))).await?;
    let text = ask.word("text").to_owned();
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, rows: found.items, text, first, next })
}

async fn export(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Roles, "Roles").await?;
    let (format, ending) = match ask.word("format") {
        "csv" => ("csv", "csv"),
        _ => ("markdown", "md"),
    };
    let mut r = ask.download(&shell.api(&format!("/roles/export?format={format}"))).await?;
    let name = format!("attachment; filename=\"{}-roles.{ending}\"", shell.slug());
    if let Ok(v) = HeaderValue::try_from(name) {
        r.headers_mut().insert(header::CONTENT_DISPOSITION, v);
    }
    Ok(r)
}
