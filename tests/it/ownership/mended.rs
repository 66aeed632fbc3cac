//! Ways around what was decided, found by reading: each is closed.

use super::arrives;
use crate::{
    access::{TECHNICIAN, id},
    people::world::{World, change, draft},
    story,
};
use muster::{
    access::{
        mappings::{self, Target},
        parked,
        perm::UsersManageRoles,
    },
    groups::{self, GroupChange},
    users,
};

story!(async fn a_deleted_mapping_takes_what_was_kept_of_it_along(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 30).await;
    let desk = w.group(&p, "Desk", &u).await.id;
    let may = w.may::<UsersManageRoles>(acme.id).await;
    let mapping = mappings::create(&w.access, &may, Target::Own, desk, id(TECHNICIAN)).await.unwrap();
    let g = w.apply(&p, desk, vec![GroupChange::Clear]).await.0;
    assert_eq!(g.parked.expect("parked").people, 30);
    let works = async |n: usize| {
        w.access.effective(acme.id, u[n], acme.id).await.unwrap().allows("computers.edit")
    };
    assert!(works(0).await, "it is kept until somebody decides");
    mappings::delete(&w.access, &may, mapping.id).await.unwrap();
    assert!(!works(0).await && !works(29).await, "with the mapping goes what it gave");
    let all = parked::list(&w.access, &may, None, 10).await.unwrap();
    assert!(all.iter().all(|(c, _)| c.closed_at.is_some()), "nothing waits any more: {all:?}");
});

story!(async fn two_groups_at_once_take_no_role_that_both_give(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 30).await;
    let may = w.may::<UsersManageRoles>(acme.id).await;
    for round in 0..8 {
        let mut both = Vec::new();
        for n in 0..2 {
            let g = w.group(&p, &format!("Desk {round} {n}"), &u).await.id;
            mappings::create(&w.access, &may, Target::Own, g, id(TECHNICIAN)).await.unwrap();
            both.push(g);
        }
        let clear = |g| groups::apply(&w.store, &p, g, None, vec![GroupChange::Clear]);
        let (a, b) = futures::join!(clear(both[0]), clear(both[1]));
        a.unwrap();
        b.unwrap();
        for who in [u[0], u[29]] {
            let now = w.access.effective(acme.id, who, acme.id).await.unwrap();
            assert!(now.allows("computers.edit"), "round {round}: the role is kept");
        }
        let all = parked::list(&w.access, &may, None, 10).await.unwrap();
        let open = all.iter().find(|(c, _)| c.closed_at.is_none()).expect("a change waits");
        let decision = parked::Decision { keep: false, users: None, reason: None };
        parked::decide(&w.access, &may, open.0.id, decision).await.unwrap();
    }
});

story!(async fn who_was_disabled_by_hand_leaves_no_name_behind_that_is_free(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, ann.id, false).await.unwrap();
    let away = change(|d| {
        d.user_name = "junk@example.com".into();
        d.external_id = Some("junk".into());
    });
    let (u, _) = users::modify(&w.store, &p, ann.id, None, away).await.unwrap();
    assert!(!u.enabled);
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    let (again, _) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(again.active && !again.enabled, "the switch by hand holds under the name they had");
});
