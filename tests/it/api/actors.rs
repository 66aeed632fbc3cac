//! Every route of the table as every kind of actor, in their own tenant and in another's: what each is answered follows from
//! the table and from what their role permits by the catalogue, and from nothing else.

use super::{call, routes::path};
use crate::{
    access::{READ_ONLY, SELF_SERVICE, TECHNICIAN, give, id, make_global, person, session, token},
    people::world::World,
    story,
    support::server::TestServer,
};
use muster::{
    access::{
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant},
    },
    actor::{Actor, Principal, UserKind},
    api::{Needs, TABLE},
    id::{RequestId, RoleId, TenantId},
};
use std::collections::BTreeSet;

/// Somebody who asks, what of the catalogue they hold in the tenant that is asked about, and whether they see it.
struct Asks {
    name: &'static str,
    actor: Option<Actor>,
    holds: BTreeSet<String>,
    sees: bool,
    global: bool,
    owner: bool,
}

/// What an answer comes to, for who asks whether they may.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    WhoAreYou,
    NotYou,
    NoSuchTenant,
    GoOn,
}

async fn everybody(s: &TestServer, w: &World, acme: TenantId) -> Vec<Asks> {
    let us = s.provider().await;
    let other = s.tenant("other").await;
    let of = |role: RoleId| -> BTreeSet<String> {
        w.access.catalogue().role(role).unwrap().permissions.iter().cloned().collect()
    };
    let mut all = Vec::new();
    let mut add = |name, actor, role: Option<RoleId>, sees| {
        let holds = role.map(of).unwrap_or_default();
        all.push(Asks { name, actor, holds, sees, global: false, owner: false });
    };
    add("nobody", None, None, false);
    let kinds = [
        ("self-service", id(SELF_SERVICE)),
        ("read-only", id(READ_ONLY)),
        ("technician", id(TECHNICIAN)),
        ("administrator", TENANT_ADMINISTRATOR),
    ];
    for (name, role) in kinds {
        let own = person(w, acme, name, UserKind::Tenant).await;
        give(w, &own, acme, role).await;
        add(name, Some(session(&own)), Some(role), true);
        let foreign = person(w, other, name, UserKind::Tenant).await;
        give(w, &foreign, other, role).await;
        add(name, Some(session(&foreign)), None, false);
        let works = person(w, us, name, UserKind::Technician).await;
        give(w, &works, acme, role).await;
        add(name, Some(session(&works)), Some(role), true);
        let idle = person(w, us, &format!("{name}-idle"), UserKind::Technician).await;
        give(w, &idle, us, role).await;
        add(name, Some(session(&idle)), None, false);
    }
    let none = person(w, acme, "none", UserKind::Tenant).await;
    add("nothing", Some(session(&none)), None, true);
    // An integration user and a person by a token, each with one scope of all that they have.
    let boss = person(w, acme, "boss", UserKind::Tenant).await;
    give(w, &boss, acme, TENANT_ADMINISTRATOR).await;
    add("token", Some(token(&boss, acme, &["users.view"])), None, true);
    all.last_mut().unwrap().holds = ["users.view".to_owned()].into();
    let elsewhere = person(w, other, "boss", UserKind::Tenant).await;
    give(w, &elsewhere, other, TENANT_ADMINISTRATOR).await;
    let foreign = Asks {
        name: "foreign token",
        actor: Some(token(&elsewhere, other, &["users.view"])),
        ..nobody()
    };
    all.push(foreign);
    let body = serde_json::json!({"name": "RMM", "scopes": ["computers.view"]}).to_string();
    let at = format!("/tenants/{acme}/integrations");
    let made = call(s, Some(&s.owner()), "POST", &at, &body).await.expect(201).json();
    let user = muster::id::UserId(made["user"].as_str().unwrap().parse().unwrap());
    grants::add(&w.access, &w.may(acme).await, NewGrant::manual(acme, user, TENANT_ADMINISTRATOR))
        .await
        .unwrap();
    let who = Principal::User {
        home: acme,
        user,
        kind: UserKind::Integration,
        session: None,
        app: Some(muster::id::AppId(made["id"].as_str().unwrap().parse().unwrap())),
        scopes: Some(vec!["computers.view".to_owned()].into()),
        bound: Some(acme),
    };
    let holds = ["computers.view".to_owned()].into();
    let actor = Some(Actor::prove(who, RequestId::new()));
    all.push(Asks { name: "integration", actor, holds, sees: true, ..nobody() });
    let root = make_global(w, us, "root").await;
    let everything: BTreeSet<String> = of(GLOBAL_ADMINISTRATOR);
    all.push(Asks {
        name: "global administrator",
        actor: Some(session(&root)),
        holds: everything.clone(),
        sees: true,
        global: true,
        ..nobody()
    });
    let bound = token(&root, us, &["users.view"]);
    all.push(Asks { name: "their token of another tenant", actor: Some(bound), ..nobody() });
    all.push(Asks {
        name: "owner",
        actor: Some(s.owner()),
        holds: everything,
        sees: true,
        global: true,
        owner: true,
    });
    all
}

fn nobody() -> Asks {
    Asks { name: "", actor: None, holds: BTreeSet::new(), sees: false, global: false, owner: false }
}

story!(async fn every_route_answers_every_kind_of_actor_as_the_table_says(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let acme = s.tenant("acme").await;
    let all = everybody(&s, &w, acme).await;
    let mut asked = 0;
    for r in TABLE {
        let nowhere = call(&s, Some(&s.owner()), r.method, &path(r, "nowhere"), "").await;
        for a in &all {
            let said = call(&s, a.actor.as_ref(), r.method, &path(r, "acme"), "").await;
            let (needed, refuses) = match r.needs {
                Needs::Permission(p) => (a.holds.contains(p), format!("'{p}'")),
                Needs::Global => (a.global, "Global Administrators".to_owned()),
                Needs::Owner => (a.owner, String::new()),
                Needs::Caller => (a.actor.is_some(), String::new()),
            };
            let in_tenant = matches!(r.needs, Needs::Permission(_));
            let should = match (&a.actor, needed) {
                (None, _) => Said::WhoAreYou,
                (_, true) => Said::GoOn,
                _ if in_tenant && !a.sees => Said::NoSuchTenant,
                _ => Said::NotYou,
            };
            let is = match said.status.as_u16() {
                401 => Said::WhoAreYou,
                404 if in_tenant && nowhere.status == 404 && said.json()["detail"] == nowhere.json()["detail"] => {
                    Said::NoSuchTenant
                }
                // What is refused for another reason than the route's own (a ceiling, one's own rows) went on.
                403 if !matches!(r.needs, Needs::Caller) && said.text.contains(&refuses) => Said::NotYou,
                _ => Said::GoOn,
            };
            assert_eq!(is, should, "{} {} as {}: {} {}", r.method, r.path, a.name, said.status, said.text);
            asked += 1;
        }
    }
    assert_eq!(asked, TABLE.len() * all.len());
});
