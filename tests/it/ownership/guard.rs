//! The guard of mass changes.

use super::arrives;
use crate::{
    access::{READ_ONLY, SELF_SERVICE, TECHNICIAN, give, id, person, role, session},
    people::world::{World, draft},
    story,
};
use muster::{
    access::{
        Permit, Via,
        catalogue::TENANT_ADMINISTRATOR,
        grants,
        mappings::{self, Target},
        parked::{self, Change, Decision, Limits, Lost, Waiting},
        perm::{self, Provision, UsersManageRoles},
    },
    actor::UserKind,
    audit,
    clock::Timestamp,
    directories::Provisioning,
    error::Kind,
    groups::{self, GroupChange},
    id::{DirectoryId, GroupId, TenantId, UserId},
    provisioning,
    store::{Cx, Scope},
    users,
};
use std::time::Duration;

/// A tenant with so many people, and a group of the first of them with a role.
struct Scene {
    w: World,
    t: TenantId,
    d: DirectoryId,
    p: Permit<Provision>,
    u: Vec<UserId>,
    g: GroupId,
}

impl Scene {
    async fn of(t: &crate::support::TestDb, people: usize, members: usize) -> Self {
        let w = World::new(&t.store);
        let (acme, d, p) = w.company("acme", false).await;
        let u = w.people(&p, people).await;
        let g = w.group(&p, "Desk", &u[..members]).await.id;
        let s = Self { w, t: acme.id, d: d.id, p, u, g };
        s.map(s.g, TECHNICIAN).await;
        s
    }
    async fn map(&self, g: GroupId, role: &str) {
        let p = self.w.may::<UsersManageRoles>(self.t).await;
        mappings::create(&self.w.access, &p, Target::Own, g, id(role)).await.unwrap();
    }
    async fn limit(&self, limits: Limits) {
        let to = Provisioning { mass_change: limits, ..Provisioning::default() };
        self.w.configure(self.t, self.d, to).await.unwrap();
    }
    async fn removes(&self, who: &[UserId]) -> Option<parked::Parked> {
        let g = self.w.apply(&self.p, self.g, vec![GroupChange::Remove(who.to_vec())]).await.0;
        g.parked
    }
    async fn works(&self, u: UserId) -> bool {
        self.w.access.effective(self.t, u, self.t).await.unwrap().allows("computers.edit")
    }
    async fn all(&self) -> Vec<(Change, Waiting)> {
        parked::list(&self.w.access, &self.w.may(self.t).await, None, 100).await.unwrap()
    }
    async fn lost(&self, c: &Change) -> Vec<Lost> {
        parked::get(&self.w.access, &self.w.may(self.t).await, c.id, None, 1000).await.unwrap().2
    }
    async fn decide(
        &self,
        c: &Change,
        keep: bool,
        users: Option<Vec<UserId>>,
    ) -> muster::error::Result<()> {
        let reason = Some("because".to_owned());
        let may = self.w.may(self.t).await;
        parked::decide(&self.w.access, &may, c.id, Decision { keep, users, reason }).await
    }
    async fn actions(&self) -> Vec<String> {
        let all =
            audit::list(&self.w.store, self.t, &audit::Query::default(), 500).await.unwrap().items;
        all.into_iter().map(|e| e.action).collect()
    }
}

story!(async fn what_is_within_the_limits_takes_effect(t) {
    // 60 people: a fifth of them is 12.
    let s = Scene::of(&t, 60, 30).await;
    assert!(s.removes(&s.u[..12]).await.is_none(), "a fifth is not beyond it");
    assert!(!s.works(s.u[0]).await && s.works(s.u[12]).await);
    assert!(s.all().await.is_empty());
    // The thirteenth is, and whoever comes after; those before are not brought back.
    let parked = s.removes(&s.u[12..13]).await.expect("parked");
    assert_eq!(parked.people, 1);
    assert!(s.works(s.u[12]).await && !s.works(s.u[0]).await);
    assert!(s.removes(&s.u[13..15]).await.is_some());
    let all = s.all().await;
    assert_eq!((all.len(), all[0].1), (1, Waiting { people: 3, roles: 3 }), "one change, which grows");
    // The resource shows what the directory wrote.
    let left = s.w.members(&s.p, s.g).await;
    assert!(left == s.u[15..30].iter().copied().collect());
    // What was counted falls out of the window piece by piece.
    assert_eq!(all[0].0.limits.0, Limits::default());
});

story!(async fn few_people_are_never_too_many(t) {
    let s = Scene::of(&t, 12, 12).await;
    assert!(s.removes(&s.u[..9]).await.is_none(), "nine of twelve are few");
    assert!(s.removes(&s.u[9..10]).await.is_some());
    let none = Limits { on: false, ..Limits::default() };
    s.limit(none).await;
    assert!(s.removes(&s.u[10..12]).await.is_none(), "switched off");
    assert!(!s.works(s.u[11]).await);
});

story!(async fn explain_and_sign_in_know_what_is_kept(t) {
    let s = Scene::of(&t, 20, 20).await;
    let first = users::get(&s.w.store, &s.p, s.u[0]).await.unwrap();
    let cookie = s.w.signs_in(&first).await;
    s.w.apply(&s.p, s.g, vec![GroupChange::Clear]).await;
    assert!(s.w.members(&s.p, s.g).await.is_empty());
    assert!(s.w.signed_in(&cookie).await && s.works(s.u[0]).await);
    let may = s.w.may(s.t).await;
    let x = s.w.access.explain(&may, (s.t, s.u[0]), "computers.edit").await.unwrap();
    let change = &s.all().await[0].0;
    assert!(x.allowed);
    assert_eq!(x.paths.iter().map(|p| &p.via).collect::<Vec<_>>(), [&Via::Parked {
        change: change.id,
        group_name: Some("Desk".into()),
        directory: s.d,
        directory_name: "Entra ID".into(),
        at: change.opened_at,
    }]);
    // Switched off by the directory, nothing counts, whatever is kept; and nothing of that is ever held back.
    for u in &s.u {
        s.w.set_active(&s.p, *u, false).await.unwrap();
    }
    assert!(!s.w.signed_in(&cookie).await && !s.works(s.u[0]).await);
    assert_eq!(s.all().await[0].1.people, 20);
});

story!(async fn only_what_costs_a_role_counts(t) {
    let s = Scene::of(&t, 40, 30).await;
    // A group that gives nothing.
    let plain = s.w.group(&s.p, "Plain", &s.u).await.id;
    let (g, _) = s.w.apply(&s.p, plain, vec![GroupChange::Clear]).await;
    assert!(g.parked.is_none());
    // Who has the role in another way loses nothing: by another group, by hand.
    let second = s.w.group(&s.p, "Second desk", &s.u[..10]).await.id;
    s.map(second, TECHNICIAN).await;
    for u in &s.u[10..15] {
        let new = grants::NewGrant::manual(s.t, *u, id(TECHNICIAN));
        grants::add(&s.w.access, &s.w.may(s.t).await, new).await.unwrap();
    }
    // Nor does who is switched off by hand.
    for u in &s.u[15..20] {
        muster::credentials::person::set_enabled(&s.w.store, &s.w.may(s.t).await, *u, false).await.unwrap();
    }
    assert!(s.removes(&s.u[..20]).await.is_none());
    // The other ten do: ten of 35 active people.
    assert_eq!(s.removes(&s.u[20..30]).await.map(|p| p.people), Some(10));
    // Taken out and put back, over and over, the same people count once.
    assert_eq!(s.all().await[0].1, Waiting { people: 10, roles: 10 });
});

story!(async fn switched_off_in_between_a_loss_is_a_loss(t) {
    let s = Scene::of(&t, 20, 20).await;
    for u in &s.u {
        s.w.set_active(&s.p, *u, false).await.unwrap();
    }
    assert_eq!(s.removes(&s.u).await.map(|p| p.people), Some(20));
    assert!(!s.works(s.u[0]).await, "switched off, nothing of it counts");
    for u in &s.u {
        s.w.set_active(&s.p, *u, true).await.unwrap();
    }
    assert!(s.works(s.u[0]).await && s.works(s.u[19]).await, "and switched on again, nobody has lost it");
});

story!(async fn one_person_counts_once(t) {
    let s = Scene::of(&t, 30, 30).await;
    for _ in 0..15 {
        assert!(s.removes(&s.u[..1]).await.is_none());
        s.w.apply(&s.p, s.g, vec![GroupChange::Add(vec![s.u[0]])]).await;
    }
    assert!(s.all().await.is_empty());
});

story!(async fn small_steps_add_up(t) {
    let s = Scene::of(&t, 40, 40).await;
    for u in &s.u[..9] {
        assert!(s.removes(&[*u]).await.is_none());
    }
    assert!(s.removes(&s.u[9..10]).await.is_some(), "ten of forty");
});

story!(async fn requests_at_once_are_caught_as_well(t) {
    let s = Scene::of(&t, 60, 10).await;
    // Of several groups: those of one wait for each other anyhow.
    let mut all = Vec::new();
    for n in 0..4 {
        let who = s.u[n * 10..n * 10 + 10].to_vec();
        let g = if n == 0 { s.g } else { s.w.group(&s.p, &format!("Desk {n}"), &who).await.id };
        if n > 0 {
            s.map(g, TECHNICIAN).await;
        }
        all.extend(who.into_iter().map(|u| (g, u)));
    }
    let mut all: Vec<_> = all
        .into_iter()
        .map(|(g, u)| {
            let (store, p) = (s.w.store.clone(), s.p.clone());
            tokio::spawn(async move {
                let out = vec![GroupChange::Remove(vec![u])];
                groups::apply(&store, &p, g, None, out).await.unwrap().0.parked
            })
        })
        .collect();
    all.reverse();
    let mut kept = 0;
    for one in all {
        kept += usize::from(one.await.unwrap().is_some());
    }
    // Twelve are a fifth of sixty; the other 28 are kept.
    assert_eq!(kept, 28);
    let all = s.all().await;
    assert_eq!((all.len(), all[0].1.people), (1, 28));
    let mut working = 0;
    for u in &s.u[..40] {
        working += usize::from(s.works(*u).await);
    }
    assert_eq!(working, 28);
});

story!(async fn put_back_by_the_directory_it_is_over_by_itself(t) {
    let s = Scene::of(&t, 20, 20).await;
    s.w.apply(&s.p, s.g, vec![GroupChange::Clear]).await;
    let change = s.all().await[0].0.clone();
    s.w.apply(&s.p, s.g, vec![GroupChange::Add(s.u[..5].to_vec())]).await;
    assert_eq!(s.all().await[0].1.people, 15);
    assert!(s.works(s.u[0]).await);
    s.w.apply(&s.p, s.g, vec![GroupChange::Replace(s.u.clone())]).await;
    let all = s.all().await;
    assert!(all[0].1.people == 0 && all[0].0.closed_at.is_some(), "nothing waits any more");
    let e = s.decide(&change, true, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict);
    let x = s.w.access.explain(&s.w.may(s.t).await, (s.t, s.u[0]), "computers.edit").await.unwrap();
    assert!(matches!(x.paths[0].via, Via::Mapping { .. }) && x.paths.len() == 1);
});

story!(async fn an_administrator_decides_about_all_or_some(t) {
    let s = Scene::of(&t, 20, 20).await;
    s.w.apply(&s.p, s.g, vec![GroupChange::Clear]).await;
    let change = s.all().await[0].0.clone();
    let lost = s.lost(&change).await;
    assert_eq!(lost.len(), 20);
    assert!(lost.iter().all(|l| !l.gone && !l.kept && l.role_id == id(TECHNICIAN)));
    assert_eq!(lost[0].group_name.as_deref(), Some("Desk"));
    // Of some: they keep it, by hand.
    s.decide(&change, true, Some(s.u[..3].to_vec())).await.unwrap();
    assert_eq!(s.all().await[0].1.people, 17);
    let q = grants::Query { user: Some(s.u[0]), ..grants::Query::default() };
    let given = grants::list(&s.w.access, &s.w.may(s.t).await, q).await.unwrap();
    assert_eq!((given.len(), given[0].reason.as_deref(), given[0].granted_by.as_str()), (1, Some("because"), "owner"));
    assert_eq!(given[0].source, muster::access::Source::Manual);
    // Of others: it is gone, at once.
    s.decide(&change, false, Some(s.u[3..6].to_vec())).await.unwrap();
    assert!(s.works(s.u[0]).await && !s.works(s.u[3]).await && s.works(s.u[6]).await);
    // Of whom nothing waits.
    let e = s.decide(&change, true, Some(s.u[3..6].to_vec())).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict);
    s.decide(&change, false, None).await.unwrap();
    assert!(!s.works(s.u[6]).await && s.works(s.u[0]).await);
    let all = s.all().await;
    assert!(all[0].0.closed_at.is_some() && s.lost(&change).await.is_empty());
    let actions = s.actions().await;
    for action in ["parked.open", "parked.keep", "parked.apply", "parked.close"] {
        assert!(actions.iter().any(|a| a == action), "{action}: {actions:?}");
    }
    // The next is another change.
    let g = s.w.group(&s.p, "Again", &s.u[6..20]).await.id;
    s.map(g, READ_ONLY).await;
    groups::delete(&s.w.store, &s.p, g, None).await.unwrap().expect("parked");
    assert_eq!(s.all().await.len(), 2);
});

story!(async fn nobody_keeps_for_others_what_they_do_not_hold(t) {
    let s = Scene::of(&t, 20, 20).await;
    s.w.apply(&s.p, s.g, vec![GroupChange::Clear]).await;
    let change = s.all().await[0].0.clone();
    let desk = role(&s.w, s.t, "Desk help", &["users.manage_roles"], false).await;
    let helper = person(&s.w, s.t, "helper", UserKind::Tenant).await;
    give(&s.w, &helper, s.t, desk.id).await;
    let may = s.w.access.require::<perm::UsersManageRoles>(&session(&helper), s.t).await.unwrap();
    let keep = Decision { keep: true, users: None, reason: None };
    let e = parked::decide(&s.w.access, &may, change.id, keep).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    assert_eq!(s.all().await[0].1.people, 20);
    // To let go takes nothing that one must hold.
    let apply = Decision { keep: false, users: None, reason: None };
    parked::decide(&s.w.access, &may, change.id, apply).await.unwrap();
    assert!(!s.works(s.u[0]).await);
    // Another tenant's administrator sees none of it.
    let beta = s.w.tenant("beta", false).await;
    let there = s.w.may::<UsersManageRoles>(beta.id).await;
    let e = parked::get(&s.w.access, &there, change.id, None, 10).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
});

story!(async fn a_group_that_goes_takes_no_roles_with_it(t) {
    let s = Scene::of(&t, 30, 25).await;
    let parked = groups::delete(&s.w.store, &s.p, s.g, None).await.unwrap().expect("parked");
    assert_eq!(parked.people, 25);
    assert!(groups::get(&s.w.store, &s.p, s.g).await.is_err());
    assert!(s.works(s.u[0]).await && s.works(s.u[24]).await && !s.works(s.u[25]).await);
    let change = s.all().await[0].0.clone();
    s.decide(&change, true, None).await.unwrap();
    assert!(s.works(s.u[0]).await);
});

story!(async fn the_last_administrators_role_is_kept_once(t) {
    let s = Scene::of(&t, 12, 12).await;
    let admins = s.w.group(&s.p, "Admins", &s.u).await.id;
    let p = s.w.may::<UsersManageRoles>(s.t).await;
    mappings::create(&s.w.access, &p, Target::Own, admins, TENANT_ADMINISTRATOR).await.unwrap();
    s.w.apply(&s.p, admins, vec![GroupChange::Clear]).await;
    let q = grants::Query { holds: true, ..grants::Query::default() };
    assert!(grants::list(&s.w.access, &p, q).await.unwrap().is_empty(), "what is parked needs no hold");
    let change = s.all().await[0].0.clone();
    let e = s.decide(&change, false, None).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"));
    s.decide(&change, false, Some(s.u[1..].to_vec())).await.unwrap();
    let e = muster::credentials::person::set_enabled(&s.w.store, &s.w.may(s.t).await, s.u[0], false).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"), "she is one by what is parked");
    let e = s.decide(&change, false, None).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"));
    s.decide(&change, true, None).await.unwrap();
});

story!(async fn what_people_held_comes_back_with_them_if_it_is_decided(t) {
    let s = Scene::of(&t, 20, 20).await;
    for u in &s.u[..2] {
        let new = grants::NewGrant::manual(s.t, *u, id(SELF_SERVICE));
        grants::add(&s.w.access, &s.w.may(s.t).await, new).await.unwrap();
    }
    let first = users::get(&s.w.store, &s.p, s.u[0]).await.unwrap();
    // The last ones first, until it is too much.
    let mut kept = 0;
    for u in s.u.iter().rev() {
        kept += usize::from(muster::groups::delete_person(&s.w.store, &s.p, *u, None).await.unwrap().is_some());
    }
    assert_eq!(kept, 11, "nine were few, and are gone");
    assert!(!s.works(s.u[0]).await, "access ends at once");
    let change = s.all().await[0].0.clone();
    let lost = s.lost(&change).await;
    assert!(lost.iter().all(|l| l.gone));
    let of = |u: UserId| lost.iter().filter(move |l| l.user_id == u).count();
    assert_eq!((of(s.u[0]), of(s.u[5])), (2, 1), "by hand and by group");
    // Who comes before it is decided has nothing.
    let back = |n: usize| draft(&format!("person{n}@example.com"));
    let (early, _) = arrives(&s.w, &s.p, back(1)).await.unwrap();
    assert!(!s.works(early.id).await);
    s.decide(&change, false, Some(vec![s.u[5]])).await.unwrap();
    s.decide(&change, true, None).await.unwrap();
    assert!(s.works(early.id).await, "she is here, so she has it now");
    assert!(s.all().await[0].0.closed_at.is_some());
    let (u, _) = arrives(&s.w, &s.p, back(0)).await.unwrap();
    assert!(u.id != first.id && s.works(u.id).await);
    assert!(s.w.access.effective(s.t, u.id, s.t).await.unwrap().self_service);
    let (five, _) = arrives(&s.w, &s.p, back(5)).await.unwrap();
    assert!(!s.works(five.id).await, "of whom it was decided otherwise");
    // By the directory's id under another name; not by a name with another id.
    let mut other = draft("somebody@example.com");
    other.external_id = back(2).external_id;
    let (two, _) = arrives(&s.w, &s.p, other).await.unwrap();
    assert!(s.works(two.id).await);
    let mut thief = back(3);
    thief.external_id = Some("another-account".into());
    let (three, _) = arrives(&s.w, &s.p, thief).await.unwrap();
    assert!(!s.works(three.id).await);
    assert!(s.actions().await.iter().any(|a| a == "parked.restore"));
});

story!(async fn whom_a_person_deletes_leaves_nothing_parked(t) {
    let s = Scene::of(&t, 20, 20).await;
    s.w.apply(&s.p, s.g, vec![GroupChange::Clear]).await;
    muster::credentials::person::remove(&s.w.store, &s.w.may(s.t).await, s.u[0], None).await.unwrap();
    assert_eq!(s.all().await[0].1.people, 19);
    for u in &s.u[1..] {
        muster::credentials::person::remove(&s.w.store, &s.w.may(s.t).await, *u, None).await.unwrap();
    }
    assert!(s.all().await[0].0.closed_at.is_some(), "with the last it is over");
    // A directory that goes by hand takes its parked changes with it.
    provisioning::delete_directory(&s.w.store, &s.w.may(s.t).await, s.d, None).await.unwrap();
    assert!(s.all().await.is_empty());
});

story!(async fn what_is_over_is_forgotten_and_what_waits_is_told_of_once_more(t) {
    let s = Scene::of(&t, 20, 20).await;
    s.w.apply(&s.p, s.g, vec![GroupChange::Clear]).await;
    let cx = Cx::new(World::owner(), Scope::Platform);
    let now = s.w.store.clock().now();
    let later = now.plus(Duration::from_secs(60));
    assert_eq!(parked::remind(&s.w.store, &cx, now.minus(Duration::from_secs(60))).await.unwrap(), 0);
    assert_eq!(parked::remind(&s.w.store, &cx, later).await.unwrap(), 1);
    assert_eq!(parked::remind(&s.w.store, &cx, later).await.unwrap(), 0, "once");
    assert_eq!(parked::sweep(&s.w.store, &cx, later).await.unwrap(), 0, "what waits stays");
    let change = s.all().await[0].0.clone();
    assert!(change.reminded_at.is_some());
    s.decide(&change, false, None).await.unwrap();
    parked::sweep(&s.w.store, &cx, later).await.unwrap();
    assert!(s.all().await.is_empty());
});

story!(async fn limits_are_numbers_that_make_sense(t) {
    let s = Scene::of(&t, 1, 1).await;
    for (limits, field) in [
        (Limits { percent: 0, ..Limits::default() }, "mass_change.percent"),
        (Limits { percent: 101, ..Limits::default() }, "mass_change.percent"),
        (Limits { minutes: 0, ..Limits::default() }, "mass_change.minutes"),
        (Limits { people: 0, ..Limits::default() }, "mass_change.people"),
    ] {
        let to = Provisioning { mass_change: limits, ..Provisioning::default() };
        let e = s.w.configure(s.t, s.d, to).await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some(field)));
    }
});

crate::pure!(
    fn a_window_forgets_piece_by_piece() {
        let mut pieces = parked::Pieces::default();
        let now = Timestamp::from_secs(1_700_000_000);
        let hour = Duration::from_secs(3600);
        assert_eq!(pieces.add(now, hour, 5), 5);
        assert_eq!(pieces.add(now.plus(Duration::from_secs(1800)), hour, 3), 8);
        assert_eq!(pieces.add(now.plus(Duration::from_secs(3000)), hour, 1), 9);
        assert_eq!(
            pieces.add(now.plus(Duration::from_secs(4200)), hour, 1),
            5,
            "the first five are out"
        );
        assert_eq!(pieces.add(now.plus(Duration::from_secs(20_000)), hour, 2), 2);
        assert_eq!(pieces.0.len(), 1, "and nothing is kept of them");
    }
);
