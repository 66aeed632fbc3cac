//! Who answers for a mapping, and whether they still could make it.
//!
//! A mapping keeps giving what its author gave. An author who was demoted below that suspends it; one who left (switched
//! off, deactivated, deleted) does not: whoever offboards an administrator takes nobody else's rights. Who was demoted
//! before they left, or answered for a while only, leaves nothing behind: that is written down in the very transaction in
//! which they leave ([`leaves`]). What is asked for is what the mapping gave when it was made or adopted: a role that
//! somebody with more rights widens later is theirs to answer for, not the author's. What is kept of what a mapping gave
//! ([`super::parked`]) is asked about in the same way, and a tenant's default role ([`super::defaults`]) is a mapping here
//! whose group is everybody.
//!
//! Nobody answers for themselves: what an author holds by a mapping counts if that mapping is answered for without it, by
//! what was given to somebody in the end. Two authors who made each other's mappings do not keep each other.
//!
//! Where it is worked out: at use, from what is cached. A change reaches the next request in this way, by whatever path
//! the author lost their rights (a grant that ended by itself, a group, an edited role, another author's mapping), and
//! no path can forget to say so. It is worked out once for a person and kept with them; a counter that moves when
//! something of an author changes says when to do it again, so that a request costs no statement and no scan. Beside
//! that [`review`] looks through the mappings when the counter has moved, writes down what is suspended now, and has it
//! told: nothing is decided by what it writes, but for an author who was demoted and then left.

mod db;
pub mod integrations;
mod model;

pub(super) use model::{InForce, Model};

use super::{Access, Path, Reach, catalogue::Catalogue, db as paths, mappings, person::People};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, MappingId, TenantId, UserId},
    store::{Cx, Scope, Tx},
};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

/// Whoever answers for a mapping: who made it, or adopted it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The mapping they answer for; of what is kept, the one that gave it, which may be gone; of a default role, its id.
    pub mapping: MappingId,
    /// Who.
    pub who: (TenantId, UserId),
    /// What the mapping gave when they made it, as far as its role still permits it.
    pub gave: Arc<BTreeSet<String>>,
    /// Where they must hold it, if that is not wherever the path reaches: the roles of an integration user are given by
    /// others, what it may use of them is chosen in its tenant.
    pub over: Option<TenantId>,
    /// Whether it was written down that they do not hold it any more.
    pub recorded: bool,
    /// How they stand now.
    pub standing: Standing,
    /// When what they answer with ends by itself, if it does.
    pub until: Option<Timestamp>,
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

impl People {
    /// The same paths, each with how its author stands now; and when that may change by itself.
    pub(super) async fn settled(&self, paths: &[Path]) -> Result<(Vec<Path>, Option<Timestamp>)> {
        let (now, model) = (self.now(), self.model(paths).await?);
        let (good, until) = model.in_force(paths, now);
        Ok((model.settled(paths, &good), until))
    }
    /// Everybody who answers for one of these, whoever answers for what those hold by, and where that is asked.
    pub(super) async fn model(&self, paths: &[Path]) -> Result<Model> {
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
        Ok(model)
    }
}

/// The same inside a transaction, which sees every tenant's rows.
async fn model(tx: &mut Tx, paths: &[Path]) -> Result<Model> {
    let (catalogue, now) = (tx.lent::<Catalogue>()?, tx.now());
    let mut model = Model::default();
    let mut seen: HashSet<(TenantId, UserId)> = HashSet::new();
    let mut asked: Vec<(TenantId, UserId)> = authors(paths).collect();
    let mut sites: BTreeSet<TenantId> = sites(paths).collect();
    while let Some((home, user)) = asked.pop() {
        if !seen.insert((home, user)) {
            continue;
        }
        let found = paths::subjects(tx, home, &[user]).await?.pop();
        let Some((_, subject, _)) = found else { continue };
        let held = paths::paths(tx, &catalogue, home, &[user], now).await?;
        let held: Arc<[Path]> = held.into_iter().map(|(_, p)| p).collect();
        asked.extend(authors(&held));
        sites.extend(self::sites(&held));
        model.people.insert((home, user), (subject, held));
    }
    for t in sites {
        if let Some(row) = paths::tenant(tx, t).await? {
            model.tags.insert(t, row.tags.0);
        }
    }
    Ok(model)
}

/// Those of these mappings, there or gone, that count for nothing now or will not by themselves: they are suspended, or
/// whoever answers for them does so for a while only. Call it over every tenant's rows.
pub(super) async fn not_lasting(tx: &mut Tx, these: &[MappingId]) -> Result<HashSet<MappingId>> {
    if these.is_empty() {
        return Ok(HashSet::new());
    }
    let (catalogue, now) = (tx.lent::<Catalogue>()?, tx.now());
    let paths = paths::mapped(tx, &catalogue, Some(these)).await?;
    let (good, _) = model(tx, &paths).await?.in_force(&paths, now);
    let authored = paths.iter().filter_map(|p| p.author.as_ref().map(|a| a.mapping));
    Ok(authored.filter(|m| good.get(m) != Some(&None)).collect())
}

/// Whether a mapping, there or gone, counts for nothing as this transaction sees it, which sees every tenant's rows.
pub(super) async fn suspended(tx: &mut Tx, mapping: MappingId) -> Result<bool> {
    let (catalogue, now) = (tx.lent::<Catalogue>()?, tx.now());
    let paths = paths::mapped(tx, &catalogue, Some(&[mapping])).await?;
    let (good, _) = model(tx, &paths).await?.in_force(&paths, now);
    let mut authored = paths.iter().filter_map(|p| p.author.as_ref());
    Ok(authored.any(|a| !good.contains_key(&a.mapping)))
}

/// What somebody answers for.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    who: Option<(TenantId, UserId)>,
    mappings: Vec<MappingId>,
}
impl Answers {
    /// Whether somebody may be an administrator by it: as those to whom it gives any role may answer for others with that,
    /// and those for others again, it is whether there is anything.
    pub fn watched(&self) -> bool {
        !self.mappings.is_empty()
    }
}

/// The mappings for which somebody answers, with those that are gone and of which something is kept.
///
/// # Errors
/// The database's.
pub async fn answers(tx: &mut Tx, who: (TenantId, UserId)) -> Result<Answers> {
    let was = paths::widen(tx).await?;
    let found = db::authored(tx, who).await?;
    paths::narrow(tx, &was).await?;
    let mut mappings = found;
    mappings.dedup();
    Ok(Answers { who: Some(who), mappings })
}

/// Whoever answers for these is being switched off or deleted: what they do not answer for without an end is suspended
/// from now on, as nobody can ask them any more. Call it before that is written.
///
/// # Errors
/// The database's.
pub async fn leaves(tx: &mut Tx, answers: Answers) -> Result<()> {
    let Some(who) = answers.who.filter(|_| !answers.mappings.is_empty()) else { return Ok(()) };
    let was = paths::widen(tx).await?;
    for m in not_lasting(tx, &answers.mappings).await? {
        mappings::noted(tx, m, who, true).await?;
    }
    paths::narrow(tx, &was).await
}

/// The same of all people of a directory at once.
///
/// # Errors
/// The database's.
pub async fn all_leave(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<()> {
    let was = paths::widen(tx).await?;
    let all = db::authors(tx, t, d).await?;
    paths::narrow(tx, &was).await?;
    for user in all {
        let theirs = answers(tx, (t, user)).await?;
        leaves(tx, theirs).await?;
    }
    Ok(())
}

fn authors(paths: &[Path]) -> impl Iterator<Item = (TenantId, UserId)> + '_ {
    paths.iter().filter_map(|p| p.author.as_ref().map(|a| a.who))
}

/// The tenants in which it is asked what an author holds.
fn sites(paths: &[Path]) -> impl Iterator<Item = TenantId> + '_ {
    let over = |p: &Path| p.author.as_ref().and_then(|a| a.over);
    paths.iter().filter(|p| p.author.is_some()).flat_map(move |p| match &p.reach {
        _ if let Some(t) = over(p) => vec![t],
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
    let all = paths::mapped(&mut c, access.catalogue(), None).await?;
    drop(c);
    let (settled, until) = access.0.people.settled(&all).await?;
    let mut changed = 0;
    for a in settled.iter().filter_map(|p| p.author.as_ref()) {
        let suspended = a.standing == Standing::Suspended;
        if suspended != a.recorded {
            changed +=
                usize::from(mappings::record(access, cx, a.mapping, a.who, suspended).await?);
        }
    }
    *seen = Reviewed { under: Some(moved), until };
    Ok(changed)
}
