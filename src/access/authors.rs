//! Who answers for a mapping, and whether they still could make it.
//!
//! A mapping keeps giving what its author gave. An author who was demoted below that suspends it; one who left (switched
//! off, deactivated, deleted) does not: whoever offboards an administrator takes nobody else's rights. What is asked for
//! is what the mapping gave when it was made or adopted: a role that somebody with more rights widens later is theirs to
//! answer for, not the author's.
//!
//! Where it is worked out: at use, from what is cached. A change reaches the next request in this way, by whatever path
//! the author lost their rights (a grant that ended by itself, a group, an edited role, another author's mapping), and
//! no path can forget to say so. It is worked out once for a person and kept with them; a counter that moves when
//! something of an author changes says when to do it again, so that a request costs no statement and no scan. Beside
//! that [`review`] looks through the mappings when the counter has moved, writes down what is suspended now, and has it
//! told: nothing is decided by what it writes, but for an author who was demoted and then left.

use super::{
    Access, Effective, Path, Reach, Site, Subject, Via,
    catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE},
    db, mappings,
    person::People,
};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{MappingId, TenantId, UserId},
    store::{Cx, Scope},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// Whoever answers for a mapping: who made it, or adopted it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub who: (TenantId, UserId),
    /// What the mapping gave when they made it, as far as its role still permits it.
    pub gave: Arc<BTreeSet<String>>,
    /// Whether it was written down that they do not hold it any more.
    pub recorded: bool,
    /// How they stand now.
    pub standing: Standing,
}

/// How whoever answers for something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody who holds all of it answers for it.
    #[default]
    InForce,
    /// Whoever answered for it has left: it stays in force, and is not widened until somebody adopts it.
    AuthorLeft,
    /// Whoever answers for it does not hold all of it any more: it counts for nothing.
    Suspended,
}

/// Somebody who answers for something, as they are now.
type Known = HashMap<(TenantId, UserId), (Subject, Arc<[Path]>)>;

/// Everything that is asked about authors.
#[derive(Default)]
struct Model {
    people: Known,
    tags: HashMap<TenantId, BTreeSet<String>>,
}

impl Model {
    /// What somebody holds wherever `reach` reaches, without what the mappings in `out` give.
    fn held(
        &self,
        (subject, paths): &(Subject, Arc<[Path]>),
        reach: &Reach,
        out: &HashSet<MappingId>,
        now: Timestamp,
    ) -> Effective {
        let live = |p: &&Path| !mapping_of(p).is_some_and(|m| out.contains(&m));
        let paths: Vec<Path> = paths.iter().filter(live).map(counting).collect();
        let none = BTreeSet::new();
        let there = |t: &TenantId| {
            let site = Site { tenant: *t, tags: self.tags.get(t).unwrap_or(&none) };
            Effective::compute(subject, &paths, site, now)
        };
        match reach {
            Reach::Tenant(t) => there(t),
            Reach::Tenants(some) => {
                let all = some.iter().map(there);
                all.reduce(|a, b| a.shared(&b)).unwrap_or_default()
            }
            _ => Effective::throughout(subject, &paths, reach, now),
        }
    }
    /// The mappings among everybody's that are suspended now, and when that may change by itself. Whoever holds
    /// something by a mapping holds it until that is found suspended: two who made each other's mappings keep them.
    fn suspended(&self, asked: &[Path], now: Timestamp) -> (HashSet<MappingId>, Option<Timestamp>) {
        let mut all: BTreeMap<MappingId, (&Path, &Author)> = BTreeMap::new();
        let of_people = self.people.values().flat_map(|(_, paths)| paths.iter());
        for p in asked.iter().chain(of_people) {
            if let (Some(m), Some(author)) = (mapping_of(p), &p.author) {
                all.insert(m, (p, author));
            }
        }
        let mut out = HashSet::new();
        let mut until: Option<Timestamp> = None;
        loop {
            let before = out.len();
            for (m, (path, author)) in &all {
                if out.contains(m) {
                    continue;
                }
                let holds = match self.people.get(&author.who).filter(|(s, _)| s.live) {
                    None => !author.recorded,
                    Some(known) => {
                        let held = self.held(known, &path.reach, &out, now);
                        until = until.into_iter().chain(held.until).min();
                        let global = path.role.id != GLOBAL_ADMINISTRATOR || held.global;
                        let gives = |p: &&String| *p != SELF_SERVICE;
                        global && author.gave.iter().filter(gives).all(|p| held.allows(p))
                    }
                };
                if !holds {
                    out.insert(*m);
                }
            }
            if out.len() == before {
                return (out, until);
            }
        }
    }
    /// How the author of a path stands.
    fn standing(&self, p: &Path, out: &HashSet<MappingId>) -> Standing {
        match (&p.author, mapping_of(p)) {
            (Some(_), Some(m)) if out.contains(&m) => Standing::Suspended,
            (Some(a), _) if !self.people.get(&a.who).is_some_and(|(s, _)| s.live) => {
                Standing::AuthorLeft
            }
            _ => Standing::InForce,
        }
    }
}

fn mapping_of(p: &Path) -> Option<MappingId> {
    match &p.via {
        Via::Mapping { mapping, .. } => Some(*mapping),
        _ => None,
    }
}

/// The path as if its author could make it: which are out is known already.
fn counting(p: &Path) -> Path {
    let author = p.author.clone().map(|a| Author { standing: Standing::InForce, ..a });
    Path { author, ..p.clone() }
}

impl People {
    /// The same paths, each with how its author stands now; and when that may change by itself.
    pub(super) async fn settled(&self, paths: &[Path]) -> Result<(Vec<Path>, Option<Timestamp>)> {
        let now = self.now();
        let mut model = Model::default();
        let mut seen: HashSet<(TenantId, UserId)> = HashSet::new();
        let mut asked: Vec<(TenantId, UserId)> = authors(paths).collect();
        let mut sites: BTreeSet<TenantId> = sites(paths).collect();
        while let Some(who) = asked.pop() {
            if !seen.insert(who) {
                continue;
            }
            // Watched before they are read: a change in between is not missed.
            self.watch(who);
            let Some(p) = self.person(who.0, who.1).await? else { continue };
            asked.extend(authors(&p.paths));
            sites.extend(self::sites(&p.paths));
            model.people.insert(who, (p.subject.clone(), Arc::clone(&p.paths)));
        }
        for t in sites {
            if let Some(row) = self.tenant(t).await? {
                model.tags.insert(t, row.tags.0.clone());
            }
        }
        let (out, until) = model.suspended(paths, now);
        let mut settled = paths.to_vec();
        for p in &mut settled {
            let standing = model.standing(p, &out);
            if let Some(a) = &mut p.author {
                a.standing = standing;
            }
        }
        Ok((settled, until))
    }
}

fn authors(paths: &[Path]) -> impl Iterator<Item = (TenantId, UserId)> + '_ {
    paths.iter().filter_map(|p| p.author.as_ref().map(|a| a.who))
}

/// The tenants in which it is asked what an author holds.
fn sites(paths: &[Path]) -> impl Iterator<Item = TenantId> + '_ {
    paths.iter().filter(|p| p.author.is_some()).flat_map(|p| match &p.reach {
        Reach::Tenant(t) => vec![*t],
        Reach::Tenants(some) => some.iter().copied().collect(),
        _ => Vec::new(),
    })
}

/// The outbox's word for a mapping that is suspended, and of which an administrator is to be told.
pub const TOPIC: &str = "author.tell";

/// How far [`review`] has looked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reviewed {
    under: Option<u64>,
    until: Option<Timestamp>,
}

/// Looks through the mappings that somebody answers for, if something has changed since, and writes down which are
/// suspended now and which are not any more. Says how many changed. `cx` is of the server, over [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn review(access: &Access, cx: &Cx, seen: &mut Reviewed) -> Result<usize> {
    let (moved, now) = (access.0.people.moved(), access.0.people.now());
    if seen.under == Some(moved) && seen.until.is_none_or(|u| u > now) {
        return Ok(0);
    }
    // platform: of whoever answers for one.
    let mut c = access.0.store.scan(Scope::Platform).await?;
    let all = db::mapped(&mut c, access.catalogue(), None).await?;
    drop(c);
    let (settled, until) = access.0.people.settled(&all).await?;
    let mut changed = 0;
    for p in &settled {
        let (Some(m), Some(a)) = (mapping_of(p), &p.author) else { continue };
        let suspended = a.standing == Standing::Suspended;
        if suspended != a.recorded {
            changed += usize::from(mappings::record(access, cx, m, a.who, suspended).await?);
        }
    }
    *seen = Reviewed { under: Some(moved), until };
    Ok(changed)
}
