//! Every route of the table, with nobody, with the wrong permission, from another tenant, with the right one.

use super::call;
use crate::{
    access::{give, person, role, session, token},
    people::world::World,
    story,
    support::server::TestServer,
};
use muster::{
    actor::{Actor, UserKind},
    api::{Needs, Route, TABLE},
    id::UserId,
};

/// What is the same for all.
const SAME: [&str; 4] = ["/catalogue", "/openapi.json", "/password-rules", "/role-templates"];

/// The route's path with the tenant filled in and ids of nothing.
pub fn path(r: &Route, tenant: &str) -> String {
    let mut out = r.path.replace("{tenant}", tenant);
    while let (Some(a), Some(b)) = (out.find('{'), out.find('}')) {
        out.replace_range(a..=b, &UserId::new().to_string());
    }
    out
}

/// A world on the server's own database and caches.
fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

story!(async fn nobody_is_asked_who_they_are(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    for r in TABLE {
        let a = call(&s, None, r.method, &path(r, "acme"), "").await.expect(401);
        assert_eq!(a.header("www-authenticate"), "Bearer", "{} {}", r.method, r.path);
        assert_eq!(a.header("content-type"), "application/problem+json");
    }
});

story!(async fn every_route_demands_its_permission_and_no_other(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let acme = s.tenant("acme").await;
    let all: Vec<String> = w.access.catalogue().all().iter().cloned().collect();
    for (n, r) in TABLE.iter().enumerate() {
        let Needs::Permission(needed) = r.needs else { continue };
        assert!(all.iter().any(|p| p == needed), "{needed} is of the catalogue");
        // All but the one, then the one alone.
        let but: Vec<&str> = all.iter().map(String::as_str).filter(|p| *p != needed).collect();
        for (has, permissions) in [(false, but.as_slice()), (true, &[needed][..])] {
            let name = format!("{n}-{has}");
            let who = person(&w, acme, &name, UserKind::Tenant).await;
            give(&w, &who, acme, role(&w, acme, &name, permissions, false).await.id).await;
            let at = path(r, "acme");
            let a = call(&s, Some(&session(&who)), r.method, &at, "").await;
            let names_it = a.text.contains(&format!("'{needed}'"));
            let refused = a.status == 403 && names_it;
            assert_eq!(refused, !has, "{} {} {has}: {} {}", r.method, r.path, a.status, a.text);
            assert!(has || a.status == 403, "{} {}: {}", r.method, r.path, a.status);
            let narrow = token(&who, acme, &["computers.view"]);
            let a = call(&s, Some(&narrow), r.method, &at, "").await;
            assert_eq!(a.status, 403, "a token without the scope: {} {}", r.method, r.path);
        }
    }
});

story!(async fn another_tenants_routes_are_not_there(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let boss = person(&w, other, "boss", UserKind::Tenant).await;
    give(&w, &boss, other, muster::access::catalogue::TENANT_ADMINISTRATOR).await;
    let b = session(&boss);
    for r in TABLE {
        match r.needs {
            Needs::Permission(_) => {
                let (slug, id) = (path(r, "acme"), path(r, &acme.to_string()));
                let seen = call(&s, Some(&b), r.method, &slug, "").await.expect(404).json();
                let by_id = call(&s, Some(&b), r.method, &id, "").await.expect(404).json();
                let gone = path(r, "nowhere");
                let not = call(&s, Some(&b), r.method, &gone, "").await.expect(404).json();
                assert_eq!(seen["detail"], not["detail"], "as if it did not exist");
                assert_eq!(by_id["detail"], not["detail"]);
            }
            Needs::Global => {
                let a = call(&s, Some(&b), r.method, &path(r, "other"), "").await.expect(403);
                assert!(a.text.contains("Global Administrators"), "{}", a.text);
            }
            Needs::Owner => {
                call(&s, Some(&b), r.method, &path(r, "other"), "").await.expect(403);
            }
            Needs::Caller => {}
        }
    }
});

story!(async fn a_directory_has_no_business_here(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let directory = s.directory(acme).await.directory;
    let who = muster::actor::Principal::Directory { tenant: acme, directory };
    let d = Actor::prove(who, muster::id::RequestId::new());
    // What is the same for all, it may read.
    for r in TABLE.iter().filter(|r| !SAME.contains(&r.path)) {
        let a = call(&s, Some(&d), r.method, &path(r, "acme"), "").await;
        assert_eq!(a.status, 403, "{} {}: {}", r.method, r.path, a.text);
    }
});

crate::pure!(
    fn the_table_names_each_route_once() {
        let mut seen: Vec<(&str, &str)> = TABLE.iter().map(|r| (r.method, r.path)).collect();
        let n = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), n);
        for r in TABLE {
            let in_tenant = r.path.starts_with("/tenants/{tenant}");
            let asks_tenant = matches!(r.needs, Needs::Permission(_));
            assert!(in_tenant || !asks_tenant, "{} {}", r.method, r.path);
            assert!(r.about.ends_with('.'), "{}", r.about);
        }
    }
);
