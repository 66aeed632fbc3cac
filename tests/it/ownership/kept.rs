//! What is kept of people until they come again.

use super::{arrives, confirm, local};
use crate::{
    access::{READ_ONLY, TECHNICIAN, give, id, person, role, session},
    people::world::{World, draft, race},
    story,
};
use muster::{
    access::{
        Permit, Source,
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
        mappings::{self, Target},
        parked::{self, Decision, Limits, Parked},
        perm::{Provision, UsersManageRoles},
        roles,
    },
    actor::UserKind,
    directories::Provisioning,
    error::{Kind, Result},
    id::{DirectoryId, TenantId, UserId},
    provisioning::adoption,
    users,
};

/// One person is too many.
async fn strict(w: &World, t: TenantId, d: DirectoryId) {
    let mass_change = Limits { percent: 1, people: 1, ..Limits::default() };
    let to = Provisioning { mass_change, ..Provisioning::default() };
    w.configure(t, d, to).await.unwrap();
}

/// The directory deletes somebody, and what they held is kept.
async fn deleted(w: &World, p: &Permit<Provision>, user: UserId) -> Option<Parked> {
    muster::groups::delete_person(&w.store, p, user, None).await.unwrap()
}

async fn decided(w: &World, may: &Permit<UsersManageRoles>, p: Parked, keep: bool) -> Result<()> {
    let decision = Decision { keep, users: None, reason: None };
    parked::decide(&w.access, may, p.change, decision).await
}

async fn given(w: &World, t: TenantId, user: UserId) -> Vec<grants::Grant> {
    let q = grants::Query { user: Some(user), ..grants::Query::default() };
    grants::list(&w.access, &w.may(t).await, q).await.unwrap()
}

story!(async fn a_role_comes_back_as_what_it_was(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    strict(&w, acme.id, d.id).await;
    let ann = w.user(&p, "ann@example.com").await;
    let new = NewGrant { source: Source::BreakGlass, ..NewGrant::manual(acme.id, ann.id, id(TECHNICIAN)) };
    grants::add(&w.access, &w.may(acme.id).await, new).await.unwrap();
    give(&w, &ann, acme.id, id(READ_ONLY)).await;
    let parked = deleted(&w, &p, ann.id).await.expect("parked");
    decided(&w, &w.may(acme.id).await, parked, true).await.unwrap();
    let (back, _) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    let mut sources: Vec<_> =
        given(&w, acme.id, back.id).await.iter().map(|g| (g.role_id, g.source)).collect();
    sources.sort_by_key(|(role, _)| *role);
    assert_eq!(sources, [(id(TECHNICIAN), Source::BreakGlass), (id(READ_ONLY), Source::Manual)]);
});

story!(async fn nothing_is_kept_that_one_of_their_kind_never_had(t) {
    let w = World::new(&t.store);
    let (msp, d, p) = w.company("msp", true).await;
    strict(&w, msp.id, d.id).await;
    let ann = w.user(&p, "ann@example.com").await;
    let g = w.group(&p, "Admins", &[ann.id]).await.id;
    let (may, global) = (w.may::<UsersManageRoles>(msp.id).await, w.global().await);
    mappings::create(&w.access, &may, Target::All(&global), g, GLOBAL_ADMINISTRATOR).await.unwrap();
    assert!(deleted(&w, &p, ann.id).await.is_none(), "a technician is no administrator by a group");
    // Of somebody who was an administrator, a technician gets what technicians may have.
    let bob = w.user(&p, "bob@example.com").await;
    let kind = users::Edit { kind: Some(UserKind::Administrator), ..users::Edit::default() };
    muster::credentials::person::edit(&w.store, &w.access, &w.may(msp.id).await, None, (bob.id, None), kind).await.unwrap();
    let new = NewGrant::manual(msp.id, bob.id, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    give(&w, &bob, msp.id, id(READ_ONLY)).await;
    let root = person(&w, msp.id, "root", UserKind::Administrator).await;
    let new = NewGrant::manual(msp.id, root.id, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    let parked = deleted(&w, &p, bob.id).await.expect("parked");
    decided(&w, &w.may(msp.id).await, parked, true).await.unwrap();
    let (back, _) = arrives(&w, &p, draft("bob@example.com")).await.unwrap();
    assert_eq!(back.kind, UserKind::Technician);
    let q = grants::Query { user: Some(back.id), ..grants::Query::default() };
    assert!(grants::list_everywhere(&w.access, &w.global().await, q).await.unwrap().is_empty());
    assert_eq!(given(&w, msp.id, back.id).await.len(), 1);
});

story!(async fn what_was_decided_holds_no_role_back_from_its_end(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    strict(&w, acme.id, d.id).await;
    let desk = role(&w, acme.id, "Desk", &["users.view"], false).await;
    let ann = w.user(&p, "ann@example.com").await;
    give(&w, &ann, acme.id, desk.id).await;
    let parked = deleted(&w, &p, ann.id).await.expect("parked");
    let may = w.may::<UsersManageRoles>(acme.id).await;
    let e = roles::delete(&w.access, &may, desk.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict, "undecided, it is in use");
    decided(&w, &may, parked, true).await.unwrap();
    roles::delete(&w.access, &may, desk.id, None).await.unwrap();
    let (back, _) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(given(&w, acme.id, back.id).await.is_empty());
});

story!(async fn who_is_taken_over_gets_what_was_kept_for_them(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    strict(&w, acme.id, d.id).await;
    confirm(&w, acme.id, "example.com").await;
    let ann = w.user(&p, "ann@example.com").await;
    give(&w, &ann, acme.id, id(TECHNICIAN)).await;
    let parked = deleted(&w, &p, ann.id).await.expect("parked");
    decided(&w, &w.may(acme.id).await, parked, true).await.unwrap();
    let meanwhile = local(&w, acme.id, "ann@example.com", None).await;
    let (u, taken) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(taken && u.id == meanwhile.id);
    assert_eq!(given(&w, acme.id, u.id).await.len(), 1);
});

story!(async fn of_two_who_come_at_once_one_gets_it(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    strict(&w, acme.id, d.id).await;
    for round in 0..8 {
        let mut ann = draft(&format!("ann{round}@example.com"));
        ann.external_id = Some(format!("account-{round}"));
        let (was, _) = arrives(&w, &p, ann.clone()).await.unwrap();
        give(&w, &was, acme.id, id(TECHNICIAN)).await;
        let parked = deleted(&w, &p, was.id).await.expect("parked");
        decided(&w, &w.may(acme.id).await, parked, true).await.unwrap();
        let go = |name: String| {
            let (store, access, p) = (w.store.clone(), w.access.clone(), p.clone());
            let mut d = draft(&name);
            d.external_id.clone_from(&ann.external_id);
            async move { adoption::create(&store, &access, &p, d).await.map(|(u, _)| u.id) }
        };
        let (a, b) = race(go(format!("a{round}@example.com")), go(format!("b{round}@example.com"))).await;
        let mut n = 0;
        for who in [a.unwrap(), b.unwrap()] {
            n += given(&w, acme.id, who).await.len();
        }
        assert_eq!(n, 1, "round {round}");
    }
});

story!(async fn a_decision_and_a_return_at_once_miss_nobody(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    strict(&w, acme.id, d.id).await;
    for round in 0..10 {
        let name = format!("ann{round}@example.com");
        let was = w.user(&p, &name).await;
        give(&w, &was, acme.id, id(TECHNICIAN)).await;
        let parked = deleted(&w, &p, was.id).await.expect("parked");
        let (access, may) = (w.access.clone(), w.may::<UsersManageRoles>(acme.id).await);
        let keep = async move {
            let decision = Decision { keep: true, users: None, reason: None };
            parked::decide(&access, &may, parked.change, decision).await.map(|()| None)
        };
        let (store, access, p) = (w.store.clone(), w.access.clone(), p.clone());
        let come = async move {
            adoption::create(&store, &access, &p, draft(&name)).await.map(|(u, _)| Some(u.id))
        };
        let (done, back) = race(keep, come).await;
        done.unwrap();
        assert_eq!(given(&w, acme.id, back.unwrap().unwrap()).await.len(), 1, "round {round}");
    }
});

story!(async fn roles_beyond_the_tenant_are_decided_about_by_who_gives_them_there(t) {
    let w = World::new(&t.store);
    let (msp, d, p) = w.company("msp", true).await;
    let acme = w.tenant("acme", false).await;
    strict(&w, msp.id, d.id).await;
    let ann = w.user(&p, "ann@example.com").await;
    give(&w, &ann, acme.id, id(READ_ONLY)).await;
    let parked = deleted(&w, &p, ann.id).await.expect("parked");
    let all = ["users.manage_roles", "users.view", "computers.view"];
    let desk = role(&w, msp.id, "Desk", &all, false).await;
    let helper = person(&w, msp.id, "helper", UserKind::Technician).await;
    give(&w, &helper, msp.id, desk.id).await;
    // There, the helper holds what the role gives, and gives no roles.
    give(&w, &helper, acme.id, id(READ_ONLY)).await;
    let may = w.access.require::<UsersManageRoles>(&session(&helper), msp.id).await.unwrap();
    for keep in [true, false] {
        let e = decided(&w, &may, parked, keep).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden, "{keep}");
    }
    decided(&w, &w.may(msp.id).await, parked, false).await.unwrap();
});
