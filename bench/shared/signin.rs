//! People of a directory signed in to an application, the whole way over HTTP.

use super::{
    Fail,
    browser::{Browser, Landed, field, parameter},
    http::{Http, request},
    muster::{Directory, Muster, text},
    upstream,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use url::form_urlencoded;

/// Where the application lives.
pub const REDIRECT: &str = "https://app.bench.example/callback";
/// RFC 7636's own example.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The same, hashed.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Everything needed to speak as the application.
pub struct Client {
    pub addr: SocketAddr,
    pub id: String,
    pub basic: String,
    /// Whose people use it.
    pub tenant: String,
}

impl Client {
    /// A form of its own, authenticated.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [
            ("Authorization", self.basic.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        request("POST", path, &headers, &body)
    }
}

/// A person who is signed in.
pub struct Person {
    pub name: String,
    pub scim_id: String,
    pub cookie: String,
    pub access: String,
    pub refresh: String,
    pub id_token: String,
}

/// How long each part of a sign-in took, from the request to its answer.
#[derive(Default, Clone, Copy)]
pub struct Steps {
    /// The application's request, to the page that offers the directory.
    pub authorize: Duration,
    /// The choice of the directory, to the redirect to the provider.
    pub start: Duration,
    /// The provider's answer (its token endpoint is asked in it), to the code for the application.
    pub callback: Duration,
    /// The code for tokens.
    pub exchange: Duration,
}

/// The settings of a server that people sign in to.
pub fn settings(issuer: &str) -> [(&'static str, &str); 2] {
    [
        ("MUSTER_OUTBOUND_ALLOW", issuer.trim_start_matches("http://")),
        // One address signs everybody in, faster than people would.
        ("MUSTER_LIMITS_SIGNINS_PER_MINUTE", "100000"),
    ]
}

/// A server with a tenant, a directory whose people `upstream` signs in, and an application.
pub async fn prepare(
    binary: &Path,
    data: &Path,
    options: &[String],
    issuer: &str,
    tenant: &str,
) -> Result<(Muster, Arc<Directory>, Arc<Client>), Fail> {
    let m = Muster::start_with(binary, data, options, &settings(issuer)).await?;
    let secret = data.with_extension("secret");
    std::fs::write(&secret, "bench-secret")?;
    let signin = [
        "--preset",
        "generic",
        "--issuer",
        issuer,
        "--client-id",
        "bench",
        "--client-secret-file",
        secret.to_str().ok_or("a path")?,
        "--mfa-amr",
        "mfa",
    ];
    let directory = Directory::create(&m, tenant, &signin)?;
    let app = m.run(&["app", "create", tenant, "App", "--trusted", "--redirect-uri", REDIRECT])?;
    let (id, secret) = (text(&app, "client_id")?, text(&app, "client_secret")?);
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let client = Client { addr: m.addr, id, basic, tenant: tenant.to_owned() };
    Ok((m, Arc::new(directory), Arc::new(client)))
}

/// Provisions a person and signs them in to the application through the directory.
pub async fn sign_in(
    m: &Muster,
    d: &Directory,
    client: &Client,
    name: &str,
) -> Result<Person, Fail> {
    let mut http = Http::open(m.addr).await?;
    let made = http.send(&d.create_person(name)).await?;
    let scim_id = text(&made.json(), "id")?;
    let (person, _) = again(m, client, name, scim_id).await?;
    Ok(person)
}

/// Signs in somebody who is there already, in a browser of their own.
pub async fn again(
    m: &Muster,
    client: &Client,
    name: &str,
    scim_id: String,
) -> Result<(Person, Steps), Fail> {
    let mut steps = Steps::default();
    let mut http = Http::open(m.addr).await?;
    let mut browser = Browser::open(m.addr).await?;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("state", "bench"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let began = Instant::now();
    let Landed::Page(mut page) = browser.go(&format!("/oauth/authorize?{query}")).await? else {
        return Err("the sign-in has no page".into());
    };
    if field(&page, "directory").is_none() {
        // It asks for the company first.
        let html = String::from_utf8_lossy(&page.body).into_owned();
        let target = html.split("action=\"").nth(1).and_then(|r| r.split('"').next());
        let target = target.ok_or_else(|| format!("no form in {} {html}", page.head))?;
        let Landed::Page(next) =
            browser.submit(target, &format!("tenant={}", client.tenant)).await?
        else {
            return Err("the company's ways in have no page".into());
        };
        page = next;
    }
    let (flow, way) = (field(&page, "flow"), field(&page, "directory"));
    let (flow, way) = flow.zip(way).ok_or("the page offers no directory")?;
    steps.authorize = began.elapsed();
    let start = format!("flow={flow}&directory={way}");
    let began = Instant::now();
    let Landed::Elsewhere(upstream) = browser.submit("/federation/start", &start).await? else {
        return Err("the sign-in did not go to the directory".into());
    };
    steps.start = began.elapsed();
    let code = upstream::code(&format!("ext-{name}"), &parameter(&upstream, "nonce")?);
    let back = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("code", code), ("state", parameter(&upstream, "state")?)])
        .finish();
    let back_to = parameter(&upstream, "redirect_uri")?;
    let at = back_to.find("/federation/").map_or("", |i| &back_to[i..]);
    let began = Instant::now();
    let landed = match browser.go(&format!("{at}?{back}")).await? {
        Landed::Elsewhere(url) => url,
        Landed::Page(p) => {
            let page = String::from_utf8_lossy(&p.body).into_owned();
            return Err(format!("the sign-in ended with {}: {page}", p.head).into());
        }
    };
    steps.callback = began.elapsed();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &parameter(&landed, "code")?),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let began = Instant::now();
    let tokens = http.send(&client.form("/oauth/token", &fields)).await?.json();
    steps.exchange = began.elapsed();
    let person = Person {
        name: name.to_owned(),
        scim_id,
        cookie: browser.cookie(),
        access: text(&tokens, "access_token")?,
        refresh: text(&tokens, "refresh_token")?,
        id_token: text(&tokens, "id_token")?,
    };
    Ok((person, steps))
}
