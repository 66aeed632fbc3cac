//! Passkeys: made and shown in a browser, with the person verified by their device. Such a proof cannot be phished, as the
//! browser signs where it is; so the class of whoever comes by one is `phr`.
//!
//! They are discoverable: whoever shows one has not said who they are. What an authenticator counts must grow; where it
//! does not, there may be two of it, which is refused and written down as an alarm; that passkey is taken no more.

mod db;
mod rely;

use super::{
    Bound, Credentials,
    factors::{self, Factor},
    local,
    notice::{self, What},
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    crypto,
    error::{Error, Result},
    id::{CeremonyId, PasskeyId, TenantId, UserId},
    row,
    store::{Conn, Cx, J, Lock, Scope, Tx},
    tx, users,
};
pub(super) use db::{delete, delete_all, list};
pub(super) use rely::Rely;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, WebauthnError,
};

/// So many does a person have at most.
const MOST: usize = 20;
/// The longest name, characters.
const NAME: usize = 60;

/// A question for a browser.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// What the answer names.
    pub ceremony: CeremonyId,
    /// `publicKey` of `navigator.credentials.create` or `get`.
    pub options: Value,
}

/// A passkey that a browser made and that is not stored yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewPasskey {
    credential: String,
    name: String,
    aaguid: Option<String>,
    passkey: Value,
}

impl NewPasskey {
    /// What its owner calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

row! {
    /// A passkey in a list.
    #[derive(Debug, Clone)]
    pub struct OwnPasskey {
        /// Its id.
        pub id: PasskeyId,
        /// What the authenticator calls it.
        pub credential_id: String,
        /// What its owner calls it.
        pub name: String,
        /// What kind of authenticator it says it is.
        pub aaguid: Option<String>,
        /// Since when.
        pub created_at: Timestamp,
        /// When it last opened a session.
        pub last_used_at: Option<Timestamp>,
        /// Since when there may be two of it: it is not taken any more.
        pub suspect_at: Option<Timestamp>,
    }
}

row! {
    /// What a shown passkey is held against.
    #[derive(Debug, Clone)]
    pub struct KeptPasskey {
        pub tenant_id: TenantId,
        pub id: PasskeyId,
        pub user_id: UserId,
        pub passkey: J<Value>,
        pub suspect_at: Option<Timestamp>,
    }
}

/// A passkey that was shown and is its owner's. It is worth something while it is not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The passkey.
    pub passkey: PasskeyId,
}

/// What showing a passkey came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is its owner's.
    Right(Used),
    /// The question was answered before, is over, or was asked elsewhere.
    Over,
    /// It is nobody's here: removed, or never was.
    Unknown,
    /// The answer does not hold.
    Wrong {
        /// The owner's tenant.
        home: TenantId,
        /// The owner.
        user: UserId,
    },
    /// The authenticator has counted backwards: there may be two of it.
    Cloned {
        /// The owner's tenant.
        home: TenantId,
        /// The owner.
        user: UserId,
    },
    /// There were too many that did not hold.
    Wait {
        /// The owner's tenant.
        home: TenantId,
        /// The owner.
        user: UserId,
        /// For so long.
        seconds: u32,
    },
    /// It is, but they are switched off.
    Off {
        /// The owner's tenant.
        home: TenantId,
        /// The owner.
        user: UserId,
    },
}

fn key(credential: &[u8]) -> String {
    crypto::b64(credential)
}

fn text(v: &impl Serialize) -> Result<Value> {
    serde_json::to_value(v).map_err(Error::internal)
}

/// What its owner calls it: what they typed, shortened, or a word for it.
fn named(name: &str) -> String {
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    if name.is_empty() { "Passkey".to_owned() } else { name }
}

impl Credentials {
    /// Whether browsers can have passkeys of this instance: they want a name, not an address, and https (or this machine).
    pub fn passkeys(&self) -> bool {
        self.0.rely.is_some()
    }
    fn rely(&self) -> Result<&Rely> {
        self.0.rely.as_ref().ok_or_else(|| {
            Error::invalid(
                "there are no passkeys here: the public URL is not https, or has no name",
            )
        })
    }

    /// Asks a browser to make a passkey for somebody, who may only just be coming in.
    ///
    /// # Errors
    /// [`crate::error::Kind::Conflict`] for who has very many; the database's.
    pub async fn ask_for_new(
        &self,
        cx: &Cx,
        bound: &Bound,
        (t, user): (TenantId, UserId),
        name: &str,
        label: &str,
    ) -> Result<Asked> {
        let mut c = self.0.store.read(Scope::Tenant(t)).await?;
        let have = db::list(&mut c, t, user).await?;
        drop(c);
        if have.len() >= MOST {
            return Err(too_many());
        }
        let have = have.iter().filter_map(|p| crypto::unb64(&p.credential_id)).collect();
        let (options, state) = self.rely()?.register(user, name, label, have)?;
        let ceremony = self.ceremony(cx, bound, &state).await?;
        Ok(Asked { ceremony, options })
    }

    /// What the browser made. Nothing is stored yet but that the question was answered.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for an answer that does not hold, or to no question of ours.
    pub async fn made(
        &self,
        cx: &Cx,
        bound: &Bound,
        ceremony: CeremonyId,
        answer: &str,
        name: &str,
    ) -> Result<NewPasskey> {
        let bad = |why: &str| {
            Error::invalid(format!("the passkey was not made: {why}; try again")).attr("credential")
        };
        let state: Option<PasskeyRegistration> = self.answered(cx, bound, ceremony).await?;
        let state = state.ok_or_else(|| bad("it took too long, or began elsewhere"))?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| bad("the browser's answer cannot be read"))?;
        let passkey = self
            .rely()?
            .registered(&answer, &state)
            .map_err(|e| bad("the browser's answer does not hold").operator(format!("{e:?}")))?;
        Ok(NewPasskey {
            credential: key(passkey.cred_id()),
            name: named(name),
            aaguid: rely::aaguid(&answer.response.attestation_object),
            passkey: text(&passkey)?,
        })
    }

    /// Asks a browser for a passkey, whosever.
    ///
    /// # Errors
    /// The database's.
    pub async fn ask_for_any(&self, cx: &Cx, bound: &Bound) -> Result<Asked> {
        let (options, state) = self.rely()?.authenticate()?;
        let ceremony = self.ceremony(cx, bound, &state).await?;
        Ok(Asked { ceremony, options })
    }

    /// Holds a shown passkey against what is kept of it. `cx` sees the whole platform.
    ///
    /// # Errors
    /// The database's.
    pub async fn verify_passkey(
        &self,
        cx: &Cx,
        bound: &Bound,
        ceremony: CeremonyId,
        answer: &str,
    ) -> Result<Shown> {
        let rely = self.rely()?.clone();
        let state: Option<DiscoverableAuthentication> = self.answered(cx, bound, ceremony).await?;
        let Some(state) = state else { return Ok(Shown::Over) };
        let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else {
            return Ok(Shown::Unknown);
        };
        let Some((handle, credential)) = rely.whose(&answer) else { return Ok(Shown::Unknown) };
        // platform: whoever shows it has not said who they are.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let found = db::shown(&mut c, &key(&credential)).await?;
        drop(c);
        let Some(found) = found.filter(|f| f.user_id == handle) else { return Ok(Shown::Unknown) };
        let (home, user, id) = (found.tenant_id, found.user_id, found.id);
        let settings = self.0.settings.clone();
        tx!(self.0.store, &cx.clone().urgent(), [rely, state, answer, settings], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(user)).await?;
            let Some(kept) = db::find(tx, home, id).await? else { return Ok(Shown::Unknown) };
            if kept.suspect_at.is_some() {
                return Ok(Shown::Cloned { home, user });
            }
            let who = (home, user);
            let before = match factors::waits(tx, who, Factor::Passkey).await? {
                Ok(before) => before,
                Err(seconds) => return Ok(Shown::Wait { home, user, seconds }),
            };
            let mut passkey: Passkey =
                serde_json::from_value(kept.passkey.0).map_err(Error::internal)?;
            let key = DiscoverableKey::from(&passkey);
            let judged = match rely.authenticated(&answer, state, &key) {
                Ok(judged) => judged,
                Err(WebauthnError::CredentialPossibleCompromise) => {
                    db::suspect(tx, home, id).await?;
                    let event = Event::new("passkey.cloned").target("user", user);
                    let detail = json!({ "passkey": id, "alarm": true });
                    audit::record(tx, home, event.detail(detail)).await?;
                    notice::tell(tx, home, user, What::PasskeyCloned).await?;
                    return Ok(Shown::Cloned { home, user });
                }
                Err(e) => {
                    tracing::info!(error = ?e, "a passkey's answer does not hold");
                    factors::missed(tx, who, Factor::Passkey, before, &settings).await?;
                    return Ok(Shown::Wrong { home, user });
                }
            };
            passkey.update_credential(&judged);
            db::used(tx, home, id, &text(&passkey)?).await?;
            factors::forget(tx, who, Factor::Passkey).await?;
            let found = users::find(tx, home, user).await?;
            if !found.is_some_and(|u| u.live() && local(&u).is_ok()) {
                return Ok(Shown::Off { home, user });
            }
            Ok(Shown::Right(Used { home, user, passkey: id }))
        })
    }
}

fn too_many() -> Error {
    Error::conflict(format!("nobody has more than {MOST} passkeys; remove one first"))
}

/// Whether a passkey that was shown is still its owner's.
pub(super) async fn stands(c: &mut Conn, used: &Used) -> Result<bool> {
    let kept = db::find(c, used.home, used.passkey).await?;
    Ok(kept.is_some_and(|k| k.user_id == used.user && k.suspect_at.is_none()))
}

/// Stores a passkey that was made.
///
/// # Errors
/// [`crate::error::Kind::Conflict`] for one that is somebody's already.
pub(super) async fn keep(tx: &mut Tx, t: TenantId, user: UserId, new: &NewPasskey) -> Result<()> {
    if db::list(tx, t, user).await?.len() >= MOST {
        return Err(too_many());
    }
    let id = db::insert(tx, t, user, new).await.map_err(|e| match e.kind() {
        crate::error::Kind::Conflict => Error::conflict("this passkey is somebody's already"),
        _ => e,
    })?;
    let event = Event::new("passkey.add").target("user", user);
    let detail = json!({ "passkey": id, "aaguid": new.aaguid });
    audit::record(tx, t, event.detail(detail)).await
}
