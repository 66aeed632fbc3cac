//! Roles for a while: who may ask, who decides, and that what was given ends.

mod http;
mod pages;

use crate::{
    access::{READ_ONLY, SELF_SERVICE, give, id, make_global, person, role, session},
    people::world::{World, race},
    story,
    support::TestDb,
};
use muster::{
    access::{
        Reach, Right, Source, Via,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        elevation::{self, Decision, Elevation, Eligibility, New, State},
        grants, roles,
    },
    actor::{Actor, UserKind},
    audit,
    clock::Clock,
    error::{Error, Kind, Result},
    id::{EligibilityId, RoleId, TenantId, UserId},
    store::{Cx, Scope, Store},
    users::User,
};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

/// A company with an administrator, somebody who gives roles and holds little else, and somebody who may ask.
struct Cast {
    w: World,
    acme: TenantId,
    boss: User,
    lead: User,
    ann: User,
}

impl Cast {
    async fn new(store: &Store) -> Self {
        let w = World::new(store);
        let acme = w.tenant("acme", false).await.id;
        let boss = person(&w, acme, "boss", UserKind::Tenant).await;
        give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
        let lead = person(&w, acme, "lead", UserKind::Tenant).await;
        let little = role(&w, acme, "Lead", &["users.view", "users.manage_roles"], false).await;
        give(&w, &lead, acme, little.id).await;
        let ann = person(&w, acme, "ann", UserKind::Tenant).await;
        Self { w, acme, boss, lead, ann }
    }
    async fn right(&self, who: &User) -> Right {
        let p = self.w.access.require(&session(who), self.acme).await.unwrap();
        Right::Tenant(p)
    }
    async fn allow(&self, by: &User, role: RoleId, max_minutes: i64) -> Result<Eligibility> {
        let new = New {
            home: self.acme,
            user: self.ann.id,
            role,
            max_minutes,
            reason: None,
            valid_to: None,
        };
        elevation::make(&self.w.access, &self.right(by).await, new, DAY).await
    }
    async fn ask(&self, e: &Eligibility, minutes: i64) -> Result<Elevation> {
        asks(&self.w, &session(&self.ann), e.id, minutes).await
    }
    async fn decide(&self, by: &User, e: &Elevation, approve: bool) -> Result<Elevation> {
        decides(&self.w, &self.right(by).await, e, approve).await
    }
    /// What ann may do there now.
    async fn deletes(&self) -> bool {
        let e = self.w.access.effective(self.acme, self.ann.id, self.acme).await.unwrap();
        e.allows("users.delete")
    }
    async fn trail(&self, action: &str) -> usize {
        let all = audit::list(&self.w.store, self.acme, &audit::Query::default(), 500)
            .await
            .unwrap()
            .items;
        all.iter().filter(|e| e.action == action).count()
    }
}

async fn asks(w: &World, who: &Actor, id: EligibilityId, minutes: i64) -> Result<Elevation> {
    let own = w.access.own(who)?;
    elevation::ask(&w.access, &own, id, minutes, "case 4711", DAY).await
}

async fn decides(w: &World, right: &Right, e: &Elevation, approve: bool) -> Result<Elevation> {
    let decision = Decision { approve, reason: Some("as agreed".into()) };
    elevation::decide(&w.access, right, e.id, decision).await
}

async fn clocked(t: &TestDb) -> (Store, Clock) {
    let clock = Clock::manual(t.store.clock().now());
    (Store::open(&t.options, clock.clone()).await.unwrap(), clock)
}

fn said(r: Result<impl Sized>) -> (Kind, Option<&'static str>) {
    r.map(|_| ()).map_err(|e: Error| (e.kind(), e.code_str())).unwrap_err()
}

async fn list(w: &World, t: TenantId, user: UserId) -> Vec<grants::Grant> {
    let q = grants::Query { user: Some(user), ..grants::Query::default() };
    grants::list(&w.access, &w.may(t).await, q).await.unwrap()
}

story!(async fn somebody_else_approves_who_could_give_it(t) {
    let c = Cast::new(&t.store).await;
    // Who gives roles and holds little makes nobody eligible for more.
    let e = c.allow(&c.lead, TENANT_ADMINISTRATOR, 60).await;
    assert_eq!(said(e).0, Kind::Forbidden);
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    assert_eq!(said(c.allow(&c.boss, TENANT_ADMINISTRATOR, 30).await).0, Kind::Conflict);
    // By itself it gives nothing.
    assert!(!c.deletes().await);
    let asked = c.ask(&e, 60).await.unwrap();
    assert_eq!(asked.state(t.store.clock().now()), State::Open);
    assert!(!c.deletes().await);
    assert_eq!(said(c.ask(&e, 60).await).0, Kind::Conflict);
    // Not by who asked, though they may give roles themselves; not by who holds less.
    let lead = list(&c.w, c.acme, c.lead.id).await[0].role_id;
    give(&c.w, &c.ann, c.acme, lead).await;
    assert_eq!(said(c.decide(&c.ann, &asked, true).await), (Kind::Forbidden, Some("self_approval")));
    assert_eq!(said(c.decide(&c.ann, &asked, false).await), (Kind::Forbidden, Some("self_approval")));
    assert_eq!(said(c.decide(&c.lead, &asked, true).await), (Kind::Forbidden, None));
    assert!(!c.deletes().await);
    let given = c.decide(&c.boss, &asked, true).await.unwrap();
    assert_eq!(given.state(t.store.clock().now()), State::Running);
    assert!(c.deletes().await);
    let own = list(&c.w, c.acme, c.ann.id).await;
    let g = own.iter().find(|g| Some(g.id) == given.grant_id).unwrap();
    assert_eq!((g.source, g.reason.as_deref()), (Source::Elevation, Some("case 4711")));
    assert_eq!(g.valid_to, Some(g.valid_from.plus(HOUR)));
    assert_eq!(g.granted_by, format!("user:{}", c.boss.id));
    // Why, with where it comes from and until when.
    let x = c.w.access.explain(&c.w.may(c.acme).await, (c.acme, c.ann.id), "users.delete").await.unwrap();
    assert!(x.allowed && matches!(x.paths[0].via, Via::Assignment { source: Source::Elevation, .. }));
    assert_eq!(x.paths[0].until, g.valid_to);
    for action in ["eligibility.add", "elevation.ask", "elevation.approve"] {
        assert_eq!(c.trail(action).await, 1, "{action}");
    }
    assert_eq!(said(c.decide(&c.boss, &asked, false).await), (Kind::Conflict, Some("decided")));
});

story!(async fn nobody_has_it_longer_than_was_agreed(t) {
    let c = Cast::new(&t.store).await;
    for wrong in [0, -1, 24 * 60 + 1] {
        assert_eq!(said(c.allow(&c.boss, TENANT_ADMINISTRATOR, wrong).await).0, Kind::Invalid);
    }
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 120).await.unwrap();
    for wrong in [0, -1, 121, i64::MAX] {
        assert_eq!(said(c.ask(&e, wrong).await).0, Kind::Invalid, "{wrong}");
    }
    let own = c.w.access.own(&session(&c.ann)).unwrap();
    let none = elevation::ask(&c.w.access, &own, e.id, 5, "  ", DAY).await;
    assert_eq!(none.unwrap_err().attr_str(), Some("reason"));
    // Nor beyond the eligibility's own end.
    let end = t.store.clock().now().plus(Duration::from_secs(1800));
    let new = New {
        home: c.acme, user: c.ann.id, role: id(READ_ONLY), max_minutes: 120, reason: None, valid_to: Some(end),
    };
    let e = elevation::make(&c.w.access, &c.right(&c.boss).await, new, DAY).await.unwrap();
    let asked = c.ask(&e, 120).await.unwrap();
    let given = c.decide(&c.boss, &asked, true).await.unwrap();
    assert_eq!((given.until, given.grant_end), (Some(end), Some(end)));
});

story!(async fn it_ends_by_itself_and_an_undecided_request_too(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let system = Cx::new(World::owner(), Scope::Platform);
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    let asked = c.ask(&e, 60).await.unwrap();
    clock.advance(DAY);
    // Over at the second, whether or not anybody has noticed.
    assert_eq!(said(c.decide(&c.boss, &asked, true).await), (Kind::Conflict, Some("decided")));
    assert_eq!(elevation::expire(&c.w.access, &system).await.unwrap(), 1);
    assert_eq!(elevation::expire(&c.w.access, &system).await.unwrap(), 0, "noticed once");
    assert_eq!(c.trail("elevation.expire").await, 1);
    // Asked again before anybody notices that the one before is over.
    let asked = c.ask(&e, 60).await.unwrap();
    clock.advance(DAY);
    let again = c.ask(&e, 60).await.unwrap();
    assert_eq!(elevation::expire(&c.w.access, &system).await.unwrap(), 0);
    let was = elevation::get(&c.w.access, Some(c.acme), asked.id).await.unwrap();
    assert_eq!(was.state(store.clock().now()), State::Expired);
    c.decide(&c.boss, &again, true).await.unwrap();
    let cookie = c.w.signs_in(&c.ann).await;
    clock.advance(Duration::from_secs(3599));
    assert!(c.deletes().await);
    clock.advance(Duration::from_secs(1));
    assert!(!c.deletes().await);
    assert_eq!(grants::end_due(&c.w.access, &system).await.unwrap(), 1);
    assert_eq!(c.trail("grant.end").await, 1);
    assert!(c.w.signed_in(&cookie).await, "a session at home goes on");
    let was = elevation::get(&c.w.access, Some(c.acme), again.id).await.unwrap();
    assert_eq!(was.state(store.clock().now()), State::Ended);
    // And may be asked for again.
    c.ask(&e, 60).await.unwrap();
});

story!(async fn it_is_given_back_early_and_only_by_its_holder(t) {
    let c = Cast::new(&t.store).await;
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    let asked = c.ask(&e, 60).await.unwrap();
    let (own, other) = (c.w.access.own(&session(&c.ann)).unwrap(), c.w.access.own(&session(&c.lead)).unwrap());
    assert_eq!(said(elevation::give_back(&c.w.access, &other, asked.id).await).0, Kind::NotFound);
    assert_eq!(said(asks(&c.w, &session(&c.lead), e.id, 5).await).0, Kind::NotFound);
    elevation::give_back(&c.w.access, &own, asked.id).await.unwrap();
    assert_eq!(said(c.decide(&c.boss, &asked, true).await).0, Kind::Conflict);
    let asked = c.ask(&e, 60).await.unwrap();
    c.decide(&c.boss, &asked, true).await.unwrap();
    assert!(c.deletes().await);
    elevation::give_back(&c.w.access, &own, asked.id).await.unwrap();
    assert!(!c.deletes().await);
    assert_eq!(said(elevation::give_back(&c.w.access, &own, asked.id).await).0, Kind::Conflict);
    for (action, n) in [("elevation.cancel", 1), ("elevation.return", 1), ("grant.end", 1)] {
        assert_eq!(c.trail(action).await, n, "{action}");
    }
    // Tokens speak of their own tenant, with the scope; programs ask for nothing.
    let token = crate::access::token(&c.ann, c.acme, &["users.view"]);
    assert_eq!(said(c.w.access.own(&token)).0, Kind::Forbidden);
    assert_eq!(said(c.w.access.own(&World::owner())).0, Kind::Forbidden);
    let token = crate::access::token(&c.ann, c.acme, &["self_service"]);
    asks(&c.w, &token, e.id, 5).await.unwrap();
    let elsewhere = c.w.tenant("other", false).await.id;
    let token = crate::access::token(&c.ann, elsewhere, &["self_service"]);
    assert_eq!(said(asks(&c.w, &token, e.id, 5).await).0, Kind::NotFound);
});

story!(async fn withdrawn_while_somebody_approves_nothing_runs(t) {
    let c = Cast::new(&t.store).await;
    let mut both = [0, 0];
    for _ in 0..6 {
        let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
        let asked = c.ask(&e, 60).await.unwrap();
        let (right, access) = (c.right(&c.boss).await, c.w.access.clone());
        let p = c.w.may(c.acme).await;
        let (a, e_id) = (access.clone(), e.id);
        let approve = async move {
            let decision = Decision { approve: true, reason: None };
            elevation::decide(&access, &right, asked.id, decision).await.map(|_| ())
        };
        let withdraw = async move { elevation::withdraw(&a, &p, e_id).await };
        let (approved, withdrawn) = Box::pin(race(approve, withdraw)).await;
        withdrawn.unwrap();
        match approved {
            Ok(()) => both[0] += 1,
            Err(e) => {
                assert_eq!(e.kind(), Kind::Conflict, "{e:?}");
                both[1] += 1;
            }
        }
        assert!(!c.deletes().await, "{both:?}");
    }
    // One after the other: what runs ends at once, and nobody approves what is withdrawn.
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    let asked = c.ask(&e, 60).await.unwrap();
    c.decide(&c.boss, &asked, true).await.unwrap();
    assert!(c.deletes().await);
    elevation::withdraw(&c.w.access, &c.w.may(c.acme).await, e.id).await.unwrap();
    assert!(!c.deletes().await);
    let now = t.store.clock().now();
    assert_eq!(elevation::get(&c.w.access, Some(c.acme), asked.id).await.unwrap().state(now), State::Ended);
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    let asked = c.ask(&e, 60).await.unwrap();
    elevation::withdraw(&c.w.access, &c.w.may(c.acme).await, e.id).await.unwrap();
    assert_eq!(said(c.decide(&c.boss, &asked, true).await).0, Kind::Conflict);
    let was = elevation::get(&c.w.access, Some(c.acme), asked.id).await.unwrap();
    assert_eq!(was.state(now), State::Withdrawn);
    assert_eq!(said(elevation::withdraw(&c.w.access, &c.w.may(c.acme).await, e.id).await).0, Kind::NotFound);
});

story!(async fn two_approvals_at_once_are_one_grant(t) {
    let c = Cast::new(&t.store).await;
    for n in 1..5 {
        let e = c.allow(&c.boss, id(READ_ONLY), 60).await.unwrap();
        let asked = c.ask(&e, 60).await.unwrap();
        let one = || {
            let (access, w) = (c.w.access.clone(), asked.id);
            let boss = session(&c.boss);
            let acme = c.acme;
            async move {
                let right = Right::Tenant(access.require(&boss, acme).await.unwrap());
                let decision = Decision { approve: true, reason: None };
                elevation::decide(&access, &right, w, decision).await.map(|_| ())
            }
        };
        let (a, b) = Box::pin(race(one(), one())).await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        assert_eq!(list(&c.w, c.acme, c.ann.id).await.len(), n);
        elevation::withdraw(&c.w.access, &c.w.may(c.acme).await, e.id).await.unwrap();
    }
});

story!(async fn who_is_elevated_is_no_last_administrator(t) {
    let c = Cast::new(&t.store).await;
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    let asked = c.ask(&e, 60).await.unwrap();
    c.decide(&c.boss, &asked, true).await.unwrap();
    let last = list(&c.w, c.acme, c.boss.id).await[0].id;
    let e = grants::remove(&c.w.access, &c.w.may(c.acme).await, last).await;
    assert_eq!(said(e), (Kind::Forbidden, Some("last_administrator")));
});

story!(async fn who_is_gone_or_off_gets_nothing_and_a_role_to_be_asked_for_stays(t) {
    let c = Cast::new(&t.store).await;
    let desk = role(&c.w, c.acme, "Desk", &["users.view"], false).await;
    let e = c.allow(&c.boss, desk.id, 60).await.unwrap();
    let no = roles::delete(&c.w.access, &c.w.may(c.acme).await, desk.id, None).await.unwrap_err();
    assert!(no.kind() == Kind::Conflict && no.detail().contains("'ann'"), "{no}");
    // Somebody who lacks it is told by what they could have it.
    let x = c.w.access.explain(&c.w.may(c.acme).await, (c.acme, c.ann.id), "users.view").await.unwrap();
    let by: Vec<_> = x.needed.iter().filter_map(|n| n.eligible.map(|e| (n.role.id, e))).collect();
    assert_eq!((x.allowed, by), (false, vec![(desk.id, e.id)]));
    let asked = c.ask(&e, 60).await.unwrap();
    muster::credentials::person::set_enabled(&c.w.store, &c.w.may(c.acme).await, c.ann.id, false).await.unwrap();
    assert_eq!(said(c.decide(&c.boss, &asked, true).await).0, Kind::Conflict);
    muster::credentials::person::remove(&c.w.store, &c.w.may(c.acme).await, c.ann.id, None).await.unwrap();
    assert_eq!(said(c.decide(&c.boss, &asked, true).await).0, Kind::Conflict);
    assert!(elevation::list(&c.w.access, &c.w.may(c.acme).await, None, 10).await.unwrap().is_empty());
    roles::delete(&c.w.access, &c.w.may(c.acme).await, desk.id, None).await.unwrap();
});

story!(async fn the_provider_reaches_as_far_as_it_was_agreed(t) {
    let w = World::new(&t.store);
    let (us, acme) = (w.tenant("us", true).await.id, w.tenant("acme", false).await.id);
    let gina = make_global(&w, us, "gina").await;
    let ada = person(&w, us, "ada", UserKind::Administrator).await;
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let boss = person(&w, acme, "boss", UserKind::Tenant).await;
    give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
    give(&w, &ada, us, id(SELF_SERVICE)).await;
    // Global Administrator for an hour.
    let right = Right::Instance(w.access.require_global(&session(&gina)).await.unwrap());
    let new = |user, role| New { home: us, user, role, max_minutes: 60, reason: None, valid_to: None };
    let bad = elevation::make(&w.access, &right, new(tom.id, GLOBAL_ADMINISTRATOR), DAY).await;
    assert_eq!(said(bad).0, Kind::Forbidden, "a technician holds nothing on the whole instance");
    let e = elevation::make(&w.access, &right, new(ada.id, GLOBAL_ADMINISTRATOR), DAY).await.unwrap();
    assert_eq!(e.reach(), Reach::All);
    let asked = asks(&w, &session(&ada), e.id, 60).await.unwrap();
    // Not by a permit of a tenant.
    let there = Right::Tenant(w.may(us).await);
    assert_eq!(said(decides(&w, &there, &asked, true).await).0, Kind::NotFound);
    decides(&w, &right, &asked, true).await.unwrap();
    assert!(w.access.require_global(&session(&ada)).await.is_ok());
    elevation::withdraw_everywhere(&w.access, &w.global().await, e.id).await.unwrap();
    assert!(w.access.require_global(&session(&ada)).await.is_err());
    // A technician in a customer's tenant: the customer's own administrator decides.
    let there = Right::Tenant(w.access.require(&session(&boss), acme).await.unwrap());
    let owner = Right::Tenant(w.may(acme).await);
    let e = elevation::make(&w.access, &owner, new(tom.id, id(READ_ONLY)), DAY).await.unwrap();
    let asked = asks(&w, &session(&tom), e.id, 60).await.unwrap();
    decides(&w, &there, &asked, true).await.unwrap();
    assert!(!w.access.effective(us, tom.id, acme).await.unwrap().is_empty());
    let p = w.access.require(&session(&boss), acme).await.unwrap();
    elevation::withdraw(&w.access, &p, e.id).await.unwrap();
    assert!(w.access.effective(us, tom.id, acme).await.unwrap().is_empty());
    // In many tenants, by who holds it in all of them.
    let p = w.access.require(&session(&gina), us).await.unwrap();
    let over = Right::Over(w.access.over(&p, Reach::Every).await.unwrap());
    let e = elevation::make(&w.access, &over, new(tom.id, id(READ_ONLY)), DAY).await.unwrap();
    let asked = asks(&w, &session(&tom), e.id, 60).await.unwrap();
    assert_eq!(said(decides(&w, &there, &asked, true).await).0, Kind::NotFound);
    decides(&w, &over, &asked, true).await.unwrap();
    assert!(!w.access.effective(us, tom.id, acme).await.unwrap().is_empty());
});

story!(async fn a_trail_of_a_chosen_set_tells_each_tenant_what_concerns_it(t) {
    let w = World::new(&t.store);
    let us = w.tenant("us", true).await.id;
    let (acme, globex) = (w.tenant("acme", false).await.id, w.tenant("globex", false).await.id);
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let gina = make_global(&w, us, "gina").await;
    let p = w.access.require(&session(&gina), us).await.unwrap();
    let reach = Reach::set([acme, globex].into()).unwrap();
    let over = Right::Over(w.access.over(&p, reach.clone()).await.unwrap());
    let new = New { home: us, user: tom.id, role: id(READ_ONLY), max_minutes: 60, reason: None, valid_to: None };
    let e = elevation::make(&w.access, &over, new, DAY).await.unwrap();
    let own = w.access.own(&session(&tom)).unwrap();
    let asked = asks(&w, &session(&tom), e.id, 60).await.unwrap();
    elevation::give_back(&w.access, &own, asked.id).await.unwrap();
    let asked = asks(&w, &session(&tom), e.id, 60).await.unwrap();
    decides(&w, &over, &asked, false).await.unwrap();
    let asked = asks(&w, &session(&tom), e.id, 60).await.unwrap();
    decides(&w, &over, &asked, true).await.unwrap();
    elevation::give_back(&w.access, &own, asked.id).await.unwrap();
    elevation::withdraw(&w.access, &w.may(us).await, e.id).await.unwrap();
    let actions = [
        "eligibility.add", "eligibility.withdraw", "elevation.ask", "elevation.cancel", "elevation.refuse",
        "elevation.approve", "elevation.return",
    ];
    for (here, other) in [(acme, globex), (globex, acme)] {
        let trail = audit::list(&w.store, here, &audit::Query::default(), 100).await.unwrap().items;
        for action in actions {
            assert!(trail.iter().any(|e| e.action == action), "{action}");
        }
        for e in trail.iter().filter(|e| actions.contains(&e.action.as_str())) {
            let d = &e.detail;
            assert_eq!((&d["scope"], &d["others"]), (&serde_json::json!("tenants"), &serde_json::json!(1)), "{}: {d}", e.action);
            assert_eq!(d["tenant"], here.to_string(), "{}: {d}", e.action);
            let text = d.to_string().replace('-', "");
            assert!(!text.contains(&other.0.simple().to_string()), "{}: {d}", e.action);
        }
    }
    // At home the whole of it is written down.
    let trail = audit::list(&w.store, us, &audit::Query::default(), 100).await.unwrap().items;
    for action in actions {
        assert!(trail.iter().any(|e| e.action == action && e.detail["scope"] == reach.column()), "{action}");
    }
});

story!(async fn who_asks_and_takes_it_back_in_a_circle_writes_few_letters(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let e = c.allow(&c.boss, TENANT_ADMINISTRATOR, 60).await.unwrap();
    let own = c.w.access.own(&session(&c.ann)).unwrap();
    // What was approved is counted by nobody.
    for _ in 0..6 {
        let asked = c.ask(&e, 60).await.unwrap();
        c.decide(&c.boss, &asked, true).await.unwrap();
        elevation::give_back(&c.w.access, &own, asked.id).await.unwrap();
    }
    for n in 0..5 {
        let asked = c.ask(&e, 60).await.unwrap();
        if n % 2 == 0 {
            elevation::give_back(&c.w.access, &own, asked.id).await.unwrap();
        } else {
            c.decide(&c.boss, &asked, false).await.unwrap();
        }
    }
    assert_eq!(said(c.ask(&e, 60).await).0, Kind::RateLimited);
    assert_eq!(c.trail("elevation.ask").await, 11);
    // By another eligibility of theirs it is another matter, and tomorrow another day.
    let other = c.allow(&c.boss, id(READ_ONLY), 60).await.unwrap();
    c.ask(&other, 60).await.unwrap();
    clock.advance(DAY);
    c.ask(&e, 60).await.unwrap();
});

story!(async fn a_token_of_one_tenant_pages_through_what_was_asked_there(t) {
    let w = World::new(&t.store);
    let (us, acme) = (w.tenant("us", true).await.id, w.tenant("acme", false).await.id);
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let mut asked = Vec::new();
    for there in [acme, us, acme, us, us] {
        let owner = Right::Tenant(w.may(there).await);
        let end = Some(t.store.clock().now().plus(DAY));
        let new = New { home: us, user: tom.id, role: id(READ_ONLY), max_minutes: 60, reason: None, valid_to: end };
        let e = elevation::make(&w.access, &owner, new, DAY).await.unwrap();
        asked.push(asks(&w, &session(&tom), e.id, 5).await.unwrap().id);
    }
    let own = w.access.own(&crate::access::token(&tom, acme, &["self_service"])).unwrap();
    let mut seen = Vec::new();
    while let Some(e) = elevation::my_requests(&w.access, &own, seen.last().copied(), 1).await.unwrap().pop() {
        seen.push(e.id);
    }
    assert_eq!(seen, [asked[2], asked[0]]);
    let own = w.access.own(&session(&tom)).unwrap();
    assert_eq!(elevation::my_requests(&w.access, &own, None, 10).await.unwrap().len(), 5);
});
