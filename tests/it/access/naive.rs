//! An evaluator of a small model, written from the rules and not from the code.

use muster::{
    access::catalogue::GLOBAL_ADMINISTRATOR,
    actor::UserKind,
    id::{MappingId, RoleId, TenantId, UserId},
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq)]
pub enum Where {
    One(TenantId),
    Each(Vec<TenantId>),
    Tag(&'static str),
    Every,
    But(Vec<TenantId>),
    Instance,
}
pub struct Company {
    pub id: TenantId,
    pub provider: bool,
    pub active: bool,
    pub tags: BTreeSet<String>,
}
pub struct Human {
    pub home: TenantId,
    pub id: UserId,
    pub kind: UserKind,
    pub on: bool,
}
pub struct Kinds {
    pub owner: Option<TenantId>,
    pub offered: bool,
    pub gives: BTreeSet<String>,
}
#[expect(clippy::struct_excessive_bools, reason = "what a row says of it")]
#[derive(Debug, Clone)]
pub struct Way {
    pub user: UserId,
    pub role: RoleId,
    pub at: Where,
    pub begun: bool,
    pub over: bool,
    pub mapping: Option<MappingId>,
    pub kept: bool,
    /// The default role of their company.
    pub default: bool,
}
#[derive(Clone)]
pub struct Mapped {
    pub author: Option<UserId>,
    pub role: RoleId,
    pub at: Where,
}
pub struct Model {
    pub companies: Vec<Company>,
    pub humans: Vec<Human>,
    pub roles: BTreeMap<RoleId, Kinds>,
    pub ways: Vec<Way>,
    pub mappings: BTreeMap<MappingId, Mapped>,
}

struct Out<'a> {
    suspended: &'a BTreeSet<MappingId>,
    apart: &'a BTreeSet<MappingId>,
}

impl Model {
    fn company(&self, t: TenantId) -> &Company {
        self.companies.iter().find(|c| c.id == t).unwrap()
    }
    pub fn human(&self, u: UserId) -> &Human {
        self.humans.iter().find(|h| h.id == u).unwrap()
    }
    fn reaches(&self, at: &Where, t: TenantId) -> bool {
        match at {
            Where::One(x) => *x == t,
            Where::Each(x) => x.contains(&t),
            Where::Tag(w) => self.company(t).tags.contains(*w),
            Where::Every | Where::Instance => true,
            Where::But(x) => !x.contains(&t),
        }
    }
    fn live(&self, h: &Human) -> bool {
        h.on && self.company(h.home).active
    }
    /// Whether a group gives somebody anything, were these mappings suspended: then they have nothing by default.
    fn mapped(&self, u: UserId, out: &BTreeSet<MappingId>) -> bool {
        let of_group = |w: &Way| w.user == u && w.mapping.is_some() && !w.default;
        self.ways.iter().any(|w| of_group(w) && self.gives(w, out))
    }
    /// Whether the way counts, wherever it reaches; `apart` are the mappings that are taken to be suspended where it is
    /// asked who has nothing by a group.
    fn counts(&self, w: &Way, out: &Out<'_>) -> bool {
        self.gives(w, out.suspended) && !(w.default && self.mapped(w.user, out.apart))
    }
    fn gives(&self, w: &Way, out: &BTreeSet<MappingId>) -> bool {
        let (h, r) = (self.human(w.user), &self.roles[&w.role]);
        let usable = r.owner.is_none() || r.offered || w.at == Where::One(r.owner.unwrap());
        let everywhere = w.at == Where::Instance;
        let bounds = (w.role != GLOBAL_ADMINISTRATOR || everywhere)
            && (!everywhere || h.kind == UserKind::Administrator)
            && (w.at == Where::One(h.home)
                || (h.kind != UserKind::Tenant && self.company(h.home).provider));
        usable && bounds && w.begun && !w.over && w.mapping.is_none_or(|m| !out.contains(&m))
    }
    pub fn can(&self, u: UserId, t: TenantId, what: &str, out: &BTreeSet<MappingId>) -> bool {
        self.could(u, t, what, &Out { suspended: out, apart: out })
    }
    fn could(&self, u: UserId, t: TenantId, what: &str, out: &Out<'_>) -> bool {
        self.live(self.human(u))
            && self.ways.iter().any(|w| {
                w.user == u
                    && self.reaches(&w.at, t)
                    && self.counts(w, out)
                    && self.roles[&w.role].gives.contains(what)
            })
    }
    /// Whether somebody holds what a mapping gives wherever it gives it.
    fn stands(&self, u: UserId, m: &Mapped, out: &Out<'_>) -> bool {
        let grows = |what: &dyn Fn(&Way) -> bool| {
            self.ways
                .iter()
                .any(|w| w.user == u && always(&w.at, &m.at) && self.counts(w, out) && what(w))
        };
        let holds = |what: &str| match &m.at {
            Where::One(t) => self.could(u, *t, what, out),
            Where::Each(all) => all.iter().all(|t| self.could(u, *t, what, out)),
            _ => grows(&|w| self.roles[&w.role].gives.contains(what)),
        };
        let is_global = || {
            let is = |w: &Way| w.user == u && w.role == GLOBAL_ADMINISTRATOR && self.counts(w, out);
            self.ways.iter().any(is)
        };
        let global = m.role != GLOBAL_ADMINISTRATOR || is_global();
        global
            && self.roles[&m.role].gives.iter().filter(|w| *w != "self_service").all(|w| holds(w))
    }
    /// What is suspended. Who has a mapping may have nothing by default, and who has something by default may answer for a
    /// mapping: so first, if any mapping at all takes the default away, which is the most that can be suspended; then what
    /// is so at least, and again what is so at most, until that stays.
    pub fn suspended(&self) -> BTreeSet<MappingId> {
        let mut out = self.suspended_if(&BTreeSet::new());
        loop {
            let next = self.suspended_if(&self.suspended_if(&out));
            if next == out {
                return out;
            }
            out = next;
        }
    }
    /// The same, were these suspended as far as defaults go: all that somebody answers for at first who has not left; then
    /// no more what its author holds without what still is, again and again.
    fn suspended_if(&self, apart: &BTreeSet<MappingId>) -> BTreeSet<MappingId> {
        let live = |m: &Mapped| m.author.is_some_and(|a| self.live(self.human(a)));
        let authored = self.mappings.iter().filter(|(_, m)| live(m));
        let mut out: BTreeSet<MappingId> = authored.map(|(id, _)| *id).collect();
        loop {
            let stands = |id: &MappingId| {
                let m = &self.mappings[id];
                self.stands(m.author.unwrap(), m, &Out { suspended: &out, apart })
            };
            let fewer: BTreeSet<MappingId> = out.iter().copied().filter(|id| !stands(id)).collect();
            if fewer.len() == out.len() {
                return out;
            }
            out = fewer;
        }
    }
}

/// Whether who holds something at `own` holds it at `at`, whatever tenants and tags there will be.
pub fn always(own: &Where, at: &Where) -> bool {
    match (own, at) {
        (Where::Instance, _) => true,
        (_, Where::Instance) => false,
        (Where::Every, _) => true,
        (Where::Tag(a), Where::Tag(b)) => a == b,
        (Where::But(a), Where::But(b)) => a.iter().all(|t| b.contains(t)),
        _ => false,
    }
}

pub fn column(at: &Where) -> (String, Option<TenantId>) {
    let hex = |all: &[TenantId]| {
        let all: BTreeSet<_> = all.iter().map(|t| t.0.simple().to_string()).collect();
        all.into_iter().collect::<Vec<_>>().join(",")
    };
    match at {
        Where::One(t) => ("tenant".into(), Some(*t)),
        Where::Each(all) => (format!("tenants:{}", hex(all)), None),
        Where::Tag(w) => (format!("tag:{w}"), None),
        Where::Every => ("every".into(), None),
        Where::But(all) => (format!("except:{}", hex(all)), None),
        Where::Instance => ("all".into(), None),
    }
}
