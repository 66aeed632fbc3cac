//! Who comes and goes, for applications that an administrator lets hear it (RFC 9967): names of attributes, no values.

use super::{Stream, World, body, kind, of, world};
use crate::{api::own, story, support::TestDb};
use muster::{events::PROVISIONING, id::TenantId, sql};
use serde_json::{Value, json};

const CREATE: &str = "urn:ietf:params:scim:event:prov:create:notice";
const PATCH: &str = "urn:ietf:params:scim:event:prov:patch:notice";
const PUT: &str = "urn:ietf:params:scim:event:prov:put:notice";
const FEED_ADD: &str = "urn:ietf:params:scim:event:feed:add";
const FEED_REMOVE: &str = "urn:ietf:params:scim:event:feed:remove";
const DELETE: &str = "urn:ietf:params:scim:event:prov:delete";
const ACTIVATE: &str = "urn:ietf:params:scim:event:prov:activate";
const DEACTIVATE: &str = "urn:ietf:params:scim:event:prov:deactivate";

async fn hears(w: &World, tenant: TenantId, platform: bool) -> Stream {
    asks(w, (tenant, platform), &PROVISIONING).await
}

/// An application that may hear of everybody, with a stream of these.
async fn asks(w: &World, (tenant, platform): (TenantId, bool), events: &[&str]) -> Stream {
    let app =
        w.s.app(tenant, |new| {
            new.platform = platform;
            let all = ["ssf.manage", "ssf.read", "ssf.provisioning"];
            new.settings.scopes = Some(all.map(str::to_owned).to_vec());
        })
        .await;
    w.poll(&app, events).await
}

fn op(path: &str, value: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": path, "value": value }] })
}

fn attributes(claims: &Value) -> Vec<String> {
    let all = body(claims)["attributes"].as_array().unwrap_or_else(|| panic!("{claims}"));
    all.iter().map(|a| a.as_str().unwrap().to_owned()).collect()
}

async fn one(stream: &Stream, what: &str, uri: &str) -> Value {
    let mut told = stream.says(&[what]).await;
    assert_eq!(told[0]["sub_id"], json!({ "format": "scim", "uri": uri }));
    assert!(told[0]["txn"].is_string());
    assert!(body(&told[0]).get("data").is_none(), "no values");
    told.remove(0)
}

story!(
    async fn people_and_groups_of_the_tenant_are_told_of_by_the_names_of_what_changed(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let stream = hears(&w, tenant, false).await;
        let scim = w.s.directory(tenant).await;
        let new = json!({ "userName": "kim", "externalId": "k", "displayName": "Kim K", "title": "Secret title" });
        let kim = scim.post("/Users", new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let uri = format!("/Users/{kim}");
        let c = one(&stream, CREATE, &uri).await;
        let all = attributes(&c);
        assert!(["active", "title", "userName"].iter().all(|a| all.iter().any(|b| b == a)), "{all:?}");
        assert!(!c.to_string().contains("Secret title"), "{c}");
        scim.patch(&uri, op("displayName", &json!("Kim L"))).await.expect(200);
        assert_eq!(attributes(&one(&stream, PATCH, &uri).await), ["displayName"]);
        // The whole of it again, one thing changed: that is what is told, as a replacement.
        let mut whole = json!({ "userName": "kim", "externalId": "k", "displayName": "Kim L", "title": "Another", "active": true });
        scim.put(&uri, whole.clone()).await.expect(200);
        assert_eq!(attributes(&one(&stream, PUT, &uri).await), ["title"]);
        // The same once more is nothing.
        scim.put(&uri, whole.clone()).await.expect(200);
        stream.says(&[]).await;
        // With the switch in it, it is both; the switch alone is no change of anything else.
        whole["active"] = json!(false);
        whole["title"] = json!("A third");
        scim.put(&uri, whole.clone()).await.expect(200);
        let told = stream.says(&[DEACTIVATE, PUT]).await;
        assert_eq!(attributes(of(&told, PUT)), ["title"]);
        whole["active"] = json!(true);
        scim.put(&uri, whole).await.expect(200);
        one(&stream, ACTIVATE, &uri).await;
        scim.patch(&uri, op("active", &json!(false))).await.expect(200);
        one(&stream, DEACTIVATE, &uri).await;
        scim.patch(&uri, op("active", &json!(true))).await.expect(200);
        one(&stream, ACTIVATE, &uri).await;

        let team = scim.post("/Groups", json!({ "displayName": "Team" })).await.expect(201).json();
        let group = format!("/Groups/{}", team["id"].as_str().unwrap());
        assert_eq!(attributes(&one(&stream, CREATE, &group).await), ["displayName"]);
        let add = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "add", "path": "members", "value": [{ "value": kim }] }] });
        scim.patch(&group, add).await;
        assert_eq!(attributes(&one(&stream, PATCH, &group).await), ["members"]);
        scim.patch(&group, op("displayName", &json!("Crew"))).await;
        assert_eq!(attributes(&one(&stream, PATCH, &group).await), ["displayName"]);
        scim.put(&group, json!({ "displayName": "Band", "members": [] })).await.expect(200);
        assert_eq!(attributes(&one(&stream, PUT, &group).await), ["displayName", "members"]);
        scim.delete(&group).await.expect(204);
        one(&stream, DELETE, &group).await;
        scim.delete(&uri).await.expect(204);
        one(&stream, DELETE, &uri).await;

        // By hand as well; of integration users nothing, who are nobody's people.
        let new = json!({ "kind": "tenant", "user_name": "lea" });
        let lea = own(&w.s, "POST", &format!("/tenants/{tenant}/users"), new).await.expect(201).json();
        let uri = format!("/Users/{}", lea["id"].as_str().unwrap());
        one(&stream, CREATE, &uri).await;
        let path = format!("/tenants/{tenant}{}", uri.to_lowercase());
        own(&w.s, "PATCH", &path, json!({ "display_name": "Lea" })).await.expect(200);
        assert_eq!(attributes(&one(&stream, PATCH, &uri).await), ["displayName"]);
        own(&w.s, "PATCH", &path, json!({ "enabled": false })).await.expect(200);
        one(&stream, DEACTIVATE, &uri).await;
        let int = json!({ "name": "RMM", "scopes": ["computers.view"], "roles": ["Read-Only"] });
        let int = own(&w.s, "POST", &format!("/tenants/{tenant}/integrations"), int).await.expect(201).json();
        let rmm = format!("/tenants/{tenant}/integrations/{}", int["id"].as_str().unwrap());
        own(&w.s, "PATCH", &rmm, json!({ "name": "Other" })).await.expect(200);
        own(&w.s, "DELETE", &rmm, Value::Null).await.expect(204);
        stream.says(&[]).await;
    }
);

story!(
    async fn an_application_hears_of_its_own_tenant_and_one_of_the_platform_of_all(t) {
        let w = world(&t).await;
        let (contoso, acme, us) = (w.s.tenant("contoso").await, w.s.tenant("acme").await, w.s.provider().await);
        let theirs = hears(&w, acme, false).await;
        let platform = hears(&w, us, true).await;
        // Without leave, it is not even offered.
        let plain = w.s.app(contoso, |_| {}).await;
        let none = w.poll(&plain, &PROVISIONING).await;
        assert_eq!(none.made["events_delivered"], json!([]));
        assert_eq!(none.made["events_supported"].as_array().unwrap().len(), muster::events::SECURITY.len());
        let scim = w.s.directory(contoso).await;
        let kim = scim.post("/Users", json!({ "userName": "kim" })).await.expect(201).json();
        let uri = format!("/Users/{}", kim["id"].as_str().unwrap());
        one(&platform, CREATE, &uri).await;
        theirs.says(&[]).await;
        none.says(&[]).await;
        // Whoever is taken out is not told of any more, but for that.
        let subject = json!({ "stream_id": platform.id, "subject": { "format": "scim", "uri": uri } });
        platform.client.post("/ssf/subjects/remove", subject).await.expect(204);
        one(&platform, FEED_REMOVE, &uri).await;
        scim.patch(&uri, op("active", &json!(false))).await.expect(200);
        platform.says(&[]).await;
        // The leave is taken back: at once, whatever the stream asked for.
        let lea = scim.post("/Users", json!({ "userName": "lea" })).await.expect(201).json();
        one(&platform, CREATE, &format!("/Users/{}", lea["id"].as_str().unwrap())).await;
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        let id = sql!(c, one<muster::id::AppId>, "SELECT app_id FROM event_streams WHERE tenant_id = $1", us).unwrap();
        drop(c);
        let path = format!("/tenants/{us}/apps/{id}");
        own(&w.s, "PATCH", &path, json!({ "scopes": ["ssf.manage", "ssf.read"] })).await.expect(200);
        scim.post("/Users", json!({ "userName": "mia" })).await.expect(201);
        platform.says(&[]).await;
    }
);

story!(
    async fn who_asked_for_changes_alone_hears_of_a_replacement_as_one(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let (changes, both) = (asks(&w, (tenant, false), &[PATCH]).await, asks(&w, (tenant, false), &[PATCH, PUT]).await);
        let puts = asks(&w, (tenant, false), &[PUT]).await;
        let scim = w.s.directory(tenant).await;
        let kim = scim.post("/Users", json!({ "userName": "kim" })).await.expect(201).json();
        let uri = format!("/Users/{}", kim["id"].as_str().unwrap());
        scim.put(&uri, json!({ "userName": "kim", "title": "Boss" })).await.expect(200);
        for (stream, what) in [(&changes, PATCH), (&both, PUT), (&puts, PUT)] {
            assert_eq!(attributes(&one(stream, what, &uri).await), ["title"]);
        }
        scim.patch(&uri, op("title", &json!("Chief"))).await.expect(200);
        for stream in [&changes, &both] {
            one(stream, PATCH, &uri).await;
        }
        puts.says(&[]).await;
    }
);

story!(
    async fn who_comes_into_a_stream_and_goes_out_of_it_is_told_in_it(t) {
        let w = world(&t).await;
        let (contoso, acme) = (w.s.tenant("contoso").await, w.s.tenant("acme").await);
        let scim = w.s.directory(contoso).await;
        let kim = scim.post("/Users", json!({ "userName": "kim" })).await.expect(201).json();
        let kim = kim["id"].as_str().unwrap().to_owned();
        let team = scim.post("/Groups", json!({ "displayName": "Team" })).await.expect(201).json();
        let (user, group) = (format!("/Users/{kim}"), format!("/Groups/{}", team["id"].as_str().unwrap()));
        // Everybody is in a stream from its beginning: nobody joins it then.
        let (stream, theirs) = (hears(&w, contoso, false).await, hears(&w, acme, false).await);
        let plain = w.poll(&w.s.app(contoso, |_| {}).await, &[super::REVOKED, FEED_ADD, FEED_REMOVE]).await;
        assert_eq!(plain.made["events_delivered"], json!([super::REVOKED]));
        let set = async |stream: &Stream, what: &str, subject: &Value| {
            let body = json!({ "stream_id": stream.id, "subject": subject });
            let status = if what == "add" { 200 } else { 204 };
            assert_eq!(stream.client.post(&format!("/ssf/subjects/{what}"), body).await.expect(status).text, "");
        };
        let by_sub = json!({ "format": "iss_sub", "iss": w.s.url, "sub": kim });
        let by_uri = json!({ "format": "scim", "uri": group });
        stream.says(&[]).await;
        for (subject, uri) in [(&by_sub, &user), (&by_uri, &group)] {
            for (verb, what) in [("remove", FEED_REMOVE), ("add", FEED_ADD)] {
                // Of what is so already there is nothing to say.
                for _ in 0..2 {
                    set(&stream, verb, subject).await;
                }
                let told = one(&stream, what, uri).await;
                assert_eq!(body(&told), &json!({}));
            }
            // Those who do not hear of them, and of whom nobody knows.
            for other in [&theirs, &plain] {
                set(other, "remove", subject).await;
                other.says(&[]).await;
            }
        }
        set(&stream, "remove", &json!({ "format": "scim", "uri": format!("/Users/{}", muster::id::UserId::new()) })).await;
        stream.says(&[]).await;
        // While somebody is out nothing of them is told, not even that they are no more; and what is told is in its order.
        set(&stream, "remove", &by_uri).await;
        scim.patch(&group, op("displayName", &json!("Crew"))).await;
        one(&stream, FEED_REMOVE, &group).await;
        set(&stream, "remove", &by_sub).await;
        set(&stream, "add", &by_uri).await;
        let told = stream.says(&[FEED_REMOVE, FEED_ADD]).await;
        let order: Vec<(String, &Value)> = told.iter().map(|c| (kind(c), &c["sub_id"]["uri"])).collect();
        assert_eq!(order, [(FEED_REMOVE.to_owned(), &json!(user)), (FEED_ADD.to_owned(), &json!(group))]);
        scim.delete(&user).await.expect(204);
        stream.says(&[]).await;
        // Who is deleted while they are in it goes by that, and by nothing else.
        scim.delete(&group).await.expect(204);
        one(&stream, DELETE, &group).await;
    }
);

story!(
    async fn where_nobody_listens_nothing_is_written(t) {
        let w = world(&t).await;
        let (contoso, acme) = (w.s.tenant("contoso").await, w.s.tenant("acme").await);
        // Somebody listens, but not to these.
        let stream = hears(&w, acme, false).await;
        let app = w.s.app(contoso, |_| {}).await;
        w.poll(&app, &[super::REVOKED]).await;
        // What is said of streams themselves comes from nothing that happens to people.
        asks(&w, (contoso, false), &[FEED_ADD, FEED_REMOVE]).await;
        let scim = w.s.directory(contoso).await;
        let count = async || {
            let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
            sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE topic = 'audit.told'").unwrap()
        };
        // What is remembered of streams is read again in a moment.
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let before = count().await;
        for n in 0..20 {
            let new = json!({ "userName": format!("p{n}") });
            let uri = format!("/Users/{}", scim.post("/Users", new).await.expect(201).json()["id"].as_str().unwrap());
            scim.patch(&uri, op("displayName", &json!("P"))).await.expect(200);
        }
        scim.post("/Groups", json!({ "displayName": "Team" })).await.expect(201);
        assert_eq!(count().await, before, "not one message");
        stream.says(&[]).await;
        // And where they do, each change is one.
        let other = w.s.directory(acme).await;
        other.post("/Users", json!({ "userName": "ann" })).await.expect(201);
        let told = stream.says(&[CREATE]).await;
        assert_eq!(kind(of(&told, CREATE)), CREATE);
        assert_eq!(count().await, before + 1);
    }
);

story!(
    async fn what_a_directory_may_count_on_is_in_its_configuration(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let scim = w.s.directory(tenant).await;
        // Nobody asked for any of it: a client that knows RFC 7643 alone finds nothing that it does not know.
        let about = scim.get("/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(about.get("securityEvents"), None);
        let _stream = hears(&w, tenant, false).await;
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let about = scim.get("/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(about["securityEvents"], json!({ "asyncRequest": "none", "eventUris": PROVISIONING }));
    }
);

/// Whoever looks for a person or group from here on fails.
async fn hide_groups(t: &TestDb) {
    let hide = "ALTER TABLE groups RENAME TO groups_elsewhere";
    match t.url() {
        Some(url) => {
            let mut c = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
            sqlx::query(hide).execute(&mut c).await.unwrap();
        }
        None => {
            let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
            c.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
            c.execute_batch(hide).unwrap();
        }
    }
}

story!(
    async fn a_stream_that_is_not_told_who_comes_and_goes_has_nobody_looked_up(t) {
        let w = world(&t).await;
        let (contoso, us) = (w.s.tenant("contoso").await, w.s.provider().await);
        let scim = w.s.directory(contoso).await;
        let kim = scim.post("/Users", json!({ "userName": "kim" })).await.expect(201).json();
        let uri = format!("/Users/{}", kim["id"].as_str().unwrap());
        // One hears of people and of nobody who comes into its stream, one of what becomes of sessions alone.
        let creations = asks(&w, (us, true), &[CREATE]).await;
        let plain = w.poll(&w.s.app(contoso, |_| {}).await, &[super::REVOKED]).await;
        let told = asks(&w, (us, true), &[FEED_REMOVE]).await;
        hide_groups(&t).await;
        let set = async |stream: &Stream, id: &str, what: &str| {
            let body = json!({ "stream_id": id, "subject": { "format": "scim", "uri": uri } });
            stream.client.post(&format!("/ssf/subjects/{what}"), body).await
        };
        for stream in [&creations, &plain] {
            set(stream, &stream.id, "remove").await.expect(204);
            set(stream, &stream.id, "add").await.expect(200);
            stream.says(&[]).await;
        }
        // Nor for a stream that is another's, or for what one that is told of departures is not told of.
        set(&told, &creations.id, "remove").await.expect(404);
        set(&told, &told.id, "add").await.expect(200);
        // It is this look that is spared.
        set(&told, &told.id, "remove").await.expect(500);
    }
);
