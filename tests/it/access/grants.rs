//! Grants by hand: bounds, times, the last administrator, holds.

use super::{READ_ONLY, give, id, make_global, person, role, session};
use crate::{
    people::world::{World, race},
    story,
};
use muster::{
    access::{
        Permit, Source,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant, Query},
        holds::{self, Resolve},
        perm::UsersManageRoles,
    },
    actor::UserKind,
    error::Kind,
    id::{GrantId, TenantId, UserId},
    users,
};
use std::time::Duration;

async fn of(w: &World, t: TenantId, user: UserId) -> Vec<GrantId> {
    let q = Query { user: Some(user), ..Query::default() };
    let all = grants::list(&w.access, &w.may(t).await, q).await.unwrap();
    all.iter().map(|g| g.id).collect()
}

story!(async fn kinds_of_users_keep_their_bounds(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    let paul = person(&w, provider.id, "paul", UserKind::Tenant).await;
    let alma = person(&w, provider.id, "alma", UserKind::Administrator).await;
    let global = w.global().await;
    let everywhere = async |u: &users::User, role| {
        let new = NewGrant::manual(u.tenant_id, u.id, role);
        grants::add_everywhere(&w.access, &global, new).await.map_err(|e| e.kind())
    };
    let there = async |u: &users::User, t: TenantId, role| {
        let new = NewGrant::manual(u.tenant_id, u.id, role);
        grants::add(&w.access, &w.may(t).await, new).await.map_err(|e| e.kind())
    };
    let read_only = id(READ_ONLY);
    assert_eq!(there(&ann, provider.id, read_only).await.unwrap_err(), Kind::Forbidden);
    assert_eq!(there(&paul, acme.id, read_only).await.unwrap_err(), Kind::Forbidden);
    there(&paul, provider.id, read_only).await.unwrap();
    there(&tom, acme.id, read_only).await.unwrap();
    assert_eq!(everywhere(&tom, read_only).await.unwrap_err(), Kind::Forbidden);
    assert_eq!(everywhere(&ann, GLOBAL_ADMINISTRATOR).await.unwrap_err(), Kind::Forbidden);
    assert_eq!(there(&alma, acme.id, GLOBAL_ADMINISTRATOR).await.unwrap_err(), Kind::Forbidden);
    everywhere(&alma, read_only).await.unwrap();
    everywhere(&alma, GLOBAL_ADMINISTRATOR).await.unwrap();
    assert_eq!(everywhere(&alma, GLOBAL_ADMINISTRATOR).await.unwrap_err(), Kind::Conflict);
    let nobody = NewGrant::manual(acme.id, UserId::new(), read_only);
    let e = grants::add(&w.access, &w.may(acme.id).await, nobody).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    // Who becomes another kind keeps the rows and loses what they no longer may have.
    let e = users::Edit { kind: Some(UserKind::Technician), ..users::Edit::default() };
    make_global(&w, provider.id, "gina").await;
    muster::credentials::person::edit(&w.store, &w.access, &w.may(provider.id).await, None, (alma.id, None), e).await.unwrap();
    assert!(w.access.effective(provider.id, alma.id, acme.id).await.unwrap().is_empty());
});

story!(async fn a_grant_begins_and_ends_at_its_times(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let now = t.store.clock().now();
    let (soon, later) = (now.plus(Duration::from_millis(400)), now.plus(Duration::from_millis(900)));
    let mut new = NewGrant::manual(acme.id, ann.id, id(READ_ONLY));
    new.valid_from = Some(soon);
    new.valid_to = Some(later);
    grants::add(&w.access, &w.may(acme.id).await, new.clone()).await.unwrap();
    let held = async || w.access.effective(acme.id, ann.id, acme.id).await.unwrap();
    let e = held().await;
    assert_eq!((e.is_empty(), e.until), (true, Some(soon)));
    tokio::time::sleep(Duration::from_millis(450)).await;
    let e = held().await;
    assert_eq!((e.allows("users.view"), e.until), (true, Some(later)));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(held().await.is_empty());
    new.valid_to = Some(now);
    let e = grants::add(&w.access, &w.may(acme.id).await, new).await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("valid_to")));
});

story!(async fn a_grant_does_not_begin_in_the_past(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await.id;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    let now = t.store.clock().now();
    for (ago, fits) in [(365 * 24 * 3600, false), (600, false), (30, true), (0, true)] {
        let new = NewGrant {
            valid_from: Some(now.minus(Duration::from_secs(ago))),
            valid_to: Some(now.plus(Duration::from_secs(3600))),
            ..NewGrant::manual(acme, ann.id, id(READ_ONLY))
        };
        match grants::add(&w.access, &w.may(acme).await, new).await {
            Ok(_) => assert!(fits, "{ago} seconds ago"),
            Err(e) => {
                assert!(!fits, "{ago} seconds ago: {e:?}");
                assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("valid_from")));
            }
        }
    }
});

story!(async fn the_last_global_administrator_stays(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let gina = make_global(&w, provider.id, "gina").await;
    let all = grants::list_everywhere(&w.access, &w.global().await, Query::default()).await.unwrap();
    let e = grants::remove_everywhere(&w.access, &w.global().await, all[0].id).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Forbidden, Some("last_administrator")));
    assert!(e.detail().contains("gina"), "{e:?}");
    // One whose role ends by itself is no replacement, nor is one that is switched off.
    let bob = person(&w, provider.id, "bob", UserKind::Administrator).await;
    let mut new = NewGrant::manual(provider.id, bob.id, GLOBAL_ADMINISTRATOR);
    new.valid_to = Some(t.store.clock().now().plus(Duration::from_secs(3600)));
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    let off = make_global(&w, provider.id, "off").await;
    muster::credentials::person::set_enabled(&w.store, &w.may(provider.id).await, off.id, false).await.unwrap();
    let e = grants::remove_everywhere(&w.access, &w.global().await, all[0].id).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"));
    make_global(&w, provider.id, "real").await;
    grants::remove_everywhere(&w.access, &w.global().await, all[0].id).await.unwrap();
    assert!(w.access.effective(provider.id, gina.id, provider.id).await.unwrap().is_empty());
});

story!(async fn of_two_global_administrators_who_remove_each_other_one_stays(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    for round in 0..6 {
        make_global(&w, provider.id, &format!("a{round}")).await;
        if round == 0 {
            make_global(&w, provider.id, "b").await;
        }
        let all = grants::list_everywhere(&w.access, &w.global().await, Query::default()).await;
        let all = all.unwrap();
        assert_eq!(all.len(), 2);
        let go = |g: GrantId, p: muster::access::Permit<muster::access::perm::Global>| {
            let access = w.access.clone();
            async move { grants::remove_everywhere(&access, &p, g).await }
        };
        let (a, b) =
            race(go(all[0].id, w.global().await), go(all[1].id, w.global().await)).await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        assert_eq!(a.err().or(b.err()).unwrap().code_str(), Some("last_administrator"));
    }
});

story!(async fn of_two_grants_of_the_last_tenant_administrators_one_stays(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    for round in 0..6 {
        let acme = w.tenant(&format!("acme{round}"), false).await;
        let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
        give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
        give(&w, &tom, acme.id, TENANT_ADMINISTRATOR).await;
        let (x, y) = (of(&w, acme.id, ann.id).await[0], of(&w, acme.id, tom.id).await[0]);
        let go = |g: GrantId, p: Permit<UsersManageRoles>| {
            let access = w.access.clone();
            async move { grants::remove(&access, &p, g).await }
        };
        let (a, b) = race(go(x, w.may(acme.id).await), go(y, w.may(acme.id).await)).await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        assert_eq!(a.err().or(b.err()).unwrap().code_str(), Some("last_administrator"));
    }
});

story!(async fn a_hold_is_kept_or_dropped_by_an_administrator(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = w.user(&p, "ann@example.com").await;
    give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
    w.set_active(&p, ann.id, false).await.unwrap();
    let held = holds::list(&w.access, &w.may(acme.id).await, Query::default()).await.unwrap();
    assert_eq!((held.len(), held[0].source), (1, Source::Hold));
    assert!(w.access.effective(acme.id, ann.id, acme.id).await.unwrap().is_empty());
    holds::resolve(&w.access, &w.may(acme.id).await, held[0].id, Resolve::Keep).await.unwrap();
    assert_eq!(of(&w, acme.id, ann.id).await.len(), 1, "the grant by hand was there all the time");
    w.set_active(&p, ann.id, true).await.unwrap();
    assert!(w.access.effective(acme.id, ann.id, acme.id).await.unwrap().allows("users.view"));
    muster::groups::delete_person(&w.store, &p, ann.id, None).await.unwrap();
    let held = holds::list(&w.access, &w.may(acme.id).await, Query::default()).await.unwrap();
    assert_eq!(held.len(), 1);
    let keep = holds::resolve(&w.access, &w.may(acme.id).await, held[0].id, Resolve::Keep).await;
    assert_eq!(keep.unwrap_err().kind(), Kind::Conflict, "nobody is left to have it");
    holds::resolve(&w.access, &w.may(acme.id).await, held[0].id, Resolve::Drop).await.unwrap();
    let gone = holds::resolve(&w.access, &w.may(acme.id).await, held[0].id, Resolve::Drop).await;
    assert_eq!(gone.unwrap_err().kind(), Kind::NotFound);
    assert!(of(&w, acme.id, ann.id).await.is_empty());
});

story!(async fn a_list_comes_in_pages_and_of_its_tenant_only(t) {
    let w = World::new(&t.store);
    let (acme, other) = (w.tenant("acme", false).await, w.tenant("other", false).await);
    for n in 0..5 {
        let u = person(&w, acme.id, &format!("p{n}"), UserKind::Tenant).await;
        give(&w, &u, acme.id, id(READ_ONLY)).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let q = Query { after, limit: 2, ..Query::default() };
        let page = grants::list(&w.access, &w.may(acme.id).await, q).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|g| g.user_label.clone()));
    }
    assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4"]);
    let p = w.may(other.id).await;
    assert!(grants::list(&w.access, &p, Query::default()).await.unwrap().is_empty());
    let first = grants::list(&w.access, &w.may(acme.id).await, Query::default()).await.unwrap();
    let e = grants::remove(&w.access, &p, first[0].id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "not of this tenant");
});

story!(async fn a_customer_does_not_see_the_providers_people(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    let p = w.access.require::<UsersManageRoles>(&session(&ann), acme.id).await.unwrap();
    let new = NewGrant::manual(provider.id, tom.id, id(READ_ONLY));
    let e = grants::add(&w.access, &p, new).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    let own = role(&w, provider.id, "Inner", &["computers.view"], false).await;
    let new = NewGrant::manual(acme.id, ann.id, own.id);
    let e = grants::add(&w.access, &p, new).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "nor the provider's roles that are not offered");
});
