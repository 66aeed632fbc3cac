//! From the moment a signal is sent to the last of: session, refresh token and introspection refused; for everything that
//! ends access, on one node, and asked at the other of two. Each is asked every millisecond.

use crate::shared::{
    Fail, Setting,
    figures::{Figures, percentile},
    http::{Http, request},
    muster::{Directory, Muster},
    signin::{Client, Person, prepare, settings, sign_in},
    upstream::{self, Upstream, now},
};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use url::form_urlencoded::Serializer;

const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// What ends access.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Scim,
    ScimDelete,
    Switch,
    Administrator,
    Person,
    Application,
    BackChannel,
    FrontChannel,
    Revocation,
    Event,
    Reuse,
    Policy,
    Suspension,
}

const SOURCES: [(&str, Source); 13] = [
    ("scim_deactivate", Source::Scim),
    ("scim_delete", Source::ScimDelete),
    ("disabled_by_hand", Source::Switch),
    ("sessions_ended_by_hand", Source::Administrator),
    ("signed_out", Source::Person),
    ("logout_at_application", Source::Application),
    ("back_channel_logout", Source::BackChannel),
    ("front_channel_logout", Source::FrontChannel),
    ("global_token_revocation", Source::Revocation),
    ("security_event", Source::Event),
    ("refresh_reused", Source::Reuse),
    ("policy_made_stricter", Source::Policy),
    ("tenant_suspended", Source::Suspension),
];

pub async fn run(set: &Setting, figures: &mut Figures) -> Result<(), Fail> {
    one(set, figures, "sqlite", &[]).await?;
    if let Some(url) = &set.postgres {
        one(set, figures, "postgres", &["--database-url".to_owned(), url.clone()]).await?;
    }
    Ok(())
}

struct World {
    m: Muster,
    provider: Arc<Upstream>,
    directory: Arc<Directory>,
    client: Arc<Client>,
}

async fn one(
    set: &Setting,
    figures: &mut Figures,
    database: &str,
    options: &[String],
) -> Result<(), Fail> {
    let provider = upstream::start().await?;
    let folder = set.work.join(format!("ends-{database}"));
    let (m, directory, client) =
        prepare(&set.muster, &folder, options, &provider.issuer, "ends").await?;
    m.run(&["signals", "set", "ends", "Bench"])?;
    let other = if options.is_empty() {
        None
    } else {
        Some(m.node(options, &settings(&provider.issuer)).await?)
    };
    let w = World { m, provider, directory, client };
    let nodes = [
        Some(("one_node", w.m.addr, 50.0)),
        other.as_ref().map(|o| ("other_node", o.addr, 1000.0)),
    ];
    // Of fewer than a hundred, the 99th of a hundred would be the slowest.
    let rounds = if set.quick { 5 } else { 200 };
    for (node, asked, target) in nodes.into_iter().flatten() {
        for (name, source) in SOURCES {
            let mut times = Vec::new();
            for n in 0..rounds {
                let p = sign_in(&w.m, &w.directory, &w.client, &format!("{node}{name}{n}")).await?;
                times.push(w.ended(source, p, asked).await.map_err(|e| format!("{name}: {e}"))?);
            }
            let (middle, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
            let slowest = percentile(&mut times, 1.0);
            println!(
                "{database}, {node}, {name}: {rounds} times, {middle:.1} ms in the middle, {slowest:.1} at most"
            );
            figures.under(&format!("signin_{database}_{node}_{name}_p99"), p99, "ms", target);
        }
    }
    Ok(())
}

impl World {
    /// Milliseconds from the signal's first byte to the last of the refusals at `asked`.
    async fn ended(&self, source: Source, p: Person, asked: SocketAddr) -> Result<f64, Fail> {
        let client = &self.client;
        let session = {
            let ask = request("GET", "/me", &[("Cookie", p.cookie.as_str())], "");
            // A refresh token used twice ends what came of it, and not the person's session.
            // Nor does a stricter policy: it asks for a stronger proof.
            let polled = !matches!(source, Source::Reuse | Source::Policy);
            polled.then(|| poll(asked, move |_| ask.clone(), |a| a.0 != 200))
        };
        let introspection = {
            let ask = client.form("/oauth/introspect", &[("token", &p.access)]);
            poll(asked, move |_| ask.clone(), |a| a.1["active"] != Value::Bool(true))
        };
        let refresh = if source == Source::Reuse {
            // Used once by whom it was given to, and again by somebody else.
            let mut http = Http::open(client.addr).await?;
            let fields = [("grant_type", "refresh_token"), ("refresh_token", p.refresh.as_str())];
            http.send(&client.form("/oauth/token", &fields)).await?;
            None
        } else {
            let first = p.refresh.clone();
            let ask = move |last: &Value| {
                let token = last["refresh_token"].as_str().unwrap_or(&first).to_owned();
                vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token)]
            };
            Some(poll_form(asked, client, ask, |a| a.0 != 200))
        };
        let ready = self.ready(source, &p)?;
        // The polls are under way before anything is said.
        tokio::time::sleep(Duration::from_millis(3)).await;
        let sent = ready.send(self.m.addr).await?;
        let mut last = Duration::ZERO;
        for refused in [session, Some(introspection), refresh].into_iter().flatten() {
            let at = refused.await??;
            if at < sent {
                return Err("something was refused before the signal was sent".into());
            }
            last = last.max(at - sent);
        }
        // As it was, for the next.
        match source {
            Source::Policy => {
                self.owner("PUT", "/policy", "{}").send(self.m.addr).await.map(drop)?;
            }
            Source::Suspension => {
                self.owner("PATCH", "", r#"{"status":"active"}"#)
                    .send(self.m.addr)
                    .await
                    .map(drop)?;
            }
            _ => {}
        }
        Ok(last.as_secs_f64() * 1000.0)
    }

    /// What the owner asks of the tenant.
    fn owner(&self, method: &str, path: &str, body: &str) -> Ready {
        let kind = [("Content-Type", "application/json")];
        let path = format!("/api/v1/tenants/ends{path}");
        Ready::Socket(self.m.data.join("muster.sock"), request(method, &path, &kind, body))
    }

    /// What is sent.
    fn ready(&self, source: Source, p: &Person) -> Result<Ready, Fail> {
        let (d, id, sub) = (&self.directory, &self.directory.id, format!("ext-{}", p.name));
        let at = |what: &str| format!("/federation/{id}/{what}");
        let url = |what: &str| format!("{}{}", self.m.url, at(what));
        let form =
            |fields: &[(&str, &str)]| Serializer::new(String::new()).extend_pairs(fields).finish();
        let iss = &self.provider.issuer;
        let events = |kind: &str, of: Value, aud: String| json!({ "iss": iss, "aud": aud, "iat": now(), "exp": now() + 120, "jti": p.name, "events": { kind: of } });
        let subject = json!({ "format": "iss_sub", "iss": iss, "sub": sub });
        let tcp = |bytes, status| Ok(Ready::Tcp(bytes, status));
        let api = |method: &str, path: String, body: &str| {
            Ok(self.owner(method, &format!("/users/{}{path}", p.scim_id), body))
        };
        match source {
            Source::Scim => {
                let patch = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
                });
                tcp(d.request("PATCH", &format!("/Users/{}", p.scim_id), &patch.to_string()), 200)
            }
            Source::ScimDelete => {
                tcp(d.request("DELETE", &format!("/Users/{}", p.scim_id), ""), 204)
            }
            Source::Switch => api("PATCH", String::new(), r#"{"enabled":false}"#),
            Source::Administrator => api("DELETE", "/sessions".to_owned(), ""),
            Source::Person => {
                let origin = self.m.url.clone();
                let headers = [("Cookie", p.cookie.as_str()), ("Origin", origin.as_str()), FORM];
                tcp(request("POST", "/me/signout", &headers, ""), 303)
            }
            Source::Application => {
                let query = form(&[("id_token_hint", &p.id_token)]);
                let headers = [("Cookie", p.cookie.as_str())];
                tcp(request("GET", &format!("/oauth/logout?{query}"), &headers, ""), 200)
            }
            Source::BackChannel => {
                let mut claims = events(LOGOUT, json!({}), "bench".to_owned());
                claims["sub"] = json!(sub);
                let token = self.provider.sign("logout+jwt", &claims)?;
                let body = form(&[("logout_token", &token)]);
                tcp(request("POST", &at("backchannel-logout"), &[FORM], &body), 200)
            }
            Source::FrontChannel => {
                let query = form(&[("iss", iss), ("sid", &format!("at-{sub}"))]);
                tcp(request("GET", &format!("{}?{query}", at("frontchannel-logout")), &[], ""), 200)
            }
            Source::Revocation => {
                let what = "global-token-revocation";
                let claims = json!({
                    "iss": iss, "sub": "bench", "aud": url(what), "jti": p.name, "iat": now(), "exp": now() + 300,
                });
                let token = self.provider.sign("global-token-revocation+jwt", &claims)?;
                let bearer = format!("Bearer {token}");
                let headers =
                    [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
                let body = json!({ "sub_id": subject }).to_string();
                tcp(request("POST", &at(what), &headers, &body), 204)
            }
            Source::Event => {
                let what = "security-events";
                let token = self.provider.sign(
                    "secevent+jwt",
                    &events(REVOKED, json!({ "subject": subject }), url(what)),
                )?;
                let kind = [("Content-Type", "application/secevent+jwt")];
                tcp(request("POST", &at(what), &kind, &token), 202)
            }
            Source::Reuse => {
                let fields =
                    [("grant_type", "refresh_token"), ("refresh_token", p.refresh.as_str())];
                tcp(self.client.form("/oauth/token", &fields), 400)
            }
            Source::Policy => {
                Ok(self.owner("PUT", "/policy", r#"{"mfa":{"default":"always","level":"phr"}}"#))
            }
            Source::Suspension => Ok(self.owner("PATCH", "", r#"{"status":"suspended"}"#)),
        }
    }
}

/// A signal, ready to be sent.
enum Ready {
    Tcp(Vec<u8>, u16),
    /// To the owner's socket.
    Socket(PathBuf, Vec<u8>),
}

impl Ready {
    /// Sends it; says when its first byte went.
    async fn send(self, addr: SocketAddr) -> Result<Instant, Fail> {
        match self {
            Self::Tcp(bytes, expected) => {
                let mut http = Http::open(addr).await?;
                let sent = Instant::now();
                let answer = http.send(&bytes).await?;
                if answer.status != expected {
                    let said = String::from_utf8_lossy(&answer.body).into_owned();
                    return Err(
                        format!("the signal was answered with {}: {said}", answer.status).into()
                    );
                }
                Ok(sent)
            }
            Self::Socket(at, bytes) => {
                let said = move || {
                    let mut socket = UnixStream::connect(at)?;
                    let sent = Instant::now();
                    socket.write_all(&bytes)?;
                    let mut head = [0; 64];
                    let n = socket.read(&mut head)?;
                    Ok::<_, std::io::Error>((
                        sent,
                        String::from_utf8_lossy(&head[..n]).into_owned(),
                    ))
                };
                let (sent, head) = tokio::task::spawn_blocking(said).await??;
                if head.get(9..10) != Some("2") {
                    return Err(format!("the signal was answered with {head}").into());
                }
                Ok(sent)
            }
        }
    }
}

type Refused = tokio::task::JoinHandle<Result<Instant, Fail>>;

fn poll_form(
    addr: SocketAddr,
    client: &Arc<Client>,
    ask: impl Fn(&Value) -> Vec<(&'static str, String)> + Send + 'static,
    refused: impl Fn(&(u16, Value)) -> bool + Send + 'static,
) -> Refused {
    let of = client.clone();
    let make = move |last: &Value| {
        let fields = ask(last);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        of.form("/oauth/token", &fields)
    };
    poll(addr, make, refused)
}

/// Asks every millisecond until the answer is a refusal, and says when that came; it must stay one.
fn poll(
    addr: SocketAddr,
    ask: impl Fn(&Value) -> Vec<u8> + Send + 'static,
    refused: impl Fn(&(u16, Value)) -> bool + Send + 'static,
) -> Refused {
    tokio::spawn(async move {
        let mut http = Http::open(addr).await?;
        let mut every = tokio::time::interval(Duration::from_millis(1));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut last = Value::Null;
        for _ in 0..60_000 {
            every.tick().await;
            let answer = http.send(&ask(&last)).await?;
            let answer = (answer.status, answer.json());
            if refused(&answer) {
                let at = Instant::now();
                let again = http.send(&ask(&last)).await?;
                if !refused(&(again.status, again.json())) {
                    return Err("refused, and then not".into());
                }
                return Ok(at);
            }
            last = answer.1;
        }
        Err("never refused".into())
    })
}
