//! Access reviews: who has what, what is decided about it, and the evidence.

use super::{
    answer::{Answer, Done, Made, Page, Shown, Time, With},
    call::{Call, Reply, cut, time},
    find,
    scope::{Names, ScopeShown},
};
use crate::{
    access::{
        Permit, Reach,
        perm::UsersManageRoles,
        reviews::{
            self, Count, Decision, Filter, Form, Item, New, Outcome, Plan, Review, Reviewer, State,
            Undecided, Verdict, Wanted, Way,
        },
    },
    actor::UserKind,
    error::{Error, Result},
    id::{DirectoryId, ReviewId, ReviewItemId, ReviewPlanId, RoleId, TenantId, UserId},
};
use axum::{body::Body, http::StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// The media types of a review's document.
const JSON: &str = "application/vnd.muster.review+json";
const CSV: &str = "text/csv";

/// What a review is about; what is null is not asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReviewFilter")]
pub(super) struct FilterShown {
    role: Option<RoleId>,
    directory: Option<DirectoryId>,
    kind: Option<UserKind>,
}
impl From<&Filter> for FilterShown {
    fn from(f: &Filter) -> Self {
        Self { role: f.role, directory: f.directory, kind: f.kind }
    }
}

/// Somebody who decides.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reviewer")]
pub(super) struct ReviewerShown {
    user: UserId,
    /// Their own tenant.
    home: TenantId,
    user_name: String,
}
impl From<&Reviewer> for ReviewerShown {
    fn from(r: &Reviewer) -> Self {
        Self { user: r.user, home: r.tenant, user_name: r.name.clone() }
    }
}

/// A review of access.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Review")]
pub(super) struct ReviewShown {
    id: ReviewId,
    name: String,
    state: State,
    filter: FilterShown,
    reviewers: Vec<ReviewerShown>,
    /// What becomes of what nobody decides about.
    undecided: Undecided,
    /// When it is closed by itself.
    due_at: Time,
    /// What began it, if it was no person.
    plan: Option<ReviewPlanId>,
    /// How many ways in which somebody has a role are to be decided about.
    items: i64,
    /// About how many somebody decided.
    decided: i64,
    /// How many are work for a directory or somebody else, once it is closed.
    listed: i64,
    /// Who began it, as in the audit trail.
    created_by: String,
    created_at: Time,
    closed_at: Option<Time>,
    closed_by: Option<String>,
    /// SHA-256 of its document, once it is closed.
    manifest: Option<String>,
    /// SHA-256 of its table, once it is closed.
    csv_manifest: Option<String>,
}
impl From<(Review, Count)> for ReviewShown {
    fn from((r, c): (Review, Count)) -> Self {
        Self {
            id: r.id,
            name: r.name,
            state: r.state,
            filter: (&r.filter.0).into(),
            reviewers: r.reviewers.0.iter().map(Into::into).collect(),
            undecided: r.undecided,
            due_at: r.due_at.into(),
            plan: r.plan_id,
            items: c.items,
            decided: c.decided,
            listed: c.listed,
            created_by: r.created_by,
            created_at: r.created_at.into(),
            closed_at: r.closed_at.map(Into::into),
            closed_by: r.closed_by,
            manifest: r.manifest,
            csv_manifest: r.csv_manifest,
        }
    }
}

/// A way in which somebody has a role, and what was decided about it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReviewItem")]
pub(super) struct ItemShown {
    id: ReviewItemId,
    user: UserId,
    /// The user's own tenant.
    home: TenantId,
    user_name: String,
    kind: UserKind,
    /// Whether they were switched on.
    switched_on: bool,
    /// When they were last seen; null: never.
    last_use: Option<Time>,
    role: RoleId,
    role_name: String,
    scope: ScopeShown,
    via: Way,
    /// The grant, the mapping or the parked change.
    via_id: Uuid,
    /// Of a grant where it came from; else the same as `via`.
    source: String,
    /// The group that gave it.
    group_name: Option<String>,
    directory_name: Option<String>,
    reason: Option<String>,
    /// Who gave it, or made the mapping.
    by: String,
    since: Time,
    until: Option<Time>,
    /// Why it did not count, where it did not.
    does_not_count: Option<String>,
    /// Whose it is to decide; null: anybody's who manages roles and is not the user.
    reviewer: Option<ReviewerShown>,
    decision: Option<Verdict>,
    /// Until when it is to last.
    shorten_to: Option<Time>,
    note: Option<String>,
    /// Who decided, as in the audit trail.
    decided_by: Option<String>,
    decided_at: Option<Time>,
    /// What became of it when the review was closed.
    outcome: Option<Outcome>,
    /// The same in words: what is to be done where, or why it stays.
    outcome_text: Option<String>,
}
impl ItemShown {
    fn of(i: Item, names: &Names) -> Self {
        let reviewer = i.reviewer_tenant.zip(i.reviewer_user);
        let name = i.reviewer_name.clone().unwrap_or_default();
        Self {
            scope: names.shown(&i.reach()),
            id: i.id,
            user: i.user_id,
            home: i.home,
            user_name: i.user_label,
            kind: i.user_kind,
            switched_on: i.user_live,
            last_use: i.last_use.map(Into::into),
            role: i.role_id,
            role_name: i.role_name,
            via: i.via,
            via_id: i.via_id,
            source: i.source,
            group_name: i.group_name,
            directory_name: i.directory_name,
            reason: i.reason,
            by: i.given_by,
            since: i.since.into(),
            until: i.until.map(Into::into),
            does_not_count: i.void,
            reviewer: reviewer.map(|(home, user)| ReviewerShown { user, home, user_name: name }),
            decision: i.decision,
            shorten_to: i.shorten_to.map(Into::into),
            note: i.note,
            decided_by: i.decided_by,
            decided_at: i.decided_at.map(Into::into),
            outcome: i.outcome,
            outcome_text: i.outcome_text,
        }
    }
}

/// A review to be begun; without `role`, `directory` and `kind` it is about everything in the tenant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewReview", example = json!({
    "name": "Administrators, autumn", "role": "Tenant Administrator",
    "reviewers": [{ "user": "boss@contoso.com" }], "due_at": "2027-01-31T00:00:00Z", "every_days": 90,
}))]
pub(super) struct Open {
    /// For people.
    name: String,
    /// Only who has this role, by id or name.
    role: Option<String>,
    /// Only this directory's people.
    directory: Option<DirectoryId>,
    /// Only people of this kind.
    kind: Option<UserKind>,
    /// Who decides; whoever begins it, if nobody is named.
    #[serde(default)]
    reviewers: Vec<Named>,
    /// When it is closed by itself, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    due_at: String,
    /// What becomes of what nobody decides about.
    #[serde(default = "keep")]
    #[schemars(extend("default" = "keep"))]
    undecided: Undecided,
    /// Begin another after so many days, and so on.
    #[schemars(range(min = 1, max = 3660))]
    every_days: Option<i64>,
}
fn keep() -> Undecided {
    Undecided::Keep
}

/// A person by name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    /// The user's id or name.
    user: String,
    /// The user's tenant (id or slug), if it is another than the path's.
    home: Option<String>,
}

pub(super) async fn open(c: With<Open>) -> Result<Made<ReviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let body = c.json()?;
    let role = match &body.role {
        Some(role) => Some(find::role(&c, &p, role).await?),
        None => None,
    };
    let mut reviewers = Vec::new();
    for r in &body.reviewers {
        let who = find::user(&c, &r.user, r.home.as_deref(), p.tenant()).await;
        reviewers.push(who.map_err(|e| e.attr("reviewers"))?);
    }
    let due_at = time("due_at", Some(&body.due_at))?;
    let due_at = due_at.ok_or_else(|| Error::invalid("'due_at' is missing").attr("due_at"))?;
    let new = New {
        name: body.name,
        filter: Filter { role, directory: body.directory, kind: body.kind },
        reviewers,
        due_at,
        undecided: body.undecided,
        every_days: body.every_days,
    };
    let review = reviews::open(&c.app.access, &p, new).await?;
    Ok(Made::of(reviews::get(&c.app.access, &p, review.id).await?.into()))
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<ReviewShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let all = reviews::list(&c.app.access, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |(r, _)| r.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn get(c: Call) -> Result<Shown<ReviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    Ok(Shown::of(reviews::get(&c.app.access, &p, c.id("review")?).await?.into()))
}

pub(super) async fn items(c: Call) -> Result<Shown<Page<ItemShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let flag = |name| Ok::<_, Error>(c.read::<bool>(name)?.unwrap_or(false));
    let outcome = c.word("outcome").map(|w| {
        Outcome::parse(w).ok_or_else(|| Error::invalid("there is no such outcome").attr("outcome"))
    });
    let reviewer = if flag("mine")? {
        let text = "only a person has items of their own to decide about";
        Some(c.actor().user().ok_or_else(|| Error::invalid(text).attr("mine"))?)
    } else {
        None
    };
    let wanted = Wanted { undecided: flag("undecided")?, reviewer, outcome: outcome.transpose()? };
    let (access, id) = (&c.app.access, c.id("review")?);
    let all = reviews::items(access, &p, id, wanted, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |i| i.id.to_string());
    let reaches: Vec<Reach> = items.iter().map(Item::reach).collect();
    let names = Names::of(&c, p.tenant(), &reaches).await?;
    Ok(Shown::page(items.into_iter().map(|i| ItemShown::of(i, &names)), next))
}

/// What is decided about some items.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DecideReview", example = json!({
    "items": ["0198f2c4-0000-7000-8000-000000000000"], "decision": "remove", "note": "has left the project",
}))]
pub(super) struct Decide {
    /// About which items.
    items: Vec<ReviewItemId>,
    decision: Verdict,
    /// With `shorten`: until when it is to last, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Why, for whoever asks later.
    note: Option<String>,
}

pub(super) async fn decide(c: With<Decide>) -> Result<Shown<ReviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (access, id, body) = (&c.app.access, c.id("review")?, c.json()?);
    let until = time("until", body.until.as_ref())?;
    let decision = Decision { verdict: body.decision, until, note: body.note };
    reviews::decide(access, &p, id, &body.items, decision).await?;
    Ok(Shown::of(reviews::get(access, &p, id).await?.into()))
}

/// How a review is closed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CloseReview")]
#[schemars(example = json!({ "anyway": false }))]
pub(super) struct Close {
    /// Also when something of it is undecided.
    #[serde(default)]
    anyway: bool,
}

pub(super) async fn close(c: With<Close>) -> Result<Shown<ReviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (access, id, body) = (&c.app.access, c.id("review")?, c.json()?);
    reviews::close(access, &p, id, body.anyway).await?;
    Ok(Shown::of(reviews::get(access, &p, id).await?.into()))
}

/// A review as a document.
pub(super) struct Evidence(&'static str, Body);
impl Answer for Evidence {
    const STATUS: StatusCode = StatusCode::OK;
    const KINDS: &'static [&'static str] = &[JSON, CSV];
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        Some(json_schema!({ "type": ["string", "object"] }))
    }
    fn sent(self) -> Result<Reply> {
        Ok(Reply::written(self.0, self.1))
    }
}

pub(super) async fn export(c: Call) -> Result<Evidence> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (form, kind) = match c.word("format") {
        None | Some("json") => (Form::Json, JSON),
        Some("csv") => (Form::Csv, "text/csv; charset=utf-8; header=present"),
        Some(_) => return Err(Error::invalid("'format' is json or csv").attr("format")),
    };
    let text = reviews::export(&c.app.access, &p, c.id("review")?, form).await?;
    Ok(Evidence(kind, Body::from(text)))
}

/// Whether a review is what it was when it was closed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReviewCheck")]
pub(super) struct CheckShown {
    /// SHA-256 of its document, as it was written down then; null: it is not closed.
    manifest: Option<String>,
    /// The same of its table.
    csv_manifest: Option<String>,
    /// Whether its rows still make the same.
    intact: bool,
    /// Whether the file with the hash that was given is its document or its table; null: none was given.
    matches: Option<bool>,
    /// `json` or `csv`, where it is.
    format: Option<&'static str>,
}

pub(super) async fn check(c: Call) -> Result<Shown<CheckShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let file = c.word("sha256");
    if file.is_some_and(|f| f.len() != 64 || !f.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(Error::invalid("'sha256' is 64 hexadecimal digits").attr("sha256"));
    }
    let r = reviews::check(&c.app.access, &p, c.id("review")?, file).await?;
    Ok(Shown::of(CheckShown {
        manifest: r.manifest,
        csv_manifest: r.csv_manifest,
        intact: r.intact,
        matches: file.map(|_| r.form.is_some()),
        format: r.form.map(|f| match f {
            Form::Json => "json",
            Form::Csv => "csv",
        }),
    }))
}

/// What begins a review every so many days.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReviewPlan")]
pub(super) struct PlanShown {
    id: ReviewPlanId,
    name: String,
    filter: FilterShown,
    reviewers: Vec<ReviewerShown>,
    undecided: Undecided,
    every_days: i64,
    /// How long there is to decide.
    decide_seconds: i64,
    /// When the next begins.
    next_at: Time,
    /// Who made it, as in the audit trail.
    created_by: String,
    created_at: Time,
}
impl From<Plan> for PlanShown {
    fn from(p: Plan) -> Self {
        Self {
            id: p.id,
            name: p.name,
            filter: (&p.filter.0).into(),
            reviewers: p.reviewers.0.iter().map(Into::into).collect(),
            undecided: p.undecided,
            every_days: p.every_days,
            decide_seconds: p.decide_seconds,
            next_at: p.next_at.into(),
            created_by: p.created_by,
            created_at: p.created_at.into(),
        }
    }
}

pub(super) async fn plans(c: Call) -> Result<Shown<Page<PlanShown>>> {
    let p: Permit<UsersManageRoles> = c.tenant().await?;
    let limit = c.limit()?;
    let all = reviews::plans(&c.app.access, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |p| p.id.to_string());
    Ok(Shown::page(items.into_iter().map(Into::into), next))
}

pub(super) async fn stop(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    reviews::stop(&c.app.access, &p, c.id("plan")?).await?;
    Ok(Done)
}
