//! Who answers for a default role, and what a suspended or parked mapping is worth beside it.

use super::{sees, set, sets};
use crate::{
    access::{READ_ONLY, SELF_SERVICE, TECHNICIAN, give, id, person, role, session},
    people::world::World,
    story,
};
use muster::{
    access::{
        Permit, Standing,
        authors::{self, Reviewed},
        catalogue::TENANT_ADMINISTRATOR,
        defaults, grants,
        mappings::{self, Target},
        parked::{self, Decision},
        perm::{Provision, UsersManageRoles},
        roles::{self, RoleEdit},
    },
    actor::UserKind,
    audit,
    error::Kind,
    groups::GroupChange,
    id::{MappingId, RoleId, TenantId, UserId},
    store::{Cx, Scope},
    users::{self, User},
};

struct Scene {
    w: World,
    t: TenantId,
    p: Permit<Provision>,
    u: Vec<UserId>,
    boss: User,
    spare: User,
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
        Self { w, t: acme.id, p, u, boss, spare }
    }
    /// Somebody loses what was given by hand.
    async fn demote(&self, who: &User) {
        let p = self.w.may(self.t).await;
        let q = grants::Query { user: Some(who.id), ..grants::Query::default() };
        for g in grants::list(&self.w.access, &p, q).await.unwrap() {
            grants::remove(&self.w.access, &p, g.id).await.unwrap();
        }
    }
    async fn standing(&self) -> Standing {
        defaults::get(&self.w.access, &self.w.may(self.t).await).await.unwrap().1
    }
    async fn maps(
        &self,
        by: &User,
        name: &str,
        members: &[UserId],
        role: RoleId,
    ) -> (muster::id::GroupId, MappingId) {
        let g = self.w.group(&self.p, name, members).await.id;
        let p = self.w.access.require::<UsersManageRoles>(&session(by), self.t).await.unwrap();
        (g, mappings::create(&self.w.access, &p, Target::Own, g, role).await.unwrap().id)
    }
    async fn review(&self, seen: &mut Reviewed) -> usize {
        authors::review(&self.w.access, &Cx::new(World::owner(), Scope::Platform), seen)
            .await
            .unwrap()
    }
    async fn told(&self, action: &str) -> usize {
        let trail =
            audit::list(&self.w.store, self.t, &audit::Query::default(), 500).await.unwrap().items;
        trail.iter().filter(|e| e.action == action).count()
    }
}

story!(async fn a_demoted_author_suspends_it_and_one_who_left_does_not(t) {
    let s = Scene::of(&t).await;
    let mut seen = Reviewed::default();
    let small = person(&s.w, s.t, "small", UserKind::Tenant).await;
    give(&s.w, &small, s.t, role(&s.w, s.t, "Roles", &["users.manage_roles"], false).await.id).await;
    let desk = role(&s.w, s.t, "Desk", &["users.view"], false).await;
    sets(&s.w, &s.boss, s.t, Some(desk.id)).await.unwrap();
    assert!(sees(&s.w, s.t, s.u[0]).await);
    assert_eq!(s.review(&mut seen).await, 0);
    s.demote(&s.boss).await;
    assert!(!sees(&s.w, s.t, s.u[0]).await, "the next request knows");
    assert_eq!(s.standing().await, Standing::Suspended);
    let x = s.w.access.explain(&s.w.may(s.t).await, (s.t, s.u[0]), "users.view").await.unwrap();
    assert!(x.void.len() == 1 && x.void[0].1.contains("suspended"), "{x:?}");
    assert_eq!((s.review(&mut seen).await, s.review(&mut seen).await), (1, 0), "once");
    assert_eq!(s.told("default_role.suspend").await, 1);
    give(&s.w, &s.boss, s.t, TENANT_ADMINISTRATOR).await;
    assert!(sees(&s.w, s.t, s.u[0]).await);
    assert_eq!((s.review(&mut seen).await, s.told("default_role.resume").await), (1, 1));
    // Gone with all their rights: it stays, is flagged, and is not widened.
    muster::credentials::person::set_enabled(&s.w.store, &s.w.may(s.t).await, s.boss.id, false).await.unwrap();
    assert!(sees(&s.w, s.t, s.u[0]).await);
    assert_eq!(s.standing().await, Standing::AuthorLeft);
    let p = s.w.access.require::<UsersManageRoles>(&session(&s.spare), s.t).await.unwrap();
    let wider = ["users.view", "users.edit"].map(str::to_owned).into();
    let wider = RoleEdit { permissions: Some(wider), ..RoleEdit::default() };
    let e = roles::edit(&s.w.access, &p, desk.id, None, wider.clone()).await.unwrap_err();
    assert_eq!(e.code_str(), Some("mapping_without_author"), "{e:?}");
    assert!(e.detail().contains("default role of 'ACME'"), "{e:?}");
    // Demoted before they left, with nobody looking in between: that is written down as they leave.
    muster::credentials::person::set_enabled(&s.w.store, &s.w.may(s.t).await, s.boss.id, true).await.unwrap();
    s.demote(&s.boss).await;
    muster::credentials::person::set_enabled(&s.w.store, &s.w.may(s.t).await, s.boss.id, false).await.unwrap();
    assert!(!sees(&s.w, s.t, s.u[0]).await);
    let less = s.w.access.require::<UsersManageRoles>(&session(&small), s.t).await.unwrap();
    assert_eq!(defaults::adopt(&s.w.access, &less).await.unwrap_err().kind(), Kind::Forbidden);
    let d = defaults::adopt(&s.w.access, &p).await.unwrap();
    assert!(d.adopted_by.is_some() && d.version == 2, "{d:?}");
    assert!(sees(&s.w, s.t, s.u[0]).await);
    assert_eq!((s.standing().await, s.told("default_role.adopt").await), (Standing::InForce, 1));
    roles::edit(&s.w.access, &p, desk.id, None, wider).await.unwrap();
    assert!(s.w.access.effective(s.t, s.u[0], s.t).await.unwrap().allows("users.edit"));
});

story!(async fn a_suspended_mapping_gives_nothing_and_a_parked_one_does(t) {
    let s = Scene::of(&t).await;
    set(&s.w, s.t, Some(id(READ_ONLY))).await;
    let (g, _) = s.maps(&s.boss, "Desk", &s.u, id(TECHNICIAN)).await;
    assert!(!sees(&s.w, s.t, s.u[0]).await);
    s.demote(&s.boss).await;
    assert!(sees(&s.w, s.t, s.u[0]).await, "nothing is left by the group");
    give(&s.w, &s.boss, s.t, TENANT_ADMINISTRATOR).await;
    assert!(!sees(&s.w, s.t, s.u[0]).await);
    // Taken out of the group by a slip, they keep what it gave, and nothing beside it.
    let (cleared, _) = s.w.apply(&s.p, g, vec![GroupChange::Clear]).await;
    let change = cleared.parked.unwrap().change;
    let e = s.w.access.effective(s.t, s.u[0], s.t).await.unwrap();
    assert!(e.allows("computers.edit") && !e.allows("users.view"), "{e:?}");
    let decision = Decision { keep: false, reason: None, users: None };
    parked::decide(&s.w.access, &s.w.may(s.t).await, change, decision).await.unwrap();
    let e = s.w.access.effective(s.t, s.u[0], s.t).await.unwrap();
    assert!(!e.allows("computers.edit") && e.allows("users.view"), "{e:?}");
});

story!(async fn an_author_by_default_is_demoted_by_a_mapped_group(t) {
    let s = Scene::of(&t).await;
    let lead = role(&s.w, s.t, "Lead", &["users.manage_roles", "users.view", "computers.edit"], false).await;
    set(&s.w, s.t, Some(lead.id)).await;
    let ann = users::view(&s.w.store, &s.w.may(s.t).await, s.u[0]).await.unwrap();
    let desk = role(&s.w, s.t, "Desk", &["computers.edit"], false).await;
    s.maps(&ann, "Desk", &s.u[1..2], desk.id).await;
    let can = async |u: UserId| s.w.access.effective(s.t, u, s.t).await.unwrap().allows("computers.edit");
    assert!(can(s.u[1]).await && !sees(&s.w, s.t, s.u[1]).await);
    let (g, _) = s.maps(&s.boss, "Plain", &s.u[..1], id(SELF_SERVICE)).await;
    assert!(!can(s.u[0]).await);
    assert!(sees(&s.w, s.t, s.u[1]).await, "the mapping is suspended, so that the default is theirs");
    s.w.apply(&s.p, g, vec![GroupChange::Clear]).await;
    assert!(can(s.u[0]).await && can(s.u[1]).await && !sees(&s.w, s.t, s.u[1]).await);
});

story!(async fn a_mapping_that_would_put_its_author_out_does_not_count(t) {
    let s = Scene::of(&t).await;
    let lead = role(&s.w, s.t, "Lead", &["users.manage_roles", "computers.edit"], false).await;
    set(&s.w, s.t, Some(lead.id)).await;
    let ann = users::view(&s.w.store, &s.w.may(s.t).await, s.u[0]).await.unwrap();
    let desk = role(&s.w, s.t, "Desk", &["computers.edit"], false).await;
    // Her own group: were it to count, she would hold nothing by default, and would not answer for it.
    let (_, m) = s.maps(&ann, "Desk", &s.u[..2], desk.id).await;
    let all = mappings::list(&s.w.access, &s.w.may(s.t).await, mappings::Query::page(None, 10)).await.unwrap();
    let standing = mappings::standings(&s.w.access, &all).await.unwrap();
    assert_eq!(standing.get(&m), Some(&Standing::Suspended));
    for u in &s.u[..2] {
        let e = s.w.access.effective(s.t, *u, s.t).await.unwrap();
        assert!(e.allows("users.manage_roles") && e.paths.len() == 1, "{e:?}");
    }
    let p = s.w.access.require::<UsersManageRoles>(&session(&s.spare), s.t).await.unwrap();
    mappings::adopt(&s.w.access, &p, Target::Own, m).await.unwrap();
    let e = s.w.access.effective(s.t, s.u[0], s.t).await.unwrap();
    assert!(e.allows("computers.edit") && !e.allows("users.manage_roles"), "{e:?}");
});

story!(async fn who_takes_what_a_group_gives_holds_what_people_have_without_it(t) {
    let s = Scene::of(&t).await;
    set(&s.w, s.t, Some(id(TECHNICIAN))).await;
    let small = s.w.user(&s.p, "small@example.com").await;
    let roles = role(&s.w, s.t, "Roles", &["users.manage_roles", "users.view"], false).await;
    s.maps(&s.boss, "Roles", &[small.id], roles.id).await;
    let desk = role(&s.w, s.t, "Desk", &["users.view"], false).await;
    let (g, m) = s.maps(&s.boss, "Desk", &s.u, desk.id).await;
    let (_, empty) = s.maps(&s.boss, "Empty", &[], desk.id).await;
    let less = s.w.access.require::<UsersManageRoles>(&session(&small), s.t).await.unwrap();
    let edits = async || s.w.access.effective(s.t, s.u[0], s.t).await.unwrap().allows("computers.edit");
    let e = mappings::delete(&s.w.access, &less, m).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    assert!(e.detail().contains("default role 'Technician'"), "{e:?}");
    assert!(!edits().await);
    mappings::delete(&s.w.access, &less, empty).await.expect("nobody has anything by it");
    // The same of what is kept until somebody decides, by the decision and by the mapping's end.
    let (cleared, _) = s.w.apply(&s.p, g, vec![GroupChange::Clear]).await;
    let change = cleared.parked.unwrap().change;
    let go = Decision { keep: false, reason: None, users: None };
    let e = parked::decide(&s.w.access, &less, change, go.clone()).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "{e:?}");
    assert_eq!(mappings::delete(&s.w.access, &less, m).await.unwrap_err().kind(), Kind::Forbidden);
    assert!(!edits().await);
    let more = s.w.access.require::<UsersManageRoles>(&session(&s.boss), s.t).await.unwrap();
    parked::decide(&s.w.access, &more, change, go).await.unwrap();
    assert!(edits().await);
    set(&s.w, s.t, None).await;
    let (_, m) = s.maps(&s.boss, "Other", &s.u, desk.id).await;
    mappings::delete(&s.w.access, &less, m).await.expect("there is no default role");
});

/// Each answers for a mapping by the default role, which they have if the mapping before theirs does not count.
const CHAIN: usize = 40;

story!(async fn a_long_chain_of_authors_by_default_is_gone_through_so_far_and_what_is_not_sure_does_not_count(t) {
    let s = Scene::of(&t).await;
    let lead = ["users.manage_roles", "computers.edit", "software.view"];
    let lead = role(&s.w, s.t, "Lead", &lead, false).await;
    set(&s.w, s.t, Some(lead.id)).await;
    let edit = role(&s.w, s.t, "Edit", &["computers.edit"], false).await;
    let view = role(&s.w, s.t, "View", &["software.view"], false).await;
    let mut chain = Vec::new();
    for n in 0..CHAIN {
        let by = if n == 0 { s.boss.clone() } else { s.w.user(&s.p, &format!("chain{n}@example.com")).await };
        let gives = if n % 2 == 0 { edit.id } else { view.id };
        let (g, m) = s.maps(&by, &format!("Group {n}"), &[], gives).await;
        chain.push((by, g, m));
    }
    for n in 1..CHAIN {
        s.w.apply(&s.p, chain[n - 1].1, vec![GroupChange::Add(vec![chain[n].0.id])]).await;
    }
    let all = mappings::list(&s.w.access, &s.w.may(s.t).await, mappings::Query::page(None, 100)).await.unwrap();
    let standing = mappings::standings(&s.w.access, &all).await.unwrap();
    let stands = |n: usize| standing[&chain[n].2];
    for n in 0..=32 {
        let want = if n % 2 == 0 { Standing::InForce } else { Standing::Suspended };
        assert_eq!(stands(n), want, "{n}");
    }
    for n in 33..CHAIN {
        assert_eq!(stands(n), Standing::Suspended, "{n}: not sure after so many rounds");
    }
    let last = s.w.access.effective(s.t, chain[CHAIN - 1].0.id, s.t).await.unwrap();
    assert!(!last.allows("computers.edit") || last.allows("users.manage_roles"), "{last:?}");
});

story!(async fn a_long_chain_of_authors_by_mappings_is_gone_through_to_its_end(t) {
    let s = Scene::of(&t).await;
    let lead = role(&s.w, s.t, "Lead", &["users.manage_roles", "computers.edit"], false).await;
    // Made from the last to the first, so that each hangs on one that comes later, and answered for by those in turn.
    let mut chain = Vec::new();
    for n in (0..CHAIN).rev() {
        let who = s.w.user(&s.p, &format!("link{n}@example.com")).await;
        let g = s.w.group(&s.p, &format!("Link {n}"), &[who.id]).await.id;
        let m = mappings::create(&s.w.access, &s.w.may(s.t).await, Target::Own, g, lead.id).await.unwrap();
        chain.push((who, m.id));
    }
    chain.reverse();
    for n in 1..CHAIN {
        let by = s.w.access.require::<UsersManageRoles>(&session(&chain[n - 1].0), s.t).await.unwrap();
        mappings::adopt(&s.w.access, &by, Target::Own, chain[n].1).await.unwrap();
    }
    let by = s.w.access.require::<UsersManageRoles>(&session(&s.boss), s.t).await.unwrap();
    mappings::adopt(&s.w.access, &by, Target::Own, chain[0].1).await.unwrap();
    let can = async |n: usize| {
        let who = chain[n].0.id;
        s.w.access.effective(s.t, who, s.t).await.unwrap().allows("computers.edit")
    };
    assert!(can(0).await && can(CHAIN / 2).await && can(CHAIN - 1).await);
    s.demote(&s.boss).await;
    assert!(!can(0).await && !can(CHAIN / 2).await && !can(CHAIN - 1).await);
});
