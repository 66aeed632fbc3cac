//! A review as one document, for auditors: JSON with its members in order and nothing between them, so that the same rows
//! are the same bytes, and a table for spreadsheets.

use super::{Item, Review, Wanted, apply::time, db, gone};
use crate::{
    access::{Access, Permit, perm::UsersManageRoles, reach::Told, roles::export::value},
    crypto,
    error::Result,
    id::{ReviewId, ReviewItemId, TenantId},
    store::{Conn, Scope},
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What the document calls its own form.
const FORM: &str = "muster access review 1";
/// So many items are read in one go.
const PIECE: i64 = 1_000;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// A table.
    Csv,
}

/// Whether a review is what it was when it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was written down then; `None`: it is not closed.
    pub manifest: Option<String>,
    /// The same of the table.
    pub csv_manifest: Option<String>,
    /// Whether its rows still make the same document and table.
    pub intact: bool,
    /// Of a file's hash: which of the two it is.
    pub form: Option<Form>,
}

/// All items, in their order.
pub(super) async fn all(c: &mut Conn, (t, id): (TenantId, ReviewId)) -> Result<Vec<Item>> {
    let mut out: Vec<Item> = Vec::new();
    loop {
        let after: Option<ReviewItemId> = out.last().map(|i| i.id);
        let more = db::items(c, (t, id), Wanted::default(), after, PIECE).await?;
        let last = i64::try_from(more.len()).is_ok_and(|n| n < PIECE);
        out.extend(more);
        if last {
            return Ok(out);
        }
    }
}

/// The document of a review of the permit's tenant. Of one that is open it is what stands now, and no manifest is of it.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn export(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
    form: Form,
) -> Result<String> {
    let (review, items) = read(access, p, id).await?;
    Ok(text(&review, &items, form))
}

async fn read(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
) -> Result<(Review, Vec<Item>)> {
    let t = p.tenant();
    let mut c = access.0.store.scan(Scope::Tenant(t)).await?;
    let review = db::get(&mut c, t, id).await?.ok_or_else(gone)?;
    Ok((review, all(&mut c, (t, id)).await?))
}

/// Whether a review of the permit's tenant is what it was, and whether a file with this hash is of it.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn check(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
    file: Option<&str>,
) -> Result<Check> {
    let (review, items) = read(access, p, id).await?;
    let same = |shape| {
        let hash = |form| crypto::sha256_hex(shaped(&review, &items, form, shape));
        review.manifest == Some(hash(Form::Json)) && review.csv_manifest == Some(hash(Form::Csv))
    };
    let intact = review.manifest.is_some() && (same(Shape::Now) || same(Shape::First));
    let is = |kept: &Option<String>| {
        kept.as_deref().zip(file).is_some_and(|(kept, file)| kept.eq_ignore_ascii_case(file))
    };
    let form = if is(&review.manifest) {
        Some(Form::Json)
    } else {
        is(&review.csv_manifest).then_some(Form::Csv)
    };
    let (manifest, csv_manifest) = (review.manifest, review.csv_manifest);
    Ok(Check { manifest, csv_manifest, intact, form })
}

/// Which shape a document has. Those of reviews that were closed long ago are checked by the one they had; only the one
/// of now is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// It says where somebody has a role as the rows do, in however many tenants.
    First,
    /// Of the provider's people it says how many others of its customers they work for, and not for which.
    Now,
}

pub(super) fn text(r: &Review, items: &[Item], form: Form) -> String {
    shaped(r, items, form, Shape::Now)
}

fn shaped(r: &Review, items: &[Item], form: Form, shape: Shape) -> String {
    match form {
        Form::Json => canonical(r, items, shape),
        Form::Csv => table(r, items, shape),
    }
}

fn canonical(r: &Review, items: &[Item], shape: Shape) -> String {
    let items: Vec<Value> = items.iter().map(|i| of(r, i, shape)).collect();
    // serde_json keeps the members of an object sorted, so the text is canonical.
    json!({
        "form": FORM,
        "review": {
            "id": r.id, "tenant": r.tenant_id, "name": r.name, "filter": r.filter.0, "plan": r.plan_id,
            "reviewers": r.reviewers.0, "undecided": r.undecided, "due_at": r.due_at.rfc3339(),
            "created_at": r.created_at.rfc3339(), "created_by": r.created_by,
            "state": r.state, "closed_at": time(r.closed_at), "closed_by": r.closed_by,
        },
        "items": items,
    })
    .to_string()
}

fn never(i: &Item) -> String {
    time(i.last_use).unwrap_or_else(|| "never".to_owned())
}

/// Where an item holds, for readers in the review's tenant: of the provider's people, which others of its customers they
/// work for is not said.
fn place(r: &Review, i: &Item, shape: Shape) -> Told {
    if i.home == r.tenant_id || shape == Shape::First {
        return Told { scope: i.scope.clone(), tenant: i.scope_tenant, others: None };
    }
    i.reach().told(r.tenant_id)
}

fn of(r: &Review, i: &Item, shape: Shape) -> Value {
    let place = place(r, i, shape);
    let mut said = json!({
        "id": i.id,
        "user": {
            "id": i.user_id, "tenant": i.home, "name": i.user_label, "kind": i.user_kind,
            "switched_on": i.user_live, "last_use": never(i),
        },
        "role": { "id": i.role_id, "name": i.role_name },
        "scope": place.scope, "in_tenant": place.tenant, "other_tenants": place.others,
        "via": {
            "kind": i.via, "id": i.via_id, "source": i.source, "group": i.group_name,
            "directory": i.directory_name, "reason": i.reason, "by": i.given_by,
            "since": i.since.rfc3339(), "until": time(i.until), "does_not_count": i.void,
        },
        "reviewer": i.reviewer_user.map(|user| {
            json!({ "tenant": i.reviewer_tenant, "user": user, "name": i.reviewer_name })
        }),
        "decision": i.decision, "until": time(i.shorten_to), "note": i.note,
        "decided_by": i.decided_by, "decided_at": time(i.decided_at),
        "outcome": i.outcome, "outcome_text": i.outcome_text,
    });
    if let (Shape::First, Some(said)) = (shape, said.as_object_mut()) {
        said.remove(OTHERS);
    }
    said
}

/// The member, and the column, that the first shape had not.
const OTHERS: &str = "other_tenants";

const COLUMNS: [&str; 28] = [
    "review",
    "item",
    "user",
    "user_id",
    "home",
    "kind",
    "switched_on",
    "last_use",
    "role",
    "scope",
    "in_tenant",
    OTHERS,
    "source",
    "group",
    "directory",
    "reason",
    "by",
    "since",
    "until",
    "does_not_count",
    "reviewer",
    "decision",
    "shorten_to",
    "note",
    "decided_by",
    "decided_at",
    "outcome",
    "outcome_text",
];

fn table(r: &Review, items: &[Item], shape: Shape) -> String {
    let has = |column: &&str| shape == Shape::Now || *column != OTHERS;
    let mut out = COLUMNS.into_iter().filter(has).collect::<Vec<_>>().join(",") + "\r\n";
    for i in items {
        let or = |t: &Option<String>| t.clone().unwrap_or_default();
        let moment = |t| time(t).unwrap_or_default();
        let place = place(r, i, shape);
        let cells: [String; 28] = [
            r.name.clone(),
            i.id.to_string(),
            i.user_label.clone(),
            i.user_id.to_string(),
            i.home.to_string(),
            i.user_kind.as_str().to_owned(),
            i.user_live.to_string(),
            never(i),
            i.role_name.clone(),
            place.scope,
            place.tenant.map(|t| t.to_string()).unwrap_or_default(),
            place.others.map(|n| n.to_string()).unwrap_or_default(),
            i.source.clone(),
            or(&i.group_name),
            or(&i.directory_name),
            or(&i.reason),
            i.given_by.clone(),
            i.since.rfc3339(),
            moment(i.until),
            or(&i.void),
            or(&i.reviewer_name),
            i.decision.map(|d| d.as_str().to_owned()).unwrap_or_default(),
            moment(i.shorten_to),
            or(&i.note),
            or(&i.decided_by),
            moment(i.decided_at),
            i.outcome.map(|o| o.as_str().to_owned()).unwrap_or_default(),
            or(&i.outcome_text),
        ];
        let cells = COLUMNS.iter().zip(&cells).filter(|(column, _)| has(column));
        let line = cells.map(|(_, c)| value(c)).collect::<Vec<_>>().join(",");
        // Writing to a String does not fail.
        let _ = write!(out, "{line}\r\n");
    }
    out
}
