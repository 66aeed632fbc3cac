//! People of a directory signed in to an application, the whole way over HTTP.

use super::{
    Fail,
    browser::{Browser, Landed, field, parameter},
    http::{Http, request},
    muster::{Directory, Muster, text},
    upstream,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{net::SocketAddr, path::Path, sync::Arc};
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
    pub scim_id: String,
    pub cookie: String,
    pub access: String,
    pub refresh: String,
}

/// A server with a tenant, a directory whose people `upstream` signs in, and an application.
pub async fn prepare(
    binary: &Path,
    data: &Path,
    options: &[String],
    issuer: &str,
) -> Result<(Muster, Arc<Directory>, Arc<Client>), Fail> {
    let host = issuer.trim_start_matches("http://");
    let limits = [
        ("MUSTER_OUTBOUND_ALLOW", host),
        // One address signs everybody in, faster than people would.
        ("MUSTER_LIMITS_SIGNINS_PER_MINUTE", "100000"),
    ];
    let m = Muster::start_with(binary, data, options, &limits).await?;
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
    let directory = Directory::create(&m, "bench", &signin)?;
    let app = m.run(&["app", "create", "bench", "App", "--trusted", "--redirect-uri", REDIRECT])?;
    let (id, secret) = (text(&app, "client_id")?, text(&app, "client_secret")?);
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let client = Client { addr: m.addr, id, basic };
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
    let Landed::Page(mut page) = browser.go(&format!("/oauth/authorize?{query}")).await? else {
        return Err("the sign-in has no page".into());
    };
    if field(&page, "directory").is_none() {
        // It asks for the company first.
        let html = String::from_utf8_lossy(&page.body).into_owned();
        let target = html.split("action=\"").nth(1).and_then(|r| r.split('"').next());
        let target = target.ok_or_else(|| format!("no form in {} {html}", page.head))?;
        let Landed::Page(next) = browser.submit(target, "tenant=bench").await? else {
            return Err("the company's ways in have no page".into());
        };
        page = next;
    }
    let (flow, way) = (field(&page, "flow"), field(&page, "directory"));
    let (flow, way) = flow.zip(way).ok_or("the page offers no directory")?;
    let start = format!("flow={flow}&directory={way}");
    let Landed::Elsewhere(upstream) = browser.submit("/federation/start", &start).await? else {
        return Err("the sign-in did not go to the directory".into());
    };
    let code = upstream::code(&format!("ext-{name}"), &parameter(&upstream, "nonce")?);
    let back = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("code", code), ("state", parameter(&upstream, "state")?)])
        .finish();
    let landed = match browser.go(&format!("/federation/callback?{back}")).await? {
        Landed::Elsewhere(url) => url,
        Landed::Page(p) => {
            let page = String::from_utf8_lossy(&p.body).into_owned();
            return Err(format!("the sign-in ended with {}: {page}", p.head).into());
        }
    };
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &parameter(&landed, "code")?),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let tokens = http.send(&client.form("/oauth/token", &fields)).await?.json();
    Ok(Person {
        scim_id,
        cookie: browser.cookie(),
        access: text(&tokens, "access_token")?,
        refresh: text(&tokens, "refresh_token")?,
    })
}
