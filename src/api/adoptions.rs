//! People who have no directory and whom one wants; people who are gone and whom one wants again.

use super::{
    answer::{Done, Page, Shown, Time, With},
    call::{Call, cut},
};
use crate::{
    access::perm::{UsersAdd, UsersManageRoles, UsersView},
    error::Result,
    id::{AdoptionId, DirectoryId, TombstoneId, UserId},
    provisioning::adoption::{self, Adoption, Reason, State},
    users::tombstones::{self, Tombstone, Why},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A directory wants to create somebody whom the tenant has already, without a directory.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Adoption")]
pub(super) struct AdoptionShown {
    id: AdoptionId,
    directory: DirectoryId,
    directory_name: String,
    /// The person.
    user: UserId,
    user_name: String,
    display_name: Option<String>,
    /// What the directory calls them.
    wanted_user_name: String,
    wanted_external_id: Option<String>,
    /// Why it takes a decision.
    reasons: Vec<Reason>,
    /// The same, in words.
    explanation: String,
    state: State,
    decided_by: Option<String>,
    decided_at: Option<Time>,
    created_at: Time,
}
impl From<Adoption> for AdoptionShown {
    fn from(a: Adoption) -> Self {
        let words: Vec<&str> = a.reasons.0.iter().map(|r| r.text()).collect();
        Self {
            id: a.id,
            directory: a.directory_id,
            directory_name: a.directory_name,
            user: a.user_id,
            user_name: a.user_name,
            display_name: a.display_name,
            wanted_user_name: a.wanted_name,
            wanted_external_id: a.wanted_external_id,
            explanation: words.join("; "),
            reasons: a.reasons.0,
            state: a.state,
            decided_by: a.decided_by,
            decided_at: a.decided_at.map(Into::into),
            created_at: a.created_at.into(),
        }
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<AdoptionShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let found = adoption::list(&c.app.store, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(found, limit, |a| a.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn get(c: Call) -> Result<Shown<AdoptionShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    Ok(Shown::of(adoption::get(&c.app.store, &p, c.id("adoption")?).await?.into()))
}

/// What becomes of a request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DecideAdoption", example = json!({ "decision": "accept" }))]
pub(super) struct Decide {
    decision: Decision,
}
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AdoptionDecision")]
enum Decision {
    /// The directory's next try takes the person over.
    Accept,
    /// The directory is told so.
    Refuse,
}

pub(super) async fn decide(c: With<Decide>) -> Result<Shown<AdoptionShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let accept = matches!(c.json()?.decision, Decision::Accept);
    let (store, access) = (&c.app.store, &c.app.access);
    Ok(Shown::of(adoption::decide(store, access, &p, c.id("adoption")?, accept).await?.into()))
}

/// What is remembered of somebody who is gone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tombstone")]
pub(super) struct TombstoneShown {
    id: TombstoneId,
    directory: DirectoryId,
    why: Why,
    /// The id they had.
    user: UserId,
    user_name: String,
    external_id: Option<String>,
    /// Who deleted them, as in the audit trail.
    by: String,
    created_at: Time,
    /// When the directory last asked for them, to a day.
    asked_at: Time,
}
impl From<Tombstone> for TombstoneShown {
    fn from(b: Tombstone) -> Self {
        Self {
            id: b.id,
            directory: b.directory_id,
            why: b.why,
            user: b.user_id,
            user_name: b.user_name,
            external_id: b.external_id,
            by: b.made_by,
            created_at: b.created_at.into(),
            asked_at: b.asked_at.into(),
        }
    }
}

pub(super) async fn tombstones(c: Call) -> Result<Shown<Page<TombstoneShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let limit = c.limit()?;
    let found = tombstones::list(&c.app.store, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(found, limit, |b| b.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn lift(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersAdd>().await?;
    tombstones::lift(&c.app.store, &p, c.id("tombstone")?).await?;
    Ok(Done)
}
