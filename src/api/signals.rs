//! The security events that a directory's provider sends after the sign-in.

use super::{
    answer::{Done, Made, Shown, Time, With},
    call::Call,
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    directories::{self, Directory},
    error::Result,
    id::DirectoryId,
    secret::{ExposeSecret as _, Secret},
    signals::{self, Settings, Stream, Trouble},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How a directory's stream of security events is taken, and how it does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignalStream")]
pub(super) struct StreamShown {
    settings: Settings,
    /// Where the transmitter pushes (RFC 8935).
    push_url: String,
    /// For whom its events must be (`aud`).
    audience: String,
    /// Who must sign them (`iss`).
    issuer: String,
    /// Whether what is pushed must come with a secret.
    push_secret: bool,
    /// When the transmitter last tested the stream.
    verified_at: Option<Time>,
    last_at: Option<Time>,
    last_event: Option<String>,
    /// When something of it was last refused or could not be fetched, and why.
    failed_at: Option<Time>,
    failure: Option<String>,
    /// What is wrong with it now; null where nothing is, as far as can be told from here.
    trouble: Option<Trouble>,
    /// Why nothing arrives, in words.
    problem: Option<String>,
    updated_at: Time,
}

fn show(c: &Call, s: Stream, d: &Directory) -> StreamShown {
    let (trouble, problem) = s.problem(d).unzip();
    let push_url = c.url(&format!("/federation/{}/security-events", s.directory_id));
    let settings = s.settings.0;
    StreamShown {
        audience: settings.audience.clone().unwrap_or_else(|| push_url.clone()),
        issuer: settings.issuer.clone().or(d.issuer.clone()).unwrap_or_default(),
        settings,
        push_url,
        push_secret: s.push_hash.is_some(),
        verified_at: s.verified_at.map(Into::into),
        last_at: s.last_at.map(Into::into),
        last_event: s.last_event,
        failed_at: s.failed_at.map(Into::into),
        failure: s.failure,
        trouble,
        problem,
        updated_at: s.updated_at.into(),
    }
}

/// How security events are to be taken.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SetSignals", example = json!({ "session_revoked": "ignore" }))]
pub(super) struct Set {
    /// Who signs the events; left out, the directory's own issuer.
    issuer: Option<String>,
    /// For whom they are; left out, the address they are pushed to.
    audience: Option<String>,
    /// Where the signer's keys are; left out, what its description of itself says.
    jwks_uri: Option<String>,
    /// Where events are fetched, for a transmitter that does not push.
    poll: Option<String>,
    /// What they are asked for with; left out, the one there is stays.
    #[schemars(with = "Option<String>")]
    poll_token: Option<Secret>,
    #[serde(default)]
    session_revoked: signals::OnRevoked,
    #[serde(default)]
    credential_change: signals::OnCredential,
}

/// The secret of a stream.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignalSecret")]
pub(super) struct SecretMade {
    /// What the transmitter pushes with, as `Authorization: Bearer`; shown this once.
    secret: String,
}

pub(super) async fn get(c: Call) -> Result<Shown<StreamShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let id: DirectoryId = c.id("directory")?;
    let d = directories::get(&c.app.store, &p, id).await?;
    let s = signals::get(&c.app.store, &p, id).await?;
    Ok(Shown::of(show(&c, s, &d)))
}

pub(super) async fn put(c: With<Set>) -> Result<Shown<StreamShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let id: DirectoryId = c.id("directory")?;
    let b = c.json()?;
    let settings = Settings {
        issuer: b.issuer,
        audience: b.audience,
        jwks_uri: b.jwks_uri,
        poll: b.poll,
        session_revoked: b.session_revoked,
        credential_change: b.credential_change,
        set_for: None,
    };
    let (store, access) = (&c.app.store, &c.app.access);
    let token = (b.poll_token, &c.app.master);
    let (stream, directory) = signals::configure(store, access, &p, id, settings, token).await?;
    Ok(Shown::of(show(&c, stream, &directory)))
}

pub(super) async fn secret(c: Call) -> Result<Made<SecretMade>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let made =
        signals::new_push_secret(&c.app.store, &c.app.access, &p, c.id("directory")?).await?;
    Ok(Made::of(SecretMade { secret: made.expose_secret().to_owned() }))
}

pub(super) async fn delete(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    signals::drop_stream(&c.app.store, &c.app.access, &p, c.id("directory")?).await?;
    Ok(Done)
}
