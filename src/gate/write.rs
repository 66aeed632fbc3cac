//! The claims, written out. The access token is put together by hand: it is the hot path, and every value in it is an
//! id, a number, or was checked when it was registered.

use super::issue::Actual;
use crate::{clock::Timestamp, crypto, id::FamilyId, protocol::oidc::Class};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

fn text(out: &mut String, name: &str, value: &str) {
    // Only what was checked to be free of quotes and control characters is written raw; the rest goes through serde.
    let plain = value.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\' || b == b' ');
    if plain {
        let _ = write!(out, ",\"{name}\":\"{value}\"");
    } else {
        let _ = write!(out, ",\"{name}\":{}", Value::from(value));
    }
}

/// RFC 9068 claims. `ep` are the epochs of tenant, client and user; `home` is the user's tenant where it is another; `fam`
/// is the refresh family, which ends what came of it.
pub(super) fn access_token(
    issuer: &str,
    a: &Actual<'_>,
    scopes: &[String],
    (jti, family): (&str, Option<FamilyId>),
    now: Timestamp,
    end: Timestamp,
) -> String {
    let app = &a.request.client.app;
    let mut o = String::with_capacity(700);
    let _ = write!(o, "{{\"iat\":{},\"exp\":{}", now.secs(), end.secs());
    text(&mut o, "iss", issuer);
    let _ = write!(o, ",\"sub\":\"{}\",\"tid\":\"{}\"", a.user, a.request.tid);
    text(&mut o, "aud", app.settings.0.audience.as_deref().unwrap_or(&app.client_id));
    text(&mut o, "client_id", &app.client_id);
    let _ = write!(o, ",\"jti\":\"{jti}\"");
    if let Some(family) = family {
        let _ = write!(o, ",\"fam\":\"{family}\"");
    }
    let _ =
        write!(o, ",\"ep\":\"{}.{}.{}\"", a.tenant.epoch, a.request.client.epoch, a.person.epoch);
    if a.home != a.request.tid {
        let _ = write!(o, ",\"home\":\"{}\"", a.home);
    }
    if let Some(s) = &a.session {
        let _ = write!(o, ",\"sid\":\"{}\"", s.id);
        if let Some(at) = s.proved_at() {
            let _ = write!(o, ",\"auth_time\":{}", at.secs());
        }
        text(&mut o, "acr", acr(&s.class));
        if let Some(amr) = amr(&s.class, &s.evidence.0) {
            let _ = write!(o, ",\"amr\":{amr}");
        }
    }
    o.push_str(",\"scope\":\"");
    for (i, s) in scopes.iter().enumerate() {
        if i > 0 {
            o.push(' ');
        }
        o.push_str(s);
    }
    o.push_str("\"}");
    o
}

/// What a session's class is to applications.
fn acr(class: &str) -> &'static str {
    Class::parse(class).unwrap_or(Class::None).acr()
}

/// The most methods that are passed on, and the longest.
const METHODS: usize = 16;
const METHOD: usize = 32;

/// How somebody signed in (RFC 8176), as far as it was believed: an application takes our word for it. A directory that
/// proved no second factor is not quoted on one, nor on resistance to phishing that nothing proved.
fn amr(class: &str, evidence: &Value) -> Option<Value> {
    let said = evidence.get("amr")?.as_array()?;
    let believed = |m: &str| match class {
        "phr" => true,
        "mfa" => !matches!(m, "phr" | "phrh" | "phrw"),
        _ => matches!(m, "pwd" | "pin"),
    };
    let word = |m: &&str| m.len() <= METHOD && m.bytes().all(|b| b.is_ascii_graphic());
    let texts = said.iter().filter_map(Value::as_str).filter(word);
    let out: Vec<Value> = texts.filter(|m| believed(m)).take(METHODS).map(Value::from).collect();
    (!out.is_empty()).then_some(Value::Array(out))
}

/// What is said of a person under the scopes given: the id token and userinfo say the same.
pub(super) fn about(a: &super::Person, roles: &[String], scopes: &[String]) -> Map<String, Value> {
    let mut out = Map::new();
    let has = |s: &str| scopes.iter().any(|x| x == s);
    if has("profile") {
        out.insert("preferred_username".into(), json!(a.user_name));
        if let Some(n) = &a.display_name {
            out.insert("name".into(), json!(n));
        }
    }
    if let Some(e) = a.email.as_ref().filter(|_| has("email")) {
        out.insert("email".into(), json!(e));
    }
    out.insert("roles".into(), json!(roles));
    out
}

/// How long an id token lives at most, in seconds.
pub(super) const ID_TOKEN_LIFE: i64 = 300;

/// OpenID Connect Core 2.
pub(super) fn id_token(
    issuer: &str,
    a: &Actual<'_>,
    scopes: &[String],
    (now, end): (Timestamp, Timestamp),
    access_token: &str,
) -> Value {
    let roles: Vec<String> = a.held.roles.iter().map(|r| r.name.clone()).collect();
    let mut c = about(&a.person, &roles, scopes);
    c.insert("iss".into(), json!(issuer));
    c.insert("sub".into(), json!(a.user));
    c.insert("aud".into(), json!(a.request.client.app.client_id));
    c.insert("iat".into(), json!(now.secs()));
    c.insert("exp".into(), json!(end.secs()));
    c.insert("tid".into(), json!(a.request.tid));
    if let Some(n) = a.request.nonce {
        c.insert("nonce".into(), json!(n));
    }
    if let Some(s) = &a.session {
        c.insert("sid".into(), json!(s.id));
        if let Some(at) = s.proved_at() {
            c.insert("auth_time".into(), json!(at.secs()));
        }
        c.insert("acr".into(), json!(acr(&s.class)));
        if let Some(amr) = amr(&s.class, &s.evidence.0) {
            c.insert("amr".into(), amr);
        }
    }
    // at_hash: the left half of the hash that the signature's algorithm uses; all of ours use SHA-256 but EdDSA.
    if a.request.client.app.settings.0.id_token_alg != crate::crypto::jwt::Alg::EdDSA {
        c.insert("at_hash".into(), json!(crypto::b64(&crypto::sha256(access_token)[..16])));
    }
    Value::Object(c)
}
