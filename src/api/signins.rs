//! Attempts to sign in.

use super::{
    answer::{Page, Shown, Time},
    call::{Call, Newest},
    find,
};
use crate::{
    access::perm::{SystemViewLogs, UsersView},
    error::{Kind, Result},
    id::{DirectoryId, SigninId, TenantId, UserId},
    signins::{self, Attempt, Outcome, Query, Reason},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

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
    /// What they are called, for whoever sees its users (`users.view`, with the proof that asks for); null for others, where
    /// nobody is known, and where who it was is gone.
    user_name: Option<String>,
    outcome: Outcome,
    /// Why it did not become a session.
    reason: Option<String>,
    /// What to do about it.
    next: Option<String>,
    /// On what it was decided.
    detail: Value,
}
impl AttemptShown {
    fn of(a: &Attempt, names: &HashMap<String, String>) -> Self {
        Self {
            id: a.id,
            reference: a.reference.clone(),
            at: a.at.into(),
            tenant: a.tenant_id,
            directory: a.directory_id,
            user: a.user_id,
            user_name: a.user_id.and_then(|u| names.get(&label(u)).cloned()),
            outcome: a.outcome,
            reason: a.reason.clone(),
            next: a.why().map(|r| Reason::next(r).to_owned()),
            detail: a.detail.0.clone(),
        }
    }
}

/// A person as the trail names them.
fn label(user: UserId) -> String {
    format!("user:{user}")
}

/// What the people of these attempts of a tenant are called, all in one go, if the caller may see its users.
async fn names(c: &Call, tenant: TenantId, all: &[Attempt]) -> Result<HashMap<String, String>> {
    let labels: BTreeSet<String> = all.iter().filter_map(|a| a.user_id.map(label)).collect();
    if labels.is_empty() {
        return Ok(HashMap::new());
    }
    match c.require::<UsersView>(tenant).await {
        Ok(_) => c.app.access.called(c.actor(), tenant, &labels).await,
        Err(e) if matches!(e.kind(), Kind::Forbidden | Kind::NotFound | Kind::NeedsStepUp) => {
            Ok(HashMap::new())
        }
        Err(e) => Err(e),
    }
}

async fn shown(c: &Call, a: &Attempt) -> Result<Shown<AttemptShown>> {
    let names = names(c, a.tenant_id, std::slice::from_ref(a)).await?;
    Ok(Shown::of(AttemptShown::of(a, &names)))
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<AttemptShown>>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let q = Query {
        user: find::whose(&c, p.tenant()).await?,
        directory: c.read("directory")?,
        bad: c.read("bad")?.unwrap_or(false),
        outcome: c.among("outcome", Outcome::parse, "it is success, refused or failed")?,
        reason: c.among("reason", Reason::parse, "it is a reason that records have")?,
        since: c.moment("since")?,
        until: c.moment("until")?,
        before: c.cursor::<Newest<SigninId>>()?.map(|n| (n.0, n.1)),
    };
    let found = signins::list(&c.app.store, &p, &q, c.limit()?).await?;
    let next = found.next.map(|(at, id)| Newest(at, id).to_string());
    let names = names(&c, p.tenant(), &found.items).await?;
    Ok(Shown::page(found.items.iter().map(|a| AttemptShown::of(a, &names)), next))
}

pub(super) async fn get(c: Call) -> Result<Shown<AttemptShown>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let reference = c.path.get("attempt").map_or("", String::as_str);
    shown(&c, &signins::get(&c.app.store, &p, reference).await?).await
}

pub(super) async fn anywhere(c: Call) -> Result<Shown<AttemptShown>> {
    let p = c.global().await?;
    let reference = c.path.get("attempt").map_or("", String::as_str);
    shown(&c, &signins::anywhere(&c.app.store, &p, reference).await?).await
}
