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

/// So often it is gone through at most: what is not known by then does not count.
const ROUNDS: usize = 16;

/// What was worked out under a supposition.
struct Supposed {
    /// What counts, as far as it was worked out.
    found: InForce,
    /// Whether that is all of it.
    whole: bool,
}

/// What somebody answers for, and what hangs on what.
struct Answering<'a> {
    /// Each mapping with its author.
    all: BTreeMap<MappingId, (&'a Path, &'a Author)>,
    /// Those whose authors hold something by a mapping.
    by: HashMap<MappingId, Vec<MappingId>>,
}

impl<'a> Answering<'a> {
    fn of(model: &'a Model, asked: &'a [Path]) -> Self {
        let of_people = model.people.values().flat_map(|(_, paths)| paths.iter());
        let authored = |p: &'a Path| Some((p, p.author.as_ref()?));
        let all: BTreeMap<_, _> = asked
            .iter()
            .chain(of_people)
            .filter_map(authored)
            .map(|(p, a)| (a.mapping, (p, a)))
            .collect();
        let mut by: HashMap<MappingId, Vec<MappingId>> = HashMap::new();
        for (m, (_, author)) in &all {
            let held = model.people.get(&author.who).into_iter().flat_map(|(_, held)| held.iter());
            for on in held.filter_map(|p| p.author.as_ref()) {
                by.entry(on.mapping).or_default().push(*m);
            }
        }
        Self { all, by }
    }
}

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
    /// if so many do as possibly do, until nothing moves any more, [`ROUNDS`] times at most. A mapping that would put its own
    /// author out when it counts, and only then, does not count; nor does one of which so many rounds did not tell.
    pub(in crate::access) fn in_force(
        &self,
        asked: &[Path],
        now: Timestamp,
    ) -> (InForce, Option<Timestamp>) {
        let mut until: Option<Timestamp> = None;
        let answers = Answering::of(self, asked);
        let mut surely = self.supposing(&answers, None, now, &mut until).found;
        let mut paths = self.people.values().flat_map(|(_, paths)| paths.iter());
        if !paths.any(|p| matches!(p.via, Via::Default { .. })) {
            return (surely, until);
        }
        for _ in 0..ROUNDS {
            let possibly = self.supposing(&answers, Some(&surely), now, &mut until);
            // What was not worked out to its end is too little, and whoever is out of it would be left to a default role.
            let taken = possibly.whole.then_some(&possibly.found);
            let more = self.supposing(&answers, taken, now, &mut until).found;
            let still = more.len() <= surely.len();
            if more.len() >= surely.len() {
                surely = more;
            }
            if still {
                break;
            }
        }
        (surely, until)
    }
    /// The same, were those left to a default role whom none of `taken` gives anything. No mapping counts at first; then
    /// those whose authors hold what they gave by what was given to them, then those whose authors hold it by these, and
    /// so on: so nobody holds up themselves. An end moves only away, so this comes to an end; each is asked again only when
    /// something moved by which its author may hold, and [`ROUNDS`] times each in all.
    fn supposing(
        &self,
        answers: &Answering<'_>,
        taken: Taken<'_>,
        now: Timestamp,
        until: &mut Option<Timestamp>,
    ) -> Supposed {
        let mut good = InForce::new();
        let mut asked: BTreeSet<MappingId> = answers.all.keys().copied().collect();
        let mut left = answers.all.len().saturating_mul(ROUNDS);
        while let Some(m) = asked.pop_first() {
            let Some((path, author)) = answers.all.get(&m) else { continue };
            if left == 0 {
                return Supposed { found: good, whole: false };
            }
            left -= 1;
            let Some(end) = self.answered(path, author, (&good, taken), now, until) else {
                continue;
            };
            let further = match good.get(&m) {
                None => true,
                Some(None) => false,
                Some(Some(was)) => end.is_none_or(|end| end > *was),
            };
            if further {
                good.insert(m, end);
                asked.extend(answers.by.get(&m).into_iter().flatten());
            }
        }
        Supposed { found: good, whole: true }
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
