//! A person's sessions: listed, named and ended by themselves.

use crate::{
    access::{READ_ONLY as READER, SELF_SERVICE, give, id, person, token},
    api,
    people::world::World,
    remote::Shell,
    story,
    support::{
        TestServer,
        person::{Person, READ_ONLY},
        server::Answer,
        tab::Tab,
    },
};
use muster::actor::UserKind;
use reqwest::Method;
use serde_json::{Value, json};

const MINE: &str = "/api/v1/me/sessions";

/// A request of somebody's browser.
async fn asks(s: &TestServer, who: &Person, method: Method, path: &str, body: Value) -> Answer {
    let c = s.browser();
    let r = c.request(method, path).header("cookie", format!("muster_session={}", who.cookie));
    let r = r.header("origin", s.url.clone()).header("sec-fetch-site", "same-origin");
    c.send(if body.is_null() { r } else { r.json(&body) }).await
}

async fn mine(s: &TestServer, who: &Person) -> Vec<Value> {
    let all = asks(s, who, Method::GET, MINE, Value::Null).await.expect(200).json();
    all["items"].as_array().unwrap().clone()
}

story!(
    async fn one_names_ones_sessions_and_ends_them(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let ada = s.person(tenant, "ada", READ_ONLY).await;
        let bob = s.person(tenant, "bob", READ_ONLY).await;
        let (here, there) = (s.session(tenant, ada, "mfa").await, s.session(tenant, ada, "single").await);
        let other = s.session(tenant, bob, "single").await;
        let at = |p: &Person| format!("{MINE}/{}", p.session);
        let name = async |p: &Person, name: Value| asks(&s, &here, Method::PATCH, &at(p), json!({ "name": name })).await;
        for (bad, why) in [
            (json!("x".repeat(61)), "long"), (json!("a\u{202e}b"), "turned"), (json!("a\nb"), "two lines"), (json!(7), "no text"),
        ] {
            let e = name(&there, bad).await;
            assert_eq!(e.status, 400, "{why}: {}", e.text);
        }
        name(&there, json!("  Work laptop ")).await.expect(204);
        name(&here, json!("Phone")).await.expect(204);
        let all = mine(&s, &here).await;
        let seen: Vec<_> = all.iter().map(|i| (i["id"].clone(), i["name"].clone(), i["this"].clone())).collect();
        let id = |p: &Person| json!(p.session.to_string());
        assert_eq!(seen, [(id(&there), json!("Work laptop"), json!(false)), (id(&here), json!("Phone"), json!(true))]);
        assert_eq!(all[0]["class"], "single");
        // An administrator sees the names as well, and the trail that there was one, not which.
        let path = format!("/api/v1/tenants/{tenant}/users/{ada}/sessions");
        assert_eq!(s.get(&path).await.expect(200).json()["items"][0]["name"], "Work laptop");
        let trail = s.get("/api/v1/tenants/contoso/audit").await.expect(200).text;
        assert!(trail.contains("session.name") && !trail.contains("Work laptop"), "{trail}");
        name(&here, Value::Null).await.expect(204);
        assert!(mine(&s, &here).await[1]["name"].is_null());
        // Nobody else's.
        name(&other, json!("Mine now")).await.expect(404);
        asks(&s, &here, Method::DELETE, &at(&other), Value::Null).await.expect(404);
        assert_eq!(mine(&s, &other).await.len(), 1);
        asks(&s, &here, Method::DELETE, &at(&there), Value::Null).await.expect(204);
        asks(&s, &there, Method::GET, MINE, Value::Null).await.expect(401);
        name(&there, json!("Gone")).await.expect(404);
        assert_eq!(mine(&s, &here).await.len(), 1, "what has ended is not where one is signed in");
        let third = s.session(tenant, ada, "single").await;
        let ended = asks(&s, &here, Method::DELETE, MINE, Value::Null).await.expect(200).json();
        assert_eq!(ended["sessions"], 1);
        asks(&s, &third, Method::GET, MINE, Value::Null).await.expect(401);
        assert_eq!(mine(&s, &here).await.len(), 1);
        asks(&s, &here, Method::DELETE, &format!("{MINE}?this=true"), Value::Null).await.expect(200);
        asks(&s, &here, Method::GET, MINE, Value::Null).await.expect(401);
        assert_eq!(mine(&s, &other).await.len(), 1, "and nobody else's ended");
    }
);

story!(
    /// A token speaks of its person's sessions only if it has that scope, for the person's own tenant.
    async fn a_token_without_the_scope_says_nothing_of_sessions(t) {
        let s = TestServer::start(&t).await;
        let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
        let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
        let ann = person(&w, acme, "ann", UserKind::Tenant).await;
        give(&w, &ann, acme, id(SELF_SERVICE)).await;
        give(&w, &ann, acme, id(READER)).await;
        let live = s.session(acme, ann.id, "single").await;
        let one = format!("/me/sessions/{}", live.session);
        let name = json!({ "name": "x" }).to_string();
        for (actor, allowed) in [
            (token(&ann, acme, &["users.view"]), false),
            (token(&ann, other, &["self_service"]), false),
            (s.owner(), false),
            (token(&ann, acme, &["self_service"]), true),
        ] {
            for (method, path, body, done) in [
                ("GET", "/me/sessions", "", 200), ("PATCH", one.as_str(), name.as_str(), 204),
                ("DELETE", one.as_str(), "", 204), ("DELETE", "/me/sessions", "", 200),
            ] {
                api::call(&s, Some(&actor), method, path, body).await.expect(if allowed { done } else { 403 });
            }
            assert_eq!(s.app.gate.signed_in(acme, ann.id).await.unwrap().len(), usize::from(!allowed));
        }
    }
);

story!(
    async fn the_page_names_sessions_without_a_script(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let ada = s.person(tenant, "ada", READ_ONLY).await;
        let bob = s.person(tenant, "bob", READ_ONLY).await;
        let (here, there) = (s.session(tenant, ada, "single").await, s.session(tenant, ada, "single").await);
        let other = s.session(tenant, bob, "single").await;
        let mut tab = Tab::of(&s, &here);
        let page = tab.get("/me").await.expect(200).text;
        for p in [&here, &there] {
            let (label, input) = (format!("<label for=\"name-{}\">", p.session), format!("<input id=\"name-{}\"", p.session));
            assert!(page.contains(&label) && page.contains(&input), "{page}");
        }
        let of = |p: &Person| p.session.to_string();
        let (there_id, other_id) = (of(&there), of(&other));
        let named = [("session", there_id.as_str()), ("name", "<b>Desk & \"chair\"</b>")];
        let done = tab.form("/me/sessions/name", &named).await.expect(303);
        assert_eq!(done.header("location"), "/me?done=named");
        let page = tab.follow(&done).await.expect(200).text;
        assert!(page.contains("id=\"done\"") && !page.contains("<b>Desk"), "{page}");
        assert!(page.contains("Desk &#38; ") || page.contains("Desk &amp; "), "{page}");
        tab.form("/me/sessions/name", &[("session", other_id.as_str()), ("name", "x")]).await.expect(404);
        tab.form("/me/sessions/name", &[("session", there_id.as_str()), ("name", &"x".repeat(61))]).await.expect(400);
        let foreign = tab.request(Method::POST, "/me/sessions/name").form(&named).header("sec-fetch-site", "cross-site");
        tab.send(foreign).await.expect(403);
        tab.form("/me/sessions/name", &[("session", there_id.as_str()), ("name", " ")]).await.expect(303);
        assert!(!tab.get("/me").await.expect(200).text.contains("Desk"));
        Tab::new(&s).form("/me/sessions/name", &named).await.expect(401);
    }
);

story!(
    async fn a_shell_with_ones_own_token_does_the_same(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let sue = s.person(tenant, "sue", SELF_SERVICE).await;
        let (here, there) = (s.session(tenant, sue, "single").await, s.session(tenant, sue, "single").await);
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &here, &[("scope", "openid self_service")]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let sh = Shell::new(&s, tokens["access_token"].as_str().unwrap());
        let there = there.session.to_string();
        sh.run(&["session", "name", &there, "Work laptop"]).await;
        let all = sh.run(&["session", "mine"]).await;
        assert_eq!((&all["items"][0]["name"], &all["items"][1]["this"]), (&json!("Work laptop"), &json!(true)));
        sh.run(&["session", "name", &there, ""]).await;
        assert!(sh.run(&["session", "mine"]).await["items"][0]["name"].is_null());
        sh.run(&["session", "end-mine", &there]).await;
        assert!(sh.refused(&["session", "name", &there, "x"]).await.contains("a session of yours"));
        s.session(tenant, sue, "single").await;
        assert_eq!(sh.run(&["session", "end-mine", "--others"]).await["sessions"], 1);
        // Access tokens end with that all the same, and are got anew in the session that goes on.
        assert!(sh.refused(&["session", "mine"]).await.contains("does not take the token"));
        let code = s.code(&app, &here, &[("scope", "openid self_service")]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let sh = Shell::new(&s, tokens["access_token"].as_str().unwrap());
        assert_eq!(sh.run(&["session", "mine"]).await["items"].as_array().unwrap().len(), 1);
        assert_eq!(sh.run(&["session", "end-mine", "--all"]).await["sessions"], 1);
        assert!(sh.refused(&["session", "mine"]).await.contains("does not take the token"));
    }
);
