//! Whoever chose what an integration user may use answers for it.

use super::{TECHNICIAN, give, id, person, role, session};
use crate::{api::call, people::world::World, story, support::TestServer};
use muster::{
    access::{
        authors::{self, Reviewed},
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
    },
    actor::UserKind,
    id::{TenantId, UserId},
    store::{Cx, Scope},
    users::User,
};
use serde_json::{Value, json};
use std::time::Duration;

struct Scene {
    s: TestServer,
    w: World,
    t: TenantId,
    maker: User,
    at: String,
    user: UserId,
}

/// An integration user made by somebody who is a Technician and may make such, with a role from somebody else.
async fn scene(s: TestServer) -> Scene {
    scene_of(s, "acme").await
}
async fn scene_of(s: TestServer, slug: &str) -> Scene {
    let w = World {
        store: s.app.store.clone(),
        access: s.app.access.clone(),
        master: s.app.master.clone(),
    };
    let t = s.tenant(slug).await;
    let maker = person(&w, t, "mia", UserKind::Tenant).await;
    let makes = role(&w, t, "Makes", &["system.manage_integrations", "users.view"], false).await;
    give(&w, &maker, t, makes.id).await;
    give(&w, &maker, t, id(TECHNICIAN)).await;
    let body = json!({"name": "RMM", "scopes": ["computers.view", "computers.edit", "users.view"]});
    let at = format!("/tenants/{t}/integrations");
    let made =
        call(&s, Some(&session(&maker)), "POST", &at, &body.to_string()).await.expect(201).json();
    let user = UserId(made["user"].as_str().unwrap().parse().unwrap());
    grants::add(&w.access, &w.may(t).await, NewGrant::manual(t, user, TENANT_ADMINISTRATOR))
        .await
        .unwrap();
    let at = format!("{at}/{}", made["id"].as_str().unwrap());
    Scene { s, w, t, maker, at, user }
}
impl Scene {
    async fn holds(&self) -> Vec<String> {
        let held = self.w.access.effective(self.t, self.user, self.t).await.unwrap();
        held.permissions.iter().cloned().collect()
    }
    async fn shown(&self) -> Value {
        call(&self.s, Some(&self.s.owner()), "GET", &self.at, "").await.expect(200).json()
    }
    async fn stands(&self, how: &str) {
        assert_eq!(self.shown().await["author"], how);
        let all: &[&str] = &["computers.edit", "computers.view", "users.view"];
        assert_eq!(self.holds().await, if how == "suspended" { &[] } else { all });
    }
    /// Takes the role of a Technician from whoever made it.
    async fn demote(&self) {
        let at = format!("/tenants/{}/grants?user={}", self.t, self.maker.id);
        let all = call(&self.s, Some(&self.s.owner()), "GET", &at, "").await.expect(200).json();
        let all = all["items"].as_array().unwrap();
        let tech = all.iter().find(|g| g["role"] == TECHNICIAN).unwrap();
        let at = format!("/tenants/{}/grants/{}", self.t, tech["id"].as_str().unwrap());
        call(&self.s, Some(&self.s.owner()), "DELETE", &at, "").await.expect(204);
    }
    async fn review(&self) -> usize {
        let cx = Cx::new(self.s.owner(), Scope::Platform);
        authors::review(&self.w.access, &cx, &mut Reviewed::default()).await.unwrap()
    }
    async fn switch(&self, u: &User, on: bool) {
        let at = format!("/tenants/{}/users/{}", self.t, u.id);
        let body = json!({ "enabled": on }).to_string();
        call(&self.s, Some(&self.s.owner()), "PATCH", &at, &body).await.expect(200);
    }
}

story!(async fn who_was_demoted_below_it_suspends_it_until_somebody_answers_for_it(t) {
    let a = scene(TestServer::start(&t).await).await;
    a.stands("in_force").await;
    a.demote().await;
    a.stands("suspended").await;
    assert_eq!(a.review().await, 1, "it is written down once");
    assert_eq!(a.review().await, 0);
    assert!(!a.shown().await["suspended_at"].is_null());
    let why = format!("/tenants/{}/explain?user={}&permission=computers.view", a.t, a.user);
    let why = call(&a.s, Some(&a.s.owner()), "GET", &why, "").await.text;
    assert!(why.contains("integration user is suspended"), "{why}");
    // Whoever holds less does not put it right; nor does who holds it for an hour.
    let (temp, boss) = (person(&a.w, a.t, "temp", UserKind::Tenant).await, person(&a.w, a.t, "boss", UserKind::Tenant).await);
    let hour = a.w.store.clock().now().plus(Duration::from_secs(3600));
    let new = NewGrant { valid_to: Some(hour), ..NewGrant::manual(a.t, temp.id, TENANT_ADMINISTRATOR) };
    grants::add(&a.w.access, &a.w.may(a.t).await, new).await.unwrap();
    give(&a.w, &boss, a.t, TENANT_ADMINISTRATOR).await;
    let adopt = format!("{}/adopt", a.at);
    for who in [&a.maker, &temp] {
        call(&a.s, Some(&session(who)), "POST", &adopt, "{}").await.expect(403);
    }
    a.stands("suspended").await;
    let said = call(&a.s, Some(&session(&boss)), "POST", &adopt, "{}").await.expect(200).json();
    assert_eq!((&said["author"], &said["suspended_at"]), (&json!("in_force"), &Value::Null));
    assert_eq!(said["adopted_by"], format!("user:{}", boss.id));
    a.stands("in_force").await;
    assert_eq!(a.review().await, 0);
});

story!(async fn who_left_leaves_it_in_force_unless_they_were_demoted_before(t) {
    let a = scene(TestServer::start(&t).await).await;
    a.switch(&a.maker, false).await;
    a.stands("author_left").await;
    a.switch(&a.maker, true).await;
    a.demote().await;
    a.stands("suspended").await;
    // Nobody can ask them any more: it stays as it was when they left.
    a.switch(&a.maker, false).await;
    a.stands("suspended").await;
    let gone = format!("/tenants/{}/users/{}", a.t, a.maker.id);
    call(&a.s, Some(&a.s.owner()), "DELETE", &gone, "").await.expect(204);
    a.stands("suspended").await;
    // To choose its permissions is to answer for them.
    let body = json!({"scopes": ["computers.view"]}).to_string();
    call(&a.s, Some(&a.s.owner()), "PATCH", &a.at, &body).await.expect(200);
    assert_eq!((a.shown().await["author"].clone(), a.holds().await), (json!("in_force"), vec!["computers.view".to_owned()]));
});

story!(async fn what_is_held_for_a_while_is_chosen_for_a_while(t) {
    let a = scene(TestServer::start(&t).await).await;
    let temp = person(&a.w, a.t, "temp", UserKind::Tenant).await;
    let hour = a.w.store.clock().now().plus(Duration::from_secs(3600));
    let new = NewGrant { valid_to: Some(hour), ..NewGrant::manual(a.t, temp.id, TENANT_ADMINISTRATOR) };
    grants::add(&a.w.access, &a.w.may(a.t).await, new).await.unwrap();
    let body = json!({"name": "For an hour", "scopes": ["computers.view"]}).to_string();
    let at = format!("/tenants/{}/integrations", a.t);
    let made = call(&a.s, Some(&session(&temp)), "POST", &at, &body).await.expect(201).json();
    let user = UserId(made["user"].as_str().unwrap().parse().unwrap());
    grants::add(&a.w.access, &a.w.may(a.t).await, NewGrant::manual(a.t, user, id(TECHNICIAN))).await.unwrap();
    let held = a.w.access.effective(a.t, user, a.t).await.unwrap();
    assert!(held.allows("computers.view") && held.until == Some(hour), "{:?}", held.until);
    assert!(!held.lasts("computers.view", None) && held.lasts("computers.view", Some(hour)));
});

story!(async fn one_without_a_role_is_written_down_as_well_when_its_maker_leaves(t) {
    let a = scene(TestServer::start(&t).await).await;
    // The role comes later: for now it has none.
    let at = format!("/tenants/{}/grants?user={}", a.t, a.user);
    let all = call(&a.s, Some(&a.s.owner()), "GET", &at, "").await.expect(200).json();
    for g in all["items"].as_array().unwrap() {
        let at = format!("/tenants/{}/grants/{}", a.t, g["id"].as_str().unwrap());
        call(&a.s, Some(&a.s.owner()), "DELETE", &at, "").await.expect(204);
    }
    assert_eq!(a.shown().await["author"], "in_force");
    a.demote().await;
    assert_eq!(a.shown().await["author"], "suspended");
    a.switch(&a.maker, false).await;
    assert!(!a.shown().await["suspended_at"].is_null(), "in the transaction in which they leave");
    give_it(&a).await;
    a.stands("suspended").await;
    // Who holds it when they leave leaves it in force, with a role or without.
    let b = scene_of(a.s, "bern").await;
    b.switch(&b.maker, false).await;
    b.stands("author_left").await;
});

async fn give_it(a: &Scene) {
    let new = NewGrant::manual(a.t, a.user, TENANT_ADMINISTRATOR);
    grants::add(&a.w.access, &a.w.may(a.t).await, new).await.unwrap();
}
