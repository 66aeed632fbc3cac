//! Tokens of an application for itself, without a person: for its stream of security events, and for nothing else. They are
//! made and asked here like all others; what a person's or an integration user's token opens, these do not, since they name
//! no user.

use super::{Gate, TOKEN_TYPE, db, issue::Issued, over};
use crate::{
    apps::{Client, Kind},
    clock::Timestamp,
    crypto::{
        self,
        jwt::{Alg, Signable},
    },
    error::{Error, Result},
    events,
    id::TenantId,
    store::Cx,
    tx,
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The scopes there are for it.
pub const OWN: [&str; 2] = [events::READ, events::MANAGE];
/// How long such a token lives, in seconds.
const LIFE: i64 = 300;

/// A token of an application for itself that may act now; only [`Gate::own`] makes one.
#[derive(Debug)]
pub struct Own {
    /// The application.
    pub client: Arc<Client>,
    /// What it may do: what it was given, as far as it could be given now.
    pub scopes: Vec<String>,
    claims: Map<String, Value>,
}

impl Own {
    /// Whether a scope was given.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// What an application may have for itself: what is not left out of its settings.
fn allowed(client: &Client, scope: &str) -> bool {
    let chosen = client.app.settings.0.scopes.as_ref();
    OWN.contains(&scope) && chosen.is_none_or(|all| all.iter().any(|s| s == scope))
}

impl Gate {
    /// Makes a token of an application for itself; it has proved that it is this client.
    ///
    /// # Errors
    /// `unauthorized_client` for what is no application with a proof of its own, or asks for something else; `invalid_scope`
    /// for what it is not set to have; and what is over.
    pub async fn issue_own(&self, client: &Arc<Client>, asked: &[String]) -> Result<Issued> {
        let app = &client.app;
        let known = asked.iter().any(|s| OWN.contains(&s.as_str()));
        if app.kind != Kind::App || app.public || !known {
            let text = "this client may use this grant for its stream of security events alone";
            return Err(Error::forbidden(text).code("unauthorized_client"));
        }
        if !app.enabled {
            return Err(Error::unauthenticated("the client is disabled").code("invalid_client"));
        }
        let tenant = self.tenant(app.tenant_id).await?;
        let mut scopes: Vec<String> = Vec::new();
        for s in asked {
            if allowed(client, s) && !scopes.contains(s) {
                scopes.push(s.clone());
            }
        }
        if scopes.is_empty() {
            let text = "none of these scopes can be given here";
            return Err(Error::invalid(text).code("invalid_scope"));
        }
        let now = self.0.store.clock().now();
        let end = Timestamp::from_secs(now.secs() + LIFE);
        let jti = crypto::random_b64(16);
        let claims = json!({
            "iss": self.issuer(), "aud": self.issuer(), "sub": app.client_id, "client_id": app.client_id,
            "tid": app.tenant_id, "iat": now.secs(), "exp": end.secs(), "jti": jti,
            "ep": format!("{}.{}", tenant.epoch, client.epoch), "scope": scopes.join(" "),
        });
        let signable = Signable::for_gate(TOKEN_TYPE, claims.to_string().into_bytes());
        let access_token = self.0.keys.sign(Alg::ES256, &signable)?;
        let expires_in = u32::try_from(LIFE).unwrap_or(0);
        let (id_token, offline) = (None, false);
        Ok(Issued { access_token, expires_in, jti, expires_at: end, scopes, id_token, offline })
    }

    /// Verifies such a token and asks whether it may act now: signature, type, issuer, life, tenant, client, the epochs it
    /// carries, and whether it was revoked alone.
    ///
    /// # Errors
    /// `Unauthenticated` with the code `invalid_token`.
    pub async fn own(&self, token: &str) -> Result<Own> {
        let bad = || over("the access token is not valid");
        let verified = self.0.keys.verify(token).map_err(|e| bad().operator(format!("{e:?}")))?;
        let c = &verified.claims;
        let text = |n: &str| c.get(n).and_then(Value::as_str).ok_or_else(bad);
        let time = |n: &str| c.get(n).and_then(Value::as_i64).ok_or_else(bad);
        let client_id = text("client_id")?;
        let ours = verified.header.typ.as_deref() == Some(TOKEN_TYPE)
            && text("iss")? == self.issuer()
            && text("aud")? == self.issuer()
            && text("sub")? == client_id;
        if !ours {
            return Err(bad());
        }
        let (now, iat, exp) = (self.0.store.clock().now(), time("iat")?, time("exp")?);
        let life = exp.checked_sub(iat).filter(|l| (1..=LIFE).contains(l));
        if exp <= now.secs() || iat > now.secs() + 60 || life.is_none() {
            return Err(over("the access token has expired"));
        }
        let client = self.client(client_id).await?;
        let tid = TenantId::parse(text("tid")?).ok_or_else(bad)?;
        if client.app.tenant_id != tid || client.app.kind != Kind::App || client.app.public {
            return Err(bad());
        }
        let tenant = self.tenant(tid).await?;
        if text("ep")? != format!("{}.{}", tenant.epoch, client.epoch) {
            return Err(over("the access token was revoked"));
        }
        if self.0.facts.revoked_alone(text("jti")?).await? {
            return Err(over("the access token was revoked"));
        }
        let given = text("scope")?.split(' ').filter(|s| allowed(&client, s));
        let scopes = given.map(str::to_owned).collect();
        let claims = c.clone();
        Ok(Own { client, scopes, claims })
    }
    /// Ends one such token (RFC 7009), of the client it was issued to.
    pub(super) async fn revoke_own(&self, cx: &Cx, token: &str, client: &Client) -> Result<bool> {
        let Ok(own) = self.own(token).await else { return Ok(false) };
        let jti = own.claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned();
        let exp = own.claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        if own.client.app.id != client.app.id {
            return Ok(false);
        }
        tx!(self.0.store, cx, [jti], |tx| {
            tx.unaudited("a client ends its own token");
            db::revoke(tx, &jti, Timestamp::from_secs(exp)).await
        })?;
        Ok(true)
    }
}
