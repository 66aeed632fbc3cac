//! The server as its administrators see it, and whether its letters arrive.

use super::{
    answer::{Shown, Time, With},
    call::Call,
};
use crate::{
    access::perm::{Permission as _, SystemManageIntegrations, SystemViewSettings, UsersView},
    checks::{
        self, Status,
        home::{Checklist, Sees},
    },
    error::{Error, Result},
    text, users,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The server; nothing of it is secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "System")]
pub(super) struct SystemShown {
    /// What the service is called.
    brand: String,
    /// How the world reaches it; the issuer of all tokens.
    public_url: String,
    version: &'static str,
    /// `sqlite` or `postgres`.
    database: &'static str,
    mail: MailShown,
    limits: LimitsShown,
    /// Since when the process that answers is up.
    started_at: Time,
    /// The same in seconds.
    uptime_seconds: u64,
}

/// Whether letters leave.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SystemMail")]
pub(super) struct MailShown {
    /// Whether a mail server is set.
    configured: bool,
    /// The sender; null where none is.
    from: Option<String>,
}

/// The limits in force.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SystemLimits")]
pub(super) struct LimitsShown {
    /// Of a request body, in bytes.
    body_bytes: usize,
    /// The same on SCIM paths.
    scim_body_bytes: usize,
    /// Connections at once.
    connections: usize,
    /// Guesses by one address within a minute.
    tries_per_minute: u32,
    /// Sign-ins begun by one address within a minute.
    signins_per_minute: u32,
    /// Letters about invitations for one tenant within a day; 0: without a limit.
    letters_per_tenant: u32,
    /// The same by one person.
    letters_per_inviter: u32,
    /// How long a session lasts without use.
    session_idle_seconds: u64,
    /// How long in all.
    session_max_seconds: u64,
    /// How long refresh tokens last without use.
    refresh_idle_seconds: u64,
    /// How long in all.
    refresh_max_seconds: u64,
    /// How long an invitation can be accepted.
    invitation_seconds: u64,
    /// How long a role can be had at a time that was asked for.
    elevation_longest_seconds: u64,
    /// How long the records of sign-ins are kept; 0: for ever.
    signins_kept_seconds: u64,
}

pub(super) async fn show(c: Call) -> Result<Shown<SystemShown>> {
    c.global().await?;
    let (app, config) = (&c.app, &c.app.config);
    let (limits, sends) = (&config.limits, app.mailer.sends());
    Ok(Shown::of(SystemShown {
        brand: config.brand.name.clone(),
        public_url: config.issuer().to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        database: if app.store.is_postgres() { "postgres" } else { "sqlite" },
        mail: MailShown { configured: sends, from: sends.then(|| config.mail.from.clone()) },
        limits: LimitsShown {
            body_bytes: limits.body.0,
            scim_body_bytes: limits.scim_body.0,
            connections: limits.connections,
            tries_per_minute: limits.tries_per_minute,
            signins_per_minute: limits.signins_per_minute,
            letters_per_tenant: limits.letters_per_tenant,
            letters_per_inviter: limits.letters_per_inviter,
            session_idle_seconds: config.sessions.idle.as_secs(),
            session_max_seconds: config.sessions.max.as_secs(),
            refresh_idle_seconds: config.tokens.refresh_idle.as_secs(),
            refresh_max_seconds: config.tokens.refresh_max.as_secs(),
            invitation_seconds: config.signin.invitation.as_secs(),
            elevation_longest_seconds: config.elevation.longest.as_secs(),
            signins_kept_seconds: config.signin.remember.as_secs(),
        },
        started_at: app.started.into(),
        uptime_seconds: app.store.clock().now().since(app.started).as_secs(),
    }))
}

/// How far a tenant is set up, and what waits there.
pub(super) async fn checklist(c: Call) -> Result<Shown<Checklist>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    // Numbers prove nothing and change nothing: what is held is enough, whatever a policy demands of who goes there.
    let sees = Sees {
        people: p.held().allows(UsersView::ID),
        integrations: p.held().allows(SystemManageIntegrations::ID),
    };
    Ok(Shown::of(checks::home::checklist(&c.app, &p, sees).await?))
}

/// Where the letter goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TestMail", example = json!({ "to": "you@example.com" }))]
pub(super) struct TestMail {
    /// An address; your own where none is given.
    to: Option<String>,
}

/// What became of the letter.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TestMailSent")]
pub(super) struct Sent {
    /// Where it went.
    to: String,
    /// Whether the mail server took it.
    accepted: bool,
    /// What was answered.
    answer: String,
    /// What to do about it; null where there is nothing to do.
    next: Option<String>,
}

/// The caller's own address.
async fn own_address(c: &Call) -> Result<String> {
    let missing = || Error::invalid("'to' is missing: you have no address of your own").attr("to");
    let (home, user) = c.actor().user().ok_or_else(missing)?;
    let p = c.require::<UsersView>(home).await?;
    users::view(&c.app.store, &p, user).await?.email.ok_or_else(missing)
}

pub(super) async fn test_mail(c: With<TestMail>) -> Result<Shown<Sent>> {
    let permit = c.global().await?;
    let to = match c.json()?.to {
        Some(to) => text::address("to", &to)?,
        None => own_address(&c).await?,
    };
    let found = checks::test_mail(&c.app, &permit, &to).await;
    let accepted = found.status == Status::Ok;
    Ok(Shown::of(Sent { to, accepted, answer: found.what, next: found.mend }))
}
