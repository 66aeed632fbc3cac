//! Many people at once, with every way in which each has a role: for what is asked about a crowd (a preview, who can do
//! something). The same rows, the same paths and the same computation as for one.

use super::{Access, Effective, Path, Reach, Site, Subject, db, effective};
use crate::{
    error::Result,
    id::{MappingId, TenantId, UserId},
    store::Scope,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// So many people are read by one statement.
const CHUNK: usize = 2_000;

/// One of a crowd.
#[derive(Debug, Clone)]
pub(super) struct Somebody {
    pub(super) home: TenantId,
    pub(super) user: UserId,
    pub(super) label: String,
    pub(super) subject: Subject,
    pub(super) paths: Vec<Path>,
}

impl Access {
    /// These people, those of them that exist, with their paths as they count now.
    pub(super) async fn crowd(&self, who: &[(TenantId, UserId)]) -> Result<Vec<Somebody>> {
        let mut by_home: HashMap<TenantId, Vec<UserId>> = HashMap::new();
        for (home, user) in who {
            by_home.entry(*home).or_default().push(*user);
        }
        let now = self.0.store.clock().now();
        let mut out = Vec::with_capacity(who.len());
        for (home, users) in by_home {
            for part in users.chunks(CHUNK) {
                // platform: what somebody has may come from the provider's roles.
                let mut c = self.0.store.scan(Scope::Platform).await?;
                let subjects = db::subjects(&mut c, home, part).await?;
                let mut paths: HashMap<UserId, Vec<Path>> = HashMap::new();
                for (user, path) in db::paths(&mut c, self.catalogue(), home, part, now).await? {
                    paths.entry(user).or_default().push(path);
                }
                drop(c);
                out.extend(subjects.into_iter().map(|(user, subject, label)| {
                    let paths = paths.remove(&user).unwrap_or_default();
                    Somebody { home, user, label, subject, paths }
                }));
            }
        }
        self.settle_all(&mut out).await?;
        out.sort_by(|a, b| (&a.label, a.home, a.user).cmp(&(&b.label, b.home, b.user)));
        Ok(out)
    }
    /// Marks everybody's paths with how the authors of their mappings stand: each mapping is asked about once.
    async fn settle_all(&self, all: &mut [Somebody]) -> Result<()> {
        let mut each: HashMap<MappingId, Path> = HashMap::new();
        for p in all.iter().flat_map(|s| &s.paths) {
            if let Some(a) = &p.author {
                each.entry(a.mapping).or_insert_with(|| p.clone());
            }
        }
        let each: Vec<Path> = each.into_values().collect();
        let now = self.0.people.now();
        let model = self.0.people.model(&each).await?;
        let (good, _) = model.in_force(&each, now);
        for s in all {
            s.paths = model.settled(&s.paths, &good);
            effective::stand_back(&s.subject, &mut s.paths);
        }
        Ok(())
    }
}

/// Tenants that no scope in question tells apart.
#[derive(Debug, Clone)]
pub(super) struct Alike {
    /// The tenants, by name; all of them act now.
    pub(super) tenants: Vec<(TenantId, String)>,
    tags: BTreeSet<String>,
}

impl Alike {
    /// What somebody has in each of them.
    pub(super) fn effective(
        &self,
        who: &Somebody,
        paths: &[Path],
        now: crate::clock::Timestamp,
    ) -> Effective {
        let Some((tenant, _)) = self.tenants.first() else { return Effective::default() };
        Effective::compute(&who.subject, paths, Site { tenant: *tenant, tags: &self.tags }, now)
    }
}

impl Access {
    /// The active tenants that one of `reaches` reaches, those together that none of `all` tells apart: with a thousand
    /// tenants, there are a handful of such classes.
    pub(super) async fn alike<'a>(
        &self,
        reaches: &[&Reach],
        all: impl Iterator<Item = &'a Reach>,
    ) -> Result<Vec<Alike>> {
        let distinct: Vec<&Reach> = all.collect::<BTreeSet<_>>().into_iter().collect();
        let mut classes: HashMap<Vec<bool>, Alike> = HashMap::new();
        // platform: wherever the scope reaches.
        let listed = db::tenants(&mut self.0.store.read(Scope::Platform).await?).await?;
        for t in listed {
            let site = Site { tenant: t.id, tags: &t.tags.0 };
            if !reaches.iter().any(|r| r.covers(site)) {
                continue;
            }
            let sign = distinct.iter().map(|r| r.covers(site)).collect();
            let class = classes
                .entry(sign)
                .or_insert_with(|| Alike { tenants: Vec::new(), tags: t.tags.0.clone() });
            class.tenants.push((t.id, t.name));
        }
        // The instance as such, which is no tenant.
        if reaches.contains(&&Reach::All) {
            let tenants = vec![(TenantId::PLATFORM, "the instance".to_owned())];
            classes.insert(vec![], Alike { tenants, tags: BTreeSet::new() });
        }
        let mut out: Vec<Alike> = classes.into_values().collect();
        out.sort_by(|a, b| a.tenants.cmp(&b.tenants));
        Ok(out)
    }
}

/// The distinct scopes in a crowd's paths.
pub(super) fn reaches(all: &[Somebody]) -> impl Iterator<Item = &Reach> {
    all.iter().flat_map(|s| s.paths.iter().map(|p| &p.reach))
}

/// A set of permissions, shared.
pub(super) type Permissions = Arc<BTreeSet<String>>;
