//! An OpenID provider that answers as the test tells it to, and never shows a page: tests go straight from our redirect
//! to the callback.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use muster::crypto::jwt::{self, Alg, Signer};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

/// How the next id token is made.
#[derive(Clone)]
pub enum Seal {
    /// As it should be.
    Good,
    /// `alg: none`.
    Unsigned,
    /// HS256 with the published key as the secret.
    Hmac,
    /// By a key of somebody else's who uses our key's name.
    Forged,
    /// By a key that is in no key set.
    Unknown,
    /// This text.
    Text(String),
    /// None at all.
    Absent,
}

/// What it does next.
pub struct Script {
    /// The claims of the id token.
    pub claims: Value,
    /// Those of the code, where several browsers are on their way.
    pub by_code: std::collections::HashMap<String, Value>,
    /// How it is signed.
    pub seal: Seal,
    /// What the discovery document says beside the usual.
    pub about: Value,
    /// What stands beside the id token in the token answer, and what userinfo says.
    pub beside: Value,
    /// The status of the next answers; 200 unless something is wrong.
    pub status: u16,
    /// The `Date` of the next answers; empty: the true one.
    pub date: String,
    /// The paths that were asked for.
    pub asked: Vec<String>,
    /// What Microsoft Graph says of somebody's groups.
    pub members: Value,
    /// Security events that wait to be fetched, by their ids.
    pub events: Value,
    /// What was said by whoever fetched them.
    pub fetched: Vec<Value>,
}

/// The provider.
pub struct Op {
    /// Its issuer: its address with a tenant's path, as Entra has it.
    pub issuer: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it does next.
    pub script: Arc<Mutex<Script>>,
    inner: Arc<Inner>,
}

struct Key {
    signer: Signer,
    encoding: jsonwebtoken::EncodingKey,
}
fn key(kid: &str) -> Key {
    let der = jwt::generate(Alg::ES256).unwrap();
    let signer = Signer::new(kid.to_owned(), Alg::ES256, &der).unwrap();
    Key { signer, encoding: jsonwebtoken::EncodingKey::from_ec_der(&der) }
}

struct Inner {
    issuer: String,
    script: Arc<Mutex<Script>>,
    own: Key,
    other: Key,
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A time in seconds and a quarter.
pub fn and_a_quarter(at: i64) -> Value {
    serde_json::from_str(&format!("{at}.25")).unwrap()
}

impl Op {
    /// Listens; `tenant` is the first part of its issuer's path.
    pub async fn start(tenant: &str) -> Self {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let issuer = format!("http://{address}/{tenant}/v2.0");
        let script = Arc::new(Mutex::new(Script {
            claims: json!({}),
            by_code: std::collections::HashMap::default(),
            seal: Seal::Good,
            about: json!({}),
            beside: json!({}),
            status: 200,
            date: String::new(),
            asked: Vec::new(),
            members: json!([]),
            events: json!({}),
            fetched: Vec::new(),
        }));
        let inner = Arc::new(Inner {
            issuer: issuer.clone(),
            script: Arc::clone(&script),
            own: key("one"),
            other: key("one"),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(tcp, router).await });
        Self { issuer, address, script, inner }
    }
    /// Changes what it does next.
    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }
    /// The claims of a good id token for `client`.
    pub fn claims(&self, client: &str, nonce: &str, sub: &str) -> Value {
        json!({
            "iss": self.issuer, "aud": client, "nonce": nonce, "sub": sub,
            "iat": now(), "exp": now() + 300, "amr": ["pwd", "mfa"],
        })
    }
    /// A token of its own, of the type `typ`.
    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        signed("one", typ, claims, &self.inner.own)
    }
    /// The same by a key of another name.
    pub fn sign_as(&self, kid: &str, typ: &str, claims: &Value) -> String {
        signed(kid, typ, claims, &self.inner.own)
    }
    /// The same by somebody else's key under its key's name.
    pub fn forge(&self, typ: &str, claims: &Value) -> String {
        signed("one", typ, claims, &self.inner.other)
    }
    /// An id token with these claims.
    pub fn token(&self, claims: &Value, seal: Seal) -> String {
        let script = Script {
            claims: claims.clone(),
            by_code: std::collections::HashMap::default(),
            seal,
            about: json!({}),
            beside: json!({}),
            status: 200,
            date: String::new(),
            asked: Vec::new(),
            members: json!([]),
            events: json!({}),
            fetched: Vec::new(),
        };
        self.inner.id_token(&script).expect("a token")
    }
    /// How often paths that end so were asked for.
    pub fn asked(&self, end: &str) -> usize {
        self.script.lock().unwrap().asked.iter().filter(|p| p.ends_with(end)).count()
    }
}

fn signed(kid: &str, typ: &str, claims: &Value, by: &Key) -> String {
    let mut h = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    h.kid = Some(kid.to_owned());
    h.typ = Some(typ.to_owned());
    jsonwebtoken::encode(&h, claims, &by.encoding).unwrap()
}

async fn answer(State(op): State<Arc<Inner>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let sent = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let mut script = op.script.lock().unwrap();
    script.asked.push(path.clone());
    let body = if path.ends_with("/.well-known/openid-configuration") {
        let mut about = json!({
            "issuer": op.issuer,
            "authorization_endpoint": format!("{}/authorize", op.issuer),
            "token_endpoint": format!("{}/token", op.issuer),
            "jwks_uri": format!("{}/keys", op.issuer),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        for (name, value) in script.about.as_object().unwrap() {
            about[name] = value.clone();
        }
        about
    } else if path.starts_with("/.well-known/ssf-configuration") {
        json!({ "issuer": op.issuer, "jwks_uri": format!("{}/keys", op.issuer) })
    } else if path.ends_with("/poll") {
        let said: Value = serde_json::from_slice(&sent).unwrap();
        for jti in said["ack"].as_array().unwrap() {
            script.events.as_object_mut().unwrap().remove(jti.as_str().unwrap());
        }
        let sets = if said["maxEvents"] == 0 { json!({}) } else { script.events.clone() };
        script.fetched.push(said);
        json!({ "sets": sets, "moreAvailable": false })
    } else if path.ends_with("/keys") {
        json!({ "keys": [op.own.signer.jwk()] })
    } else if path.ends_with("/getMemberObjects") {
        json!({ "value": script.members })
    } else if path.ends_with("/userinfo") {
        script.beside.clone()
    } else {
        let mut token = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60 });
        for (name, value) in script.beside.as_object().unwrap() {
            token[name] = value.clone();
        }
        let code = url::form_urlencoded::parse(&sent).find(|(n, _)| n == "code");
        let of_code = code.and_then(|(_, code)| script.by_code.remove(&*code));
        let made = match of_code {
            Some(claims) => Some(signed("one", "JWT", &claims, &op.own)),
            None => op.id_token(&script),
        };
        if let Some(t) = made {
            token["id_token"] = t.into();
        }
        token
    };
    let mut r = Response::new(Body::from(body.to_string()));
    *r.status_mut() = StatusCode::from_u16(script.status).unwrap();
    r.headers_mut().insert("content-type", "application/json".parse().unwrap());
    if !script.date.is_empty() {
        r.headers_mut().insert("date", script.date.parse().unwrap());
    }
    r
}

impl Inner {
    fn id_token(&self, script: &Script) -> Option<String> {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let signed = |kid: &str, by: &Key| {
            let mut h = Header::new(Algorithm::ES256);
            h.kid = Some(kid.to_owned());
            encode(&h, &script.claims, &by.encoding).unwrap()
        };
        let payload = B64.encode(script.claims.to_string());
        Some(match &script.seal {
            Seal::Good => signed("one", &self.own),
            Seal::Forged => signed("one", &self.other),
            Seal::Unknown => signed("two", &self.other),
            Seal::Unsigned => format!("{}.{payload}.", B64.encode(r#"{"alg":"none"}"#)),
            Seal::Hmac => {
                let mut h = Header::new(Algorithm::HS256);
                h.kid = Some("one".to_owned());
                let public = serde_json::to_vec(&self.own.signer.jwk()).unwrap();
                encode(&h, &script.claims, &EncodingKey::from_secret(&public)).unwrap()
            }
            Seal::Text(t) => t.clone(),
            Seal::Absent => return None,
        })
    }
}
