//! Roles that end by themselves, and what relied on them.

use super::id;
use crate::{
    story,
    support::{
        TestDb, TestServer,
        person::{READ_ONLY, TestApp},
    },
};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    audit,
    clock::Clock,
    id::{TenantId, UserId},
    sessions,
    store::{Cx, Scope, Store},
    tx,
    users::{self, NewUser},
};
use serde_json::Value;
use std::time::Duration;

async fn clocked(t: &TestDb) -> (TestServer, Clock) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    (TestServer::on(store, |_| {}).await, clock)
}

/// A technician of the provider's who has a role at a customer's for so long.
async fn technician(s: &TestServer, home: TenantId, at: TenantId, seconds: Option<u64>) -> UserId {
    let new = NewUser {
        kind: UserKind::Technician,
        user_name: "tom".into(),
        display_name: None,
        email: None,
    };
    let tom = users::add(&s.app.store, &s.permit(home).await, new).await.unwrap();
    let mut grant = NewGrant::manual(home, tom.id, id(READ_ONLY));
    grant.valid_to = seconds.map(|n| s.app.store.clock().now().plus(Duration::from_secs(n)));
    grants::add(&s.app.access, &s.permit(at).await, grant).await.unwrap();
    tom.id
}

async fn tenants(s: &TestServer, cookie: &str) -> usize {
    let c = s.browser();
    let r = c.request(reqwest::Method::GET, "/api/v1/tenants");
    let answer = c.send(r.header("cookie", format!("muster_session={cookie}"))).await.expect(200);
    answer.json()["items"].as_array().unwrap().len()
}

struct Signed {
    who: crate::support::person::Person,
    app: TestApp,
    access: String,
    refresh: String,
    life: i64,
}

/// Signed in at home, at work in `at`.
async fn signed(s: &TestServer, home: TenantId, at: TenantId, user: UserId) -> Signed {
    let who = s.session(home, user, "single").await;
    let (cx, session) = (s.app.system(), who.session);
    tx!(s.app.store, &cx, [], |tx| {
        tx.unaudited("a test");
        sessions::choose_tenant(tx, home, session, at).await
    })
    .unwrap();
    let app = s.app(home, |new| new.platform = true).await;
    let code = s.code(&app, &who, &[]).await;
    let tokens: Value = s.redeem(&app, &code).await.expect(200).json();
    let text = |n: &str| tokens[n].as_str().unwrap().to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    Signed { who, app, access, refresh, life: tokens["expires_in"].as_i64().unwrap() }
}

async fn session_ended(s: &TestServer, x: &Signed) -> Option<String> {
    let all = sessions::list(&s.app.store, x.who.tenant, x.who.user).await.unwrap();
    all.iter().find(|l| l.id == x.who.session).unwrap().ended_why.clone()
}

story!(async fn a_role_that_ends_is_over_at_the_second_everywhere(t) {
    let (s, clock) = clocked(&t).await;
    let (home, acme) = (s.provider().await, s.tenant("acme").await);
    let tom = technician(&s, home, acme, Some(90)).await;
    let x = signed(&s, home, acme, tom).await;
    assert!((89..=90).contains(&x.life), "a token lives no longer than what it was given for: {}", x.life);
    clock.advance(Duration::from_secs(88));
    assert!(s.active(&x.app, &x.access).await);
    let me = s.browser().bearer(&x.access).get("/oauth/userinfo").await.expect(200).json();
    assert_eq!(me["roles"], serde_json::json!(["Read-Only"]));
    assert_eq!(tenants(&s, &x.who.cookie).await, 2);
    let next = s.refresh(&x.app, &x.refresh).await.expect(200).json();
    let (access, refresh) = (next["access_token"].as_str().unwrap(), next["refresh_token"].as_str().unwrap());
    assert!(s.active(&x.app, access).await && s.active(&x.app, refresh).await);
    clock.advance(Duration::from_secs(2));
    assert!(!s.active(&x.app, access).await, "introspection");
    assert!(!s.active(&x.app, refresh).await, "introspection of the refresh token");
    s.browser().bearer(access).get("/oauth/userinfo").await.expect(401);
    s.refresh(&x.app, refresh).await.expect(400);
    // The session acted where nothing is left: it is over as soon as that is noticed.
    let cx = Cx::new(s.owner(), Scope::Platform);
    grants::end_due(&s.app.access, &cx).await.unwrap();
    assert_eq!(session_ended(&s, &x).await.as_deref(), Some("the role in that tenant has ended"));
    for t in [home, acme] {
        let trail = audit::list(&s.app.store, t, &audit::Query::default(), 100).await.unwrap().items;
        let told = trail.iter().filter(|e| e.action == "grant.end").count();
        assert_eq!(told, usize::from(t == acme), "{t}: told once, where it was given");
    }
    assert_eq!(grants::end_due(&s.app.access, &cx).await.unwrap(), 0, "noticed once");
});

story!(async fn an_end_takes_nothing_that_something_else_gives(t) {
    let (s, clock) = clocked(&t).await;
    let (home, acme) = (s.provider().await, s.tenant("acme").await);
    let tom = technician(&s, home, acme, Some(90)).await;
    let other = NewGrant::manual(home, tom, id(super::TECHNICIAN));
    grants::add(&s.app.access, &s.permit(acme).await, other).await.unwrap();
    let x = signed(&s, home, acme, tom).await;
    clock.advance(Duration::from_secs(91));
    let next = s.refresh(&x.app, &x.refresh).await.expect(200).json();
    let scope = next["scope"].as_str().unwrap();
    assert!(!scope.contains("users.view"), "{scope}");
    let cx = Cx::new(s.owner(), Scope::Platform);
    grants::end_due(&s.app.access, &cx).await.unwrap();
    assert_eq!(session_ended(&s, &x).await, None);
    assert!(s.active(&x.app, next["refresh_token"].as_str().unwrap()).await);
});

story!(async fn the_server_notices_by_itself(t) {
    let (s, clock) = clocked(&t).await;
    let (home, acme) = (s.provider().await, s.tenant("acme").await);
    let tom = technician(&s, home, acme, Some(60)).await;
    let x = signed(&s, home, acme, tom).await;
    clock.advance(Duration::from_secs(61));
    for _ in 0..100 {
        if session_ended(&s, &x).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody noticed");
});
