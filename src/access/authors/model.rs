//! Which mappings somebody answers for, worked out of what everybody holds: no I/O.

use super::{Author, Standing};
use crate::{
    access::{
        Effective, Path, Reach, Site, Subject, Via,
        catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE},
        effective,
    },
    clock::Timestamp,
    id::{MappingId, TenantId, UserId},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// When something ends by itself; `None`: it does not.
type End = Option<Timestamp>;

/// Until when each mapping counts that somebody answers for. What is not in it is suspended.
pub(in crate::access) type InForce = HashMap<MappingId, End>;

/// Which mappings are taken to count where it is asked who is left to a default role; `None`: all.
type Taken<'a> = Option<&'a InForce>;

/// Somebody, with every way in which they have a role.
type Known = (Subject, Arc<[Path]>);

/// Everything that is asked about authors: who they are and what they hold, and the tags of the tenants where.
#[derive(Default, Clone)]
pub(in crate::access) struct Model {
    pub(in crate::access) people: HashMap<(TenantId, UserId), Known>,
    pub(in crate::access) tags: HashMap<TenantId, BTreeSet<String>>,
}

impl Model {
    /// What somebody holds wherever `reach` reaches: of what they hold by mappings that somebody answers for, what is in
    /// `good`; by a default role, if none of `taken` gives them anything.
    fn held(
        &self,
        (subject, paths): &Known,
        reach: &Reach,
        (good, taken): (&InForce, Taken<'_>),
        now: Timestamp,
    ) -> Effective {
        let mapped = paths.iter().any(|p| {
            let counts = p.author.as_ref().zip(taken);
            p.of_group()
                && counts.is_none_or(|(a, taken)| taken.contains_key(&a.mapping))
                && effective::void(subject, p).is_none()
        });
        let left = paths.iter().filter(|p| !(mapped && matches!(p.via, Via::Default { .. })));
        let paths: Vec<Path> = left.filter_map(|p| counting(p, good)).collect();
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
    /// Until when an author answers for what a path gives; no answer where they do not.
    fn answered(
        &self,
        path: &Path,
        author: &Author,
        good: (&InForce, Taken<'_>),
        now: Timestamp,
        until: &mut Option<Timestamp>,
    ) -> Option<End> {
        let Some(known) = self.people.get(&author.who).filter(|(s, _)| s.live) else {
            // Of who has left there is only what was written down then.
            return (!author.recorded).then_some(None);
        };
        let over = author.over.map(Reach::Tenant);
        let held = self.held(known, over.as_ref().unwrap_or(&path.reach), good, now);
        *until = (*until).into_iter().chain(held.until).min();
        let mut ends = Vec::new();
        if path.role.id == GLOBAL_ADMINISTRATOR && over.is_none() {
            if !held.global {
                return None;
            }
            ends.extend(held.end_of_global());
        }
        for word in author.gave.iter().filter(|p| *p != SELF_SERVICE) {
            if !held.allows(word) {
                return None;
            }
            ends.extend(held.end_of(word));
        }
        Some(ends.into_iter().min())
    }
    /// The mappings that count, among everybody's and these, and when that may change by itself.
    ///
    /// A default role makes that a question about itself: an author may hold what they gave because no mapping gives them
    /// anything. So it is asked from both sides, who is left to a default role if so many mappings count as surely do, and
    /// if so many do as possibly do, until nothing moves any more. A mapping that would put its own author out when it
    /// counts, and only then, does not count.
    pub(in crate::access) fn in_force(
        &self,
        asked: &[Path],
        now: Timestamp,
    ) -> (InForce, Option<Timestamp>) {
        let mut until: Option<Timestamp> = None;
        let mut surely = self.supposing(asked, None, now, &mut until);
        let mut paths = self.people.values().flat_map(|(_, paths)| paths.iter());
        if !paths.any(|p| matches!(p.via, Via::Default { .. })) {
            return (surely, until);
        }
        loop {
            let possibly = self.supposing(asked, Some(&surely), now, &mut until);
            let more = self.supposing(asked, Some(&possibly), now, &mut until);
            let still = more.len() == surely.len();
            surely = more;
            if still {
                return (surely, until);
            }
        }
    }
    /// The same, were those left to a default role whom none of `taken` gives anything. No mapping counts at first; then
    /// those whose authors hold what they gave by what was given to them, then those whose authors hold it by these, and
    /// so on: so nobody holds up themselves. An end moves only away, so this comes to an end.
    fn supposing(
        &self,
        asked: &[Path],
        taken: Taken<'_>,
        now: Timestamp,
        until: &mut Option<Timestamp>,
    ) -> InForce {
        let mut all: BTreeMap<MappingId, (&Path, &Author)> = BTreeMap::new();
        let of_people = self.people.values().flat_map(|(_, paths)| paths.iter());
        for p in asked.iter().chain(of_people) {
            if let Some(author) = &p.author {
                all.insert(author.mapping, (p, author));
            }
        }
        let mut good = InForce::new();
        loop {
            let mut moved = false;
            for (m, (path, author)) in &all {
                let Some(end) = self.answered(path, author, (&good, taken), now, until) else {
                    continue;
                };
                let further = match good.get(m) {
                    None => true,
                    Some(None) => false,
                    Some(Some(was)) => end.is_none_or(|end| end > *was),
                };
                if further {
                    good.insert(*m, end);
                    moved = true;
                }
            }
            if !moved {
                return good;
            }
        }
    }
    /// Somebody's paths, each with how its author stands.
    pub(in crate::access) fn settled(&self, paths: &[Path], good: &InForce) -> Vec<Path> {
        let mut settled = paths.to_vec();
        for a in settled.iter_mut().filter_map(|p| p.author.as_mut()) {
            let there = self.people.get(&a.who).is_some_and(|(s, _)| s.live);
            (a.standing, a.until) = match good.get(&a.mapping) {
                None => (Standing::Suspended, None),
                Some(end) if there => (Standing::InForce, *end),
                Some(end) => (Standing::AuthorLeft, *end),
            };
        }
        settled
    }
}

/// The path if it counts, as long as it does.
fn counting(p: &Path, good: &InForce) -> Option<Path> {
    let author = match &p.author {
        None => None,
        Some(a) => {
            let until = *good.get(&a.mapping)?;
            Some(Author { standing: Standing::InForce, until, ..a.clone() })
        }
    };
    Some(Path { author, ..p.clone() })
}
