//! What a console shows first: figures day by day, the server, whether letters arrive, how far a tenant is set up, and what
//! one can open.

use super::{call, own};
use crate::{
    access::session,
    mail, story,
    support::{
        TestDb,
        person::{READ_ONLY, TENANT_ADMIN, TestApp},
        server::TestServer,
    },
};
use muster::{
    access::guard,
    actor::{Actor, Principal, UserKind},
    clock::{Clock, Timestamp},
    id::{RequestId, TenantId, UserId},
    secret::Secret,
    signins::{self, NewSignin, Reason},
    sql,
    store::Store,
    tx, usage,
    users::{self, NewUser},
};
use serde_json::{Value, json};
use std::time::Duration;

async fn get(s: &TestServer, path: &str) -> Value {
    own(s, "GET", path, Value::Null).await.expect(200).json()
}

pub fn acts(home: TenantId, user: UserId, kind: UserKind) -> Actor {
    let (session, app, scopes, bound) = (None, None, None, None);
    Actor::prove(
        Principal::User { home, user, kind, session, app, scopes, bound },
        RequestId::new(),
    )
}

story!(async fn sign_ins_and_requests_are_counted_day_by_day(t) {
    let s = TestServer::start(&t).await;
    let (acme, bern) = (s.tenant("acme").await, s.tenant("bern").await);
    let ann = s.person(acme, "ann", READ_ONLY).await;
    let cx = s.app.system();
    let record = async |tenant: TenantId, new: NewSignin| {
        tx!(s.app.store, &cx, [new], |tx| { signins::record(tx, tenant, &new).await }).unwrap();
    };
    for _ in 0..3 {
        record(acme, NewSignin::success(ann, None)).await;
    }
    record(acme, NewSignin::not(Reason::MfaNotProved, Some(ann), None)).await;
    record(bern, NewSignin::not(Reason::MfaNotProved, None, None)).await;
    let scim = s.directory(acme).await;
    scim.post("/Users", json!({"userName": "dora"})).await.expect(201);
    scim.post("/Users", json!({"userName": "dora"})).await.expect(409);
    scim.get("/Users").await.expect(200);
    let told = get(&s, "/tenants/acme/statistics?days=7").await;
    let days = told["days"].as_array().unwrap();
    assert_eq!((days.len(), &told["complete"]), (7, &json!(true)));
    let names: Vec<&str> = days.iter().map(|d| d["day"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names[6] == &muster::clock::Clock::System.now().rfc3339()[..10], "{names:?}");
    let today = &days[6];
    assert_eq!(today["signins"], json!({"entered": 3, "refused": 1, "unfinished": 0}), "{told}");
    assert_eq!(today["provisioning"], json!({"ok": 2, "refused": 1, "failed": 0}), "{told}");
    let none = json!({"entered": 0, "refused": 0, "unfinished": 0});
    assert!(days[..6].iter().all(|d| d["signins"] == none), "{told}");
    assert_eq!(get(&s, "/tenants/acme/statistics").await["days"].as_array().unwrap().len(), 30);
    for days in ["0", "91", "x"] {
        let a = own(&s, "GET", &format!("/tenants/acme/statistics?days={days}"), Value::Null).await;
        assert_eq!(a.expect(400).json()["field"], "days");
    }
});

story!(async fn tokens_are_counted_day_by_day(t) {
    let s = TestServer::start(&t).await;
    let (acme, bern) = (s.tenant("acme").await, s.tenant("bern").await);
    let today = async |tenant: &str| {
        let told = get(&s, &format!("/tenants/{tenant}/statistics?days=2")).await;
        assert_eq!(told["days"][0]["tokens"], json!({"people": 0, "integrations": 0, "refused": 0}), "{told}");
        told["days"][1]["tokens"].clone()
    };
    let new = json!({"name": "RMM", "scopes": ["computers.view"]});
    let i = own(&s, "POST", "/tenants/acme/integrations", new).await.expect(201).json();
    let word = |field: &str| i[field].as_str().expect("a word").to_owned();
    let rmm = TestApp {
        id: word("id").parse().expect("an id"),
        client_id: word("client_id"),
        secret: word("client_secret"),
    };
    let asks = [("grant_type", "client_credentials")];
    s.token(&rmm, &asks).await.expect(400);
    assert_eq!(today("acme").await, json!({"people": 0, "integrations": 0, "refused": 1}));
    let given = json!({"user": i["user"], "role": "Read-Only"});
    own(&s, "POST", "/tenants/acme/grants", given).await.expect(201);
    for _ in 0..3 {
        s.token(&rmm, &asks).await.expect(200);
    }
    // Who does not prove who they are is nobody's.
    let wrong = TestApp { secret: "wrong".into(), ..rmm };
    s.token(&wrong, &asks).await.expect(401);
    let ann = s.person(acme, "ann", READ_ONLY).await;
    let ann = s.session(acme, ann, "mfa").await;
    let portal = s.app(acme, |_| {}).await;
    let code = s.code(&portal, &ann, &[("scope", "openid offline_access")]).await;
    let tokens = s.redeem(&portal, &code).await.expect(200).json();
    s.refresh(&portal, tokens["refresh_token"].as_str().expect("a refresh token")).await.expect(200);
    let told = json!({"people": 2, "integrations": 3, "refused": 1});
    assert_eq!(today("acme").await, told, "a code and a refresh token, three times a secret");
    assert_eq!(today("bern").await, json!({"people": 0, "integrations": 0, "refused": 0}));
    // What is written twice is not counted twice.
    s.app.gate.flush_counts(&s.app.system()).await.unwrap();
    assert_eq!(today("acme").await, told);
    // Old days go.
    let cx = s.app.system();
    let client = portal.id;
    tx!(s.app.store, &cx, [], |tx| {
        tx.unaudited("a test");
        let old = tx.now().minus(usage::KEPT).0 / Timestamp::DAY - 1;
        sql!(tx, exec, "INSERT INTO token_counts (tenant_id, day, app_id, integration, issued, refused)
                        VALUES ($1, $2, $3, false, 7, 7)", bern, old, client)
    }).unwrap();
    assert_eq!(usage::sweep(&s.app.store, &cx).await.unwrap(), 1);
    assert_eq!(today("acme").await, told);
});

async fn with_mail(t: &TestDb) -> (TestServer, std::sync::Arc<std::sync::Mutex<String>>) {
    let (port, letters) = mail::server().await;
    let s = TestServer::with(t, |c| {
        c.mail.server = Secret::from(format!("smtp://127.0.0.1:{port}"));
        c.mail.from = "Muster <muster@example.com>".into();
    })
    .await;
    (s, letters)
}

story!(async fn the_server_says_what_it_is_and_nothing_secret(t) {
    let (s, _) = with_mail(&t).await;
    s.tenant("acme").await;
    let a = own(&s, "GET", "/system", Value::Null).await.expect(200);
    let told = a.json();
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["public_url"], s.app.config.issuer());
    assert_eq!(told["database"], if t.store.is_postgres() { "postgres" } else { "sqlite" });
    assert_eq!(told["mail"], json!({"configured": true, "from": "Muster <muster@example.com>"}));
    assert!(told["limits"]["body_bytes"].as_u64().unwrap() > 1000 && told["uptime_seconds"].is_u64(), "{told}");
    assert!(!a.text.contains("smtp") && !a.text.contains("postgres://"), "{told}");
    let s = TestServer::company().await;
    assert_eq!(get(&s, "/system").await["mail"], json!({"configured": false, "from": null}));
});

story!(async fn a_test_letter_says_what_the_mail_server_answered(t) {
    let (s, letters) = with_mail(&t).await;
    let us = s.provider().await;
    let send = async |to: &str| own(&s, "POST", "/mail/test", json!({ "to": to })).await;
    let told = send("ops@example.com").await.expect(200).json();
    assert_eq!((&told["accepted"], &told["to"], &told["next"]), (&json!(true), &json!("ops@example.com"), &Value::Null));
    assert!(letters.lock().unwrap().contains("RCPT TO:<ops@example.com>"));
    let told = send("nobody@example.com").await.expect(200).json();
    assert_eq!(told["accepted"], false);
    assert!(told["answer"].as_str().unwrap().contains("550") && told["next"].is_string(), "{told}");
    assert_eq!(send("no address").await.expect(400).json()["field"], "to");
    // Without an address it is the caller's own.
    let new = NewUser {
        kind: UserKind::Administrator,
        user_name: "eve".into(),
        display_name: None,
        email: Some("eve@us.example".into()),
    };
    let eve = users::add(&s.app.store, &s.permit(us).await, new).await.unwrap();
    let role = json!({"user": eve.id, "home": "provider", "role": "Global Administrator"});
    own(&s, "POST", "/grants", role).await.expect(201);
    let told = call(&s, Some(&session(&eve)), "POST", "/mail/test", "{}").await.expect(200).json();
    assert_eq!((&told["to"], &told["accepted"]), (&json!("eve@us.example"), &json!(true)));
    assert_eq!(own(&s, "POST", "/mail/test", json!({})).await.expect(400).json()["field"], "to", "the owner has none");
    let acme = s.tenant("acme").await;
    let ann = acts(acme, s.person(acme, "ann", TENANT_ADMIN).await, UserKind::Tenant);
    call(&s, Some(&ann), "POST", "/mail/test", "{}").await.expect(403);
});

/// An item of a list of the checklist.
fn item<'a>(told: &'a Value, list: &str, id: &str) -> &'a Value {
    let all = told[list].as_array().unwrap_or_else(|| panic!("{told}"));
    all.iter().find(|i| i["id"] == id).unwrap_or_else(|| panic!("no {id}: {told}"))
}

story!(async fn the_checklist_says_what_is_done_and_what_waits(t) {
    let s = TestServer::start(&t).await;
    let us_id = s.provider().await;
    let acme = s.tenant("acme").await;
    let look = async || get(&s, "/tenants/acme/checklist").await;
    let told = look().await;
    for id in ["directory", "signin", "domain", "provisioning", "groups", "administrators"] {
        assert_eq!(item(&told, "setup", id)["done"], false, "{id}: {told}");
    }
    assert_eq!(item(&told, "setup", "mfa")["done"], true);
    assert!(told["setup"].as_array().unwrap().iter().all(|i| i["id"] != "break_glass"), "the provider's alone");
    assert!(told["attention"].as_array().unwrap().iter().all(|i| i["done"] == true && i["count"] == 0), "{told}");

    let scim = s.directory(acme).await;
    let mut members = Vec::new();
    for n in 0..10 {
        let made = scim.post("/Users", json!({"userName": format!("p{n}")})).await.expect(201).json();
        members.push(json!({"value": made["id"]}));
    }
    for name in ["Desk", "Idle"] {
        let g = json!({"displayName": name, "members": members});
        scim.post("/Groups", g).await.expect(201);
    }
    own(&s, "POST", "/tenants/acme/mappings", json!({"group": "Desk", "role": "Read-Only"})).await.expect(201);
    s.person(acme, "ann", TENANT_ADMIN).await;
    own(&s, "PUT", "/tenants/acme/policy", json!({"mfa": {"default": "never", "roles": {}}})).await.expect(200);
    // What is asked is written down a moment later; whoever looks at the log has it written at once.
    get(&s, &format!("/tenants/acme/directories/{}/log", scim.directory)).await;
    let told = look().await;
    for (id, done) in [("directory", true), ("provisioning", true), ("groups", true), ("administrators", false), ("mfa", false), ("signin", false)] {
        assert_eq!(item(&told, "setup", id)["done"], done, "{id}: {told}");
    }
    assert_eq!(item(&told, "setup", "groups")["count"], 1, "one gives nothing");
    assert_eq!(item(&told, "setup", "administrators")["count"], 1);
    s.person(acme, "bert", TENANT_ADMIN).await;
    let desk = get(&s, "/tenants/acme/groups?text=Desk").await["items"][0]["id"].clone();
    scim.delete(&format!("/Groups/{}", desk.as_str().unwrap())).await.expect(204);
    let gil = json!({"kind": "tenant", "user_name": "gil"});
    own(&s, "POST", "/tenants/acme/users", gil).await.expect(201);
    scim.post("/Users", json!({"userName": "gil"})).await.expect(409);
    let soon = muster::clock::Clock::System.now().plus(std::time::Duration::from_secs(86_400)).rfc3339();
    let path = format!("/tenants/acme/directories/{}/scim-tokens", scim.directory);
    own(&s, "POST", &path, json!({ "expires_at": soon })).await.expect(201);
    let new = json!({"name": "Autumn", "due_at": "2099-01-01T00:00:00Z", "reviewers": [{"user": "ann"}, {"user": "bert"}]});
    own(&s, "POST", "/tenants/acme/reviews", new).await.expect(201);
    let told = look().await;
    assert_eq!(item(&told, "setup", "administrators")["done"], true, "{told}");
    for (id, count) in [("parked", 1), ("adoptions", 1), ("secrets", 1), ("reviews", 1), ("holds", 0), ("elevations", 0), ("suspended", 0)] {
        assert_eq!(item(&told, "attention", id)["count"], count, "{id}: {told}");
    }
    // A customer's waiting things are nobody else's.
    let us = get(&s, "/tenants/provider/checklist").await;
    assert!(us["attention"].as_array().unwrap().iter().all(|i| i["count"] == 0), "{us}");
    assert_eq!(item(&us, "setup", "break_glass")["done"], false);
    own(&s, "POST", "/break-glass", json!({"user_name": "glass"})).await.expect(201);
    let us = get(&s, "/tenants/provider/checklist").await;
    assert_eq!(item(&us, "setup", "break_glass")["done"], true);
    // In numbers: what the reader may not list is not among them.
    let app = json!({"name": "Portal", "redirect_uris": ["https://portal.acme.example/cb"]});
    own(&s, "POST", "/tenants/acme/apps", app).await.expect(201);
    for name in ["Monitoring", "Tickets"] {
        let new = json!({"name": name, "scopes": ["computers.view"]});
        own(&s, "POST", "/tenants/acme/integrations", new).await.expect(201);
    }
    let wanted = json!({"users": 15, "groups": 1, "directories": 1, "apps": 1, "integrations": 2});
    assert_eq!(look().await["numbers"], wanted);
    for (name, also, wanted) in [
        ("sven", None, json!({"directories": 1, "apps": 1})),
        ("paul", Some("users.view"), json!({"users": 17, "groups": 1, "directories": 1, "apps": 1})),
        ("ines", Some("system.manage_integrations"), json!({"directories": 1, "apps": 1, "integrations": 2})),
    ] {
        let permissions: Vec<&str> = ["system.view_settings"].into_iter().chain(also).collect();
        let role = json!({"name": format!("Of {name}"), "permissions": permissions});
        let role = own(&s, "POST", "/tenants/acme/roles", role).await.expect(201).json();
        let user = s.person(acme, name, role["id"].as_str().unwrap()).await;
        let user = acts(acme, user, UserKind::Tenant);
        let told = call(&s, Some(&user), "GET", "/tenants/acme/checklist", "").await.expect(200).json();
        assert_eq!(told["numbers"], wanted, "{name}");
    }
    // However somebody is an administrator, the guard and the list count the same.
    let same = async |want: u64| {
        assert_eq!(item(&look().await, "setup", "administrators")["count"], want);
        let cx = s.app.system();
        let acting = tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("nothing is written");
            guard::acting_administrators(tx, acme).await
        });
        assert_eq!(acting.unwrap().len() as u64, want);
    };
    same(2).await;
    // By a group of the provider's, over the whole instance: no administrator of this company's own.
    let there = s.directory(us_id).await;
    let made = there.post("/Users", json!({"userName": "gina"})).await.expect(201).json();
    own(&s, "PATCH", &format!("/tenants/provider/users/{}", made["id"].as_str().unwrap()), json!({"kind": "administrator"})).await.expect(200);
    there.post("/Groups", json!({"displayName": "Chiefs", "members": [{"value": made["id"]}]})).await.expect(201);
    own(&s, "POST", "/tenants/provider/mappings", json!({"group": "Chiefs", "role": "Global Administrator", "everywhere": true})).await.expect(201);
    same(2).await;
    // By a group of its own.
    let stay = get(&s, "/tenants/acme/groups?text=Idle").await["items"][0]["id"].clone();
    own(&s, "POST", "/tenants/acme/mappings", json!({"group": stay, "role": "Tenant Administrator"})).await.expect(201);
    same(2).await;
});

fn noon(t: Timestamp) -> Timestamp {
    Timestamp((t.0.div_euclid(Timestamp::DAY) * 2 + 1) * Timestamp::DAY / 2)
}

story!(async fn what_a_day_came_to_is_remembered_once_it_is_over(t) {
    let clock = Clock::manual(noon(t.store.clock().now()));
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |_| {}).await;
    let (acme, cx) = (s.tenant("acme").await, s.app.system());
    let refused = async || {
        let new = NewSignin::not(Reason::MfaNotProved, None, None);
        tx!(s.app.store, &cx, [new], |tx| { signins::record(tx, acme, &new).await }).unwrap();
    };
    let told = async || {
        let all = get(&s, "/tenants/acme/statistics?days=3").await;
        let days = all["days"].as_array().unwrap().clone();
        days.iter().map(|d| d["signins"]["refused"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    refused().await;
    refused().await;
    assert_eq!(told().await, [0, 0, 2]);
    clock.advance(Duration::from_secs(86_400));
    refused().await;
    assert_eq!(told().await, [0, 2, 1]);
    // What it was counted from is not looked at again; what goes on is.
    tx!(s.app.store, &cx, [], |tx| {
        tx.unaudited("test");
        sql!(tx, exec, "DELETE FROM signins WHERE tenant_id = $1", acme)
    })
    .unwrap();
    assert_eq!(told().await, [0, 2, 0]);
    refused().await;
    assert_eq!(told().await, [0, 2, 1]);
    // A day further back than was asked for before is counted as well.
    let all = get(&s, "/tenants/acme/statistics?days=7").await;
    assert_eq!(all["days"][5]["signins"]["refused"], 2, "{all}");
});

story!(async fn where_there_is_much_one_day_after_the_other_is_counted_whole(t) {
    let clock = Clock::manual(noon(t.store.clock().now()));
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |_| {}).await;
    let (acme, cx) = (s.tenant("acme").await, s.app.system());
    let new = NewSignin::not(Reason::MfaNotProved, None, None);
    tx!(s.app.store, &cx, [new], |tx| { signins::record(tx, acme, &new).await }).unwrap();
    // As many as no answer counts beside others, yesterday and the day before.
    let pieces = [(1, 20_000_i64, 10), (2, 20_000, 10), (2, 1, 1)];
    for (day, n) in pieces.into_iter().flat_map(|(day, n, times)| (0..times).map(move |_| (day, n))) {
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("test");
            let at = tx.now().minus(Duration::from_secs(day * 86_400));
            sql!(tx, exec, {
                lite: "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < $3)
                       INSERT INTO signins (tenant_id, id, reference, at, outcome, detail)
                       SELECT $1, randomblob(16), hex(randomblob(8)) || '-' || n.i, $2, 'success', '{}' FROM n",
                pg: "INSERT INTO signins (tenant_id, id, reference, at, outcome, detail)
                     SELECT $1, gen_random_uuid(), gen_random_uuid()::text, $2, 'success', '{}'::jsonb
                     FROM generate_series(1::bigint, $3) AS n(i)",
            }, acme, at, n)
        })
        .unwrap();
    }
    let told = async || {
        let all = get(&s, "/tenants/acme/statistics?days=4").await;
        let days = all["days"].as_array().unwrap().clone();
        let entered = days.iter().map(|d| d["signins"]["entered"].as_i64().unwrap());
        (entered.collect::<Vec<_>>(), all["complete"].as_bool().unwrap())
    };
    assert_eq!(told().await, (vec![0, 0, 200_000, 0], false));
    assert_eq!(told().await, (vec![0, 200_001, 200_000, 0], false));
    assert_eq!(told().await, (vec![0, 200_001, 200_000, 0], true));
    // What was known stays, and what is new is the one day that is over since.
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(told().await, (vec![200_001, 200_000, 0, 0], true));
});

story!(async fn one_opens_what_ones_company_and_the_platform_offer(t) {
    let s = TestServer::start(&t).await;
    let (us, acme, bern) = (s.provider().await, s.tenant("acme").await, s.tenant("bern").await);
    let ann = s.person(acme, "ann", READ_ONLY).await;
    let app = async |tenant: TenantId, name: &str, uri: Option<&str>, platform: bool| {
        s.app(tenant, |new| {
            new.name = name.into();
            new.platform = platform;
            new.settings.client_uri = uri.map(Into::into);
            new.settings.logo_uri = Some("https://acme.example/logo.png".into());
        })
        .await
    };
    app(acme, "Wiki", Some("https://wiki.acme.example/"), false).await;
    let off = app(acme, "Off", Some("https://off.acme.example/"), false).await;
    app(acme, "No page", None, false).await;
    app(bern, "Theirs", Some("https://wiki.bern.example/"), false).await;
    app(us, "Console", Some("https://console.example/"), true).await;
    app(us, "Internal", Some("https://internal.example/"), false).await;
    own(&s, "PATCH", &format!("/tenants/acme/apps/{}", off.id), json!({"enabled": false})).await.expect(200);
    let who = acts(acme, ann, UserKind::Tenant);
    let told = call(&s, Some(&who), "GET", "/me/apps", "").await.expect(200).json();
    let all: Vec<(&str, &str)> = told["items"].as_array().unwrap().iter()
        .map(|a| (a["name"].as_str().unwrap(), a["address"].as_str().unwrap())).collect();
    assert_eq!(all, [("Console", "https://console.example/"), ("Wiki", "https://wiki.acme.example/")]);
    assert_eq!(told["items"][1]["logo_uri"], "https://acme.example/logo.png");
});
