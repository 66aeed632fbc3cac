//! The last administrator: what a directory does succeeds and leaves a hold, what a person does is refused; also
//! when two go at once.

use super::world::{World, change, race};
use crate::story;
use muster::{
    access::{
        Permit,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, Grant, NewGrant},
        mappings::{self, Target},
        perm,
    },
    actor::{Actor, Principal, UserKind},
    error::Kind,
    groups::{self, GroupChange},
    id::{GroupId, RequestId, TenantId, UserId},
    provisioning,
    users::{self, Edit, NewUser, User},
};

async fn make_admin(w: &World, t: TenantId, user: UserId) {
    let new = NewGrant::manual(t, user, TENANT_ADMINISTRATOR);
    grants::add(&w.access, &w.may(t).await, new).await.unwrap();
}

async fn map(w: &World, t: TenantId, group: GroupId) {
    let p = w.may::<perm::UsersManageRoles>(t).await;
    mappings::create(&w.access, &p, Target::Own, group, TENANT_ADMINISTRATOR).await.unwrap();
}

async fn holds(w: &World, t: TenantId) -> Vec<Grant> {
    let q = grants::Query { holds: true, limit: 100, ..grants::Query::default() };
    grants::list(&w.access, &w.may(t).await, q).await.unwrap()
}

async fn off(w: &World, t: TenantId, id: UserId) -> muster::error::Result<User> {
    muster::credentials::person::set_enabled(&w.store, &w.may(t).await, id, false).await
}

story!(async fn the_last_administrator_is_not_taken_away_by_hand(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let new = |name: &str| NewUser {
        kind: UserKind::Tenant,
        user_name: name.into(),
        display_name: None,
        email: None,
    };
    let ann = users::add(&w.store, &w.may(acme.id).await, new("ann")).await.unwrap();
    let bob = users::add(&w.store, &w.may(acme.id).await, new("bob")).await.unwrap();
    for u in [&ann, &bob] {
        crate::support::way_in(&w.store, acme.id, u.id).await;
    }
    make_admin(&w, acme.id, ann.id).await;
    let cookie = w.signs_in(&ann).await;
    let e = off(&w, acme.id, ann.id).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Forbidden, Some("last_administrator")));
    let e = muster::credentials::person::remove(&w.store, &w.may(acme.id).await, ann.id, None).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"));
    let still = users::view(&w.store, &w.may(acme.id).await, ann.id).await.unwrap();
    assert!(still.live() && w.signed_in(&cookie).await, "nothing of it happened");
    make_admin(&w, acme.id, bob.id).await;
    off(&w, acme.id, ann.id).await.unwrap();
    let e = off(&w, acme.id, bob.id).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"), "a disabled administrator does not count");
    assert!(holds(&w, acme.id).await.is_empty());
});

story!(async fn of_two_last_administrators_one_at_once_stays(t) {
    let w = World::new(&t.store);
    for round in 0..6 {
        let acme = w.tenant(&format!("acme{round}"), false).await;
        let p = w.scim(&w.directory(acme.id, "Entra").await).await;
        let u = w.people(&p, 2).await;
        make_admin(&w, acme.id, u[0]).await;
        make_admin(&w, acme.id, u[1]).await;
        let go = |id: UserId, p: Permit<perm::UsersEdit>| {
            let store = w.store.clone();
            async move { muster::credentials::person::set_enabled(&store, &p, id, false).await.map(|_| ()) }
        };
        let (a, b) = race(
            go(u[0], w.may(acme.id).await),
            go(u[1], w.may(acme.id).await),
        )
        .await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let e = a.err().or(b.err()).unwrap();
        assert_eq!(e.code_str(), Some("last_administrator"));
    }
});

story!(async fn a_directory_that_takes_the_last_administrator_leaves_a_hold(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 2).await;
    make_admin(&w, acme.id, u[0]).await;
    make_admin(&w, acme.id, u[1]).await;
    w.set_active(&p, u[0], false).await.unwrap();
    assert!(holds(&w, acme.id).await.is_empty(), "there is another one");
    let cookie = w.signs_in(&users::get(&w.store, &p, u[1]).await.unwrap()).await;
    let (gone, _) = w.set_active(&p, u[1], false).await.unwrap();
    assert!(!gone.active && !w.signed_in(&cookie).await, "the directory's word holds at once");
    let held = holds(&w, acme.id).await;
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!((held[0].user_id, held[0].role_id), (u[1], TENANT_ADMINISTRATOR));
});

story!(async fn a_directory_that_deletes_the_last_administrator_leaves_a_hold(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    make_admin(&w, acme.id, ann.id).await;
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    let held = holds(&w, acme.id).await;
    assert_eq!((held.len(), held[0].user_id), (1, ann.id));
    assert_eq!(held[0].user_label, "Display ann@example.com");
});

story!(async fn two_deactivations_of_the_two_last_administrators_leave_one_hold(t) {
    let w = World::new(&t.store);
    for round in 0..6 {
        let acme = w.tenant(&format!("acme{round}"), false).await;
        let p = w.scim(&w.directory(acme.id, "Entra").await).await;
        let u = w.people(&p, 2).await;
        make_admin(&w, acme.id, u[0]).await;
        make_admin(&w, acme.id, u[1]).await;
        let go = |id: UserId| {
            let (store, p) = (w.store.clone(), p.clone());
            let c = change(|d| d.active = false);
            async move { users::modify(&store, &p, id, None, c).await.map(|_| ()) }
        };
        let (a, b) = race(go(u[0]), go(u[1])).await;
        a.unwrap();
        b.unwrap();
        assert_eq!(holds(&w, acme.id).await.len(), 1, "exactly the last one is held");
    }
});

story!(async fn a_group_that_gave_the_last_administrator_leaves_a_hold(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 3).await;
    let g = w.group(&p, "Admins", &u[..2]).await;
    map(&w, acme.id, g.id).await;
    w.apply(&p, g.id, vec![GroupChange::Remove(vec![u[0]])]).await;
    assert!(holds(&w, acme.id).await.is_empty());
    w.apply(&p, g.id, vec![GroupChange::Replace(vec![u[2]])]).await;
    assert!(holds(&w, acme.id).await.is_empty(), "another one took over in the same request");
    groups::delete(&w.store, &p, g.id, None).await.unwrap();
    let held = holds(&w, acme.id).await;
    assert_eq!((held.len(), held[0].user_id), (1, u[2]));
});

story!(async fn two_removals_from_two_groups_of_administrators_leave_one_hold(t) {
    let w = World::new(&t.store);
    for round in 0..6 {
        let acme = w.tenant(&format!("acme{round}"), false).await;
        let p = w.scim(&w.directory(acme.id, "Entra").await).await;
        let u = w.people(&p, 2).await;
        let mut ids = Vec::new();
        for (name, who) in [("A", u[0]), ("B", u[1])] {
            let g = w.group(&p, name, &[who]).await;
            map(&w, acme.id, g.id).await;
            ids.push(g.id);
        }
        let go = |id: GroupId| {
            let (store, p) = (w.store.clone(), p.clone());
            async move {
                groups::apply(&store, &p, id, None, vec![GroupChange::Clear]).await.map(|_| ())
            }
        };
        let (a, b) = race(go(ids[0]), go(ids[1])).await;
        a.unwrap();
        b.unwrap();
        assert_eq!(holds(&w, acme.id).await.len(), 1);
    }
});

story!(async fn the_last_global_administrator_stays_by_every_path_of_a_hand(t) {
    let w = World::new(&t.store);
    let (msp, d, p) = w.company("msp", true).await;
    let tech = w.user(&p, "root@msp.example").await;
    let up = Edit { kind: Some(UserKind::Administrator), ..Edit::default() };
    muster::credentials::person::edit(&w.store, &w.access, &w.may(msp.id).await, None, (tech.id, None), up).await.unwrap();
    let new = NewGrant::manual(msp.id, tech.id, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    let last = Some("last_administrator");
    assert_eq!(off(&w, msp.id, tech.id).await.unwrap_err().code_str(), last);
    let e = muster::credentials::person::remove(&w.store, &w.may(msp.id).await, tech.id, None).await.unwrap_err();
    assert_eq!(e.code_str(), last);
    let down = Edit { kind: Some(UserKind::Technician), ..Edit::default() };
    let e = muster::credentials::person::edit(&w.store, &w.access, &w.may(msp.id).await, None, (tech.id, None), down).await.unwrap_err();
    assert_eq!(e.code_str(), last);
    let e = provisioning::delete_directory(&w.store, &w.may(msp.id).await, d.id, None).await.unwrap_err();
    assert_eq!(e.code_str(), last);
    let still = users::get(&w.store, &p, tech.id).await.unwrap();
    assert!(still.live() && still.kind == UserKind::Administrator);
});

story!(
    async fn an_administrator_is_out_of_reach_of_those_who_hold_less(t) {
        let w = World::new(&t.store);
        let msp = w.tenant("msp", true).await;
        let new = |kind: UserKind, name: &str| NewUser {
            kind,
            user_name: name.into(),
            display_name: None,
            email: None,
        };
        let add = async |kind, name| {
            let u = users::add(&w.store, &w.may(msp.id).await, new(kind, name)).await.unwrap();
            crate::support::way_in(&w.store, msp.id, u.id).await;
            u
        };
        let root = add(UserKind::Administrator, "root").await;
        let second = add(UserKind::Administrator, "second").await;
        let tech = add(UserKind::Technician, "tech").await;
        for u in [&root, &second] {
            let grant = NewGrant::manual(msp.id, u.id, GLOBAL_ADMINISTRATOR);
            grants::add_everywhere(&w.access, &w.global().await, grant).await.unwrap();
        }
        make_admin(&w, msp.id, tech.id).await;
        let acting = |u: &User| {
            let who = Principal::User {
                home: u.tenant_id,
                user: u.id,
                kind: u.kind,
                session: None,
                app: None,
                scopes: None,
                bound: None,
            };
            Actor::prove(who, RequestId::new())
        };
        let p = w.access.require::<perm::UsersEdit>(&acting(&tech), msp.id).await.unwrap();
        let e = muster::credentials::person::set_enabled(&w.store, &p, second.id, false).await.unwrap_err();
        assert_eq!((e.kind(), e.code_str()), (Kind::Forbidden, None));
        let rename = Edit { user_name: Some("mine".into()), ..Edit::default() };
        let e = muster::credentials::person::edit(&w.store, &w.access, &p, None, (second.id, None), rename).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
        assert!(users::within_reach(&p, &second).is_err() && users::within_reach(&p, &tech).is_ok());
        let d = w.access.require::<perm::UsersDelete>(&acting(&tech), msp.id).await.unwrap();
        let e = muster::credentials::person::remove(&w.store, &d, second.id, None).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
        let a = w.access.require::<perm::UsersAdd>(&acting(&tech), msp.id).await.unwrap();
        let e = users::add(&w.store, &a, new(UserKind::Administrator, "mine")).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
        let p = w.access.require::<perm::UsersEdit>(&acting(&root), msp.id).await.unwrap();
        muster::credentials::person::set_enabled(&w.store, &p, second.id, false).await.unwrap();
    }
);
