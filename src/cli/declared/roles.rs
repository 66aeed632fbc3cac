//! Roles by the names that a file has for them: a tenant's own comes before a built-in one, and that before one that the
//! provider offers. Where the provider offers one under a name that the tenant has itself, the file says `provider/Name`.

use super::{current::text, document::Mapping};
use crate::text::fold;
use serde_json::Value;
use std::collections::HashMap;

/// Before the name of a role that the provider offers. It is a word and no slug, so that a file fits another installation.
const OFFERED: &str = "provider/";

/// Whose a role is; of one name the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Own,
    BuiltIn,
    Offered,
}

#[derive(Debug, Clone)]
struct Role {
    /// Folded.
    name: String,
    /// Or the word that stands for it.
    id: String,
    whose: Whose,
}

/// Which roles can be given where.
#[derive(Debug, Clone, Default)]
pub(super) struct Roles {
    /// By tenant (slug), of those that were read or will be made.
    there: HashMap<String, Vec<Role>>,
    /// What everybody can be given.
    everywhere: Vec<Role>,
}

impl Roles {
    /// Whether a tenant's are known.
    pub(super) fn know(&self, tenant: &str) -> bool {
        self.there.contains_key(tenant)
    }
    /// What the API lists for a tenant with this id.
    pub(super) fn learn(&mut self, tenant: &str, id: &str, listed: &[Value]) {
        let mut there = Vec::with_capacity(listed.len());
        for r in listed {
            let role = |whose| Role { name: fold(&text(r, "name")), id: text(r, "id"), whose };
            let own = r["tenant"] == *id;
            if r["built_in"] == true {
                there.push(role(Whose::BuiltIn));
                self.give_everybody(role(Whose::BuiltIn));
            } else if own {
                there.push(role(Whose::Own));
            } else {
                there.push(role(Whose::Offered));
            }
            if r["built_in"] != true && r["offered"] == true {
                self.give_everybody(role(Whose::Offered));
            }
        }
        self.there.insert(tenant.to_owned(), there);
    }
    /// A tenant that is to be made.
    pub(super) fn found(&mut self, tenant: &str) {
        self.there.insert(tenant.to_owned(), self.everywhere.clone());
    }
    /// A role of the tenant's own that is to be made; `id` is the word for it.
    pub(super) fn make(&mut self, tenant: &str, name: &str, id: &str) {
        let role = Role { name: fold(name), id: id.to_owned(), whose: Whose::Own };
        self.there.entry(tenant.to_owned()).or_default().push(role);
    }
    /// A role of the tenant's that everybody else can be given, too.
    pub(super) fn offer(&mut self, tenant: &str, name: &str, id: &str) {
        let role = Role { name: fold(name), id: id.to_owned(), whose: Whose::Offered };
        for (_, all) in self.there.iter_mut().filter(|(t, _)| *t != tenant) {
            if !all.iter().any(|r| r.id == id) {
                all.push(role.clone());
            }
        }
        self.give_everybody(role);
    }
    fn give_everybody(&mut self, role: Role) {
        if !self.everywhere.iter().any(|r| r.id == role.id) {
            self.everywhere.push(role);
        }
    }

    /// The id of the role that a file means by this in a tenant; none where there is none, or nobody can tell.
    pub(super) fn find(&self, tenant: &str, said: &str) -> Option<String> {
        if uuid::Uuid::try_parse(said).is_ok() {
            return Some(said.to_owned());
        }
        let there = self.there.get(tenant)?;
        // A whole name first: a role may be called so, with the word in front.
        let called = |name: &str| {
            let name = fold(name);
            let named = there.iter().filter(move |r| r.name == name);
            named.min_by_key(|r| r.whose).map(|r| r.id.clone())
        };
        let offered = |name: &str| {
            let name = fold(name);
            let mut all = self.everywhere.iter().filter(|r| r.whose == Whose::Offered);
            all.find(|r| r.name == name).map(|r| r.id.clone())
        };
        called(said).or_else(|| offered(said.strip_prefix(OFFERED)?))
    }
    /// What a mapping of a tenant's says, with the role that is meant: the same for whatever says the same.
    pub(super) fn key(&self, tenant: &str, m: &Mapping) -> String {
        let place = m.in_tenant.as_deref().unwrap_or(tenant);
        let role = self.find(place, &m.role).unwrap_or_else(|| m.role.clone());
        Mapping { role, ..m.clone() }.to_string()
    }
    /// How a file says it: by the name, by the name of an offered one, or by the id where neither says which it is.
    pub(super) fn written(&self, tenant: &str, id: &str, name: &str) -> String {
        let ways = [name.to_owned(), format!("{OFFERED}{name}")];
        let meant = |way: &String| self.find(tenant, way).as_deref() == Some(id);
        ways.into_iter().find(meant).unwrap_or_else(|| id.to_owned())
    }
}
