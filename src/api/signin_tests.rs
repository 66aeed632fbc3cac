//! The life of a directory's sign-in half: trying it, offering it, and how it is.

use super::{
    answer::{Made, Page, Shown, Time},
    call::Call,
    directories::{DirectoryShown, show as shown},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    checks,
    directories::{self, Edit, Stage, TrialRow},
    error::{Error, Result},
    id::{DirectoryId, TrialId},
    provisioning,
    secret::ExposeSecret as _,
    signins::{self, Attempt, Reason},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A test login.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignInTest")]
pub(super) struct TestShown {
    id: TrialId,
    directory: DirectoryId,
    /// As in the audit trail.
    asked_by: String,
    /// Of which settings.
    generation: i64,
    /// Whether these are the settings of now.
    current: bool,
    created_at: Time,
    /// Until when the link is good.
    expires_at: Time,
    opened_at: Option<Time>,
    ended_at: Option<Time>,
    passed: bool,
    /// What was found: the names of the claims, the class and the rule, what is missing; or the reason, and what to do.
    result: Value,
}

fn show(t: &TrialRow, generation: i64) -> TestShown {
    TestShown {
        id: t.id,
        directory: t.directory_id,
        asked_by: t.asked_by.clone(),
        generation: t.generation,
        current: t.generation == generation,
        created_at: t.created_at.into(),
        expires_at: t.expires_at.into(),
        opened_at: t.opened_at.map(Into::into),
        ended_at: t.ended_at.map(Into::into),
        passed: t.passed,
        result: t.result.0.clone(),
    }
}

/// A new test login.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignInTestMade")]
pub(super) struct TestMade {
    #[serde(flatten)]
    shown: TestShown,
    /// To be opened in a browser, once; shown this once.
    link: String,
}

pub(super) async fn ask(c: Call) -> Result<Made<TestMade>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (row, token) = directories::trial_ask(&c.app.store, &p, c.id("directory")?).await?;
    let link = c.url(&format!("/federation/test/{}", token.expose_secret()));
    Ok(Made::of(TestMade { shown: show(&row, row.generation), link }))
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<TestShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let id = c.id("directory")?;
    let d = directories::get(&c.app.store, &p, id).await?;
    let all = directories::trials(&c.app.store, &p, id).await?;
    Ok(Shown::page(all.iter().map(|t| show(t, d.generation)), None))
}

pub(super) async fn activate(c: Call) -> Result<Shown<DirectoryShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (store, id) = (&c.app.store, c.id("directory")?);
    let (access, master, edit) = (&c.app.access, &c.app.master, Edit::stage(Stage::Active));
    let d = provisioning::edit(store, access, &p, id, None, edit, master).await?.directory;
    Ok(Shown::of(shown(&c, &d)).version(d.version))
}

/// A sign-in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastSignIn")]
struct LastShown {
    at: Time,
    /// The record's.
    reference: String,
    /// Why not.
    reason: Option<String>,
    /// What to do about it.
    next: Option<&'static str>,
}

fn last(a: Attempt) -> LastShown {
    let next = a.why().map(Reason::next);
    LastShown { at: a.at.into(), reference: a.reference, reason: a.reason, next }
}

/// The provider's keys, as sign-ins use them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderKeys")]
struct KeysShown {
    number: usize,
    /// When they were read.
    read_at: Time,
    /// How many seconds ago that is.
    age_seconds: u64,
}

/// How a sign-in half is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignInHealth")]
pub(super) struct HealthShown {
    stage: Stage,
    generation: i64,
    issuer: String,
    /// Whether the provider answered now.
    reachable: bool,
    /// Why it did not.
    why_not: Option<String>,
    /// When this server last asked it, now or for a sign-in.
    asked_at: Option<Time>,
    /// When it last answered as it should.
    answered_at: Option<Time>,
    /// How many keys it publishes now.
    published_keys: Option<usize>,
    /// What sign-ins are verified with; null as long as nobody signed in since this server started.
    keys: Option<KeysShown>,
    /// How many seconds the provider's clock is ahead of ours (behind: below 0); null where it does not say.
    clock_ahead_seconds: Option<i64>,
    /// That the two clocks differ by more than is good, and what comes of it; null where they do not.
    clock_warning: Option<String>,
    last_success: Option<LastShown>,
    last_failure: Option<LastShown>,
    client_secret_expires_at: Option<Time>,
    last_test: Option<TestShown>,
}

pub(super) async fn health(c: Call) -> Result<Shown<HealthShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let (app, id) = (&c.app, c.id("directory")?);
    let d = directories::get(&app.store, &p, id).await?;
    let none = || Error::not_found("a sign-in half of this directory");
    let issuer = d.issuer.clone().ok_or_else(none)?;
    let asked = checks::provider(app, d.preset.0, &issuer).await;
    let tests = directories::trials(&app.store, &p, id).await?;
    let (good, bad) = signins::last(&app.store, &p, id).await?;
    let (heard, now) = (app.keyring.how(&issuer), app.store.clock().now());
    let keys = app.keyring.get(&issuer).map(|k| KeysShown {
        number: k.keys.len(),
        read_at: k.at.into(),
        age_seconds: now.since(k.at).as_secs(),
    });
    let known = asked.as_ref().ok();
    Ok(Shown::of(HealthShown {
        stage: d.stage,
        generation: d.generation,
        reachable: known.is_some(),
        published_keys: known.map(|a| a.keys),
        clock_ahead_seconds: known.and_then(|a| a.ahead),
        clock_warning: known.and_then(checks::Asked::skewed),
        why_not: heard.why_not,
        asked_at: heard.asked_at.map(Into::into),
        answered_at: heard.answered_at.map(Into::into),
        keys,
        issuer,
        last_success: good.map(last),
        last_failure: bad.map(last),
        client_secret_expires_at: d.secret_expires_at.map(Into::into),
        last_test: tests.first().map(|t| show(t, d.generation)),
    }))
}
