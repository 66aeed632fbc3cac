//! The stream of security events of one directory: who signs them, for whom they are, what is done about them, and how
//! it does.

use super::{Reactions, db};
use crate::{
    access::{
        Access, Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::{
        seal::MasterKey,
        token::{self, Kind},
    },
    directories::{self, Directory},
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    row,
    secret::{ExposeSecret as _, Secret},
    store::{Cx, J, Scope, Store},
    text, tx,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// What is done when a session was revoked at the provider.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OnRevoked {
    /// The person's sessions through the directory end.
    #[default]
    End,
    /// Nothing: some providers send it with every ordinary logout.
    Ignore,
}

/// What is done when a password or a factor was changed at the provider.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OnCredential {
    /// What was proved counts as one factor; whoever needs more proves it anew.
    #[default]
    Fresh,
    /// The person's sessions through the directory end.
    End,
    /// Nothing.
    Ignore,
}

/// What is wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SignalTrouble")]
pub enum Trouble {
    /// Nothing is taken.
    Paused,
    /// What came last was refused, or could not be fetched.
    Failing,
    /// Nothing has come yet.
    Silent,
}

/// How a stream is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignalSettings")]
pub struct Settings {
    /// Who signs the events (`iss`); left out, the directory's own issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// For whom they are (`aud`), as the transmitter was told; left out, the address they are pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where the signer's keys are; left out, what its own description of the stream says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where events are fetched (RFC 8936), for a transmitter that does not push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<String>,
    /// About a revoked session.
    #[serde(default)]
    pub session_revoked: OnRevoked,
    /// About a changed password or factor.
    #[serde(default)]
    pub credential_change: OnCredential,
    /// The directory's issuer when this was set: with another one it must be set anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_for: Option<String>,
}

row! {
    /// A stream as it stands.
    #[derive(Debug, Clone)]
    pub struct Stream {
        /// Its directory.
        pub directory_id: DirectoryId,
        /// How it is taken.
        pub settings: J<Settings>,
        /// What is pushed must come with the secret of this hash.
        pub push_hash: Option<String>,
        /// What is polled is asked for with this; sealed.
        pub poll_token: Option<String>,
        /// When the transmitter last tested it.
        pub verified_at: Option<Timestamp>,
        /// When the last event came.
        pub last_at: Option<Timestamp>,
        /// Its type.
        pub last_event: Option<String>,
        /// When something of it was last refused, or could not be fetched.
        pub failed_at: Option<Timestamp>,
        /// Why.
        pub failure: Option<String>,
        /// When its settings were last changed.
        pub updated_at: Timestamp,
    }
}

impl Stream {
    /// What is done about events that leave a choice.
    pub fn reactions(&self) -> Reactions {
        let s = &self.settings.0;
        Reactions { revoked: s.session_revoked, credential: s.credential_change }
    }
    /// Whether what is pushed with this bearer token, or none, comes from who may push.
    pub fn opens(&self, bearer: Option<&str>) -> bool {
        let Some(hash) = &self.push_hash else { return true };
        let shown = bearer.and_then(|b| token::hash(Kind::Signals, b));
        shown.is_some_and(|s| crate::crypto::ct_eq(&s, hash))
    }
    /// Whether it was set for the provider that the directory has.
    pub fn is_for(&self, issuer: &str) -> bool {
        self.settings.0.set_for.as_deref() == Some(issuer)
    }
    /// Why nothing of it is taken, or did not come, as far as can be told from here: of the directory as it is.
    pub fn problem(&self, d: &Directory) -> Option<(Trouble, String)> {
        let settings = &self.settings.0;
        let paused = |why: &str| Some((Trouble::Paused, why.to_owned()));
        if d.status != directories::Status::Active {
            return paused("the directory is switched off: nothing of its provider's is taken");
        }
        let Some(issuer) = &d.issuer else {
            return paused(
                "the directory has no sign-in half: it has no provider whose word counts",
            );
        };
        if !self.is_for(issuer) {
            let text = format!(
                "this was set when the directory's issuer was {}: nothing is taken until it is set anew for {issuer}",
                settings.set_for.as_deref().unwrap_or("another")
            );
            return Some((Trouble::Paused, text));
        }
        match (self.failed_at, self.last_at) {
            (Some(failed), last) if last.is_none_or(|last| last < failed) => {
                let why = self.failure.as_deref().unwrap_or("the reason was not kept");
                let text = format!("what came last was not taken, or could not be fetched: {why}");
                Some((Trouble::Failing, text))
            }
            (_, None) => {
                let text = match &settings.poll {
                    Some(at) => format!("{at} is asked every few seconds, and has said nothing yet"),
                    None => "nothing has come yet: does the transmitter know the address (push_url), for whom its events are \
                             (audience), and the secret if there is one? Have it send a verification event"
                        .to_owned(),
                };
                Some((Trouble::Silent, text))
            }
            _ => None,
        }
    }
    /// Whether what was refused is written down: not more often than once a minute.
    pub fn may_note(&self, now: Timestamp) -> bool {
        self.failed_at.is_none_or(|at| now > at.plus(Duration::from_secs(60)))
    }
    /// What is polled is asked for with this.
    ///
    /// # Errors
    /// `Internal` when it was sealed with another master key.
    pub fn open_poll_token(&self, master: &MasterKey) -> Result<Option<Secret>> {
        let open = |sealed: &String| {
            let plain = master.open(&aad(self.directory_id), sealed)?;
            Ok(Secret::from(String::from_utf8(plain).map_err(Error::internal)?))
        };
        self.poll_token.as_ref().map(open).transpose()
    }
}

fn aad(d: DirectoryId) -> String {
    format!("directory:{d}:poll_token")
}

fn checked(s: &Settings) -> Result<()> {
    for (name, url) in [("issuer", &s.issuer), ("jwks_uri", &s.jwks_uri), ("poll", &s.poll)] {
        let Some(url) = url else { continue };
        let good = url::Url::parse(text::key(name, url)?)
            .is_ok_and(|u| u.has_host() && matches!(u.scheme(), "https" | "http"));
        if !good {
            let detail = format!("'{}' is not an address (https)", text::excerpt(url));
            return Err(Error::invalid(detail).attr(name));
        }
    }
    if let Some(a) = &s.audience {
        text::key("audience", a)?;
    }
    Ok(())
}

fn none(d: DirectoryId) -> Error {
    Error::not_found(format!("a stream of security events of the directory {d}"))
}

/// The stream of a directory, for whoever administers it.
///
/// # Errors
/// `NotFound`, also for a directory that has none.
pub async fn get(store: &Store, p: &Permit<SystemViewSettings>, d: DirectoryId) -> Result<Stream> {
    stream(store, p.tenant(), d).await?.ok_or_else(|| none(d))
}

/// The stream of a directory, if it has one.
///
/// # Errors
/// The database's.
pub async fn stream(store: &Store, t: TenantId, d: DirectoryId) -> Result<Option<Stream>> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::get(&mut c, t, d).await
}

/// Sets how a directory's stream is taken; a poll token that is not given stays. With it, the issuer of the directory.
///
/// # Errors
/// `NotFound` for the directory; `Invalid`, naming the setting; `Forbidden` for who does not hold what the directory's people
/// have: who says whose events count can end what those have.
pub async fn configure(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    d: DirectoryId,
    settings: Settings,
    (poll_token, master): (Option<Secret>, &MasterKey),
) -> Result<(Stream, Directory)> {
    checked(&settings)?;
    let t = p.tenant();
    let seal = |s: Secret| master.seal(&aad(d), s.expose_secret().as_bytes());
    let sealed = poll_token.map(seal).transpose()?;
    let entrusted = access.entrusted(p.actor(), (t, d), None).await?;
    tx!(store, &p.cx(), [settings, sealed, access, entrusted], |tx| {
        let directory = directories::find(tx, t, d).await?;
        let directory = directory.ok_or_else(|| Error::not_found(format!("directory {d}")))?;
        entrusted.check(&access, tx).await?;
        let settings = Settings { set_for: directory.issuer.clone(), ..settings.clone() };
        let was = db::get(tx, t, d).await?;
        // A token is for the place it was given for.
        let same = was.as_ref().is_some_and(|w| w.settings.0.poll == settings.poll);
        let kept = was.and_then(|w| w.poll_token).filter(|_| same);
        let token = sealed.or(kept).filter(|_| settings.poll.is_some());
        if settings.poll.is_some() && token.is_none() {
            let text =
                "events that are fetched are asked for with a token: 'poll_token' is missing";
            return Err(Error::invalid(text).attr("poll_token"));
        }
        db::put(tx, t, d, J(settings.clone()), token.as_deref()).await?;
        let event = Event::new("signals.configure").target("directory", d);
        audit::record(tx, t, event.detail(json!(settings))).await?;
        let stream = db::get(tx, t, d).await?.ok_or_else(|| none(d))?;
        Ok((stream, directory))
    })
}

/// Makes the secret with which events must be pushed from now on; the one before ends.
///
/// # Errors
/// `NotFound`; `Forbidden` as of [`configure`]: whoever takes the secret from the provider stops what it tells.
pub async fn new_push_secret(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    d: DirectoryId,
) -> Result<Secret> {
    let t = p.tenant();
    let entrusted = access.entrusted(p.actor(), (t, d), None).await?;
    let (secret, hash) = token::generate(Kind::Signals);
    tx!(store, &p.cx(), [hash, access, entrusted], |tx| {
        entrusted.check(&access, tx).await?;
        if db::set_push(tx, t, d, Some(&hash)).await? == 0 {
            return Err(none(d));
        }
        audit::record(tx, t, Event::new("signals.new_secret").target("directory", d)).await
    })?;
    Ok(secret)
}

/// Takes no more events of a directory.
///
/// # Errors
/// `NotFound`; `Forbidden` as of [`configure`].
pub async fn drop_stream(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    d: DirectoryId,
) -> Result<()> {
    let t = p.tenant();
    let entrusted = access.entrusted(p.actor(), (t, d), None).await?;
    tx!(store, &p.cx(), [access, entrusted], |tx| {
        entrusted.check(&access, tx).await?;
        if db::delete(tx, t, d).await? == 0 {
            return Err(none(d));
        }
        audit::record(tx, t, Event::new("signals.drop").target("directory", d)).await
    })
}

/// Notes that something of a stream was refused or could not be fetched.
///
/// # Errors
/// The database's.
pub async fn failed(store: &Store, cx: &Cx, t: TenantId, d: DirectoryId, why: &str) -> Result<()> {
    let why: String = why.chars().take(500).collect();
    tx!(store, cx, [why], |tx| {
        tx.unaudited("how a stream does");
        db::failed(tx, t, d, &why).await.map(drop)
    })
}

/// The streams that are polled.
///
/// # Errors
/// The database's.
pub async fn polled(store: &Store) -> Result<Vec<(TenantId, DirectoryId)>> {
    let mut c = store.read(Scope::Platform).await?;
    let found = db::polled(&mut c).await?;
    Ok(found.into_iter().map(|p| (p.tenant_id, p.directory_id)).collect())
}
