//! The permissions there are, by category and by name.

use crate::{api::Client, problem::Problem};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// Of these one should think twice: who has them can take much away, or give themselves more.
const SENSITIVE: [&str; 5] = [
    "users.manage_roles",
    "users.delete",
    "system.edit_settings",
    "system.manage_integrations",
    "computers.remote_control",
];

#[derive(Deserialize)]
struct Answer {
    categories: Vec<Raw>,
}
#[derive(Deserialize)]
struct Raw {
    id: String,
    name: String,
    permissions: Vec<Entry>,
}
#[derive(Deserialize)]
struct Entry {
    id: String,
    name: String,
}

/// A permission.
#[derive(Debug, Clone)]
pub(in crate::rooms) struct Permission {
    /// As in tokens.
    pub(in crate::rooms) id: String,
    /// Inside its category.
    pub(in crate::rooms) name: String,
    /// Whether one should think twice.
    pub(in crate::rooms) sensitive: bool,
}

/// Permissions that belong together.
#[derive(Debug, Clone)]
pub(in crate::rooms) struct Category {
    /// The first half of their ids.
    pub(in crate::rooms) id: String,
    /// For people.
    pub(in crate::rooms) name: String,
    /// What is in it.
    pub(in crate::rooms) permissions: Vec<Permission>,
}

impl Category {
    fn has(&self, id: &str) -> bool {
        self.permissions.iter().any(|p| p.id == id)
    }
    /// How many of them are among these.
    pub(in crate::rooms) fn among(&self, held: &BTreeSet<String>) -> usize {
        self.permissions.iter().filter(|p| held.contains(&p.id)).count()
    }
}

/// All permissions there are.
#[derive(Debug, Default)]
pub(in crate::rooms) struct Catalogue {
    /// By category.
    pub(in crate::rooms) categories: Vec<Category>,
    names: HashMap<String, String>,
}

impl Catalogue {
    /// Asks for it.
    pub(in crate::rooms) async fn of(c: &Client) -> Result<Self, Problem> {
        let answer: Answer = c.get("/catalogue").await?;
        let mut names = HashMap::from([("self_service".to_owned(), "Self-service".to_owned())]);
        let mut categories = Vec::new();
        for Raw { id, name, permissions } in answer.categories {
            let all = permissions.into_iter().map(|e| {
                let full = format!("{id}.{}", e.id);
                names.insert(full.clone(), format!("{name}: {}", e.name));
                let sensitive = SENSITIVE.contains(&full.as_str()) || e.id == "delete";
                Permission { id: full, name: e.name, sensitive }
            });
            let permissions = all.collect();
            categories.push(Category { id, name, permissions });
        }
        Ok(Self { categories, names })
    }
    /// What a permission is called, with its category; an unknown one by its id.
    pub(in crate::rooms) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
    /// Permissions in words, by category: `Users (View, Edit), all of Software`.
    pub(in crate::rooms) fn words(&self, ids: &[String]) -> String {
        let mut parts = Vec::new();
        for c in &self.categories {
            let of = || c.permissions.iter().filter(|p| ids.contains(&p.id));
            let names: Vec<&str> = of().map(|p| p.name.as_str()).collect();
            match names.len() {
                0 => {}
                n if n == c.permissions.len() && n > 1 => parts.push(format!("all of {}", c.name)),
                _ => parts.push(format!("{} ({})", c.name, names.join(", "))),
            }
        }
        let known = |id: &&String| !self.categories.iter().any(|c| c.has(id));
        parts.extend(ids.iter().filter(known).map(|id| self.name(id).to_owned()));
        parts.join(", ")
    }
    /// Pairs of id and name, to choose from.
    pub(in crate::rooms) fn choice<'a>(&'a self, none: &'a str) -> Vec<(&'a str, &'a str)> {
        let all = self.categories.iter().flat_map(|c| &c.permissions);
        let all = all.map(|p| (p.id.as_str(), self.name(&p.id)));
        [("", none)].into_iter().chain(all).collect()
    }
    /// How many there are.
    pub(in crate::rooms) fn count(&self) -> usize {
        self.categories.iter().map(|c| c.permissions.len()).sum()
    }
}
