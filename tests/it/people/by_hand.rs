use super::world::{World, change, race};
use crate::story;
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, grants, perm, perm::Permission},
    actor::UserKind,
    error::{Kind, Result},
    id::TenantId,
    store::{Lock, Scope},
    tx,
    users::{self, Edit, NewIntegration, NewUser, Search, User},
};
use sqlx::Connection as _;

fn new(kind: UserKind, name: &str) -> NewUser {
    NewUser {
        kind,
        user_name: name.into(),
        display_name: Some("Someone".into()),
        email: Some(format!("{name}@example.com")),
    }
}

async fn add(w: &World, t: TenantId, kind: UserKind, name: &str) -> Result<User> {
    users::add(&w.store, &w.may(t).await, new(kind, name)).await
}

async fn edit(w: &World, u: &User, e: Edit) -> Result<User> {
    muster::credentials::person::edit(
        &w.store,
        &w.access,
        &w.may(u.tenant_id).await,
        None,
        (u.id, None),
        e,
    )
    .await
}

async fn switch(w: &World, u: &User, on: bool) -> Result<User> {
    muster::credentials::person::set_enabled(&w.store, &w.may(u.tenant_id).await, u.id, on).await
}

story!(async fn a_user_is_added_edited_and_removed_by_hand(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = add(&w, acme.id, UserKind::Tenant, "Ann").await.unwrap();
    assert_eq!((ann.directory_id, ann.kind, ann.live()), (None, UserKind::Tenant, true));
    assert_eq!(ann.doc.0["emails"][0]["value"], "Ann@example.com");
    let mut c = w.store.read(Scope::Tenant(acme.id)).await.unwrap();
    let found = users::find_local(&mut c, acme.id, " aNN ").await.unwrap();
    assert_eq!(found.as_ref(), Some(&ann));
    assert_eq!(users::find_local(&mut c, acme.id, "bob").await.unwrap(), None);
    drop(c);
    let e = add(&w, acme.id, UserKind::Tenant, "ANN").await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    let named = Edit { display_name: Some("Ann B.".into()), email: Some(String::new()), ..Edit::default() };
    let after = edit(&w, &ann, named).await.unwrap();
    assert_eq!((after.label(), after.email.as_deref(), after.version), ("Ann B.", None, 2));
    assert_eq!(edit(&w, &ann, Edit::default()).await.unwrap(), after, "no change");
    muster::credentials::person::remove(&w.store, &w.may(acme.id).await, ann.id, None).await.unwrap();
    let v = w.may(acme.id).await;
    assert_eq!(users::view(&w.store, &v, ann.id).await.unwrap_err().kind(), Kind::NotFound);
});

story!(async fn what_a_person_types_of_another_fits_in_one_line_and_is_an_address(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = add(&w, acme.id, UserKind::Tenant, "Ann").await.unwrap();
    let with = |email: &str, display: Option<&str>| Edit {
        email: Some(email.into()), display_name: display.map(str::to_owned), ..Edit::default()
    };
    for (bad, attr) in [
        (with("nope", None), "email"),
        (with("not an address", None), "email"),
        (with("a@b.example\r\nBcc: c@d.example", None), "email"),
        (with("", Some("Ann\nB.")), "display_name"),
        (Edit { user_name: Some("ann\u{7}".into()), ..Edit::default() }, "user_name"),
    ] {
        let e = edit(&w, &ann, bad.clone()).await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some(attr)), "{bad:?}");
    }
    let after = edit(&w, &ann, with(" ann@acme.example ", Some("Ann B."))).await.unwrap();
    assert_eq!(after.email.as_deref(), Some("ann@acme.example"));
    let e = add(&w, acme.id, UserKind::Tenant, "two\nlines").await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("user_name")));
});

story!(async fn a_kind_fits_its_tenant(t) {
    let w = World::new(&t.store);
    let (acme, msp) = (w.tenant("acme", false).await, w.tenant("msp", true).await);
    for kind in [UserKind::Administrator, UserKind::Technician, UserKind::Integration] {
        let e = add(&w, acme.id, kind, "x").await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("kind")), "{kind:?}");
    }
    for (name, kind) in
        [("a", UserKind::Administrator), ("b", UserKind::Technician), ("c", UserKind::Tenant)]
    {
        assert_eq!(add(&w, msp.id, kind, name).await.unwrap().kind, kind);
    }
    let ann = add(&w, acme.id, UserKind::Tenant, "ann").await.unwrap();
    let up = Edit { kind: Some(UserKind::Technician), ..Edit::default() };
    assert_eq!(edit(&w, &ann, up).await.unwrap_err().kind(), Kind::Invalid);
});

story!(async fn what_a_directory_manages_is_not_edited_by_hand(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("msp", true).await;
    let tech = w.user(&p, "tech@msp.example").await;
    let e = edit(&w, &tech, Edit { email: Some("me@evil.example".into()), ..Edit::default() }).await;
    let e = e.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Forbidden, Some("email")));
    let up = Edit { kind: Some(UserKind::Administrator), ..Edit::default() };
    let up = edit(&w, &tech, up).await.unwrap();
    assert_eq!((up.kind, &up.doc), (UserKind::Administrator, &tech.doc));
});

story!(async fn a_person_disabled_by_hand_stays_so_whatever_the_directory_says(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    let cookie = w.signs_in(&ann).await;
    let off = switch(&w, &ann, false).await.unwrap();
    assert!(!off.enabled && off.active && !w.signed_in(&cookie).await);
    assert_eq!(switch(&w, &ann, false).await.unwrap(), off, "a second time changes nothing");
    w.set_active(&p, ann.id, false).await.unwrap();
    let (back, _) = w.set_active(&p, ann.id, true).await.unwrap();
    assert!(back.active && !back.enabled && !back.live());
    let on = switch(&w, &ann, true).await.unwrap();
    assert!(on.live());
    let cookie = w.signs_in(&on).await;
    muster::credentials::person::remove(&w.store, &w.may(ann.tenant_id).await, ann.id, None).await.unwrap();
    assert!(!w.signed_in(&cookie).await);
});

story!(async fn the_switch_and_the_directory_at_once_lose_nothing(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    for i in 0..8 {
        let ann = w.user(&p, &format!("p{i}@example.com")).await;
        let hand: muster::access::Permit<perm::UsersEdit> = w.may(acme.id).await;
        let (s1, s2, p2) = (w.store.clone(), w.store.clone(), p.clone());
        let off = super::world::change(|d| d.active = false);
        let (a, b) = race(
            async move { muster::credentials::person::set_enabled(&s1, &hand, ann.id, false).await.map(|_| ()) },
            async move { users::modify(&s2, &p2, ann.id, None, off).await.map(|_| ()) },
        )
        .await;
        a.unwrap();
        b.unwrap();
        let after = users::get(&w.store, &p, ann.id).await.unwrap();
        assert!(!after.active && !after.enabled);
        assert_eq!(after.version, 3);
    }
});

story!(async fn an_integration_user_is_made_and_removed_with_its_client_alone(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let p = w.may::<perm::SystemManageIntegrations>(acme.id).await;
    let id = acme.id;
    let made = tx!(w.store, &p.cx(), [], |tx| {
        let new = NewIntegration { name: "RMM".into(), description: Some("nightly".into()) };
        users::add_integration(tx, id, &new).await
    })
    .unwrap();
    assert_eq!((made.kind, made.label()), (UserKind::Integration, "nightly"));
    assert_eq!(switch(&w, &made, false).await.unwrap_err().kind(), Kind::Forbidden);
    let e = muster::credentials::person::remove(&w.store, &w.may(acme.id).await, made.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let uid = made.id;
    let off = tx!(w.store, &p.cx(), [], |tx| {
        users::set_integration_enabled(tx, id, uid, false).await
    });
    assert!(!off.unwrap().enabled);
    tx!(w.store, &p.cx(), [], |tx| { users::remove_integration(tx, id, uid).await }).unwrap();
    let v = w.may::<perm::UsersView>(acme.id).await;
    assert_eq!(users::view(&w.store, &v, uid).await.unwrap_err().kind(), Kind::NotFound);
    let person = add(&w, acme.id, UserKind::Tenant, "ann").await.unwrap().id;
    let e = tx!(w.store, &p.cx(), [], |tx| { users::remove_integration(tx, id, person).await });
    assert_eq!(e.unwrap_err().kind(), Kind::NotFound, "a person is not removed by this door");
    assert_eq!(perm::SystemManageIntegrations::ID, "system.manage_integrations");
});

story!(async fn people_are_searched_in_their_tenant_alone(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let beta = w.tenant("beta", false).await;
    w.people(&p, 3).await;
    let ann = add(&w, acme.id, UserKind::Tenant, "Ann").await.unwrap();
    add(&w, beta.id, UserKind::Tenant, "Ann").await.unwrap();
    let v = w.may(acme.id).await;
    let find = async |s: Search| {
        let all = users::search(&w.store, &v, &s).await.unwrap();
        (all.len(), all.into_iter().map(|u| u.id).collect::<Vec<_>>())
    };
    assert_eq!(find(Search { text: Some("aNN".into()), ..Search::default() }).await, (1, vec![ann.id]));
    assert_eq!(find(Search::default()).await.0, 4);
    assert_eq!(find(Search { directory: Some(d.id), ..Search::default() }).await.0, 3);
    let renamed = Edit { display_name: Some("Ann Ünal".into()), ..Edit::default() };
    edit(&w, &ann, renamed).await.unwrap();
    let unal = Search { text: Some("üNAL".into()), ..Search::default() };
    assert_eq!(find(unal).await, (1, vec![ann.id]));
    let first = find(Search { limit: Some(3), ..Search::default() }).await.1;
    let page = find(Search { after: first.last().copied(), ..Search::default() }).await;
    assert_eq!((first.len(), page), (3, (1, vec![ann.id])));
    let kind = Some(UserKind::Integration);
    assert_eq!(find(Search { kind, ..Search::default() }).await.0, 0);
});

/// Waits until somebody waits for a lock of ours.
async fn until_one_waits(url: &str) {
    let mut c = sqlx::PgConnection::connect(url).await.unwrap();
    let text = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for _ in 0..1000 {
        let n: i64 = sqlx::query_scalar(text).fetch_one(&mut c).await.unwrap();
        if n > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("nobody waits");
}

story!(async fn another_kind_by_hand_takes_nothing_back_that_the_directory_wrote_meanwhile(t) {
    let w = World::new(&t.store);
    let (us, _, scim) = w.company("us", true).await;
    let u = w.people(&scim, 2).await;
    for id in &u {
        let new = grants::NewGrant::manual(us.id, *id, TENANT_ADMINISTRATOR);
        grants::add(&w.access, &w.may(us.id).await, new).await.unwrap();
    }
    for (name, checked) in [("Ann One", false), ("Ann Two", true)] {
        let was = users::get(&w.store, &scim, u[0]).await.unwrap();
        let kind = if was.kind == UserKind::Tenant { UserKind::Technician } else { UserKind::Tenant };
        // The hand has seen the person, and waits for the lock of all administrators, which somebody has.
        let (held, ready) = tokio::sync::oneshot::channel();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let (held, gone) = (std::sync::Mutex::new(Some(held)), tokio::sync::Mutex::new(Some(gone)));
        let (held, gone) = (std::sync::Arc::new(held), std::sync::Arc::new(gone));
        let (store, cx) = (w.store.clone(), w.may::<perm::UsersEdit>(us.id).await.cx());
        let postgres = w.store.is_postgres();
        let holder = tokio::spawn(async move {
            tx!(store, &cx, [held, gone], |tx| {
                tx.unaudited("a test");
                if !postgres {
                    return Ok(());
                }
                tx.lock(Lock::Admins(None)).await?;
                if let Some(held) = held.lock().unwrap().take() {
                    held.send(()).unwrap();
                }
                if let Some(gone) = gone.lock().await.take() {
                    gone.await.unwrap();
                }
                Ok(())
            })
        });
        if postgres {
            ready.await.unwrap();
        }
        let (store, access, p) = (w.store.clone(), w.access.clone(), w.may(us.id).await);
        let seen = checked.then_some(was.version);
        let id = was.id;
        let hand = tokio::spawn(async move {
            let to = Edit { kind: Some(kind), ..Edit::default() };
            muster::credentials::person::edit(&store, &access, &p, None, (id, seen), to).await
        });
        let hand = if let Some(url) = t.url() {
            until_one_waits(&url).await;
            hand
        } else {
            // One writer: the one is done before the other.
            let done = hand.await.unwrap();
            tokio::spawn(async move { done })
        };
        let wrote = users::modify(&w.store, &scim, id, None, change(move |d| {
            d.display_name = Some(name.into());
            d.doc["displayName"] = serde_json::json!(name);
        }));
        assert!(wrote.await.unwrap().1);
        if postgres {
            go.send(()).unwrap();
        }
        holder.await.unwrap().unwrap();
        let done = hand.await.unwrap();
        let now = users::get(&w.store, &scim, id).await.unwrap();
        assert_eq!(now.display_name.as_deref(), Some(name), "{done:?}");
        assert_eq!(now.doc.0["displayName"], name);
        if checked && postgres {
            // Who named the row they had seen is told that it is another one.
            assert_eq!(done.unwrap_err().kind(), Kind::Precondition);
            assert_eq!(now.kind, was.kind);
        } else {
            done.unwrap();
            assert_eq!(now.kind, kind);
        }
    }
});
