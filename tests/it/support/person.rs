//! A tenant with a person who is signed in, and an application: what issuer and security stories begin with.

use super::server::{Answer, Client, TestServer};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    apps::{self, NewApp, Settings},
    crypto,
    id::{AppId, RoleId, SessionId, TenantId, UserId},
    secret::ExposeSecret as _,
    sessions::{self, NewSession},
    tx,
    users::{self, NewUser},
};
use serde_json::json;

/// Built-in roles.
pub const TENANT_ADMIN: &str = "01900000-0000-7000-8000-000000000002";
pub const TECHNICIAN: &str = "01900000-0000-7000-8000-000000000003";
pub const READ_ONLY: &str = "01900000-0000-7000-8000-000000000004";

/// The callback of every test application.
pub const CALLBACK: &str = "https://app.example/callback?x=1";
/// A PKCE verifier, and its challenge by [`challenge`].
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub fn challenge(verifier: &str) -> String {
    crypto::b64(crypto::sha256(verifier))
}

/// A registered application.
#[derive(Clone)]
pub struct TestApp {
    pub id: AppId,
    pub client_id: String,
    pub secret: String,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    pub tenant: TenantId,
    pub user: UserId,
    pub session: SessionId,
    pub cookie: String,
}

impl TestServer {
    /// A person of a tenant with a role there.
    pub async fn person(&self, tenant: TenantId, name: &str, role: &str) -> UserId {
        let permit = self.permit(tenant).await;
        let new = NewUser {
            kind: UserKind::Tenant,
            user_name: name.to_owned(),
            display_name: Some(name.to_uppercase()),
            email: Some(if name.contains('@') {
                name.to_owned()
            } else {
                format!("{name}@contoso.example")
            }),
        };
        let user = users::add(&self.app.store, &permit, new).await.expect("a user").id;
        super::way_in(&self.app.store, tenant, user).await;
        let role = RoleId::parse(role).expect("a role");
        let permit = self.permit(tenant).await;
        let grant = NewGrant::manual(tenant, user, role);
        grants::add(&self.app.access, &permit, grant).await.expect("a grant");
        user
    }
    /// A session of theirs.
    pub async fn session(&self, tenant: TenantId, user: UserId, class: &str) -> Person {
        let cx = self.app.system();
        let amr = if class == "mfa" { json!(["pwd", "otp", "mfa"]) } else { json!(["pwd"]) };
        let (class, s_limits) = (class.to_owned(), self.app.session_limits());
        let (session, cookie) = tx!(self.app.store, &cx, [class, amr], |tx| {
            tx.unaudited("a test");
            let new = NewSession {
                home: tenant,
                user,
                acting: tenant,
                directory: None,
                class: class.clone(),
                evidence: json!({"amr": amr}),
                auth_time: tx.now(),
                client: json!({}),
                not_after: None,
                upstream_sid: None,
                upstream_hint: None,
            };
            sessions::create(tx, &new, s_limits).await
        })
        .expect("a session");
        Person { tenant, user, session, cookie: cookie.expose_secret().to_owned() }
    }
    /// An application of a tenant.
    pub async fn app(&self, tenant: TenantId, change: impl FnOnce(&mut NewApp)) -> TestApp {
        let mut new = NewApp {
            name: "Portal".to_owned(),
            public: false,
            platform: false,
            settings: Settings {
                redirect_uris: vec![CALLBACK.to_owned()],
                trusted: true,
                ..Settings::default()
            },
        };
        change(&mut new);
        let permit = self.permit(tenant).await;
        let (app, secret) = apps::create(&self.app.store, &permit, new).await.expect("an app");
        let secret = secret.map(|s| s.expose_secret().to_owned()).unwrap_or_default();
        TestApp { id: app.id, client_id: app.client_id, secret }
    }
    /// The authorization request of an application, by somebody's browser.
    pub async fn authorize(&self, app: &TestApp, who: &Person, more: &[(&str, &str)]) -> Answer {
        let q = fields(app, more);
        let c = self.browser();
        let cookie = format!("muster_session={}", who.cookie);
        let r =
            c.request(reqwest::Method::GET, "/oauth/authorize").query(&q).header("cookie", cookie);
        c.send(r).await
    }
    /// The code of an authorization.
    pub async fn code(&self, app: &TestApp, who: &Person, more: &[(&str, &str)]) -> String {
        let a = self.authorize(app, who, more).await.expect(303);
        field(a.header("location"), "code")
            .unwrap_or_else(|| panic!("no code: {}", a.header("location")))
    }
    /// Redeems a code.
    pub async fn redeem(&self, app: &TestApp, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(app, &fields).await
    }
    /// Uses a refresh token.
    pub async fn refresh(&self, app: &TestApp, token: &str) -> Answer {
        self.token(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
    /// A token request with client_secret_basic.
    pub async fn token(&self, app: &TestApp, fields: &[(&str, &str)]) -> Answer {
        self.form_as(app, "/oauth/token", fields).await
    }
    /// A form to an endpoint of clients.
    pub async fn form_as(&self, app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
        let c: Client = self.browser();
        let r = c.request(reqwest::Method::POST, path).form(fields);
        c.send(r.basic_auth(&app.client_id, Some(&app.secret))).await
    }
    /// Whether introspection says active.
    pub async fn active(&self, app: &TestApp, token: &str) -> bool {
        let a = self.form_as(app, "/oauth/introspect", &[("token", token)]).await.expect(200);
        a.json()["active"].as_bool().expect("active")
    }
}

/// An authorization request, with these fields changed; an empty one is left out.
pub fn fields(app: &TestApp, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let challenge = challenge(VERIFIER);
    let mut q: Vec<(&str, &str)> = vec![
        ("response_type", "code"),
        ("client_id", &app.client_id),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email offline_access computers.view computers.delete"),
        ("state", "s-1"),
        ("nonce", "n-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        q.retain(|(n, _)| n != name);
        if !value.is_empty() {
            q.push((name, value));
        }
    }
    q.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

/// A field of a redirect's query.
pub fn field(location: &str, name: &str) -> Option<String> {
    let u = url::Url::parse(location).ok()?;
    u.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> serde_json::Value {
    let part = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&crypto::unb64(part).expect("base64url")).expect("claims")
}
