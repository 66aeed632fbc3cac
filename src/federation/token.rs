//! From a code to claims that answer our question: exchange, signature, checks. The network is asked here, so no
//! transaction is open.

use super::provider::{Provider, Providers, may_be_new};
use crate::{
    app::App,
    crypto::jwt,
    directories::{self, SignIn},
    error::Result,
    flows::Upstream,
    protocol::oidc::{Claims, Expected},
    secret::{ExposeSecret as _, Secret},
    signins::Reason,
};
use serde_json::{Map, Value};

/// The claims of the id token that `code` is worth: those that we read, and all of them; and the token.
///
/// # Errors
/// Its code is that of a [`Reason`].
pub(super) async fn claims(
    app: &App,
    providers: &Providers,
    provider: &Provider,
    s: &SignIn,
    up: &Upstream,
    code: &str,
) -> Result<(Claims, Map<String, Value>, Secret)> {
    let redirect = directories::redirect_uri(app.config.issuer(), up.directory);
    let token = provider.exchange(&app.net, s, &redirect, code, &up.verifier).await?;
    let text = token.expose_secret();
    let verified = match jwt::verify(text, &provider.keys, &provider.algs()) {
        // Signed with a key we have not seen: the provider rotated since we asked.
        Err(e) if may_be_new(&e) => {
            let now = providers.again(app, s).await?;
            jwt::verify(text, &now.keys, &now.algs())?
        }
        other => other?,
    };
    if verified.claims.contains_key("events") {
        // A logout or security event token of the same issuer is no proof of a login.
        return Err(Reason::TokenMalformed.error("this is an event, not an id token"));
    }
    let claims = Claims::parse(&verified.claims)?;
    let expected = Expected {
        issuer: &s.issuer,
        client_id: &s.client_id,
        nonce: &up.nonce,
        now: app.store.clock().now(),
    };
    claims.check(&expected)?;
    Ok((claims, verified.claims, token))
}
