//! How a tenant's letters look, and which have not left.

use super::{
    answer::{Done, Page, Shown, Time, With},
    call::{Call, cut},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    error::Result,
    id::MessageId,
    invitations::{self, Looks},
    outbox::{self, Unsent},
};
use schemars::JsonSchema;
use serde::Serialize;

/// A letter that has not left.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnsentLetter")]
pub(super) struct UnsentShown {
    id: MessageId,
    /// What it is about, like `invitation.mail`.
    topic: String,
    /// Since when it waits.
    since: Time,
    /// How often it was tried; counted anew from one when somebody has it tried now.
    attempts: i64,
    /// When it is tried again; null when it was given up.
    next_try: Option<Time>,
    /// When it was given up.
    given_up_at: Option<Time>,
    /// What the last try came to, without anybody's address.
    last_error: Option<String>,
}
impl From<Unsent> for UnsentShown {
    fn from(u: Unsent) -> Self {
        Self {
            id: u.id,
            topic: u.topic,
            since: u.created_at.into(),
            attempts: u.attempts,
            next_try: u.dead_at.is_none().then(|| u.not_before.into()),
            given_up_at: u.dead_at.map(Into::into),
            last_error: u.last_error,
        }
    }
}

pub(super) async fn unsent(c: Call) -> Result<Shown<Page<UnsentShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let limit = c.limit()?;
    let found = outbox::letters(&c.app.store, p.tenant(), c.cursor()?, limit + 1).await?;
    let (items, next) = cut(found, limit, |u| u.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn try_now(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    invitations::unsent::try_now(&c.app.store, &p, c.id("letter")?).await?;
    Ok(Done)
}

pub(super) async fn abandon(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    invitations::unsent::abandon(&c.app.store, &p, c.id("letter")?).await?;
    Ok(Done)
}

pub(super) async fn get(c: Call) -> Result<Shown<Looks>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    Ok(Shown::of(invitations::looks(&c.app.store, &p).await?))
}

pub(super) async fn set(c: With<Looks>) -> Result<Shown<Looks>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    Ok(Shown::of(invitations::set_looks(&c.app.store, &p, c.json()?).await?))
}
