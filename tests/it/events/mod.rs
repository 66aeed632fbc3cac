//! What applications are told by their streams of security events: the transmitter as its certification plays it, how
//! events reach an application, what is told of whom, and to nobody else.

mod assurance;
mod conformance;
mod delivery;
mod ends;
mod own;
mod people;
mod provisioning;
mod shown;

use crate::support::{
    TestDb,
    person::{Person, READ_ONLY, TestApp},
    server::{Answer, Client, TestServer},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use muster::id::TenantId;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

pub const PUSH: &str = "urn:ietf:rfc:8935";
pub const POLL: &str = "urn:ietf:rfc:8936";
pub const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
pub const CREDENTIAL: &str =
    "https://schemas.openid.net/secevent/caep/event-type/credential-change";
pub const ASSURANCE: &str =
    "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change";
pub const DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
pub const ENABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
pub const PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
pub const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

/// What was pushed to an application.
#[derive(Clone)]
pub struct Pushed {
    pub authorization: Option<String>,
    pub content_type: String,
    pub token: String,
}

/// An application that events are pushed to.
#[derive(Default)]
pub struct Receiver {
    pub got: Mutex<Vec<Pushed>>,
    /// What it answers first; 202 afterwards.
    pub answers: Mutex<VecDeque<(u16, &'static str)>>,
}

async fn take(State(r): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap().to_owned());
    r.got.lock().unwrap().push(Pushed {
        authorization: text("authorization"),
        content_type: text("content-type").unwrap_or_default(),
        token: String::from_utf8(body.to_vec()).unwrap(),
    });
    let (status, body) = r.answers.lock().unwrap().pop_front().unwrap_or((202, ""));
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

/// A server, and an application's own.
pub struct World {
    pub s: TestServer,
    pub receiver: Arc<Receiver>,
    /// Where the application takes what is pushed.
    pub uri: String,
}

pub async fn world(t: &TestDb) -> World {
    let receiver = Arc::<Receiver>::default();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let router = Router::new().route("/events", post(take)).with_state(Arc::clone(&receiver));
    tokio::spawn(async move { axum::serve(tcp, router).await });
    let s = TestServer::with(t, |c| c.outbound.allow = vec![address.to_string()]).await;
    // What events are signed with takes a moment to make.
    s.app.keys.complete(&s.app.system()).await.unwrap();
    World { s, receiver, uri: format!("http://{address}/events") }
}

/// An application's token for itself.
async fn own_token(s: &TestServer, app: &TestApp, scope: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("scope", scope)];
    let a = s.token(app, &fields).await.expect(200).json();
    a["access_token"].as_str().unwrap().to_owned()
}

/// An application's stream, as it asks for it.
async fn stream(s: &TestServer, app: &TestApp, body: Value) -> Stream {
    let client = s.browser().bearer(&own_token(s, app, "ssf.manage ssf.read").await);
    let made = client.post("/ssf/stream", body).await.expect(201).json();
    let id = made["stream_id"].as_str().unwrap().to_owned();
    Stream { id, client, made, client_id: app.client_id.clone() }
}

/// One that is fetched, with these events; all that there are of people without.
pub async fn poll(s: &TestServer, app: &TestApp, events: &[&str]) -> Stream {
    let mut body = json!({ "delivery": { "method": POLL } });
    if !events.is_empty() {
        body["events_requested"] = json!(events);
    }
    stream(s, app, body).await
}

impl World {
    /// A person of a tenant, signed in.
    pub async fn person(&self, tenant: TenantId, name: &str) -> Person {
        let user = self.s.person(tenant, name, READ_ONLY).await;
        self.s.session(tenant, user, "single").await
    }
    /// They sign in to an application.
    pub async fn enters(&self, app: &TestApp, who: &Person) -> Value {
        let code = self.s.code(app, who, &[]).await;
        self.s.redeem(app, &code).await.expect(200).json()
    }
    /// The application's token for itself.
    pub async fn token(&self, app: &TestApp, scope: &str) -> String {
        own_token(&self.s, app, scope).await
    }
    pub async fn stream(&self, app: &TestApp, body: Value) -> Stream {
        stream(&self.s, app, body).await
    }
    /// A stream that is fetched, with these events; all that there are of people without.
    pub async fn poll(&self, app: &TestApp, events: &[&str]) -> Stream {
        poll(&self.s, app, events).await
    }
    pub async fn push(&self, app: &TestApp, events: &[&str], header: Option<&str>) -> Stream {
        let mut delivery = json!({ "method": PUSH, "endpoint_url": self.uri });
        if let Some(h) = header {
            delivery["authorization_header"] = json!(h);
        }
        self.stream(app, json!({ "delivery": delivery, "events_requested": events })).await
    }
    /// Waits for `n` events to have been pushed; a moment longer, so that one too many is seen.
    pub async fn pushed(&self, n: usize) -> Vec<Pushed> {
        let begun = Instant::now();
        while self.receiver.got.lock().unwrap().len() < n && begun.elapsed().as_secs() < 25 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(900)).await;
        let got = self.receiver.got.lock().unwrap().clone();
        assert_eq!(got.len(), n, "{:?}", got.iter().map(|p| read(&p.token)).collect::<Vec<_>>());
        got
    }
    /// What an application does with an event: by a JWT library, with the keys that the transmitter names.
    pub async fn verified(&self, token: &str, stream: &Stream) -> Value {
        let about = self.s.browser().get("/.well-known/ssf-configuration").await.expect(200).json();
        let keys = self.s.browser().get(about["jwks_uri"].as_str().unwrap()).await.expect(200);
        let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
        assert_eq!(header.alg, Algorithm::RS256, "what every receiver knows");
        let key = keys.find(header.kid.as_deref().unwrap()).expect("a published key");
        let mut want = Validation::new(Algorithm::RS256);
        want.set_audience(&[&stream.client_id]);
        want.set_issuer(&[&self.s.url]);
        want.set_required_spec_claims(&["iss", "aud"]);
        want.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        let c = jsonwebtoken::decode::<Value>(token, &key, &want).expect("our signature").claims;
        assert!(c.get("sub").is_none() && c.get("exp").is_none(), "{c}");
        assert!(c["iat"].is_i64() && !c["jti"].as_str().unwrap().is_empty(), "{c}");
        assert_eq!(c["events"].as_object().unwrap().len(), 1, "{c}");
        c
    }
}

/// The claims of a token that was verified before, or is only shown.
pub fn read(token: &str) -> Value {
    crate::support::person::claims(token)
}

/// An application's stream.
pub struct Stream {
    pub id: String,
    pub client: Client,
    pub made: Value,
    pub client_id: String,
}

impl Stream {
    pub async fn ask(&self, body: Value) -> Answer {
        self.client.post(&format!("/ssf/poll/{}", self.id), body).await
    }
    /// What waits, by its ids, nothing confirmed.
    pub async fn waits(&self) -> Vec<(String, String)> {
        let got = self.ask(json!({ "returnImmediately": true })).await.expect(200).json();
        let sets = got["sets"].as_object().unwrap();
        sets.iter().map(|(j, t)| (j.clone(), t.as_str().unwrap().to_owned())).collect()
    }
    /// Waits for `n` events, confirms them, and gives what they say in the order of their time; a moment longer, so that one
    /// too many is seen.
    pub async fn told(&self, n: usize) -> Vec<Value> {
        let begun = Instant::now();
        while self.waits().await.len() < n && begun.elapsed().as_secs() < 25 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(900)).await;
        let got = self.waits().await;
        let mut said: Vec<Value> = got.iter().map(|(_, t)| read(t)).collect();
        assert_eq!(said.len(), n, "{said:#?}");
        let jtis: Vec<&String> = got.iter().map(|(j, _)| j).collect();
        self.ask(json!({ "returnImmediately": true, "maxEvents": 0, "ack": jtis }))
            .await
            .expect(200);
        said.sort_by_key(|c| c["jti"].as_str().unwrap().to_owned());
        said
    }
    /// What they say of these types, and that there is nothing else.
    pub async fn says(&self, kinds: &[&str]) -> Vec<Value> {
        let told = self.told(kinds.len()).await;
        let mut have: Vec<String> = told.iter().map(kind).collect();
        let mut want: Vec<String> = kinds.iter().map(|k| (*k).to_owned()).collect();
        have.sort();
        want.sort();
        assert_eq!(have, want);
        told
    }
}

/// The type of an event.
pub fn kind(claims: &Value) -> String {
    claims["events"].as_object().unwrap().keys().next().unwrap().clone()
}

/// What it says.
pub fn body(claims: &Value) -> &Value {
    claims["events"].as_object().unwrap().values().next().unwrap()
}

/// What of several is of one type.
pub fn of<'a>(told: &'a [Value], what: &str) -> &'a Value {
    told.iter().find(|c| kind(c) == what).unwrap_or_else(|| panic!("{what} in {told:#?}"))
}
