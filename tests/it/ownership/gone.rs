//! What a person decided about somebody stands, whatever the directory sends.

use super::arrives;
use crate::{
    people::world::{World, as_is, change, draft},
    story,
};
use muster::{
    access::perm::{UsersAdd, UsersView},
    error::Kind,
    id::{TenantId, UserId},
    provisioning::adoption,
    store::{Cx, Scope},
    users::{
        self, DELETED,
        tombstones::{self, Why},
    },
};
use std::{future::Future, time::Duration};

story!(async fn who_was_deleted_by_hand_is_not_created_again(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let other = w.scim(&w.directory(acme.id, "Okta").await).await;
    let ann = w.user(&p, "ann@example.com").await;
    muster::credentials::person::remove(&w.store, &w.may(acme.id).await, ann.id, None).await.unwrap();
    let mut renamed = draft("anne@example.com");
    renamed.external_id = Some("ext-ann@example.com".into());
    let mut anew = draft("ANN@example.com");
    anew.external_id = Some("another".into());
    for (again, by) in [
        (draft("ann@example.com"), "userName 'ann@example.com'"),
        (renamed, "externalId 'ext-ann@example.com'"),
        (anew, "userName 'ANN@example.com'"),
    ] {
        let e = arrives(&w, &p, again).await.unwrap_err();
        assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some(DELETED)));
        assert!(e.detail().contains("deleted") && e.detail().contains("muster tombstone lift"), "{}", e.detail());
        assert!(e.detail().starts_with(by) && by.starts_with(e.attr_str().unwrap()), "{}", e.detail());
    }
    // Nor by another name that becomes hers.
    let x = w.user(&p, "x@example.com").await;
    let back = change(|d| d.user_name = "ann@example.com".into());
    let e = users::modify(&w.store, &p, x.id, None, back).await.unwrap_err();
    assert_eq!(e.code_str(), Some(DELETED));
    // To another directory she is somebody else.
    arrives(&w, &other, draft("ann@example.com")).await.unwrap();
    let may = w.may::<UsersView>(acme.id).await;
    let known = tombstones::list(&w.store, &may, None, 10).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].why, known[0].directory_id, known[0].user_id), (Why::Deleted, d.id, ann.id));
    let may = w.may::<UsersAdd>(acme.id).await;
    tombstones::lift(&w.store, &may, known[0].id).await.unwrap();
    let e = tombstones::lift(&w.store, &may, known[0].id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    let (back, taken) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(!taken && back.id != ann.id && back.live());
});

story!(async fn who_was_deleted_by_the_directory_may_come_again(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    let (back, _) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(back.live());
    let may = w.may::<UsersView>(acme.id).await;
    assert!(tombstones::list(&w.store, &may, None, 10).await.unwrap().is_empty());
});

story!(async fn who_was_disabled_by_hand_stays_so_whatever_the_directory_sends(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, ann.id, false).await.unwrap();
    // Whatever verb it comes by, it is a change that says active; and one that says everything anew.
    for on in [true, false, true] {
        let (u, _) = w.set_active(&p, ann.id, on).await.unwrap();
        assert!(!u.enabled && u.active == on);
    }
    let again = change(|d| *d = draft("ann@example.com"));
    let (u, _) = users::modify(&w.store, &p, ann.id, None, again).await.unwrap();
    assert!(!u.live() && u.active);
    // Deleted and created again, by the same name or the same id.
    for (n, name) in ["ann@example.com", "anne@example.com", "Anne@example.com"].iter().enumerate() {
        let now = users::view(&w.store, &w.may(acme.id).await, current(&w, &p).await).await.unwrap();
        muster::groups::delete_person(&w.store, &p, now.id, None).await.unwrap();
        let mut d = draft(name);
        if n == 1 {
            d.external_id = Some("ext-ann@example.com".into());
        }
        let (u, _) = arrives(&w, &p, d).await.unwrap();
        assert!(u.active && !u.enabled, "{name}");
    }
    // Created under another name, and renamed.
    let now = current(&w, &p).await;
    muster::groups::delete_person(&w.store, &p, now, None).await.unwrap();
    let x = w.user(&p, "x@example.com").await;
    assert!(x.enabled);
    let cookie = w.signs_in(&x).await;
    let back = change(|d| d.user_name = "anne@example.com".into());
    let (u, _) = users::modify(&w.store, &p, x.id, None, back).await.unwrap();
    assert!(!u.enabled && !w.signed_in(&cookie).await);
    let seen = users::get(&w.store, &p, x.id).await.unwrap();
    assert!(!seen.enabled);
    // What they carry is theirs again; what they left behind on the way is remembered, so that it leads back to nobody.
    let may = w.may::<UsersView>(acme.id).await;
    let left = tombstones::list(&w.store, &may, None, 10).await.unwrap();
    assert!(left.iter().all(|b| b.why == Why::Disabled), "{left:?}");
    let mut ids: Vec<_> = left.iter().map(|b| b.external_id.as_deref()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [None, Some("ext-Anne@example.com"), Some("ext-ann@example.com")]);
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, x.id, true).await.unwrap();
    assert!(users::get(&w.store, &p, x.id).await.unwrap().live());
    assert_eq!(as_is(&seen).user_name, "anne@example.com");
});

/// Switches somebody off by hand.
async fn shut_out(w: &World, t: TenantId, id: UserId) {
    muster::credentials::person::set_enabled(&w.store, &w.may(t).await, id, false).await.unwrap();
}

story!(async fn what_is_remembered_of_name_and_id_is_remembered_of_each(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let called = |name: &str, id: Option<&str>| {
        let mut d = draft(name);
        d.external_id = id.map(str::to_owned);
        d
    };
    // By the name alone, then by the id alone; and the other way round.
    for (n, by_name_first) in [true, false].into_iter().enumerate() {
        let (name, id) = (format!("fay{n}@example.com"), format!("x-fay{n}"));
        let other = format!("fay{n}-2@example.com");
        let (fay, _) = arrives(&w, &p, called(&name, Some(&id))).await.unwrap();
        shut_out(&w, acme.id, fay.id).await;
        muster::groups::delete_person(&w.store, &p, fay.id, None).await.unwrap();
        let mut ways = [called(&name, None), called(&other, Some(&id))];
        if !by_name_first {
            ways.reverse();
        }
        for way in ways {
            let (name, id) = (way.user_name.clone(), way.external_id.clone());
            let (u, _) = arrives(&w, &p, way).await.unwrap();
            assert!(u.active && !u.enabled, "{name} {id:?}");
            muster::groups::delete_person(&w.store, &p, u.id, None).await.unwrap();
        }
        // Somebody switched on by hand is decided about, by the name and the id that they carry.
        let (u, _) = arrives(&w, &p, called(&name, Some(&id))).await.unwrap();
        assert!(!u.enabled);
        muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, u.id, true).await.unwrap();
        muster::groups::delete_person(&w.store, &p, u.id, None).await.unwrap();
        let (u, _) = arrives(&w, &p, called(&name, Some(&id))).await.unwrap();
        assert!(u.live());
    }
});

story!(async fn whoever_has_the_id_of_one_who_is_off_is_off(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let kai = w.user(&p, "kai@example.com").await;
    shut_out(&w, acme.id, kai.id).await;
    let mut twin = draft("kai2@example.com");
    twin.external_id.clone_from(&kai.external_id);
    let (twin, _) = arrives(&w, &p, twin).await.unwrap();
    assert!(twin.active && !twin.enabled, "created beside one who is off");
    // And who gets the id later, whose access ends at once.
    let zoe = w.user(&p, "zoe@example.com").await;
    let cookie = w.signs_in(&zoe).await;
    let id = kai.external_id.clone();
    let to = change(move |d| d.external_id.clone_from(&id));
    let (zoe, _) = users::modify(&w.store, &p, zoe.id, None, to).await.unwrap();
    assert!(!zoe.enabled && !w.signed_in(&cookie).await);
    muster::groups::delete_person(&w.store, &p, kai.id, None).await.unwrap();
    for id in [twin.id, zoe.id] {
        assert!(!users::get(&w.store, &p, id).await.unwrap().enabled, "they stay so without him");
    }
    // Another's id is nothing to them.
    assert!(w.user(&p, "lea@example.com").await.enabled);
});

story!(async fn an_id_that_one_who_is_off_leaves_lets_nobody_in(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let may = w.may::<muster::access::perm::UsersEdit>(acme.id).await;
    for deleted in [true, false] {
        let name = format!("ivy-{deleted}@example.com");
        let ivy = w.user(&p, &name).await;
        let mut twin = draft(&format!("twin-{name}"));
        twin.external_id.clone_from(&ivy.external_id);
        let (twin, _) = arrives(&w, &p, twin).await.unwrap();
        let cookie = w.signs_in(&twin).await;
        muster::credentials::person::set_enabled(&w.store, &may, ivy.id, false).await.unwrap();
        assert!(users::get(&w.store, &p, twin.id).await.unwrap().enabled, "nobody decided about them");
        if deleted {
            muster::groups::delete_person(&w.store, &p, ivy.id, None).await.unwrap();
        } else {
            let away = change(|d| d.external_id = Some("elsewhere".into()));
            users::modify(&w.store, &p, ivy.id, None, away).await.unwrap();
        }
        let now = users::get(&w.store, &p, twin.id).await.unwrap();
        assert!(!now.enabled && now.version > twin.version, "the id would be theirs alone");
        assert!(!w.signed_in(&cookie).await);
    }
});

/// The directory's only person.
async fn current(
    w: &World,
    p: &muster::access::Permit<muster::access::perm::Provision>,
) -> muster::id::UserId {
    let search = users::Search { directory: Some(p.directory()), ..users::Search::default() };
    let all = users::search(&w.store, &w.may(p.tenant()).await, &search).await.unwrap();
    assert_eq!(all.len(), 1);
    all[0].id
}

story!(async fn what_is_remembered_ends_when_nobody_asks_any_more(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    muster::credentials::person::remove(&w.store, &w.may(acme.id).await, ann.id, None).await.unwrap();
    let cx = Cx::new(World::owner(), Scope::Platform);
    let now = w.store.clock().now();
    let swept = tombstones::sweep(&w.store, &cx, now.minus(Duration::from_secs(3600))).await.unwrap();
    assert_eq!(swept, 0);
    let swept = tombstones::sweep(&w.store, &cx, now.plus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(swept, 1);
    arrives(&w, &p, draft("ann@example.com")).await.unwrap();
});

/// Somebody is deleted by hand while their directory asks for them, again and again.
async fn meanwhile<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    w: &World,
    t: TenantId,
    who: UserId,
    again: impl Fn(u64) -> F,
) -> Vec<T> {
    let (store, may) = (w.store.clone(), w.may(t).await);
    let mut tries = Vec::new();
    for n in 0..8 {
        let one = again(n);
        tries.push(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(n * 700)).await;
            one.await
        }));
    }
    muster::credentials::person::remove(&store, &may, who, None).await.unwrap();
    let mut out = Vec::new();
    for one in tries {
        out.push(one.await.unwrap());
    }
    out
}

story!(async fn a_creation_that_waited_for_a_deletion_by_hand_sees_it(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    for round in 0..12 {
        let name = format!("ann{round}@example.com");
        let ann = w.user(&p, &name).await;
        let again = |_| {
            let (store, access, p, d) = (w.store.clone(), w.access.clone(), p.clone(), draft(&name));
            async move { adoption::create(&store, &access, &p, d).await.map(|(u, _)| u.id) }
        };
        for made in meanwhile(&w, acme.id, ann.id, again).await {
            assert_eq!(made.expect_err("created again").kind(), Kind::Conflict);
        }
    }
});

story!(async fn another_name_that_waited_for_a_deletion_by_hand_sees_it(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let others = w.people(&p, 8).await;
    for round in 0..12 {
        let name = format!("ann{round}@example.com");
        let ann = w.user(&p, &name).await;
        let again = |n: u64| {
            let (store, p, name) = (w.store.clone(), p.clone(), name.clone());
            let who = others[usize::try_from(n).unwrap()];
            let to = change(move |d| d.user_name.clone_from(&name));
            async move { users::modify(&store, &p, who, None, to).await.map(|(u, _)| u.id) }
        };
        for renamed in meanwhile(&w, acme.id, ann.id, again).await {
            assert_eq!(renamed.expect_err("another has the name").kind(), Kind::Conflict);
        }
    }
});

story!(async fn who_was_disabled_stays_so_when_the_directory_deletes_and_creates_at_once(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    for round in 0..12 {
        let name = format!("ann{round}@example.com");
        let ann = w.user(&p, &name).await;
        muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, ann.id, false).await.unwrap();
        let mut tries = Vec::new();
        for n in 0..8 {
            let (store, access, p, d) = (w.store.clone(), w.access.clone(), p.clone(), draft(&name));
            tries.push(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_micros(n * 700)).await;
                adoption::create(&store, &access, &p, d).await
            }));
        }
        muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
        for one in tries {
            if let Ok((u, _)) = one.await.unwrap() {
                assert!(!u.enabled, "round {round}");
            }
        }
    }
});
