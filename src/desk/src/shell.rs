//! The frame of every page: who sits there, in which company, the way around, and what was just done.

use crate::{
    PREFIX, Settings, assets,
    nav::{self, Group, Section},
    problem::Problem,
    text,
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Who sits there, as the API says it.
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// Their id.
    pub user: String,
    /// Their own tenant's id.
    pub tenant: String,
    /// What they sign in with.
    #[serde(default)]
    pub user_name: String,
    /// Their name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether they are a Global Administrator.
    #[serde(default)]
    pub global: bool,
    /// What they have in the tenant that was asked for.
    #[serde(rename = "in", default)]
    places: Vec<Place>,
}

/// What somebody has in a tenant.
#[derive(Debug, Clone, Deserialize)]
pub struct Place {
    /// Its id.
    pub tenant: String,
    /// Its short name.
    #[serde(default)]
    pub slug: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Whether it is the platform's own company.
    #[serde(default)]
    pub provider: bool,
    /// `active`, `suspended` or `deleting`.
    #[serde(default)]
    pub status: String,
    /// The roles' names.
    pub roles: Vec<String>,
    /// What they permit.
    pub permissions: BTreeSet<String>,
}

impl Me {
    /// What they have in the tenant that was asked for, if anything.
    pub fn place(&self) -> Option<&Place> {
        self.places.first().filter(|p| self.global || !p.roles.is_empty())
    }
}

/// A step of the way back.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub to: String,
}

/// The frame.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The platform's name.
    pub brand: String,
    /// The style sheet of all pages, and ours.
    pub stylesheets: [String; 2],
    /// Our script.
    pub script: &'static str,
    /// What the page is about: its `h1`.
    pub title: String,
    /// Who sits there.
    pub me: Me,
    /// The way around.
    pub nav: Vec<Group>,
    /// The way back, outermost first.
    pub crumbs: Vec<Crumb>,
    /// What was just done.
    pub done: Option<&'static str>,
    /// What did not go through.
    pub problem: Option<Problem>,
    /// Where all begins.
    pub home: &'static str,
    /// Of a form on this page: sent twice, it is done once.
    pub key: String,
}

impl Shell {
    pub(crate) fn new(settings: &Settings, me: Me, at: Section, title: &str, done: &str) -> Self {
        let base = me.place().map(|p| format!("{PREFIX}/in/{}", p.slug));
        let nav = nav::links(at, base.as_deref(), me.global, |permission| {
            me.place().is_some_and(|p| p.permissions.contains(permission))
        });
        Self {
            brand: settings.brand.clone(),
            stylesheets: [settings.stylesheet.clone(), assets::stylesheet().to_owned()],
            script: assets::script(),
            title: title.to_owned(),
            nav,
            crumbs: Vec::new(),
            done: said(done),
            problem: None,
            home: PREFIX,
            key: text::key(),
            me,
        }
    }
    /// Another title, once it is known.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
    /// A further step of the way back.
    #[must_use]
    pub fn crumb(mut self, label: impl Into<String>, to: impl Into<String>) -> Self {
        self.crumbs.push(Crumb { label: label.into(), to: to.into() });
        self
    }
    /// What did not go through.
    #[must_use]
    pub fn problem(mut self, problem: Option<Problem>) -> Self {
        // A form is sent to the address that said what was done before.
        self.done = self.done.filter(|_| problem.is_none());
        self.problem = problem;
        self
    }
    /// The tenant's short name; empty on the instance's pages.
    pub fn slug(&self) -> &str {
        self.me.place().map_or("", |p| &p.slug)
    }
    /// The tenant's name; empty on the instance's pages.
    pub fn company(&self) -> &str {
        self.me.place().map_or("", |p| &p.name)
    }
    /// Where the tenant's pages are.
    pub fn base(&self) -> String {
        format!("{PREFIX}/in/{}", self.slug())
    }
    /// An address of the API about this tenant.
    pub fn api(&self, path: &str) -> String {
        format!("/tenants/{}{path}", self.me.place().map_or("-", |p| &p.tenant))
    }
    /// Whether whoever sits there may do this in the tenant: for what is shown. Whether it is done, the API says.
    pub fn may(&self, permission: &str) -> bool {
        self.me.place().is_some_and(|p| p.permissions.contains(permission))
    }
    /// Whether they are a Global Administrator.
    pub fn global(&self) -> bool {
        self.me.global
    }
    /// Their name.
    pub fn who(&self) -> &str {
        self.me.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.me.user_name)
    }
    /// What was typed that did not go through, where the page has one field.
    pub fn typed(&self) -> &str {
        self.problem.as_ref().and_then(|p| p.typed.as_deref()).unwrap_or_default()
    }
    /// What is wrong with this field, in a sentence.
    pub fn wrong(&self, field: &str) -> Option<String> {
        self.problem.as_ref().filter(|p| p.is_at(field)).map(Problem::sentence)
    }
}

/// What was just done, in words, by the word in the address. The address is anybody's to write: it chooses among these.
pub fn said(word: &str) -> Option<&'static str> {
    Some(match word {
        "saved" => "Saved.",
        "made" => "Made.",
        "added" => "Added.",
        "deleted" => "Deleted.",
        "removed" => "Removed.",
        "enabled" => "Switched on.",
        "disabled" => "Switched off. Sessions and tokens have ended.",
        "invited" => "The invitation is on its way.",
        "resent" => "A new letter is on its way; the link in the old one does not work any more.",
        "revoked" => "Taken back.",
        "sessions-ended" => "All sessions have ended, and what was issued in them.",
        "session-ended" => "That session has ended.",
        "unlocked" => "They can try again at once, and are told so.",
        "reset" => "What they sign in with is gone; a link to set up anew is on its way.",
        "link-sent" => "A link to set a new password is on its way.",
        "decided" => "Your decision is done.",
        "adopted" => "You answer for it now.",
        "checked" => "Checked.",
        "activated" => "It is active: people can sign in by it.",
        "tested" => "The test is done.",
        "replayed" => "Done once more.",
        "rotated" => "A rotation of the signing keys has begun.",
        "closed" => "Closed.",
        "begun" => "Begun.",
        "enforced" => "It is the only way in now.",
        "relaxed" => "Other ways in are open again.",
        "withdrawn" => "It is a draft again: nobody is offered it.",
        "sent" => "Sent.",
        "tried" => {
            "It is tried now. Look again in a moment: what came of it stands here, or it is done."
        }
        "dropped" => "Dropped.",
        "domain-asked" => "Now publish the record below, then have it checked.",
        "armed" => "Armed for an hour, for one sign-in. Every Global Administrator has been told.",
        _ => return None,
    })
}
