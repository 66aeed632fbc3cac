//! Whose keys a token is verified with: the provider's own, or those of its transmitter of security events.

use super::Keyring;
use crate::{
    app::App,
    apps::ASSERTION_ALGS,
    crypto::{
        self,
        jwt::{self, Verified},
    },
    directories::SignIn,
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
type Described = (Instant, Result<Option<String>>);

/// A transmitter that could not be asked is left alone so long.
const FAILED: Duration = Duration::from_secs(5);

/// A token of the provider itself, or of its organisation, with the keys that id tokens of that issuer are signed with.
pub(super) async fn by_provider(
    app: &App,
    providers: &Providers,
    s: &SignIn,
    issuer: &str,
    token: &str,
) -> Result<Verified> {
    let of = SignIn { issuer: issuer.to_owned(), ..s.clone() };
    let provider = providers.get(app, &of).await?;
    match jwt::verify(token, &provider.keys, &provider.algs()) {
        Err(e) if may_be_new(&e) => {
            let began = Instant::now();
            let now = providers.again(app, &of).await?;
            match jwt::verify(token, &now.keys, &now.algs()) {
                // It may be of a key that the provider has had for less than a minute, and what is refused for good is lost:
                // a stranger's token that came before this one does not make it so.
                Err(e) if e.code_str() == Some("key_unknown") && !now.asked_since(began) => {
                    let text = "the provider's keys were asked for a moment ago; send it again";
                    Err(Error::unavailable(format!("{text}: {}", e.detail())).retry_after(60))
                }
                r => r,
            }
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
    /// The address of a transmitter's keys, remembered; so is, for a moment, that it could not be asked.
    async fn keys_at(&self, net: &net::Client, issuer: &str) -> Result<Option<String>> {
        {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let good = |(read, said): &&Described| {
                read.elapsed() < if said.is_ok() { KEEP } else { FAILED }
            };
            if let Some((_, said)) = all.get(issuer).filter(good) {
                return said.clone();
            }
        }
        let said = described(net, issuer).await;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > 10_000 {
            all.clear();
        }
        all.insert(issuer.to_owned(), (Instant::now(), said.clone()));
        said
    }
}

/// What a transmitter says of itself: where the framework puts it (Shared Signals Framework, 7.1.1), or where RISC did.
async fn described(net: &net::Client, issuer: &str) -> Result<Option<String>> {
    for kind in ["ssf", "risc"] {
        let mut url = url::Url::parse(issuer).map_err(|_| Error::invalid("no issuer"))?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("/.well-known/{kind}-configuration{path}"));
        let request = http::Request::get(url.as_str())
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|e| Error::unavailable("the transmitter cannot be asked").operator(e))?;
        let answer = net.send(request).await?;
        match answer.status().as_u16() {
            200 => {
                let about: Value = serde_json::from_slice(answer.body()).map_err(|e| {
                    let text = "what the transmitter says of itself cannot be read";
                    Error::unavailable(text).operator(e)
                })?;
                if about["issuer"] != issuer {
                    return Err(Error::unavailable(
                        "what the transmitter says of itself is another's",
                    ));
                }
                return Ok(about["jwks_uri"].as_str().map(str::to_owned));
            }
            404 | 410 => {}
            status => {
                let text = format!("{url} answered {status}");
                return Err(Error::unavailable("the transmitter cannot be asked").operator(text));
            }
        }
    }
    Ok(None)
}

impl Keyring<'_> {
    /// A token of a transmitter. One whose key is not known, or not yet, may be sent again: what was refused for good is
    /// lost.
    pub(super) async fn verified(
        &self,
        s: &SignIn,
        (issuer, given): (&str, Option<&str>),
        token: &str,
    ) -> Result<Verified> {
        let net = &self.app.net;
        let at = match given {
            Some(at) => Some(at.to_owned()),
            None => self.transmitters.keys_at(net, issuer).await?,
        };
        let verified = match at {
            None => by_provider(self.app, self.providers, s, issuer, token).await,
            Some(at) => {
                let keys = self.app.apps.keys_at(net, &at, false).await?;
                match jwt::verify(token, &keys, &ASSERTION_ALGS) {
                    Err(e) if e.code_str() == Some("key_unknown") => {
                        let keys = self.app.apps.keys_at(net, &at, true).await?;
                        jwt::verify(token, &keys, &ASSERTION_ALGS)
                    }
                    r => r,
                }
            }
        };
        verified.map_err(|e| match e.code_str() {
            Some("key_unknown") => Error::unavailable("its key is not known").code("key_unknown"),
            _ => e,
        })
    }
}
