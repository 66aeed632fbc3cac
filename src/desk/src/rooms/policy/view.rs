//! A policy, as the page shows it: each rule with where it comes from.

use super::{App, CLASSES, Role};
use crate::rooms::{apps::client::Category, kit};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What the installation's own settings say, for whoever may see them.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Limits {
    #[serde(default, rename = "session_idle_seconds")]
    session_idle: Option<i64>,
    #[serde(default, rename = "session_max_seconds")]
    session_max: Option<i64>,
    #[serde(default, rename = "refresh_idle_seconds")]
    refresh_idle: Option<i64>,
    #[serde(default, rename = "refresh_max_seconds")]
    refresh_max: Option<i64>,
}

/// What is asked of whoever has a role.
pub(super) struct OfRole {
    pub(super) id: String,
    pub(super) name: String,
    /// Named by the policy: exactly this; else empty.
    pub(super) named: String,
    /// What is in force.
    pub(super) class: String,
    /// Where that comes from.
    pub(super) from: &'static str,
}

/// What is demanded by an application, or for a permission.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) class: String,
    pub(super) max_age: Option<i64>,
}

impl Row {
    pub(super) fn age(&self) -> Option<String> {
        self.max_age.map(kit::lasting)
    }
}

/// How long something lasts.
pub(super) struct Lasts {
    /// The name of its field.
    pub(super) field: &'static str,
    pub(super) label: &'static str,
    pub(super) own: Option<i64>,
    pub(super) most: Option<i64>,
}

impl Lasts {
    /// What is in force, and where from.
    pub(super) fn shown(&self) -> (String, &'static str) {
        let own = "this company's policy";
        match (self.own, self.most) {
            (Some(o), Some(m)) if m < o => (kit::lasting(m), "the installation, which is stricter"),
            (Some(o), _) => (kit::lasting(o), own),
            (None, Some(m)) => (kit::lasting(m), "the installation"),
            (None, None) => ("as the installation's settings say".to_owned(), "the installation"),
        }
    }
    pub(super) fn hint(&self) -> String {
        let most =
            self.most.map(|m| format!(" The installation allows {} at most.", kit::lasting(m)));
        format!("Empty: as the installation's settings say.{}", most.unwrap_or_default())
    }
}

/// All of it.
pub(super) struct View {
    pub(super) default: String,
    pub(super) level: String,
    pub(super) roles: Vec<OfRole>,
    pub(super) apps: Vec<Row>,
    pub(super) permissions: Vec<Row>,
    pub(super) lasting: Vec<Lasts>,
    /// What could be added.
    pub(super) more_apps: Vec<(String, String)>,
    pub(super) more_permissions: Vec<(String, String)>,
}

/// What a class is called.
pub(super) fn class(word: &str) -> &'static str {
    CLASSES.iter().find(|c| c.0 == word).map_or("nothing beside the sign-in", |c| c.1)
}

fn text(v: &Value, or: &str) -> String {
    v.as_str().unwrap_or(or).to_owned()
}

/// The name of a field of a row.
pub(super) fn field(part: &str, row: &Row, field: &str) -> String {
    format!("{part}.{}.{field}", row.key)
}

/// The entries of one of the policy's maps, with their names.
fn rows(of: &Value, name: impl Fn(&str) -> Option<String>) -> Vec<Row> {
    let none = Map::new();
    let entries = of.as_object().unwrap_or(&none);
    let row = |(key, demand): (&String, &Value)| Row {
        key: key.clone(),
        name: name(key).unwrap_or_else(|| key.clone()),
        class: text(&demand["class"], "none"),
        max_age: demand["max_age"].as_i64(),
    };
    entries.iter().map(row).collect()
}

impl View {
    /// Of a policy and what it speaks of.
    pub(super) fn new(
        policy: &Value,
        roles: &[Role],
        apps: &[App],
        categories: &[Category],
        limits: Option<&Limits>,
    ) -> Self {
        let mfa = &policy["mfa"];
        let (default, level) = (text(&mfa["default"], "by_role"), text(&mfa["level"], "mfa"));
        let of_role = |r: &Role| {
            let named = text(&mfa["roles"][&r.id], "");
            let (class, from) = match (named.as_str(), default.as_str()) {
                (n, _) if !n.is_empty() => (n.to_owned(), "this role is named"),
                (_, "always") => (level.clone(), "the default: everybody"),
                (_, "by_role") if r.demands_mfa => {
                    (level.clone(), "the default: its permissions could harm")
                }
                (_, "by_role") => {
                    ("none".to_owned(), "the default: its permissions could not harm")
                }
                _ => ("none".to_owned(), "the default: nobody"),
            };
            OfRole { id: r.id.clone(), name: r.name.clone(), named, class, from }
        };
        let permission = |key: &str| {
            let (c, e) = key.split_once('.')?;
            let c = categories.iter().find(|x| x.id == c)?;
            let e = c.permissions.iter().find(|x| x.id == e)?;
            Some(format!("{}: {}", c.name, e.name))
        };
        let app = |key: &str| Some(apps.iter().find(|a| a.client_id == key)?.name.clone());
        let (of_apps, of_permissions) =
            (rows(&policy["apps"], app), rows(&policy["permissions"], permission));
        let free = |all: &[Row], key: &str| !all.iter().any(|r| r.key == key);
        let more_apps = apps.iter().filter(|a| free(&of_apps, &a.client_id));
        let more_apps = more_apps.map(|a| (a.client_id.clone(), a.name.clone())).collect();
        let all = categories.iter().flat_map(|c| {
            c.permissions.iter().map(|e| (c.full(e), format!("{}: {}", c.name, e.name)))
        });
        let more_permissions = all.filter(|(key, _)| free(&of_permissions, key)).collect();
        let l = limits;
        let lasts = |field, label, part: &str, which: &str, most| Lasts {
            field,
            label,
            own: policy[part][which].as_i64(),
            most,
        };
        let lasting = vec![
            lasts(
                "sessions.idle",
                "Sessions, without use",
                "sessions",
                "idle",
                l.and_then(|l| l.session_idle),
            ),
            lasts(
                "sessions.max",
                "Sessions, in all",
                "sessions",
                "max",
                l.and_then(|l| l.session_max),
            ),
            lasts(
                "refresh.idle",
                "Refresh tokens, without use",
                "refresh",
                "idle",
                l.and_then(|l| l.refresh_idle),
            ),
            lasts(
                "refresh.max",
                "Refresh tokens, in all",
                "refresh",
                "max",
                l.and_then(|l| l.refresh_max),
            ),
        ];
        Self {
            roles: roles.iter().map(of_role).collect(),
            default,
            level,
            apps: of_apps,
            permissions: of_permissions,
            lasting,
            more_apps,
            more_permissions,
        }
    }
    /// As the fields of the forms have it.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let mut out = vec![
            ("mfa.default".to_owned(), self.default.clone()),
            ("mfa.level".to_owned(), self.level.clone()),
        ];
        for r in &self.roles {
            out.push((format!("mfa.roles.{}", r.id), r.named.clone()));
        }
        let spans = |name: String, seconds: Option<i64>, out: &mut Vec<(String, String)>| {
            let (n, unit) = kit::span(seconds);
            out.push((format!("{name}.unit"), unit.to_owned()));
            out.push((name, n));
        };
        for (part, rows) in [("apps", &self.apps), ("permissions", &self.permissions)] {
            out.push((format!("{part}.new.class"), "mfa".to_owned()));
            for r in rows {
                out.push((format!("{part}.{}.class", r.key), r.class.clone()));
                spans(format!("{part}.{}.max_age", r.key), r.max_age, &mut out);
            }
        }
        for l in &self.lasting {
            spans(l.field.to_owned(), l.own, &mut out);
        }
        out
    }
}
