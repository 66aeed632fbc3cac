//! What is demanded by an application and by a permission, beside what roles demand: at the gate, on the way to it, and by
//! the API.

use crate::{
    federation::stub::{signed_in, world},
    story,
    support::{
        TestServer,
        op::{Seal, now},
        person::{CALLBACK, Person, READ_ONLY, TENANT_ADMIN, challenge, field},
        server::Answer,
    },
};
use muster::{
    clock::Clock,
    id::RoleId,
    store::Store,
    tenants::{Demand, Policy, Required, Source},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn asks(s: &TestServer, who: &Person, method: Method, path: &str, body: Value) -> Answer {
    let c = s.browser();
    let r = c.request(method, path).header("cookie", format!("muster_session={}", who.cookie));
    let r = r.header("origin", s.url.clone()).header("sec-fetch-site", "same-origin");
    c.send(if body.is_null() { r } else { r.json(&body) }).await
}

story!(async fn an_application_demands_more_than_roles_do(t) {
    let s = TestServer::start(&t).await;
    let (acme, us) = (s.tenant("acme").await, s.provider().await);
    let bob = s.person(acme, "bob", READ_ONLY).await;
    let one = s.session(acme, bob, "single").await;
    let two = s.session(acme, bob, "mfa").await;
    // One of the platform, and one of another tenant, which is none here.
    let portal = s.app(us, |a| a.platform = true).await;
    let other = s.app(acme, |_| {}).await;
    let fabrikam = s.tenant("fabrikam").await;
    let foreign = s.app(fabrikam, |_| {}).await;
    s.code(&portal, &one, &[]).await;
    let demand = |id: &str| json!({ "apps": { id: { "class": "mfa" } } });
    let path = "/api/v1/tenants/acme/policy";
    for id in [foreign.client_id.as_str(), "app_nobody"] {
        let e = s.put(path, demand(id)).await.expect(400).json();
        assert_eq!(e["field"], format!("apps.{id}"));
    }
    s.put(path, demand(&portal.client_id)).await.expect(200);
    let refused = s.authorize(&portal, &one, &[]).await.expect(303);
    assert!(refused.header("location").starts_with("/refused/"), "{}", refused.header("location"));
    let silent = s.authorize(&portal, &one, &[("prompt", "none")]).await.expect(303);
    assert_eq!(field(silent.header("location"), "error").as_deref(), Some("login_required"));
    s.code(&portal, &two, &[]).await;
    s.code(&other, &one, &[]).await;
    // Elsewhere it demands what that tenant says of it.
    let fay = s.person(fabrikam, "fay", READ_ONLY).await;
    let fay = s.session(fabrikam, fay, "single").await;
    s.code(&portal, &fay, &[]).await;
});

story!(async fn an_application_that_demands_more_is_reached_by_one_way_to_the_provider(t) {
    let w = world(&t, "okta", json!({})).await;
    w.grant("Read-Only").await;
    let app = w.ours.app(w.tenant, |a| a.settings.trusted = true).await;
    w.policy(json!({ "apps": { app.client_id.clone(): { "class": "phr", "max_age": 600 } } })).await;
    let challenge = challenge(crate::support::person::VERIFIER);
    let query = [
        ("response_type", "code"), ("client_id", app.client_id.as_str()), ("redirect_uri", CALLBACK),
        ("scope", "openid"), ("state", "s-1"), ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let browser = w.ours.browser();
    let ask = async || {
        let r = browser.request(Method::GET, "/oauth/authorize").query(&query);
        browser.send(r).await.expect(303).header("location").to_owned()
    };
    // Nobody is signed in: what the application demands is asked for on the way in, once.
    let flow = ask().await;
    let id = flow.strip_prefix("/signin/").unwrap().to_owned();
    let directory = w.directory.to_string();
    let form = [("flow", id.as_str()), ("directory", directory.as_str())];
    let left = browser.form("/federation/start", &form).await.expect(303);
    let asked = url::Url::parse(left.header("location")).unwrap().query_pairs().into_owned().collect();
    let weak = w.answer(&browser, &asked, |c| c["auth_time"] = json!(now())).await.expect(303);
    let asked = w.asked(&browser, weak.header("location")).await;
    assert_eq!(asked["acr_values"], "phr");
    let strong = |c: &mut Value| (c["acr"], c["auth_time"]) = (json!("phr"), json!(now()));
    let mut at = w.answer(&browser, &asked, strong).await.expect(303).header("location").to_owned();
    for _ in 0..3 {
        if at.starts_with(CALLBACK) {
            break;
        }
        let next = browser.get(&at).await.expect(303);
        next.header("location").clone_into(&mut at);
    }
    assert!(field(&at, "code").is_some(), "{at}");
    assert_eq!(w.session().await["class"], "phr");
    // A session from before, proved too long ago: the same, and the answer is looked at.
    w.policy(json!({})).await;
    let old = w.ours.browser();
    w.sign_in(&old, Seal::Good, |c| (c["acr"], c["auth_time"]) = (json!("phr"), json!(now() - 3600))).await;
    assert!(signed_in(&old).await);
    w.policy(json!({ "apps": { app.client_id.clone(): { "class": "mfa", "max_age": 600 } } })).await;
    let ask = async || {
        let r = old.request(Method::GET, "/oauth/authorize").query(&query);
        let to = old.send(r).await.expect(303).header("location").to_owned();
        assert!(to.starts_with("/federation/step-up?flow="), "{to}");
        w.asked(&old, &to).await
    };
    let asked = ask().await;
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    let stale = |c: &mut Value| (c["acr"], c["auth_time"]) = (json!("phr"), json!(now() - 3600));
    let refused = w.answer(&old, &asked, stale).await.expect(303);
    assert_eq!(w.reason(&refused).await, "auth_too_old");
    let asked = ask().await;
    let mut at = w.answer(&old, &asked, strong).await.expect(303).header("location").to_owned();
    for _ in 0..3 {
        if at.starts_with(CALLBACK) {
            break;
        }
        let next = old.get(&at).await.expect(303);
        next.header("location").clone_into(&mut at);
    }
    assert!(field(&at, "code").is_some(), "{at}");
});

story!(async fn a_permission_demands_of_whoever_holds_it_and_a_fresh_proof_of_whoever_uses_it(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |_| {}).await;
    let acme = s.tenant("acme").await;
    let (ada, bob) = (s.person(acme, "ada", TENANT_ADMIN).await, s.person(acme, "bob", READ_ONLY).await);
    let path = "/api/v1/tenants/acme/policy";
    let policy = async |p: Value| s.put(path, p).await.expect(200);
    for (bad, field) in [
        (json!({ "permissions": { "users.fly": { "class": "mfa" } } }), "permissions.users.fly"),
        (json!({ "permissions": { "users.view": { "max_age": 1 } } }), "permissions.users.view.max_age"),
    ] {
        assert_eq!(s.put(path, bad).await.expect(400).json()["field"], field);
    }
    // By whichever role: reading takes one factor, until the permission says otherwise.
    let one = s.session(acme, bob, "single").await;
    let users = "/api/v1/tenants/acme/users";
    let app = s.app(acme, |_| {}).await;
    s.code(&app, &one, &[]).await;
    policy(json!({ "permissions": { "computers.view": { "class": "mfa" } } })).await;
    let refused = s.authorize(&app, &one, &[]).await.expect(303);
    assert!(refused.header("location").starts_with("/refused/"));
    // Lately, where it is used; elsewhere not.
    policy(json!({ "permissions": { "users.add": { "class": "mfa", "max_age": 300 } } })).await;
    let admin = s.session(acme, ada, "mfa").await;
    let new = |name: &str| json!({ "kind": "tenant", "user_name": name });
    asks(&s, &admin, Method::POST, users, new("una")).await.expect(201);
    clock.advance(Duration::from_secs(900));
    let stale = asks(&s, &admin, Method::POST, users, new("uma")).await.expect(403).json();
    assert_eq!(stale["code"], "auth_too_old");
    asks(&s, &admin, Method::GET, users, Value::Null).await.expect(200);
    let token = s.app(acme, |a| a.settings.scopes = None).await;
    s.code(&token, &admin, &[("scope", "openid users.view")]).await;
    let silent = [("scope", "openid users.add"), ("prompt", "none")];
    let refused = s.authorize(&token, &admin, &silent).await.expect(303);
    assert_eq!(field(refused.header("location"), "error").as_deref(), Some("login_required"));
    let again = s.session(acme, ada, "mfa").await;
    asks(&s, &again, Method::POST, users, new("uma")).await.expect(201);
    s.code(&token, &again, &[("scope", "openid users.add")]).await;
});

story!(async fn the_session_and_the_record_name_the_policy_and_the_settings_they_were_judged_by(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
    let browser = w.ours.browser();
    let versions = async || {
        let tenant = w.ours.get("/api/v1/tenants/contoso").await.expect(200).json();
        let directory = format!("/api/v1/tenants/contoso/directories/{}", w.directory);
        let directory = w.ours.get(&directory).await.expect(200).json();
        (tenant["version"].clone(), directory["generation"].clone())
    };
    let seen = async || {
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let (session, record) = (w.session().await, w.newest().await);
        assert_eq!(record["detail"]["evidence"], session["evidence"]);
        assert_eq!(session["evidence"]["preset"], "generic");
        (session["evidence"]["policy"].clone(), session["evidence"]["generation"].clone())
    };
    let first = seen().await;
    assert_eq!(first, versions().await);
    w.policy(json!({ "mfa": { "default": "always" } })).await;
    w.rules(json!({ "amr": ["mfa", "x"] })).await;
    let second = seen().await;
    assert_eq!(second, versions().await);
    assert!(second.0.as_i64() > first.0.as_i64() && second.1.as_i64() > first.1.as_i64());
});

crate::pure!(
    fn demands_add_up() {
        let (role, app) = (RoleId::new(), "app_1");
        let mut p = Policy::default();
        let hour = |class| Demand { class, max_age: Some(3600) };
        p.apps.insert(app.to_owned(), hour(Required::Attested));
        p.permissions
            .insert("users.view".to_owned(), Demand { class: Required::Phr, max_age: Some(60) });
        let total = |app, held: bool, used: bool| {
            let all = p.demands([(role, true)], |_| held, app, |_| used);
            all.into_iter().fold(Demand::default(), |sum, (_, d)| sum.and(d))
        };
        assert_eq!(total(None, false, true), Demand { class: Required::Mfa, max_age: None });
        assert_eq!(total(Some(app), false, false), hour(Required::Mfa));
        assert_eq!(
            total(Some("app_2"), true, false),
            Demand { class: Required::Phr, max_age: None }
        );
        assert_eq!(
            total(Some(app), true, true),
            Demand { class: Required::Phr, max_age: Some(60) }
        );
        let nobody = p.demands([], |_| false, None, |_| false);
        assert_eq!(nobody, [(Source::Everybody, Demand::default())]);
        for (class, enough) in
            [("none", false), ("single", false), ("attested", false), ("mfa", true), ("phr", true)]
        {
            assert_eq!(muster::gate::satisfies(class, Required::Mfa), enough, "{class}");
            assert_eq!(
                muster::gate::satisfies(class, Required::Attested),
                enough || class == "attested"
            );
            assert_eq!(muster::gate::satisfies(class, Required::Phr), class == "phr");
            assert!(muster::gate::satisfies(class, Required::None));
        }
        assert!(!muster::gate::satisfies("anything", Required::Attested));
    }
);

story!(async fn a_policy_that_becomes_stricter_counts_for_tokens_that_are_out(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let user = s.person(acme, "ada", READ_ONLY).await;
    let app = s.app(acme, |_| {}).await;
    let tokens = async |class: &str| {
        let who = s.session(acme, user, class).await;
        let code = s.code(&app, &who, &[]).await;
        s.redeem(&app, &code).await.expect(200).json()
    };
    let text = |v: &Value, name: &str| v[name].as_str().unwrap().to_owned();
    let (weak, strong) = (tokens("single").await, tokens("mfa").await);
    let (weak_at, strong_at) = (text(&weak, "access_token"), text(&strong, "access_token"));
    assert!(s.active(&app, &weak_at).await && s.active(&app, &strong_at).await);
    let policy = |p: Value| s.put("/api/v1/tenants/acme/policy", p);
    policy(json!({ "mfa": { "default": "always" } })).await.expect(200);
    assert!(!s.active(&app, &weak_at).await, "at once");
    s.browser().bearer(&weak_at).get("/oauth/userinfo").await.expect(401);
    assert!(!s.active(&app, &text(&weak, "refresh_token")).await, "nor is its refresh token of use");
    assert!(s.active(&app, &text(&strong, "refresh_token")).await);
    s.refresh(&app, &text(&weak, "refresh_token")).await.expect(400);
    assert!(s.active(&app, &strong_at).await, "what was proved is enough");
    policy(json!({ "apps": { app.client_id.clone(): { "class": "phr" } } })).await.expect(200);
    assert!(!s.active(&app, &strong_at).await, "an application's demand as well");
    policy(json!({})).await.expect(200);
    assert!(s.active(&app, &strong_at).await && s.active(&app, &weak_at).await, "and taken back");
    // And a role that demands more than was proved.
    let grant = json!({ "user": "ada", "role": "Tenant Administrator" });
    s.post("/api/v1/tenants/acme/grants", grant).await.expect(201);
    assert!(!s.active(&app, &weak_at).await && s.active(&app, &strong_at).await);
});
