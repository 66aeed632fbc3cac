//! What deciding costs, in a tenant of 100,000 people and 1,000 mappings, for somebody in 50 of the groups: from cache,
//! from nothing, after a change, and the preview of a mapping that touches 10,000 people. In this process, on both
//! databases; `bench/run access` runs it.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

#[path = "../scim/bulk.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod bulk;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod shared;

use bulk::Db;
use muster::{
    access::{
        Access, Catalogue, Permit,
        mappings::{self, Target},
        perm::{Provision, UsersManageRoles},
        preview,
        roles::{self, NewRole},
    },
    actor::{Actor, Principal},
    clock::Clock,
    crypto::seal::MasterKey,
    directories::{self, Provisioning},
    groups::{self, GroupChange, GroupDraft},
    id::{GroupId, RequestId, RoleId, TenantId, UserId},
    protocol::oidc::Preset,
    secret::Secret,
    store::{Database, Options, Store},
    tenants,
    users::{self, Draft},
};
use serde_json::json;
use shared::{
    Fail, Setting,
    figures::{Figures, median, percentile},
};
use std::{
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Groups, each mapped to one of the roles.
const GROUPS: u64 = 1000;
const ROLES: usize = 25;
/// Groups of the person who is asked about.
const OWN: u64 = 50;
/// What nothing gives but one group, which is watched.
const WATCHED: &str = "users.delete";

fn main() -> ExitCode {
    shared::start(run)
}

async fn run(arguments: Vec<String>) -> Result<bool, Fail> {
    let set = Setting::read(&arguments)?;
    let mut figures = Figures::default();
    for (name, options) in bulk::databases(&set, "access").await? {
        if set.wants(name) {
            one(&set, &mut figures, name, &options).await?;
        }
    }
    Ok(figures.done())
}

fn actor(who: Principal) -> Actor {
    Actor::prove(who, RequestId::new())
}
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn fail(e: muster::error::Error) -> Fail {
    format!("{e:?}").into()
}
fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
fn user(n: u64) -> UserId {
    UserId(bulk::id(n))
}

/// A tenant as the figures want it.
struct Place {
    store: Store,
    options: Options,
    access: Access,
    tenant: TenantId,
    scim: Permit<Provision>,
    permit: Permit<UsersManageRoles>,
    roles: Vec<RoleId>,
    everybody: GroupId,
    watched: GroupId,
}

async fn place(set: &Setting, name: &str, server: &[String]) -> Result<Place, Fail> {
    let data = set.work.join(format!("access-{name}"));
    std::fs::create_dir_all(&data)?;
    let database = match server {
        [_, url] => Database::Postgres(Secret::from(url.clone())),
        _ => Database::Sqlite(data.join("muster.db")),
    };
    let options = Options { database, connections: 8, durable: true, demand_audit: false };
    let store = Store::open(&options, Clock::System).await.map_err(fail)?;
    let access = Access::new(store.clone(), Catalogue::shipped().map_err(fail)?);
    let owner = || actor(Principal::Owner);
    let global = access.require_global(&owner()).await.map_err(fail)?;
    let new =
        tenants::New { slug: "big".into(), name: "Big".into(), provider: false, tags: Vec::new() };
    let tenant = tenants::create(&store, &global, new).await.map_err(fail)?.id;
    let new = directories::New {
        name: "Bench".into(),
        preset: Preset::Entra,
        provisioning: Provisioning::default(),
        signin: None,
    };
    let may = access.require(&owner(), tenant).await.map_err(fail)?;
    let master = MasterKey::generate().map_err(fail)?;
    let directory = directories::create(&store, &may, new, &master).await.map_err(fail)?.id;
    let itself = actor(Principal::Directory { tenant, directory });
    let scim = access.provision(&itself).await.map_err(fail)?;
    let mail = format!("{}@bench.example", bulk::SEED);
    let seed = Draft {
        user_name: mail.clone(),
        external_id: Some(format!("ext-{}", bulk::SEED)),
        display_name: Some(format!("Person {}", bulk::SEED)),
        email: Some(mail.clone()),
        active: true,
        doc: json!({"userName": mail, "emails": [{"value": mail, "primary": true}]}),
        emails: vec![(mail.clone(), Some("work".into()))],
    };
    users::create(&store, &scim, seed).await.map_err(fail)?;
    let people = if set.quick { 20_000 } else { 100_000 };
    Db::of(&data, server).people(1, people).await?;
    let permit: Permit<UsersManageRoles> = access.require(&owner(), tenant).await.map_err(fail)?;
    let all: Vec<String> =
        access.catalogue().all().iter().filter(|p| *p != WATCHED).cloned().collect();
    let role = async |name: String, permissions: Vec<String>| {
        let new =
            NewRole { name, permissions: permissions.into_iter().collect(), ..NewRole::default() };
        roles::create(&access, &permit, new).await.map(|r| r.id).map_err(fail)
    };
    let mut roles = Vec::new();
    for n in 0..ROLES {
        let some = all.iter().cycle().skip(n).take(6).cloned().collect();
        roles.push(role(format!("Role {n}"), some).await?);
    }
    let group = async |name: String, members: Vec<UserId>| {
        let draft = GroupDraft { display_name: name, external_id: None, members };
        groups::create(&store, &scim, draft).await.map(|g| g.row.id).map_err(fail)
    };
    for g in 0..GROUPS {
        let mut members: Vec<UserId> =
            (0..10).map(|n| user(2 + (g * 10 + n) % (people - 1))).collect();
        if g < OWN {
            members.push(user(1));
        }
        let id = group(format!("Group {g}"), members).await?;
        let role = roles[g as usize % ROLES];
        mappings::create(&access, &permit, Target::Own, id, role).await.map_err(fail)?;
    }
    let watched = group("Watched".into(), Vec::new()).await?;
    let only = role("Watched".into(), vec![WATCHED.to_owned()]).await?;
    mappings::create(&access, &permit, Target::Own, watched, only).await.map_err(fail)?;
    let everybody = group("Everybody".into(), Vec::new()).await?;
    Db::of(&data, server).members(&everybody.to_string(), 1, 10_000).await?;
    Ok(Place { store, options, access, tenant, scim, permit, roles, everybody, watched })
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    name: &str,
    server: &[String],
) -> Result<(), Fail> {
    let began = Instant::now();
    let p = place(set, name, server).await?;
    println!("access, {name}: filled in {:.0} s", began.elapsed().as_secs_f64());
    cached(set, figures, name, &p).await?;
    cold(set, figures, name, &p).await?;
    change(figures, name, &p).await?;
    let mut times = Vec::new();
    for _ in 0..set.rounds() {
        let began = Instant::now();
        let said = preview::map(&p.access, &p.permit, Target::Own, p.everybody, p.roles[0], 100);
        let said = said.await.map_err(fail)?;
        times.push(ms(began));
        if said.people != 10_000 {
            return Err(format!("a preview of {} people", said.people).into());
        }
    }
    let figure = format!("access_{name}_preview");
    figures.under(&figure, median(&mut times), "ms", 1000.0);
    p.store.close().await;
    Ok(())
}

async fn cached(set: &Setting, figures: &mut Figures, name: &str, p: &Place) -> Result<(), Fail> {
    let many = if set.quick { 20_000 } else { 500_000 };
    let held = p.access.effective(p.tenant, user(1), p.tenant).await.map_err(fail)?;
    println!("access, {name}: {} permissions by {OWN} groups", held.permissions.len());
    let mut rounds = Vec::new();
    for _ in 0..set.rounds() {
        let began = Instant::now();
        for _ in 0..many {
            let held = p.access.effective(p.tenant, user(1), p.tenant).await.map_err(fail)?;
            black_box(held.allows(black_box("computers.delete")));
        }
        rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(many));
    }
    figures.under(&format!("access_{name}_cached"), median(&mut rounds), "us", 5.0);
    Ok(())
}

/// Of a process that knows nobody yet, each time.
async fn cold(set: &Setting, figures: &mut Figures, name: &str, p: &Place) -> Result<(), Fail> {
    let mut times = Vec::new();
    for _ in 0..if set.quick { 50 } else { 300 } {
        let access = Access::new(p.store.clone(), p.access.catalogue().clone());
        let began = Instant::now();
        let held = access.effective(p.tenant, user(1), p.tenant).await.map_err(fail)?;
        times.push(ms(began));
        if held.permissions.is_empty() {
            return Err("a person of fifty groups holds nothing".into());
        }
    }
    let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!("access, {name}, cold: p50 {p50:.3} ms, p99 {p99:.3} ms");
    figures.under(&format!("access_{name}_cold"), p50, "ms", 2.0);
    Ok(())
}

/// A membership comes and goes: the next question here sees it, and one on another node soon.
async fn change(figures: &mut Figures, name: &str, p: &Place) -> Result<(), Fail> {
    let there = if p.store.is_postgres() {
        let store = Store::open(&p.options, Clock::System).await.map_err(fail)?;
        Some((Access::new(store.clone(), p.access.catalogue().clone()), store))
    } else {
        None
    };
    let who = user(1);
    let holds = async |access: &Access| {
        access.effective(p.tenant, who, p.tenant).await.map(|h| h.allows(WATCHED)).map_err(fail)
    };
    let (mut late, mut worst) = (0, 0.0_f64);
    for round in 0..20 {
        let on = round % 2 == 0;
        let change = if on { GroupChange::Add(vec![who]) } else { GroupChange::Remove(vec![who]) };
        if let Some((access, _)) = &there {
            // So that it has something to forget.
            holds(access).await?;
        }
        let done = groups::apply(&p.store, &p.scim, p.watched, None, vec![change]).await;
        done.map_err(fail)?;
        late += u32::from(holds(&p.access).await? != on);
        if let Some((access, _)) = &there {
            let began = Instant::now();
            while holds(access).await? != on {
                if began.elapsed() > Duration::from_secs(10) {
                    return Err("the other node does not hear of a change".into());
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            worst = worst.max(ms(began));
        }
    }
    figures.under(&format!("access_{name}_next_request_late"), f64::from(late), "of 20", 1.0);
    if let Some((_, store)) = there {
        figures.under(&format!("access_{name}_other_node"), worst, "ms", 1000.0);
        store.close().await;
    }
    Ok(())
}
