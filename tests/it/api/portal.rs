//! Setup links: what one opens, for whom and how long, and what it does not.

use super::{call, own, routes::path};
use crate::{
    access::{give, make_global, person, session},
    people::world::World,
    story,
    support::server::{Answer, Client, TestServer},
};
use axum::http::Method;
use muster::{
    access::catalogue::TENANT_ADMINISTRATOR,
    actor::{Actor, UserKind},
    api::TABLE,
    clock::Clock,
    store::Store,
};
use serde_json::{Value, json};

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_else(|| panic!("{v} is not a text"))
}

struct Portal {
    client: Client,
}
impl Portal {
    /// Opens a link in a browser of its own.
    async fn open(s: &TestServer, link: &str) -> Self {
        let client = s.browser();
        let at = link.strip_prefix(&s.url).unwrap();
        // Whatever reads mail follows it first, and that changes nothing.
        for _ in 0..2 {
            let page = client.get(at).await.expect(200);
            assert!(page.text.contains("Begin") && page.text.contains("acme"), "{}", page.text);
        }
        let begun = client.form(at, &[]).await.expect(303);
        assert_eq!(begun.header("location"), "/portal");
        assert!(begun.header("set-cookie").contains("HttpOnly"), "{:?}", begun.headers);
        Self { client }
    }
    async fn ask(&self, method: &str, at: &str, body: Value) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut r =
            self.client.request(method, &format!("/api/v1{at}")).header("muster-portal", "1");
        if !body.is_null() {
            r = r.json(&body);
        }
        self.client.send(r).await
    }
}

async fn directory(s: &TestServer, name: &str) -> String {
    let d = json!({
        "name": name, "preset": "entra",
        "signin": {"issuer": "https://login.example/1", "client_id": "m", "client_secret": "x"},
    });
    let d = own(s, "POST", "/tenants/acme/directories", d).await.expect(201).json();
    format!("/tenants/acme/directories/{}", text(&d["id"]))
}

async fn link(s: &TestServer, actor: &Actor, d: &str, body: Value) -> Value {
    call(s, Some(actor), "POST", &format!("{d}/setup-links"), &body.to_string())
        .await
        .expect(201)
        .json()
}

story!(async fn a_setup_link_opens_one_directory_and_nothing_else(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    s.tenant("other").await;
    let (d, second) = (directory(&s, "Entra").await, directory(&s, "Second").await);
    let made = link(&s, &s.owner(), &d, json!({"note": "Sam at Acme IT", "hours": 5})).await;
    let listed = own(&s, "GET", &format!("{d}/setup-links"), Value::Null).await.expect(200);
    assert!(!listed.text.contains(text(&made["link"])), "its text is shown once");
    assert_eq!(listed.json()["items"][0]["made_by_name"], "the owner of the data directory");
    assert_eq!((&listed.json()["items"][0]["note"], &listed.json()["items"][0]["used_at"]),
               (&json!("Sam at Acme IT"), &Value::Null));
    let p = Portal::open(&s, text(&made["link"])).await;

    let me = p.ask("GET", "/me", Value::Null).await.expect(200).json();
    assert_eq!(me["portal"]["company"], "acme");
    assert_eq!(me["actor"], format!("portal:{}", text(&made["id"])));
    let shown = p.ask("GET", &d, Value::Null).await.expect(200).json();
    assert_eq!(shown["name"], "Entra");
    let signin = json!({"signin": {"issuer": "https://login.example/2", "client_id": "n", "client_secret": "y"}});
    let changed = p.ask("PATCH", &d, signin).await.expect(200).json();
    assert_eq!((&changed["signin"]["issuer"], &changed["stage"]),
               (&json!("https://login.example/2"), &json!("draft")));
    let token = p.ask("POST", &format!("{d}/scim-tokens"), json!({})).await.expect(201).json();
    assert!(text(&token["token"]).starts_with("mst_scim_"));
    p.ask("POST", &format!("{d}/signin-tests"), json!({})).await.expect(201);
    p.ask("GET", &format!("{d}/log"), Value::Null).await.expect(200);
    // Nobody tried it yet.
    p.ask("POST", &format!("{d}/activate"), json!({})).await.expect(409);
    p.ask("POST", "/tenants/acme/domains", json!({"domain": "acme.example"})).await.expect(201);
    p.ask("GET", "/tenants/acme/domains", Value::Null).await.expect(200);

    // What else there is of it, is not theirs to set.
    for (field, body) in [
        ("name", json!({"name": "Mine"})),
        ("stage", json!({"stage": "enforced"})),
        ("newcomers", json!({"signin": {"issuer": "https://login.example/2", "client_id": "n", "newcomers": {"people": "domains"}}})),
    ] {
        let no = p.ask("PATCH", &d, body).await.expect(403);
        assert_eq!(no.json()["field"], field);
    }
    // What proves a second factor is the provider's value, and not what a link states of everybody.
    let with = |rules: Value| json!({"signin": {"issuer": "https://login.example/2", "client_id": "n", "rules": rules}});
    for (field, rules) in [
        ("rules.attested", json!({"attested": "all have two factors"})),
        ("rules.two_classes", json!({"two_classes": true})),
        ("rules.max_age", json!({"max_age": 100_000})),
    ] {
        let no = p.ask("PATCH", &d, with(rules)).await.expect(403);
        assert_eq!(no.json()["field"], field);
    }
    let set = p.ask("PATCH", &d, with(json!({"acrs": "c1", "attested": null, "two_classes": false, "amr": []}))).await;
    assert_eq!(set.expect(200).json()["signin"]["rules"]["acrs"], "c1");
    let rules = json!({"acrs": "c1", "attested": "the owner says so", "max_age": 600});
    own(&s, "PATCH", &d, with(rules)).await.expect(200);
    let kept = p.ask("PATCH", &d, with(json!({"acrs": "c2"}))).await.expect(200).json();
    let kept = &kept["signin"]["rules"];
    assert_eq!((&kept["acrs"], &kept["attested"], &kept["max_age"]), (&json!("c2"), &json!("the owner says so"), &json!(600)));
    let named = own(&s, "GET", "/tenants/acme/audit?limit=20", Value::Null).await.expect(200).json();
    let edit = named["items"].as_array().unwrap().iter().find(|e| e["action"] == "directory.edit").unwrap();
    assert_eq!(edit["actor_name"], "a setup link (Sam at Acme IT)", "{edit}");
    // Nor another directory, nor another tenant.
    for elsewhere in [&second, &d.replace("acme", "other")] {
        p.ask("GET", elsewhere, Value::Null).await.expect(404);
        p.ask("POST", &format!("{elsewhere}/scim-tokens"), json!({})).await.expect(404);
    }
    p.ask("GET", "/tenants/other/domains", Value::Null).await.expect(404);
    // Of all routes, those few answer.
    let mut open = 0;
    for r in TABLE {
        let at = path(r, "acme").replace("directories/", "directories/x");
        let a = p.ask(r.method, &at, Value::Null).await;
        assert!(matches!(a.status.as_u16(), 200 | 201 | 400 | 404), "{} {at}: {} {}", r.method, a.status, a.text);
        if a.status != 404 {
            open += 1;
        }
    }
    assert_eq!(open, 3, "/me, and the tenant's domains to see and to ask for");
    // The cookie opens nothing without the word that it is meant, and no page of a person's.
    p.client.get("/api/v1/me").await.expect(401);
    assert_eq!(p.client.get("/me").await.status, 303);
    // Another site cannot use it.
    let r = p.client.request(Method::POST, &format!("/api/v1{d}/scim-tokens")).header("muster-portal", "1");
    p.client.send(r.header("sec-fetch-site", "cross-site")).await.expect(403);

    let audit = own(&s, "GET", "/tenants/acme/audit?limit=100", Value::Null).await.expect(200);
    for action in ["directory.setup_link", "directory.setup_link.use", "scim_token.create"] {
        assert!(audit.text.contains(&format!("\"{action}\"")), "{action}: {}", audit.text);
    }
    assert!(audit.text.contains(&format!("portal:{}", text(&made["id"]))));

    // Taken back: out at once.
    let one = format!("{d}/setup-links/{}", text(&made["id"]));
    own(&s, "DELETE", &one, Value::Null).await.expect(204);
    own(&s, "DELETE", &one, Value::Null).await.expect(404);
    p.ask("GET", &d, Value::Null).await.expect(401);
    p.client.get(text(&made["link"]).strip_prefix(&s.url).unwrap()).await.expect(410);
    let _ = acme;
});

story!(async fn a_setup_link_is_worth_what_its_author_may_do(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |_| {}).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let acme = s.tenant("acme").await;
    let us = s.provider().await;
    make_global(&w, us, "root").await;
    make_global(&w, us, "second").await;
    let d = directory(&s, "Entra").await;
    let keeps = person(&w, acme, "keeps", UserKind::Tenant).await;
    give(&w, &keeps, acme, TENANT_ADMINISTRATOR).await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, TENANT_ADMINISTRATOR).await;
    let made = link(&s, &session(&ann), &d, json!({})).await;
    let p = Portal::open(&s, text(&made["link"])).await;
    p.ask("GET", &d, Value::Null).await.expect(200);

    let switch = |on: bool| {
        let (s, at) = (&s, format!("/tenants/acme/users/{}", ann.id));
        async move { own(s, "PATCH", &at, json!({ "enabled": on })).await.expect(200) }
    };
    let open = text(&made["link"]).strip_prefix(&s.url).unwrap();
    switch(false).await;
    p.ask("GET", &d, Value::Null).await.expect(401);
    p.client.get(open).await.expect(410);
    p.client.form(open, &[]).await.expect(410);
    switch(true).await;
    p.client.get(open).await.expect(200);
    p.ask("GET", &d, Value::Null).await.expect(200);

    for (body, field) in [(json!({"hours": 0}), "hours"), (json!({"hours": 337}), "hours"), (json!({"note": "a\nb"}), "note")] {
        let at = format!("{d}/setup-links");
        let no = call(&s, Some(&session(&ann)), "POST", &at, &body.to_string()).await.expect(400);
        assert_eq!(no.json()["field"], field);
    }
    for _ in 0..9 {
        link(&s, &session(&ann), &d, json!({"hours": 1})).await;
    }
    let at = format!("{d}/setup-links");
    call(&s, Some(&session(&ann)), "POST", &at, "{}").await.expect(409);

    // Its time, the tenant's and the directory's end it.
    clock.advance(std::time::Duration::from_secs(73 * 3600));
    p.ask("GET", &d, Value::Null).await.expect(401);
    let made = link(&s, &session(&ann), &d, json!({"hours": 1})).await;
    let p = Portal::open(&s, text(&made["link"])).await;
    own(&s, "PATCH", "/tenants/acme", json!({"status": "suspended"})).await.expect(200);
    p.ask("GET", &d, Value::Null).await.expect(401);
    own(&s, "PATCH", "/tenants/acme", json!({"status": "active"})).await.expect(200);
    p.ask("GET", &d, Value::Null).await.expect(200);
    own(&s, "DELETE", &d, Value::Null).await.expect(200);
    p.ask("GET", &d, Value::Null).await.expect(401);
});
