//! Lists: page after page while they change, what filters find and leave out, and how a filter that cannot be is told.

use super::{call, own};
use crate::{
    access::{give, id, person, role, session, token},
    people::world::World,
    story,
    support::{
        person::{READ_ONLY, TECHNICIAN, TENANT_ADMIN},
        server::{Scim, TestServer},
    },
};
use muster::{
    actor::UserKind,
    clock::Clock,
    id::{TenantId, UserId},
    signins::{self, NewSignin, Reason},
    tx,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

pub(super) async fn get(s: &TestServer, path: &str) -> Value {
    own(s, "GET", path, Value::Null).await.expect(200).json()
}

/// What stands under `field` on each item of a page.
fn fields(page: &Value, field: &str) -> Vec<String> {
    let all = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    all.iter().map(|i| i[field].as_str().unwrap_or_else(|| panic!("{i}")).to_owned()).collect()
}

/// All that a list has, to its end; a page may be short although more follow.
pub(super) async fn whole(s: &TestServer, path: &str, field: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = get(s, &format!("{path}{mark}limit=2{cursor}")).await;
        assert!(page["items"].as_array().unwrap().len() <= 2, "{page}");
        seen.extend(fields(&page, field));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

/// One kind of thing that is listed.
struct Kind<'a> {
    s: &'a TestServer,
    scim: &'a Scim,
    acme: TenantId,
    ann: UserId,
    name: &'static str,
}

impl Kind<'_> {
    fn list(&self) -> String {
        match self.name {
            "tenants" => "/tenants".to_owned(),
            "sessions" => format!("/tenants/acme/users/{}/sessions", self.ann),
            name => format!("/tenants/acme/{name}"),
        }
    }
    async fn make(&self, n: usize) -> String {
        // Slugs before and after those that are read already.
        let slug = format!("t{}", (n * 37) % 100 + 100);
        let (path, body) = match self.name {
            "tenants" => ("/tenants".to_owned(), json!({"slug": slug, "name": "T"})),
            "sessions" => {
                return self.s.session(self.acme, self.ann, "pwd").await.session.to_string();
            }
            "groups" => {
                let g = json!({
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                    "displayName": format!("G{}", 90 - n),
                });
                let made = self.scim.post("/Groups", g).await.expect(201).json();
                return made["id"].as_str().unwrap().to_owned();
            }
            "roles" => (self.list(), json!({"name": format!("R{}", 90 - n), "permissions": []})),
            "users" => {
                (self.list(), json!({"kind": "tenant", "user_name": format!("u{}", 90 - n)}))
            }
            "apps" => {
                (self.list(), json!({"name": "A", "redirect_uris": ["https://a.example/cb"]}))
            }
            "integrations" => {
                (self.list(), json!({"name": format!("I{n}"), "scopes": ["users.view"]}))
            }
            "directories" => {
                (self.list(), json!({"name": format!("D{}", 90 - n), "preset": "entra"}))
            }
            other => panic!("{other}"),
        };
        let made = own(self.s, "POST", &path, body).await.expect(201).json();
        made["id"].as_str().unwrap().to_owned()
    }
    /// Whether it is gone from the list.
    async fn remove(&self, id: &str) -> bool {
        match self.name {
            "sessions" => return false,
            "groups" => {
                self.scim.delete(&format!("/Groups/{id}")).await.expect(204);
                return true;
            }
            "tenants" => {
                let path = format!("/tenants/{id}");
                let t = own(self.s, "PATCH", &path, json!({"status": "suspended"}))
                    .await
                    .expect(200)
                    .json();
                let path = format!("{path}?confirm={}", t["slug"].as_str().unwrap());
                own(self.s, "DELETE", &path, Value::Null).await.expect(200);
                return true;
            }
            _ => {}
        }
        let done = own(self.s, "DELETE", &format!("{}/{id}", self.list()), Value::Null).await;
        assert!(done.status.is_success(), "{}", done.text);
        true
    }
}

story!(async fn a_list_that_changes_is_read_without_a_gap_and_without_a_repeat(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    let ann = s.person(acme, "ann", READ_ONLY).await;
    for name in ["tenants", "users", "groups", "roles", "apps", "integrations", "directories", "sessions"] {
        let k = Kind { s: &s, scim: &scim, acme, ann, name };
        let mut made = Vec::new();
        for n in 0..9 {
            made.push(k.make(n).await);
        }
        let stood: BTreeSet<String> = whole(&s, &k.list(), "id").await.into_iter().collect();
        assert!(made.iter().all(|m| stood.contains(m)), "{name}: all are there");
        let (mut seen, mut cursor, mut n) = (Vec::new(), String::new(), 9);
        let mut gone = BTreeSet::new();
        loop {
            let page = get(&s, &format!("{}?limit=2{cursor}", k.list())).await;
            assert!(page["items"].as_array().unwrap().len() <= 2, "{name}: {page}");
            let on_it = fields(&page, "id");
            seen.extend(on_it.clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
            // Somebody adds one, and removes one that was read and one that was not.
            if n < 12 {
                k.make(n).await;
                let read = on_it.iter().find(|i| made.contains(i));
                let unread = made.iter().rev().find(|m| !seen.contains(m) && !gone.contains(*m));
                for one in [read, unread].into_iter().flatten() {
                    if k.remove(one).await {
                        gone.insert(one.clone());
                    }
                }
            }
            n += 1;
            assert!(n < 60, "{name}: it ends");
        }
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "{name}: nothing twice: {seen:?}");
        let missed: Vec<&String> = stood.iter().filter(|i| !gone.contains(*i) && !once.contains(*i)).collect();
        assert_eq!(missed, Vec::<&String>::new(), "{name}: nothing left out of {seen:?}");
    }
});

story!(async fn each_filter_finds_and_leaves_out(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    let w = world(&s);
    let scim = s.directory(acme).await;
    // Tenants.
    for (slug, name, tags) in [("alpha", "Über AG", &["gold"][..]), ("beta", "Beta", &["gold", "north"])] {
        let new = json!({"slug": slug, "name": name, "tags": tags});
        own(&s, "POST", "/tenants", new).await.expect(201);
    }
    own(&s, "PATCH", "/tenants/acme", json!({"tags": ["inner"]})).await.expect(200);
    own(&s, "PATCH", "/tenants/beta", json!({"status": "suspended"})).await.expect(200);
    // Users, by hand and of a directory.
    for name in ["ann", "bert"] {
        let new = json!({"kind": "tenant", "user_name": name});
        own(&s, "POST", "/tenants/acme/users", new).await.expect(201);
    }
    for (name, active) in [("carl", true), ("dora", false)] {
        let new = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": active});
        scim.post("/Users", new).await.expect(201);
    }
    let off = json!({"rows": [{"user": "bert", "action": "disable"}, {"user": "carl", "action": "disable"}]});
    own(&s, "POST", "/tenants/acme/users/bulk", off).await.expect(200);
    let group = |n: &str| json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": n});
    for name in ["Support", "Ündistinguished"] {
        scim.post("/Groups", group(name)).await.expect(201);
    }
    for name in ["Help desk", "Second line"] {
        let r = json!({"name": name, "permissions": ["users.view"]});
        own(&s, "POST", "/tenants/acme/roles", r).await.expect(201);
    }
    for (g, r) in [("Support", "Help desk"), ("Support", "Read-Only"), ("Ündistinguished", "Help desk")] {
        own(&s, "POST", "/tenants/acme/mappings", json!({"group": g, "role": r})).await.expect(201);
    }
    for (u, r) in [("ann", "Read-Only"), ("bert", "Read-Only"), ("ann", "Help desk")] {
        own(&s, "POST", "/tenants/acme/grants", json!({"user": u, "role": r})).await.expect(201);
    }
    let ada = s.person(us, "ada", TENANT_ADMIN).await;
    let g = json!({"user": ada, "home": "provider", "role": "Read-Only"});
    own(&s, "PATCH", &format!("/tenants/provider/users/{ada}"), json!({"kind": "administrator"})).await.expect(200);
    own(&s, "POST", "/grants", g).await.expect(201);
    for (list, mut body) in [
        ("apps", json!({"redirect_uris": ["https://a.example/cb"]})),
        ("integrations", json!({"scopes": ["users.view"]})),
    ] {
        for name in ["Wiki", "Bäckup"] {
            body["name"] = json!(name);
            let made = own(&s, "POST", &format!("/tenants/acme/{list}"), body.clone()).await.expect(201).json();
            if name == "Wiki" {
                let one = format!("/tenants/acme/{list}/{}", made["id"].as_str().unwrap());
                own(&s, "PATCH", &one, json!({"enabled": false})).await.expect(200);
            }
        }
    }
    for name in ["eva", "finn"] {
        let new = json!({"email": format!("{name}@acme.example")});
        let made = own(&s, "POST", "/tenants/acme/invitations", new).await.expect(201).json();
        if name == "finn" {
            let one = format!("/tenants/acme/invitations/{}", made["id"].as_str().unwrap());
            own(&s, "DELETE", &one, Value::Null).await.expect(204);
        }
    }
    let d = scim.directory;
    for (path, field, found) in [
        ("/tenants?text=ÜBER", "slug", &["alpha"][..]),
        ("/tenants?text=et", "slug", &["beta"]),
        ("/tenants?tag=gold", "slug", &["alpha", "beta"]),
        ("/tenants?tag=north", "slug", &["beta"]),
        ("/tenants?tag=nor", "slug", &[]),
        ("/tenants?tag=inner", "slug", &["acme"]),
        ("/tenants?status=suspended", "slug", &["beta"]),
        ("/tenants?status=active&tag=gold", "slug", &["alpha"]),
        ("/tenants?status=deleting", "slug", &[]),
        ("/tenants/acme/users?enabled=false&kind=tenant", "user_name", &["bert", "carl"]),
        ("/tenants/acme/users?enabled=true&kind=tenant", "user_name", &["ann", "dora", "eva@acme.example", "finn@acme.example"]),
        ("/tenants/acme/users?active=false", "user_name", &["dora"]),
        ("/tenants/acme/users?active=true&enabled=false&kind=tenant", "user_name", &["bert", "carl"]),
        (&format!("/tenants/acme/users?directory={d}&enabled=true"), "user_name", &["dora"]),
        ("/tenants/acme/users?text=AR&active=true", "user_name", &["carl"]),
        ("/tenants/acme/groups?text=üN", "display_name", &["Ündistinguished"]),
        ("/tenants/acme/groups?text=nobody", "display_name", &[]),
        ("/tenants/acme/roles?text=LINE", "name", &["Second line"]),
        ("/tenants/acme/roles?text=read", "name", &["Read-Only"]),
        ("/tenants/acme/mappings?role=Help%20desk", "group_name", &["Support", "Ündistinguished"]),
        ("/tenants/acme/mappings?role=Help%20desk&group=Support", "group_name", &["Support"]),
        ("/tenants/acme/mappings?role=Technician", "group_name", &[]),
        ("/tenants/acme/grants?role=read-only", "user_name", &["ann", "bert"]),
        ("/tenants/acme/grants?role=Help%20desk", "user_name", &["ann"]),
        (&format!("/grants?role={READ_ONLY}"), "user_name", &["ada"]),
        (&format!("/grants?role={TECHNICIAN}"), "user_name", &[]),
        (&format!("/holds?role={READ_ONLY}"), "user_name", &[]),
        ("/tenants/acme/holds?role=Read-Only", "user_name", &[]),
        ("/tenants/acme/apps?text=BÄ", "name", &["Bäckup"]),
        ("/tenants/acme/apps?enabled=false", "name", &["Wiki"]),
        ("/tenants/acme/apps?enabled=true&text=wiki", "name", &[]),
        ("/tenants/acme/integrations?text=bäc", "name", &["Bäckup"]),
        ("/tenants/acme/integrations?enabled=false", "name", &["Wiki"]),
        ("/tenants/acme/invitations?state=pending", "email", &["eva@acme.example"]),
        ("/tenants/acme/invitations?state=revoked", "email", &["finn@acme.example"]),
        ("/tenants/acme/invitations?state=accepted", "email", &[]),
    ] {
        let path = path.replace('Ü', "%C3%9C").replace('ü', "%C3%BC").replace('Ä', "%C3%84").replace('ä', "%C3%A4");
        assert_eq!(whole(&s, &path, field).await, found, "{path}");
    }
    // Who is in a tenant finds it among theirs, and by no tag: those are not shown to them.
    let ann = person(&w, acme, "anna", UserKind::Tenant).await;
    give(&w, &ann, acme, id(READ_ONLY)).await;
    for (path, found) in [("?text=acm", 1), ("?text=alp", 0), ("?tag=inner", 0), ("?status=active", 1)] {
        let mine = call(&s, Some(&session(&ann)), "GET", &format!("/tenants{path}"), "").await.expect(200).json();
        assert_eq!(mine["items"].as_array().unwrap().len(), found, "{path}: {mine}");
    }
});

story!(async fn a_filter_that_cannot_be_is_told(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    for (path, field) in [
        ("/tenants?status=asleep", "status"),
        ("/tenants?limit=0", "limit"),
        ("/tenants/acme/users?enabled=yes", "enabled"),
        ("/tenants/acme/users?active=1", "active"),
        ("/tenants/acme/users?directory=entra", "directory"),
        ("/tenants/acme/users?cursor=100", "cursor"),
        ("/tenants/acme/apps?enabled=", "enabled"),
        ("/tenants/acme/integrations?enabled=no", "enabled"),
        ("/tenants/acme/groups?cursor=x", "cursor"),
        ("/tenants/acme/roles?cursor=x", "cursor"),
        ("/tenants/acme/invitations?state=open", "state"),
        ("/grants?role=Read-Only", "role"),
        ("/tenants/acme/audit?action=user.Disable", "action"),
        ("/tenants/acme/audit?action=*", "action"),
        ("/tenants/acme/audit?action=user.*.x", "action"),
        ("/tenants/acme/audit?actor=anna", "actor"),
        ("/tenants/acme/audit?actor=user:anna", "actor"),
        ("/tenants/acme/audit?target=anna", "target"),
        ("/tenants/acme/audit?target=user:", "target"),
        ("/tenants/acme/audit?since=yesterday", "since"),
        ("/tenants/acme/audit?until=2026-13-01T00:00:00Z", "until"),
        ("/tenants/acme/audit?cursor=01900000-0000-7000-8000-000000000001", "cursor"),
        ("/audit?actor=nobody", "actor"),
        ("/audit?action=A", "action"),
        ("/tenants/acme/signins?outcome=good", "outcome"),
        ("/tenants/acme/signins?reason=bad_luck", "reason"),
        ("/tenants/acme/signins?directory=entra", "directory"),
        ("/tenants/acme/signins?since=now", "since"),
        ("/tenants/acme/signins?until=now", "until"),
        ("/tenants/acme/signins?cursor=5", "cursor"),
        ("/tenants/acme/sessions", ""),
    ] {
        let a = own(&s, "GET", path, Value::Null).await;
        let status = if field.is_empty() { 404 } else { 400 };
        assert_eq!(a.status, status, "{path}: {}", a.text);
        assert_eq!(a.json()["field"].as_str().unwrap_or(""), field, "{path}: {}", a.text);
    }
    // A role or a group by a name that nobody has is not there.
    for (path, field) in [("grants?role=Nobody", "role"), ("mappings?group=Nobody", "group"), ("holds?role=Nobody", "role")] {
        let a = own(&s, "GET", &format!("/tenants/acme/{path}"), Value::Null).await.expect(404).json();
        assert_eq!(a["field"], field, "{path}: {a}");
    }
});

/// A moment between what was done before and what is done after.
async fn moment() -> String {
    let wait = Duration::from_millis(5);
    tokio::time::sleep(wait).await;
    let now = Clock::System.now().rfc3339();
    tokio::time::sleep(wait).await;
    now
}

story!(async fn the_trail_is_sought_by_what_by_whom_to_what_and_when(t) {
    let s = TestServer::start(&t).await;
    let (us, acme) = (s.provider().await, s.tenant("acme").await);
    let w = world(&s);
    let may = role(&w, acme, "Edit", &["users.view", "users.edit", "users.add"], false).await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, may.id).await;
    let new = json!({"kind": "tenant", "user_name": "bert"});
    let bert = own(&s, "POST", "/tenants/acme/users", new).await.expect(201).json();
    let bert = format!("user:{}", bert["id"].as_str().unwrap());
    let before = moment().await;
    let rows = |action: &str| json!({"rows": [{"user": "bert", "action": action}]}).to_string();
    for action in ["disable", "enable"] {
        call(&s, Some(&session(&ann)), "POST", "/tenants/acme/users/bulk", &rows(action)).await.expect(200);
    }
    let after = moment().await;
    own(&s, "POST", "/tenants/acme/users/bulk", json!({"rows": [{"user": "bert", "action": "disable"}]})).await.expect(200);
    let by = format!("user:{}", ann.id);
    for (query, found) in [
        (format!("target={bert}"), &["user.disable", "user.enable", "user.disable", "user.add"][..]),
        (format!("target={bert}&action=user.disable"), &["user.disable", "user.disable"]),
        (format!("target={bert}&actor={by}"), &["user.enable", "user.disable"]),
        (format!("actor={by}"), &["user.enable", "user.disable"]),
        (format!("actor={by}&action=user.enable"), &["user.enable"]),
        ("action=user.disable".to_owned(), &["user.disable", "user.disable"]),
        ("action=user.disable&actor=owner".to_owned(), &["user.disable"]),
        ("action=user.disabl".to_owned(), &[]),
        ("action=user.disabl*".to_owned(), &["user.disable", "user.disable"]),
        ("action=role.*".to_owned(), &["role.create"]),
        ("action=tenant.*".to_owned(), &["tenant.create"]),
        (format!("since={after}"), &["user.disable"]),
        (format!("since={before}&until={after}"), &["user.enable", "user.disable"]),
        (format!("since={before}&action=user.enable"), &["user.enable"]),
        (format!("until={before}&target={bert}"), &["user.add"]),
        (format!("since={after}&until={before}"), &[]),
        (format!("actor=user:{}", UserId::new()), &[]),
        ("actor=system:nothing".to_owned(), &[]),
    ] {
        let path = format!("/tenants/acme/audit?{query}");
        assert_eq!(whole(&s, &path, "action").await, found, "{query}");
    }
    // Of the instance, and of a tenant by its id.
    let here = whole(&s, &format!("/audit?tenant={acme}&action=role.*"), "action").await;
    assert_eq!(here, ["role.create"]);
    assert_eq!(whole(&s, &format!("/audit?tenant={us}&action=tenant.*"), "action").await, ["tenant.create"]);
    own(&s, "POST", "/keys/rotate", json!({"at_once": false})).await.expect(200);
    let keys = whole(&s, "/audit?action=key.*&actor=owner", "action").await;
    assert!(!keys.is_empty() && keys.iter().all(|a| a.starts_with("key.")), "{keys:?}");
    assert_eq!(whole(&s, "/audit?action=user.*", "action").await, Vec::<String>::new());
});

story!(async fn attempts_to_sign_in_are_sought_by_how_and_when(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let d = s.directory(acme).await.directory;
    let ann = s.person(acme, "ann", READ_ONLY).await;
    let cx = s.app.system();
    let record = async |new: NewSignin| {
        tx!(s.app.store, &cx, [new], |tx| { signins::record(tx, acme, &new).await }).unwrap()
    };
    let one = record(NewSignin::success(ann, Some(d))).await;
    let two = record(NewSignin::not(Reason::MfaNotProved, Some(ann), Some(d))).await;
    let middle = moment().await;
    let three = record(NewSignin::not(Reason::IdpError, None, Some(d))).await;
    let four = record(NewSignin::not(Reason::UpstreamUnavailable, Some(ann), None)).await;
    for (query, found) in [
        (String::new(), vec![&four, &three, &two, &one]),
        ("bad=true".to_owned(), vec![&four, &three, &two]),
        ("outcome=success".to_owned(), vec![&one]),
        ("outcome=refused".to_owned(), vec![&three, &two]),
        ("outcome=failed".to_owned(), vec![&four]),
        ("reason=mfa_not_proved".to_owned(), vec![&two]),
        ("reason=outbound_refused".to_owned(), vec![]),
        (format!("directory={d}"), vec![&three, &two, &one]),
        (format!("directory={}", muster::id::DirectoryId::new()), vec![]),
        (format!("user={ann}"), vec![&four, &two, &one]),
        (format!("directory={d}&bad=true"), vec![&three, &two]),
        (format!("directory={d}&reason=upstream_unavailable"), vec![]),
        (format!("user={ann}&directory={d}"), vec![&two, &one]),
        (format!("user={ann}&directory={d}&bad=true"), vec![&two]),
        (format!("since={middle}"), vec![&four, &three]),
        (format!("until={middle}"), vec![&two, &one]),
        (format!("user={ann}&since={middle}"), vec![&four]),
        (format!("until={middle}&outcome=success"), vec![&one]),
    ] {
        let path = format!("/tenants/acme/signins?{query}");
        let seen = whole(&s, &path, "reference").await;
        assert_eq!(seen.iter().collect::<Vec<_>>(), found, "{query}");
    }
});

story!(async fn who_signed_in_is_named_to_whoever_sees_users(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let w = world(&s);
    let ann = person(&w, acme, "anna", UserKind::Tenant).await;
    let both = role(&w, acme, "Both", &["system.view_logs", "users.view"], false).await;
    let logs = role(&w, acme, "Logs", &["system.view_logs"], false).await;
    let (fay, lou) = (person(&w, acme, "fay", UserKind::Tenant).await, person(&w, acme, "lou", UserKind::Tenant).await);
    give(&w, &fay, acme, both.id).await;
    give(&w, &lou, acme, logs.id).await;
    let (cx, new) = (s.app.system(), NewSignin::success(ann.id, None));
    let one = tx!(s.app.store, &cx, [new], |tx| { signins::record(tx, acme, &new).await }).unwrap();
    let name = json!(ann.display_name.clone().unwrap_or(ann.user_name.clone()));
    for (who, told) in [
        (session(&fay), &name),
        (session(&lou), &Value::Null),
        (token(&fay, acme, &["system.view_logs"]), &Value::Null),
    ] {
        let all = call(&s, Some(&who), "GET", "/tenants/acme/signins", "").await.expect(200).json();
        assert_eq!((&all["items"][0]["reference"], &all["items"][0]["user_name"]), (&json!(one), told), "{all}");
        let path = format!("/tenants/acme/signins/{one}");
        let it = call(&s, Some(&who), "GET", &path, "").await.expect(200).json();
        assert_eq!((&it["user"], &it["user_name"]), (&json!(ann.id), told), "{it}");
    }
});
