//! RFC 6749 4.1.3 with PKCE (RFC 7636). The code is claimed in one statement; a second use ends what the first gave.

use super::{
    super::{error::OAuthError, params::Params, request::AuthRequest},
    Given,
};
use crate::{
    app::App,
    apps::Client,
    crypto,
    error::Error,
    flows::{self, CodeUse},
    gate::{Gate, Grant, Request},
    id::FamilyId,
    secret::Secret,
    sessions::{self, NewFamily},
    store::Cx,
    tx,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Answers the grant.
pub async fn authorization_code(
    app: &App,
    client: &Arc<Client>,
    p: &Params,
) -> Result<Given, OAuthError> {
    let code = p.need("code")?.to_owned();
    let redirect_uri = p.need("redirect_uri")?;
    let verifier = p.need("code_verifier")?;
    let cx: Cx = app.system().urgent();
    let app_id = client.app.id;
    // Claimed and committed before anything else is looked at: whatever follows, this code is spent.
    let claimed = tx!(app.store, &cx, [code], |tx| {
        let used = flows::code_claim(tx, &code, app_id).await?;
        if let CodeUse::Again(c) = &used {
            let until = tx.now().plus(Duration::from_secs(3600));
            let why = "an authorization code was used twice";
            Gate::revoke_issued(tx, (c.home, c.user), c.family, c.jti.as_deref(), until, why)
                .await?;
        }
        tx.unaudited("a code is spent");
        Ok(used)
    })?;
    let refused =
        || OAuthError::invalid_grant("the code is unknown, over, used, or another client's");
    let CodeUse::First(row) = claimed else { return Err(refused()) };
    let request: AuthRequest = serde_json::from_value(row.request.0.clone())
        .map_err(|e| Error::internal(format!("a code's request: {e}")))?;
    if request.redirect_uri != redirect_uri {
        return Err(OAuthError::invalid_grant(
            "'redirect_uri' is not the one of the authorization request",
        ));
    }
    if !proves(verifier, &request.code_challenge) {
        return Err(OAuthError::invalid_grant("'code_verifier' does not match the challenge"));
    }
    let grant = Grant::Session { home: row.home, session: row.session, user: row.user };
    let id = FamilyId::new();
    let ask = Request {
        client,
        grant,
        tid: row.tid,
        scopes: &request.scopes,
        nonce: request.nonce.as_deref(),
        family: Some(id),
    };
    let issued = app.gate.issue(&ask).await?;
    let family = NewFamily {
        id,
        home: row.home,
        user: row.user,
        session: Some(row.session),
        app: app_id,
        tid: row.tid,
        scopes: request.scopes.clone(),
        context: json!({}),
    };
    let (jti, until, offline) = (issued.jti.clone(), issued.expires_at, issued.offline);
    let limits = app.refresh_limits();
    let refresh: Option<Secret> = tx!(app.store, &cx, [code, family, jti], |tx| {
        tx.unaudited("a refresh family begins with a sign-in that was recorded");
        // Ended since: nobody would tell the application, so it gets nothing.
        let session = family.session.ok_or_else(|| Error::internal("a code without a session"))?;
        if !sessions::apps::join(tx, family.home, session, family.app).await? {
            return Err(Error::unauthenticated("the session of this code is over"));
        }
        let mut begun = None;
        if offline {
            begun = Some(sessions::begin_family(tx, &family, limits).await?);
        }
        let id = begun.as_ref().map(|_| family.id);
        flows::code_issued(tx, &code, id, &jti, until).await?;
        Ok(begun)
    })?;
    Ok((issued, refresh))
}

/// RFC 7636 4.6, S256 only.
fn proves(verifier: &str, challenge: &str) -> bool {
    let shape = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    shape && crypto::ct_eq(&crypto::b64(crypto::sha256(verifier)), challenge)
}
