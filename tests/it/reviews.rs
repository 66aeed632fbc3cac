//! Access reviews: what is written down, who decides, what is done, and that a closed one stays what it was.

mod evidence;
mod shell;
mod waiting;

use crate::{
    access::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session},
    people::world::{World, race},
    story,
    support::TestDb,
};
use muster::{
    access::{
        Permit, Source,
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
        mappings::{self, Target},
        perm::UsersManageRoles,
        reviews::{
            self, Decision, Filter, Item, New, Outcome, Review, State, Undecided, Verdict, Wanted,
            Way,
        },
    },
    actor::UserKind,
    audit,
    clock::{Clock, Timestamp},
    error::{Error, Kind, Result},
    id::{ReviewId, TenantId},
    store::{Cx, Scope, Store},
    users::User,
};
use std::{collections::BTreeSet, time::Duration};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A company: its administrator, two who manage roles, somebody with a role by hand, and one by a group.
pub struct Cast {
    pub w: World,
    pub acme: TenantId,
    pub boss: User,
    pub lead: User,
    pub other: User,
    pub ann: User,
    pub cid: User,
}

impl Cast {
    pub async fn new(store: &Store) -> Self {
        let w = World::new(store);
        let (acme, _, scim) = w.company("acme", false).await;
        let acme = acme.id;
        let boss = person(&w, acme, "boss", UserKind::Tenant).await;
        give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
        let little = role(&w, acme, "Lead", &["users.view", "users.manage_roles"], false).await;
        let lead = person(&w, acme, "lead", UserKind::Tenant).await;
        let other = person(&w, acme, "other", UserKind::Tenant).await;
        for u in [&lead, &other] {
            give(&w, u, acme, little.id).await;
        }
        let ann = person(&w, acme, "ann", UserKind::Tenant).await;
        give(&w, &ann, acme, id(TECHNICIAN)).await;
        let cid = w.user(&scim, "cid@acme.example").await;
        let g = w.group(&scim, "Desk", &[cid.id]).await;
        mappings::create(&w.access, &w.may(acme).await, Target::Own, g.id, id(READ_ONLY))
            .await
            .unwrap();
        Self { w, acme, boss, lead, other, ann, cid }
    }
    pub async fn may(&self, who: &User) -> Permit<UsersManageRoles> {
        self.w.access.require(&session(who), self.acme).await.unwrap()
    }
    pub fn plan(&self, reviewers: &[&User]) -> New {
        New {
            name: "Autumn".into(),
            filter: Filter::default(),
            reviewers: reviewers.iter().map(|u| (u.tenant_id, u.id)).collect(),
            due_at: self.w.store.clock().now().plus(DAY),
            undecided: Undecided::Keep,
            every_days: None,
        }
    }
    /// One by the lead and the other.
    pub async fn open(&self) -> Review {
        let new = self.plan(&[&self.lead, &self.other]);
        reviews::open(&self.w.access, &self.may(&self.boss).await, new).await.unwrap()
    }
    /// One about which the lead has decided that the boss stays.
    pub async fn open_but_boss(&self) -> Review {
        let r = self.open().await;
        self.decide(&self.lead, r.id, &self.boss, Verdict::Keep).await.unwrap();
        r
    }
    pub async fn items(&self, id: ReviewId) -> Vec<Item> {
        let p = self.w.may(self.acme).await;
        reviews::items(&self.w.access, &p, id, Wanted::default(), None, 500).await.unwrap()
    }
    pub async fn of(&self, id: ReviewId, who: &User) -> Item {
        self.items(id).await.into_iter().find(|i| i.user_id == who.id).unwrap()
    }
    pub async fn decide(
        &self,
        by: &User,
        id: ReviewId,
        who: &User,
        verdict: Verdict,
    ) -> Result<usize> {
        let until = (verdict == Verdict::Shorten).then(|| self.later());
        let decision = Decision { verdict, until, note: Some("as we said".into()) };
        let item = self.of(id, who).await.id;
        reviews::decide(&self.w.access, &self.may(by).await, id, &[item], decision).await
    }
    fn later(&self) -> Timestamp {
        self.w.store.clock().now().plus(DAY * 10)
    }
    pub async fn close(&self, by: &User, id: ReviewId) -> Result<Review> {
        reviews::close(&self.w.access, &self.may(by).await, id, true).await
    }
    async fn grants(&self, who: &User) -> Vec<grants::Grant> {
        let q = grants::Query { user: Some(who.id), ..grants::Query::default() };
        grants::list(&self.w.access, &self.w.may(self.acme).await, q).await.unwrap()
    }
}

pub fn said(r: Result<impl Sized>) -> (Kind, Option<&'static str>) {
    r.map(|_| ()).map_err(|e: Error| (e.kind(), e.code_str())).unwrap_err()
}

async fn clocked(t: &TestDb) -> (Store, Clock) {
    let clock = Clock::manual(t.store.clock().now());
    (Store::open(&t.options, clock.clone()).await.unwrap(), clock)
}

fn server() -> Cx {
    Cx::new(World::owner(), Scope::Platform)
}

story!(async fn who_has_what_is_written_down_and_nobody_reviews_themselves(t) {
    let c = Cast::new(&t.store).await;
    c.w.signs_in(&c.ann).await;
    let us = c.w.tenant("us", true).await.id;
    let gina = make_global(&c.w, us, "gina").await;
    let r = c.open().await;
    let all = c.items(r.id).await;
    let mut names: Vec<(&str, &str)> =
        all.iter().map(|i| (i.user_label.as_str(), i.role_name.as_str())).collect();
    names.sort_unstable();
    assert_eq!(names, [
        ("ann", "Technician"), ("boss", "Tenant Administrator"), ("cid@acme.example", "Read-Only"),
        ("gina", "Global Administrator"), ("lead", "Lead"), ("other", "Lead"),
    ]);
    let cid = c.of(r.id, &c.cid).await;
    assert_eq!((cid.via, cid.group_name.as_deref(), cid.last_use), (Way::Mapping, Some("Desk"), None));
    assert_eq!(cid.directory_name.as_deref(), Some("Entra ID"));
    let ann = c.of(r.id, &c.ann).await;
    assert_eq!((ann.via, ann.source.as_str()), (Way::Grant, Source::Manual.as_str()));
    assert!(ann.last_use.is_some());
    assert_eq!(c.of(r.id, &gina).await.scope, "all");
    for i in &all {
        assert_ne!(i.reviewer_user, Some(i.user_id), "{}", i.user_label);
    }
    assert_eq!(c.of(r.id, &c.lead).await.reviewer_user, Some(c.other.id));
    assert_eq!(c.of(r.id, &c.other).await.reviewer_user, Some(c.lead.id));
    let both: BTreeSet<_> = all.iter().map(|i| i.reviewer_user).collect();
    assert_eq!(both.len(), 2, "in turn");
    // A lone reviewer who is among them, one who manages no roles, and nobody at all.
    let p = c.w.may(c.acme).await;
    for reviewers in [&[&c.lead][..], &[&c.ann], &[]] {
        let e = reviews::open(&c.w.access, &p, c.plan(reviewers)).await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("reviewers")));
    }
    // Of one role, of one directory, of one kind.
    let mut new = c.plan(&[&c.lead]);
    new.filter.role = Some(id(TECHNICIAN));
    let r = reviews::open(&c.w.access, &p, new).await.unwrap();
    assert_eq!(c.items(r.id).await.len(), 1);
    let mut new = c.plan(&[&c.lead]);
    new.filter.directory = c.cid.directory_id;
    let r = reviews::open(&c.w.access, &p, new).await.unwrap();
    assert_eq!(c.items(r.id).await[0].user_id, c.cid.id);
    let mut new = c.plan(&[&c.lead]);
    new.filter.kind = Some(UserKind::Administrator);
    let r = reviews::open(&c.w.access, &p, new).await.unwrap();
    assert_eq!(c.items(r.id).await[0].user_id, gina.id);
});

story!(async fn only_its_reviewers_decide_and_never_about_themselves(t) {
    let c = Cast::new(&t.store).await;
    let r = c.open().await;
    assert_eq!(said(c.decide(&c.lead, r.id, &c.lead, Verdict::Keep).await), (Kind::Forbidden, Some("own_access")));
    assert_eq!(said(c.decide(&c.boss, r.id, &c.ann, Verdict::Keep).await), (Kind::Forbidden, None));
    // The one who stands in for the other decides as well; and anew.
    for by in [&c.lead, &c.other] {
        c.decide(by, r.id, &c.ann, Verdict::Remove).await.unwrap();
    }
    assert_eq!(c.of(r.id, &c.ann).await.decided_by_user, Some(c.other.id));
    // All of it or nothing.
    let p = c.may(&c.lead).await;
    let both = [c.of(r.id, &c.boss).await.id, c.of(r.id, &c.lead).await.id];
    let keep = Decision { verdict: Verdict::Keep, until: None, note: None };
    assert_eq!(said(reviews::decide(&c.w.access, &p, r.id, &both, keep.clone()).await).0, Kind::Forbidden);
    assert_eq!(c.of(r.id, &c.boss).await.decision, None);
    for (verdict, until) in [(Verdict::Shorten, None), (Verdict::Keep, Some(r.due_at.plus(DAY))), (Verdict::Shorten, Some(r.due_at))] {
        let d = Decision { verdict, until, note: None };
        let e = reviews::decide(&c.w.access, &p, r.id, &both[..1], d).await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("until")));
    }
    // Another tenant's is not there.
    let elsewhere = c.w.tenant("elsewhere", false).await.id;
    let there = c.w.may(elsewhere).await;
    assert_eq!(said(reviews::get(&c.w.access, &there, r.id).await).0, Kind::NotFound);
    assert_eq!(said(reviews::decide(&c.w.access, &there, r.id, &both, keep).await).0, Kind::NotFound);
    assert_eq!(said(reviews::close(&c.w.access, &there, r.id, true).await).0, Kind::NotFound);
    assert!(reviews::list(&c.w.access, &there, None, 10).await.unwrap().is_empty());
});

story!(async fn what_was_decided_is_done(t) {
    let c = Cast::new(&t.store).await;
    let r = c.open().await;
    let other = c.of(r.id, &c.other).await;
    c.decide(&c.lead, r.id, &c.ann, Verdict::Remove).await.unwrap();
    c.decide(&c.lead, r.id, &c.other, Verdict::Shorten).await.unwrap();
    c.decide(&c.lead, r.id, &c.cid, Verdict::Remove).await.unwrap();
    c.decide(&c.lead, r.id, &c.boss, Verdict::Keep).await.unwrap();
    assert!(!c.grants(&c.ann).await.is_empty(), "nothing is done before it is closed");
    let some = reviews::close(&c.w.access, &c.may(&c.boss).await, r.id, false).await;
    assert_eq!(said(some), (Kind::Conflict, Some("undecided")));
    let closed = c.close(&c.boss, r.id).await.unwrap();
    assert_eq!((closed.state, closed.closed_by), (State::Closed, Some(format!("user:{}", c.boss.id))));
    let all = c.items(r.id).await;
    let outcome = |u: &User| all.iter().find(|i| i.user_id == u.id).unwrap().outcome.unwrap();
    assert_eq!(outcome(&c.ann), Outcome::Removed);
    assert!(c.grants(&c.ann).await.is_empty());
    assert!(c.w.access.effective(c.acme, c.ann.id, c.acme).await.unwrap().is_empty());
    assert_eq!(outcome(&c.other), Outcome::Shortened);
    let shortened = c.of(r.id, &c.other).await.shorten_to;
    assert!(shortened.is_some() && other.until.is_none());
    assert_eq!(c.grants(&c.other).await[0].valid_to, shortened);
    assert_eq!((outcome(&c.boss), outcome(&c.lead)), (Outcome::Kept, Outcome::Undecided));
    // What a group gives is the directory's to take.
    assert_eq!(outcome(&c.cid), Outcome::Listed);
    let work = c.of(r.id, &c.cid).await.outcome_text.unwrap();
    assert!(work.contains("out of the group 'Desk' in the directory 'Entra ID'"), "{work}");
    assert!(!c.w.access.effective(c.acme, c.cid.id, c.acme).await.unwrap().is_empty());
    let trail = audit::list(&c.w.store, c.acme, &audit::Query::default(), 500).await.unwrap().items;
    for (action, n) in [("review.open", 1), ("review.decide", 4), ("review.close", 1), ("grant.shorten", 1), ("grant.remove", 1)] {
        assert_eq!(trail.iter().filter(|e| e.action == action).count(), n, "{action}");
    }
});

story!(async fn the_last_administrator_stays_and_says_so(t) {
    let c = Cast::new(&t.store).await;
    for verdict in [Verdict::Remove, Verdict::Shorten] {
        let r = c.open().await;
        c.decide(&c.lead, r.id, &c.boss, verdict).await.unwrap();
        c.close(&c.boss, r.id).await.unwrap();
        let boss = c.of(r.id, &c.boss).await;
        assert_eq!(boss.outcome, Some(Outcome::Held));
        assert!(boss.outcome_text.unwrap().contains("last administrator"));
        assert_eq!(c.grants(&c.boss).await[0].valid_to, None);
    }
    // Of two, one goes.
    give(&c.w, &c.ann, c.acme, TENANT_ADMINISTRATOR).await;
    let r = c.open().await;
    for i in c.items(r.id).await.iter().filter(|i| i.role_id == TENANT_ADMINISTRATOR) {
        let d = Decision { verdict: Verdict::Remove, until: None, note: None };
        reviews::decide(&c.w.access, &c.may(&c.lead).await, r.id, &[i.id], d).await.unwrap();
    }
    c.decide(&c.other, r.id, &c.lead, Verdict::Keep).await.unwrap();
    c.close(&c.lead, r.id).await.unwrap();
    let all = c.items(r.id).await;
    let mut done: Vec<_> = all
        .iter()
        .filter(|i| i.role_id == TENANT_ADMINISTRATOR)
        .map(|i| i.outcome.unwrap().as_str())
        .collect();
    done.sort_unstable();
    assert_eq!(done, ["held", "removed"]);
});

story!(async fn a_closed_review_does_not_change(t) {
    let c = Cast::new(&t.store).await;
    let r = c.open_but_boss().await;
    let one = || {
        let (access, r, acme) = (c.w.access.clone(), r.id, c.acme);
        let boss = session(&c.boss);
        async move {
            let p = access.require(&boss, acme).await.unwrap();
            reviews::close(&access, &p, r, true).await.map(|r| r.manifest)
        }
    };
    let (a, b) = Box::pin(race(one(), one())).await;
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let before = c.items(r.id).await;
    assert_eq!(said(c.decide(&c.lead, r.id, &c.ann, Verdict::Remove).await), (Kind::Conflict, Some("review_over")));
    assert_eq!(said(c.close(&c.boss, r.id).await), (Kind::Conflict, Some("review_over")));
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 0);
    assert_eq!(format!("{before:?}"), format!("{:?}", c.items(r.id).await));
    assert!(!c.grants(&c.ann).await.is_empty());
});

story!(async fn at_its_time_it_is_closed_by_the_right_of_those_who_decided(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let mut new = c.plan(&[&c.lead, &c.other]);
    new.undecided = Undecided::Remove;
    let r = reviews::open(&c.w.access, &c.may(&c.boss).await, new).await.unwrap();
    c.decide(&c.lead, r.id, &c.ann, Verdict::Remove).await.unwrap();
    c.decide(&c.lead, r.id, &c.boss, Verdict::Keep).await.unwrap();
    c.decide(&c.other, r.id, &c.lead, Verdict::Keep).await.unwrap();
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 0, "not yet");
    // The lead gives no roles any more when it is done.
    let g = c.grants(&c.lead).await[0].id;
    grants::remove(&c.w.access, &c.w.may(c.acme).await, g).await.unwrap();
    clock.advance(DAY);
    assert_eq!(said(c.decide(&c.other, r.id, &c.ann, Verdict::Keep).await), (Kind::Conflict, Some("review_over")));
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 1);
    let all = c.items(r.id).await;
    let outcome = |u: &User| all.iter().find(|i| i.user_id == u.id).unwrap().outcome.unwrap();
    assert_eq!((outcome(&c.ann), outcome(&c.boss)), (Outcome::Refused, Outcome::Kept));
    assert!(!c.grants(&c.ann).await.is_empty());
    // Nobody decided about these two, and the review says that they go: by the right of who began it.
    assert_eq!((outcome(&c.other), outcome(&c.cid)), (Outcome::Removed, Outcome::Listed));
    assert!(c.grants(&c.other).await.is_empty());
});

story!(async fn what_is_held_on_the_whole_instance_is_its_administrators_to_take(t) {
    let c = Cast::new(&t.store).await;
    let us = c.w.tenant("us", true).await.id;
    let (gina, hugo) = (make_global(&c.w, us, "gina").await, make_global(&c.w, us, "hugo").await);
    let of = async |r: ReviewId| c.of(r, &hugo).await.outcome;
    let held = async || c.w.access.require_global(&session(&hugo)).await.is_ok();
    let r = c.open_but_boss().await;
    c.decide(&c.lead, r.id, &hugo, Verdict::Remove).await.unwrap();
    c.close(&c.boss, r.id).await.unwrap();
    assert_eq!((of(r.id).await, held().await), (Some(Outcome::Refused), true));
    let r = c.open_but_boss().await;
    c.decide(&c.lead, r.id, &hugo, Verdict::Remove).await.unwrap();
    c.decide(&c.lead, r.id, &gina, Verdict::Keep).await.unwrap();
    c.close(&gina, r.id).await.unwrap();
    assert_eq!((of(r.id).await, held().await), (Some(Outcome::Removed), false));
});

story!(async fn what_changed_meanwhile_is_not_taken_twice(t) {
    let c = Cast::new(&t.store).await;
    let r = c.open_but_boss().await;
    c.decide(&c.lead, r.id, &c.ann, Verdict::Remove).await.unwrap();
    c.decide(&c.lead, r.id, &c.other, Verdict::Shorten).await.unwrap();
    let p = c.w.may(c.acme).await;
    grants::remove(&c.w.access, &p, c.grants(&c.ann).await[0].id).await.unwrap();
    let soon = c.w.store.clock().now().plus(DAY);
    let mut again = NewGrant::manual(c.acme, c.ann.id, id(TECHNICIAN));
    again.valid_to = Some(soon);
    grants::add(&c.w.access, &p, again).await.unwrap();
    c.close(&c.boss, r.id).await.unwrap();
    assert_eq!(c.of(r.id, &c.ann).await.outcome, Some(Outcome::Gone));
    assert_eq!(c.grants(&c.ann).await.len(), 1, "what was given since was not decided about");
});

story!(async fn it_repeats_until_it_is_stopped(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let p = c.w.may(c.acme).await;
    let mut new = c.plan(&[&c.lead, &c.other]);
    for wrong in [0, 3661] {
        new.every_days = Some(wrong);
        assert_eq!(said(reviews::open(&c.w.access, &p, new.clone()).await).0, Kind::Invalid);
    }
    new.every_days = Some(30);
    let first = reviews::open(&c.w.access, &p, new).await.unwrap();
    let plan = reviews::plans(&c.w.access, &p, None, 10).await.unwrap().remove(0);
    assert_eq!(first.plan_id, Some(plan.id));
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 0);
    clock.advance(DAY * 65);
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 1);
    // Two were missed: one begins.
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 1);
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 0);
    let all = reviews::list(&c.w.access, &p, None, 10).await.unwrap();
    let (next, count) = &all[0];
    assert_eq!((all.len(), next.state, next.plan_id), (2, State::Open, Some(plan.id)));
    assert_eq!((next.due_at, count.items), (store.clock().now().plus(DAY), 5));
    reviews::stop(&c.w.access, &p, plan.id).await.unwrap();
    clock.advance(DAY * 65);
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 0);
    assert_eq!(said(reviews::stop(&c.w.access, &p, plan.id).await).0, Kind::NotFound);
});

story!(async fn what_nobody_decided_about_is_left_so_by_no_subject_and_no_stranger(t) {
    let c = Cast::new(&t.store).await;
    let perm = person(&c.w, c.acme, "perm", UserKind::Tenant).await;
    let little = c.of(c.open().await.id, &c.lead).await.role_id;
    give(&c.w, &perm, c.acme, little).await;
    let us = c.w.tenant("us", true).await.id;
    let gina = make_global(&c.w, us, "gina").await;
    let own = (Kind::Forbidden, Some("own_access"));
    let r = c.open().await;
    let keep = async |about: &User| c.decide(&c.lead, r.id, about, Verdict::Keep).await.unwrap();
    // Not over their own access, whoever they are: who has a role, who decides, who began it, who holds everything.
    for who in [&perm, &c.lead, &c.boss, &gina] {
        assert_eq!(said(c.close(who, r.id).await), own, "{}", who.user_name);
    }
    for about in [&perm, &c.boss, &gina] {
        keep(about).await;
    }
    // Nor is it a stranger's to end it.
    assert_eq!(said(c.close(&perm, r.id).await), (Kind::Forbidden, None));
    let now = reviews::get(&c.w.access, &c.w.may(c.acme).await, r.id).await.unwrap().0;
    assert_eq!((now.state, c.of(r.id, &c.lead).await.outcome), (State::Open, None));
    c.close(&gina, r.id).await.unwrap();
    assert_eq!(c.of(r.id, &c.lead).await.outcome, Some(Outcome::Undecided));
    // A reviewer about whom another has decided, and who began it.
    for by in [&c.lead, &c.boss] {
        let r = c.open_but_boss().await;
        c.decide(&c.other, r.id, &c.lead, Verdict::Keep).await.unwrap();
        c.close(by, r.id).await.unwrap();
    }
    // With nothing undecided, anybody who manages roles there.
    let r = c.open().await;
    for i in c.items(r.id).await {
        let by = if i.user_id == c.lead.id { &c.other } else { &c.lead };
        let keep = Decision { verdict: Verdict::Keep, until: None, note: None };
        reviews::decide(&c.w.access, &c.may(by).await, r.id, &[i.id], keep).await.unwrap();
    }
    c.close(&perm, r.id).await.unwrap();
});

story!(async fn what_was_to_end_before_it_was_closed_is_taken_away_and_called_so(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let r = c.open().await;
    c.decide(&c.lead, r.id, &c.ann, Verdict::Shorten).await.unwrap();
    let until = c.of(r.id, &c.ann).await.shorten_to.unwrap();
    // Nobody was there to close it in time.
    clock.advance(DAY * 20);
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 1);
    let ann = c.of(r.id, &c.ann).await;
    assert!(c.grants(&c.ann).await.is_empty());
    assert_eq!(ann.outcome, Some(Outcome::Removed));
    assert!(ann.outcome_text.unwrap().contains(&until.rfc3339()));
});
