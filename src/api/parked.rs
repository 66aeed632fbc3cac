//! What directories took away beyond their limits, and what becomes of it.

use super::{
    answer::{Page, Shown, Time, With},
    call::{Call, cut},
    scope::{Names, ScopeShown},
};
use crate::{
    access::{
        Catalogue, Reach,
        parked::{self, Change, Decision, Limits, Lost, Waiting},
        perm::UsersManageRoles,
    },
    error::Result,
    id::{DirectoryId, ParkedId, RoleId, TenantId, UserId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A change that was too large.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkedChange")]
pub(super) struct ChangeShown {
    id: ParkedId,
    directory: DirectoryId,
    directory_name: String,
    /// The limits that were passed.
    limits: Limits,
    /// How many people wait for a decision.
    people: i64,
    /// How many roles of theirs.
    roles: i64,
    opened_at: Time,
    /// When the last was added.
    last_at: Time,
    /// When it was told of once more.
    reminded_at: Option<Time>,
    /// When all of it was decided; null while something waits.
    closed_at: Option<Time>,
}
impl From<(Change, Waiting)> for ChangeShown {
    fn from((c, w): (Change, Waiting)) -> Self {
        Self {
            id: c.id,
            directory: c.directory_id,
            directory_name: c.directory_name,
            limits: c.limits.0,
            people: w.people,
            roles: w.roles,
            opened_at: c.opened_at.into(),
            last_at: c.last_at.into(),
            reminded_at: c.reminded_at.map(Into::into),
            closed_at: c.closed_at.map(Into::into),
        }
    }
}

/// A role that somebody would lose.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkedRole")]
pub(super) struct LostShown {
    user: UserId,
    user_name: String,
    /// Whether the directory deleted them: nothing counts until it creates them again.
    gone: bool,
    /// Whether it was decided that they have the role again then.
    kept: bool,
    role: RoleId,
    role_name: String,
    /// The tenant, where it is one.
    in_tenant: Option<TenantId>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    /// The group that gave it; null: it was given by hand.
    group_name: Option<String>,
    taken_at: Time,
}
impl LostShown {
    fn of(l: Lost, catalogue: &Catalogue, names: &Names) -> Self {
        let reach = l.reach();
        Self {
            role_name: l.role(catalogue),
            user: l.user_id,
            user_name: l.user_label,
            gone: l.gone,
            kept: l.kept,
            role: l.role_id,
            in_tenant: l.scope_tenant,
            everywhere: reach == Reach::All,
            scope: names.shown(&reach),
            group_name: l.group_name,
            taken_at: l.created_at.into(),
        }
    }
}

/// A change with who would lose what.
#[derive(Serialize, JsonSchema)]
pub(super) struct ParkedInFull {
    #[serde(flatten)]
    change: ChangeShown,
    /// Who would lose what, a page of it.
    lost: Vec<LostShown>,
    /// Give this as `cursor` to get the page after; null on the last.
    next: Option<String>,
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<ChangeShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let found = parked::list(&c.app.access, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(found, limit, |(change, _)| change.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn get(c: Call) -> Result<Shown<ParkedInFull>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (limit, id) = (c.limit()?, c.id("change")?);
    let access = &c.app.access;
    let (change, waiting, lost) = parked::get(access, &p, id, c.cursor()?, limit + 1).await?;
    let (lost, next) = cut(lost, limit, |l| l.id.to_string());
    let reaches: Vec<Reach> = lost.iter().map(Lost::reach).collect();
    let names = Names::of(&c, p.tenant(), &reaches).await?;
    let lost = lost.into_iter().map(|l| LostShown::of(l, access.catalogue(), &names)).collect();
    Ok(Shown::of(ParkedInFull { change: (change, waiting).into(), lost, next }))
}

/// What becomes of a change, or of some of its people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DecideParked", example = json!({ "decision": "keep", "reason": "a slip in the scope filter" }))]
pub(super) struct Decide {
    decision: What,
    /// Only about these people; else about all that waits.
    users: Option<Vec<UserId>>,
    /// Why, for whoever asks later.
    reason: Option<String>,
}
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ParkedDecision")]
enum What {
    /// The roles are gone.
    Apply,
    /// The roles stay, given by hand; to whom the directory deleted, when it creates them again.
    Keep,
}

pub(super) async fn decide(c: With<Decide>) -> Result<Shown<ParkedInFull>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (id, body) = (c.id("change")?, c.json()?);
    let keep = matches!(body.decision, What::Keep);
    let decision = Decision { keep, users: body.users, reason: body.reason };
    let access = &c.app.access;
    parked::decide(access, &p, id, decision).await?;
    let (change, waiting, lost) = parked::get(access, &p, id, None, 101).await?;
    let (lost, next) = cut(lost, 100, |l| l.id.to_string());
    let reaches: Vec<Reach> = lost.iter().map(Lost::reach).collect();
    let names = Names::of(&c, p.tenant(), &reaches).await?;
    let lost = lost.into_iter().map(|l| LostShown::of(l, access.catalogue(), &names)).collect();
    Ok(Shown::of(ParkedInFull { change: (change, waiting).into(), lost, next }))
}
