//! A person's sessions.

use super::{
    answer::{Done, Page, Shown, Time, With},
    call::{Call, cut},
};
use crate::{
    access::perm::{UsersEdit, UsersView},
    error::Result,
    id::{SessionId, TenantId},
    sessions::{Listed, Revoked},
    users::{self, Mine},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(super) struct SessionShown {
    id: SessionId,
    /// The tenant acted in.
    acting_in: TenantId,
    /// How well the person is proved.
    class: String,
    /// On what that was decided.
    evidence: Value,
    /// Address and user agent.
    client: Value,
    created_at: Time,
    last_seen_at: Time,
    expires_at: Time,
    ended_at: Option<Time>,
    /// Why it ended.
    ended_why: Option<String>,
    /// What its person calls it.
    name: Option<String>,
}
impl From<Listed> for SessionShown {
    fn from(s: Listed) -> Self {
        Self {
            id: s.id,
            acting_in: s.acting_tenant,
            class: s.class,
            evidence: s.evidence.0,
            client: s.client.0,
            created_at: s.created_at.into(),
            last_seen_at: s.last_seen_at.into(),
            expires_at: s.expires_at.into(),
            ended_at: s.ended_at.map(Into::into),
            ended_why: s.ended_why,
            name: s.name,
        }
    }
}

/// What ended.
#[derive(Serialize, JsonSchema)]
pub(super) struct Ended {
    sessions: usize,
    /// Families of refresh tokens.
    families: usize,
}
impl From<Revoked> for Ended {
    fn from(r: Revoked) -> Self {
        Self { sessions: r.sessions, families: r.families }
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<SessionShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let (limit, id) = (c.limit()?, c.id("user")?);
    let all = users::sessions_of(&c.app.store, &p, id, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |s| s.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn end_all(c: Call) -> Result<Shown<Ended>> {
    let p = c.tenant::<UsersEdit>().await?;
    let ended = users::end_sessions(&c.app.store, &p, c.id("user")?, None).await?;
    Ok(Shown::of(ended.into()))
}

pub(super) async fn end(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersEdit>().await?;
    users::end_sessions(&c.app.store, &p, c.id("user")?, Some(c.id("session")?)).await?;
    Ok(Done)
}

/// A session of one's own that lives.
#[derive(Serialize, JsonSchema)]
pub(super) struct OwnSession {
    id: SessionId,
    /// What you call it.
    name: Option<String>,
    /// Whether it is the one that asks.
    this: bool,
    /// The tenant acted in.
    acting_in: TenantId,
    /// How well you are proved in it.
    class: String,
    /// Address and user agent.
    client: Value,
    created_at: Time,
    last_seen_at: Time,
    expires_at: Time,
}

pub(super) async fn mine(c: Call) -> Result<Shown<Page<OwnSession>>> {
    let own = c.app.access.own(c.actor())?;
    own.at_home()?;
    let ((home, user), this) = (own.who(), own.session());
    let all = c.app.gate.signed_in(home, user).await?.into_iter().map(|s| OwnSession {
        id: s.id,
        name: s.name,
        this: Some(s.id) == this,
        acting_in: s.acting_tenant,
        class: s.class,
        client: s.client.0,
        created_at: s.created_at.into(),
        last_seen_at: s.last_seen_at.into(),
        expires_at: s.expires_at.into(),
    });
    Ok(Shown::page(all, None))
}

/// What a session is called.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NameSession", example = json!({ "name": "Work laptop" }))]
pub(super) struct Name {
    /// For people only, up to 60 characters; null takes it away.
    #[schemars(required)]
    name: Option<String>,
}

pub(super) async fn name(c: With<Name>) -> Result<Done> {
    let own = c.app.access.own(c.actor())?;
    let (id, body) = (c.id("session")?, c.json()?);
    users::name_session(&c.app.store, &own, id, body.name.as_deref()).await?;
    Ok(Done)
}

pub(super) async fn end_mine(c: Call) -> Result<Done> {
    let own = c.app.access.own(c.actor())?;
    users::end_own(&c.app.store, &own, Mine::One(c.id("session")?)).await?;
    Ok(Done)
}

pub(super) async fn end_all_mine(c: Call) -> Result<Shown<Ended>> {
    let own = c.app.access.own(c.actor())?;
    let this = c.read("this")?.unwrap_or(false);
    let which = own.session().filter(|_| !this).map_or(Mine::All, Mine::Others);
    Ok(Shown::of(users::end_own(&c.app.store, &own, which).await?.into()))
}
