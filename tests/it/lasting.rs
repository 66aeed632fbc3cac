//! How long sessions and refresh families last by a tenant's policy: stricter than the instance, never laxer, and at once.

use crate::{
    federation::stub,
    remote::{Shell, token},
    story,
    support::{
        TestDb, TestServer,
        op::Seal,
        person::{Person, READ_ONLY, TestApp, claims, field},
        server::Answer,
    },
};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    clock::{Clock, Timestamp},
    id::{RoleId, TenantId},
    sessions,
    store::Store,
    users::{self, NewUser},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

async fn with_clock(t: &TestDb) -> (TestServer, Clock) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    (TestServer::on(store, |_| {}).await, clock)
}

impl TestServer {
    async fn policy(&self, slug: &str, policy: Value) {
        self.put(&format!("/api/v1/tenants/{slug}/policy"), policy).await.expect(200);
    }
    /// What somebody's browser is answered.
    async fn seen_by(&self, who: &Person, path: &str) -> Answer {
        let c = self.browser();
        let cookie = format!("muster_session={}", who.cookie);
        c.send(c.request(Method::GET, path).header("cookie", cookie)).await
    }
    async fn lives(&self, who: &Person) -> bool {
        self.seen_by(who, "/api/v1/me").await.status == 200
    }
    async fn used(&self, who: &Person, at: Timestamp) {
        let used = vec![(who.tenant, who.session, at)];
        sessions::touch(&self.app.store, &self.app.system(), used).await.unwrap();
    }
    /// A session as an administrator sees it.
    async fn listed(&self, who: &Person) -> Value {
        let path = format!("/api/v1/tenants/{}/users/{}/sessions", who.tenant, who.user);
        let all = self.get(&path).await.expect(200).json();
        let all = all["items"].as_array().unwrap().clone();
        all.into_iter().find(|s| s["id"] == who.session.to_string()).unwrap()
    }
    /// An access token and a refresh token.
    async fn tokens(&self, app: &TestApp, who: &Person, more: &[(&str, &str)]) -> (String, String) {
        let code = self.code(app, who, more).await;
        let given = self.redeem(app, &code).await.expect(200).json();
        let text = |n: &str| given[n].as_str().unwrap().to_owned();
        (text("access_token"), text("refresh_token"))
    }
    /// The next refresh token.
    async fn next(&self, app: &TestApp, token: &str) -> String {
        let given = self.refresh(app, token).await.expect(200).json();
        given["refresh_token"].as_str().unwrap().to_owned()
    }
}

story!(
    async fn a_tenant_may_be_stricter_than_the_instance_and_never_laxer(t) {
        let s = TestServer::start(&t).await;
        s.tenant("contoso").await;
        let path = "/api/v1/tenants/contoso/policy";
        let day = 86_400;
        for (part, field, longest) in [
            ("sessions", "idle", 8 * 3600), ("sessions", "max", day),
            ("refresh", "idle", 14 * day), ("refresh", "max", 90 * day),
        ] {
            for wrong in [longest + 1, 299, 0, -3600] {
                let e = s.put(path, json!({ part: { field: wrong } })).await.expect(400).json();
                assert_eq!(e["field"], format!("{part}.{field}"), "{wrong}: {e}");
            }
            for right in [longest, 300] {
                let set = json!({ "mfa": { "default": "always" }, part: { field: right } });
                s.put(path, set).await.expect(200);
                let shown = s.get(path).await.expect(200).json();
                assert_eq!(shown[part], json!({ field: right }));
                assert_eq!(shown["mfa"]["default"], "always");
            }
        }
        s.put(path, json!({ "sessions": { "absolute": 3600 } })).await.expect(400);
        s.put(path, json!({ "sessions": { "idle": "30m" } })).await.expect(400);
        s.policy("contoso", json!({})).await;
        assert!(s.get(path).await.expect(200).json().get("sessions").is_none(), "as the instance says");
    }
);

story!(
    /// Where the instance itself has less than a tenant may say at the least, that is the least.
    async fn an_instance_that_is_strict_itself_leaves_room_for_nothing_laxer(t) {
        let s = TestServer::with(&t, |c| c.sessions.idle = "2m".parse().unwrap()).await;
        s.tenant("contoso").await;
        let path = "/api/v1/tenants/contoso/policy";
        let e = s.put(path, json!({ "sessions": { "idle": 300 } })).await.expect(400).json();
        assert_eq!(e["field"], "sessions.idle");
        s.put(path, json!({ "sessions": { "idle": 120 } })).await.expect(200);
    }
);

story!(
    async fn a_session_that_begins_lasts_as_long_as_its_company_lets_it(t) {
        let w = stub::world(&t, "generic", json!({})).await;
        let lasts = async || {
            let browser = w.ours.browser();
            w.sign_in(&browser, Seal::Good, |_| {}).await;
            let s = w.session().await;
            let at = |n: &str| Timestamp::parse_rfc3339(s[n].as_str().unwrap()).unwrap().secs();
            at("expires_at") - at("created_at")
        };
        assert_eq!(lasts().await, 24 * 3600);
        w.policy(json!({ "sessions": { "max": 3600 } })).await;
        assert_eq!(lasts().await, 3600);
        w.policy(json!({})).await;
        assert_eq!(lasts().await, 24 * 3600);
    }
);

story!(
    async fn a_session_is_over_when_the_policy_says_so(t) {
        let (s, clock) = with_clock(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let app = s.app(tenant, |new| new.settings.access_ttl = 3600).await;
        s.policy("contoso", json!({ "sessions": { "idle": 1800, "max": 7200 } })).await;
        let (idle, busy) = (s.session(tenant, user, "single").await, s.session(tenant, user, "single").await);
        let (access, refresh) = s.tokens(&app, &idle, &[]).await;
        assert!(s.active(&app, &access).await && s.active(&app, &refresh).await);
        for _ in 0..3 {
            clock.advance(20 * MINUTE);
            s.used(&busy, clock.now()).await;
        }
        assert!(!s.lives(&idle).await, "not used for an hour");
        assert!(!s.active(&app, &access).await && !s.active(&app, &refresh).await);
        assert_eq!(s.refresh(&app, &refresh).await.expect(400).json()["error"], "invalid_grant");
        assert!(s.lives(&busy).await);
        // A token does not outlive the session that it came by, which the policy ends in half an hour.
        clock.advance(Duration::from_secs(1799));
        s.used(&busy, clock.now()).await;
        let (access, _) = s.tokens(&app, &busy, &[]).await;
        let left = claims(&access)["exp"].as_i64().unwrap() - clock.now().secs();
        assert!((1799..=1801).contains(&left), "{left}");
        clock.advance(30 * MINUTE + Duration::from_secs(2));
        s.used(&busy, clock.now()).await;
        assert!(!s.lives(&busy).await, "two hours, however it was used");
    }
);

story!(
    async fn a_stricter_policy_ends_at_once_what_is_over_by_it(t) {
        let (s, clock) = with_clock(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let app = s.app(tenant, |new| new.settings.access_ttl = 3600).await;
        let old = s.session(tenant, user, "single").await;
        let (_, refresh) = s.tokens(&app, &old, &[]).await;
        clock.advance(2 * HOUR);
        s.used(&old, clock.now()).await;
        let access = s.refresh(&app, &refresh).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        let young = s.session(tenant, user, "single").await;
        let elsewhere = s.tenant("fabrikam").await;
        let fay = s.person(elsewhere, "fay", READ_ONLY).await;
        let fay = s.session(elsewhere, fay, "single").await;
        assert!(s.lives(&old).await && s.active(&app, &access).await);
        // One that is over by nothing ends nothing.
        s.policy("contoso", json!({ "sessions": { "max": 4 * 3600 } })).await;
        assert!(s.lives(&old).await && s.active(&app, &access).await);
        s.policy("contoso", json!({ "sessions": { "max": 3600 } })).await;
        assert!(!s.lives(&old).await && !s.active(&app, &access).await);
        let ended = s.listed(&old).await;
        assert_eq!(ended["ended_why"], "over by the tenant's policy");
        assert!(s.lives(&young).await && s.lives(&fay).await, "no other ended with it");
        let trail = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        assert_eq!(trail["items"][0]["detail"]["ended"], json!({ "sessions": 1, "families": 1 }), "{}", trail["items"][0]);
        // Laxer again: what ended stays ended, what runs goes on.
        s.policy("contoso", json!({})).await;
        assert!(!s.lives(&old).await && s.lives(&young).await);
    }
);

story!(
    /// Those of the session's own company, on its own.
    async fn refresh_tokens_last_as_long_as_the_policy_lets_them(t) {
        let (s, clock) = with_clock(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let app = s.app(tenant, |_| {}).await;
        s.policy("contoso", json!({ "refresh": { "idle": 1800, "max": 7200 } })).await;
        let ends = async |token: &str| {
            let told = s.form_as(&app, "/oauth/introspect", &[("token", token)]).await.expect(200).json();
            told["exp"].as_i64().unwrap_or_else(|| panic!("{told}")) - clock.now().secs()
        };
        let who = s.session(tenant, user, "single").await;
        let begin = async || s.tokens(&app, &who, &[]).await.1;
        let (unused, mut used) = (begin().await, begin().await);
        assert_eq!(ends(&unused).await, 1800, "what introspection says is what holds");
        for _ in 0..3 {
            clock.advance(20 * MINUTE);
            used = s.next(&app, &used).await;
        }
        assert!(!s.active(&app, &unused).await && s.active(&app, &used).await);
        assert_eq!(s.refresh(&app, &unused).await.expect(400).json()["error"], "invalid_grant");
        assert!(s.lives(&who).await, "the session goes on");
        for _ in 0..2 {
            clock.advance(25 * MINUTE);
            used = s.next(&app, &used).await;
        }
        assert_eq!(ends(&used).await, 10 * 60);
        clock.advance(11 * MINUTE);
        assert!(!s.active(&app, &used).await, "two hours, however it was used");
        s.refresh(&app, &used).await.expect(400);
        // A policy that comes later counts for those that run, and ends what is over by it.
        s.policy("contoso", json!({})).await;
        let (unused, used) = (begin().await, begin().await);
        clock.advance(20 * MINUTE);
        let used = s.next(&app, &used).await;
        s.policy("contoso", json!({ "refresh": { "idle": 900 } })).await;
        assert!(!s.active(&app, &unused).await && s.active(&app, &used).await);
        s.policy("contoso", json!({})).await;
        s.refresh(&app, &unused).await.expect(400);
        s.refresh(&app, &used).await.expect(200);
    }
);

/// Somebody of the provider's who acts in a customer's tenant.
async fn technician(s: &TestServer, customer: TenantId, home: TenantId) -> Person {
    let new = NewUser {
        kind: UserKind::Technician,
        user_name: "tess".to_owned(),
        display_name: None,
        email: None,
    };
    let user = users::add(&s.app.store, &s.permit(home).await, new).await.unwrap().id;
    let role = RoleId::parse(READ_ONLY).unwrap();
    let grant = NewGrant::manual(home, user, role);
    grants::add(&s.app.access, &s.permit(customer).await, grant).await.unwrap();
    s.session(home, user, "mfa").await
}

story!(
    /// The stricter of the person's own tenant and of the one they act in.
    async fn who_acts_in_another_tenant_is_held_to_its_policy_as_well(t) {
        let (s, clock) = with_clock(&t).await;
        let (home, customer) = (s.provider().await, s.tenant("customer").await);
        let who = technician(&s, customer, home).await;
        let app = s.app(home, |new| {
            new.platform = true;
            new.settings.access_ttl = 3600;
        }).await;
        let to_customer = customer.to_string();
        let there = [("tenant", to_customer.as_str())];
        s.policy("customer", json!({ "sessions": { "max": 3600 }, "refresh": { "max": 1800 } })).await;
        let (_, refresh) = s.tokens(&app, &who, &there).await;
        let users = "/api/v1/tenants/customer/users";
        s.seen_by(&who, users).await.expect(200);
        clock.advance(35 * MINUTE);
        s.used(&who, clock.now()).await;
        s.refresh(&app, &refresh).await.expect(400);
        let (access, _) = s.tokens(&app, &who, &there).await;
        clock.advance(30 * MINUTE);
        s.used(&who, clock.now()).await;
        assert!(!s.active(&app, &access).await, "the session is older than the customer allows");
        assert_eq!(s.seen_by(&who, users).await.expect(403).json()["code"], "auth_too_old");
        assert!(s.lives(&who).await, "at home it goes on");
        let silent = [there[0], ("prompt", "none")];
        let refused = s.authorize(&app, &who, &silent).await.expect(303);
        assert_eq!(field(refused.header("location"), "error").as_deref(), Some("login_required"));
        let again = s.authorize(&app, &who, &there).await.expect(303);
        assert!(again.header("location").starts_with("/signin/"), "{}", again.header("location"));
        // Once it acts there, it is over as a whole, and the worker ends it so that applications are told.
        let (store, cx, id) = (&s.app.store, s.app.system(), who.session);
        muster::tx!(store, &cx, [], |tx| {
            tx.unaudited("a test");
            sessions::choose_tenant(tx, home, id, customer).await
        }).unwrap();
        assert!(!s.lives(&who).await);
        assert!(s.listed(&who).await["ended_at"].is_null());
        let idle = s.app.session_limits().idle;
        assert_eq!(sessions::expire(store, &cx, idle).await.unwrap(), 1);
        assert_eq!(s.listed(&who).await["ended_why"], "expired");
        assert_eq!(sessions::expire(store, &cx, idle).await.unwrap(), 0, "once");
    }
);

story!(
    async fn a_shell_says_how_long_sessions_last(t) {
        let s = TestServer::start(&t).await;
        let acme = s.tenant("acme").await;
        let sh = Shell::new(&s, &token(&s, acme).await);
        let set = ["policy", "set", "acme", "--mfa", "never"];
        sh.run(&[&set[..], &["--session-idle", "30m", "--session-max", "8h", "--refresh-max", "7d"]].concat()).await;
        let shown = sh.run(&["policy", "show", "acme"]).await;
        assert_eq!(shown["sessions"], json!({ "idle": 1800, "max": 28800 }));
        assert_eq!((&shown["refresh"], &shown["mfa"]["default"]), (&json!({ "max": 604_800 }), &json!("never")));
        let said = sh.refused(&[&set[..], &["--session-max", "25h"]].concat()).await;
        assert!(said.contains("'sessions.max' is longer than this instance allows"), "{said}");
        sh.run(&set).await;
        let shown = sh.run(&["policy", "show", "acme"]).await;
        assert!(shown.get("sessions").is_none() && shown.get("refresh").is_none(), "{shown}");
    }
);
