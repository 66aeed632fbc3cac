//! The end of a tenant: who may, what goes, what stays, and that it goes on wherever it was stopped.

mod full;

use crate::{
    api::{call, own},
    cli,
    people::world::World,
    remote::{Shell, token},
    story,
    support::{
        TestDb,
        person::{TECHNICIAN, TENANT_ADMIN},
        server::{Answer, TestServer},
    },
};
use full::{Full, left};
use muster::{
    access::{
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
        perm::{UsersAdd, UsersManageRoles, UsersView},
    },
    actor::{Actor, Principal, UserKind},
    audit,
    error::Kind,
    farewell,
    id::{RequestId, TenantId, UserId},
    outbox, sql,
    store::{Cx, Scope, Store},
    tenants::{self, Status},
    tx,
    users::{self, NewUser},
};
use serde_json::{Value, json};
use std::time::Duration;

async fn suspend(s: &TestServer, slug: &str) {
    let body = json!({"status": "suspended"});
    own(s, "PATCH", &format!("/tenants/{slug}"), body).await.expect(200);
}

async fn delete(s: &TestServer, slug: &str, confirm: &str) -> Answer {
    own(s, "DELETE", &format!("/tenants/{slug}?confirm={confirm}"), Value::Null).await
}

/// Until nothing is left: the server goes on by itself.
async fn gone(s: &TestServer, t: TenantId) {
    for _ in 0..300 {
        if own(s, "GET", &format!("/tenants/{t}"), Value::Null).await.status == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the tenant is still there");
}

async fn global(s: &TestServer, us: TenantId, name: &str) -> UserId {
    let new = NewUser {
        kind: UserKind::Administrator,
        user_name: name.into(),
        display_name: None,
        email: None,
    };
    let root = users::add(&s.app.store, &s.permit(us).await, new).await.unwrap().id;
    let grant = NewGrant::manual(us, root, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&s.app.access, &s.global().await, grant).await.unwrap();
    root
}

story!(async fn a_tenant_is_renamed_and_keeps_its_slug(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let was = own(&s, "GET", "/tenants/acme", Value::Null).await.expect(200);
    assert_eq!(was.header("etag"), "\"1\"");
    let change = async |tag: &str, body: Value| {
        let request = axum::http::Request::patch("/api/v1/tenants/acme").header("if-match", tag);
        let mut request = request.body(axum::body::Body::from(body.to_string())).unwrap();
        muster::server::as_owner(&mut request);
        let a = tower::ServiceExt::oneshot(s.router(), request).await.unwrap();
        let status = a.status().as_u16();
        let body = axum::body::to_bytes(a.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, now) = change("\"1\"", json!({"name": " Acme & Sons "})).await;
    assert_eq!((status, &now["name"], &now["slug"]), (200, &json!("Acme & Sons"), &json!("acme")));
    assert_eq!(now["version"], 2);
    let (status, no) = change("\"1\"", json!({"name": "Late"})).await;
    assert_eq!((status, &no["code"]), (412, &json!("precondition")));
    for (body, field) in [
        (json!({"slug": "other"}), "slug"), (json!({"name": ""}), "name"), (json!({}), "name"),
        (json!({"status": "deleting"}), "status"),
    ] {
        let (status, no) = change("\"2\"", body.clone()).await;
        assert_eq!((status, &no["field"]), (400, &json!(field)), "{body} {no}");
    }
    // The same name again is no change.
    assert_eq!(change("*", json!({"name": "Acme & Sons"})).await.1["version"], 2);
    let trail = audit::list(&s.app.store, acme, &audit::Query::default(), 10).await.unwrap().items;
    let told: Vec<_> = trail.iter().filter(|e| e.action == "tenant.rename").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].detail, json!({"from": "acme", "to": "Acme & Sons"}));
});

story!(async fn nothing_is_left_but_the_trail(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let f = Full::new(&s, us).await;
    let before = left(&t, f.acme).await;
    let none: Vec<_> = before.iter().filter(|(c, n)| c.ends_with(".tenant_id") && **n == 0).collect();
    assert!(none.is_empty(), "the story fills every table, so that its end says something: {none:?}");
    let others = left(&t, f.bern).await;

    let e = delete(&s, "acme", "acme").await.expect(409).json();
    assert_eq!(e["code"], "not_suspended");
    suspend(&s, "acme").await;
    let e = delete(&s, "acme", "acne").await.expect(400).json();
    assert_eq!(e["field"], "confirm");
    own(&s, "DELETE", "/tenants/acme", Value::Null).await.expect(400);
    let told = delete(&s, "acme", "acme").await.expect(200).json();
    assert_eq!((&told["slug"], &told["id"]), (&json!("acme"), &json!(f.acme)));
    gone(&s, f.acme).await;

    let stays = ["audit_events.tenant_id", "audit_events.acting_tenant"];
    // What ended stays with whose it was, for a month: sessions of the provider's people.
    let over = ["sessions.acting_tenant", "refresh_families.tid"];
    let after = left(&t, f.acme).await;
    let rest: Vec<_> = after.iter().filter(|(c, n)| **n > 0 && !stays.contains(&c.as_str()) && !over.contains(&c.as_str())).collect();
    assert!(rest.is_empty(), "{rest:?}");
    assert!(after["audit_events.tenant_id"] > before["audit_events.tenant_id"]);
    let now = left(&t, f.bern).await;
    for (column, n) in &others {
        assert!(now[column] >= *n, "{column} of another tenant: {n}, now {}", now[column]);
    }
    f.proved(&s).await;
    f.refused(&s).await;
    f.narrowed(&s).await;
    // The slug and the domain are free.
    own(&s, "POST", "/tenants", json!({"slug": "acme", "name": "Another"})).await.expect(201);
    own(&s, "POST", "/domains", json!({"domain": "acme.example", "tenant": "acme"})).await.expect(201);
    let trail = own(&s, "GET", &format!("/audit?tenant={}", f.acme), Value::Null).await.expect(200).json();
    assert_eq!(trail["items"][0]["action"], "tenant.deleted");
    let all = own(&s, "GET", "/audit", Value::Null).await.expect(200).json();
    let last = &all["items"].as_array().unwrap().iter().find(|e| e["action"] == "tenant.deleted").unwrap()["detail"];
    assert_eq!((&last["slug"], &last["by"]), (&json!("acme"), &json!("owner")));
    assert!(last["removed"].as_i64().unwrap() > 50, "{last}");
});

story!(async fn who_may_not_learns_nothing_and_the_provider_stays(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    s.tenant("bern").await;
    let boss = s.person(acme, "boss", TENANT_ADMIN).await;
    let boss = Actor::prove(Principal::User {
        home: acme, user: boss, kind: UserKind::Tenant, session: None, app: None, scopes: None, bound: None,
    }, RequestId::new());
    for (method, path) in [("DELETE", "?confirm="), ("GET", "/export"), ("PATCH", "")] {
        let mut said = Vec::new();
        for slug in ["acme", "bern", "nobody"] {
            let at = format!("/tenants/{slug}{path}{}", if method == "DELETE" { slug } else { "" });
            let body = if method == "PATCH" { "{\"name\":\"X\"}" } else { "" };
            let a = call(&s, Some(&boss), method, &at, body).await.expect(403).json();
            said.push((a["detail"].clone(), a["code"].clone()));
        }
        assert!(said.iter().all(|one| *one == said[0]), "{method}: {said:?}");
    }
    for (method, path) in [("DELETE", "?confirm=nobody"), ("GET", "/export")] {
        for name in ["nobody".to_owned(), TenantId::new().to_string()] {
            own(&s, method, &format!("/tenants/{name}{path}"), Value::Null).await.expect(404);
        }
    }
    // A second factor, as for everything of the whole instance.
    let root = global(&s, us, "root").await;
    suspend(&s, "acme").await;
    for (class, status) in [("single", 403), ("mfa", 200)] {
        let who = s.session(us, root, class).await;
        for (method, path) in [(reqwest::Method::GET, "/export"), (reqwest::Method::DELETE, "?confirm=acme")] {
            let c = s.browser();
            let r = c.request(method, &format!("/api/v1/tenants/acme{path}"));
            let r = r.header("cookie", format!("muster_session={}", who.cookie));
            let a = c.send(r.header("origin", &s.url)).await.expect(status);
            if status == 403 {
                assert_eq!(a.json()["type"], "urn:muster:problem:needs_step_up");
            }
        }
    }
    gone(&s, acme).await;
    let slug = own(&s, "GET", &format!("/tenants/{us}"), Value::Null).await.json()["slug"].clone();
    let no = delete(&s, slug.as_str().unwrap(), slug.as_str().unwrap()).await.expect(403).json();
    assert!(no["detail"].as_str().unwrap().contains("provider"), "{no}");
});

/// People by the hundred, without asking each.
pub async fn crowd(store: &Store, t: TenantId, n: i64) {
    let cx = Cx::new(World::owner(), Scope::Platform);
    tx!(store, &cx, [], |tx| {
        tx.unaudited("a test");
        sql!(tx, exec, {
            lite: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
                   INSERT INTO users (tenant_id, id, kind, user_name, user_name_key, active, enabled, doc, folded, version,
                                      created_at, updated_at)
                   SELECT $1, randomblob(16), 'tenant', 'p' || i, 'p' || i, 1, 1, '{}', '{}', 1, i, i FROM n",
            pg: "INSERT INTO users (tenant_id, id, kind, user_name, user_name_key, active, enabled, doc, folded, version,
                                    created_at, updated_at)
                 SELECT $1, gen_random_uuid(), 'tenant', 'p' || i, 'p' || i, true, true, '{}', '{}', 1, i, i
                 FROM generate_series(1, $2::bigint) i",
        }, t, n)?;
        sql!(tx, exec, "INSERT INTO user_emails (tenant_id, user_id, seq, value_key)
                        SELECT tenant_id, id, 0, user_name_key FROM users WHERE tenant_id = $1", t)?;
        sql!(tx, exec, "INSERT INTO epochs (tenant_id, subject, epoch) SELECT tenant_id, id, 1 FROM users WHERE tenant_id = $1", t)
    }).unwrap();
}

async fn people(t: &TestDb, tenant: TenantId) -> i64 {
    left(t, tenant).await["users.tenant_id"]
}

story!(async fn killed_in_the_middle_it_is_finished_at_the_next_start(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await.id;
    let bern = w.tenant("bern", false).await.id;
    crowd(&t.store, acme, 450).await;
    crowd(&t.store, bern, 20).await;
    let p = w.global().await;
    let cx = Cx::new(World::owner(), Scope::Platform);
    // Nobody wants it: nothing goes.
    let e = farewell::go_on(&t.store, &cx, acme, Duration::MAX).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Internal);
    let e = tenants::mark(&t.store, &p, acme, ("acme", None)).await.unwrap_err();
    assert_eq!(e.code_str(), Some("not_suspended"));
    tenants::set_status(&t.store, &p, acme, Status::Suspended).await.unwrap();
    tenants::mark(&t.store, &p, acme, ("acme", None)).await.unwrap();
    // Some pieces, and then nobody goes on.
    for _ in 0..2 {
        assert!(!farewell::go_on(&t.store, &cx, acme, Duration::ZERO).await.unwrap());
    }
    let half = people(&t, acme).await;
    assert!((1..450).contains(&half), "{half} of 450 are left");
    let now = tenants::get(&t.store, acme).await.unwrap();
    assert!(now.deleting.as_ref().unwrap().0.removed > 0, "{now:?}");
    // Nothing brings it back meanwhile, nobody exports a half.
    let e = tenants::set_status(&t.store, &p, acme, Status::Active).await.unwrap_err();
    assert_eq!(e.code_str(), Some("tenant_deleting"));
    let e = farewell::Export::begin(&t.store, &p, acme).await.err().unwrap();
    assert_eq!(e.code_str(), Some("tenant_deleting"));
    // What would be made there now would be lost: nobody makes anything, and what is left can be seen.
    let e = w.access.require::<UsersAdd>(&World::owner(), acme).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("tenant_deleting")));
    let e = w.access.require::<UsersManageRoles>(&World::owner(), acme).await.unwrap_err();
    assert_eq!(e.code_str(), Some("tenant_deleting"));
    w.access.require::<UsersView>(&World::owner(), acme).await.unwrap();
    let again = tenants::mark(&t.store, &p, acme, ("acme", None)).await.unwrap();
    assert_eq!(again, now, "said again, it is as it was");

    let store = Store::open(&t.options, muster::clock::Clock::System).await.unwrap();
    let s = TestServer::on(store, |_| {}).await;
    gone(&s, acme).await;
    assert_eq!((people(&t, acme).await, people(&t, bern).await), (0, 20));
});

story!(async fn others_write_meanwhile(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await.id;
    let bern = w.tenant("bern", false).await;
    crowd(&t.store, acme, 3000).await;
    let p = w.global().await;
    tenants::set_status(&t.store, &p, acme, Status::Suspended).await.unwrap();
    tenants::mark(&t.store, &p, acme, ("acme", None)).await.unwrap();
    let store = t.store.clone();
    let work = tokio::spawn(async move {
        let cx = Cx::new(World::owner(), Scope::Platform);
        while !farewell::go_on(&store, &cx, acme, Duration::from_secs(1)).await.unwrap() {}
    });
    let (mut writes, mut longest) = (0, Duration::ZERO);
    while !work.is_finished() {
        let began = std::time::Instant::now();
        let status = if writes % 2 == 0 { Status::Suspended } else { Status::Active };
        tenants::set_status(&t.store, &p, bern.id, status).await.unwrap();
        longest = longest.max(began.elapsed());
        writes += 1;
    }
    work.await.unwrap();
    assert!(writes > 10 && longest < Duration::from_secs(2), "{writes} writes, {longest:?} the longest");
    assert_eq!(people(&t, acme).await, 0);
});

story!(async fn messages_are_sent_before_what_they_need_goes_or_dropped(t) {
    let clock = muster::clock::Clock::manual(muster::clock::Timestamp::from_secs(1_900_000_000));
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let w = World::new(&store);
    let acme = w.tenant("acme", false).await.id;
    let p = w.global().await;
    tenants::set_status(&store, &p, acme, Status::Suspended).await.unwrap();
    tenants::mark(&store, &p, acme, ("acme", None)).await.unwrap();
    let cx = Cx::new(World::owner(), Scope::Platform);
    tx!(store, &cx, [], |tx| {
        tx.unaudited("a test");
        outbox::push(tx, acme, "session.ended", &json!({"sessions": []})).await
    }).unwrap();
    assert!(!farewell::go_on(&store, &cx, acme, Duration::MAX).await.unwrap(), "nobody has tried yet");
    clock.advance(Duration::from_secs(61));
    assert!(farewell::go_on(&store, &cx, acme, Duration::MAX).await.unwrap(), "long enough");
    assert_eq!(left(&t, acme).await["outbox.tenant_id"], 0);
});

story!(async fn a_large_export_comes_in_small_pieces_and_has_all(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    crowd(&t.store, acme, 2500).await;
    let mut export = farewell::Export::begin(&t.store, &s.global().await, acme).await.unwrap();
    let (mut most, mut whole) = (0, String::new());
    while let Some(piece) = export.next().await.unwrap() {
        most = most.max(piece.lines().count());
        whole.push_str(&piece);
    }
    assert!(most <= 500, "{most} lines at once");
    let lines: Vec<Value> = whole.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.iter().filter(|l| l["type"] == "user").count(), 2500);
    assert_eq!((&lines[0]["type"], &lines[0]["slug"]), (&json!("tenant"), &json!("acme")));
    let last = lines.last().unwrap();
    assert_eq!((&last["type"], &last["lines"]), (&json!("end"), &json!(lines.len() - 1)));
    // Over the network the same, and somebody has written down who has it.
    let a = own(&s, "GET", "/tenants/acme/export", Value::Null).await.expect(200);
    assert_eq!(a.header("content-type"), "application/x-ndjson");
    assert_eq!(a.text.lines().filter(|l| l.contains("\"type\":\"user\"")).count(), 2500);
    let trail = audit::list(&t.store, acme, &audit::Query::default(), 10).await.unwrap().items;
    assert_eq!(trail.iter().filter(|e| e.action == "tenant.export").count(), 2);
});

story!(async fn an_export_has_what_the_tenant_has(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let f = Full::new(&s, us).await;
    let a = own(&s, "GET", "/tenants/acme/export", Value::Null).await.expect(200);
    let lines: Vec<Value> = a.text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |kind: &str| lines.iter().filter(|l| l["type"] == kind).collect::<Vec<_>>();
    for kind in [
        "tenant", "domain", "schema", "directory", "user", "group", "membership", "role", "grant", "mapping", "application",
        "event_stream",
        "invitation", "default_role", "letters", "suppression", "eligibility", "elevation", "review_plan", "review",
        "review_item", "audit_view", "event", "end",
    ] {
        assert!(!of(kind).is_empty(), "no {kind}");
    }
    assert_eq!(of("letters")[0]["display_name"], "Acme");
    assert_eq!(of("suppression")[0]["email"], "finn@acme.example");
    // The provider's people in exactly this tenant are in it, those of their scopes over many are not.
    let theirs = of("eligibility").into_iter().filter(|l| l["tenant_id"] == json!(us)).collect::<Vec<_>>();
    assert!(theirs.len() == 1 && theirs[0]["scope_tenant"] == json!(f.acme), "{theirs:?}");
    assert_eq!(of("elevation")[0]["reason"], "a case");
    assert!(!a.text.contains(&f.bern.to_string()), "no other tenant is named");
});

story!(async fn who_loses_the_right_to_an_export_is_sent_no_more_of_it(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    crowd(&t.store, acme, 2500).await;
    global(&s, us, "other").await;
    let root = global(&s, us, "root").await;
    let who = Principal::User {
        home: us, user: root, kind: UserKind::Administrator, session: None, app: None, scopes: None, bound: None,
    };
    let mut request = axum::http::Request::get("/api/v1/tenants/acme/export").body(axum::body::Body::empty()).unwrap();
    request.extensions_mut().insert(Actor::prove(who, RequestId::new()));
    let a = tower::ServiceExt::oneshot(s.router(), request).await.unwrap();
    assert_eq!(a.status().as_u16(), 200);
    let mut body = a.into_body().into_data_stream();
    let next = async |body: &mut axum::body::BodyDataStream| futures::StreamExt::next(body).await;
    let mut text = String::new();
    while !text.contains("\"type\":\"user\"") {
        text.push_str(std::str::from_utf8(&next(&mut body).await.unwrap().unwrap()).unwrap());
    }
    let all = grants::list_everywhere(&s.app.access, &s.global().await, grants::Query::default()).await.unwrap();
    let grant = all.iter().find(|g| g.user_id == root).unwrap().id;
    grants::remove_everywhere(&s.app.access, &s.global().await, grant).await.unwrap();
    let mut broke = false;
    while let Some(piece) = next(&mut body).await {
        match piece {
            Ok(more) => text.push_str(std::str::from_utf8(&more).unwrap()),
            Err(_) => broke = true,
        }
    }
    assert!(broke && !text.contains("\"type\":\"end\""), "it broke off");
    assert!(text.lines().filter(|l| l.contains("\"type\":\"user\"")).count() < 2500);
});

story!(async fn the_shell_renames_exports_and_deletes(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    s.person(acme, "kim", TECHNICIAN).await;
    let root = global(&s, us, "root").await;
    let portal = s.app(us, |new| {
        new.platform = true;
        let all = s.app.access.catalogue().all().iter().cloned();
        new.settings.scopes = Some(all.chain(["muster.instance".to_owned()]).collect());
    }).await;
    let who = s.session(us, root, "mfa").await;
    let code = s.code(&portal, &who, &[("scope", "openid muster.instance"), ("tenant", "provider")]).await;
    let given = s.redeem(&portal, &code).await.expect(200).json();
    let sh = Shell::new(&s, given["access_token"].as_str().unwrap());
    assert_eq!(sh.run(&["tenant", "rename", "acme", "Acme Ltd"]).await["name"], "Acme Ltd");
    let (status, out, err) = sh.says(&["tenant", "export", "acme"]).await;
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("\"user_name\":\"kim\"") && out.lines().last().unwrap().contains("\"type\":\"end\""), "{out}");
    assert!(sh.refused(&["tenant", "export", "nobody"]).await.contains("not found"));
    assert!(sh.refused(&["tenant", "delete", "acme"]).await.contains("--yes"));
    assert!(sh.refused(&["tenant", "delete", "acme", "--yes"]).await.contains("suspend"));
    sh.run(&["tenant", "suspend", "acme"]).await;
    assert_eq!(sh.run(&["tenant", "delete", "acme", "--yes"]).await["gone"], true);
    assert!(sh.refused(&["tenant", "show", "acme"]).await.contains("not found"));
    let trail = sh.run(&["audit", "--of", &acme.to_string()]).await;
    assert_eq!(trail["items"][0]["action"], "tenant.deleted");
    // A token of one company does not.
    let bern = s.tenant("bern").await;
    let sh = Shell::new(&s, &token(&s, bern).await);
    assert!(sh.refused(&["tenant", "export", "bern"]).await.contains("only Global Administrators"));
});

story!(async fn a_stopped_server_s_owner_deletes_as_well(t) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("data");
    let run = |args: &[&str]| {
        let (status, out, err) = cli::output(&at, args);
        assert_eq!(status, 0, "{args:?}: {out}{err}");
        out
    };
    run(&["tenant", "create", "acme"]);
    run(&["user", "add", "acme", "kim"]);
    assert!(run(&["tenant", "export", "acme"]).contains("\"user_name\":\"kim\""));
    run(&["tenant", "suspend", "acme"]);
    assert!(run(&["tenant", "delete", "acme", "--yes"]).contains("\"gone\": true"));
    assert!(!run(&["tenant", "list"]).contains("acme"));
});
