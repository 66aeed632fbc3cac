//! What a change would do, said before it is made, and what it does then.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session};
use crate::{people::world::World, story};
use muster::{
    access::{
        Permit, Reach,
        catalogue::TENANT_ADMINISTRATOR,
        mappings::{self, Target},
        perm::UsersManageRoles,
        preview::{self, Preview},
        roles::{self, RoleEdit},
    },
    actor::UserKind,
    error::Kind,
    id::{GroupId, RoleId, TenantId, UserId},
    sql,
    store::{Cx, Scope},
    tx,
};
use std::{collections::BTreeSet, time::Instant};

fn words(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}
/// Who changes how: name, gains, loses.
fn who(p: &Preview) -> Vec<(&str, Vec<&str>, Vec<&str>)> {
    fn texts(v: &[String]) -> Vec<&str> {
        v.iter().map(String::as_str).collect()
    }
    p.changes
        .iter()
        .map(|c| {
            assert_eq!(c.there.len(), 1, "{c:?}");
            (c.label.as_str(), texts(&c.there[0].gains), texts(&c.there[0].loses))
        })
        .collect()
}

story!(async fn a_mapping_says_beforehand_who_gains_and_who_loses_what(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (ann, bea) = (w.user(&s, "ann").await, w.user(&s, "bea").await);
    let g = w.group(&s, "Desk", &[ann.id, bea.id]).await;
    let desk = role(&w, acme.id, "Desk", &["users.view", "users.add"], false).await;
    let view = role(&w, acme.id, "View", &["users.view"], false).await;
    give(&w, &bea, acme.id, view.id).await;
    let p: Permit<UsersManageRoles> = w.may(acme.id).await;
    let held = async |u: UserId| w.access.effective(acme.id, u, acme.id).await.unwrap().permissions.clone();
    let said = preview::map(&w.access, &p, Target::Own, g.id, desk.id, 10).await.unwrap();
    assert_eq!((said.people, said.gaining, said.losing, said.more), (2, 2, 0, false));
    assert_eq!(who(&said), [("ann", vec!["users.add", "users.view"], vec![]), ("bea", vec!["users.add"], vec![])]);
    assert_eq!(said.changes[0].there[0].tenants, [(acme.id, "ACME".to_owned())]);
    assert!(held(ann.id).await.is_empty(), "nothing was done");
    assert!(mappings::list(&w.access, &p, mappings::Query::page(None, 10)).await.unwrap().is_empty());
    let m = mappings::create(&w.access, &p, Target::Own, g.id, desk.id).await.unwrap();
    assert_eq!(held(ann.id).await, words(&["users.view", "users.add"]), "it does what it said");
    let again = preview::map(&w.access, &p, Target::Own, g.id, view.id, 10).await.unwrap();
    assert_eq!((again.people, again.changes.len()), (2, 0), "who has it already gains nothing");
    let said = preview::unmap(&w.access, &p, m.id, 1).await.unwrap();
    assert_eq!((said.people, said.losing, said.more), (2, 2, true), "cut, and counted whole");
    assert_eq!(who(&said), [("ann", vec![], vec!["users.add", "users.view"])]);
    let said = preview::disband(&w.access, &p, g.id, 10).await.unwrap();
    assert_eq!(who(&said), [("ann", vec![], vec!["users.add", "users.view"]), ("bea", vec![], vec!["users.add"])]);
    let said = preview::role(&w.access, &p, desk.id, Some(words(&["users.view", "users.edit"])), 10).await.unwrap();
    assert_eq!(who(&said), [("ann", vec!["users.edit"], vec!["users.add"]), ("bea", vec!["users.edit"], vec!["users.add"])]);
    let said = preview::role(&w.access, &p, view.id, None, 10).await.unwrap();
    assert_eq!((said.people, said.losing), (1, 0), "bea has it by her group as well");
    let edit = RoleEdit { permissions: Some(words(&["users.view", "users.edit"])), ..RoleEdit::default() };
    roles::edit(&w.access, &p, desk.id, None, edit).await.unwrap();
    assert_eq!(held(bea.id).await, words(&["users.view", "users.edit"]));
    let missing = preview::disband(&w.access, &p, GroupId::new(), 1).await.unwrap_err();
    assert_eq!(missing.kind(), Kind::NotFound);
    assert_eq!(preview::role(&w.access, &p, RoleId::new(), None, 1).await.unwrap_err().kind(), Kind::NotFound);
});

story!(async fn a_preview_is_refused_where_saving_would_be(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let g = w.group(&s, "Desk", &[]).await;
    let small = person(&w, acme.id, "small", UserKind::Tenant).await;
    let roles_only = role(&w, acme.id, "Roles", &["users.manage_roles"], false).await;
    give(&w, &small, acme.id, roles_only.id).await;
    let p = w.access.require::<UsersManageRoles>(&session(&small), acme.id).await.unwrap();
    let e = preview::map(&w.access, &p, Target::Own, g.id, TENANT_ADMINISTRATOR, 10).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let e = preview::role(&w.access, &p, roles_only.id, Some(words(&["users.manage_roles", "users.add"])), 10).await;
    assert_eq!(e.unwrap_err().kind(), Kind::Forbidden);
    let e = preview::role(&w.access, &p, id(READ_ONLY), None, 10).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "a built-in role");
});

story!(async fn a_preview_refuses_what_is_there_and_what_has_lost_its_author(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let g = w.group(&s, "Desk", &[]).await;
    let desk = role(&w, acme.id, "Desk", &["users.view"], false).await;
    let boss = person(&w, acme.id, "boss", UserKind::Tenant).await;
    give(&w, &boss, acme.id, TENANT_ADMINISTRATOR).await;
    let by = w.access.require::<UsersManageRoles>(&session(&boss), acme.id).await.unwrap();
    mappings::create(&w.access, &by, Target::Own, g.id, desk.id).await.unwrap();
    let p: Permit<UsersManageRoles> = w.may(acme.id).await;
    let saved = mappings::create(&w.access, &p, Target::Own, g.id, desk.id).await.unwrap_err();
    let said = preview::map(&w.access, &p, Target::Own, g.id, desk.id, 10).await.unwrap_err();
    assert_eq!((said.kind(), said.detail()), (Kind::Conflict, saved.detail()));
    let spare = person(&w, acme.id, "spare", UserKind::Tenant).await;
    give(&w, &spare, acme.id, TENANT_ADMINISTRATOR).await;
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, boss.id, false).await.unwrap();
    let wider = || words(&["users.view", "users.add"]);
    let edit = RoleEdit { permissions: Some(wider()), ..RoleEdit::default() };
    let saved = roles::edit(&w.access, &p, desk.id, None, edit).await.unwrap_err();
    let said = preview::role(&w.access, &p, desk.id, Some(wider()), 10).await.unwrap_err();
    assert_eq!((said.kind(), said.code_str(), said.detail()), (Kind::Conflict, saved.code_str(), saved.detail()));
    // Less is neither.
    preview::role(&w.access, &p, desk.id, Some(words(&[])), 10).await.unwrap();
});

story!(async fn a_preview_follows_what_authors_lose(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let (lead, ann, cid) = (w.user(&s, "lead").await, w.user(&s, "ann").await, w.user(&s, "cid").await);
    let leads = role(&w, acme.id, "Leads", &["users.manage_roles", "computers.edit", "users.view"], false).await;
    let desk = role(&w, acme.id, "Desk", &["computers.edit"], false).await;
    let (first, second) = (w.group(&s, "Leads", &[lead.id]).await, w.group(&s, "Desk", &[ann.id]).await);
    let third = w.group(&s, "Night desk", &[cid.id]).await;
    let p: Permit<UsersManageRoles> = w.may(acme.id).await;
    let m = mappings::create(&w.access, &p, Target::Own, first.id, leads.id).await.unwrap();
    let by = w.access.require::<UsersManageRoles>(&session(&lead), acme.id).await.unwrap();
    for g in [second.id, third.id] {
        mappings::create(&w.access, &by, Target::Own, g, desk.id).await.unwrap();
    }
    let spare = role(&w, acme.id, "Spare", &["computers.edit"], false).await;
    mappings::create(&w.access, &p, Target::Own, third.id, spare.id).await.unwrap();
    let all = || vec![("ann", vec![], vec!["computers.edit"]),
                      ("lead", vec![], vec!["computers.edit", "users.manage_roles", "users.view"])];
    let said = preview::unmap(&w.access, &p, m.id, 10).await.unwrap();
    assert_eq!((who(&said), said.losing), (all(), 2), "cid has it by another mapping");
    let said = preview::disband(&w.access, &p, first.id, 10).await.unwrap();
    assert_eq!((who(&said), said.losing), (all(), 2));
    let said = preview::role(&w.access, &p, leads.id, Some(words(&["users.manage_roles", "users.view"])), 10).await;
    assert_eq!(who(&said.unwrap()), [("ann", vec![], vec!["computers.edit"]), ("lead", vec![], vec!["computers.edit"])]);
    // What brings an author's rights back brings back what hangs on them.
    mappings::delete(&w.access, &p, m.id).await.unwrap();
    let held = async |u: UserId| w.access.effective(acme.id, u, acme.id).await.unwrap().allows("computers.edit");
    assert!(!held(lead.id).await && !held(ann.id).await && held(cid.id).await, "it does what it said");
    let said = preview::map(&w.access, &p, Target::Own, first.id, leads.id, 10).await.unwrap();
    assert_eq!((said.gaining, said.losing), (2, 0));
    assert_eq!(who(&said)[0], ("ann", vec!["computers.edit"], vec![]));
});

story!(async fn a_wide_scope_is_told_by_tenants_that_are_alike(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let mut all: Vec<TenantId> = Vec::new();
    for n in 0..30 {
        all.push(w.tenant(&format!("t{n:02}"), false).await.id);
    }
    let (tom, ben) = (w.user(&s, "tom").await, w.user(&s, "ben").await);
    give(&w, &tom, all[3], id(TECHNICIAN)).await;
    let g = w.group(&s, "Team", &[tom.id, ben.id]).await;
    let p: Permit<UsersManageRoles> = w.may(provider.id).await;
    let o = w.access.over(&p, Reach::except([provider.id].into()).unwrap()).await.unwrap();
    let said = preview::map(&w.access, &p, Target::Over(&o), g.id, id(TECHNICIAN), 10).await.unwrap();
    let counts: Vec<_> = said.changes.iter().map(|c| (c.label.as_str(), c.there[0].count, c.there[0].tenants.len())).collect();
    assert_eq!(counts, [("ben", 30, 20), ("tom", 29, 20)], "where he has it already is not among them");
    // Of an offered role, people of other companies are counted and not named.
    let offered = role(&w, provider.id, "Desk", &["users.view"], true).await;
    let ann = person(&w, all[0], "ann", UserKind::Tenant).await;
    give(&w, &ann, all[0], offered.id).await;
    let boss = person(&w, provider.id, "boss", UserKind::Technician).await;
    for t in [provider.id, all[0]] {
        give(&w, &boss, t, TENANT_ADMINISTRATOR).await;
    }
    let p = w.access.require::<UsersManageRoles>(&session(&boss), provider.id).await.unwrap();
    let said = preview::role(&w.access, &p, offered.id, None, 10).await.unwrap();
    assert_eq!((said.losing, said.not_named, said.changes.len()), (1, 1, 0));
    let root = make_global(&w, provider.id, "root").await;
    let p = w.access.require::<UsersManageRoles>(&session(&root), provider.id).await.unwrap();
    let said = preview::role(&w.access, &p, offered.id, None, 10).await.unwrap();
    assert_eq!((said.not_named, who(&said)[0].0), (0, "ann"));
});

story!(async fn ten_thousand_members_are_previewed_in_a_moment(t) {
    const PEOPLE: usize = 10_000;
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let g = w.group(&s, "Everybody", &[]).await;
    let view = role(&w, acme.id, "View", &["users.view", "computers.view"], false).await;
    let (cx, home, dir, gid) = (Cx::new(World::owner(), Scope::Platform), acme.id, g.directory_id, g.id);
    for part in 0..10 {
        tx!(w.store, &cx, [], |tx| {
            tx.unaudited("ten thousand people");
            for n in part * PEOPLE / 10..(part + 1) * PEOPLE / 10 {
                let (u, name) = (UserId::new(), format!("p{n:05}"));
                sql!(
                    tx,
                    exec,
                    "INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key, active, enabled,
                                        doc, folded, version, created_at, updated_at)
                     VALUES ($1, $2, $3, 'tenant', $4, $4, TRUE, TRUE, '{}', '{}', 1, 0, 0)",
                    home, u, dir, name
                )?;
                sql!(
                    tx,
                    exec,
                    "INSERT INTO members (tenant_id, group_id, user_id, added_at) VALUES ($1, $2, $3, 0)",
                    home, gid, u
                )?;
            }
            Ok(())
        })
        .unwrap();
    }
    let p: Permit<UsersManageRoles> = w.may(acme.id).await;
    mappings::create(&w.access, &p, Target::Own, g.id, view.id).await.unwrap();
    let began = Instant::now();
    let said = preview::map(&w.access, &p, Target::Own, g.id, id(READ_ONLY), 100).await.unwrap();
    let took = began.elapsed();
    assert_eq!((said.people, said.gaining, said.changes.len(), said.more), (PEOPLE, PEOPLE, 100, true));
    assert_eq!(who(&said)[0].0, "p00000");
    println!("a preview for {PEOPLE} people took {took:?}");
    let most = if cfg!(debug_assertions) { 20 } else { 1 };
    assert!(took.as_secs() < most, "{took:?}");
});
