//! Client assertions (RFC 7523 3, OpenID Connect Core 9): a client proves itself with a JWT that it signed. The key is
//! one of its own and says the algorithm; the audience is us and nobody else; an assertion is used once.

mod db;

use super::{Apps, Client, keys::ASSERTION_ALGS};
use crate::{
    clock::Timestamp,
    crypto::{
        self,
        jwt::{self, Jwk, Verified},
    },
    error::{Error, Kind, Result},
    net,
    store::{Cx, Store},
    tx,
};
use serde_json::{Map, Value};
use std::{borrow::Cow, net::IpAddr, sync::Arc};

/// What two clocks may differ by, in seconds.
const SKEW: i64 = 30;
/// The furthest `exp` may be ahead, in seconds: what is remembered of used assertions stays small.
const LIFE: i64 = 300;

/// An assertion as it was presented.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// The JWT.
    pub token: &'a str,
    /// `client_id`, where the request has it too.
    pub client_id: Option<&'a str>,
    /// What must stand in `aud`, alone: the issuer. An endpoint may have the name of somebody else's.
    pub audience: &'a str,
    /// Where it comes from.
    pub from: Option<IpAddr>,
}

fn refused(why: &str) -> Error {
    Error::unauthenticated(format!("client assertion: {why}")).code("invalid_client")
}

/// The client an assertion says it is from; believed of nobody before the signature is verified.
fn claimed(token: &str) -> Option<String> {
    let payload = crypto::unb64(token.split('.').nth(1)?)?;
    let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
    claims.get("sub")?.as_str().filter(|s| s.len() <= 100).map(str::to_owned)
}

impl Apps {
    /// Authenticates a client by an assertion. A client that has no keys, one that is not known and a signature of
    /// somebody else look the same.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_client`), saying what is wrong with it; `RateLimited` after too many wrong ones.
    pub async fn authenticate_by_key(
        &self,
        net: &net::Client,
        cx: &Cx,
        a: &Assertion<'_>,
    ) -> Result<Arc<Client>> {
        let id = claimed(a.token).unwrap_or_default();
        let judged = self.judge(net, cx, a, &id).await;
        judged.map_err(|e| match e.kind() {
            Kind::Unauthenticated => self.wrong(&id, a.from, e),
            _ => e,
        })
    }

    async fn judge(
        &self,
        net: &net::Client,
        cx: &Cx,
        a: &Assertion<'_>,
        id: &str,
    ) -> Result<Arc<Client>> {
        let unknown = || refused("unknown client, or not signed with a key of its own");
        if a.client_id.is_some_and(|c| c != id) {
            return Err(refused("'client_id' is not its 'sub'"));
        }
        let client = self.find(id).await?.filter(|c| !c.app.public).ok_or_else(unknown)?;
        let verified = self.verified(net, &client, a.token).await.map_err(|e| {
            let why = e.operator_text().map_or_else(|| e.detail().to_owned(), str::to_owned);
            unknown().operator(why)
        })?;
        let now = self.store().clock().now();
        let (jti, until) = self::claims(&verified, &client.app.client_id, a.audience, now)?;
        if claim(self.store(), cx, &client.app.client_id, jti, until).await? {
            Ok(client)
        } else {
            Err(refused("it was used before ('jti')"))
        }
    }

    async fn verified(&self, net: &net::Client, client: &Client, token: &str) -> Result<Verified> {
        let s = &client.app.settings.0;
        if let Some(set) = &s.jwks {
            return jwt::verify(token, &set.keys, &ASSERTION_ALGS);
        }
        let uri = s.jwks_uri.as_deref().ok_or_else(|| Error::invalid("the client has no keys"))?;
        let keys: Arc<[Jwk]> = self.published().get(net, uri, false).await?;
        match jwt::verify(token, &keys, &ASSERTION_ALGS) {
            Err(e) if e.code_str() == Some("key_unknown") => {
                let keys = self.published().get(net, uri, true).await?;
                jwt::verify(token, &keys, &ASSERTION_ALGS)
            }
            r => r,
        }
    }
}

/// Reads the claims strictly: one of another type is not absent, it is wrong. Gives `jti`, and until when it must be
/// remembered.
fn claims<'v>(
    v: &'v Verified,
    client_id: &str,
    issuer: &str,
    now: Timestamp,
) -> Result<(&'v str, Timestamp)> {
    let typ = v.header.typ.as_deref().map(str::to_ascii_lowercase);
    if !matches!(typ.as_deref(), None | Some("jwt" | "client-authentication+jwt")) {
        return Err(refused("its 'typ' is that of another kind of token"));
    }
    let c = &v.claims;
    for name in ["iss", "sub"] {
        if c.get(name).and_then(Value::as_str) != Some(client_id) {
            return Err(refused(&format!("'{name}' is not the client id")));
        }
    }
    let audience: Cow<'_, [Value]> = match c.get("aud") {
        Some(Value::Array(all)) => Cow::Borrowed(all),
        Some(one) => Cow::Owned(vec![one.clone()]),
        None => Cow::Borrowed(&[]),
    };
    // Meant for somebody else as well, it could be carried from there to here.
    let ours = |a: &Value| a.as_str() == Some(issuer);
    if audience.is_empty() || !audience.iter().all(ours) {
        return Err(refused("'aud' is not this issuer"));
    }
    let time = |name: &str| match c.get(name) {
        None => Ok(None),
        Some(t) => t
            .as_i64()
            .filter(|t| *t >= 0)
            .map(Some)
            .ok_or_else(|| refused(&format!("'{name}' is not a time in whole seconds"))),
    };
    let now = now.secs();
    let exp = time("exp")?.ok_or_else(|| refused("'exp' is missing"))?;
    if exp <= now - SKEW {
        return Err(refused("it has expired"));
    }
    if exp > now + LIFE + SKEW {
        return Err(refused("'exp' is more than five minutes ahead"));
    }
    for name in ["nbf", "iat"] {
        if time(name)?.is_some_and(|t| t > now + SKEW) {
            return Err(refused(&format!("'{name}' is in the future")));
        }
    }
    let jti = c.get("jti").and_then(Value::as_str).unwrap_or_default();
    if jti.is_empty() || jti.len() > 256 {
        return Err(refused("'jti' is missing, empty, or longer than 256 bytes"));
    }
    Ok((jti, Timestamp::from_secs(exp + SKEW)))
}

/// Uses an assertion, once: one statement, whatever node it reaches.
async fn claim(store: &Store, cx: &Cx, client: &str, jti: &str, until: Timestamp) -> Result<bool> {
    let hash = crypto::sha256_hex(format!("{client}\0{jti}"));
    tx!(store, cx, [hash], |tx| {
        tx.unaudited("a client's proof is used up");
        Ok(db::claim(tx, &hash, until).await? == 1)
    })
}

/// Forgets the assertions that have expired.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("expired rows");
        db::sweep(tx).await
    })
}
