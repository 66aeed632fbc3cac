//! Integration users: scoped, tenant-bound tokens by client credentials.

use crate::{
    story,
    support::{
        TestServer,
        person::{TECHNICIAN, TestApp, claims},
    },
};
use muster::{
    access::grants::{self, NewGrant},
    apps::{self, IntegrationPlan},
    id::{RoleId, TenantId, UserId},
    secret::ExposeSecret as _,
};

async fn integration(s: &TestServer, tenant: TenantId, scopes: &[&str]) -> (TestApp, UserId) {
    let permit = s.permit(tenant).await;
    let plan = IntegrationPlan {
        name: format!("rmm-{}", scopes.len()),
        description: None,
        scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        expires_at: None,
        jwks: None,
        jwks_uri: None,
    };
    let (app, secret) = apps::integration_create(&s.app.store, &s.app.access, &permit, plan)
        .await
        .expect("an integration");
    let secret = secret.expect("a secret").expose_secret().to_owned();
    (TestApp { id: app.id, client_id: app.client_id, secret }, app.user_id.expect("a user"))
}

async fn give(s: &TestServer, home: TenantId, user: UserId, tenant: TenantId, role: &str) {
    let permit = s.permit(tenant).await;
    let grant = NewGrant::manual(home, user, RoleId::parse(role).unwrap());
    grants::add(&s.app.access, &permit, grant).await.expect("a grant");
}

story!(
    async fn a_token_has_what_was_chosen_and_is_held(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let (app, user) = integration(&s, tenant, &["computers.view", "software.view", "users.add"]).await;
        let none = s.token(&app, &[("grant_type", "client_credentials")]).await.expect(400).json();
        assert_eq!(none["error"], "invalid_scope", "nothing is held yet");
        give(&s, tenant, user, tenant, TECHNICIAN).await;
        let got = s.token(&app, &[("grant_type", "client_credentials")]).await.expect(200).json();
        assert_eq!(got["scope"], "computers.view software.view", "users.add is chosen and not held");
        assert!(got.get("refresh_token").is_none() && got.get("id_token").is_none());
        let c = claims(got["access_token"].as_str().unwrap());
        assert_eq!(c["sub"], user.to_string());
        assert_eq!(c["tid"], tenant.to_string());
        assert!(c.get("sid").is_none());
        let fields = [("grant_type", "client_credentials"), ("scope", "computers.view computers.delete openid")];
        let got = s.token(&app, &fields).await.expect(200).json();
        assert_eq!(got["scope"], "computers.view", "computers.delete is held and not chosen");
    }
);

story!(
    async fn a_token_is_bound_to_one_tenant(t) {
        let s = TestServer::start(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        let (app, user) = integration(&s, contoso, &["computers.view"]).await;
        give(&s, contoso, user, contoso, TECHNICIAN).await;
        for foreign in [fabrikam.to_string(), "fabrikam".to_owned(), "nowhere".to_owned()] {
            let fields = [("grant_type", "client_credentials"), ("tenant", foreign.as_str())];
            let a = s.token(&app, &fields).await;
            assert_eq!(a.clone().expect(400).json()["error"], "access_denied", "{foreign}");
        }
        let fields = [("grant_type", "client_credentials"), ("tenant", "contoso")];
        s.token(&app, &fields).await.expect(200);
    }
);

story!(
    async fn two_secrets_live_at_once_and_each_ends_alone(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let (mut app, user) = integration(&s, tenant, &["computers.view"]).await;
        give(&s, tenant, user, tenant, TECHNICIAN).await;
        let permit = s.permit::<muster::access::perm::SystemManageIntegrations>(tenant).await;
        let second = apps::secret_add(&s.app.store, &s.app.access, &permit, app.id, None).await.unwrap();
        let third = apps::secret_add(&s.app.store, &s.app.access, &permit, app.id, None).await;
        assert_eq!(third.unwrap_err().kind(), muster::error::Kind::Conflict);
        let first = app.secret.clone();
        let fields = [("grant_type", "client_credentials")];
        s.token(&app, &fields).await.expect(200);
        app.secret = second.expose_secret().to_owned();
        s.token(&app, &fields).await.expect(200);
        let cx = s.app.system();
        s.app.apps.flush_used(&cx).await.unwrap();
        let list = apps::secret_list(&s.app.store, &permit, app.id).await.unwrap();
        assert!(list.iter().all(|k| k.last_used_at.is_some()), "both were used");
        apps::secret_revoke(&s.app.store, &permit, app.id, list[0].id).await.unwrap();
        s.token(&app, &fields).await.expect(200);
        app.secret = first;
        assert_eq!(s.token(&app, &fields).await.expect(401).json()["error"], "invalid_client");
    }
);

story!(
    async fn a_token_stays_small(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let all: Vec<String> = s.app.access.catalogue().all().iter().cloned().collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let (app, user) = integration(&s, tenant, &all).await;
        give(&s, tenant, user, tenant, crate::support::person::TENANT_ADMIN).await;
        let got = s.token(&app, &[("grant_type", "client_credentials")]).await.expect(200).json();
        assert_eq!(got["scope"].as_str().unwrap().split(' ').count(), all.len());
        let len = got["access_token"].as_str().unwrap().len();
        assert!(len < 1500, "{len} bytes with all permissions");
        let ten = all[..10].join(" ");
        let fields = [("grant_type", "client_credentials"), ("scope", ten.as_str())];
        let got = s.token(&app, &fields).await.expect(200).json();
        let len = got["access_token"].as_str().unwrap().len();
        assert!(len < 1000, "{len} bytes with ten permissions");
    }
);

story!(
    async fn who_has_proved_nothing_learns_nothing_of_tenants(t) {
        let s = TestServer::start(&t).await;
        let contoso = s.tenant("contoso").await;
        let fabrikam = s.tenant("fabrikam").await;
        let off = serde_json::json!({"status": "suspended"});
        s.as_owner(reqwest::Method::PATCH, "/api/v1/tenants/fabrikam", Some(off)).await.expect(200);
        // A browser's application has a name that everybody sees, and no secret.
        let spa = s.app(contoso, |n| n.public = true).await;
        let mut said = Vec::new();
        for tenant in ["contoso", "fabrikam", "nowhere", &fabrikam.to_string(), &TenantId::new().to_string()] {
            let c = s.browser();
            let r = c.request(reqwest::Method::POST, "/oauth/token");
            let fields = [("grant_type", "client_credentials"), ("client_id", &spa.client_id), ("tenant", tenant)];
            let a = c.send(r.form(&fields)).await;
            said.push((a.status, a.text.clone()));
        }
        assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
        assert!(said[0].1.contains("unauthorized_client"), "{said:?}");
    }
);
