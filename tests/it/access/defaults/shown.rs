//! What is told of a default role: before it is set, in reviews and documents, by HTTP; and what it gives is nobody's to
//! hand out who holds less.

use super::set;
use crate::{
    access::{READ_ONLY, SELF_SERVICE, TECHNICIAN, give, id, person, role, session},
    api::{call, own},
    mail,
    people::world::World,
    story,
    support::TestServer,
};
use muster::{
    access::{
        catalogue::TENANT_ADMINISTRATOR,
        defaults, grants,
        mappings::{self, Target},
        perm::UsersManageRoles,
        preview::{self, Preview},
        reviews::{self, Decision, Filter, New, Outcome, Undecided, Verdict, Wanted, Way},
    },
    actor::UserKind,
    error::Kind,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}
/// Who changes how: name, gains, loses.
fn who(p: &Preview) -> Vec<(&str, usize, usize)> {
    p.changes
        .iter()
        .map(|c| {
            (
                c.label.as_str(),
                c.there.iter().map(|t| t.gains.len()).sum(),
                c.there.iter().map(|t| t.loses.len()).sum(),
            )
        })
        .collect()
}

story!(async fn it_says_beforehand_who_gains_and_who_loses(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (ann, bea) = (w.user(&s, "ann").await, w.user(&s, "bea").await);
    let g = w.group(&s, "Desk", &[bea.id]).await;
    let desk = role(&w, acme.id, "Desk", &["users.view", "users.edit"], false).await;
    let view = role(&w, acme.id, "View", &["users.view"], false).await;
    let p = w.may::<UsersManageRoles>(acme.id).await;
    let m = mappings::create(&w.access, &p, Target::Own, g.id, desk.id).await.unwrap();
    let said = preview::default_role(&w.access, &p, Some(view.id), 10).await.unwrap();
    assert_eq!((said.people, said.gaining, said.losing), (2, 1, 0));
    assert_eq!(who(&said), [("ann", 1, 0)]);
    assert!(w.access.effective(acme.id, ann.id, acme.id).await.unwrap().is_empty(), "nothing was done");
    set(&w, acme.id, Some(view.id)).await;
    assert!(w.access.effective(acme.id, ann.id, acme.id).await.unwrap().allows("users.view"), "it does what it said");
    let said = preview::default_role(&w.access, &p, Some(desk.id), 10).await.unwrap();
    assert_eq!(who(&said), [("ann", 1, 0)]);
    let said = preview::default_role(&w.access, &p, None, 10).await.unwrap();
    assert_eq!((who(&said), said.losing), (vec![("ann", 0, 1)], 1));
    // What takes somebody out of a mapped group gives them the default, and the other way round.
    let said = preview::unmap(&w.access, &p, m.id, 10).await.unwrap();
    assert_eq!(who(&said), [("bea", 0, 1)], "users.view is hers either way");
    let said = preview::disband(&w.access, &p, g.id, 10).await.unwrap();
    assert_eq!(who(&said), [("bea", 0, 1)]);
    let said = preview::role(&w.access, &p, desk.id, None, 10).await.unwrap();
    assert_eq!(who(&said), [("bea", 0, 1)]);
    let said = preview::role(&w.access, &p, view.id, None, 10).await.unwrap();
    assert_eq!(who(&said), [("ann", 0, 1)]);
    let plain = w.group(&s, "Plain", &[ann.id]).await;
    let said = preview::map(&w.access, &p, Target::Own, plain.id, id(SELF_SERVICE), 10).await.unwrap();
    assert_eq!(who(&said), [("ann", 1, 1)]);
    // Refused where saving would be.
    let small = person(&w, acme.id, "small", UserKind::Tenant).await;
    give(&w, &small, acme.id, role(&w, acme.id, "Roles", &["users.manage_roles"], false).await.id).await;
    let p = w.access.require::<UsersManageRoles>(&session(&small), acme.id).await.unwrap();
    for role in [desk.id, TENANT_ADMINISTRATOR] {
        let e = preview::default_role(&w.access, &p, Some(role), 10).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
    }
});

story!(async fn it_is_followed_to_whom_its_author_gave_something(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (ann, bea) = (w.user(&s, "ann").await, w.user(&s, "bea").await);
    let g = w.group(&s, "Desk", &[bea.id]).await;
    let lead = role(&w, acme.id, "Lead", &["users.manage_roles", "computers.edit"], false).await;
    let desk = role(&w, acme.id, "Desk", &["computers.edit"], false).await;
    let p = w.may::<UsersManageRoles>(acme.id).await;
    set(&w, acme.id, Some(lead.id)).await;
    let hers = w.access.require::<UsersManageRoles>(&session(&ann), acme.id).await.unwrap();
    mappings::create(&w.access, &hers, Target::Own, g.id, desk.id).await.unwrap();
    let said = preview::default_role(&w.access, &p, None, 10).await.unwrap();
    assert_eq!(who(&said), [("ann", 0, 2), ("bea", 0, 1)], "bea's mapping is ann's to answer for");
    set(&w, acme.id, None).await;
    assert!(w.access.effective(acme.id, bea.id, acme.id).await.unwrap().is_empty(), "it did what it said");
});

story!(async fn a_review_lists_it_as_a_way_and_leaves_it(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (ann, bea) = (w.user(&s, "ann").await, w.user(&s, "bea").await);
    let g = w.group(&s, "Desk", &[bea.id]).await;
    let p = w.may::<UsersManageRoles>(acme.id).await;
    mappings::create(&w.access, &p, Target::Own, g.id, id(TECHNICIAN)).await.unwrap();
    set(&w, acme.id, Some(id(READ_ONLY))).await;
    let (boss, spare) =
        (person(&w, acme.id, "boss", UserKind::Tenant).await, person(&w, acme.id, "spare", UserKind::Tenant).await);
    for b in [&boss, &spare] {
        give(&w, b, acme.id, TENANT_ADMINISTRATOR).await;
    }
    let new = New {
        name: "Autumn".into(),
        filter: Filter::default(),
        reviewers: [&boss, &spare].iter().map(|u| (u.tenant_id, u.id)).collect(),
        due_at: w.store.clock().now().plus(Duration::from_secs(3600)),
        undecided: Undecided::Keep,
        every_days: None,
    };
    let r = reviews::open(&w.access, &p, new).await.unwrap();
    let items = reviews::items(&w.access, &p, r.id, Wanted::default(), None, 100).await.unwrap();
    let ways = |u| items.iter().filter(|i| i.user_id == u).map(|i| i.via).collect::<Vec<_>>();
    assert_eq!((ways(ann.id), ways(bea.id)), (vec![Way::Default], vec![Way::Mapping]));
    let item = items.iter().find(|i| i.user_id == ann.id).unwrap();
    assert_eq!((item.source.as_str(), item.role_name.as_str()), ("default", "Read-Only"));
    let by = w.access.require::<UsersManageRoles>(&session(&boss), acme.id).await.unwrap();
    let decision = Decision { verdict: Verdict::Remove, until: None, note: None };
    reviews::decide(&w.access, &by, r.id, &[item.id], decision).await.unwrap();
    reviews::close(&w.access, &p, r.id, true).await.unwrap();
    let items = reviews::items(&w.access, &p, r.id, Wanted::default(), None, 100).await.unwrap();
    let item = items.iter().find(|i| i.user_id == ann.id).unwrap();
    assert_eq!(item.outcome, Some(Outcome::Listed));
    assert!(item.outcome_text.as_ref().unwrap().contains("or change the default role"), "{item:?}");
    assert!(super::sees(&w, acme.id, ann.id).await, "it is everybody's, not hers to lose");
});

story!(async fn it_is_set_shown_and_written_down_by_http(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let acme = s.tenant("acme").await;
    let scim = w.scim(&w.directory(acme, "Entra ID").await).await;
    let u = w.people(&scim, 3).await;
    let at = "/tenants/acme/default-role";
    let shown = own(&s, "GET", at, Value::Null).await.expect(200).json();
    assert_eq!((&shown["role"], &shown["standing"], &shown["version"]), (&Value::Null, &Value::Null, &json!(0)));
    let said = own(&s, "POST", &format!("{at}/preview"), json!({"role": "Read-Only"})).await.expect(200).json();
    assert_eq!((&said["people"], &said["gaining"]), (&json!(3), &json!(3)), "{said}");
    let a = own(&s, "PUT", at, json!({"role": "Read-Only"})).await.expect(200);
    let shown = a.json();
    assert_eq!((&shown["role"]["name"], &shown["standing"], &shown["set_by"]), (&json!("Read-Only"), &json!("in_force"), &json!("owner")));
    assert_eq!(a.header("etag"), own(&s, "GET", at, Value::Null).await.expect(200).header("etag"));
    let e = own(&s, "PUT", at, json!({"role": "Tenant Administrator"})).await.expect(403).json();
    assert_eq!(e["field"], "role");
    own(&s, "PUT", at, json!({"role": "Nobody's"})).await.expect(404);
    let ann = w.access.effective(acme, u[0], acme).await.unwrap();
    assert!(ann.allows("users.view"));
    let who = format!("/tenants/acme/explain?user={}&permission=users.view", u[0]);
    let x = own(&s, "GET", &who, Value::Null).await.expect(200).json();
    assert_eq!((&x["paths"][0]["via"]["kind"], &x["paths"][0]["standing"]), (&json!("default"), &json!("in_force")), "{x}");
    let uses = own(&s, "GET", &format!("/tenants/acme/roles/{READ_ONLY}/uses"), Value::Null).await.expect(200).json();
    assert_eq!((&uses["by_default"]["total"], &uses["total"]), (&json!(1), &json!(1)), "{uses}");
    let doc = own(&s, "GET", "/tenants/acme/roles/export", Value::Null).await.expect(200).text;
    assert!(doc.contains("## Given by default") && doc.contains("| Read-Only | acme |") && doc.contains("| owner | in force |"), "{doc}");
    let doc = own(&s, "GET", "/tenants/acme/roles/export?format=csv", Value::Null).await.expect(200).text;
    assert_eq!(doc.lines().filter(|l| l.starts_with("default,") && l.contains(",Read-Only,acme,")).count(), 1, "{doc}");
    let shown = own(&s, "POST", &format!("{at}/adopt"), json!({})).await.expect(200).json();
    assert_eq!((&shown["adopted_by"], &shown["version"]), (&json!("owner"), &json!(2)));
    own(&s, "DELETE", at, Value::Null).await.expect(204);
    own(&s, "POST", &format!("{at}/adopt"), json!({})).await.expect(404);
    assert!(w.access.effective(acme, u[0], acme).await.unwrap().is_empty());
    let doc = own(&s, "GET", "/tenants/acme/roles/export", Value::Null).await.expect(200).text;
    assert!(!doc.contains("Given by default"), "{doc}");
});

story!(async fn what_was_issued_by_it_follows(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let acme = s.tenant("acme").await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, id(TECHNICIAN)).await;
    set(&w, acme, Some(id(READ_ONLY))).await;
    let who = s.session(acme, ann.id, "mfa").await;
    let app = s.app(acme, |_| {}).await;
    let wanted = [("scope", "openid offline_access users.view computers.delete")];
    let code = s.code(&app, &who, &wanted).await;
    let tokens = s.redeem(&app, &code).await.expect(200).json();
    assert!(tokens["scope"].as_str().unwrap().contains("users.view"), "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    let roles = async || {
        let me = s.browser().bearer(access).get("/oauth/userinfo").await.expect(200).json();
        me["roles"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(roles().await, ["Read-Only", "Technician"].map(str::to_owned).into());
    set(&w, acme, None).await;
    assert_eq!(roles().await, ["Technician".to_owned()].into());
    let next = s.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
    let scope = next["scope"].as_str().unwrap();
    assert!(scope.contains("computers.delete") && !scope.contains("users.view"), "{scope}");
});

story!(async fn it_is_not_handed_out_by_who_holds_less(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let acme = s.tenant("acme").await;
    let d = w.directory(acme, "Entra ID").await;
    let words = ["system.view_settings", "system.edit_settings", "users.view", "users.add"];
    // Of the provider's, who have nothing by default in a tenant that they work for.
    let small = person(&w, s.provider().await, "small", UserKind::Technician).await;
    give(&w, &small, acme, role(&w, acme, "Settings", &words, false).await.id).await;
    let a = session(&small);
    let token = format!("/tenants/acme/directories/{}/scim-tokens", d.id);
    let invite = json!({"kind": "tenant", "email": "new@corp.example"}).to_string();
    // Whom a directory brings, and whoever is invited, would have what it gives.
    set(&w, acme, Some(id(TECHNICIAN))).await;
    let e = call(&s, Some(&a), "POST", &token, "{}").await.expect(403).json();
    assert_eq!(e["code"], "directory_holds_more");
    let e = call(&s, Some(&a), "POST", "/tenants/acme/invitations", &invite).await.expect(403).json();
    assert!(e["detail"].as_str().unwrap().contains("default role 'Technician'"), "{e}");
    set(&w, acme, None).await;
    call(&s, Some(&a), "POST", "/tenants/acme/invitations", &invite).await.expect(201);
    call(&s, Some(&a), "POST", &token, "{}").await.expect(201);
});

story!(async fn an_administrator_is_told_of_a_suspended_one(t) {
    let (port, said) = mail::server().await;
    let s = TestServer::with(&t, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "muster@example.com".clone_into(&mut c.mail.from);
    })
    .await;
    let (w, acme) = (world(&s), s.tenant("acme").await);
    let boss = person(&w, acme, "boss", UserKind::Tenant).await;
    let spare = json!({ "kind": "tenant", "user_name": "spare", "email": "spare@corp.example" });
    let spare = own(&s, "POST", "/tenants/acme/users", spare).await.expect(201).json();
    crate::support::way_in(&w.store, acme, spare["id"].as_str().unwrap().parse().unwrap()).await;
    let give_spare = json!({ "user": spare["id"], "role": TENANT_ADMINISTRATOR.to_string() });
    own(&s, "POST", "/tenants/acme/grants", give_spare).await.expect(201);
    give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
    super::sets(&w, &boss, acme, Some(id(READ_ONLY))).await.unwrap();
    let q = grants::Query { user: Some(boss.id), ..grants::Query::default() };
    let g = grants::list(&w.access, &w.may(acme).await, q).await.unwrap()[0].id;
    grants::remove(&w.access, &w.may(acme).await, g).await.unwrap();
    let letters = || {
        let said = said.lock().unwrap().clone();
        (said.matches("RCPT TO:<spare@corp.example>").count(), said.contains("muster tenant default-role acme --adopt"))
    };
    for _ in 0..100 {
        if letters().0 > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(letters(), (1, true));
    let (d, standing) = defaults::get(&w.access, &w.may(acme).await).await.unwrap();
    assert!(d.suspended_at.is_some() && standing == muster::access::Standing::Suspended, "{d:?}");
});
