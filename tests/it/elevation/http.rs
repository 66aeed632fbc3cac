//! Elevation by HTTP and in a shell: the whole way once, the letters, and what a stranger sees.

use crate::{
    access::{person, session},
    api::call,
    mail,
    people::world::World,
    remote::{Shell, token},
    story,
    support::server::TestServer,
};
use muster::{access::catalogue::TENANT_ADMINISTRATOR, actor::UserKind};
use serde_json::{Value, json};
use std::time::Duration;

fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id: {v}")).to_owned()
}

story!(async fn who_could_approve_is_written_to_and_who_asked_too(t) {
    let (port, heard) = mail::server().await;
    let s = TestServer::with(&t, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "muster@example.com".clone_into(&mut c.mail.from);
    })
    .await;
    let acme = s.tenant("acme").await;
    s.post("/api/v1/tenants/acme/roles", json!({
        "name": "Lead", "permissions": ["users.view", "users.manage_roles"],
    })).await.expect(201);
    for (name, role) in [("boss", "Tenant Administrator"), ("lead", "Lead"), ("ann", "Lead")] {
        let new = json!({ "kind": "tenant", "user_name": name, "email": format!("{name}@acme.example") });
        s.post("/api/v1/tenants/acme/users", new).await.expect(201);
        s.post("/api/v1/tenants/acme/grants", json!({ "user": name, "role": role })).await.expect(201);
    }
    let e = json!({ "user": "ann", "role": "Tenant Administrator", "max_minutes": 60 });
    let e = id(&s.post("/api/v1/tenants/acme/eligibilities", e).await.expect(201).json());
    let ann = s.get("/api/v1/tenants/acme/users?text=ann").await.expect(200).json()["items"][0].clone();
    let ann = s.session(acme, id(&ann).parse().unwrap(), "mfa").await;
    let cookie = format!("muster_session={}", ann.cookie);
    let c = s.browser();
    let ask = json!({ "eligibility": e, "minutes": 30, "reason": "look at https://evil.example now" });
    let r = c.request(reqwest::Method::POST, "/api/v1/me/elevations").json(&ask);
    let asked = c.send(r.header("cookie", &cookie).header("origin", &s.url)).await.expect(201).json();
    assert_eq!((&asked["state"], &asked["role_name"]), (&json!("open"), &json!("Tenant Administrator")));
    let until = async |n: usize| {
        for _ in 0..100 {
            if heard.lock().unwrap().matches("RCPT TO:").count() >= n {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        heard.lock().unwrap().clone()
    };
    let text = until(1).await;
    // Not to the lead, who could not give it, nor to who asks.
    assert!(text.contains("RCPT TO:<boss@acme.example>"), "{text}");
    assert_eq!(text.matches("RCPT TO:").count(), 1, "{text}");
    assert!(text.contains("elevation approve") && !text.contains("evil.example"), "{text}");
    let at = format!("/api/v1/tenants/acme/elevations/{}", id(&asked));
    s.post(&at, json!({ "decision": "refuse" })).await.expect(400);
    let no = s.post(&at, json!({ "decision": "refuse", "reason": "tomorrow" })).await.expect(200).json();
    assert_eq!((&no["state"], &no["decided_reason"]), (&json!("refused"), &json!("tomorrow")));
    let text = until(2).await;
    assert!(text.contains("RCPT TO:<ann@acme.example>") && text.contains("tomorrow"), "{text}");
    assert_eq!(text.matches("RCPT TO:").count(), 2, "{text}");
});

story!(async fn a_shell_elsewhere_does_all_of_it(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let ann = s.person(acme, "ann", crate::access::SELF_SERVICE).await;
    let sh = Shell::new(&s, &token(&s, acme).await);
    let allow = ["elevation", "allow", "acme", "ann", "Tenant Administrator", "--max", "2h"];
    let e = sh.run(&allow).await;
    assert_eq!((&e["max_minutes"], &e["user_name"]), (&json!(120), &json!("ann")));
    assert_eq!(sh.run(&["elevation", "allowed", "--tenant", "acme"]).await["items"][0]["id"], e["id"]);
    let why = sh.run(&["explain", "acme", "ann", "users.delete"]).await;
    let by = why["needed"].as_array().unwrap().iter().find(|n| n["name"] == "Tenant Administrator").unwrap();
    assert_eq!((&by["eligible"], &by["explanation"]), (&e["id"], &json!("eligible: request elevation")));
    // Programs ask for nothing; a person does, with a token of an application.
    let no = sh.refused(&["elevation", "request", &id(&e), "--for", "1h", "--reason", "x"]).await;
    assert!(no.contains("integration users ask for no roles"), "{no}");
    let app = s.app(acme, |_| {}).await;
    let who = s.session(acme, ann, "mfa").await;
    let code = s.code(&app, &who, &[("scope", "openid self_service")]).await;
    let tokens = s.redeem(&app, &code).await.expect(200).json();
    let own = Shell::new(&s, tokens["access_token"].as_str().unwrap());
    assert_eq!(own.run(&["elevation", "mine"]).await["items"][0]["id"], e["id"]);
    let no = own.refused(&["elevation", "request", &id(&e), "--for", "3h", "--reason", "x"]).await;
    assert!(no.contains("from 1 to 120"), "{no}");
    let no = own.refused(&["elevation", "request", &id(&e), "--for", "90s", "--reason", "x"]).await;
    assert!(no.contains("whole minutes"), "{no}");
    let ask = ["elevation", "request", &id(&e), "--for", "90m", "--reason", "case 4711"];
    let asked = id(&own.run(&ask).await);
    assert_eq!(sh.run(&["elevation", "list", "--tenant", "acme"]).await["items"][0]["minutes"], 90);
    let done = sh.run(&["elevation", "approve", &asked, "--tenant", "acme"]).await;
    assert_eq!(done["state"], "running");
    assert!(sh.refused(&["elevation", "refuse", &asked, "--tenant", "acme", "--reason", "x"]).await.contains("not open"));
    own.run(&["elevation", "return", &asked]).await;
    assert_eq!(own.run(&["elevation", "requested"]).await["items"][0]["state"], "ended");
    assert_eq!(sh.run(&["elevation", "show", &asked, "--tenant", "acme"]).await["state"], "ended");
    // What runs on it would end at once, so that is asked first.
    let withdraw = ["elevation", "withdraw", &id(&e), "--tenant", "acme"];
    let no = sh.refused(&withdraw).await;
    assert!(no.contains("the eligibility of the user 'ann'") && no.contains("--yes"), "{no}");
    assert_eq!(own.run(&["elevation", "mine"]).await["items"][0]["id"], e["id"], "it is still there");
    sh.run(&[&withdraw[..], &["--yes"]].concat()).await;
    assert_eq!(own.run(&["elevation", "mine"]).await["items"], json!([]));
});

story!(async fn another_tenants_requests_are_not_there(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    let boss = person(&w, other, "boss", UserKind::Tenant).await;
    crate::access::give(&w, &boss, other, TENANT_ADMINISTRATOR).await;
    let e = json!({ "user": ann.id, "role": "Read-Only", "max_minutes": 60 });
    let e = id(&s.post("/api/v1/tenants/acme/eligibilities", e).await.expect(201).json());
    let ask = json!({ "eligibility": e, "minutes": 30, "reason": "r" }).to_string();
    let asked = call(&s, Some(&session(&ann)), "POST", "/me/elevations", &ask).await.expect(201).json();
    let b = session(&boss);
    let decide = json!({ "decision": "approve" }).to_string();
    for (method, path, body) in [
        ("GET", format!("/tenants/acme/elevations/{}", id(&asked)), ""),
        ("POST", format!("/tenants/acme/elevations/{}", id(&asked)), decide.as_str()),
        ("POST", format!("/tenants/other/elevations/{}", id(&asked)), decide.as_str()),
        ("GET", format!("/tenants/other/elevations/{}", id(&asked)), ""),
        ("DELETE", format!("/tenants/other/eligibilities/{e}"), ""),
        ("POST", "/me/elevations".to_owned(), ask.as_str()),
        ("DELETE", format!("/me/elevations/{}", id(&asked)), ""),
    ] {
        call(&s, Some(&b), method, &path, body).await.expect(404);
    }
    assert_eq!(call(&s, Some(&b), "GET", "/tenants/other/elevations", "").await.expect(200).json()["items"], json!([]));
    assert_eq!(call(&s, Some(&b), "GET", "/me/elevations", "").await.expect(200).json()["items"], json!([]));
});
