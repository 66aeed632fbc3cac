//! One computation: on random models, what is enforced is what explain says, what "who can" lists, and what an evaluator
//! says that was written here, from the rules and not from the code.

use super::{
    naive::{Company, Human, Kinds, Mapped, Model, Way, Where, column},
    role,
};
use crate::{people::world::World, story};
use muster::{
    access::perm::{SystemViewLogs, UsersManageRoles, UsersView},
    actor::{Actor, Principal, UserKind},
    error::Kind,
    id::{DirectoryId, GrantId, GroupId, MappingId, ParkedId, RequestId, RoleId, TenantId, UserId},
    sql,
    store::{Cx, Scope},
    tx,
};
use std::collections::{BTreeMap, BTreeSet};

/// Small, and the same each time.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
    fn odds(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

fn place(d: &mut Dice, all: &[TenantId]) -> Where {
    match d.below(8) {
        0 | 1 => Where::One(d.one(all)),
        2 => Where::Each(vec![all[1], d.one(&all[2..])]),
        3 => Where::Tag(d.one(&["gold", "silver"])),
        4 => Where::Every,
        5 => Where::But(vec![d.one(all)]),
        6 => Where::One(all[0]),
        _ => Where::Instance,
    }
}

struct Rows {
    w: World,
    cx: Cx,
    model: Model,
    groups: Vec<(TenantId, DirectoryId, GroupId, Vec<UserId>)>,
}

async fn random(w: World, d: &mut Dice) -> Rows {
    let cx = Cx::new(World::owner(), Scope::Platform);
    let mut companies = Vec::new();
    for (n, slug) in ["us", "aa", "bb", "cc"].into_iter().enumerate() {
        let t = w.tenant(slug, n == 0).await;
        let tags: BTreeSet<String> =
            ["gold", "silver"].into_iter().filter(|_| d.odds(40)).map(str::to_owned).collect();
        let active = n == 0 || d.odds(80);
        let edit = muster::tenants::Edit {
            tags: Some(tags.iter().cloned().collect()),
            status: (!active).then_some(muster::tenants::Status::Suspended),
            ..Default::default()
        };
        muster::tenants::edit(&w.store, &w.global().await, t.id, None, edit).await.unwrap();
        companies.push(Company { id: t.id, provider: n == 0, active, tags });
    }
    let ids: Vec<TenantId> = companies.iter().map(|c| c.id).collect();
    let (mut humans, mut groups) = (Vec::new(), Vec::new());
    for (home, n, g) in [(ids[0], 5, 3), (ids[1], 3, 2)] {
        let dir = w.directory(home, "Entra ID").await;
        let s = w.scim(&dir).await;
        let mut here = Vec::new();
        for _ in 0..n {
            let u = w.user(&s, &format!("p{}@example.com", humans.len())).await;
            let kinds = [
                UserKind::Administrator,
                UserKind::Technician,
                UserKind::Technician,
                UserKind::Tenant,
            ];
            let kind = if home == ids[0] { d.one(&kinds) } else { d.one(&kinds[2..]) };
            let on = d.odds(85);
            let (user, word) = (u.id, kind.as_str());
            tx!(w.store, &cx, [], |tx| {
                tx.unaudited("a model");
                tx.changed(muster::store::Topic::User(home, user));
                sql!(
                    tx,
                    exec,
                    "UPDATE users SET kind = $3, active = $4 WHERE tenant_id = $1 AND id = $2",
                    home,
                    user,
                    word,
                    on
                )
            })
            .unwrap();
            humans.push(Human { home, id: u.id, kind, on });
            here.push(u.id);
        }
        for k in 0..g {
            let members: Vec<UserId> = here.iter().copied().filter(|_| d.odds(50)).collect();
            let group = w.group(&s, &format!("g{k}"), &members).await;
            groups.push((home, dir.id, group.id, members));
        }
    }
    let offered = role(&w, ids[0], "Offered", &["users.view", "users.manage_roles"], true).await;
    let local = role(&w, ids[1], "Local", &["users.view", "system.view_logs"], false).await;
    let mut roles: BTreeMap<RoleId, Kinds> = w
        .access
        .catalogue()
        .roles()
        .iter()
        .map(|r| (r.id, Kinds { owner: None, offered: true, gives: (*r.permissions).clone() }))
        .collect();
    for r in [offered, local] {
        roles.insert(r.id, Kinds { owner: r.tenant, offered: r.offered, gives: r.permissions });
    }
    let model = Model { companies, humans, roles, ways: Vec::new(), mappings: BTreeMap::new() };
    Rows { w, cx, model, groups }
}

/// Grants, mappings and parked roles of every kind, as rows: also such as no service would write.
async fn rows(r: &mut Rows, d: &mut Dice) {
    let ids: Vec<TenantId> = r.model.companies.iter().map(|c| c.id).collect();
    let roles: Vec<RoleId> = r.model.roles.keys().copied().collect();
    let hour = 3_600_000_000i64;
    let now = r.w.store.clock().now().0;
    for n in 0..12 {
        let h = &r.model.humans[d.below(r.model.humans.len())];
        let (home, user, what, at) = (h.home, h.id, d.one(&roles), place(d, &ids));
        let (begun, over) = (d.odds(85), d.odds(20));
        let from = if begun { now - 3 * hour } else { now + hour };
        let to = if over {
            Some(now - hour)
        } else if d.odds(30) {
            Some(now + 2 * hour)
        } else {
            None
        };
        let source = if n % 6 == 5 { "hold" } else { "manual" };
        let (scope, there) = column(&at);
        let g = GrantId::new();
        tx!(r.w.store, &r.cx, [scope], |tx| {
            tx.unaudited("a model");
            tx.changed(muster::store::Topic::User(home, user));
            sql!(tx, exec,
                "INSERT INTO grants (tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by,
                                     valid_from, valid_to, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 'x', 'test', $8, $9, $8)",
                home, g, user, what, scope, there, source, from, to)
        }).unwrap();
        r.model.ways.push(Way {
            user,
            role: what,
            at,
            begun,
            over,
            mapping: None,
            kept: false,
            default: false,
        });
    }
    for _ in 0..7 {
        let (home, dir, group, members) = r.groups[d.below(r.groups.len())].clone();
        let at = if home == ids[0] { place(d, &ids) } else { Where::One(home) };
        let (what, provider, m) = (d.one(&roles), home == ids[0], MappingId::new());
        let author = d.odds(60).then(|| {
            let h = &r.model.humans[d.below(5)];
            (h.home, h.id)
        });
        let (scope, there) = column(&at);
        let (by_tenant, by_user) = author.unzip();
        let written = tx!(r.w.store, &r.cx, [scope], |tx| {
            tx.unaudited("a model");
            tx.changed(muster::store::Topic::Access(home));
            sql!(tx, exec,
                "INSERT INTO mappings (tenant_id, id, provider, directory_id, group_id, role_id, scope, scope_tenant,
                                       created_by, created_by_tenant, created_by_user, version, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'test', $9, $10, 1, 0, 0)",
                home, m, provider, dir, group, what, scope, there, by_tenant, by_user)
        });
        if written.is_err() {
            continue; // The same one twice.
        }
        r.model.mappings.insert(m, Mapped { author: by_user, role: what, at: at.clone() });
        for user in members {
            let at = at.clone();
            r.model.ways.push(Way {
                user,
                role: what,
                at,
                begun: true,
                over: false,
                mapping: Some(m),
                kept: false,
                default: false,
            });
        }
    }
    for _ in 0..4 {
        kept(r, d, &ids, &roles).await;
    }
    for t in &ids[..3] {
        if d.odds(70) {
            by_default(r, d, *t, &roles).await;
        }
    }
}

/// A tenant's default role, also such as no service would set.
async fn by_default(r: &mut Rows, d: &mut Dice, t: TenantId, roles: &[RoleId]) {
    let (m, what) = (MappingId::new(), d.one(roles));
    let author = d.odds(60).then(|| {
        let h = &r.model.humans[d.below(5)];
        (h.home, h.id)
    });
    let (by_tenant, by_user) = author.unzip();
    tx!(r.w.store, &r.cx, [], |tx| {
        tx.unaudited("a model");
        tx.changed(muster::store::Topic::Access(t));
        sql!(tx, exec, "DELETE FROM default_roles WHERE tenant_id = $1", t)?;
        sql!(tx, exec,
            "INSERT INTO default_roles (tenant_id, id, role_id, created_by, created_by_tenant, created_by_user, version,
                                        created_at, updated_at)
             VALUES ($1, $2, $3, 'test', $4, $5, 1, 0, 0)", t, m, what, by_tenant, by_user)
    })
    .unwrap();
    let was: BTreeSet<MappingId> = r
        .model
        .ways
        .iter()
        .filter(|w| w.default && w.at == Where::One(t))
        .filter_map(|w| w.mapping)
        .collect();
    r.model.ways.retain(|w| !(w.default && w.at == Where::One(t)));
    r.model.mappings.retain(|id, _| !was.contains(id));
    let at = Where::One(t);
    r.model.mappings.insert(m, Mapped { author: by_user, role: what, at: at.clone() });
    for h in r.model.humans.iter().filter(|h| h.home == t) {
        r.model.ways.push(Way {
            user: h.id,
            role: what,
            at: at.clone(),
            begun: true,
            over: false,
            mapping: Some(m),
            kept: false,
            default: true,
        });
    }
}

/// Something that is kept: of what was given by hand, of a mapping that is there, or of one that is gone.
async fn kept(r: &mut Rows, d: &mut Dice, ids: &[TenantId], roles: &[RoleId]) {
    let (home, dir) = (r.groups[0].0, r.groups[0].1);
    let (change, user, gone, p) =
        (ParkedId::new(), r.model.humans[d.below(5)].id, d.odds(30), GrantId::new());
    let there: Vec<MappingId> = r.model.mappings.keys().copied().collect();
    let (mapping, of) = match d.below(3) {
        0 => (None, Mapped { author: None, role: d.one(roles), at: place(d, ids) }),
        1 if !there.is_empty() => {
            let m = d.one(&there);
            (Some(m), r.model.mappings[&m].clone())
        }
        _ => {
            let author = Some(r.model.humans[d.below(5)].id);
            (Some(MappingId::new()), Mapped { author, role: d.one(roles), at: place(d, ids) })
        }
    };
    let (scope, there) = column(&of.at);
    let (what, by) = (of.role, of.author);
    let by_tenant = by.map(|u| r.model.human(u).home);
    let group = mapping.map(|_| "a group");
    tx!(r.w.store, &r.cx, [scope], |tx| {
        tx.unaudited("a model");
        tx.changed(muster::store::Topic::User(home, user));
        sql!(tx, exec,
            "INSERT INTO parked_changes (tenant_id, id, directory_id, limits, opened_at, last_at, closed_at)
             VALUES ($1, $2, $3, '{}', 0, 0, 0)", home, change, dir)?;
        sql!(tx, exec,
            "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key, gone,
                                       kept, role_id, scope, scope_tenant, granted_by, since, created_at, mapping_id,
                                       created_by_tenant, created_by_user, group_name)
             VALUES ($1, $2, $3, $4, $5, 'x', 'x', $6, FALSE, $7, $8, $9, 'test', 0, 0, $10, $11, $12, $13)",
            home, p, change, dir, user, gone, what, scope, there, mapping, by_tenant, by, group)
    }).unwrap();
    if let Some(m) = mapping {
        r.model.mappings.entry(m).or_insert(of.clone());
    }
    if !gone {
        let (role, at) = (of.role, of.at);
        let (begun, over, kept, default) = (true, false, true, false);
        r.model.ways.push(Way { user, role, at, begun, over, mapping, kept, default });
    }
}

/// Compares, for everybody in every tenant; says how often the answer was yes.
async fn compare(r: &Rows, seed: u64) -> (usize, usize) {
    let (w, m) = (&r.w, &r.model);
    let out = m.suspended();
    let mut yes = 0;
    for c in &m.companies {
        let permit = w.may::<UsersManageRoles>(c.id).await;
        for what in [
            "users.view",
            "users.manage_roles",
            "system.view_logs",
            "computers.edit",
            "self_service",
        ] {
            let mut naive = BTreeSet::new();
            for h in &m.humans {
                let can = c.active && m.can(h.id, c.id, what, &out);
                let at = format!("seed {seed}: {:?} {:?} {what} in {}", h.id, h.kind, c.id);
                let who = Principal::User {
                    home: h.home,
                    user: h.id,
                    kind: h.kind,
                    session: None,
                    app: None,
                    scopes: None,
                    bound: None,
                };
                let actor = Actor::prove(who, RequestId::new());
                let decided = match what {
                    "users.view" => w.access.require::<UsersView>(&actor, c.id).await.is_ok(),
                    "users.manage_roles" => {
                        w.access.require::<UsersManageRoles>(&actor, c.id).await.is_ok()
                    }
                    "system.view_logs" => {
                        w.access.require::<SystemViewLogs>(&actor, c.id).await.is_ok()
                    }
                    _ => w.access.effective(h.home, h.id, c.id).await.unwrap().allows(what),
                };
                let told = match w.access.explain(&permit, (h.home, h.id), what).await {
                    Ok(x) => {
                        assert_eq!(x.allowed, !x.paths.is_empty(), "{at}: {x:?}");
                        assert!(x.allowed || !x.needed.is_empty(), "{at}: what would be enough");
                        x.allowed
                    }
                    Err(e) if e.kind() == Kind::NotFound => false,
                    Err(e) => panic!("{at}: {e:?}"),
                };
                assert_eq!(decided, can, "{at}: enforced and by the rules; suspended {out:?}");
                assert_eq!(told, can, "{at}: explained");
                if can {
                    naive.insert(h.id);
                }
            }
            let listed = w.access.who_can(&permit, what, None, 1000).await.unwrap();
            assert!(listed.iter().all(|a| !a.paths.is_empty()));
            let listed: BTreeSet<UserId> = listed.iter().map(|a| a.user).collect();
            assert_eq!(listed, naive, "seed {seed}: who can {what} in {}", c.id);
            yes += naive.len();
        }
    }
    (yes, out.len())
}

async fn model(t: &crate::support::TestDb, seed: u64) -> (usize, usize) {
    let mut d = Dice(seed);
    let mut r = random(World::new(&t.store), &mut d).await;
    rows(&mut r, &mut d).await;
    let first = compare(&r, seed).await;
    // More of everything: what is kept must follow.
    rows_more(&mut r, &mut d).await;
    let second = compare(&r, seed).await;
    (first.0 + second.0, first.1 + second.1)
}

/// A second helping without what there can be only one of.
async fn rows_more(r: &mut Rows, d: &mut Dice) {
    let (home, user) = {
        let h = &r.model.humans[d.below(5)];
        (h.home, h.id)
    };
    // Somebody loses all that was given by hand: authors among them are demoted.
    tx!(r.w.store, &r.cx, [], |tx| {
        tx.unaudited("a model");
        tx.changed(muster::store::Topic::User(home, user));
        sql!(tx, exec, "DELETE FROM grants WHERE tenant_id = $1 AND user_id = $2", home, user)?;
        sql!(tx, exec, "DELETE FROM parked_roles WHERE tenant_id = $1 AND user_id = $2", home, user)
    })
    .unwrap();
    r.model.ways.retain(|w| w.user != user || w.mapping.is_some() && !w.kept);
    // One has another default role, by somebody else.
    let t = r.model.companies[d.below(2)].id;
    let roles: Vec<RoleId> = r.model.roles.keys().copied().collect();
    by_default(r, d, t, &roles).await;
    // And a tenant gets other tags.
    let c = 1 + d.below(3);
    let tags: BTreeSet<String> =
        ["gold", "silver"].into_iter().filter(|_| d.odds(50)).map(str::to_owned).collect();
    let edit =
        muster::tenants::Edit { tags: Some(tags.iter().cloned().collect()), ..Default::default() };
    let t = r.model.companies[c].id;
    muster::tenants::edit(&r.w.store, &r.w.global().await, t, None, edit).await.unwrap();
    r.model.companies[c].tags = tags;
}

macro_rules! models {
    ($($name:ident = $seeds:expr;)*) => {$(
        story!(async fn $name(t) {
            let (yes, suspended) = model(&t, $seeds).await;
            assert!(yes > 0, "the model says yes to somebody");
            println!("seed {}: {yes} times yes, {suspended} mappings suspended", $seeds);
        });
    )*};
}
models! {
    enforced_explained_and_listed_alike_1 = 1;
    enforced_explained_and_listed_alike_2 = 2;
    enforced_explained_and_listed_alike_3 = 3;
    enforced_explained_and_listed_alike_4 = 4;
    enforced_explained_and_listed_alike_5 = 5;
    enforced_explained_and_listed_alike_6 = 6;
    enforced_explained_and_listed_alike_7 = 7;
    enforced_explained_and_listed_alike_8 = 8;
    enforced_explained_and_listed_alike_9 = 9;
    enforced_explained_and_listed_alike_10 = 10;
    enforced_explained_and_listed_alike_11 = 11;
    enforced_explained_and_listed_alike_12 = 12;
}
