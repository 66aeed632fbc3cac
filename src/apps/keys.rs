//! The public keys a client proves itself with: given with its settings, or fetched from where it publishes them.
//! Private parts are refused, and so is what is no signature key.

use crate::{
    crypto::{
        self,
        jwt::{Alg, Jwk, Verifier},
    },
    error::{Error, Result},
    net,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The algorithms a client assertion may be signed with; the key's type says which of them.
pub const ASSERTION_ALGS: [Alg; 4] = [Alg::ES256, Alg::EdDSA, Alg::RS256, Alg::PS256];

/// The keys taken from one set.
const MAX_KEYS: usize = 20;
/// How long a fetched set is used.
const KEEP: Duration = Duration::from_secs(3600);
/// A key that nobody knows is looked for at most this often.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// An address that did not answer is left alone so long.
const FAILED: Duration = Duration::from_secs(5);
/// While its address does not answer, a set is good for this long.
const AT_MOST: Duration = Duration::from_secs(24 * 3600);

/// A JSON Web Key Set (RFC 7517 5) of public signature keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Value")]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl TryFrom<Value> for KeySet {
    type Error = Error;
    fn try_from(set: Value) -> Result<Self> {
        let bad = |why: &str| Error::invalid(format!("the key set {why}")).attr("jwks");
        let list = set.get("keys").and_then(Value::as_array);
        let list = list.ok_or_else(|| bad("is no object with a list 'keys'"))?;
        if list.is_empty() || list.len() > MAX_KEYS {
            return Err(bad(&format!("has no keys, or more than {MAX_KEYS}")));
        }
        let keys: Vec<Jwk> = list.iter().map(usable).collect::<Result<_>>()?;
        for (i, k) in keys.iter().enumerate() {
            let again = keys.iter().take(i).any(|other| other.kid == k.kid);
            if again || (k.kid.is_none() && keys.len() > 1) {
                return Err(bad("has several keys, and not each has a 'kid' of its own"));
            }
        }
        Ok(Self { keys })
    }
}

/// A public key that verifies one of [`ASSERTION_ALGS`].
fn usable(key: &Value) -> Result<Jwk> {
    let bad = |why: &str| Error::invalid(format!("a key of the key set {why}")).attr("jwks");
    // Symmetric keys and private halves: whoever sends one has told us a secret that we do not want to know.
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|m| key.get(m).is_some()) {
        return Err(bad("has private parts; give its public half only"));
    }
    let jwk: Jwk = Jwk::deserialize(key).map_err(|e| bad(&format!("cannot be read: {e}")))?;
    let verifies = |alg: &Alg| Verifier::new(&jwk, *alg).is_ok();
    if !ASSERTION_ALGS.iter().any(verifies) {
        return Err(bad("is none for ES256, EdDSA, RS256 or PS256"));
    }
    if jwk.kty == "RSA" {
        let bytes = jwk.n.as_deref().and_then(crypto::unb64).unwrap_or_default();
        let length = bytes.iter().skip_while(|b| **b == 0).count();
        if !(256..=1024).contains(&length) {
            return Err(bad("is an RSA key of less than 2048 or more than 8192 bits"));
        }
    }
    Ok(jwk)
}

/// The keys of a published set; those of kinds we do not take are passed over.
fn published(body: &[u8]) -> Result<Vec<Jwk>> {
    let bad = || Error::unavailable("the client's key set cannot be read");
    let set: Value = serde_json::from_slice(body).map_err(|e| bad().operator(e))?;
    let list = set.get("keys").and_then(Value::as_array).ok_or_else(bad)?;
    Ok(list.iter().filter_map(|k| usable(k).ok()).take(MAX_KEYS).collect())
}

/// Published key sets by address, remembered.
#[derive(Default)]
pub(super) struct Published(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>);

#[derive(Default)]
struct Slot {
    known: Option<Known>,
    failed: Option<(Instant, Error)>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<[Jwk]>,
    read: Instant,
    /// It was read because of a key that was not in the set before.
    for_a_key: bool,
}

impl Published {
    /// The keys published at `uri`. With `again` because a token names one that we do not know: they are read anew, but
    /// not more often than once a minute, however many such tokens come.
    pub(super) async fn get(
        &self,
        net: &net::Client,
        uri: &str,
        again: bool,
    ) -> Result<Arc<[Jwk]>> {
        let slot = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() > 10_000 {
                all.clear();
            }
            Arc::clone(all.entry(uri.to_owned()).or_default())
        };
        // One request at a time for each address; whoever waited finds its answer here.
        let mut slot = slot.lock().await;
        let good = |k: &Known| match (again, k.for_a_key) {
            (true, true) => LOOK_AGAIN,
            (true, false) => Duration::ZERO,
            (false, _) => KEEP,
        };
        if let Some(k) = slot.known.as_ref().filter(|k| k.read.elapsed() < good(k)) {
            return Ok(k.keys.clone());
        }
        let failed = match &slot.failed {
            Some((at, e)) if at.elapsed() < FAILED => e.clone(),
            _ => match fetch(net, uri).await {
                Ok(keys) => {
                    let keys: Arc<[Jwk]> = keys.into();
                    let known =
                        Known { keys: keys.clone(), read: Instant::now(), for_a_key: again };
                    *slot = Slot { known: Some(known), failed: None };
                    return Ok(keys);
                }
                Err(e) => {
                    tracing::warn!(uri, error = ?e, "a client's keys cannot be fetched");
                    slot.failed = Some((Instant::now(), e.clone()));
                    e
                }
            },
        };
        let known = slot.known.as_ref().filter(|k| k.read.elapsed() < AT_MOST);
        known.map(|k| k.keys.clone()).ok_or(failed)
    }
}

async fn fetch(net: &net::Client, uri: &str) -> Result<Vec<Jwk>> {
    let request = http::Request::get(uri)
        .header("accept", "application/jwk-set+json, application/json")
        .body(Vec::new())
        .map_err(|e| Error::unavailable("the client's key set cannot be fetched").operator(e))?;
    let answer = net.send(request).await?;
    if answer.status() != http::StatusCode::OK {
        let text = format!("{uri} answered {}", answer.status());
        return Err(Error::unavailable("the client's key set cannot be fetched").operator(text));
    }
    published(answer.body())
}
