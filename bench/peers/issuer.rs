//! The two sides, seen as their applications see them: the same requests, at other paths.

use crate::shared::{
    Fail, Setting,
    browser::{Browser, Landed, parameter},
    http::{Http, request},
    muster::{Muster, free_port, text},
    signin::{CHALLENGE, Client, REDIRECT, VERIFIER, prepare, sign_in},
    upstream,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{
    fs::File,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use url::{Url, form_urlencoded};

/// Few enough that the peer's memory keeps all that belongs to them.
const PEOPLE: usize = 16;
const SCOPE: &str = "openid profile email offline_access";

/// An issuer with people who are signed in.
pub struct Issuer {
    /// For people to read.
    pub name: &'static str,
    pub client: Client,
    /// The introspection endpoint.
    pub introspect: &'static str,
    /// The userinfo endpoint.
    pub userinfo: &'static str,
    token: &'static str,
    authorize: String,
    kind: Kind,
}

enum Kind {
    Muster { cookies: Vec<String>, _server: Muster },
    Peer { _process: Node },
}

struct Node(Child);
impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn query(client_id: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client_id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("state", "bench"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish()
}

impl Issuer {
    /// A Muster on `options`' database, with people signed in through their directory.
    pub async fn muster(
        set: &Setting,
        name: &'static str,
        options: &[String],
    ) -> Result<Self, Fail> {
        let upstream = upstream::start().await?.issuer.clone();
        let folder = set.work.join(name.replace(' ', "-"));
        let (server, directory, client) =
            prepare(&set.muster, &folder, options, &upstream, "bench").await?;
        let mut cookies = Vec::new();
        for n in 0..PEOPLE {
            let p = sign_in(&server, &directory, &client, &format!("person{n}")).await?;
            cookies.push(p.cookie);
        }
        Ok(Self {
            name,
            authorize: format!("/oauth/authorize?{}", query(&client.id)),
            client: Client {
                addr: client.addr,
                id: client.id.clone(),
                basic: client.basic.clone(),
                tenant: client.tenant.clone(),
            },
            token: "/oauth/token",
            introspect: "/oauth/introspect",
            userinfo: "/oauth/userinfo",
            kind: Kind::Muster { cookies, _server: server },
        })
    }

    /// The peer, in a process of its own.
    pub async fn peer(set: &Setting) -> Result<Self, Fail> {
        let (node, folder) = set.node.as_ref().ok_or("--node and --peer are missing")?;
        let port = free_port()?;
        let log = File::create(set.work.join("peer.log"))?;
        let child = Command::new(node)
            .current_dir(folder)
            .args(["provider.mjs", &port.to_string(), REDIRECT])
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let child = Node(child);
        let addr = ([127, 0, 0, 1], port).into();
        let began = Instant::now();
        while Http::open(addr).await.is_err() {
            if began.elapsed() > Duration::from_secs(30) {
                let log = std::fs::read_to_string(set.work.join("peer.log"))?;
                return Err(format!("the peer did not come up:\n{log}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let basic = format!("Basic {}", BASE64_STANDARD.encode("bench:bench-secret"));
        Ok(Self {
            name: "oidc-provider in memory",
            authorize: format!("/auth?{}", query("bench")),
            client: Client { addr, id: "bench".to_owned(), basic, tenant: "bench".to_owned() },
            token: "/token",
            introspect: "/token/introspection",
            userinfo: "/me",
            kind: Kind::Peer { _process: child },
        })
    }

    /// Whether it is the peer.
    pub fn is_peer(&self) -> bool {
        matches!(self.kind, Kind::Peer { .. })
    }

    /// The cookies of people who are signed in, one for each of `n` connections; they share [`PEOPLE`] people. The peer
    /// slows down as a grant collects tokens, so it gets new people, and with them new grants, each time.
    pub async fn people(&self, n: usize) -> Result<Vec<String>, Fail> {
        if let Kind::Muster { cookies, .. } = &self.kind {
            return Ok(cookies.iter().cycle().take(n).cloned().collect());
        }
        let mut out = Vec::new();
        for _ in 0..n.min(PEOPLE) {
            let mut browser = Browser::open(self.client.addr).await?;
            match browser.go(&self.authorize).await? {
                Landed::Elsewhere(url) => parameter(&url, "code")?,
                Landed::Page(p) => {
                    let page = String::from_utf8_lossy(&p.body).into_owned();
                    return Err(format!("the peer signs nobody in: {} {page}", p.head).into());
                }
            };
            out.push(browser.cookie());
        }
        Ok(out.iter().cycle().take(n).cloned().collect())
    }

    /// A code for whoever has the cookie: they are signed in and have agreed, so there is one answer, a redirect.
    async fn code(&self, http: &mut Http, cookie: &str) -> Result<String, Fail> {
        let headers = [("Cookie", cookie), ("Accept", "text/html")];
        let answer = http.send(&request("GET", &self.authorize, &headers, "")).await?;
        let location = answer.header("location").ok_or_else(|| answer.head.clone())?;
        parameter(&Url::parse(location)?, "code")
    }

    /// The request that exchanges a code.
    pub fn exchange(&self, code: &str) -> Vec<u8> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        self.client.form(self.token, &fields)
    }

    /// Requests that exchange codes, `each` for every one of `people`.
    pub async fn exchanges(
        &self,
        people: &[String],
        each: usize,
    ) -> Result<Vec<Vec<Vec<u8>>>, Fail> {
        let mut http = Http::open(self.client.addr).await?;
        let mut out = Vec::new();
        for cookie in people {
            let mut list = Vec::new();
            for _ in 0..each {
                list.push(self.exchange(&self.code(&mut http, cookie).await?));
            }
            out.push(list);
        }
        Ok(out)
    }

    /// Access and refresh tokens of `people`.
    pub async fn tokens(&self, people: &[String]) -> Result<Vec<(String, String)>, Fail> {
        let mut http = Http::open(self.client.addr).await?;
        let mut out = Vec::new();
        for list in self.exchanges(people, 1).await? {
            for exchange in list {
                let answer = http.send(&exchange).await?.json();
                out.push((text(&answer, "access_token")?, text(&answer, "refresh_token")?));
            }
        }
        Ok(out)
    }

    /// The request that uses a refresh token.
    pub fn refresh(&self, token: &str) -> Vec<u8> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.client.form(self.token, &fields)
    }
}
