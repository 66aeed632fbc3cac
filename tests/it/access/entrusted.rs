//! What hangs on a directory takes as much to be handed out.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session, token};
use crate::{api::call, people::world::World, story, support::TestServer};
use muster::{
    access::{
        Reach,
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
        mappings::{self, Target},
    },
    actor::{Actor, UserKind},
    groups,
    id::{DirectoryId, TenantId, UserId},
    users::User,
};
use serde_json::json;
use std::time::Duration;

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

/// Somebody who may set things up in a tenant, and nothing else.
async fn setter(w: &World, t: TenantId, kind: UserKind) -> User {
    let words = ["system.view_settings", "system.edit_settings"];
    let settings = role(w, t, "Settings", &words, false).await;
    let u = person(w, t, "setter", kind).await;
    give(w, &u, t, settings.id).await;
    u
}

/// What this actor is answered: to a new SCIM token, and to another place where the people sign in.
async fn answers(s: &TestServer, a: &Actor, t: TenantId, d: DirectoryId) -> (u16, u16) {
    let at = format!("/tenants/{t}/directories/{d}");
    let made = call(s, Some(a), "POST", &format!("{at}/scim-tokens"), "{}").await;
    if made.status == 201 {
        let gone = format!("{at}/scim-tokens/{}", made.json()["id"].as_str().unwrap());
        call(s, Some(a), "DELETE", &gone, "").await.expect(204);
    } else {
        assert_eq!(made.json()["code"], "directory_holds_more", "{}", made.text);
    }
    let issuer = format!("https://login.example/{}", muster::id::RequestId::new());
    let signin = json!({"signin": {"issuer": issuer, "client_id": "muster"}}).to_string();
    let set = call(s, Some(a), "PATCH", &at, &signin).await;
    (made.status.as_u16(), set.status.as_u16())
}
const YES: (u16, u16) = (201, 200);
const NO: (u16, u16) = (403, 403);

story!(async fn a_providers_directory_is_handed_out_by_whoever_holds_what_hangs_on_it(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let contoso = s.tenant("contoso").await;
    let d = w.directory(us, "Entra ID").await;
    let scim = w.scim(&d).await;
    let g = w.group(&scim, "Technicians", &[]).await;
    let small = setter(&w, us, UserKind::Technician).await;
    let admin = person(&w, us, "admin", UserKind::Technician).await;
    give(&w, &admin, us, TENANT_ADMINISTRATOR).await;
    let root = make_global(&w, us, "root").await;
    let scopes = ["system.view_settings", "system.edit_settings"];
    for a in [session(&small), token(&small, us, &scopes), session(&admin)] {
        assert_eq!(answers(&s, &a, us, d.id).await, YES, "nothing hangs on it");
    }
    let p = w.may(us).await;
    let o = w.access.over(&w.may(us).await, Reach::Every).await.unwrap();
    let m = mappings::create(&w.access, &p, Target::Over(&o), g.id, id(TECHNICIAN)).await.unwrap();
    for a in [session(&small), token(&small, us, &scopes), session(&admin), token(&root, us, &scopes)] {
        assert_eq!(answers(&s, &a, us, d.id).await, NO, "it reaches every tenant");
    }
    for a in [session(&root), s.owner()] {
        assert_eq!(answers(&s, &a, us, d.id).await, YES);
    }
    // What is no sign-in stays theirs: a name, the log; and to take the sign-in away lets nobody in.
    let at = format!("/tenants/{us}/directories/{}", d.id);
    for body in [json!({"name": "Entra"}), json!({"signin": null}), json!({"status": "disabled"})] {
        call(&s, Some(&session(&small)), "PATCH", &at, &body.to_string()).await.expect(200);
    }
    mappings::delete(&w.access, &p, m.id).await.unwrap();
    assert_eq!(answers(&s, &session(&small), us, d.id).await, YES);
    // Nor does somebody come to hold what one of its people was given by hand.
    let tom = w.user(&scim, "tom").await;
    give(&w, &tom, contoso, id(READ_ONLY)).await;
    for a in [session(&small), session(&admin)] {
        assert_eq!(answers(&s, &a, us, d.id).await, NO);
    }
    assert_eq!(answers(&s, &session(&root), us, d.id).await, YES);
});

story!(async fn a_tenants_administrator_sets_up_the_tenants_directory(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let acme = s.tenant("acme").await;
    let d = w.directory(acme, "Entra ID").await;
    let scim = w.scim(&d).await;
    let u = w.people(&scim, 12).await;
    let g = w.group(&scim, "Administrators", &u).await;
    let small = setter(&w, acme, UserKind::Tenant).await;
    let admin = person(&w, acme, "admin", UserKind::Tenant).await;
    give(&w, &admin, acme, TENANT_ADMINISTRATOR).await;
    mappings::create(&w.access, &w.may(acme).await, Target::Own, g.id, TENANT_ADMINISTRATOR).await.unwrap();
    assert_eq!(answers(&s, &session(&admin), acme, d.id).await, YES);
    assert_eq!(answers(&s, &session(&small), acme, d.id).await, NO);
    let some = ["system.view_settings", "system.edit_settings"];
    assert_eq!(answers(&s, &token(&admin, acme, &some), acme, d.id).await, NO, "by a token of less");
    // What the directory took away and nobody has decided about comes back by it.
    groups::delete(&w.store, &scim, g.id, None).await.unwrap().expect("parked");
    assert!(mappings::list(&w.access, &w.may(acme).await, mappings::Query::page(None, 10)).await.unwrap().is_empty());
    assert_eq!(answers(&s, &session(&small), acme, d.id).await, NO);
    assert_eq!(answers(&s, &session(&admin), acme, d.id).await, YES);
});

story!(async fn whoever_holds_it_for_a_while_lets_nobody_act_as_who_keeps_it(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let acme = s.tenant("acme").await;
    let (temp, lasting) = (person(&w, acme, "temp", UserKind::Tenant).await, person(&w, acme, "ann", UserKind::Tenant).await);
    let plain = person(&w, acme, "bob", UserKind::Tenant).await;
    let hour = w.store.clock().now().plus(Duration::from_secs(3600));
    let new = NewGrant { valid_to: Some(hour), ..NewGrant::manual(acme, temp.id, TENANT_ADMINISTRATOR) };
    grants::add(&w.access, &w.may(acme).await, new).await.unwrap();
    give(&w, &lasting, acme, TENANT_ADMINISTRATOR).await;
    let d = w.directory(acme, "Entra ID").await;
    let scim = w.scim(&d).await;
    let tom = w.user(&scim, "tom").await;
    give(&w, &tom, acme, id(READ_ONLY)).await;
    let at = |path: &str| format!("/tenants/{acme}/{path}");
    let plan = json!({"name": "RMM", "scopes": ["computers.view"]}).to_string();
    let made = call(&s, Some(&session(&lasting)), "POST", &at("integrations"), &plan).await.expect(201).json();
    let user = UserId(made["user"].as_str().unwrap().parse().unwrap());
    grants::add(&w.access, &w.may(acme).await, NewGrant::manual(acme, user, id(READ_ONLY))).await.unwrap();
    let secrets = at(&format!("integrations/{}/secrets", made["id"].as_str().unwrap()));
    let tokens = at(&format!("directories/{}/scim-tokens", d.id));
    let (until, later) = (hour.rfc3339(), hour.plus(Duration::from_secs(1)).rfc3339());
    for what in [&secrets, &tokens] {
        for (body, status) in [
            (json!({}), 403),
            (json!({"expires_at": later}), 403),
            (json!({"expires_at": until}), 201),
        ] {
            let said = call(&s, Some(&session(&temp)), "POST", what, &body.to_string()).await;
            assert_eq!(said.status, status, "{what} {body}: {}", said.text);
        }
        let all = call(&s, Some(&session(&lasting)), "GET", what, "").await.json();
        let newest = all["items"].as_array().unwrap().iter().find(|i| !i["expires_at"].is_null());
        let gone = format!("{what}/{}", newest.unwrap()["id"].as_str().unwrap());
        call(&s, Some(&session(&lasting)), "DELETE", &gone, "").await.expect(204);
        call(&s, Some(&session(&lasting)), "POST", what, "{}").await.expect(201);
    }
    let password = json!({"password": "correct horse battery staple 7"}).to_string();
    let set = async |by: &User, of: &User| {
        let at = at(&format!("users/{}/password", of.id));
        call(&s, Some(&session(by)), "PUT", &at, &password).await.status.as_u16()
    };
    // Nor a password, which nobody ends with the hour; of who holds nothing it is nobody's gain.
    assert_eq!((set(&temp, &lasting).await, set(&temp, &plain).await), (403, 204));
    let elsewhere = person(&w, acme, "cid", UserKind::Tenant).await;
    give(&w, &elsewhere, acme, TENANT_ADMINISTRATOR).await;
    assert_eq!(set(&lasting, &elsewhere).await, 204);
    let signin = json!({"signin": {"issuer": "https://login.example", "client_id": "muster"}}).to_string();
    let edit = async |by: &User| {
        call(&s, Some(&session(by)), "PATCH", &at(&format!("directories/{}", d.id)), &signin).await.status
    };
    assert_eq!((edit(&temp).await.as_u16(), edit(&lasting).await.as_u16()), (403, 200));
});
