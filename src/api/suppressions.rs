//! Addresses that letters come back from.

use super::{
    answer::{Done, Page, Shown, Time},
    call::{Call, cut},
};
use crate::{
    access::perm::{UsersEdit, UsersView},
    error::Result,
    id::{InvitationId, SuppressionId},
    invitations::{self, Suppressed},
};
use schemars::JsonSchema;
use serde::Serialize;

/// An address to which no letter about an invitation is written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Suppression")]
pub(super) struct SuppressionShown {
    id: SuppressionId,
    email: String,
    /// `bounced` or `complained`.
    why: String,
    /// The invitation whose letter it was.
    invitation: InvitationId,
    noted_by: String,
    noted_at: Time,
}
impl From<Suppressed> for SuppressionShown {
    fn from(s: Suppressed) -> Self {
        Self {
            id: s.id,
            email: s.email,
            why: s.why,
            invitation: s.invitation_id,
            noted_by: s.noted_by,
            noted_at: s.noted_at.into(),
        }
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<SuppressionShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let limit = c.limit()?;
    let found = invitations::suppressed(&c.app.store, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(found, limit, |s| s.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn clear(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersEdit>().await?;
    invitations::clear(&c.app.store, &p, c.id("suppression")?).await?;
    Ok(Done)
}
