//! A person's sessions.

use super::{
    answer::{Done, Page, Shown, Time},
    call::{Call, cut},
};
use crate::{
    access::perm::{UsersEdit, UsersView},
    error::Result,
    id::{SessionId, TenantId},
    sessions::{Listed, Revoked},
    users,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

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
