//! A tenant's default role: who has it, where, by whose word, and what is told of it.

mod answered;
mod shown;

use super::{READ_ONLY, SELF_SERVICE, TECHNICIAN, give, id, make_global, person, role, session};
use crate::{people::world::World, story};
use muster::{
    access::{
        Via,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        defaults::{self, DefaultRole},
        mappings::{self, Target},
        perm::{SystemManageIntegrations, UsersManageRoles},
        roles,
    },
    actor::UserKind,
    apps::{self, IntegrationPlan},
    audit,
    error::{Kind, Result},
    groups::{self, GroupChange},
    id::{RoleId, TenantId, UserId},
    users::{self, User},
};

/// The owner sets it.
pub async fn set(w: &World, t: TenantId, role: Option<RoleId>) -> DefaultRole {
    defaults::set(&w.access, &w.may(t).await, None, role).await.unwrap()
}
/// Somebody sets it.
pub async fn sets(w: &World, by: &User, t: TenantId, role: Option<RoleId>) -> Result<DefaultRole> {
    let p = w.access.require::<UsersManageRoles>(&session(by), t).await?;
    defaults::set(&w.access, &p, None, role).await
}
/// Whether somebody of a tenant sees people there, as enforced and as explained.
pub async fn sees(w: &World, t: TenantId, u: UserId) -> bool {
    let can = w.access.effective(t, u, t).await.unwrap().allows("users.view");
    let x = w.access.explain(&w.may(t).await, (t, u), "users.view").await.unwrap();
    assert_eq!(x.allowed, can, "{x:?}");
    let listed = w.access.who_can(&w.may(t).await, "users.view", None, 1000).await.unwrap();
    assert_eq!(listed.iter().any(|a| a.user == u), can, "listed");
    can
}

story!(async fn who_has_no_mapped_group_has_it_in_their_own_tenant_alone(t) {
    let w = World::new(&t.store);
    let us = w.tenant("us", true).await.id;
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let (acme, _, s) = w.company("acme", false).await;
    let acme = acme.id;
    let u = w.people(&s, 3).await;
    let hand = person(&w, acme, "hand", UserKind::Tenant).await;
    let plan = IntegrationPlan {
        name: "Bot".into(),
        description: None,
        scopes: w.access.catalogue().all().iter().cloned().collect(),
        expires_at: None,
        jwks: None,
        jwks_uri: None,
    };
    let may = w.may::<SystemManageIntegrations>(acme).await;
    let (bot, _) = apps::integration_create(&w.store, &w.access, &may, plan).await.unwrap();
    let bot = bot.user_id.unwrap();
    let g = w.group(&s, "Desk", &u[1..2]).await;
    let may = w.may::<UsersManageRoles>(acme).await;
    let m = mappings::create(&w.access, &may, Target::Own, g.id, id(SELF_SERVICE)).await.unwrap();
    assert!(!sees(&w, acme, u[0]).await, "none as a tenant is made");
    set(&w, acme, Some(id(READ_ONLY))).await;
    for (who, has) in [(u[0], true), (u[1], false), (u[2], true), (hand.id, true), (bot, false)] {
        assert_eq!(sees(&w, acme, who).await, has, "{who:?}");
    }
    // Nowhere else, and for nobody else.
    for there in [us, TenantId::PLATFORM] {
        assert!(w.access.effective(acme, u[0], there).await.unwrap().is_empty());
    }
    assert!(w.access.effective(us, tom.id, acme).await.unwrap().is_empty());
    assert_eq!(w.access.tenants_of(us, tom.id).await.unwrap(), [us]);
    let x = w.access.explain(&may, (acme, u[0]), "users.view").await.unwrap();
    assert!(matches!(x.paths[..], [ref p] if matches!(p.via, Via::Default { behind: false, .. })), "{x:?}");
    let x = w.access.explain(&may, (acme, u[1]), "users.view").await.unwrap();
    assert!(x.void.len() == 1 && x.void[0].1.contains("without a mapped group"), "{x:?}");
    // What is given by hand adds up with it.
    give(&w, &hand, acme, id(TECHNICIAN)).await;
    let e = w.access.effective(acme, hand.id, acme).await.unwrap();
    assert!(e.allows("users.view") && e.allows("computers.edit"), "{e:?}");
    // It follows the groups at once, both ways, of few and of many.
    w.apply(&s, g.id, vec![GroupChange::Replace(vec![u[0]])]).await;
    assert!(!sees(&w, acme, u[0]).await && sees(&w, acme, u[1]).await);
    w.apply(&s, g.id, vec![GroupChange::Add(u.clone())]).await;
    assert!(!sees(&w, acme, u[1]).await && !sees(&w, acme, u[2]).await);
    mappings::delete(&w.access, &may, m.id).await.unwrap();
    assert!(sees(&w, acme, u[0]).await && sees(&w, acme, u[2]).await, "a group without a mapping is none");
    mappings::create(&w.access, &may, Target::Own, g.id, id(SELF_SERVICE)).await.unwrap();
    assert!(!sees(&w, acme, u[0]).await);
    groups::delete(&w.store, &s, g.id, None).await.unwrap();
    assert!(sees(&w, acme, u[0]).await);
    let new = w.user(&s, "new@example.com").await;
    assert!(sees(&w, acme, new.id).await, "who comes later has it too");
    w.set_active(&s, new.id, false).await.unwrap();
    assert!(!sees(&w, acme, new.id).await);
    set(&w, acme, Some(id(TECHNICIAN))).await;
    assert!(!sees(&w, acme, u[2]).await);
    assert!(w.access.effective(acme, u[2], acme).await.unwrap().allows("computers.edit"));
    set(&w, acme, None).await;
    assert!(w.access.effective(acme, u[2], acme).await.unwrap().is_empty());
});

story!(async fn every_node_knows_at_once(t) {
    if !t.store.is_postgres() {
        return;
    }
    let w = World::new(&t.store);
    let other = World::new(&t.second_node().await);
    let (acme, _, s) = w.company("acme", false).await;
    let u = w.people(&s, 1).await;
    let g = w.group(&s, "Desk", &[]).await;
    let soon = async |want: bool| {
        for _ in 0..100 {
            if other.access.effective(acme.id, u[0], acme.id).await.unwrap().allows("users.view") == want {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the other node does not know: {want}");
    };
    soon(false).await;
    set(&w, acme.id, Some(id(READ_ONLY))).await;
    soon(true).await;
    mappings::create(&w.access, &w.may(acme.id).await, Target::Own, g.id, id(SELF_SERVICE)).await.unwrap();
    w.apply(&s, g.id, vec![GroupChange::Add(u.clone())]).await;
    soon(false).await;
    w.apply(&s, g.id, vec![GroupChange::Clear]).await;
    soon(true).await;
    set(&w, acme.id, None).await;
    soon(false).await;
});

story!(async fn nobody_sets_more_than_they_hold_and_nobody_is_an_administrator_by_it(t) {
    let w = World::new(&t.store);
    let us = w.tenant("us", true).await.id;
    let (acme, other) = (w.tenant("acme", false).await.id, w.tenant("other", false).await.id);
    let lead = person(&w, acme, "lead", UserKind::Tenant).await;
    give(&w, &lead, acme, role(&w, acme, "Lead", &["users.view", "users.manage_roles"], false).await.id).await;
    let view = role(&w, acme, "View", &["users.view"], false).await;
    let e = sets(&w, &lead, acme, Some(id(READ_ONLY))).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "{e:?}");
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    assert_eq!(sets(&w, &ann, acme, Some(view.id)).await.unwrap_err().kind(), Kind::Forbidden);
    let set = sets(&w, &lead, acme, Some(view.id)).await.unwrap();
    assert_eq!((set.role_id, set.version), (Some(view.id), 1));
    assert!(sees(&w, acme, ann.id).await);
    for role in [TENANT_ADMINISTRATOR, GLOBAL_ADMINISTRATOR] {
        for t in [acme, us] {
            let e = defaults::set(&w.access, &w.may(t).await, None, Some(role)).await.unwrap_err();
            assert_eq!((e.kind(), e.attr_str()), (Kind::Forbidden, Some("role")), "{e:?}");
        }
    }
    let e = defaults::set(&w.access, &w.may(other).await, None, Some(view.id)).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "another tenant's role");
    // The version counts on, also when there is none in between.
    let p = w.may(acme).await;
    let e = defaults::set(&w.access, &p, Some(0), None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Precondition);
    defaults::set(&w.access, &p, Some(1), None).await.unwrap();
    let e = defaults::set(&w.access, &p, Some(1), Some(view.id)).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Precondition);
    assert_eq!(defaults::set(&w.access, &p, Some(2), Some(view.id)).await.unwrap().version, 3);
    assert_eq!(defaults::get(&w.access, &w.may(other).await).await.unwrap().0.version, 0);
    assert_eq!(defaults::adopt(&w.access, &w.may(other).await).await.unwrap_err().kind(), Kind::NotFound);
    let trail = audit::list(&w.store, acme, &audit::Query::default(), 100).await.unwrap().items;
    let told: Vec<&str> =
        trail.iter().map(|e| e.action.as_str()).filter(|a| a.starts_with("default_role")).collect();
    assert_eq!(told, ["default_role.set", "default_role.unset", "default_role.set"]);
});

story!(async fn a_role_that_is_a_default_is_in_use(t) {
    let w = World::new(&t.store);
    let us = w.tenant("us", true).await.id;
    let acme = w.tenant("acme", false).await.id;
    let p = w.may::<UsersManageRoles>(us).await;
    let offered = role(&w, us, "Offered", &["users.view"], true).await;
    set(&w, acme, Some(offered.id)).await;
    let (_, u) = roles::uses(&w.access, &p, offered.id, 5).await.unwrap();
    assert_eq!((u.total(), u.elsewhere), (0, 1));
    let (_, u) = roles::uses(&w.access, &w.may(acme).await, offered.id, 5).await.unwrap();
    assert_eq!((u.by_default.total, u.by_default.first[0].name.as_str()), (1, "ACME"));
    assert_eq!(roles::delete(&w.access, &p, offered.id, None).await.unwrap_err().kind(), Kind::Conflict);
    let edit = roles::RoleEdit { offered: Some(false), ..roles::RoleEdit::default() };
    assert_eq!(roles::edit(&w.access, &p, offered.id, None, edit).await.unwrap_err().kind(), Kind::Conflict);
    set(&w, us, Some(offered.id)).await;
    set(&w, acme, None).await;
    let e = roles::delete(&w.access, &p, offered.id, None).await.unwrap_err();
    assert!(e.detail().contains("the default role of 'US'"), "{e:?}");
    set(&w, us, None).await;
    roles::delete(&w.access, &p, offered.id, None).await.unwrap();
});

story!(async fn the_providers_people_have_their_own_and_a_mapping_anywhere_is_one(t) {
    let w = World::new(&t.store);
    let (us, _, s) = w.company("us", true).await;
    let acme = w.tenant("acme", false).await.id;
    make_global(&w, us.id, "root").await;
    let u = w.people(&s, 2).await;
    set(&w, us.id, Some(id(READ_ONLY))).await;
    assert!(sees(&w, us.id, u[0]).await);
    assert!(w.access.effective(us.id, u[0], acme).await.unwrap().is_empty(), "at home alone");
    // What their kind cannot hold gives them nothing.
    let g = w.group(&s, "Everything", &u[..1]).await;
    let global = w.global().await;
    mappings::create(&w.access, &w.may(us.id).await, Target::All(&global), g.id, GLOBAL_ADMINISTRATOR).await.unwrap();
    assert!(sees(&w, us.id, u[0]).await, "a technician is no Global Administrator by a group");
    let edit = users::Edit { kind: Some(UserKind::Administrator), ..users::Edit::default() };
    muster::credentials::person::edit(&w.store, &w.access, &w.may(us.id).await, None, (u[0], None), edit).await.unwrap();
    let e = w.access.effective(us.id, u[0], us.id).await.unwrap();
    assert!(e.global && e.paths.len() == 1, "{e:?}");
    let g = w.group(&s, "Acme team", &u[1..]).await;
    let there = w.may(acme).await;
    mappings::create(&w.access, &w.may(us.id).await, Target::Tenant(&there), g.id, id(TECHNICIAN)).await.unwrap();
    assert!(!sees(&w, us.id, u[1]).await, "a mapped group of theirs gives a role, elsewhere");
});
