//! The audit trail as a file, and what people look for in it.

use super::{call, own};
use crate::{
    story,
    support::{
        person::{READ_ONLY, TENANT_ADMIN},
        server::TestServer,
    },
};
use muster::{
    actor::{Actor, Principal, UserKind},
    audit::{self, Event},
    id::{RequestId, TenantId, UserId},
    store::{Cx, Scope},
    tx,
};
use serde_json::{Value, json};

fn acts(home: TenantId, user: UserId) -> Actor {
    let (kind, session, app, scopes, bound) = (UserKind::Tenant, None, None, None, None);
    Actor::prove(
        Principal::User { home, user, kind, session, app, scopes, bound },
        RequestId::new(),
    )
}

story!(async fn a_trail_is_sent_to_its_end_as_a_file(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let ann = s.person(acme, "ann", TENANT_ADMIN).await;
    let cx = s.app.system();
    // More than are read together.
    for n in 0..1100 {
        tx!(s.app.store, &cx, [n], |tx| {
            let event = Event::new("user.edit").target("user", ann).detail(json!({ "n": n }));
            audit::record(tx, acme, event.personal(json!({"user": "=1+1, \"ann\""}))).await
        })
        .unwrap();
    }
    let path = "/tenants/acme/audit/export";
    let who = acts(acme, ann);
    let a = call(&s, Some(&who), "GET", &format!("{path}?format=ndjson"), "").await.expect(200);
    assert_eq!(a.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = a.text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines.len() > 1100, "{}", lines.len());
    let n: Vec<i64> = lines.iter().filter_map(|l| l["detail"]["n"].as_i64()).collect();
    assert!(n.len() == 1100 && n.is_sorted_by(|a, b| a > b), "newest first, each once");
    assert_eq!((&lines[0]["actor_name"], &lines[0]["target_name"]), (&json!("the server"), &json!("ANN")));
    let some = call(&s, Some(&who), "GET", &format!("{path}?format=ndjson&action=grant.*"), "").await.expect(200);
    assert_eq!(some.text.lines().count(), 1, "{}", some.text);
    let a = call(&s, Some(&who), "GET", &format!("{path}?action=user.edit&format=csv"), "").await.expect(200);
    let rows: Vec<&str> = a.text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 1101);
    assert!(rows[0].starts_with("at,action,actor,actor_name,target"), "{}", rows[0]);
    let wanted = format!("\"user.edit\",\"system:test\",\"the server\",\"user:{ann}\",\"ANN\"");
    let made = rows[1].replace(&s.app.system.label(), "system:test");
    assert!(made.contains(&wanted), "{made}");
    assert!(rows[1].contains("\"{\"\"user\"\":\"\"=1+1, \\\"\"ann\\\"\"\"\"}\""), "{}", rows[1]);
    let no = call(&s, Some(&who), "GET", &format!("{path}?format=xml"), "").await.expect(400).json();
    assert_eq!(no["field"], "format");
    let kim = acts(acme, s.person(acme, "kim", READ_ONLY).await);
    let seen = call(&s, Some(&kim), "GET", "/tenants/acme/audit", "").await.status;
    assert_eq!(call(&s, Some(&kim), "GET", path, "").await.status, seen, "who reads the trail, has it as a file");
});

story!(async fn what_somebody_looks_for_is_kept_under_a_name_and_is_theirs_alone(t) {
    let s = TestServer::start(&t).await;
    let (acme, bern) = (s.tenant("acme").await, s.tenant("bern").await);
    let ann = acts(acme, s.person(acme, "ann", TENANT_ADMIN).await);
    let bert = acts(acme, s.person(acme, "bert", TENANT_ADMIN).await);
    let all = "/tenants/acme/audit/views";
    let keep = async |who: &Actor, name: &str, query: &str| {
        let body = json!({ "name": name, "query": query }).to_string();
        call(&s, Some(who), "POST", all, &body).await
    };
    let made = keep(&ann, "Given", "action=grant.*&since=2026-01-01T00%3A00%3A00Z").await.expect(201);
    let at = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    keep(&ann, "Anna's", "actor=owner").await.expect(201);
    assert_eq!(keep(&ann, "GIVEN", "actor=owner").await.expect(409).json()["field"], "name");
    keep(&bert, "Given", "actor=owner").await.expect(201);
    for query in ["colour=red", "cursor=x", "limit=5", "%"] {
        assert_eq!(keep(&ann, "Bad", query).await.expect(400).json()["field"], "query", "{query}");
    }
    let list = async |who: &Actor| {
        let told = call(&s, Some(who), "GET", all, "").await.expect(200).json();
        let names = told["items"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(list(&ann).await, ["Anna's", "Given"]);
    assert_eq!(list(&bert).await, ["Given"]);
    call(&s, Some(&bert), "DELETE", &at, "").await.expect(404);
    call(&s, Some(&ann), "DELETE", &at, "").await.expect(204);
    assert_eq!(list(&ann).await, ["Anna's"]);
    for n in 1..50 {
        keep(&ann, &format!("n{n}"), "actor=owner").await.expect(201);
    }
    assert_eq!(keep(&ann, "one more", "actor=owner").await.expect(409).json()["code"], "too_many");
    own(&s, "POST", all, json!({"name": "x", "query": "actor=owner"})).await.expect(400);
    // They go with their person, and with the right to read the trail nobody sees them.
    let lea = acts(bern, s.person(bern, "lea", TENANT_ADMIN).await);
    call(&s, Some(&lea), "GET", all, "").await.expect(404);
    let (_, id) = bert.user().unwrap();
    own(&s, "DELETE", &format!("/tenants/acme/users/{id}"), Value::Null).await.expect(204);
});

story!(async fn the_instances_trail_is_sought_by_names_and_is_a_file(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    own(&s, "PATCH", "/tenants/acme", json!({"name": "Acme Metals"})).await.expect(200);
    let ada = s.person(us, "ada", TENANT_ADMIN).await;
    let kim = s.person(acme, "kim", TENANT_ADMIN).await;
    let by = |user: UserId, home: TenantId| Cx::new(acts(home, user), Scope::Platform);
    let (cx, nobody) = (by(ada, us), TenantId::PLATFORM);
    tx!(s.app.store, &cx, [], |tx| {
        audit::record(tx, nobody, Event::new("key.create").target("key", "k1")).await?;
        audit::record(tx, nobody, Event::new("tenant.note").target("tenant", acme)).await?;
        audit::record(tx, nobody, Event::new("grant.add").target("user", ada)).await
    })
    .unwrap();
    let get = async |path: &str| own(&s, "GET", path, Value::Null).await;
    let found = async |words: &str| {
        let page = get(&format!("/audit?{words}")).await.expect(200).json();
        let all = page["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap().to_owned());
        all.collect::<Vec<_>>()
    };
    for actor in ["ada", "ADA", "user:ada", "ada@contoso.example", "Ada@Contoso.Example"] {
        assert_eq!(found(&format!("actor={actor}")).await, ["grant.add", "tenant.note", "key.create"], "{actor}");
        assert_eq!(found(&format!("actor={actor}&target=acme")).await, ["tenant.note"], "{actor}");
        assert_eq!(found(&format!("target={actor}&action=grant.*")).await, ["grant.add"], "{actor}");
    }
    let upper = acme.to_string().to_uppercase();
    for target in ["acme", "acme%20METALS", "tenant:acme", "tenant:Acme%20Metals", &format!("tenant:{upper}")] {
        assert_eq!(found(&format!("target={target}")).await, ["tenant.note"], "{target}");
    }
    // Another trail: by any name of its tenant.
    let whole = get(&format!("/audit?tenant={acme}")).await.expect(200).json();
    // Its people are named as there.
    let added = |all: &[Value]| {
        let e = all.iter().find(|e| e["action"] == "user.add").expect("an event");
        assert_eq!((&e["target"], &e["target_name"]), (&json!(format!("user:{kim}")), &json!("KIM")), "{e}");
    };
    added(whole["items"].as_array().unwrap());
    for tenant in ["acme", "ACME", "acme%20metals"] {
        assert_eq!(get(&format!("/audit?tenant={tenant}")).await.expect(200).json(), whole, "{tenant}");
        let kims = found(&format!("tenant={tenant}&target=kim@contoso.example")).await;
        assert!(kims.contains(&"user.add".to_owned()), "{kims:?}");
    }
    own(&s, "POST", "/tenants", json!({"slug": "acme2", "name": "ACME metals"})).await.expect(201);
    for (words, status, field) in [
        ("tenant=nowhere", 400, "tenant"),
        ("tenant=acme%20metals", 409, "tenant"),
        ("target=acme%20metals", 409, "target"),
        ("target=user:acme", 400, "target"),
        ("target=tenant:ada", 400, "target"),
        ("target=role:acme%09", 400, "target"),
        ("actor=acme", 400, "actor"),
    ] {
        let no = get(&format!("/audit?{words}")).await.expect(status).json();
        assert_eq!(no["field"], field, "{words}: {no}");
    }
    // The file, of the instance and of another trail.
    let file = get("/audit/export?format=ndjson&actor=ada").await.expect(200);
    let lines: Vec<Value> = file.text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}", file.text);
    assert_eq!(lines[0]["action"], "grant.add");
    let file = get("/audit/export?format=ndjson&tenant=acme").await.expect(200);
    added(&file.text.lines().map(|l| serde_json::from_str(l).unwrap()).collect::<Vec<_>>());
    let table = get("/audit/export?tenant=acme&action=user.*").await.expect(200);
    assert!(table.header("content-type").starts_with("text/csv"));
    assert!(table.text.starts_with("at,action,") && table.text.contains("\"user.add\""), "{}", table.text);
    // Not for whoever has no more than one company.
    let no = call(&s, Some(&acts(acme, kim)), "GET", "/audit/export", "").await.status;
    assert_eq!(no, call(&s, Some(&acts(acme, kim)), "GET", "/audit", "").await.status);
    assert_eq!(no, 403);
});
