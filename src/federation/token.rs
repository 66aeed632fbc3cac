//! From a code to claims that answer our question: exchange, signature, checks. The network is asked here, so no
//! transaction is open.

use super::{CALLBACK, provider::Providers};
use crate::{
    app::App,
    crypto::jwt,
    directories::SignIn,
    error::{Error, Result},
    flows::Upstream,
    protocol::oidc::{Claims, Expected},
    secret::ExposeSecret as _,
};

/// The claims of the id token that `code` is worth.
///
/// # Errors
/// The code names the reason: `upstream_unavailable`, `code_refused`, `id_token_missing`, `key_unknown`,
/// `bad_signature`, `alg_not_allowed`, and those of [`Claims`].
pub(super) async fn claims(
    app: &App,
    providers: &Providers,
    s: &SignIn,
    up: &Upstream,
    code: &str,
) -> Result<Claims> {
    let provider = providers.get(&app.net, &s.issuer).await?;
    let redirect = format!("{}{CALLBACK}", app.config.issuer());
    let token = provider.exchange(&app.net, s, &redirect, code, &up.verifier).await?;
    let token = token.expose_secret();
    let verified = match jwt::verify(token, &provider.keys, &provider.algs()) {
        // Signed with a key we have not seen: the provider rotated since we asked.
        Err(e) if e.code_str() == Some("key_unknown") => {
            let now = providers.again(&app.net, &s.issuer).await?;
            jwt::verify(token, &now.keys, &now.algs())?
        }
        other => other?,
    };
    if verified.claims.contains_key("events") {
        // A logout or security event token of the same issuer is no proof of a login.
        return Err(Error::invalid("this is an event, not an id token").code("claim_missing"));
    }
    let claims = Claims::parse(&verified.claims)?;
    let expected = Expected {
        issuer: &s.issuer,
        client_id: &s.client_id,
        nonce: &up.nonce,
        now: app.store.clock().now(),
    };
    claims.check(&expected)?;
    Ok(claims)
}
