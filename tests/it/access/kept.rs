//! What is kept of what a mapping gave counts as the mapping would: whoever answers for it must hold it.

use super::{TECHNICIAN, give, id, person, role, session};
use crate::{people::world::World, story};
use muster::{
    access::{
        Permit, Reach, Standing,
        authors::{self, Reviewed},
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
        mappings::{self, Target},
        parked::{self, Decision},
        perm::{Provision, UsersManageRoles},
    },
    actor::UserKind,
    groups::{self, GroupChange},
    id::{GroupId, MappingId, RoleId, TenantId, UserId},
    store::{Cx, Scope},
    users::{self, User},
};

/// A tenant of twenty, an author who may demote nobody, and somebody else who administers it.
struct Scene {
    w: World,
    t: TenantId,
    p: Permit<Provision>,
    u: Vec<UserId>,
    boss: User,
    spare: User,
    desk: RoleId,
    seen: Reviewed,
}
impl Scene {
    async fn of(t: &crate::support::TestDb) -> Self {
        let w = World::new(&t.store);
        let (acme, _, p) = w.company("acme", false).await;
        let u = w.people(&p, 20).await;
        let boss = person(&w, acme.id, "boss", UserKind::Tenant).await;
        let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
        for b in [&boss, &spare] {
            give(&w, b, acme.id, TENANT_ADMINISTRATOR).await;
        }
        let desk = role(&w, acme.id, "Desk", &["computers.edit"], false).await.id;
        Self { w, t: acme.id, p, u, boss, spare, desk, seen: Reviewed::default() }
    }
    async fn group(&self, name: &str, n: usize, by: &User) -> (GroupId, MappingId) {
        let g = self.w.group(&self.p, name, &self.u[..n]).await.id;
        let p = self.w.access.require::<UsersManageRoles>(&session(by), self.t).await.unwrap();
        let m = mappings::create(&self.w.access, &p, Target::Own, g, self.desk).await.unwrap();
        (g, m.id)
    }
    /// The author loses what was given by hand.
    async fn demote(&self) {
        let p = self.w.may(self.t).await;
        let q = grants::Query { user: Some(self.boss.id), ..grants::Query::default() };
        for g in grants::list(&self.w.access, &p, q).await.unwrap() {
            grants::remove(&self.w.access, &p, g.id).await.unwrap();
        }
    }
    async fn promote(&self) {
        give(&self.w, &self.boss, self.t, TENANT_ADMINISTRATOR).await;
    }
    async fn review(&mut self) -> usize {
        let cx = Cx::new(World::owner(), Scope::Platform);
        authors::review(&self.w.access, &cx, &mut self.seen).await.unwrap()
    }
    async fn clear(&self, g: GroupId) -> Option<usize> {
        let (g, _) = self.w.apply(&self.p, g, vec![GroupChange::Clear]).await;
        g.parked.map(|p| p.people)
    }
    /// Whether the first can, as enforced and as explained.
    async fn can(&self) -> bool {
        let can = self
            .w
            .access
            .effective(self.t, self.u[0], self.t)
            .await
            .unwrap()
            .allows("computers.edit");
        let p = self.w.may(self.t).await;
        let x = self.w.access.explain(&p, (self.t, self.u[0]), "computers.edit").await.unwrap();
        assert_eq!(x.allowed, can, "{x:?}");
        can
    }
}

story!(async fn a_suspended_mapping_is_not_kept_when_its_group_is_emptied(t) {
    let mut s = Scene::of(&t).await;
    let (g, _) = s.group("Desk", 20, &s.boss).await;
    s.demote().await;
    assert_eq!(s.review().await, 1);
    assert!(!s.can().await);
    assert_eq!(s.clear(g).await, None, "nobody had it, nobody loses it");
    assert!(!s.can().await);
});

story!(async fn a_suspended_mapping_is_not_kept_when_its_group_is_deleted(t) {
    let mut s = Scene::of(&t).await;
    let (g, _) = s.group("Desk", 20, &s.boss).await;
    s.demote().await;
    s.review().await;
    assert!(groups::delete(&s.w.store, &s.p, g, None).await.unwrap().is_none());
    assert!(!s.can().await);
});

story!(async fn what_is_kept_is_suspended_with_its_author_noticed_or_not(t) {
    let mut s = Scene::of(&t).await;
    // Before anybody has written down that the mapping is suspended.
    let (g, _) = s.group("Desk", 20, &s.boss).await;
    s.demote().await;
    assert!(!s.can().await);
    s.clear(g).await;
    assert!(!s.can().await, "what is kept asks for its author as the mapping did");
    s.promote().await;
    assert!(s.can().await, "their rights come back, and with them what is kept");
    // With the group gone, too, and the mapping with it.
    groups::delete(&s.w.store, &s.p, g, None).await.unwrap();
    assert!(s.can().await);
    s.demote().await;
    assert!(!s.can().await, "suspended after it was kept");
    assert_eq!(s.review().await, 1, "and written down, once for all of it");
    assert_eq!(s.review().await, 0);
    muster::credentials::person::remove(&s.w.store, &s.w.may(s.t).await, s.boss.id, None).await.unwrap();
    assert!(!s.can().await, "whoever leaves after that takes it along");
});

story!(async fn who_adopts_a_mapping_answers_for_what_is_kept_of_it(t) {
    let mut s = Scene::of(&t).await;
    let (g, m) = s.group("Desk", 20, &s.boss).await;
    assert_eq!(s.clear(g).await, Some(20));
    assert!(s.can().await);
    s.demote().await;
    assert!(!s.can().await);
    s.review().await;
    let p = s.w.access.require::<UsersManageRoles>(&session(&s.spare), s.t).await.unwrap();
    mappings::adopt(&s.w.access, &p, Target::Own, m).await.unwrap();
    assert!(s.can().await);
    let all = parked::list(&s.w.access, &p, None, 10).await.unwrap();
    let keep = Decision { keep: true, users: None, reason: None };
    parked::decide(&s.w.access, &p, all[0].0.id, keep).await.unwrap();
    assert!(s.can().await);
});

story!(async fn what_is_suspended_hides_no_loss(t) {
    let mut s = Scene::of(&t).await;
    let (_, second) = s.group("Second desk", 20, &s.boss).await;
    let (g, _) = s.group("Desk", 20, &s.spare).await;
    s.demote().await;
    s.review().await;
    let all = mappings::list(&s.w.access, &s.w.may(s.t).await, mappings::Query::page(None, 10)).await.unwrap();
    let standing = mappings::standings(&s.w.access, &all).await.unwrap();
    assert_eq!(standing[&second], Standing::Suspended);
    assert!(s.can().await);
    assert_eq!(s.clear(g).await, Some(20), "the other mapping gives nothing");
    assert!(s.can().await);
});

story!(async fn a_person_who_held_nothing_is_deleted_and_not_kept(t) {
    let mut s = Scene::of(&t).await;
    s.group("Desk", 20, &s.boss).await;
    s.demote().await;
    s.review().await;
    for u in &s.u {
        assert!(muster::groups::delete_person(&s.w.store, &s.p, *u, None).await.unwrap().is_none());
    }
});

story!(async fn a_wide_mapping_that_is_suspended_is_not_kept(t) {
    let w = World::new(&t.store);
    let (us, _, p) = w.company("us", true).await;
    let acme = w.tenant("acme", false).await.id;
    let u = w.people(&p, 20).await;
    for n in &u {
        let edit = users::Edit { kind: Some(UserKind::Technician), ..users::Edit::default() };
        muster::credentials::person::edit(&w.store, &w.access, &w.may(us.id).await, None, (*n, None), edit).await.unwrap();
    }
    let boss = person(&w, us.id, "boss", UserKind::Technician).await;
    give(&w, &boss, us.id, TENANT_ADMINISTRATOR).await;
    let spare = person(&w, us.id, "spare", UserKind::Tenant).await;
    give(&w, &spare, us.id, TENANT_ADMINISTRATOR).await;
    let o = w.access.over(&w.may(us.id).await, Reach::Every).await.unwrap();
    let new = NewGrant::manual(us.id, boss.id, TENANT_ADMINISTRATOR);
    let wide = grants::add_over(&w.access, &o, new).await.unwrap();
    let g = w.group(&p, "Desk", &u).await.id;
    let by = w.access.require::<UsersManageRoles>(&session(&boss), us.id).await.unwrap();
    let o = w.access.over(&by, Reach::Every).await.unwrap();
    mappings::create(&w.access, &by, Target::Over(&o), g, id(TECHNICIAN)).await.unwrap();
    let can = async || w.access.effective(us.id, u[0], acme).await.unwrap().allows("computers.edit");
    assert!(can().await);
    let may = w.may::<UsersManageRoles>(us.id).await;
    grants::remove(&w.access, &may, wide.id).await.unwrap();
    assert!(!can().await);
    let cx = Cx::new(World::owner(), Scope::Platform);
    authors::review(&w.access, &cx, &mut Reviewed::default()).await.unwrap();
    let (done, _) = w.apply(&p, g, vec![GroupChange::Clear]).await;
    assert!(done.parked.is_none() && !can().await);
});

story!(async fn what_is_suspended_is_not_kept_by_hand(t) {
    let mut s = Scene::of(&t).await;
    let (g, _) = s.group("Desk", 20, &s.boss).await;
    assert_eq!(s.clear(g).await, Some(20));
    s.demote().await;
    s.review().await;
    let p = s.w.access.require::<UsersManageRoles>(&session(&s.spare), s.t).await.unwrap();
    let all = parked::list(&s.w.access, &p, None, 10).await.unwrap();
    let keep = Decision { keep: true, users: None, reason: None };
    parked::decide(&s.w.access, &p, all[0].0.id, keep).await.unwrap();
    assert!(!s.can().await, "nobody had it when it was decided");
});
