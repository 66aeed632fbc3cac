//! One act on each of many users: each row is done by itself and by its own right, and the answer says what became of it.

use super::{call, own};
use crate::{
    access::{give, person, role, session},
    people::world::World,
    story,
    support::{
        person::{READ_ONLY, TENANT_ADMIN},
        server::TestServer,
    },
};
use muster::{
    actor::{Actor, UserKind},
    id::{TenantId, UserId},
};
use reqwest::Method;
use serde_json::{Value, json};

const BULK: &str = "/tenants/acme/users/bulk";

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

async fn add(s: &TestServer, tenant: &str, name: &str) -> String {
    let new = json!({"kind": "tenant", "user_name": name});
    let made = own(s, "POST", &format!("/tenants/{tenant}/users"), new).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn bulk(s: &TestServer, rows: Value) -> Value {
    own(s, "POST", BULK, json!({ "rows": rows })).await.expect(200).json()
}

async fn dry(s: &TestServer, rows: Value) -> Value {
    own(s, "POST", BULK, json!({ "rows": rows, "dry_run": true })).await.expect(200).json()
}

async fn by(s: &TestServer, who: &Actor, body: Value) -> super::Answer {
    call(s, Some(who), "POST", BULK, &body.to_string()).await
}

/// Of each row: what became of it, the status, and the field at fault.
fn told(done: &Value) -> Vec<(&str, u64, Option<&str>)> {
    done["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            assert_eq!(r["problem"].is_object(), r["outcome"] != "done", "{r}");
            let status = r["status"].as_u64().unwrap();
            if r["problem"].is_object() {
                assert_eq!(r["problem"]["status"], status, "{r}");
            }
            (r["outcome"].as_str().unwrap(), status, r["problem"]["field"].as_str())
        })
        .collect()
}

fn counts(done: &Value) -> [u64; 3] {
    ["done", "refused", "stopped"].map(|n| done[n].as_u64().unwrap_or_else(|| panic!("{done}")))
}

async fn users(s: &TestServer) -> Vec<(String, bool)> {
    let all = own(s, "GET", "/tenants/acme/users?limit=500", Value::Null).await.expect(200).json();
    let one = |u: &Value| (u["user_name"].as_str().unwrap().to_owned(), u["enabled"] == true);
    all["items"].as_array().unwrap().iter().map(one).collect()
}

story!(async fn each_row_is_done_by_itself_and_told_what_became_of_it(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    s.tenant("other").await;
    let [ann, _, carl] = [add(&s, "acme", "ann").await, add(&s, "acme", "bert").await, add(&s, "acme", "carl").await];
    // A name that is a part of others is theirs alone.
    for name in ["annabel", "joann", "annxann"] {
        add(&s, "acme", name).await;
    }
    let cid: UserId = carl.parse().unwrap();
    s.session(acme, cid, "pwd").await;
    s.session(acme, cid, "pwd").await;
    let done = bulk(&s, json!([
        {"user": "Ann", "action": "disable"},
        {"user": "nobody", "action": "disable"},
        {"user": carl, "action": "end_sessions"},
        {"user": "bert", "action": "give_role", "role": "Read-Only"},
        {"user": "bert", "action": "give_role", "role": "read-only"},
        {"user": "bert", "action": "give_role"},
        {"user": "bert", "action": "give_role", "role": "No such role"},
        {"user": "bert", "action": "disable", "role": "Read-Only"},
        {"user": "bert", "action": "give_role", "role": "Read-Only", "tenant": "other"},
        {"user": "bert", "action": "take_role", "role": "Read-Only"},
        {"user": "bert", "action": "take_role", "role": "Read-Only"},
        {"user": carl, "action": "delete", "version": 99},
        {"user": "carl", "action": "delete", "version": 1},
        {"user": carl, "action": "delete"},
        {"user": ann, "action": "enable"},
        {"user": ann, "action": "enable", "version": 1},
    ])).await;
    assert_eq!(told(&done), [
        ("done", 200, None),
        ("refused", 404, Some("user")),
        ("done", 200, None),
        ("done", 201, None),
        ("refused", 409, None),
        ("refused", 400, Some("role")),
        ("refused", 404, Some("role")),
        ("refused", 400, Some("role")),
        ("refused", 403, Some("role")),
        ("done", 204, None),
        ("refused", 404, Some("role")),
        ("refused", 412, Some("version")),
        ("done", 204, None),
        ("refused", 404, Some("user")),
        ("done", 200, None),
        ("refused", 400, Some("version")),
    ], "{done:#}");
    assert_eq!((counts(&done), &done["dry_run"]), ([6, 10, 0], &json!(false)));
    let row = |n: usize| &done["rows"][n];
    assert_eq!((&row(0)["id"], &row(0)["user"], &row(0)["person"]["enabled"]), (&json!(ann), &json!("Ann"), &json!(false)));
    assert_eq!(row(2)["ended"], json!({"sessions": 2, "families": 0}));
    assert_eq!((&row(3)["grants"], row(3)["grants"].as_array().unwrap().len()), (&row(9)["grants"], 1));
    assert_eq!(row(14)["person"]["enabled"], true);
    let left: Vec<String> = users(&s).await.into_iter().map(|u| u.0).collect();
    assert_eq!(left, ["ann", "bert", "annabel", "joann", "annxann"], "{left:?}");
    // Each is in the trail as if it had been sent alone.
    let trail = own(&s, "GET", &format!("/tenants/acme/audit?target=user:{ann}"), Value::Null).await.expect(200).json();
    let actions: Vec<&str> = trail["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.enable", "user.disable", "user.add"]);
});

story!(async fn each_row_wants_the_right_of_its_own_act(t) {
    let s = TestServer::start(&t).await;
    let (acme, w) = (s.tenant("acme").await, world(&s));
    for name in ["ann", "bert", "carl"] {
        add(&s, "acme", name).await;
    }
    let rows = json!({"rows": [
        {"user": "ann", "action": "disable"},
        {"user": "bert", "action": "delete"},
        {"user": "carl", "action": "give_role", "role": "Read-Only"},
        {"user": "carl", "action": "end_sessions"},
    ]});
    let mut asked = Vec::new();
    for (name, permissions) in [
        ("editor", &["users.view", "users.edit"][..]),
        ("remover", &["users.view", "users.delete"]),
        ("giver", &["users.view", "users.manage_roles"]),
        ("viewer", &["users.view"]),
        ("stranger", &["users.edit", "users.delete"]),
    ] {
        let who = person(&w, acme, name, UserKind::Tenant).await;
        let r = role(&w, acme, name, permissions, false).await;
        give(&w, &who, acme, r.id).await;
        let a = by(&s, &session(&who), rows.clone()).await;
        asked.push((name, a));
    }
    let (last, ended) = asked.split_last().unwrap();
    assert_eq!((last.0, last.1.status.as_u16()), ("stranger", 403), "the route shows who people are");
    let no = ("refused", 403, Some("action"));
    let (ok, gone) = (("done", 200, None), ("done", 204, None));
    let should = [
        vec![ok, no, no, ok],
        vec![no, gone, no, no],
        // What the role permits is more than the giver holds.
        vec![no, no, ("refused", 403, Some("action")), no],
        vec![no, no, no, no],
    ];
    for ((name, a), should) in ended.iter().zip(should) {
        let done = a.json();
        assert_eq!(told(&done), should, "{name}: {done:#}");
    }
    let why = ended[2].1.json()["rows"][2]["problem"]["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("nobody gives what they do not hold"), "{why}");
    // Whoever takes their own right away has it no more in the rows that follow.
    let last = person(&w, acme, "last", UserKind::Tenant).await;
    let r = role(&w, acme, "Last", &["users.view", "users.manage_roles"], false).await;
    give(&w, &last, acme, r.id).await;
    for dry_run in [true, false] {
        let give = json!({"user": "carl", "action": "give_role", "role": "viewer"});
        let mut again = give.clone();
        again["role"] = json!("Last");
        let rows = json!([give, {"user": "last", "action": "take_role", "role": "Last"}, again]);
        let rows = json!({"rows": rows, "dry_run": dry_run});
        let done = by(&s, &session(&last), rows).await.expect(200).json();
        assert_eq!(told(&done), [("done", 201, None), ("done", 204, None), no], "{done:#}");
    }
});

story!(async fn another_companys_people_are_not_there(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let w = world(&s);
    let theirs = person(&w, other, "otto", UserKind::Tenant).await;
    let ours = person(&w, us, "tom", UserKind::Technician).await;
    let boss = person(&w, acme, "boss", UserKind::Tenant).await;
    give(&w, &boss, acme, TENANT_ADMIN.parse().unwrap()).await;
    for who in [session(&boss), s.owner()] {
        for action in ["disable", "enable", "delete", "end_sessions", "give_role", "take_role"] {
            let row = |id: UserId| {
                let mut row = json!({"user": id, "action": action});
                if action.ends_with("role") {
                    row["role"] = json!("Read-Only");
                }
                row
            };
            let missing = UserId::new();
            for dry_run in [false, true] {
                let rows = json!({"rows": [row(theirs.id), row(ours.id), row(missing)], "dry_run": dry_run});
                let done = by(&s, &who, rows).await.expect(200).json();
                let problem = |n: usize, id: UserId| {
                    let text = done["rows"][n]["problem"].to_string();
                    text.replace(&id.to_string(), "ID")
                };
                assert_eq!(counts(&done), [0, 3, 0], "{action}: {done:#}");
                assert_eq!(done["rows"][0]["status"], 404, "{action}: {done:#}");
                assert_eq!(problem(0, theirs.id), problem(2, missing), "{action}");
                assert_eq!(problem(1, ours.id), problem(2, missing), "{action}");
            }
        }
        let named = json!({"rows": [{"user": "otto", "action": "disable"}, {"user": "nemo", "action": "disable"}]});
        let done = by(&s, &who, named).await.expect(200).json();
        assert_eq!(told(&done), [("refused", 404, Some("user")), ("refused", 404, Some("user"))]);
        // A tenant that the caller does not see, and one that is not there.
        let row = |tenant: &str| json!({"user": boss.id, "action": "give_role", "role": "Read-Only", "tenant": tenant});
        if who.user().is_some() {
            let rows = json!({"rows": [row("other"), row("nowhere"), row(&other.to_string())]});
            let done = by(&s, &who, rows).await.expect(200).json();
            let problems: Vec<&Value> = done["rows"].as_array().unwrap().iter().map(|r| &r["problem"]).collect();
            assert_eq!((problems[0], problems[2]), (problems[1], problems[1]), "{done:#}");
            assert_eq!(problems[1]["field"], "tenant");
        }
    }
    // Who works for both companies names nobody of the one in the other.
    let tess = person(&w, us, "tess", UserKind::Technician).await;
    for t in [acme, other] {
        give(&w, &tess, t, TENANT_ADMIN.parse().unwrap()).await;
    }
    for action in ["give_role", "take_role"] {
        let row = |id: UserId| json!({"user": id, "action": action, "role": "Read-Only", "tenant": "other"});
        let rows = json!({"rows": [row(boss.id), row(UserId::new())]});
        let done = by(&s, &session(&tess), rows).await.expect(200).json();
        assert_eq!(told(&done), [("refused", 404, Some("user")); 2], "{done:#}");
        assert_eq!(done["rows"][0]["problem"], done["rows"][1]["problem"]);
    }
    let all = own(&s, "GET", "/tenants/other/users", Value::Null).await.expect(200).json();
    assert_eq!((&all["items"][0]["enabled"], all["items"].as_array().unwrap().len()), (&json!(true), 1));
});

story!(async fn the_last_administrator_stays_also_when_both_are_in_one_request(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    for name in ["ada", "bea"] {
        s.person(acme, name, TENANT_ADMIN).await;
    }
    for action in ["disable", "delete", "take_role"] {
        let row = |user: &str| match action {
            "take_role" => json!({"user": user, "action": action, "role": "Tenant Administrator"}),
            _ => json!({"user": user, "action": action}),
        };
        let rows = json!([row("ada"), row("bea")]);
        let done = dry(&s, rows.clone()).await;
        assert_eq!(counts(&done), [1, 1, 0], "{action}: each is judged by what is left: {done:#}");
        assert_eq!(done["rows"][1]["problem"]["code"], "last_administrator", "{done:#}");
        assert_eq!(users(&s).await, [("ada".to_owned(), true), ("bea".to_owned(), true)], "nothing stays of it");
    }
    let done = bulk(&s, json!([{"user": "ada", "action": "disable"}, {"user": "bea", "action": "disable"}])).await;
    assert_eq!((counts(&done), &done["rows"][1]["problem"]["code"]), ([1, 1, 0], &json!("last_administrator")));
    assert_eq!(users(&s).await, [("ada".to_owned(), false), ("bea".to_owned(), true)]);
});

story!(async fn what_is_left_stops_when_the_callers_session_ends(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    s.person(acme, "ada", TENANT_ADMIN).await;
    let boss = s.person(acme, "boss", TENANT_ADMIN).await;
    add(&s, "acme", "ann").await;
    let who = s.session(acme, boss, "mfa").await;
    for (dry_run, action) in [(true, "end_sessions"), (true, "disable"), (false, "end_sessions")] {
        let rows = json!({"rows": [
            {"user": "nobody", "action": "enable"},
            {"user": "boss", "action": action},
            {"user": "ann", "action": "disable"},
            {"user": "ann", "action": "delete"},
        ], "dry_run": dry_run});
        let c = s.browser();
        let r = c.request(Method::POST, &format!("/api/v1{BULK}"));
        let r = r.header("cookie", format!("muster_session={}", who.cookie)).header("origin", &s.url);
        let done = c.send(r.json(&rows)).await.expect(200).json();
        assert_eq!(counts(&done), [1, 1, 2], "{done:#}");
        let stopped = ("stopped", 401, None);
        assert_eq!(told(&done), [("refused", 404, Some("user")), ("done", 200, None), stopped, stopped]);
        let why = done["rows"][3]["problem"]["detail"].as_str().unwrap();
        assert!(why.contains("session or token ended"), "{why}");
        assert!(users(&s).await.iter().all(|u| u.1), "nothing was done to ann");
    }
});

story!(async fn a_dry_run_says_what_would_go_and_leaves_all_as_it_is(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    let new = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "cid", "active": true});
    let cid = scim.post("/Users", new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let ann = s.person(acme, "ann", READ_ONLY).await;
    s.session(acme, ann, "pwd").await;
    let trail = async || own(&s, "GET", "/tenants/acme/audit?limit=500", Value::Null).await.expect(200).json();
    let before = trail().await;
    let removal = async |id: &str| {
        own(&s, "GET", &format!("/tenants/acme/users/{id}/removal"), Value::Null).await.expect(200).json()
    };
    let (told_ann, told_cid) = (removal(&ann.to_string()).await, removal(&cid).await);
    let done = dry(&s, json!([
        {"user": "ann", "action": "delete"},
        {"user": cid, "action": "delete"},
        {"user": "ann", "action": "delete"},
        {"user": cid, "action": "disable"},
    ])).await;
    // The later rows find what the earlier ones would have left.
    let gone = ("refused", 404, Some("user"));
    assert_eq!(told(&done), [("done", 204, None), ("done", 204, None), gone, gone], "{done:#}");
    assert_eq!(done["dry_run"], true);
    for (n, told) in [(0, &told_ann), (1, &told_cid)] {
        let row = &done["rows"][n];
        assert_eq!((&row["removes"], &row["warnings"]), (&told["removes"], &told["warnings"]));
        assert_eq!(row["person"], told["user"]);
    }
    assert_eq!(done["rows"][0]["removes"]["sessions"], 1);
    assert_eq!(done["rows"][1]["warnings"].as_array().unwrap().len(), 1, "a directory's");
    assert_eq!(trail().await, before, "nothing was recorded");
    assert_eq!(removal(&ann.to_string()).await, told_ann);
    // Giving and taking are rehearsed as well.
    let rows = json!([
        {"user": "ann", "action": "take_role", "role": "Read-Only"},
        {"user": "ann", "action": "give_role", "role": "Read-Only"},
        {"user": "ann", "action": "give_role", "role": "Read-Only"},
    ]);
    let done = dry(&s, rows).await;
    assert_eq!(told(&done), [("done", 204, None), ("done", 201, None), ("refused", 409, None)], "{done:#}");
    assert_eq!(trail().await, before);
});

story!(async fn so_many_rows_and_no_more_and_under_a_key_once(t) {
    let s = TestServer::start(&t).await;
    let acme: TenantId = s.tenant("acme").await;
    add(&s, "acme", "ann").await;
    let rows = |n: usize| vec![json!({"user": "nobody", "action": "disable"}); n];
    for (n, dry_run) in [(0, false), (501, false), (0, true), (101, true)] {
        let no = own(&s, "POST", BULK, json!({"rows": rows(n), "dry_run": dry_run})).await.expect(400).json();
        assert_eq!(no["field"], "rows", "{n} {dry_run}: {no}");
    }
    assert_eq!(counts(&bulk(&s, json!(rows(500))).await), [0, 500, 0]);
    assert_eq!(counts(&dry(&s, json!(rows(100))).await), [0, 100, 0]);
    // One that cannot be read is told by its place, and nothing is done.
    for (odd, field, word) in [
        (json!({"user": "ann", "action": "promote"}), "rows[17].action", "it cannot be 'promote'"),
        (json!({"user": "ann"}), "rows[17].action", "'action' is missing"),
        (json!({"action": "disable"}), "rows[17].user", "'user' is missing"),
        (json!({"user": 7, "action": "disable"}), "rows[17].user", "should be a text"),
        (json!({"user": "ann", "action": "disable", "colour": "red"}), "rows[17].colour", "there is no field"),
        (json!({"user": "a\u{0}n", "action": "disable"}), "rows[17].user", "NUL"),
        (json!("ann"), "rows[17]", "should be an object"),
    ] {
        let mut all = vec![json!({"user": "ann", "action": "disable"}); 30];
        all[17] = odd;
        // A later one may be wrong in the same way; the first is told.
        all[25] = all[17].clone();
        let no = own(&s, "POST", BULK, json!({ "rows": all })).await.expect(400).json();
        assert_eq!(no["field"], field, "{no}");
        assert!(no["detail"].as_str().unwrap().contains(word), "{no}");
    }
    let whole = json!({"rows": [{"user": "ann", "action": "disable"}], "dry": true});
    assert_eq!(own(&s, "POST", BULK, whole).await.expect(400).json()["field"], "dry");
    assert_eq!(own(&s, "POST", BULK, json!({"dry_run": true})).await.expect(400).json()["field"], "rows");
    let nested = json!({"rows": [
        {"email": "a@acme.example"},
        {"email": "b@acme.example", "roles": [{"role": "Read-Only"}, {"role": "Read-Only", "where": "acme"}]},
    ]});
    let no = own(&s, "POST", "/tenants/acme/invitations/bulk", nested).await.expect(400).json();
    assert_eq!(no["field"], "rows[1].roles[1].where", "{no}");
    let path = "/tenants/acme/users?text=ann";
    assert_eq!(own(&s, "GET", path, Value::Null).await.expect(200).json()["items"][0]["enabled"], true);
    // Sent twice under one key, it is done once; a dry run leaves its key free.
    let boss = s.person(acme, "boss", TENANT_ADMIN).await;
    let who = s.session(acme, boss, "mfa").await;
    let send = async |key: &str, body: Value| {
        let c = s.browser();
        let r = c.request(Method::POST, &format!("/api/v1{BULK}")).header("idempotency-key", key);
        let r = r.header("cookie", format!("muster_session={}", who.cookie)).header("origin", &s.url);
        c.send(r.json(&body)).await.expect(200)
    };
    let one = json!({"rows": [{"user": "ann", "action": "delete"}]});
    let thought = json!({"rows": [{"user": "ann", "action": "delete"}], "dry_run": true});
    let free = send("k", thought.clone()).await;
    assert_eq!((counts(&free.json()), free.header("idempotency-replayed")), ([1, 0, 0], ""));
    let first = send("k", one.clone()).await;
    let again = send("k", one.clone()).await;
    assert_eq!((counts(&first.json()), first.text == again.text), ([1, 0, 0], true));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(counts(&send("other", one).await.json()), [0, 1, 0], "she is gone");
});
