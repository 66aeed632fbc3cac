//! RFC 6749 4.4, for integration users; and for applications themselves, for their stream of security events. An
//! integration user that works in several tenants names one with each request (`tenant`: id or short name); without it the
//! tenant is its own.

use super::super::{error::OAuthError, params::Params};
use crate::{
    app::App,
    apps::{Client, Kind},
    gate::{Grant, Issued, Request},
    id::TenantId,
    tenants,
};
use std::sync::Arc;

/// Answers the grant.
pub async fn client_credentials(
    app: &App,
    client: &Arc<Client>,
    p: &Params,
) -> Result<Issued, OAuthError> {
    // Before anything is looked for: an application's name is known to everybody, and proves nothing.
    if client.app.public {
        let text = "this client may not use this grant";
        return Err(OAuthError::new("unauthorized_client", text));
    }
    let scopes = p.scopes()?;
    if client.app.kind == Kind::App {
        return Ok(app.gate.issue_own(client, &scopes).await?);
    }
    let tid = match p.get("tenant") {
        None => client.app.tenant_id,
        Some(t) => match TenantId::parse(t) {
            Some(id) => id,
            None => {
                let found = tenants::by_slug(&app.store, t).await?;
                found.map(|t| t.id).ok_or_else(no_such_tenant)?
            }
        },
    };
    let request = Request {
        client,
        grant: Grant::Integration,
        tid,
        scopes: &scopes,
        nonce: None,
        family: None,
    };
    Ok(app.gate.issue(&request).await?)
}

fn no_such_tenant() -> OAuthError {
    // As for a tenant that exists and is not theirs: which tenants exist is nobody's business.
    OAuthError::new("access_denied", "the user has no role in that tenant")
}
