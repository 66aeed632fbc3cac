//! Security event tokens (RFC 8417), as the Shared Signals Framework profiles them: typed, without `sub` and `exp`.

use super::Gate;
use crate::{
    crypto::jwt::{Alg, Signable},
    error::Result,
};
use serde_json::{Value, json};

/// What events are signed with: the one algorithm that every receiver has to know (CAEP Interoperability Profile, 2.6).
pub const EVENT_ALG: Alg = Alg::RS256;

impl Gate {
    /// Signs an event for an application; `claims` say the rest. The same event is the same text each time.
    ///
    /// # Errors
    /// `Unavailable` while there is no key of [`EVENT_ALG`].
    pub fn security_event(&self, client_id: &str, claims: &Value) -> Result<String> {
        let mut claims = claims.clone();
        claims["iss"] = json!(self.issuer());
        claims["aud"] = json!(client_id);
        let signable = Signable::for_gate("secevent+jwt", claims.to_string().into_bytes());
        self.0.keys.sign(EVENT_ALG, &signable)
    }
}
