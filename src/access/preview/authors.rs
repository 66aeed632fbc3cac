//! What a change does to authors, and by that to what they answer for: whoever loses what a mapping of theirs gives
//! suspends it, and whoever gains it brings it back.

use super::Thought;
use crate::{
    access::{
        Access, Path, Reach,
        authors::{InForce, Model},
        db,
    },
    error::Result,
    id::{MappingId, TenantId, UserId},
    store::Scope,
};
use std::collections::{BTreeSet, HashSet};

/// How the authors of all mappings would stand.
pub(super) struct Then {
    model: Model,
    good: InForce,
    /// Who is in the groups of mappings that would count for nothing or count again, or of whom something of those is kept.
    pub(super) people: Vec<(TenantId, UserId)>,
    /// Where these mappings give their roles.
    pub(super) reaches: Vec<Reach>,
}

impl Then {
    /// Works it out; `concerned` are those whom the change itself concerns.
    pub(super) async fn of(
        access: &Access,
        thought: &Thought,
        concerned: &HashSet<(TenantId, UserId)>,
    ) -> Result<Self> {
        // platform: of whoever answers for one.
        let mut c = access.0.store.scan(Scope::Platform).await?;
        let all = db::mapped(&mut c, access.catalogue(), None).await?;
        drop(c);
        let (now, before) = (access.0.people.now(), access.0.people.model(&all).await?);
        let mut model = before.clone();
        for (who, (_, paths)) in &mut model.people {
            *paths = if concerned.contains(who) {
                thought.applied(paths).into()
            } else {
                thought.elsewhere(paths).into()
            };
        }
        let (was, _) = before.in_force(&all, now);
        let asked = thought.elsewhere(&all);
        let (good, _) = model.in_force(&asked, now);
        let differs = |m: MappingId| was.contains_key(&m) != good.contains_key(&m);
        let (mut turned, mut reaches) = (BTreeSet::new(), BTreeSet::new());
        for p in &asked {
            if let Some(a) = p.author.as_ref().filter(|a| differs(a.mapping)) {
                reaches.insert(p.reach.clone());
                turned.insert(a.mapping);
            }
        }
        let turned: Vec<MappingId> = turned.into_iter().collect();
        let mut people = Vec::new();
        if !turned.is_empty() {
            // platform: as above.
            let mut c = access.0.store.scan(Scope::Platform).await?;
            people.extend(super::db::kept(&mut c, &turned).await?);
            for g in super::db::groups(&mut c, &turned).await? {
                people.extend(super::db::members(&mut c, g.tenant, g.group).await?);
            }
            for t in super::db::defaults(&mut c, &turned).await? {
                people.extend(super::db::everybody(&mut c, t).await?);
            }
        }
        let people = people.into_iter().map(|c| (c.home, c.user)).collect();
        Ok(Self { model, good, people, reaches: reaches.into_iter().collect() })
    }
    /// The paths with how their authors would stand.
    pub(super) fn settled(&self, paths: &[Path]) -> Vec<Path> {
        self.model.settled(paths, &self.good)
    }
}
