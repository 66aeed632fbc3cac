//! The relying party: what browsers are asked, and what their answers are held against. Origin and name come from the
//! public URL and from nowhere else.

use crate::{
    error::{Error, Result},
    id::UserId,
};
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, Passkey,
        PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, WebauthnError,
        WebauthnResult,
    },
};

#[derive(Clone)]
pub(in crate::credentials) struct Rely(Arc<Webauthn>);

/// `publicKey` of what is asked.
fn public_key(asked: &impl serde::Serialize) -> Result<Value> {
    let mut asked = serde_json::to_value(asked).map_err(Error::internal)?;
    Ok(asked["publicKey"].take())
}

impl Rely {
    /// `None` where browsers have no passkeys: at an address instead of a name, or without https anywhere but on this
    /// machine.
    pub fn new(public_url: &str, brand: &str) -> Option<Self> {
        let url = Url::parse(public_url).ok()?;
        let host = url.domain()?;
        if url.scheme() != "https" && host != "localhost" {
            return None;
        }
        let built = WebauthnBuilder::new(host, &url).and_then(|b| b.rp_name(brand).build());
        match built {
            Ok(built) => Some(Self(Arc::new(built))),
            Err(e) => {
                tracing::warn!(error = ?e, "no passkeys with this public URL");
                None
            }
        }
    }

    /// A new passkey, kept on the authenticator with whom it is for, so that it can be found there without a name.
    pub fn register(
        &self,
        user: UserId,
        name: &str,
        label: &str,
        have: Vec<Vec<u8>>,
    ) -> Result<(Value, PasskeyRegistration)> {
        let (asked, state) = self
            .0
            .start_passkey_registration(user.0, name, label, Some(have))
            .map_err(|e| Error::internal(format!("{e:?}")))?;
        let mut options = public_key(&asked)?;
        options["authenticatorSelection"]["residentKey"] = json!("required");
        options["authenticatorSelection"]["requireResidentKey"] = json!(true);
        Ok((options, state))
    }

    pub fn registered(
        &self,
        answer: &RegisterPublicKeyCredential,
        state: &PasskeyRegistration,
    ) -> WebauthnResult<Passkey> {
        self.0.finish_passkey_registration(answer, state)
    }

    pub fn authenticate(&self) -> Result<(Value, DiscoverableAuthentication)> {
        let asked = self.0.start_discoverable_authentication();
        let (asked, state) = asked.map_err(|e| Error::internal(format!("{e:?}")))?;
        Ok((public_key(&asked)?, state))
    }

    /// Whose it says it is, and which.
    pub fn whose(&self, answer: &PublicKeyCredential) -> Option<(UserId, Vec<u8>)> {
        let (user, credential) = self.0.identify_discoverable_authentication(answer).ok()?;
        Some((UserId(user), credential.to_vec()))
    }

    pub fn authenticated(
        &self,
        answer: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        key: &DiscoverableKey,
    ) -> WebauthnResult<AuthenticationResult> {
        // A page of ours asks only in its own window, never in a frame of somebody else's.
        let client: Value = serde_json::from_slice(&answer.response.client_data_json)
            .map_err(WebauthnError::ParseJSONFailure)?;
        if client["crossOrigin"] == true {
            return Err(WebauthnError::CredentialCrossOrigin);
        }
        self.0.finish_discoverable_authentication_v2(answer, state, key)
    }
}

/// The AAGUID that the authenticator says of itself, for the owner's list: nothing is decided by it. In the attestation
/// object it stands behind hash, flags and counter of `authData`.
pub(super) fn aaguid(attestation: &[u8]) -> Option<String> {
    // A CBOR text of eight letters, then a byte string with a length of one or two bytes.
    const NAME: &[u8] = b"\x68authData";
    let at = attestation.windows(NAME.len()).position(|w| w == NAME)? + NAME.len();
    let head = match attestation.get(at)? {
        0x58 => 2,
        0x59 => 3,
        _ => return None,
    };
    let bytes = attestation.get(at + head + 37..at + head + 53)?;
    let id = uuid::Uuid::from_slice(bytes).ok()?;
    (!id.is_nil()).then(|| id.hyphenated().to_string())
}
