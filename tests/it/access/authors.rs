//! Whoever answers for a mapping: demoted, gone, adopting.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session};
use crate::{mail, people::world::World, story, support::TestServer};
use muster::{
    access::{
        Standing,
        authors::{self, Reviewed},
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant},
        mappings::{self, Target},
        perm::UsersManageRoles,
        roles::{self, RoleEdit},
    },
    actor::UserKind,
    audit,
    error::Kind,
    id::{GrantId, GroupId, MappingId, RoleId, TenantId, UserId},
    store::{Cx, Scope},
    users::{self, User},
};
use serde_json::json;
use std::time::Duration;

/// Somebody maps a group in their own tenant.
async fn maps(w: &World, by: &User, group: GroupId, role: RoleId) -> MappingId {
    let p = w.access.require::<UsersManageRoles>(&session(by), by.tenant_id).await.unwrap();
    mappings::create(&w.access, &p, Target::Own, group, role).await.unwrap().id
}
async fn adopts(w: &World, by: &User, m: MappingId) -> muster::error::Result<mappings::Mapping> {
    let p = w.access.require::<UsersManageRoles>(&session(by), by.tenant_id).await?;
    mappings::adopt(&w.access, &p, Target::Own, m).await
}
async fn grant_of(w: &World, u: &User, t: TenantId) -> GrantId {
    let q = grants::Query { user: Some(u.id), ..grants::Query::default() };
    grants::list(&w.access, &w.may(t).await, q).await.unwrap()[0].id
}
async fn standing(w: &World, t: TenantId, m: MappingId) -> Standing {
    let all =
        mappings::list(&w.access, &w.may(t).await, mappings::Query::page(None, 10)).await.unwrap();
    mappings::standings(&w.access, &all).await.unwrap().get(&m).copied().unwrap_or_default()
}
async fn can(w: &World, t: TenantId, u: UserId) -> bool {
    w.access.effective(t, u, t).await.unwrap().allows("computers.edit")
}
async fn review(w: &World, seen: &mut Reviewed) -> usize {
    authors::review(&w.access, &Cx::new(World::owner(), Scope::Platform), seen).await.unwrap()
}
async fn told(w: &World, t: TenantId, action: &str) -> usize {
    let trail = audit::list(&w.store, t, &audit::Query::default(), 200).await.unwrap().items;
    trail.iter().filter(|e| e.action == action).count()
}

story!(async fn a_demoted_author_suspends_what_they_mapped_at_once(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let u = w.people(&s, 1).await;
    let g = w.group(&s, "Technicians", &u).await;
    let boss = person(&w, acme.id, "boss", UserKind::Tenant).await;
    let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
    for b in [&boss, &spare] {
        give(&w, b, acme.id, TENANT_ADMINISTRATOR).await;
    }
    let m = maps(&w, &boss, g.id, id(TECHNICIAN)).await;
    let mut seen = Reviewed::default();
    assert!(can(&w, acme.id, u[0]).await);
    assert_eq!(review(&w, &mut seen).await, 0);
    let p = w.may(acme.id).await;
    grants::remove(&w.access, &p, grant_of(&w, &boss, acme.id).await).await.unwrap();
    assert!(!can(&w, acme.id, u[0]).await, "the next request knows");
    assert_eq!(standing(&w, acme.id, m).await, Standing::Suspended);
    let x = w.access.explain(&p, (acme.id, u[0]), "computers.edit").await.unwrap();
    assert!(!x.allowed && x.void.len() == 1 && x.void[0].1.contains("suspended"), "{x:?}");
    assert_eq!(review(&w, &mut seen).await, 1);
    assert_eq!(review(&w, &mut seen).await, 0, "once");
    assert_eq!(told(&w, acme.id, "mapping.suspend").await, 1);
    // Their rights come back, and with them the mapping.
    give(&w, &boss, acme.id, TENANT_ADMINISTRATOR).await;
    assert!(can(&w, acme.id, u[0]).await);
    assert_eq!(review(&w, &mut seen).await, 1);
    assert_eq!(told(&w, acme.id, "mapping.resume").await, 1);
    // Demoted, written down, and then gone: it stays suspended until somebody adopts it.
    grants::remove(&w.access, &p, grant_of(&w, &boss, acme.id).await).await.unwrap();
    assert_eq!(review(&w, &mut seen).await, 1);
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, boss.id, false).await.unwrap();
    assert!(!can(&w, acme.id, u[0]).await);
    adopts(&w, &spare, m).await.unwrap();
    assert!(can(&w, acme.id, u[0]).await, "somebody who holds it answers for it");
    assert_eq!(standing(&w, acme.id, m).await, Standing::InForce);
    assert_eq!(review(&w, &mut seen).await, 0);
    assert_eq!(told(&w, acme.id, "mapping.adopt").await, 1);
});

story!(async fn an_author_who_leaves_takes_nothing_along_and_nothing_grows(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let u = w.people(&s, 1).await;
    let g = w.group(&s, "Desk", &u).await;
    let desk = role(&w, acme.id, "Desk", &["computers.edit"], false).await;
    let boss = person(&w, acme.id, "boss", UserKind::Tenant).await;
    let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
    let small = person(&w, acme.id, "small", UserKind::Tenant).await;
    for b in [&boss, &spare] {
        give(&w, b, acme.id, TENANT_ADMINISTRATOR).await;
    }
    give(&w, &small, acme.id, role(&w, acme.id, "Roles", &["users.manage_roles"], false).await.id).await;
    let m = maps(&w, &boss, g.id, desk.id).await;
    let mut seen = Reviewed::default();
    let p = w.access.require::<UsersManageRoles>(&session(&spare), acme.id).await.unwrap();
    let permissions = |words: &[&str]| Some(words.iter().map(|s| (*s).to_owned()).collect());
    let wider = || RoleEdit { permissions: permissions(&["computers.edit", "computers.view"]), ..RoleEdit::default() };
    for gone in [false, true] {
        if gone {
            let v = users::view(&w.store, &w.may(acme.id).await, boss.id).await.unwrap().version;
            muster::credentials::person::remove(&w.store, &w.may(acme.id).await, boss.id, Some(v)).await.unwrap();
        } else {
            muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, boss.id, false).await.unwrap();
            // What they had is cleared away after them.
            let was = grant_of(&w, &boss, acme.id).await;
            grants::remove(&w.access, &w.may(acme.id).await, was).await.unwrap();
        }
        assert!(can(&w, acme.id, u[0]).await, "{gone}: it stays in force");
        assert_eq!(standing(&w, acme.id, m).await, Standing::AuthorLeft, "{gone}: and is flagged");
        assert_eq!(review(&w, &mut seen).await, 0);
        let e = roles::edit(&w.access, &p, desk.id, None, wider()).await.unwrap_err();
        assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("mapping_without_author")), "{e:?}");
    }
    let less = RoleEdit { description: Some("less".into()), ..RoleEdit::default() };
    roles::edit(&w.access, &p, desk.id, None, less).await.unwrap();
    assert_eq!(adopts(&w, &small, m).await.unwrap_err().kind(), Kind::Forbidden, "who does not hold it");
    let adopted = adopts(&w, &spare, m).await.unwrap();
    assert!(adopted.adopted_by.is_some_and(|by| by != adopted.created_by));
    roles::edit(&w.access, &p, desk.id, None, wider()).await.unwrap();
    assert!(w.access.effective(acme.id, u[0], acme.id).await.unwrap().allows("computers.view"));
});

story!(async fn what_others_add_to_a_role_is_not_the_authors_to_hold(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let u = w.people(&s, 1).await;
    let g = w.group(&s, "Desk", &u).await;
    let desk = role(&w, acme.id, "Desk", &["computers.edit"], false).await;
    let lead = person(&w, acme.id, "lead", UserKind::Tenant).await;
    let leads = role(&w, acme.id, "Lead", &["users.manage_roles", "computers.edit"], false).await;
    give(&w, &lead, acme.id, leads.id).await;
    let m = maps(&w, &lead, g.id, desk.id).await;
    let wider = ["computers.edit", "software.edit"].map(str::to_owned).into();
    let edit = RoleEdit { permissions: Some(wider), ..RoleEdit::default() };
    roles::edit(&w.access, &w.may(acme.id).await, desk.id, None, edit).await.unwrap();
    assert!(can(&w, acme.id, u[0]).await);
    assert_eq!(standing(&w, acme.id, m).await, Standing::InForce);
    // By an edit of their own role they are demoted like by anything else.
    let less = ["users.manage_roles"].map(str::to_owned).into();
    let edit = RoleEdit { permissions: Some(less), ..RoleEdit::default() };
    roles::edit(&w.access, &w.may(acme.id).await, leads.id, None, edit).await.unwrap();
    assert!(!can(&w, acme.id, u[0]).await);
});

story!(async fn authors_hang_on_authors_and_nobody_on_themselves(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (ann, bea, cid) = (w.user(&s, "ann").await, w.user(&s, "bea").await, w.user(&s, "cid").await);
    let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
    give(&w, &spare, acme.id, TENANT_ADMINISTRATOR).await;
    give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
    let admins = w.group(&s, "Admins", &[bea.id]).await;
    let desk = w.group(&s, "Desk", &[cid.id]).await;
    let first = maps(&w, &ann, admins.id, TENANT_ADMINISTRATOR).await;
    let second = maps(&w, &bea, desk.id, id(TECHNICIAN)).await;
    assert!(can(&w, acme.id, cid.id).await);
    let mine = grant_of(&w, &ann, acme.id).await;
    grants::remove(&w.access, &w.may(acme.id).await, mine).await.unwrap();
    assert!(!can(&w, acme.id, bea.id).await && !can(&w, acme.id, cid.id).await, "through both");
    for m in [first, second] {
        assert_eq!(standing(&w, acme.id, m).await, Standing::Suspended);
    }
    // In the group herself, she would hold by her own mapping what the mapping gives: nobody answers for themselves, or
    // whoever was demoted would never lose what they have mapped to a group of theirs.
    give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
    w.apply(&s, admins.id, vec![muster::groups::GroupChange::Replace(vec![ann.id, bea.id])]).await;
    let mine = grant_of(&w, &ann, acme.id).await;
    grants::remove(&w.access, &w.may(acme.id).await, mine).await.unwrap();
    assert!(!can(&w, acme.id, ann.id).await && !can(&w, acme.id, bea.id).await && !can(&w, acme.id, cid.id).await);
});

story!(async fn two_authors_do_not_keep_each_other(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (ann, bea) = (w.user(&s, "ann").await, w.user(&s, "bea").await);
    let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
    for b in [&spare, &ann, &bea] {
        give(&w, b, acme.id, TENANT_ADMINISTRATOR).await;
    }
    let (of_ann, of_bea) = (w.group(&s, "A", &[bea.id]).await, w.group(&s, "B", &[ann.id]).await);
    let first = maps(&w, &ann, of_ann.id, TENANT_ADMINISTRATOR).await;
    let second = maps(&w, &bea, of_bea.id, TENANT_ADMINISTRATOR).await;
    let mine = grant_of(&w, &ann, acme.id).await;
    grants::remove(&w.access, &w.may(acme.id).await, mine).await.unwrap();
    assert!(can(&w, acme.id, ann.id).await && can(&w, acme.id, bea.id).await, "bea was given hers by hand");
    let hers = grant_of(&w, &bea, acme.id).await;
    grants::remove(&w.access, &w.may(acme.id).await, hers).await.unwrap();
    assert!(!can(&w, acme.id, ann.id).await && !can(&w, acme.id, bea.id).await);
    for m in [first, second] {
        assert_eq!(standing(&w, acme.id, m).await, Standing::Suspended);
    }
});

story!(async fn a_demotion_counts_however_soon_the_author_leaves(t) {
    for how in ["switched off", "deactivated", "deleted", "deleted by the directory"] {
        let w = World::new(&t.store);
        let (acme, _, s) = w.company(&how.replace(' ', "-"), false).await;
        let u = w.people(&s, 1).await;
        let g = w.group(&s, "Technicians", &u).await;
        let boss = w.user(&s, "boss@example.com").await;
        let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
        for b in [&boss, &spare] {
            give(&w, b, acme.id, TENANT_ADMINISTRATOR).await;
        }
        maps(&w, &boss, g.id, id(TECHNICIAN)).await;
        let mine = grant_of(&w, &boss, acme.id).await;
        grants::remove(&w.access, &w.may(acme.id).await, mine).await.unwrap();
        // Nobody has looked through the mappings meanwhile.
        match how {
            "switched off" => {
                muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, boss.id, false).await.unwrap();
            }
            "deactivated" => {
                w.set_active(&s, boss.id, false).await.unwrap();
            }
            "deleted" => {
                muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, boss.id, false).await.unwrap();
                muster::groups::delete_person(&w.store, &s, boss.id, None).await.unwrap();
            }
            _ => {
                muster::groups::delete_person(&w.store, &s, boss.id, None).await.unwrap();
            }
        }
        assert!(!can(&w, acme.id, u[0]).await, "{how}");
        let mut seen = Reviewed::default();
        review(&w, &mut seen).await;
        assert!(!can(&w, acme.id, u[0]).await, "{how}, and looked through");
    }
});

story!(async fn the_last_administrator_is_not_lost_by_a_suspension(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let root = make_global(&w, provider.id, "root").await;
    let tom = w.user(&s, "tom").await;
    let edit = users::Edit { kind: Some(UserKind::Administrator), ..users::Edit::default() };
    muster::credentials::person::edit(&w.store, &w.access, &w.may(provider.id).await, None, (tom.id, None), edit).await.unwrap();
    let g = w.group(&s, "Administrators", &[tom.id]).await;
    let p = w.access.require::<UsersManageRoles>(&session(&root), provider.id).await.unwrap();
    let global = w.access.require_global(&session(&root)).await.unwrap();
    mappings::create(&w.access, &p, Target::All(&global), g.id, GLOBAL_ADMINISTRATOR).await.unwrap();
    assert!(w.access.effective(provider.id, tom.id, provider.id).await.unwrap().global);
    let all = grants::list_everywhere(&w.access, &w.global().await, grants::Query::default()).await.unwrap();
    let e = grants::remove_everywhere(&w.access, &w.global().await, all[0].id).await.unwrap_err();
    assert_eq!(e.code_str(), Some("last_administrator"), "tom is one by root's word alone");
    let new = NewGrant::manual(provider.id, tom.id, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    grants::remove_everywhere(&w.access, &w.global().await, all[0].id).await.unwrap();
    assert!(w.access.effective(provider.id, tom.id, provider.id).await.unwrap().global);
});

story!(async fn an_administrator_is_told_and_adopts_by_http(t) {
    let (port, said) = mail::server().await;
    let s = TestServer::with(&t, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "muster@example.com".clone_into(&mut c.mail.from);
    })
    .await;
    let acme = s.tenant("acme").await;
    let w = World {
        store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone(),
    };
    let scim = w.scim(&w.directory(acme, "Entra ID").await).await;
    let g = w.group(&scim, "Desk", &[]).await;
    let boss = person(&w, acme, "boss", UserKind::Tenant).await;
    let spare = json!({ "kind": "tenant", "user_name": "spare", "email": "spare@corp.example" });
    let spare = s.post("/api/v1/tenants/acme/users", spare).await.expect(201).json();
    crate::support::way_in(&w.store, acme, spare["id"].as_str().unwrap().parse().unwrap()).await;
    let give_spare = json!({ "user": spare["id"], "role": TENANT_ADMINISTRATOR.to_string() });
    s.post("/api/v1/tenants/acme/grants", give_spare).await.expect(201);
    give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
    let m = maps(&w, &boss, g.id, id(READ_ONLY)).await;
    grants::remove(&w.access, &w.may(acme).await, grant_of(&w, &boss, acme).await).await.unwrap();
    let letters = || {
        let said = said.lock().unwrap().clone();
        (said.matches("RCPT TO:<spare@corp.example>").count(), said.contains(&format!("muster mapping adopt acme {m}")))
    };
    let mut waited = 0;
    while letters().0 == 0 && waited < 100 {
        waited += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(letters(), (1, true));
    let list = s.get("/api/v1/tenants/acme/mappings").await.expect(200).json();
    let shown = &list["items"][0];
    assert!(shown["standing"] == "suspended" && shown["suspended_at"].is_string(), "{shown}");
    let at = format!("/api/v1/tenants/acme/mappings/{m}/adopt");
    let shown = s.post(&at, json!({})).await.expect(200).json();
    assert!(shown["standing"] == "in_force" && shown["suspended_at"].is_null() && shown["adopted_by"] == "owner", "{shown}");
});
