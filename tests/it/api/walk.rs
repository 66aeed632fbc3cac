//! Every route once, to its good end; each answer is held against the description ([`super::openapi::check`]).

use super::{call, openapi::route, own};
use crate::{
    outbox::given_up,
    story,
    support::{
        server::{Scim, TestServer},
        way_in,
    },
};
use muster::{
    actor::{Actor, Principal, UserKind},
    api::TABLE,
    id::{RequestId, TenantId, UserId},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

struct Walk<'a> {
    s: &'a TestServer,
    done: BTreeSet<(&'static str, &'static str)>,
}
impl Walk<'_> {
    async fn go(&mut self, method: &str, path: &str, body: Value) -> Value {
        let a = own(self.s, method, path, body).await;
        assert!(a.status.is_success(), "{method} {path}: {} {}", a.status, a.text);
        let r = route(method, path).expect("a route");
        self.done.insert((r.method, r.path));
        let json = a.header("content-type") == "application/json";
        if json { a.json() } else { Value::Null }
    }
    /// By somebody else than the owner.
    async fn by(&mut self, who: &Actor, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let a = call(self.s, Some(who), method, path, &body).await;
        assert!(a.status.is_success(), "{method} {path}: {} {}", a.status, a.text);
        let r = route(method, path).expect("a route");
        self.done.insert((r.method, r.path));
        if a.text.is_empty() { Value::Null } else { a.json() }
    }
    async fn get(&mut self, path: &str) -> Value {
        self.go("GET", path, Value::Null).await
    }
    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.go("POST", path, body).await
    }
    async fn delete(&mut self, path: &str) -> Value {
        self.go("DELETE", path, Value::Null).await
    }
}

fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id: {v}")).to_owned()
}

/// What an application asked to be told.
async fn streams(w: &mut Walk<'_>) {
    let new = json!({"name": "Hears", "redirect_uris": ["https://hears.example/cb"]});
    let app = w.post("/tenants/acme/apps", new).await;
    let (of, secret) = (|n: &str| app[n].as_str().unwrap().to_owned(), "client_secret");
    let form = [("grant_type", "client_credentials"), ("scope", "ssf.manage")];
    let c = w.s.browser();
    let r = c.request(reqwest::Method::POST, "/oauth/token").form(&form);
    let token = c.send(r.basic_auth(of("client_id"), Some(of(secret)))).await.expect(200).json();
    let c = c.bearer(token["access_token"].as_str().unwrap());
    c.post("/ssf/stream", json!({})).await.expect(201);
    let one = format!("/tenants/acme/apps/{}/event-stream", of("id"));
    w.get(&one).await;
    w.go("PUT", &one, json!({"status": "paused", "reason": "a walk"})).await;
    w.delete(&one).await;
}

/// What waits for a decision: a person whom the directory wants, one whom it does not get back, roles of many.
async fn owned(w: &mut Walk<'_>, scim: &Scim) {
    let all = "/tenants/acme";
    let gil = json!({"kind": "tenant", "user_name": "gil@acme.example"});
    w.post(&format!("{all}/users"), gil).await;
    scim.post("/Users", json!({"userName": "gil@acme.example"})).await.expect(409);
    let one = id(&w.get(&format!("{all}/adoptions")).await["items"][0]);
    w.get(&format!("{all}/adoptions/{one}")).await;
    w.post(&format!("{all}/adoptions/{one}"), json!({"decision": "accept"})).await;
    let gil =
        id(&scim.post("/Users", json!({"userName": "gil@acme.example"})).await.expect(201).json());
    w.delete(&format!("{all}/users/{gil}")).await;
    let one = id(&w.get(&format!("{all}/tombstones")).await["items"][0]);
    w.delete(&format!("{all}/tombstones/{one}")).await;
    let mut members = Vec::new();
    for n in 0..10 {
        let new = json!({"userName": format!("desk{n}")});
        members.push(json!({"value": scim.post("/Users", new).await.expect(201).json()["id"]}));
    }
    let g = json!({"displayName": "Desk", "members": members});
    let g = id(&scim.post("/Groups", g).await.expect(201).json());
    w.post(&format!("{all}/mappings"), json!({"group": g, "role": "Read-Only"})).await;
    scim.delete(&format!("/Groups/{g}")).await.expect(204);
    let one = id(&w.get(&format!("{all}/parked")).await["items"][0]);
    let told = w.get(&format!("{all}/parked/{one}")).await;
    let user = told["lost"][0]["user"].as_str().unwrap();
    w.get(&format!("{all}/explain?user={user}&permission=users.view")).await;
    w.post(&format!("{all}/parked/{one}"), json!({"decision": "apply"})).await;
}

/// A role for a while: in a tenant, and on the whole instance.
async fn elevated(w: &mut Walk<'_>, user: &str) {
    let us = id(&w.get("/tenants/us").await);
    let who = Actor::prove(
        Principal::User {
            home: us.parse().unwrap(),
            user: user.parse().unwrap(),
            kind: UserKind::Administrator,
            session: None,
            app: None,
            scopes: None,
            bound: None,
        },
        RequestId::new(),
    );
    for at in ["", "/tenants/us"] {
        let role = if at.is_empty() { "Global Administrator" } else { "Technician" };
        let e = json!({"user": user, "home": "us", "role": role, "max_minutes": 60});
        let e = id(&w.post(&format!("{at}/eligibilities"), e).await);
        w.get(&format!("{at}/eligibilities")).await;
        let ask = json!({"eligibility": e, "minutes": 30, "reason": "a walk"});
        w.by(&who, "GET", "/me/eligibilities", Value::Null).await;
        let asked = id(&w.by(&who, "POST", "/me/elevations", ask).await);
        w.by(&who, "GET", "/me/elevations", Value::Null).await;
        w.get(&format!("{at}/elevations")).await;
        w.get(&format!("{at}/elevations/{asked}")).await;
        w.post(&format!("{at}/elevations/{asked}"), json!({"decision": "approve"})).await;
        w.by(&who, "DELETE", &format!("/me/elevations/{asked}"), Value::Null).await;
        w.delete(&format!("{at}/eligibilities/{e}")).await;
    }
}

/// A review from its beginning to its evidence.
async fn reviewed(w: &mut Walk<'_>, reviewer: &str) {
    let all = "/tenants/us/reviews";
    let new = json!({
        "name": "Autumn", "reviewers": [{"user": reviewer}], "due_at": "2099-01-01T00:00:00Z",
        "role": "Read-Only",
    });
    let one = format!("{all}/{}", id(&w.post(all, new).await));
    w.get(all).await;
    w.get(&one).await;
    let items = w.get(&format!("{one}/items?undecided=true")).await;
    let keep = json!({"items": [items["items"][0]["id"]], "decision": "keep"});
    w.post(&format!("{one}/items"), keep).await;
    w.post(&format!("{one}/close"), json!({"anyway": true})).await;
    w.get(&format!("{one}/items?outcome=kept")).await;
    w.get(&format!("{one}/export")).await;
    w.get(&format!("{one}/export?format=csv")).await;
    w.get(&format!("{one}/check?sha256={}", "a".repeat(64))).await;
    let due = muster::clock::Clock::System.now().plus(std::time::Duration::from_secs(3600));
    let new = json!({
        "name": "Autumn", "reviewers": [{"user": reviewer}], "due_at": due.rfc3339(),
        "role": "Read-Only", "every_days": 90,
    });
    w.post(all, new).await;
    let plan = id(&w.get("/tenants/us/review-plans").await["items"][0]);
    w.delete(&format!("/tenants/us/review-plans/{plan}")).await;
}

/// What a console shows first, and what somebody looks for again and again.
async fn shown(w: &mut Walk<'_>, home: TenantId, user: UserId) {
    w.get("/system").await;
    let sent = w.post("/mail/test", json!({"to": "ops@acme.example"})).await;
    assert_eq!(sent["accepted"], false, "there is no mail server: {sent}");
    w.get("/tenants/acme/checklist").await;
    w.get("/tenants/acme/statistics?days=7").await;
    w.get("/tenants/acme/audit/export").await;
    w.get("/tenants/acme/audit/export?format=ndjson&action=user.*").await;
    let give = json!({"user": user, "role": "Tenant Administrator"});
    w.post("/tenants/acme/grants", give).await;
    let (session, app, scopes, bound) = (None, None, None, None);
    let kind = UserKind::Tenant;
    let who = Principal::User { home, user, kind, session, app, scopes, bound };
    let who = Actor::prove(who, RequestId::new());
    let all = "/tenants/acme/audit/views";
    let new = json!({"name": "Given", "query": "action=grant.*"});
    let one = id(&w.by(&who, "POST", all, new).await);
    w.by(&who, "GET", all, Value::Null).await;
    w.by(&who, "DELETE", &format!("{all}/{one}"), Value::Null).await;
    w.by(&who, "GET", "/me/apps", Value::Null).await;
}

story!(async fn every_route_answers_as_described(t) {
    let s = TestServer::start(&t).await;
    let mut w = Walk { s: &s, done: BTreeSet::new() };

    // The instance.
    w.post("/tenants", json!({"slug": "us", "name": "Us", "provider": true})).await;
    w.post("/tenants", json!({"slug": "acme", "name": "Acme"})).await;
    for path in ["/me", "/catalogue", "/role-templates", "/openapi.json", "/tenants", "/tenants/acme", "/keys", "/audit"] {
        w.get(path).await;
    }
    w.post("/keys/rotate", json!({"at_once": false})).await;
    w.post("/doctor", json!({})).await;
    let try_it = json!({"steps": [{
        "method": "PATCH", "path": "/tenants/acme", "body": {"tags": ["tried"]},
    }]});
    w.post("/rehearsals", try_it).await;
    let try_it = json!({"steps": [{"method": "DELETE", "path": "/tenants/acme/default-role"}]});
    w.post("/tenants/acme/rehearsals", try_it).await;
    w.go("PATCH", "/tenants/acme", json!({"status": "suspended"})).await;
    w.go("PATCH", "/tenants/acme", json!({"status": "active"})).await;
    w.get("/tenants/acme/policy").await;
    w.go("PUT", "/tenants/acme/policy", json!({"mfa": {"default": "by_role", "roles": {}}})).await;
    w.go("PUT", "/tenants/acme/letters", json!({"display_name": "Acme", "colour": "#1F5FBF", "locale": "de"})).await;
    w.get("/tenants/acme/letters").await;
    w.get("/tenants/acme/letters/unsent").await;
    let acme = id(&w.get("/tenants/acme").await).parse().unwrap();
    let [one, other] = given_up(&t, acme).await.map(|l| format!("/tenants/acme/letters/unsent/{l}"));
    w.post(&format!("{one}/try"), json!({})).await;
    w.delete(&other).await;
    w.post("/domains", json!({"domain": "acme.example", "tenant": "acme"})).await;
    w.get("/domains").await;
    w.delete("/domains/acme.example").await;

    // The last Global Administrator comes from a directory, and is taken away by it.
    let us = w.get("/tenants/us").await;
    let scim = s.directory(id(&us).parse().unwrap()).await;
    let new = |name: &str| json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
        "externalId": name, "active": true,
    });
    let ada = id(&scim.post("/Users", new("ada@us.example")).await.expect(201).json());
    way_in(&s.app.store, scim.tenant, ada.parse().unwrap()).await;
    w.go("PATCH", &format!("/tenants/us/users/{ada}"), json!({"kind": "administrator"})).await;
    let g = json!({"user": ada, "home": "us", "role": "Global Administrator"});
    w.post("/grants", g).await;
    scim.delete(&format!("/Users/{ada}")).await.expect(204);
    let hold = id(&w.get("/holds").await["items"][0]);
    let made = w.post("/administrators", json!({"user_name": "eve"})).await;
    let glass = w.post("/break-glass", json!({"user_name": "glass"})).await;
    let reason = json!({"reason": "a drill"});
    w.post(&format!("/break-glass/{}/arm", glass["user"].as_str().unwrap()), reason).await;
    w.get("/break-glass").await;
    w.post(&format!("/holds/{hold}"), json!({"decision": "drop"})).await;
    elevated(&mut w, made["user"]["id"].as_str().unwrap()).await;
    let read = json!({"kind": "tenant", "user_name": "rita"});
    let rita = id(&w.post("/tenants/us/users", read).await);
    w.post("/tenants/us/grants", json!({"user": rita, "role": "Read-Only"})).await;
    reviewed(&mut w, made["user"]["id"].as_str().unwrap()).await;
    let again = json!({"user": made["user"]["id"], "home": "us", "role": "Read-Only"});
    let g = id(&w.post("/grants", again).await);
    w.get("/grants").await;
    w.delete(&format!("/grants/{g}")).await;

    // Domains of its own: the walk has no DNS server that knows of it.
    w.post("/tenants/acme/domains", json!({"domain": "acme.example"})).await;
    w.get("/tenants/acme/domains").await;
    w.post("/tenants/acme/domains/acme.example/check", json!({})).await;
    w.delete("/tenants/acme/domains/acme.example").await;

    // Directories.
    let all = "/tenants/acme/directories";
    let d = json!({
        "name": "Entra", "preset": "entra",
        "signin": {"issuer": "https://login.example/1", "client_id": "m", "client_secret": "x"},
    });
    let d = format!("{all}/{}", id(&w.post(all, d).await));
    w.get(all).await;
    w.get(&d).await;
    // {"alg":"ES256"} and the claims {"iss":"https://login.example/2"}.
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUvMiJ9.c2ln";
    w.post(&format!("{d}/simulate"), json!({ "token": token })).await;
    // A test login, what is offered, and how it is: nobody has the provider's name.
    w.post(&format!("{d}/signin-tests"), json!({})).await;
    w.get(&format!("{d}/signin-tests")).await;
    w.post(&format!("{d}/activate"), json!({})).await;
    w.get(&format!("{d}/signin-health")).await;
    w.go("PATCH", &d, json!({"name": "Entra ID", "signin": null})).await;
    let token = w.post(&format!("{d}/scim-tokens"), json!({"expires_at": "2099-01-01T00:00:00Z"})).await;
    w.get(&format!("{d}/scim-tokens")).await;
    w.delete(&format!("{d}/scim-tokens/{}", id(&token))).await;
    let link = w.post(&format!("{d}/setup-links"), json!({"note": "Sam", "hours": 1})).await;
    w.get(&format!("{d}/setup-links")).await;
    w.delete(&format!("{d}/setup-links/{}", id(&link))).await;
    w.go("PUT", &format!("{d}/signals"), json!({"session_revoked": "ignore"})).await;
    w.get(&format!("{d}/signals")).await;
    w.post(&format!("{d}/signals/secret"), json!({})).await;
    w.delete(&format!("{d}/signals")).await;
    w.delete(&d).await;

    // What directories may say besides the standard's attributes.
    let all = "/tenants/acme/schemas";
    let badge = json!({"id": "urn:acme:badge:User", "name": "Badge", "attributes": [{"name": "tag"}]});
    w.post(all, badge.clone()).await;
    w.get(all).await;
    let one = format!("{all}/urn:acme:badge:User");
    w.get(&one).await;
    w.go("PUT", &one, badge).await;
    w.delete(&one).await;

    // A directory's people: the tenant's last administrator, and a group.
    let acme = id(&w.get("/tenants/acme").await).parse().unwrap();
    let scim = s.directory(acme).await;
    let bob = id(&scim.post("/Users", new("bob@acme.example")).await.expect(201).json());
    way_in(&s.app.store, acme, bob.parse().unwrap()).await;
    let cid = id(&scim.post("/Users", new("cid@acme.example")).await.expect(201).json());
    let at = format!("/tenants/acme/directories/{}", scim.directory);
    w.get(&format!("{at}/health")).await;
    let log = w.get(&format!("{at}/log?method=POST&resource=User&status=2xx")).await;
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
    w.go("PATCH", &at, json!({"provisioning": {"log": {"bodies": "full"}}})).await;
    scim.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Sales",
    })).await.expect(201);
    let entry = id(&w.get(&format!("{at}/log?limit=1")).await["items"][0]);
    w.get(&format!("{at}/log/{entry}")).await;
    let again = w.post(&format!("{at}/log/{entry}/replay"), json!({})).await;
    assert_eq!((&again["status"], &again["applied"]), (&json!(409), &json!(false)));
    scim.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Support",
        "members": [{"value": cid}],
    })).await.expect(201);
    let g = json!({"user": bob, "role": "Tenant Administrator", "reason": "first"});
    w.post("/tenants/acme/grants", g).await;
    scim.delete(&format!("/Users/{bob}")).await.expect(204);
    let hold = id(&w.get("/tenants/acme/holds").await["items"][0]);
    w.post(&format!("/tenants/acme/holds/{hold}"), json!({"decision": "drop"})).await;
    let groups = w.get("/tenants/acme/groups?text=support").await;
    let whole = w.get(&format!("/tenants/acme/groups/{}", id(&groups["items"][0]))).await;
    assert_eq!((&whole["members"][0]["id"], &whole["member_count"]), (&json!(cid), &json!(1)));
    let members = w.get(&format!("/tenants/acme/groups/{}/members", id(&groups["items"][0]))).await;
    assert_eq!(members["items"][0]["id"], cid.as_str());

    // Roles, mappings, grants.
    let r = json!({"name": "Help desk", "permissions": ["users.view"]});
    let role = format!("/tenants/acme/roles/{}", id(&w.post("/tenants/acme/roles", r).await));
    w.get("/tenants/acme/roles/export").await;
    w.get(&format!("{role}/difference?with=Technician")).await;
    w.get(&format!("{role}/uses")).await;
    w.get("/tenants/acme/roles?uses=true").await;
    w.get(&role).await;
    w.go("PATCH", &role, json!({"description": "They help."})).await;
    let m = json!({"group": "Support", "role": "Help desk"});
    w.post("/tenants/acme/mappings/preview", m.clone()).await;
    let m = id(&w.post("/tenants/acme/mappings", m).await);
    w.get("/tenants/acme/mappings").await;
    w.post(&format!("/tenants/acme/mappings/{m}/preview"), json!({})).await;
    w.post(&format!("/tenants/acme/mappings/{m}/adopt"), json!({})).await;
    w.post(&format!("/tenants/acme/groups/{}/preview", id(&groups["items"][0])), json!({})).await;
    w.post(&format!("{role}/preview"), json!({"delete": true})).await;
    w.get("/tenants/acme/who-can?permission=users.view").await;
    w.get(&format!("/tenants/acme/explain?user={cid}&permission=users.view")).await;
    w.get(&format!("/tenants/acme/explain?user={cid}&permission=users.delete")).await;
    let row = json!({"user": cid, "action": "end_sessions"});
    w.post("/tenants/acme/users/bulk", json!({"rows": [row], "dry_run": true})).await;
    w.get(&format!("/tenants/acme/users/{cid}/access")).await;
    w.delete(&format!("/tenants/acme/mappings/{m}")).await;
    let default = "/tenants/acme/default-role";
    w.get(default).await;
    w.post(&format!("{default}/preview"), json!({"role": "Help desk"})).await;
    w.go("PUT", default, json!({"role": "Help desk"})).await;
    w.post(&format!("{default}/adopt"), json!({})).await;
    w.get(default).await;
    w.get(&format!("/tenants/acme/explain?user={cid}&permission=users.view")).await;
    w.delete(default).await;
    let g = id(&w.post("/tenants/acme/grants", json!({"user": cid, "role": "Help desk"})).await);
    w.get("/tenants/acme/grants").await;
    w.delete(&format!("/tenants/acme/grants/{g}")).await;
    w.delete(&role).await;

    // A person.
    let new = json!({"kind": "tenant", "user_name": "dora", "display_name": "Dora"});
    let dora = id(&w.post("/tenants/acme/users", new).await);
    let user = format!("/tenants/acme/users/{dora}");
    w.get("/tenants/acme/users").await;
    w.get(&user).await;
    w.go("PATCH", &user, json!({"email": "dora@acme.example"})).await;
    w.go("PUT", &format!("{user}/password"), json!({"password": "violet harbour 27 lanterns"})).await;
    w.post(&format!("{user}/one-time-code"), Value::Null).await;
    w.post(&format!("{user}/unlock"), Value::Null).await;
    w.post(&format!("{user}/reset-link"), Value::Null).await;
    w.post(&format!("{user}/reset-factors"), Value::Null).await;
    w.post(&format!("{user}/one-time-code"), Value::Null).await;
    w.delete(&format!("{user}/one-time-code")).await;
    let roles = json!({"access": [{"tenant": "acme", "roles": ["Read-Only"]}]});
    w.go("PUT", &format!("{user}/access"), roles).await;
    w.get(&format!("{user}/access")).await;
    let one = s.session(acme, dora.parse().unwrap(), "mfa").await;
    w.get(&format!("{user}/sessions")).await;
    let who = Actor::prove(
        Principal::User {
            home: acme,
            user: one.user,
            kind: UserKind::Tenant,
            session: Some(one.session),
            app: None,
            scopes: None,
            bound: None,
        },
        RequestId::new(),
    );
    let own = format!("/me/sessions/{}", one.session);
    w.by(&who, "PATCH", &own, json!({"name": "Work laptop"})).await;
    w.by(&who, "GET", "/me/sessions", Value::Null).await;
    w.by(&who, "DELETE", "/me/sessions", Value::Null).await;
    w.by(&who, "DELETE", &own, Value::Null).await;
    w.delete(&format!("{user}/sessions/{}", one.session)).await;
    w.delete(&format!("{user}/sessions")).await;
    let asks = s.app(acme, |new| new.settings.trusted = false).await;
    let cx = s.app.system();
    let (dora, scopes) = (dora.parse().unwrap(), vec!["openid".to_owned()]);
    muster::apps::consents::allow(&s.app.store, &cx, acme, dora, asks.id, scopes).await.unwrap();
    w.get(&format!("{user}/consents")).await;
    w.delete(&format!("{user}/consents/{}", asks.id)).await;
    w.get(&format!("{user}/removal")).await;
    w.delete(&user).await;

    // Invitations.
    let i = json!({"email": "finn@acme.example", "roles": [{"role": "Read-Only"}]});
    let i = format!("/tenants/acme/invitations/{}", id(&w.post("/tenants/acme/invitations", i).await));
    w.get("/tenants/acme/invitations").await;
    let rows = json!({"rows": [{"email": "gwen@acme.example"}, {"email": "no"}, {"email": "finn@acme.example"}]});
    w.post("/tenants/acme/invitations/bulk", rows).await;
    w.get(&i).await;
    w.post(&format!("{i}/resend"), Value::Null).await;
    w.post(&format!("{i}/bounced"), json!({"email": "finn@acme.example", "complaint": true})).await;
    let one = id(&w.get("/tenants/acme/suppressions").await["items"][0]);
    w.delete(&format!("/tenants/acme/suppressions/{one}")).await;
    w.delete(&i).await;

    owned(&mut w, &scim).await;

    // Applications and integration users.
    let app = json!({"name": "Portal", "redirect_uris": ["https://portal.example/cb"]});
    let int = json!({"name": "RMM", "scopes": ["computers.view"], "roles": ["Read-Only"]});
    for (kind, new) in [("apps", app), ("integrations", int)] {
        let all = format!("/tenants/acme/{kind}");
        let one = format!("{all}/{}", id(&w.post(&all, new).await));
        w.get(&all).await;
        w.get(&one).await;
        w.go("PATCH", &one, json!({"enabled": false})).await;
        if kind == "integrations" {
            w.post(&format!("{one}/adopt"), json!({})).await;
        }
        w.post(&format!("{one}/secrets"), json!({})).await;
        let secrets = w.get(&format!("{one}/secrets")).await;
        w.delete(&format!("{one}/secrets/{}", id(&secrets["items"][0]))).await;
        w.delete(&one).await;
    }

    streams(&mut w).await;

    // What happened.
    w.get("/tenants/acme/audit?limit=5").await;
    let cx = s.app.system();
    let reference = muster::tx!(s.app.store, &cx, [], |tx| {
        let new = muster::signins::NewSignin::not(muster::signins::Reason::MfaNotProved, None, None);
        muster::signins::record(tx, acme, &new).await
    }).unwrap();
    w.get("/tenants/acme/signins?bad=true").await;
    w.get(&format!("/tenants/acme/signins/{reference}")).await;
    w.get(&format!("/signins/{reference}")).await;
    w.get("/password-rules").await;

    let vera = json!({"kind": "tenant", "user_name": "vera"});
    let vera = id(&w.post("/tenants/acme/users", vera).await);
    shown(&mut w, acme, vera.parse().unwrap()).await;

    // The end of a tenant.
    w.post("/tenants", json!({"slug": "gone", "name": "Gone"})).await;
    w.get("/tenants/gone/export").await;
    w.go("PATCH", "/tenants/gone", json!({"status": "suspended"})).await;
    w.go("PATCH", "/tenants/gone", json!({"name": "Going"})).await;
    w.delete("/tenants/gone?confirm=gone").await;
    w.get(&format!("/audit?tenant={acme}")).await;
    w.get("/audit/export").await;

    let left: Vec<_> =
        TABLE.iter().map(|r| (r.method, r.path)).filter(|r| !w.done.contains(r)).collect();
    assert!(left.is_empty(), "not walked: {left:?}");
});
