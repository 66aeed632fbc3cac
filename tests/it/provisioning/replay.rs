//! A request once more: as a rehearsal of which nothing stays, and for good.

use super::{at, log, newest, patch, raw, set};
use crate::{
    access::{TECHNICIAN, give, id, person, role, session},
    api::call,
    people::world::World,
    story,
    support::{TestDb, TestServer, person::TENANT_ADMIN, server::Scim},
};
use muster::{
    access::mappings::{self, Target},
    actor::UserKind,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

async fn again(server: &TestServer, scim: &Scim, entry: &Value, apply: bool) -> Value {
    let path = at(scim, &format!("/log/{}/replay", entry["id"].as_str().unwrap()));
    server.post(&path, json!({ "apply": apply })).await.expect(200).json()
}

/// All rows, when nothing is on its way any more.
async fn still(t: &TestDb, server: &TestServer) -> BTreeMap<String, Vec<String>> {
    server.app.log.flush(&server.app.system()).await.unwrap();
    server.app.scim_tokens.flush(&server.app.system).await.unwrap();
    let mut rows = raw::rows(t).await;
    // The feed forgets what every node has heard, and a server that just began still makes its keys.
    for table in ["changes", "signing_keys"] {
        rows.remove(table);
    }
    for rows in rows.values_mut() {
        rows.retain(|r| !r.contains("key.create"));
    }
    rows
}

async fn full(t: &TestDb) -> (TestServer, Scim) {
    let server = TestServer::start(t).await;
    let scim = server.directory(server.tenant("contoso").await).await;
    set(&server, &scim, json!({ "log": { "bodies": "full" } })).await;
    (server, scim)
}

story!(
    async fn a_dry_run_shows_the_change_and_leaves_every_table_as_it_was(t) {
        let (server, scim) = full(&t).await;
        let ada = scim.post("/Users", json!({ "userName": "ada", "title": "One" })).await.expect(201).json();
        let made = newest(&server, &scim).await;
        let path = format!("/Users/{}", ada["id"].as_str().unwrap());
        let op = |v: &str| patch(&json!([{ "op": "replace", "path": "title", "value": v }]));
        scim.patch(&path, op("Two")).await.expect(200);
        let two = newest(&server, &scim).await;
        scim.patch(&path, op("Three")).await.expect(200);
        let new = json!({ "displayName": "Sales", "members": [{ "value": ada["id"] }] });
        let sales = scim.post("/Groups", new).await.expect(201).json();
        let grouped = newest(&server, &scim).await;
        let group = format!("/Groups/{}", sales["id"].as_str().unwrap());
        scim.patch(&group, patch(&json!([{ "op": "remove", "path": "members" }]))).await.expect(200);
        let emptied = newest(&server, &scim).await;
        scim.put(&group, json!({ "displayName": "Sales", "members": [{ "value": ada["id"] }] })).await.expect(200);
        scim.patch(&path, patch(&json!([{ "op": "replace", "path": "active", "value": false }]))).await.expect(200);
        let off = newest(&server, &scim).await;
        scim.patch(&path, patch(&json!([{ "op": "replace", "path": "active", "value": true }]))).await.expect(200);
        let before = still(&t, &server).await;

        let r = again(&server, &scim, &two, false).await;
        assert_eq!((&r["applied"], &r["status"]), (&json!(false), &json!(200)));
        assert_eq!(r["diff"], json!([{ "at": "/title", "before": "Three", "after": "Two" }]));
        assert_eq!((&r["before"]["title"], &r["after"]["title"]), (&json!("Three"), &json!("Two")));
        assert_eq!((&r["outcomes"], &r["changed"]), (&json!([{ "outcome": "applied" }]), &json!(["title"])));
        // Refused as it would be now.
        let r = again(&server, &scim, &made, false).await;
        assert_eq!((&r["status"], &r["scim_type"]), (&json!(409), &json!("uniqueness")));
        assert_eq!(r["diff"], json!([]));
        let r = again(&server, &scim, &grouped, false).await;
        assert_eq!(r["status"], 409);
        let r = again(&server, &scim, &emptied, false).await;
        assert_eq!((&r["status"], &r["after"]["members"]), (&json!(200), &Value::Null), "{r}");
        assert_eq!(r["diff"][0]["at"], "/members");
        // What would end somebody's access ends nobody's.
        let r = again(&server, &scim, &off, false).await;
        assert_eq!(r["diff"], json!([{ "at": "/active", "before": true, "after": false }]));
        assert_eq!(scim.get(&path).await.expect(200).json()["active"], true);

        let after = still(&t, &server).await;
        for (table, rows) in &before {
            // That the test itself looked at somebody is an entry.
            if !table.starts_with("provisioning_") && table != "scim_tokens" {
                assert_eq!(rows, &after[table], "{table}");
            }
        }
        assert_eq!(log(&server, &scim, "").await.len(), before["provisioning_log"].len() + 1);

        // A made one is shown whole, and is not there afterwards.
        scim.delete(&path).await.expect(204);
        let before = still(&t, &server).await;
        let r = again(&server, &scim, &made, false).await;
        assert_eq!((&r["status"], &r["before"], &r["after"]["userName"]), (&json!(201), &Value::Null, &json!("ada")));
        let ghost = r["resource_id"].as_str().unwrap();
        assert_eq!(still(&t, &server).await, before);
        scim.get(&format!("/Users/{ghost}")).await.expect(404);
        // Writers go on.
        scim.post("/Users", json!({ "userName": "ada" })).await.expect(201);
    }
);

story!(
    async fn for_good_it_is_done_written_down_and_told_of(t) {
        let (server, scim) = full(&t).await;
        let ada = scim.post("/Users", json!({ "userName": "ada", "title": "One" })).await.expect(201).json();
        let path = format!("/Users/{}", ada["id"].as_str().unwrap());
        scim.patch(&path, patch(&json!([{ "op": "replace", "path": "title", "value": "Two" }]))).await.expect(200);
        let two = newest(&server, &scim).await;
        scim.patch(&path, patch(&json!([{ "op": "replace", "path": "title", "value": "Three" }]))).await.expect(200);
        let r = again(&server, &scim, &two, true).await;
        assert_eq!((&r["applied"], &r["status"]), (&json!(true), &json!(200)));
        assert_eq!(scim.get(&path).await.expect(200).json()["title"], "Two");
        let replays: Vec<Value> =
            log(&server, &scim, "").await.into_iter().filter(|e| !e["replay_of"].is_null()).collect();
        assert_eq!(replays.len(), 1);
        assert_eq!((&replays[0]["replay_of"], &replays[0]["changed"]), (&two["id"], &json!(["title"])));
        let audit = server.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        let said = |action: &str| {
            let items = audit["items"].as_array().unwrap();
            items.iter().find(|e| e["action"] == action).unwrap_or_else(|| panic!("no {action}: {audit}")).clone()
        };
        let event = said("provisioning.replay");
        assert_eq!((&event["actor"], &event["detail"]["entry"]), (&json!("owner"), &two["id"]));
        assert_eq!(said("user.modify")["actor"], format!("directory:{}", scim.directory));
        // Deletions have no body to be kept.
        scim.delete(&path).await.expect(204);
        let gone = newest(&server, &scim).await;
        assert_eq!(again(&server, &scim, &gone, false).await["status"], 404);
    }
);

story!(
    async fn an_ignored_operation_is_ignored_again_and_says_why(t) {
        let (server, scim) = full(&t).await;
        let ada = scim.post("/Users", json!({ "userName": "ada" })).await.expect(201).json();
        let path = format!("/Users/{}", ada["id"].as_str().unwrap());
        let badge = "urn:contoso:params:scim:schemas:extension:badge:2.0:User";
        let op = patch(&json!([{ "op": "add", "path": format!("{badge}:tag"), "value": "B-17" }]));
        scim.patch(&path, op).await.expect(200);
        let e = log(&server, &scim, "?ignored=true").await.remove(0);
        let r = again(&server, &scim, &e, false).await;
        assert_eq!((&r["status"], &r["outcomes"][0]["outcome"]), (&json!(200), &json!("ignored")));
        assert!(r["outcomes"][0]["reason"].as_str().unwrap().contains("tag"), "{r}");
        assert_eq!(r["diff"], json!([]));
        // Once the extension is declared it would be done; and then it is.
        server.post("/api/v1/tenants/contoso/schemas", json!({
            "id": badge, "name": "Badge", "attributes": [{ "name": "tag" }],
        })).await.expect(201);
        let r = again(&server, &scim, &e, false).await;
        assert_eq!(r["outcomes"], json!([{ "outcome": "applied" }]));
        assert_eq!(r["after"][badge]["tag"], "B-17");
        assert_eq!(scim.get(&path).await.expect(200).json()[badge], Value::Null);
        again(&server, &scim, &e, true).await;
        assert_eq!(scim.get(&path).await.expect(200).json()[badge]["tag"], "B-17");
    }
);

story!(
    async fn what_is_not_all_there_is_not_done_again(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let refused = async |entry: Value| {
            let path = at(&scim, &format!("/log/{}/replay", entry["id"].as_str().unwrap()));
            let r = server.post(&path, json!({})).await.expect(409).json();
            assert_eq!(r["code"], "not_kept");
            r["detail"].as_str().unwrap().to_owned()
        };
        scim.post("/Users", json!({ "userName": "ada" })).await.expect(201);
        let why = refused(newest(&server, &scim).await).await;
        assert!(why.contains("redacted") && why.contains("--log-bodies full"), "{why}");
        scim.get("/Users?filter=userName%20eq%20%22ada%22").await.expect(200);
        let why = refused(newest(&server, &scim).await).await;
        assert!(why.contains("address was redacted"), "{why}");
        set(&server, &scim, json!({ "log": { "bodies": "off" } })).await;
        scim.post("/Users", json!({ "userName": "bob" })).await.expect(201);
        assert!(refused(newest(&server, &scim).await).await.contains("not kept"));
        set(&server, &scim, json!({ "log": { "bodies": "full" } })).await;
        scim.post("/Users", json!({ "userName": "cid", "title": "x".repeat(70_000) })).await;
        assert!(refused(newest(&server, &scim).await).await.contains("too large"));
        scim.get("/Users?filter=userName%20eq%20%22ada%22").await.expect(200);
        let r = again(&server, &scim, &newest(&server, &scim).await, false).await;
        assert_eq!(r["status"], 200, "a read that was kept in full");
        // A directory that is switched off does nothing, also not again.
        scim.post("/Users", json!({ "userName": "dan" })).await.expect(201);
        let e = newest(&server, &scim).await;
        let off = Some(json!({ "status": "disabled" }));
        server.as_owner(reqwest::Method::PATCH, &at(&scim, ""), off).await.expect(200);
        let path = at(&scim, &format!("/log/{}/replay", e["id"].as_str().unwrap()));
        server.post(&path, json!({ "apply": true })).await.expect(409);
    }
);

story!(
    async fn what_was_taken_out_or_cut_is_not_done_again_for_good(t) {
        let (server, scim) = full(&t).await;
        let refused = async |entry: &Value, apply: bool| {
            let path = at(&scim, &format!("/log/{}/replay", entry["id"].as_str().unwrap()));
            let r = server.post(&path, json!({ "apply": apply })).await.expect(409).json();
            assert_eq!(r["code"], "not_kept", "{r}");
            r["detail"].as_str().unwrap().to_owned()
        };
        // A name that is made of a secret's, and is none.
        let urn = "urn:contoso:params:scim:schemas:extension:office:2.0:User";
        let schema = json!({ "id": urn, "name": "Office", "attributes": [{ "name": "secretary" }] });
        server.post("/api/v1/tenants/contoso/schemas", schema).await.expect(201);
        let made = json!({ "userName": "ada", urn: { "secretary": "Bob" } });
        let ada = scim.post("/Users", made.clone()).await.expect(201).json();
        let path = format!("/Users/{}", ada["id"].as_str().unwrap());
        let put = async |title: &str| {
            let mut again = made.clone();
            again["title"] = json!(title);
            scim.put(&path, again).await.expect(200);
            newest(&server, &scim).await
        };
        let e = put("One").await;
        assert_eq!(e["body"][urn]["secretary"], "(secret)", "{e}");
        let why = refused(&e, true).await;
        assert!(why.contains("'secretary'"), "{why}");
        let op = json!([{ "op": "replace", "path": format!("{urn}:secretary"), "value": "Cid" }]);
        scim.patch(&path, patch(&op)).await.expect(200);
        let e = newest(&server, &scim).await;
        let why = refused(&e, true).await;
        assert!(why.contains(":secretary'"), "{why}");
        assert_eq!(scim.get(&path).await.expect(200).json()[urn]["secretary"], "Cid", "it is as it was");
        assert_eq!(again(&server, &scim, &e, false).await["status"], 200, "a rehearsal shows what it can");
        // What is longer than what is kept.
        let long = "x".repeat(2100);
        scim.get(&format!("/Users?filter=userName%20eq%20%22{long}%22")).await.expect(200);
        let why = refused(&newest(&server, &scim).await, false).await;
        assert!(why.contains("address"), "{why}");
        for n in [150, 250, 400] {
            scim.delete(&format!("/Users/{0}/{0}", "y".repeat(n))).await.expect(404);
            let why = refused(&newest(&server, &scim).await, false).await;
            assert!(why.contains("address"), "{n}: {why}");
        }
        let many: Vec<String> = (1000..1100).map(|n| format!("W/\"{n}\"")).collect();
        let r = scim.request(reqwest::Method::DELETE, &path).header("if-match", many.join(", "));
        scim.send(r).await.expect(412);
        let why = refused(&newest(&server, &scim).await, true).await;
        assert!(why.contains("if-match"), "{why}");
    }
);

story!(
    async fn a_request_is_done_again_for_good_by_whoever_holds_what_hangs_on_the_directory(t) {
        let (server, scim) = full(&t).await;
        let w = World {
            store: server.app.store.clone(),
            access: server.app.access.clone(),
            master: server.app.master.clone(),
        };
        let ada = scim.post("/Users", json!({ "userName": "ada" })).await.expect(201).json();
        let group = scim.post("/Groups", json!({ "displayName": "Desk" })).await.expect(201).json();
        let at_group = format!("/Groups/{}", group["id"].as_str().unwrap());
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": ada["id"] }] }]);
        scim.patch(&at_group, patch(&add)).await.expect(200);
        let entry = newest(&server, &scim).await;
        scim.patch(&at_group, patch(&json!([{ "op": "remove", "path": "members" }]))).await.expect(200);
        let p = w.may(scim.tenant).await;
        let group = group["id"].as_str().unwrap().parse().unwrap();
        mappings::create(&w.access, &p, Target::Own, group, id(TECHNICIAN)).await.unwrap();
        let small = person(&w, scim.tenant, "small", UserKind::Tenant).await;
        let settings = role(&w, scim.tenant, "Settings", &["system.edit_settings"], false).await;
        give(&w, &small, scim.tenant, settings.id).await;
        let admin = person(&w, scim.tenant, "admin", UserKind::Tenant).await;
        give(&w, &admin, scim.tenant, id(TENANT_ADMIN)).await;
        let path = at(&scim, &format!("/log/{}/replay", entry["id"].as_str().unwrap()));
        let path = path.strip_prefix("/api/v1").unwrap();
        let can = async || {
            let ada = ada["id"].as_str().unwrap().parse().unwrap();
            let held = w.access.effective(scim.tenant, ada, scim.tenant).await.unwrap();
            held.allows("computers.edit")
        };
        for (who, apply, status) in [(&small, false, 200), (&small, true, 403), (&admin, true, 200)] {
            assert!(!can().await);
            let body = json!({ "apply": apply }).to_string();
            let answer = call(&server, Some(&session(who)), "POST", path, &body).await.expect(status);
            assert!(status == 200 || answer.json()["code"] == "directory_holds_more", "{}", answer.text);
        }
        assert!(can().await);
    }
);

/// Whoever changes a group loses every key: as if another request had taken it meanwhile.
async fn steal_keys(t: &TestDb) {
    match t.url() {
        Some(url) => {
            let mut c = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
            for text in [
                "CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM repeats; RETURN NULL; END'",
                "CREATE TRIGGER steal AFTER UPDATE ON groups FOR EACH STATEMENT EXECUTE FUNCTION steal()",
            ] {
                sqlx::query(text).execute(&mut c).await.unwrap();
            }
        }
        None => {
            let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
            c.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
            c.execute_batch(
                "CREATE TRIGGER steal AFTER UPDATE ON groups BEGIN DELETE FROM repeats; END",
            )
            .unwrap();
        }
    }
}

story!(
    async fn under_a_key_that_is_anothers_by_now_it_changes_nothing(t) {
        let (server, scim) = full(&t).await;
        let desk = scim.post("/Groups", json!({ "displayName": "One" })).await.expect(201).json();
        let path = format!("/Groups/{}", desk["id"].as_str().unwrap());
        let op = |v: &str| patch(&json!([{ "op": "replace", "path": "displayName", "value": v }]));
        scim.patch(&path, op("Two")).await;
        let two = newest(&server, &scim).await;
        scim.patch(&path, op("Three")).await;
        steal_keys(&t).await;
        let at = at(&scim, &format!("/log/{}/replay", two["id"].as_str().unwrap()));
        let request = axum::http::Request::post(at).header("Idempotency-Key", "k");
        let mut request = request.body(axum::body::Body::from(json!({ "apply": true }).to_string())).unwrap();
        muster::server::as_owner(&mut request);
        tower::ServiceExt::oneshot(server.router(), request).await.unwrap();
        assert_eq!(scim.get(&path).await.expect(200).json()["displayName"], "Three", "the request had lost its key");
    }
);
