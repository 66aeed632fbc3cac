//! What was decided by hand about somebody goes with them: into a directory, under another name, beside a twin of their id.

use super::{arrives, confirm, local};
use crate::{
    people::world::{World, change, draft},
    story,
};
use muster::{
    access::perm::{UsersDelete, UsersEdit},
    credentials::person,
    id::{TenantId, UserId},
    sql,
    store::Scope,
    users::{self, User},
};

async fn switch(w: &World, t: TenantId, id: UserId, on: bool) {
    person::set_enabled(&w.store, &w.may::<UsersEdit>(t).await, id, on).await.unwrap();
}

async fn now(w: &World, t: TenantId, id: UserId) -> User {
    users::view(&w.store, &w.may(t).await, id).await.unwrap()
}

/// How often the trail says that somebody was switched off.
async fn switched_off(w: &World, t: TenantId, id: UserId) -> i64 {
    let mut c = w.store.read(Scope::Tenant(t)).await.unwrap();
    let id = format!("user:{id}");
    sql!(
        &mut c,
        one<i64>,
        "SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND action = 'user.disable' AND target = $2",
        t,
        id
    )
    .unwrap()
}

story!(async fn who_is_taken_over_while_off_leaves_no_name_to_come_back_by(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    confirm(&w, acme.id, "example.com").await;
    let kim = local(&w, acme.id, "kim@example.com", Some("kmail@example.com")).await;
    switch(&w, acme.id, kim.id, false).await;
    let mut anew = draft("knew@example.com");
    anew.email = Some("kmail@example.com".into());
    let (taken, adopted) = arrives(&w, &p, anew).await.unwrap();
    assert!(adopted && taken.id == kim.id && !taken.enabled);
    let (back, _) = arrives(&w, &p, draft("kim@example.com")).await.unwrap();
    assert!(back.id != kim.id && !back.enabled, "the name that she left");
    // Whom the directory deactivates while it takes them over is said to be so.
    let lou = local(&w, acme.id, "lou@example.com", None).await;
    let mut off = draft("lou@example.com");
    off.active = false;
    arrives(&w, &p, off).await.unwrap();
    let mut c = w.store.read(Scope::Tenant(acme.id)).await.unwrap();
    let id = format!("user:{}", lou.id);
    let told = sql!(
        &mut c,
        all<String>,
        "SELECT action FROM audit_events WHERE tenant_id = $1 AND target = $2 ORDER BY action",
        acme.id,
        id
    )
    .unwrap();
    assert!(told.contains(&"user.adopt".to_owned()) && told.contains(&"user.deactivate".to_owned()), "{told:?}");
});

story!(async fn who_is_off_by_what_is_remembered_is_said_to_be_so(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let (one, two) = (w.user(&p, "r1@example.com").await, w.user(&p, "r2@example.com").await);
    switch(&w, acme.id, one.id, false).await;
    let id = one.external_id.clone();
    users::modify(&w.store, &p, two.id, None, change(move |d| d.external_id.clone_from(&id))).await.unwrap();
    assert!(!now(&w, acme.id, two.id).await.enabled);
    assert_eq!(switched_off(&w, acme.id, two.id).await, 1, "the trail says so");
});

story!(async fn who_is_switched_on_by_hand_is_so_under_every_name_that_was_theirs(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ja = w.user(&p, "ja@example.com").await;
    switch(&w, acme.id, ja.id, false).await;
    let to = |name: &'static str| change(move |d| d.user_name = name.into());
    users::modify(&w.store, &p, ja.id, None, to("jb@example.com")).await.unwrap();
    switch(&w, acme.id, ja.id, true).await;
    users::modify(&w.store, &p, ja.id, None, to("ja@example.com")).await.unwrap();
    assert!(now(&w, acme.id, ja.id).await.enabled, "her own old name");
});

story!(async fn whoever_shares_the_id_of_one_who_was_deleted_may_still_be_renamed(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    for off in [false, true] {
        let name = format!("hz-{off}@example.com");
        let one = w.user(&p, &name).await;
        let mut twin = draft(&format!("twin-{name}"));
        twin.external_id.clone_from(&one.external_id);
        let (twin, _) = arrives(&w, &p, twin).await.unwrap();
        if off {
            switch(&w, acme.id, one.id, false).await;
        }
        person::remove(&w.store, &w.may::<UsersDelete>(acme.id).await, one.id, None).await.unwrap();
        // Of one who was off the id would be the twin's alone.
        assert_eq!(now(&w, acme.id, twin.id).await.enabled, !off);
        let other = change(move |d| d.user_name = format!("other-{off}@example.com"));
        users::modify(&w.store, &p, twin.id, None, other).await.unwrap();
        assert_eq!(now(&w, acme.id, twin.id).await.enabled, !off);
    }
});
