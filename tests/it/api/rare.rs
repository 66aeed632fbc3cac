//! What is rare among much: found at once where an index leads to it, and else a piece at a time.

use super::lists::{get, whole};
use crate::{
    story,
    support::{TestServer, person::READ_ONLY},
};
use muster::{
    actor::{Actor, Principal},
    audit::{self, Event},
    id::{RequestId, TenantId},
    signins::{self, NewSignin, Reason},
    store::{Cx, Scope},
    tx,
};
use std::collections::BTreeSet;

story!(async fn what_is_rare_in_a_long_trail_is_found_a_piece_at_a_time(t) {
    let tenant = TenantId::new();
    let system = Actor::prove(Principal::System("test"), RequestId::new());
    let cx = Cx::new(system, Scope::Platform);
    tx!(t.store, &cx, [], |tx| { audit::record(tx, tenant, Event::new("rare")).await }).unwrap();
    let other = Actor::prove(Principal::System("seldom"), RequestId::new());
    let seldom = Cx::new(other, Scope::Platform);
    let often = || Event::new("often").target("thing", 1);
    tx!(t.store, &seldom, [], |tx| { audit::record(tx, tenant, often()).await }).unwrap();
    for _ in 0..41 {
        tx!(t.store, &cx, [], |tx| {
            for _ in 0..500 {
                audit::record(tx, tenant, often()).await?;
            }
            Ok(())
        })
        .unwrap();
    }
    let rare = audit::Query { action: audit::Action::parse("rare"), ..Default::default() };
    // What few did with a thing of which there is much.
    let by_few = audit::Query { target: Some("thing:1".into()), actor: Some("system:seldom".into()), ..Default::default() };
    for mut q in [rare, by_few] {
        let mut pieces = 1;
        let found = loop {
            let piece = audit::list(&t.store, tenant, &q, 10).await.unwrap();
            if !piece.items.is_empty() {
                break piece;
            }
            assert!(piece.next.is_some() && piece.next != q.before, "it goes on");
            (q.before, pieces) = (piece.next, pieces + 1);
        };
        assert_eq!((found.items.len(), found.next), (1, None));
        assert!((2..=8).contains(&pieces), "not all at once, nor a little at a time: {pieces}");
    }
    // Whoever did little is found at once among all that others did.
    let mut q = audit::Query { actor: Some("system:seldom".into()), ..Default::default() };
    for action in [None, audit::Action::parse("oft*"), audit::Action::parse("rare")] {
        let found = usize::from(action != audit::Action::parse("rare"));
        q.action = action;
        let page = audit::list(&t.store, tenant, &q, 10).await.unwrap();
        assert_eq!((page.items.len(), page.next), (found, None));
    }
    // What is there is found at once, however it is sought.
    q = audit::Query { actor: Some("system:test".into()), ..Default::default() };
    let page = audit::list(&t.store, tenant, &q, 10).await.unwrap();
    assert_eq!((page.items.len(), page.next.is_some()), (10, true));
    let mut seen = BTreeSet::new();
    loop {
        let page = audit::list(&t.store, tenant, &q, 500).await.unwrap();
        let n = seen.len();
        seen.extend(page.items.iter().map(|e| e.id));
        assert_eq!(seen.len(), n + page.items.len(), "nothing twice");
        q.before = page.next;
        if q.before.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 20_501, "nothing left out");
});

story!(async fn what_went_through_a_directory_is_found_among_all_that_did_not(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let d = s.directory(acme).await.directory;
    let ann = s.person(acme, "ann", READ_ONLY).await;
    let cx = s.app.system();
    let record = async |n: usize, new: NewSignin| {
        tx!(s.app.store, &cx, [new], |tx| {
            let mut last = String::new();
            for _ in 0..n {
                last = signins::record(tx, acme, &new).await?;
            }
            Ok(last)
        })
        .unwrap()
    };
    let bad = record(1, NewSignin::not(Reason::MfaNotProved, Some(ann), Some(d))).await;
    let good = record(1, NewSignin::success(ann, Some(d))).await;
    for _ in 0..8 {
        record(500, NewSignin::success(ann, None)).await;
    }
    let page = async |query: &str| {
        let page = get(&s, &format!("/tenants/acme/signins?{query}")).await;
        let items = page["items"].as_array().unwrap().iter();
        let found: Vec<String> = items.map(|a| a["reference"].as_str().unwrap().to_owned()).collect();
        (found, page["next"].is_null())
    };
    // On the first page, and there is no other.
    assert_eq!(page(&format!("directory={d}")).await, (vec![good.clone(), bad.clone()], true));
    assert_eq!(page(&format!("directory={d}&outcome=refused")).await, (vec![bad.clone()], true));
    assert_eq!(page(&format!("directory={d}&limit=1")).await, (vec![good], false));
    // Sought among all, it is some pages away.
    assert_eq!(page("outcome=refused").await, (vec![], false));
    assert_eq!(whole(&s, "/tenants/acme/signins?outcome=refused", "reference").await, [bad]);
});
