//! The permissions chosen for an integration user bound whoever asks about it, not its tokens alone.

use crate::{
    access::{give, make_global, person, session},
    api::call,
    people::world::World,
    story,
    support::{
        TestServer,
        person::{READ_ONLY, TENANT_ADMIN, TestApp},
    },
};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    apps::{self, Change, IntegrationPlan},
    id::{AppId, RoleId, TenantId, UserId},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn integration(s: &TestServer, tenant: TenantId, scopes: &[&str]) -> (AppId, UserId) {
    let plan = IntegrationPlan {
        name: "rmm".to_owned(),
        description: None,
        scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        expires_at: None,
        jwks: None,
        jwks_uri: None,
    };
    let permit = s.permit(tenant).await;
    let (app, _) =
        apps::integration_create(&s.app.store, &s.app.access, &permit, plan).await.unwrap();
    let user = app.user_id.unwrap();
    let grant = NewGrant::manual(tenant, user, RoleId::parse(TENANT_ADMIN).unwrap());
    grants::add(&s.app.access, &s.permit(tenant).await, grant).await.unwrap();
    (app.id, user)
}

/// What the three say: AuthZEN, explain, who-can.
async fn said(
    s: &TestServer,
    app: &TestApp,
    user: UserId,
    permission: &str,
) -> (bool, Value, bool) {
    let q = json!({"subject": {"type": "user", "id": user}, "action": {"name": permission},
                   "resource": {"type": "tenant", "id": "contoso"}});
    let c = s.browser();
    let r = c.request(Method::POST, "/access/v1/evaluation").json(&q);
    let a = c.send(r.basic_auth(&app.client_id, Some(&app.secret))).await.expect(200).json();
    let x = s
        .get(&format!("/api/v1/tenants/contoso/explain?user={user}&permission={permission}"))
        .await;
    let who = s.get(&format!("/api/v1/tenants/contoso/who-can?permission={permission}")).await;
    let listed = who.expect(200).text.contains(&user.to_string());
    (a["decision"] == true, x.expect(200).json(), listed)
}

story!(async fn what_was_not_chosen_for_an_integration_is_not_held(t) {
    let s = TestServer::start(&t).await;
    let contoso = s.tenant("contoso").await;
    let app = s.app(contoso, |_| {}).await;
    let (client, user) = integration(&s, contoso, &["users.view", "system.manage_integrations"]).await;
    let (decision, x, listed) = said(&s, &app, user, "users.view").await;
    assert!(decision && x["allowed"] == true && listed, "{x}");
    assert_eq!(x["void"], json!([]));
    let (decision, x, listed) = said(&s, &app, user, "users.delete").await;
    assert!(!decision && x["allowed"] == false && !listed, "{decision} {listed} {x}");
    assert_eq!(x["paths"], json!([]));
    let why = x["void"][0]["does_not_count"].as_str().unwrap();
    assert!(why.contains("chosen"), "{why}");
    for n in x["needed"].as_array().unwrap() {
        let cannot = n["cannot_be_given"].as_str().unwrap();
        assert!(cannot.contains("chosen") || cannot.contains("whole instance"), "{n}");
    }
    // Another choice is known with the next question; the user cannot do what it says they cannot.
    let choose = async |scopes: &[&str]| {
        let scopes = Some(Some(scopes.iter().map(|s| (*s).to_owned()).collect()));
        let change = Change { scopes, ..Change::default() };
        let p = s.permit(contoso).await;
        apps::integration_edit(&s.app.store, &s.app.access, &p, client, change).await.unwrap();
    };
    choose(&["users.delete"]).await;
    assert!(said(&s, &app, user, "users.delete").await.0);
    let (decision, x, listed) = said(&s, &app, user, "users.view").await;
    assert!(!decision && x["allowed"] == false && !listed, "{x}");
    choose(&["users.view"]).await;
    let held = s.app.access.effective(contoso, user, contoso).await.unwrap();
    assert_eq!(held.permissions.iter().map(String::as_str).collect::<Vec<_>>(), ["users.view"]);
    assert!(!held.self_service);
});

story!(async fn who_can_act_as_an_integration_holds_what_it_uses_in_every_tenant(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let us = s.provider().await;
    let contoso = s.tenant("contoso").await;
    let (client, user) = integration(&s, us, &["users.view"]).await;
    let boss = person(&w, us, "boss", UserKind::Technician).await;
    give(&w, &boss, us, TENANT_ADMIN.parse().unwrap()).await;
    let root = make_global(&w, us, "root").await;
    let at = format!("/tenants/{us}/integrations/{client}");
    let keys = json!({"jwks_uri": "https://keys.example/jwks"}).to_string();
    let wider = json!({"scopes": ["users.view", "users.edit"]}).to_string();
    let tries = async |by: &muster::users::User| {
        let by = session(by);
        let secret = call(&s, Some(&by), "POST", &format!("{at}/secrets"), "{}").await.status;
        let keys = call(&s, Some(&by), "PATCH", &at, &keys).await.status;
        let wider = call(&s, Some(&by), "PATCH", &at, &wider).await.status;
        [secret, keys, wider].map(|s| s.as_u16())
    };
    // At home alone: theirs to hand out.
    let secret = call(&s, Some(&session(&boss)), "POST", &format!("{at}/secrets"), "{}").await.expect(201);
    assert!(secret.json()["client_secret"].is_string());
    let all = call(&s, Some(&session(&boss)), "GET", &format!("{at}/secrets"), "").await.expect(200).json();
    for known in all["items"].as_array().unwrap() {
        let gone = format!("{at}/secrets/{}", known["id"].as_str().unwrap());
        call(&s, Some(&session(&boss)), "DELETE", &gone, "").await.expect(204);
    }
    let grant = NewGrant::manual(us, user, RoleId::parse(READ_ONLY).unwrap());
    grants::add(&s.app.access, &s.permit(contoso).await, grant).await.unwrap();
    assert_eq!(tries(&boss).await, [403, 403, 403]);
    assert_eq!(tries(&root).await, [201, 200, 200]);
});
