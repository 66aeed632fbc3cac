//! RFC 6749 6 with rotation. A token that is used twice ends its family and what it gave, without grace.

use super::{
    super::{error::OAuthError, params::Params},
    Given,
};
use crate::{
    app::App,
    apps::Client,
    audit::{self, Event},
    error::{Error, Kind},
    gate::{Gate, Grant, Request},
    secret::Secret,
    sessions::{self, Family, Rotation, Who},
    tx,
};
use std::sync::Arc;

/// Answers the grant.
pub async fn refresh_token(
    app: &App,
    client: &Arc<Client>,
    p: &Params,
) -> Result<Given, OAuthError> {
    let presented = p.need("refresh_token")?.to_owned();
    let (app_id, asked) = (client.app.id, p.scopes()?);
    // With no scopes to weigh against the family, one statement does all of it where the database can, for all that
    // wait.
    if asked.is_empty()
        && let Some((family, next)) = app.rotations.rotate(&presented, app_id).await?
    {
        return issue(app, client, &family, &family.scopes.0, (&presented, next)).await;
    }
    let (cx, limits) = (app.system().urgent(), app.refresh_limits());
    let rotation = tx!(app.store, &cx, [presented, asked], |tx| {
        let r = sessions::rotate(tx, &presented, app_id, limits).await?;
        match &r {
            Rotation::Reused(f, done) => {
                Gate::end_family(tx, (f.tenant_id, f.user_id), f.id).await?;
                let event = Event::new("refresh_token.reuse").target("user", f.user_id);
                let detail =
                    serde_json::json!({"family": f.id, "app": app_id, "ended": done.families});
                audit::record(tx, f.tenant_id, event.detail(detail)).await?;
            }
            // Undoes the rotation: who asks for too much is told so, and keeps the token.
            Rotation::Next(f, _) => {
                if let Some(more) = asked.iter().find(|s| !f.scopes.0.contains(s)) {
                    let text = format!("'{more}' was not asked for at the sign-in");
                    return Err(Error::invalid(text).code("invalid_scope"));
                }
            }
            Rotation::Refused => {}
        }
        tx.unaudited("a rotation is not an act of its own");
        Ok(r)
    })?;
    let Rotation::Next(family, next) = rotation else {
        return Err(OAuthError::invalid_grant(
            "the refresh token is unknown, over, used, or another client's",
        ));
    };
    let scopes = if asked.is_empty() { &family.scopes.0 } else { &asked };
    issue(app, client, &family, scopes, (&presented, next)).await
}

/// Asks the gate for the tokens of a family whose refresh token was used.
async fn issue(
    app: &App,
    client: &Arc<Client>,
    family: &Family,
    scopes: &[String],
    (presented, next): (&str, Secret),
) -> Result<Given, OAuthError> {
    let over = || OAuthError::invalid_grant("the session of this refresh token is over");
    let session = family.session_id.ok_or_else(over)?;
    let (home, id) = (family.tenant_id, family.id);
    let grant = Grant::Session { home, session, user: family.user_id };
    let ask = Request { client, grant, tid: family.tid, scopes, nonce: None, family: Some(id) };
    let issued = match app.gate.family_lasts(family).await {
        Ok(()) => app.gate.issue(&ask).await,
        Err(e) => Err(e),
    };
    match issued {
        Ok(issued) => Ok((issued, Some(next))),
        // A proof that is missing now may be given, or demanded no more: who comes again then has not used the token twice.
        Err(e) if matches!(e.kind(), Kind::NeedsStepUp | Kind::Forbidden) => {
            let (presented, app_id) = (presented.to_owned(), client.app.id);
            let next = Arc::new(next);
            tx!(app.store, &app.system().urgent(), [presented, next], |tx| {
                sessions::take_back(tx, &presented, &next, app_id).await
            })?;
            Err(e.into())
        }
        Err(e) => {
            // What may not act now gets no further token: the family ends, so that the one just made dies unborn.
            if e.kind() == Kind::Unauthenticated {
                tx!(app.store, &app.system().urgent(), [], |tx| {
                    tx.unaudited("what ended it was recorded then");
                    sessions::revoke(tx, Who::Family(home, id), "the session is over").await
                })?;
            }
            Err(e.into())
        }
    }
}
