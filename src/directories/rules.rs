//! Pure decisions about directories.

use super::{Directory, Stage, signin::Half};
use crate::{
    actor::{Actor, Principal},
    clock::Timestamp,
};
use serde_json::{Value, json};

/// Two tokens: one in use, one to change over to.
pub(super) const LIVE_TOKENS: usize = 2;

/// The sign-in half after an edit: the one given, or as it was. One that brings no secret keeps the sealed one, but only
/// for the provider it was given for: at another it would tell that provider.
pub(super) fn next_half(given: Option<Half>, was: &Directory, secret: Option<String>) -> Half {
    match given {
        Some(h) if h.issuer.is_some() => {
            let kept = secret.filter(|_| h.issuer == was.issuer);
            // Another secret ends at another time; which, says whoever gives it, or nobody.
            let ends = was.secret_expires_at.filter(|_| h.secret.is_none() && kept.is_some());
            let secret_expires_at = h.secret_expires_at.or(ends);
            Half { secret: h.secret.or(kept), secret_expires_at, ..h }
        }
        Some(without) => without,
        None => Half {
            issuer: was.issuer.clone(),
            client_id: was.client_id.clone(),
            secret,
            secret_expires_at: was.secret_expires_at,
            stored: was.signin.0.clone(),
        },
    }
}

/// Whether sign-ins in flight must not end under the new row.
pub(super) fn signin_differs(a: &Directory, b: &Directory) -> bool {
    a.issuer != b.issuer
        || a.client_id != b.client_id
        || a.preset != b.preset
        || a.signin.0.differs(&b.signin.0)
}

/// Whether it is another provider, or another client of it: what was tried says nothing about that one.
pub(super) fn another_provider(a: &Directory, b: &Directory) -> bool {
    a.issuer != b.issuer || a.client_id != b.client_id || a.preset != b.preset
}

/// The stage in which a sign-in half begins; `was`: that of the half before. Whoever comes by the API has to try it first;
/// whoever owns the data directory need not, and what they enforced stays so.
pub(super) fn begins(by: &Actor, was: Option<Stage>) -> Stage {
    match (by.principal(), was) {
        (
            Principal::User { .. }
            | Principal::Directory { .. }
            | Principal::App { .. }
            | Principal::Portal { .. },
            _,
        ) => Stage::Draft,
        (Principal::Owner | Principal::System(_), Some(Stage::Enforced)) => Stage::Enforced,
        (Principal::Owner | Principal::System(_), _) => Stage::Active,
    }
}

/// What an edit changed, for the audit event: values from and to, of the secret only that it changed.
pub(super) fn difference(a: &Directory, b: &Directory, secret: bool) -> Value {
    let mut out = serde_json::Map::new();
    let mut put = |name: &str, from: Value, to: Value| {
        if from != to {
            out.insert(name.to_owned(), json!({ "from": from, "to": to }));
        }
    };
    put("name", json!(a.name), json!(b.name));
    put("preset", json!(a.preset.as_str()), json!(b.preset.as_str()));
    put("issuer", json!(a.issuer), json!(b.issuer));
    put("client_id", json!(a.client_id), json!(b.client_id));
    put("signin", json!(a.signin.0), json!(b.signin.0));
    put("stage", json!(a.stage), json!(b.stage));
    let ends = |d: &Directory| d.secret_expires_at.map(Timestamp::rfc3339);
    put("client_secret_expires_at", json!(ends(a)), json!(ends(b)));
    if another_provider(a, b) && b.stage.offered() && b.issuer.is_some() {
        out.insert("untested".to_owned(), true.into());
    }
    if secret {
        out.insert("client_secret".to_owned(), json!("changed"));
    }
    Value::Object(out)
}
