//! Scopes of many tenants: what they reach, who may give in them, and how they follow the tenants.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session};
use crate::{
    api::own,
    people::world::{World, race},
    pure, story,
    support::TestServer,
};
use muster::{
    access::{
        Over, Permit, Reach,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant},
        mappings::{self, Target},
        perm::UsersManageRoles,
        roles::{self, RoleEdit},
    },
    actor::UserKind,
    audit,
    error::{Error, Kind, Result},
    id::TenantId,
    tenants::{self, Status},
    users::User,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn set(tenants: &[TenantId]) -> Reach {
    Reach::set(tenants.iter().copied().collect()).unwrap()
}
fn except(tenants: &[TenantId]) -> Reach {
    Reach::except(tenants.iter().copied().collect()).unwrap()
}
fn tag(word: &str) -> Reach {
    Reach::tagged(word).unwrap()
}

async fn over(w: &World, provider: TenantId, reach: Reach) -> Over {
    let p: Permit<UsersManageRoles> = w.may(provider).await;
    w.access.over(&p, reach).await.unwrap()
}
async fn give_over(w: &World, u: &User, reach: Reach, role: &str) -> grants::Grant {
    let o = over(w, u.tenant_id, reach).await;
    let new = NewGrant::manual(u.tenant_id, u.id, id(role));
    grants::add_over(&w.access, &o, new).await.unwrap()
}
/// What somebody who acts by themselves could give.
async fn by(w: &World, u: &User, reach: Reach) -> Result<Over> {
    let p = w.access.require::<UsersManageRoles>(&session(u), u.tenant_id).await?;
    w.access.over(&p, reach).await
}
async fn tags(w: &World, t: TenantId, words: &[&str]) {
    let words = words.iter().map(|s| (*s).to_owned()).collect();
    let edit = tenants::Edit { tags: Some(words), ..Default::default() };
    tenants::edit(&w.store, &w.global().await, t, None, edit).await.unwrap();
}
async fn can(w: &World, u: &User, t: TenantId) -> bool {
    w.access.effective(u.tenant_id, u.id, t).await.unwrap().allows("computers.edit")
}

story!(async fn a_role_by_a_tag_follows_the_tags(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let (a, b) = (w.tenant("alpha", false).await, w.tenant("beta", false).await);
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    give_over(&w, &tom, tag(" GOLD "), TECHNICIAN).await;
    assert!(!can(&w, &tom, a.id).await && !can(&w, &tom, b.id).await);
    assert_eq!(w.access.tenants_of(provider.id, tom.id).await.unwrap(), [provider.id]);
    tags(&w, b.id, &["Gold", "north"]).await;
    assert!(!can(&w, &tom, a.id).await && can(&w, &tom, b.id).await, "at once, where the tag is");
    assert_eq!(w.access.tenants_of(provider.id, tom.id).await.unwrap(), [provider.id, b.id]);
    let new = tenants::New {
        slug: "gamma".into(), name: "Gamma".into(), provider: false, tags: vec!["gold".into()],
    };
    let c = tenants::create(&w.store, &w.global().await, new).await.unwrap();
    assert!(can(&w, &tom, c.id).await, "a new tenant with the tag");
    tags(&w, b.id, &["north"]).await;
    assert!(!can(&w, &tom, b.id).await && can(&w, &tom, c.id).await, "and not where it was taken away");
    tenants::set_status(&w.store, &w.global().await, c.id, Status::Suspended).await.unwrap();
    assert!(!can(&w, &tom, c.id).await);
    let e = tenants::edit(&w.store, &w.global().await, b.id, None, tenants::Edit {
        tags: Some(vec!["a:b".into()]), status: Some(Status::Suspended), ..Default::default()
    }).await.unwrap_err();
    assert_eq!(e.attr_str(), Some("tags"));
    assert_eq!(tenants::get(&w.store, b.id).await.unwrap().status, Status::Active, "nothing by half");
    let trail = audit::list(&w.store, b.id, &audit::Query::default(), 50).await.unwrap().items;
    assert!(trail.iter().filter(|e| e.action == "tenant.tags").count() == 2, "{trail:?}");
});

story!(async fn every_scope_reaches_what_it_says_and_they_add_up(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let mut all = Vec::new();
    for name in ["alpha", "beta", "gamma"] {
        all.push(w.tenant(name, false).await.id);
    }
    let where_can = async |u: &User| {
        let mut out = Vec::new();
        for t in all.iter().copied().chain([provider.id, TenantId::PLATFORM]) {
            out.push(can(&w, u, t).await);
        }
        out
    };
    let set_of = person(&w, provider.id, "set", UserKind::Technician).await;
    give_over(&w, &set_of, set(&all[..2]), TECHNICIAN).await;
    assert_eq!(where_can(&set_of).await, [true, true, false, false, false]);
    let every = person(&w, provider.id, "every", UserKind::Technician).await;
    give_over(&w, &every, Reach::Every, TECHNICIAN).await;
    assert_eq!(where_can(&every).await, [true, true, true, true, false], "not the platform itself");
    let but = person(&w, provider.id, "but", UserKind::Technician).await;
    let g = give_over(&w, &but, except(&[all[0], provider.id]), TECHNICIAN).await;
    assert_eq!(where_can(&but).await, [false, true, true, false, false]);
    give_over(&w, &but, except(&[all[1]]), TECHNICIAN).await;
    assert_eq!(where_can(&but).await, [true, true, true, true, false], "an exception takes nothing from another scope");
    grants::remove(&w.access, &w.may(provider.id).await, g.id).await.unwrap();
    assert_eq!(where_can(&but).await, [true, false, true, true, false]);
    let new = w.tenant("delta", false).await.id;
    assert!(can(&w, &every, new).await && can(&w, &but, new).await && !can(&w, &set_of, new).await);
    let mut seen: BTreeSet<TenantId> = all.iter().copied().collect();
    seen.extend([provider.id, new]);
    let of = w.access.tenants_of(provider.id, every.id).await.unwrap();
    assert_eq!(of.iter().copied().collect::<BTreeSet<_>>(), seen);
    assert_eq!(of.len(), seen.len(), "each once");
});

story!(async fn a_mapping_reaches_by_tag_and_the_tenant_sees_it(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let (a, b) = (w.tenant("alpha", false).await, w.tenant("beta", false).await);
    tags(&w, a.id, &["gold"]).await;
    let tom = w.user(&s, "tom@provider.example").await;
    let g = w.group(&s, "Gold team", &[tom.id]).await;
    let p = w.may(provider.id).await;
    let o = over(&w, provider.id, tag("gold")).await;
    let m = mappings::create(&w.access, &p, Target::Over(&o), g.id, id(TECHNICIAN)).await.unwrap();
    assert!(can(&w, &tom, a.id).await && !can(&w, &tom, b.id).await);
    let again = mappings::create(&w.access, &p, Target::Over(&o), g.id, id(TECHNICIAN)).await;
    assert_eq!(again.unwrap_err().kind(), Kind::Conflict);
    let sees = async |t: TenantId| {
        let all = mappings::list(&w.access, &w.may(t).await, mappings::Query::page(None, 10)).await.unwrap();
        all.iter().any(|x| x.id == m.id)
    };
    assert!(sees(provider.id).await && sees(a.id).await && !sees(b.id).await);
    let e = mappings::delete(&w.access, &w.may(a.id).await, m.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "it is the provider's to delete");
    mappings::delete(&w.access, &p, m.id).await.unwrap();
    assert!(!can(&w, &tom, a.id).await);
});

fn refused<T>(r: Result<T>) -> Error {
    r.err().expect("it is refused")
}

story!(async fn nobody_gives_in_a_scope_what_they_do_not_hold_all_over_it(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let (a, b, c) = (w.tenant("a1", false).await.id, w.tenant("b1", false).await.id, w.tenant("c1", false).await.id);
    tags(&w, a, &["gold"]).await;
    let boss = person(&w, provider.id, "boss", UserKind::Technician).await;
    for t in [a, b, provider.id] {
        give(&w, &boss, t, TENANT_ADMINISTRATOR).await;
    }
    by(&w, &boss, set(&[a, b])).await.unwrap();
    assert_eq!(refused(by(&w, &boss, set(&[a, c])).await).kind(), Kind::NotFound, "not seen at all");
    give(&w, &boss, c, id(READ_ONLY)).await;
    assert_eq!(refused(by(&w, &boss, set(&[a, c])).await).kind(), Kind::Forbidden);
    // Administrator in every tenant of the tag, and in every tenant there is, as it happens.
    give(&w, &boss, c, TENANT_ADMINISTRATOR).await;
    for reach in [tag("gold"), Reach::Every, except(&[b]), Reach::All] {
        assert_eq!(refused(by(&w, &boss, reach.clone()).await).kind(), Kind::Forbidden, "{reach:?} may grow");
    }
    // By a scope that includes it by how it is made.
    let lead = person(&w, provider.id, "lead", UserKind::Technician).await;
    give_over(&w, &lead, except(&[c]), "01900000-0000-7000-8000-000000000002").await;
    for reach in [except(&[c]), except(&[b, c]), set(&[a, b])] {
        by(&w, &lead, reach).await.unwrap();
    }
    for reach in [Reach::Every, except(&[b]), tag("gold"), Reach::All] {
        assert_eq!(refused(by(&w, &lead, reach.clone()).await).kind(), Kind::Forbidden, "{reach:?}");
    }
    assert_eq!(refused(by(&w, &lead, set(&[a, c])).await).kind(), Kind::NotFound);
    let gold = person(&w, provider.id, "gold", UserKind::Technician).await;
    give(&w, &gold, provider.id, TENANT_ADMINISTRATOR).await;
    give_over(&w, &gold, tag("gold"), "01900000-0000-7000-8000-000000000002").await;
    by(&w, &gold, tag("gold")).await.unwrap();
    assert_eq!(refused(by(&w, &gold, tag("silver")).await).kind(), Kind::Forbidden);
    // And at most what is held all over it.
    let some = role(&w, provider.id, "Roles", &["users.manage_roles", "users.view"], true).await;
    let half = person(&w, provider.id, "half", UserKind::Technician).await;
    let new = NewGrant::manual(provider.id, half.id, some.id);
    grants::add_over(&w.access, &over(&w, provider.id, Reach::Every).await, new).await.unwrap();
    let o = by(&w, &half, Reach::Every).await.unwrap();
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    let new = NewGrant::manual(provider.id, tom.id, id(TECHNICIAN));
    let e = refused(grants::add_over(&w.access, &o, new).await);
    assert!(e.kind() == Kind::Forbidden && e.detail().contains("you lack"), "{e:?}");
    let new = NewGrant::manual(provider.id, tom.id, some.id);
    grants::add_over(&w.access, &o, new).await.unwrap();
    // Nor by editing the role that is used there: held at home is not enough.
    let ann = person(&w, provider.id, "ann", UserKind::Technician).await;
    give(&w, &ann, provider.id, TENANT_ADMINISTRATOR).await;
    let p = w.access.require::<UsersManageRoles>(&session(&ann), provider.id).await.unwrap();
    let wider = ["users.manage_roles", "users.view", "users.add"].map(str::to_owned).into();
    let edit = RoleEdit { permissions: Some(wider), ..RoleEdit::default() };
    let e = refused(roles::edit(&w.access, &p, some.id, None, edit).await);
    assert_eq!(e.kind(), Kind::Forbidden, "{e:?}");
});

story!(async fn scopes_of_many_tenants_are_for_the_providers_people_alone(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let (acme, other) = (w.tenant("acme", false).await, w.tenant("other", false).await);
    let p: Permit<UsersManageRoles> = w.may(acme.id).await;
    for reach in [Reach::Every, tag("gold"), except(&[other.id]), set(&[acme.id, other.id])] {
        let e = refused(w.access.over(&p, reach).await);
        assert_eq!(e.kind(), Kind::Forbidden);
    }
    let guest = person(&w, provider.id, "guest", UserKind::Tenant).await;
    let o = over(&w, provider.id, Reach::Every).await;
    let e = refused(grants::add_over(&w.access, &o, NewGrant::manual(provider.id, guest.id, id(READ_ONLY))).await);
    assert_eq!(e.kind(), Kind::Forbidden, "the kind tenant stays at home");
    let e = refused(grants::add_over(&w.access, &o, NewGrant::manual(acme.id, guest.id, id(READ_ONLY))).await);
    assert_eq!(e.kind(), Kind::NotFound);
    let root = make_global(&w, provider.id, "root").await;
    let e = refused(grants::add_over(&w.access, &o, NewGrant::manual(provider.id, root.id, GLOBAL_ADMINISTRATOR)).await);
    assert_eq!(e.kind(), Kind::Forbidden, "all tenants are not the instance");
    let local = role(&w, provider.id, "Local", &["users.view"], false).await;
    let e = refused(grants::add_over(&w.access, &o, NewGrant::manual(provider.id, root.id, local.id)).await);
    assert_eq!(e.kind(), Kind::Forbidden, "a role that is not offered");
});

story!(async fn an_administrator_of_all_tenants_is_no_tenants_last_one(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let acme = w.tenant("acme", false).await;
    make_global(&w, provider.id, "root").await;
    let lead = person(&w, provider.id, "lead", UserKind::Technician).await;
    give_over(&w, &lead, Reach::Every, "01900000-0000-7000-8000-000000000002").await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
    let p = w.may(acme.id).await;
    let q = grants::Query { user: Some(ann.id), ..grants::Query::default() };
    let mine = grants::list(&w.access, &p, q).await.unwrap();
    let e = refused(grants::remove(&w.access, &p, mine[0].id).await);
    assert_eq!(e.kind(), Kind::Forbidden, "{e:?}");
    let all = grants::list(&w.access, &p, grants::Query::default()).await.unwrap();
    assert!(all.iter().any(|g| g.user_id == lead.id), "acme sees who reaches in: {all:?}");
    let e = refused(grants::remove(&w.access, &p, all.iter().find(|g| g.user_id == lead.id).unwrap().id).await);
    assert_eq!(e.kind(), Kind::NotFound, "but it is the provider's to take");
});

story!(async fn the_same_mapping_twice_at_once_is_one(t) {
    let w = World::new(&t.store);
    let (provider, _, s) = w.company("provider", true).await;
    let o = over(&w, provider.id, Reach::Every).await;
    for i in 0..5 {
        let g = w.group(&s, &format!("G{i}"), &[]).await;
        let make = || {
            let (access, p, o) = (w.access.clone(), World::owner(), o.clone());
            let (home, g) = (provider.id, g.id);
            async move {
                let p = access.require::<UsersManageRoles>(&p, home).await.unwrap();
                mappings::create(&access, &p, Target::Over(&o), g, id(READ_ONLY)).await.is_ok()
            }
        };
        let (one, two) = race(make(), make()).await;
        assert!(one ^ two, "{one} {two}");
    }
});

fn shown(v: &Value) -> (&str, &str) {
    (v["scope"]["kind"].as_str().unwrap(), v["scope"]["text"].as_str().unwrap())
}

story!(async fn the_api_says_scopes_in_words_and_names_no_stranger(t) {
    let s = TestServer::start(&t).await;
    own(&s, "POST", "/tenants", json!({"slug": "us", "name": "Us", "provider": true})).await.expect(201);
    own(&s, "POST", "/tenants", json!({"slug": "contoso", "name": "Contoso", "tags": ["Gold"]})).await.expect(201);
    own(&s, "POST", "/tenants", json!({"slug": "fabrikam", "name": "Fabrikam"})).await.expect(201);
    let seen = own(&s, "PATCH", "/tenants/fabrikam", json!({"tags": ["silver", "Silver "]})).await.expect(200).json();
    assert_eq!(seen["tags"], json!(["silver"]));
    for (name, kind) in [("tom", "technician"), ("ann", "tenant")] {
        let home = if kind == "tenant" { "contoso" } else { "us" };
        let u = json!({"user_name": name, "kind": kind});
        own(&s, "POST", &format!("/tenants/{home}/users"), u).await.expect(201);
    }
    let give = |scope: Value| json!({"user": "tom", "role": "Technician", "scope": scope});
    for (scope, kind, text) in [
        (json!({"kind": "tag", "tag": "GOLD"}), "tag", "tag 'gold'"),
        (json!({"kind": "all_tenants"}), "all_tenants", "all tenants"),
        (json!({"kind": "all_tenants_except", "tenants": ["fabrikam"]}), "all_tenants_except", "all tenants except Fabrikam"),
        (json!({"kind": "tenants", "tenants": ["contoso", "fabrikam"]}), "tenants", "Contoso, Fabrikam"),
    ] {
        let g = own(&s, "POST", "/tenants/us/grants", give(scope)).await.expect(201).json();
        assert_eq!(shown(&g), (kind, text));
        assert_eq!((&g["in_tenant"], &g["everywhere"]), (&Value::Null, &json!(false)));
    }
    for scope in [json!({"kind": "tenants", "tenants": []}), json!({"kind": "tag", "tag": "a:b"}), json!({"kind": "all"})] {
        own(&s, "POST", "/tenants/us/grants", give(scope)).await.expect(400);
    }
    let e = own(&s, "POST", "/tenants/us/grants", give(json!({"kind": "tenants", "tenants": ["nobody"]}))).await;
    e.expect(404);
    let both = json!({"group": "x", "role": "Technician", "everywhere": true, "scope": {"kind": "all_tenants"}});
    own(&s, "POST", "/tenants/us/mappings", both).await.expect(404);
    let x = own(&s, "GET", "/tenants/contoso/explain?user=tom&home=us&permission=computers.edit", Value::Null).await;
    let x = x.expect(200).json();
    let mut texts: Vec<&str> = x["paths"].as_array().unwrap().iter().map(|p| shown(p).1).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Contoso, Fabrikam", "all tenants", "all tenants except Fabrikam", "tag 'gold'"]);
    // Contoso's own administrator sees that there are others, and not who.
    let ann = own(&s, "GET", "/tenants/contoso/users?text=ann", Value::Null).await.expect(200).json();
    let user = ann["items"][0]["id"].as_str().unwrap().parse().unwrap();
    let home = tenants::by_slug(&s.app.store, "contoso").await.unwrap().unwrap().id;
    own(&s, "POST", "/tenants/contoso/grants", json!({"user": "ann", "role": "Tenant Administrator"})).await.expect(201);
    let ann = muster::actor::Actor::prove(
        muster::actor::Principal::User {
            home, user, kind: UserKind::Tenant, session: None, app: None, scopes: None, bound: None,
        },
        muster::id::RequestId::new(),
    );
    let all = crate::api::call(&s, Some(&ann), "GET", "/tenants/contoso/grants", "").await;
    let all = all.expect(200).json();
    let mut texts: Vec<&str> = all["items"].as_array().unwrap().iter().map(|p| shown(p).1).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Contoso", "Contoso, 1 more", "all tenants", "all tenants except one tenant", "tag 'gold'"]);
    assert!(!all.to_string().contains("abrikam"));
    // What is set as a whole leaves these as they are.
    let tom = own(&s, "GET", "/tenants/us/users?text=tom", Value::Null).await.expect(200).json();
    let at = format!("/tenants/us/users/{}/access", tom["items"][0]["id"].as_str().unwrap());
    let set = own(&s, "PUT", &at, json!({"access": [{"tenant": "us", "roles": ["Read-Only"]}]})).await.expect(200).json();
    assert_eq!((set["added"].as_array().unwrap().len(), set["removed"].as_array().unwrap().len()), (1, 0));
    let held = own(&s, "GET", &at, Value::Null).await.expect(200).json();
    assert_eq!(held["access"].as_array().unwrap().len(), 5);
    // And are told to be left; an end to all of it is an end to these.
    assert_eq!(set["stays"].as_array().unwrap().len(), 4, "{set}");
    let none = own(&s, "PUT", &at, json!({"access": []})).await.expect(200).json();
    assert_eq!((none["removed"].as_array().unwrap().len(), &none["stays"]), (5, &json!([])), "{none}");
    let held = own(&s, "GET", &at, Value::Null).await.expect(200).json();
    assert_eq!(held["access"], json!([]));
    let trail = own(&s, "GET", "/tenants/fabrikam/audit", Value::Null).await.expect(200).json();
    let told = trail["items"].as_array().unwrap().iter().filter(|e| e["action"] == "grant.remove");
    assert_eq!(told.count(), 1, "one of a chosen set is told");
});

pure!(
    fn scopes_include_each_other_by_how_they_are_made() {
        let ids: Vec<TenantId> = (0..4).map(|_| TenantId::new()).collect();
        let none = BTreeSet::new();
        let gold = BTreeSet::from(["gold".to_owned()]);
        let all = [
            Reach::Tenant(ids[0]),
            set(&ids[..2]),
            set(&ids[1..]),
            tag("gold"),
            tag("silver"),
            Reach::Every,
            except(&ids[..1]),
            except(&ids[..2]),
            Reach::All,
        ];
        for x in &all {
            assert_eq!(*x, Reach::read(&x.column(), x.tenant()), "{x:?}");
            assert!(x.includes(x) && Reach::All.includes(x));
            for y in &all {
                // Whatever tenants there are, with whatever tags: what is included is covered.
                for tenant in ids.iter().copied().chain([TenantId::PLATFORM]) {
                    for tags in [&none, &gold] {
                        let tags = if tenant == TenantId::PLATFORM { &none } else { tags };
                        let site = muster::access::Site { tenant, tags };
                        assert!(
                            !x.includes(y) || !y.covers(site) || x.covers(site),
                            "{x:?} {y:?} {tenant}"
                        );
                    }
                }
            }
        }
        assert!(
            Reach::Every.includes(&tag("gold")) && !tag("gold").includes(&Reach::Tenant(ids[0]))
        );
        assert!(
            except(&ids[..1]).includes(&set(&ids[1..]))
                && !except(&ids[..1]).includes(&set(&ids[..2]))
        );
        for bad in ["", "tenants:", "tenants:x", "tag", "none", "except:"] {
            assert_eq!(
                Reach::read(bad, None),
                Reach::Tenants(std::sync::Arc::default()),
                "{bad}: reaches nothing"
            );
        }
    }
);
