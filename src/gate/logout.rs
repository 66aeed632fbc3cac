//! Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4), and our own id tokens when they come back as a hint.

use super::Gate;
use crate::{
    apps::Client,
    crypto::jwt::Signable,
    error::{Error, Result},
    id::{SessionId, UserId},
};
use serde_json::{Value, json};

/// How long an application may take a logout token for, in seconds; each attempt makes a new one.
const LIFE: i64 = 120;

/// An id token of ours, from an application that says whom it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The client it was issued to.
    pub client_id: String,
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: Option<SessionId>,
}

impl Gate {
    /// Reads an id token that comes back as a hint: the signature is ours, the type is that of an id token. It may have
    /// expired, for a hint is no proof (RP-Initiated Logout 1.0, 2): what it names must match a session that lives.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn hint(&self, token: &str) -> Result<Hint> {
        let bad =
            |e: String| Error::invalid("'id_token_hint' is not an id token of ours").operator(e);
        let v = self.0.keys.verify(token).map_err(|e| bad(format!("{e:?}")))?;
        let text = |n: &str| v.claims.get(n).and_then(Value::as_str);
        let read = || {
            let times = ["iat", "exp"].iter().all(|n| v.claims.get(*n).is_some_and(Value::is_i64));
            let session = match v.claims.get("sid") {
                None => None,
                Some(s) => Some(SessionId::parse(s.as_str()?)?),
            };
            let ours = v.header.typ.as_deref() == Some("JWT") && text("iss")? == self.issuer();
            let user = UserId::parse(text("sub")?)?;
            let hint = Hint { client_id: text("aud")?.to_owned(), user, session };
            (ours && times).then_some(hint)
        };
        read().ok_or_else(|| bad("its type or its claims are not those of an id token".to_owned()))
    }
    /// Makes a logout token: `jti` is the message's id, the same at each attempt.
    ///
    /// # Errors
    /// `Unavailable` while there is no key of the application's algorithm.
    pub fn logout_token(
        &self,
        client: &Client,
        user: UserId,
        session: SessionId,
        jti: &str,
    ) -> Result<String> {
        let now = self.0.store.clock().now().secs();
        let claims = json!({
            "iss": self.issuer(), "aud": client.app.client_id, "sub": user, "sid": session,
            "iat": now, "exp": now + LIFE, "jti": jti,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        let signable = Signable::for_gate("logout+jwt", claims.to_string().into_bytes());
        self.0.keys.sign(client.app.settings.0.id_token_alg, &signable)
    }
}
