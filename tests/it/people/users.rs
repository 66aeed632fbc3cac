use super::world::{World, change, draft, race};
use crate::story;
use muster::{
    actor::UserKind,
    error::Kind,
    store::Scope,
    tx,
    users::{
        self, Query,
        query::{Arg, By, Order, Where},
    },
};
use serde_json::json;

story!(async fn a_directory_sees_its_own_people_and_nobody_else(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let second = w.scim(&w.directory(acme.id, "Okta").await).await;
    let (_, _, stranger) = w.company("beta", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    assert_eq!((ann.tenant_id, ann.directory_id, ann.kind), (acme.id, Some(d.id), UserKind::Tenant));
    assert_eq!((ann.version, ann.active, ann.enabled), (1, true, true));
    assert_eq!(users::get(&w.store, &p, ann.id).await.unwrap(), ann);
    for other in [&second, &stranger] {
        assert_eq!(users::get(&w.store, other, ann.id).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(users::list(&w.store, other, &Query::default()).await.unwrap().total, 0);
        let e = w.set_active(other, ann.id, false).await.unwrap_err();
        assert_eq!(e.kind(), Kind::NotFound);
        let e = muster::groups::delete_person(&w.store, other, ann.id, None).await.unwrap_err();
        assert_eq!(e.kind(), Kind::NotFound);
        // The same name in another directory is another person.
        w.user(other, "ann@example.com").await;
    }
    assert_eq!(users::list(&w.store, &p, &Query::default()).await.unwrap().items, [ann]);
});

story!(async fn the_providers_directory_brings_technicians(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("msp", true).await;
    assert_eq!(w.user(&p, "tech@msp.example").await.kind, UserKind::Technician);
});

story!(async fn a_user_name_is_taken_in_any_case(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "Ann.Ünal@example.com").await;
    assert_eq!(ann.user_name, "Ann.Ünal@example.com", "kept as it was sent");
    let e = users::create(&w.store, &p, draft("ANN.ÜNAL@example.com")).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    assert!(e.detail().contains("ANN.ÜNAL@example.com"), "the value is named: {e}");
    let bob = w.user(&p, "bob@example.com").await;
    let rename = change(|d| d.user_name = "ann.ünal@EXAMPLE.com".into());
    let e = users::modify(&w.store, &p, bob.id, None, rename).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    w.user(&p, "ann.ünal@example.com").await;
});

story!(async fn of_two_who_create_one_name_one_wins(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    for i in 0..10 {
        let make = || {
            let (store, p, name) = (w.store.clone(), p.clone(), format!("p{i}@example.com"));
            async move { users::create(&store, &p, draft(&name)).await }
        };
        let (a, b) = race(make(), make()).await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let e = a.err().or(b.err()).unwrap();
        assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    }
    assert_eq!(users::list(&w.store, &p, &Query::default()).await.unwrap().total, 10);
});

story!(async fn what_does_not_fit_is_refused_by_name(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let long = "x".repeat(1025);
    let mut bad: Vec<(&str, users::Draft)> = Vec::new();
    let with = |f: &dyn Fn(&mut users::Draft)| {
        let mut d = draft("ann@example.com");
        f(&mut d);
        d
    };
    bad.push(("userName", with(&|d| d.user_name = " ".into())));
    bad.push(("userName", with(&|d| d.user_name = "a\0b".into())));
    bad.push(("userName", with(&|d| d.user_name.clone_from(&long))));
    bad.push(("externalId", with(&|d| d.external_id = Some(long.clone()))));
    bad.push(("emails", with(&|d| d.emails = vec![("a\0".into(), None)])));
    for (attr, d) in bad {
        let e = users::create(&w.store, &p, d).await.unwrap_err();
        let got = (e.kind(), e.attr_str(), e.code_str());
        assert_eq!(got, (Kind::Invalid, Some(attr), Some("invalidValue")));
    }
    let mut d = draft("ann@example.com");
    d.doc["title"] = json!("a\0b");
    assert_eq!(users::create(&w.store, &p, d).await.unwrap_err().kind(), Kind::Invalid);
    assert_eq!(users::list(&w.store, &p, &Query::default()).await.unwrap().total, 0);
});

story!(async fn what_changes_nothing_leaves_the_version(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    let (same, changed) = users::modify(&w.store, &p, ann.id, None, change(|_| ())).await.unwrap();
    assert_eq!((&same, changed), (&ann, false));
    let title = || change(|d| d.doc["title"] = json!("CTO"));
    let (next, changed) = users::modify(&w.store, &p, ann.id, Some(1), title()).await.unwrap();
    assert_eq!((next.version, changed, &next.doc.0["title"]), (2, true, &json!("CTO")));
    assert_eq!(users::get(&w.store, &p, ann.id).await.unwrap(), next);
    let e = users::modify(&w.store, &p, ann.id, Some(1), title()).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Precondition);
    let e = muster::groups::delete_person(&w.store, &p, ann.id, Some(1)).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Precondition);
    let refuse: users::Change = std::sync::Arc::new(|_| Err(muster::error::Error::invalid("no")));
    assert!(users::modify(&w.store, &p, ann.id, None, refuse).await.is_err());
});

story!(async fn changes_at_the_same_time_all_land(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    let many = (0..12).map(|i| {
        let (store, p) = (w.store.clone(), p.clone());
        let c = change(move |d| d.doc[format!("x{i}")] = json!(i));
        tokio::spawn(async move { users::modify(&store, &p, ann.id, None, c).await.unwrap() })
    });
    for one in many.collect::<Vec<_>>() {
        assert!(one.await.unwrap().1);
    }
    let after = users::get(&w.store, &p, ann.id).await.unwrap();
    assert_eq!(after.version, 13);
    for i in 0..12 {
        assert_eq!(after.doc.0[format!("x{i}")], json!(i));
    }
});

story!(async fn deactivation_ends_what_is_open_and_reactivation_does_not_open_it(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    let bob = w.user(&p, "bob@example.com").await;
    let (cookie, other) = (w.signs_in(&ann).await, w.signs_in(&bob).await);
    assert!(w.signed_in(&cookie).await);
    let (off, _) = w.set_active(&p, ann.id, false).await.unwrap();
    assert!(!w.signed_in(&cookie).await && w.signed_in(&other).await);
    let read = users::get(&w.store, &p, ann.id).await.unwrap();
    assert_eq!(off, read, "the answer is what is stored");
    assert!(!read.active && read.enabled);
    let (_, changed) = w.set_active(&p, ann.id, false).await.unwrap();
    assert!(!changed, "a second time changes nothing");
    let (on, _) = w.set_active(&p, ann.id, true).await.unwrap();
    assert!(on.active && !w.signed_in(&cookie).await);
    let again = w.signs_in(&on).await;
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    assert!(!w.signed_in(&again).await);
});

story!(async fn a_page_is_filtered_ordered_and_counted(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let ids = w.people(&p, 7).await;
    let all = users::list(&w.store, &p, &Query { limit: 3, ..Query::default() }).await.unwrap();
    assert_eq!(all.total, 7);
    assert_eq!(all.items.iter().map(|u| u.id).collect::<Vec<_>>(), ids[..3]);
    let end = Query { offset: 6, limit: 3, ..Query::default() };
    let end = users::list(&w.store, &p, &end).await.unwrap();
    assert_eq!((end.total, end.items.len()), (7, 1));
    let beyond = Query { offset: 50, limit: 3, ..Query::default() };
    let beyond = users::list(&w.store, &p, &beyond).await.unwrap();
    assert_eq!((beyond.total, beyond.items.len()), (7, 0));
    let none = users::list(&w.store, &p, &Query { limit: 0, ..Query::default() }).await.unwrap();
    assert_eq!((none.total, none.items.len()), (7, 0));
    let name = |n: &str| {
        let text = "u.user_name_key = $3".to_owned();
        let args = vec![Arg::Text(n.into())];
        Some(Where { lite: text.clone(), pg: text, args, few: true, ..Where::default() })
    };
    let q = Query { filter: name("person4@example.com"), ..Query::default() };
    let one = users::list(&w.store, &p, &q).await.unwrap();
    assert_eq!((one.total, one.items[0].id), (1, ids[4]));
    let by = By::Column("user_name_key");
    let order = Order { lite: "u.user_name_key".into(), pg: "u.user_name_key".into(), descending: true, by };
    let q = Query { order: Some(order), limit: 2, ..Query::default() };
    let down = users::list(&w.store, &p, &q).await.unwrap();
    assert_eq!(down.items.iter().map(|u| u.id).collect::<Vec<_>>(), [ids[6], ids[5]]);
});

story!(async fn a_login_identity_is_one_persons(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let (ann, bob) = (w.user(&p, "ann@example.com").await, w.user(&p, "bob@example.com").await);
    let iss = "https://login.example.com/t/v2.0";
    let link = async |sub: &'static str, user| {
        let permit = w.access.system(&World::owner(), acme.id).await.unwrap();
        let (t, d) = (acme.id, d.id);
        tx!(w.store, &permit.cx(), [], |tx| { users::link(tx, t, d, iss, sub, user).await })
    };
    assert!(link("oid-ann", ann.id).await.unwrap(), "new");
    assert!(!link("oid-ann", ann.id).await.unwrap(), "known");
    let e = link("oid-ann", bob.id).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("identity_taken")));
    let e = link("oid-other", ann.id).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("already_linked")));
    let mut c = w.store.read(Scope::Tenant(acme.id)).await.unwrap();
    let found = users::find_by_identity(&mut c, acme.id, d.id, iss, "oid-ann").await.unwrap();
    assert_eq!(found.unwrap().id, ann.id);
    assert!(users::find_by_identity(&mut c, acme.id, d.id, iss, "OID-ANN").await.unwrap().is_none());
    drop(c);
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    assert!(link("oid-ann", bob.id).await.unwrap(), "free again");
});

story!(async fn a_person_is_found_by_the_directorys_id_if_it_is_one_persons(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    let find = async |x: &'static str| {
        let mut c = w.store.read(Scope::Tenant(acme.id)).await.unwrap();
        users::find_by_external_id(&mut c, acme.id, d.id, x).await
    };
    assert_eq!(find("ext-ann@example.com").await.unwrap().unwrap().id, ann.id);
    assert!(find("EXT-ann@example.com").await.unwrap().is_none(), "exact");
    let mut twin = draft("twin@example.com");
    twin.external_id = Some("ext-ann@example.com".into());
    users::create(&w.store, &p, twin).await.unwrap();
    let e = find("ext-ann@example.com").await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("ambiguous")));
});
