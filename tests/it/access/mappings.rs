//! Group mappings: computed, bounded by their directory's tenant, explained.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session};
use crate::{
    people::world::{World, race},
    story,
};
use muster::{
    access::{
        Permit, Via,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant},
        mappings::{self, Target},
        perm::UsersManageRoles,
    },
    actor::UserKind,
    audit,
    error::Kind,
    groups::GroupChange,
    id::{MappingId, RoleId, TenantId, UserId},
    sql,
    store::{Cx, Scope},
    tx, users,
};

async fn own(w: &World, t: TenantId, group: muster::id::GroupId, role: RoleId) -> MappingId {
    let p = w.may(t).await;
    mappings::create(&w.access, &p, Target::Own, group, role).await.unwrap().id
}

story!(async fn what_a_mapping_gives_follows_the_group(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let u = w.people(&s, 2).await;
    let g = w.group(&s, "Viewers", &u[..1]).await;
    let m = own(&w, acme.id, g.id, id(READ_ONLY)).await;
    let sees = async |u: UserId| {
        w.access.effective(acme.id, u, acme.id).await.unwrap().allows("users.view")
    };
    assert!(sees(u[0]).await && !sees(u[1]).await);
    w.apply(&s, g.id, vec![GroupChange::Replace(vec![u[1]])]).await;
    assert!(!sees(u[0]).await && sees(u[1]).await, "at once, both ways");
    give(&w, &users::view(&w.store, &w.may(acme.id).await, u[1]).await.unwrap(), acme.id, id(TECHNICIAN)).await;
    mappings::delete(&w.access, &w.may(acme.id).await, m).await.unwrap();
    assert!(!sees(u[1]).await, "deleting takes away what it gave");
    let e = w.access.effective(acme.id, u[1], acme.id).await.unwrap();
    assert!(e.allows("computers.edit"), "and nothing else");
    let gone = mappings::delete(&w.access, &w.may(acme.id).await, m).await.unwrap_err();
    assert_eq!(gone.kind(), Kind::NotFound);
});

story!(async fn a_tenants_directory_does_not_reach_beyond_its_tenant(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let other = w.tenant("other", false).await;
    let g = w.group(&s, "Viewers", &[]).await;
    let p = w.may(acme.id).await;
    let there: Permit<UsersManageRoles> = w.may(other.id).await;
    let target = Target::Tenant(&there);
    let e = mappings::create(&w.access, &p, target, g.id, id(READ_ONLY)).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let global = w.global().await;
    let target = Target::All(&global);
    let e = mappings::create(&w.access, &p, target, g.id, GLOBAL_ADMINISTRATOR).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let e = mappings::create(&w.access, &there, Target::Own, g.id, id(READ_ONLY)).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "another tenant's group");
});

story!(async fn the_providers_mapping_reaches_where_it_says(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let (acme, other) = (w.tenant("acme", false).await, w.tenant("other", false).await);
    let tom = w.user(&s, "tom@provider.example").await;
    assert_eq!(tom.kind, UserKind::Technician);
    let g = w.group(&s, "Acme team", &[tom.id]).await;
    let (p, there) = (w.may(provider.id).await, w.may(acme.id).await);
    let role = id(TECHNICIAN);
    let m = mappings::create(&w.access, &p, Target::Tenant(&there), g.id, role).await.unwrap();
    let again = mappings::create(&w.access, &p, Target::Tenant(&there), g.id, role).await;
    assert_eq!(again.unwrap_err().kind(), Kind::Conflict);
    let may = async |t: TenantId| {
        w.access.effective(provider.id, tom.id, t).await.unwrap().allows("computers.edit")
    };
    assert!(may(acme.id).await && !may(other.id).await && !may(provider.id).await);
    assert_eq!(w.access.tenants_of(provider.id, tom.id).await.unwrap(), [provider.id, acme.id]);
    let seen = mappings::list(&w.access, &there, mappings::Query::page(None, 10)).await.unwrap();
    assert_eq!(seen.iter().map(|m| m.id).collect::<Vec<_>>(), [m.id], "acme sees who reaches in");
    let e = mappings::delete(&w.access, &there, m.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "but it is the provider's to delete");
});

story!(async fn a_mapping_to_global_administrator_counts_for_administrators_alone(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let tom = w.user(&s, "tom@provider.example").await;
    let g = w.group(&s, "Everything", &[tom.id]).await;
    let (p, global) = (w.may(provider.id).await, w.global().await);
    let role = GLOBAL_ADMINISTRATOR;
    let e = mappings::create(&w.access, &p, Target::Own, g.id, role).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    mappings::create(&w.access, &p, Target::All(&global), g.id, role).await.unwrap();
    let is = async || w.access.effective(provider.id, tom.id, provider.id).await.unwrap().global;
    assert!(!is().await, "a technician does not become one by a group");
    let x = w.access.explain(&p, (provider.id, tom.id), "users.edit").await.unwrap();
    assert!(!x.allowed && x.paths.is_empty());
    assert_eq!(x.void.len(), 1, "and explain says why: {x:?}");
    let edit = users::Edit { kind: Some(UserKind::Administrator), ..users::Edit::default() };
    muster::credentials::person::edit(&w.store, &w.access, &w.may(provider.id).await, None, (tom.id, None), edit).await.unwrap();
    assert!(is().await);
});

story!(async fn explain_names_every_way(t) {
    let w = World::new(&t.store);
    let (acme, d, s) = w.company("acme", false).await;
    let u = w.people(&s, 1).await;
    let g = w.group(&s, "Viewers", &u).await;
    let m = own(&w, acme.id, g.id, id(READ_ONLY)).await;
    let desk = role(&w, acme.id, "Desk", &["users.view", "users.add"], false).await;
    let ann = users::view(&w.store, &w.may(acme.id).await, u[0]).await.unwrap();
    give(&w, &ann, acme.id, desk.id).await;
    let p = w.may(acme.id).await;
    let x = w.access.explain(&p, (acme.id, u[0]), "users.view").await.unwrap();
    assert!(x.allowed && x.paths.len() == 2, "{x:?}");
    let mapped = x.paths.iter().find(|p| p.role.name == "Read-Only").unwrap();
    assert_eq!(
        mapped.via,
        Via::Mapping {
            mapping: m,
            group: g.id,
            group_name: "Viewers".into(),
            directory: d.id,
            directory_name: "Entra ID".into(),
        }
    );
    assert_eq!(mapped.by, "owner");
    let x = w.access.explain(&p, (acme.id, u[0]), "users.delete").await.unwrap();
    assert!(!x.allowed && x.paths.is_empty());
    assert!(x.needed.iter().any(|r| r.role.id == TENANT_ADMINISTRATOR), "{:?}", x.needed);
    let e = w.access.explain(&p, (acme.id, u[0]), "users.fly").await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("permission")));
    let other = w.tenant("other", false).await;
    let q = w.may(other.id).await;
    let e = w.access.explain(&q, (acme.id, u[0]), "users.view").await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "somebody else's people");
    w.set_active(&s, u[0], false).await.unwrap();
    let x = w.access.explain(&p, (acme.id, u[0]), "users.view").await.unwrap();
    assert!(!x.allowed && x.nothing_counts.is_some() && x.void.len() == 2);
});

story!(async fn a_mapping_that_makes_the_last_administrator_is_not_deleted(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let u = w.people(&s, 1).await;
    for round in 0..6 {
        let a = w.group(&s, &format!("A{round}"), &u).await;
        let b = w.group(&s, &format!("B{round}"), &u).await;
        let all = mappings::list(&w.access, &w.may(acme.id).await, mappings::Query::page(None, 10)).await.unwrap();
        let (x, y) = (
            own(&w, acme.id, a.id, TENANT_ADMINISTRATOR).await,
            own(&w, acme.id, b.id, TENANT_ADMINISTRATOR).await,
        );
        for m in all {
            mappings::delete(&w.access, &w.may(acme.id).await, m.id).await.unwrap();
        }
        let go = |m: MappingId, p: Permit<UsersManageRoles>| {
            let access = w.access.clone();
            async move { mappings::delete(&access, &p, m).await }
        };
        let (a, b) = race(go(x, w.may(acme.id).await), go(y, w.may(acme.id).await)).await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        assert_eq!(a.err().or(b.err()).unwrap().code_str(), Some("last_administrator"));
    }
});

story!(async fn an_act_of_the_providers_in_a_customers_tenant_is_told_to_both(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let acme = w.tenant("acme", false).await;
    let gina = make_global(&w, provider.id, "gina").await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let a = session(&gina);
    let p = w.access.require::<UsersManageRoles>(&a, acme.id).await.unwrap();
    let new = NewGrant::manual(acme.id, ann.id, id(READ_ONLY));
    grants::add(&w.access, &p, new).await.unwrap();
    let g = w.group(&s, "Team", &[]).await;
    let home = w.access.require::<UsersManageRoles>(&a, provider.id).await.unwrap();
    let m = mappings::create(&w.access, &home, Target::Tenant(&p), g.id, id(TECHNICIAN)).await;
    mappings::delete(&w.access, &home, m.unwrap().id).await.unwrap();
    // The owner of the data directory acts from no tenant: told to both likewise.
    let (home, p) = (w.may(provider.id).await, w.may(acme.id).await);
    mappings::create(&w.access, &home, Target::Tenant(&p), g.id, id(TECHNICIAN)).await.unwrap();
    let by = format!("user:{}", gina.id);
    for tenant in [acme.id, provider.id] {
        let told = audit::list(&w.store, tenant, &audit::Query::default(), 100).await.unwrap().items;
        let count = |action: &str, actor: &str| {
            told.iter().filter(|e| e.action == action && e.actor == actor).count()
        };
        assert_eq!(count("grant.add", &by), 1);
        assert_eq!(count("mapping.create", &by), 1);
        assert_eq!(count("mapping.delete", &by), 1);
        assert_eq!(count("mapping.create", "owner"), 1);
    }
});

story!(async fn the_schema_itself_keeps_a_directory_in_its_tenant(t) {
    let w = World::new(&t.store);
    let (acme, d, s) = w.company("acme", false).await;
    let other = w.tenant("other", false).await;
    let g = w.group(&s, "Viewers", &[]).await;
    let cx = Cx::new(World::owner(), Scope::Platform);
    // As what it is, with a scope beyond; then under the pretence of being the provider.
    for (provider, scope, tenant, fits) in [
        (false, "tenant", Some(acme.id), true),
        (false, "tenant", Some(other.id), false),
        (false, "all", None, false),
        (false, "every", None, false),
        (false, "tag:gold", None, false),
        (false, "tenants:00", None, false),
        (false, "except:00", None, false),
        (false, "tag:", Some(acme.id), false),
        (false, "anything", Some(acme.id), false),
        (true, "tenant", Some(other.id), false),
        (true, "all", None, false),
    ] {
        let (t, d, g, m) = (acme.id, d.id, g.id, MappingId::new());
        let role = id(READ_ONLY);
        let r = tx!(w.store, &cx, [], |tx| {
            tx.unaudited("test");
            sql!(
                tx,
                exec,
                "INSERT INTO mappings (tenant_id, id, provider, directory_id, group_id, role_id, scope,
                                       scope_tenant, created_by, version, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'test', 1, 0, 0)",
                t,
                m,
                provider,
                d,
                g,
                role,
                scope,
                tenant
            )
        });
        assert_eq!(r.is_ok(), fits, "{provider} {scope} {tenant:?}: {r:?}");
    }
});
