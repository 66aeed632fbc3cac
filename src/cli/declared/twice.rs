//! What a server has twice under one name: a file calls things by their names, so it cannot say which it means.

use super::{
    current::Current,
    document::{Document, Tenant},
    run::clean,
};
use crate::{
    error::{Error, Result},
    text::fold,
};
use std::collections::BTreeMap;

/// A kind of thing that a tenant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Role,
    Directory,
    Mapping,
    Application,
}

impl Kind {
    /// How many of them are called how.
    fn line(self, n: usize, tenant: &str, name: &str) -> String {
        let n = if n == 2 { "two".to_owned() } else { n.to_string() };
        match self {
            Self::Role => format!("{n} roles of {tenant} are called '{name}'"),
            Self::Directory => format!("{n} directories of {tenant} are called '{name}'"),
            Self::Mapping => format!("{n} mappings of {tenant} say {name}"),
            Self::Application => format!("{n} applications of {tenant} are called '{name}'"),
        }
    }
}

impl Current {
    /// The things of a tenant: their kind, what tells them apart, what they are called.
    fn named(&self, t: &Tenant) -> Vec<(Kind, String, String)> {
        let one = |kind| move |name: &String| (kind, fold(name), name.clone());
        let roles = t.roles.iter().map(|r| &r.name).map(one(Kind::Role));
        let directories = t.directories.iter().map(|d| &d.name).map(one(Kind::Directory));
        let mappings = self.mapped(&t.slug).iter();
        let mappings = mappings.map(|m| (Kind::Mapping, m.key.clone(), m.shown.clone()));
        let applications = t.applications.iter().map(|a| &a.name).map(one(Kind::Application));
        roles.chain(directories).chain(mappings).chain(applications).collect()
    }

    /// A line for each name that more than one thing of a tenant has, of those that are `meant`.
    fn twice(&self, meant: impl Fn(&Tenant, Kind, &str) -> bool) -> Vec<String> {
        let mut out = Vec::new();
        for t in &self.document.tenants {
            let mut all: BTreeMap<(Kind, String), (String, usize)> = BTreeMap::new();
            for (kind, key, name) in self.named(t) {
                all.entry((kind, key)).or_insert((name, 0)).1 += 1;
            }
            for ((kind, key), (name, n)) in all {
                if n > 1 && meant(t, kind, &key) {
                    out.push(clean(&kind.line(n, &t.slug, &name)));
                }
            }
        }
        out
    }

    /// Everything that a file cannot tell apart.
    pub(super) fn indistinct(&self) -> Vec<String> {
        self.twice(|_, _, _| true)
    }

    /// Refuses a file that names what the server has twice, and to delete by such a name.
    ///
    /// # Errors
    /// `Conflict`, with all of it.
    pub(super) fn distinct(&self, wanted: &Document, prune: bool) -> Result<()> {
        let all = self.twice(|t, kind, key| {
            let Some(w) = wanted.tenants.iter().find(|w| w.slug == t.slug) else { return false };
            let is = |name: &String| fold(name) == key;
            match kind {
                // No file deletes a directory; a mapping names one as well.
                Kind::Directory => {
                    w.directories.iter().any(|d| is(&d.name))
                        || w.mappings.iter().any(|m| is(&m.directory))
                }
                _ if prune => true,
                Kind::Role => w.roles.iter().any(|r| is(&r.name)),
                Kind::Application => w.applications.iter().any(|a| is(&a.name)),
                Kind::Mapping => w.mappings.iter().any(|m| self.roles.key(&t.slug, m) == key),
            }
        });
        if all.is_empty() {
            return Ok(());
        }
        let prune = if prune { " and go without --prune" } else { "" };
        Err(Error::conflict(format!(
            "nothing was done, as a name does not say which of them is meant:\n  {}\n{RENAME}, or leave the name out of the \
             file{prune}",
            all.join("\n  ")
        )))
    }
}

/// What helps.
pub(super) const RENAME: &str =
    "rename one of each by its id (`muster app edit`, `muster directory edit`, with --name)";
