//! The whole server on a loopback port over a test's database, and callers that speak HTTP to it.
//!
//! ```ignore
//! story!(async fn a_user_is_made(t) {
//!     let server = TestServer::start(&t).await;
//!     let contoso = server.tenant("contoso").await;
//!     let scim = server.directory(contoso).await;
//!     let made = scim.post("/Users", json!({ .. })).await.expect(201);
//! });
//! ```
#![allow(dead_code)]
#![expect(clippy::unused_self, reason = "they read as what the server does")]

use super::TestDb;
use muster::{
    access::{
        Permit,
        perm::{Global, Permission},
    },
    actor::{Actor, Principal},
    app::App,
    clock::Clock,
    config::{self, Config},
    crypto::seal::MasterKey,
    directories,
    id::{DirectoryId, RequestId, TenantId},
    protocol::oidc::Preset,
    provisioning,
    secret::ExposeSecret as _,
    server::{self, Listeners, Tls},
    store::{Database, Options, Store},
    tenants,
};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

/// A running server. Stops when dropped.
pub struct TestServer {
    /// What the server shares: for looking behind the doors.
    pub app: App,
    /// `http://127.0.0.1:port`: the public URL and issuer.
    pub url: String,
    /// Where it listens.
    pub address: std::net::SocketAddr,
    router: axum::Router,
    _stop: DropGuard,
    _dir: Option<tempfile::TempDir>,
}

impl TestServer {
    /// With the settings as shipped.
    pub async fn start(t: &TestDb) -> Self {
        Self::with(t, |_| {}).await
    }
    /// With other settings.
    pub async fn with(t: &TestDb, change: impl FnOnce(&mut Config)) -> Self {
        Self::over(t.store.clone(), None, change).await
    }
    /// At `localhost` instead of 127.0.0.1: cookies know hosts and no ports, and a browser must not show one server's
    /// to another.
    pub async fn at_localhost(t: &TestDb, change: impl FnOnce(&mut Config)) -> Self {
        let change = |c: &mut Config| {
            "http://localhost".clone_into(&mut c.server.public_url);
            change(c);
        };
        Self::over(t.store.clone(), None, change).await
    }
    /// Somebody else's server, on a SQLite of its own.
    pub async fn company() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options {
            database: Database::Sqlite(dir.path().join("company.db")),
            connections: 2,
            durable: true,
            demand_audit: true,
        };
        let store = Store::open(&options, Clock::System).await.expect("SQLite");
        Self::over(store, Some(dir), |_| {}).await
    }
    /// Over a database that the test opened itself, with a clock of its own for example.
    pub async fn on(store: Store, change: impl FnOnce(&mut Config)) -> Self {
        Self::over(store, None, change).await
    }
    /// With a public URL that is not where it listens.
    pub async fn behind(store: Store, url: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::at(store, None, Some(url), change).await
    }
    async fn over(
        store: Store,
        dir: Option<tempfile::TempDir>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::at(store, dir, None, change).await
    }
    async fn at(
        store: Store,
        dir: Option<tempfile::TempDir>,
        url: Option<&str>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = tcp.local_addr().expect("its address");
        let mut config = config::load(None, [], []).expect("the manual").config;
        change(&mut config);
        if let Some(url) = url {
            url.clone_into(&mut config.server.public_url);
        } else if !config.server.public_url.is_empty() {
            config.server.public_url = format!("{}:{}", config.server.public_url, address.port());
        }
        config.settle(address).expect("the public URL");
        let url = config.issuer().to_owned();
        let file = &config.keys.master_key_file;
        let master = if file.as_os_str().is_empty() {
            MasterKey::generate().expect("a key")
        } else {
            MasterKey::load_or_create(file).expect("a key file")
        };
        let stop = CancellationToken::new();
        let tls = Tls::open(&config).expect("the certificate");
        let app = server::assemble(config, store, master).await.expect("the app");
        let listeners = Listeners { tcp, socket: None, tls };
        tokio::spawn(server::run(app.clone(), listeners, stop.clone()));
        let router = server::router(&app);
        Self { app, url, address, router, _stop: stop.drop_guard(), _dir: dir }
    }

    /// What answers, without the wire.
    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }
    /// The owner of the data directory, as the server proves them.
    pub fn owner(&self) -> Actor {
        Actor::prove(Principal::Owner, RequestId::new())
    }
    /// The owner's permit in a tenant.
    pub async fn permit<P: Permission>(&self, tenant: TenantId) -> Permit<P> {
        self.app.access.require(&self.owner(), tenant).await.expect("the owner may")
    }
    /// The owner's permit over the instance.
    pub async fn global(&self) -> Permit<Global> {
        self.app.access.require_global(&self.owner()).await.expect("the owner may")
    }
    /// A change of a directory.
    pub async fn edit(&self, tenant: TenantId, id: DirectoryId, edit: directories::Edit) {
        let permit = self.permit(tenant).await;
        let (store, access, master) = (&self.app.store, &self.app.access, &self.app.master);
        let done = provisioning::edit(store, access, &permit, id, None, edit, master).await;
        done.expect("the owner may");
    }
    /// A tenant of this slug.
    pub async fn tenant(&self, slug: &str) -> TenantId {
        self.make_tenant(slug, false).await
    }
    /// The provider's tenant.
    pub async fn provider(&self) -> TenantId {
        self.make_tenant("provider", true).await
    }
    async fn make_tenant(&self, slug: &str, provider: bool) -> TenantId {
        let new = tenants::New {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            provider,
            tags: Vec::new(),
        };
        tenants::create(&self.app.store, &self.global().await, new).await.expect("a tenant").id
    }
    /// Declares the extension that `scim-tests/extension.json` holds.
    pub async fn extend_users(&self, tenant: TenantId) {
        let text = include_str!("../../../scim-tests/extension.json");
        let declaration = serde_json::from_str(text).expect("a declaration");
        let permit = self.permit(tenant).await;
        directories::declare(&self.app.store, &permit, declaration).await.expect("declared");
    }
    /// A directory with a SCIM token: its client.
    pub async fn directory(&self, tenant: TenantId) -> Scim {
        let permit = self.permit(tenant).await;
        let new = directories::New {
            name: "Directory".to_owned(),
            preset: Preset::Entra,
            provisioning: directories::Provisioning::default(),
            signin: None,
        };
        let (store, master) = (&self.app.store, &self.app.master);
        let made = directories::create(store, &permit, new, master).await.expect("a directory");
        let (_, token) = directories::token_create(store, &self.app.access, &permit, made.id, None)
            .await
            .expect("a token");
        let token = token.expose_secret().to_owned();
        let base = format!("{}/scim/{}/v2", self.url, made.id);
        Scim { client: self.client(&base).bearer(&token), tenant, directory: made.id, base, token }
    }

    /// A caller over HTTP whose paths begin at `base`.
    pub fn client(&self, base: &str) -> Client {
        Client::at(base)
    }
    /// A browser (or anybody) at the server's own address: keeps cookies, follows no redirect by itself.
    pub fn browser(&self) -> Client {
        self.client(&self.url)
    }

    /// A request by the owner of the data directory, as the commands send it.
    pub async fn as_owner(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(axum::body::Body::empty, |b| b.to_string().into());
        let mut request = request.body(body).expect("a request");
        server::as_owner(&mut request);
        let response = self.router().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("a body");
        Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() }
    }
    /// GET by the owner.
    pub async fn get(&self, path: &str) -> Answer {
        self.as_owner(Method::GET, path, None).await
    }
    /// POST by the owner.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.as_owner(Method::POST, path, Some(body)).await
    }
    /// PUT by the owner.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.as_owner(Method::PUT, path, Some(body)).await
    }
}

/// A directory's SCIM client; its paths begin at the base URL.
pub struct Scim {
    /// Speaks with the token.
    pub client: Client,
    /// Whose directory.
    pub tenant: TenantId,
    /// Which.
    pub directory: DirectoryId,
    /// The SCIM base URL.
    pub base: String,
    /// The token.
    pub token: String,
}
impl std::ops::Deref for Scim {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Speaks HTTP.
#[derive(Clone)]
pub struct Client {
    /// For what the helpers do not do.
    pub http: reqwest::Client,
    base: String,
    bearer: Option<String>,
}

impl Client {
    /// A caller whose paths begin at `base`.
    pub fn at(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .cookie_store(true)
            .build()
            .expect("a client");
        Self { http, base: base.to_owned(), bearer: None }
    }
    /// The same caller with a bearer token.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }
    /// A request to be added to; `path` may be a whole URL.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let whole = path.starts_with("http://") || path.starts_with("https://");
        let url = if whole { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.http.request(method, url);
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
    /// Sends it.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a body") }
    }
    /// GET
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }
    /// DELETE
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }
    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }
    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }
    /// POST of a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Demands the status, and shows the body when it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{} {:?}", self.text, self.headers);
        self
    }
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
    /// A header's text, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }
}
