//! Attempts to sign in.

use super::{
    answer::{Page, Shown, Time},
    call::{Call, cut},
};
use crate::{
    access::perm::SystemViewLogs,
    error::Result,
    id::{DirectoryId, SigninId, TenantId, UserId},
    signins::{self, Attempt, Outcome, Query, Reason},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// An attempt to sign in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub(super) struct AttemptShown {
    id: SigninId,
    /// What the person was shown.
    reference: String,
    at: Time,
    tenant: TenantId,
    directory: Option<DirectoryId>,
    user: Option<UserId>,
    outcome: Outcome,
    /// Why it did not become a session.
    reason: Option<String>,
    /// What to do about it.
    next: Option<String>,
    /// On what it was decided.
    detail: Value,
}
impl From<&Attempt> for AttemptShown {
    fn from(a: &Attempt) -> Self {
        Self {
            id: a.id,
            reference: a.reference.clone(),
            at: a.at.into(),
            tenant: a.tenant_id,
            directory: a.directory_id,
            user: a.user_id,
            outcome: a.outcome,
            reason: a.reason.clone(),
            next: a.why().map(|r| Reason::next(r).to_owned()),
            detail: a.detail.0.clone(),
        }
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<AttemptShown>>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let limit = c.limit()?.min(499);
    let bad = c.read::<bool>("bad")?.unwrap_or(false);
    let q = Query { user: c.read("user")?, bad, before: c.cursor()?, limit: limit + 1 };
    let all = signins::list(&c.app.store, &p, q).await?;
    let (items, next) = cut(all, limit, |a| a.id.to_string());
    Ok(Shown::page(items.iter().map(Into::into), next))
}

pub(super) async fn get(c: Call) -> Result<Shown<AttemptShown>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let reference = c.path.get("attempt").map_or("", String::as_str);
    Ok(Shown::of((&signins::get(&c.app.store, &p, reference).await?).into()))
}
