//! What was ended stays ended, at every level.

use crate::{
    story,
    support::{
        TestServer,
        person::{Person, READ_ONLY, TestApp},
    },
};
use muster::{
    apps,
    sessions::{self, Who},
    store::{Cx, Scope, Store},
    tenants, tx,
};
use serde_json::Value;

struct Signed {
    who: Person,
    app: TestApp,
    access: String,
    refresh: String,
}

async fn signed(s: &TestServer, tenant: muster::id::TenantId, name: &str) -> Signed {
    let user = s.person(tenant, name, READ_ONLY).await;
    let who = s.session(tenant, user, "single").await;
    let app = s.app(tenant, |_| {}).await;
    let code = s.code(&app, &who, &[]).await;
    let tokens: Value = s.redeem(&app, &code).await.expect(200).json();
    let text = |n: &str| tokens[n].as_str().unwrap().to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    assert!(s.active(&app, &access).await);
    assert!(s.active(&app, &refresh).await);
    Signed { who, app, access, refresh }
}

async fn over(s: &TestServer, x: &Signed) {
    let checker = s.app(x.who.tenant, |_| {}).await;
    assert!(!s.active(&checker, &x.access).await, "introspection of the access token");
    s.browser().bearer(&x.access).get("/oauth/userinfo").await.expect(401);
    let a = s.refresh(&x.app, &x.refresh).await;
    assert!(a.status == 400 || a.status == 401, "the refresh token: {}", a.text);
    assert!(a.json().get("access_token").is_none());
    let a = s.authorize(&x.app, &x.who, &[("prompt", "none")]).await;
    let to = a.header("location").to_owned();
    assert!(!to.contains("code="), "the session gives no code: {to}");
}

async fn end(store: &Store, cx: Cx, who: Who) {
    tx!(store, &cx, [], |tx| {
        tx.unaudited("a test");
        sessions::revoke(tx, who, "a test").await
    })
    .unwrap();
}

story!(
    /// Introspection honoured only the nearest level (Keycloak CVE-2026-8922): all five are seen.
    async fn introspection_sees_every_level(t) {
        let s = TestServer::start(&t).await;
        let store = s.app.store.clone();
        let cx = || s.app.system();

        let t1 = s.tenant("by-tenant").await;
        let x = signed(&s, t1, "ada").await;
        end(&store, cx(), Who::Tenant(t1)).await;
        over(&s, &x).await;

        let t2 = s.tenant("by-client").await;
        let x = signed(&s, t2, "ada").await;
        let other = s.app(t2, |_| {}).await;
        end(&store, cx(), Who::App(t2, x.app.id)).await;
        assert!(!s.active(&other, &x.access).await);
        s.refresh(&x.app, &x.refresh).await.expect(400);

        let t3 = s.tenant("by-user").await;
        let x = signed(&s, t3, "ada").await;
        let y = signed(&s, t3, "bo").await;
        end(&store, cx(), Who::User(t3, x.who.user)).await;
        over(&s, &x).await;
        assert!(s.active(&y.app, &y.access).await, "nobody else's");

        let t4 = s.tenant("by-session").await;
        let x = signed(&s, t4, "ada").await;
        end(&store, cx(), Who::Session(t4, x.who.session)).await;
        over(&s, &x).await;

        let t5 = s.tenant("by-token").await;
        let x = signed(&s, t5, "ada").await;
        s.form_as(&x.app, "/oauth/revoke", &[("token", &x.access)]).await.expect(200);
        assert!(!s.active(&x.app, &x.access).await);
        assert!(s.active(&x.app, &x.refresh).await, "only that token");
        s.form_as(&x.app, "/oauth/revoke", &[("token", &x.refresh)]).await.expect(200);
        s.refresh(&x.app, &x.refresh).await.expect(400);
    }
);

story!(
    /// A restart reset what revocation was compared with (Keycloak CVE-2026-9802).
    async fn a_restart_forgets_no_revocation(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let x = signed(&s, tenant, "ada").await;
        end(&s.app.store, s.app.system(), Who::User(tenant, x.who.user)).await;
        // A second node on the same database has remembered nothing.
        let store = Store::open(&t.options, muster::clock::Clock::System).await.unwrap();
        let cx = Cx::new(s.owner(), Scope::Platform);
        let keys = muster::keys::Keys::load(&store, std::sync::Arc::new(s.app.master.clone()), &cx).await.unwrap();
        let access = muster::access::Access::new(store.clone(), s.app.access.catalogue().clone());
        let apps = apps::Apps::new(&store);
        let limits = s.app.session_limits();
        let gate = muster::gate::Gate::new(&store, &access, &keys, &apps, &s.url, limits);
        assert_eq!(gate.bearer(&x.access).await.unwrap_err().code_str(), Some("invalid_token"));
    }
);

story!(
    /// Deactivated accounts still got tokens on one path or another (Zitadel CVE-2024-47000, authentik
    /// CVE-2025-64521, Zitadel CVE-2022-22492): disabled user, tenant and client, by every grant.
    async fn what_is_switched_off_gets_nothing_by_any_grant(t) {
        let s = TestServer::start(&t).await;
        let store = s.app.store.clone();

        let t1 = s.tenant("user-off").await;
        let x = signed(&s, t1, "ada").await;
        let code = s.code(&x.app, &x.who, &[]).await;
        muster::credentials::person::set_enabled(&store, &s.permit(t1).await, x.who.user, false).await.unwrap();
        let a = s.redeem(&x.app, &code).await.expect(400);
        assert_eq!(a.json()["error"], "invalid_grant", "a code from before");
        over(&s, &x).await;
        muster::credentials::person::set_enabled(&store, &s.permit(t1).await, x.who.user, true).await.unwrap();
        over(&s, &x).await;

        let t2 = s.tenant("tenant-off").await;
        let x = signed(&s, t2, "ada").await;
        let code = s.code(&x.app, &x.who, &[]).await;
        tenants::set_status(&store, &s.global().await, t2, tenants::Status::Suspended).await.unwrap();
        s.redeem(&x.app, &code).await.expect(400);
        s.refresh(&x.app, &x.refresh).await.expect(400);
        s.browser().bearer(&x.access).get("/oauth/userinfo").await.expect(401);

        let t3 = s.tenant("client-off").await;
        let x = signed(&s, t3, "ada").await;
        let code = s.code(&x.app, &x.who, &[]).await;
        let permit = s.permit::<muster::access::perm::SystemEditSettings>(t3).await;
        apps::set_enabled(&store, &permit, x.app.id, false).await.unwrap();
        s.redeem(&x.app, &code).await.expect(401);
        s.refresh(&x.app, &x.refresh).await.expect(401);
        s.browser().bearer(&x.access).get("/oauth/userinfo").await.expect(401);
        let a = s.authorize(&x.app, &x.who, &[]).await.expect(303);
        assert!(!a.header("location").contains("code="));
    }
);
