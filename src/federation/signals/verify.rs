//! Whose keys a token is verified with: the provider's own, or those of its transmitter of security events.

use super::Keyring;
use crate::{
    app::App,
    apps::ASSERTION_ALGS,
    crypto::{
        self,
        jwt::{self, Verified},
    },
    error::{Error, Result},
    federation::provider::{Providers, may_be_new},
    net,
};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long what a transmitter says of itself is used.
const KEEP: Duration = Duration::from_secs(3600);

/// Where transmitters say their keys are, by issuer; `None`: they say nothing, and the login's keys are meant.
#[derive(Clone, Default)]
pub(in crate::federation) struct Transmitters(Arc<Mutex<HashMap<String, Described>>>);
type Described = (Instant, Option<String>);

/// A token of the provider itself, with the keys that its id tokens are signed with.
pub(super) async fn by_provider(
    app: &App,
    providers: &Providers,
    issuer: &str,
    token: &str,
) -> Result<Verified> {
    let provider = providers.get(&app.net, issuer).await?;
    match jwt::verify(token, &provider.keys, &provider.algs()) {
        Err(e) if may_be_new(&e) => {
            let now = providers.again(&app.net, issuer).await?;
            jwt::verify(token, &now.keys, &now.algs())
        }
        r => r,
    }
}

/// Who a token says it is from; believed of nobody before the signature is verified.
pub(super) fn claimed_issuer(token: &str) -> Option<String> {
    let payload = crypto::unb64(token.split('.').nth(1)?)?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("iss")?.as_str().filter(|s| s.len() <= 500).map(str::to_owned)
}

impl Transmitters {
    /// The address of a transmitter's keys (Shared Signals Framework, 7.1.1).
    async fn keys_at(&self, net: &net::Client, issuer: &str) -> Result<Option<String>> {
        {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, at)) = all.get(issuer).filter(|(read, _)| read.elapsed() < KEEP) {
                return Ok(at.clone());
            }
        }
        let mut url = url::Url::parse(issuer).map_err(|_| Error::invalid("no issuer"))?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("/.well-known/ssf-configuration{path}"));
        let request = http::Request::get(url.as_str())
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|e| Error::unavailable("the transmitter cannot be asked").operator(e))?;
        let answer = net.send(request).await?;
        let at = match answer.status().as_u16() {
            200 => {
                let about: Value = serde_json::from_slice(answer.body()).map_err(|e| {
                    Error::unavailable("what the transmitter says of itself cannot be read")
                        .operator(e)
                })?;
                if about["issuer"] != issuer {
                    return Err(Error::invalid("what the transmitter says of itself is another's"));
                }
                about["jwks_uri"].as_str().map(str::to_owned)
            }
            400..=499 => None,
            status => {
                let text = format!("{url} answered {status}");
                return Err(Error::unavailable("the transmitter cannot be asked").operator(text));
            }
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > 10_000 {
            all.clear();
        }
        all.insert(issuer.to_owned(), (Instant::now(), at.clone()));
        Ok(at)
    }
}

impl Keyring<'_> {
    pub(super) async fn verified(
        &self,
        issuer: &str,
        given: Option<&str>,
        token: &str,
    ) -> Result<Verified> {
        let net = &self.app.net;
        let at = match given {
            Some(at) => Some(at.to_owned()),
            None => self.transmitters.keys_at(net, issuer).await?,
        };
        let Some(at) = at else {
            return by_provider(self.app, self.providers, issuer, token).await;
        };
        let keys = self.app.apps.keys_at(net, &at, false).await?;
        match jwt::verify(token, &keys, &ASSERTION_ALGS) {
            Err(e) if e.code_str() == Some("key_unknown") => {
                let keys = self.app.apps.keys_at(net, &at, true).await?;
                jwt::verify(token, &keys, &ASSERTION_ALGS)
            }
            r => r,
        }
    }
}
