//! One act on each of many users. Each row is done by itself, as if it had been sent alone: by the right that its act takes,
//! in a transaction of its own, through the service function of that act, as long as the caller's session or token may act.
//! A dry run does the same in a rehearsal, one row after the other, so that a row is judged by what those before it
//! would have left; nothing of it stays.

use super::{
    answer::{Shown, With},
    call::Call,
    error::Problem,
    find,
    sessions::Ended,
    users::{Removes, UserShown, warnings},
};
use crate::{
    access::{
        Permit,
        grants::{self, NewGrant},
        perm::{UsersDelete, UsersEdit, UsersManageRoles, UsersView},
    },
    app::App,
    credentials::person,
    error::{Error, Kind, Result},
    id::{GrantId, TenantId, UserId},
    users::{self, User},
    web::Caller,
};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;

/// Rows of one request.
const ROWS: usize = 500;
/// Rows of a dry run, which other writers may have to wait for.
const DRY_ROWS: usize = 100;

/// What is to be done to whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UsersBulk", example = json!({ "rows": [
    { "user": "anna@contoso.com", "action": "disable" },
    { "user": "bert@contoso.com", "action": "give_role", "role": "Read-Only" },
] }))]
pub(super) struct Many {
    /// One act on one user each, 500 at most; 100 in a dry run.
    #[schemars(length(min = 1, max = 500))]
    rows: Vec<Row>,
    /// Nothing stays; the answer says what would become of each row.
    #[serde(default)]
    dry_run: bool,
}

/// One act on one user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The id or name of one of the tenant's users.
    user: String,
    action: Act,
    /// To be given or taken: the role's id or name.
    role: Option<String>,
    /// Where the role is given or taken, id or slug; the user's own tenant where none is named.
    tenant: Option<String>,
    /// To be deleted only if the user is still of this version.
    version: Option<i64>,
}

/// What is done to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "UserAction")]
#[serde(rename_all = "snake_case")]
enum Act {
    /// Switch them off by hand; takes `users.edit`.
    Disable,
    /// Switch them on again; takes `users.edit`.
    Enable,
    /// Delete them with what is theirs; takes `users.delete`.
    Delete,
    /// End their sessions and what was issued in them; takes `users.edit`.
    EndSessions,
    /// Give them a role in a tenant; takes `users.manage_roles` there.
    GiveRole,
    /// Take a role away that they were given by hand in a tenant; takes `users.manage_roles` there.
    TakeRole,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "UserOutcome")]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It was done; in a dry run: it would be.
    Done,
    /// It cannot be; nothing was done.
    Refused,
    /// The caller's session or token ended before it was its turn; nothing was done.
    Stopped,
}

/// What became of all rows.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UsersDone")]
pub(super) struct ManyDone {
    /// Whether nothing of it stays.
    dry_run: bool,
    /// How many were done.
    done: usize,
    /// How many cannot be done as they stand.
    refused: usize,
    /// How many were left when the caller's session or token ended.
    stopped: usize,
    /// Each, as they were sent.
    rows: Vec<RowDone>,
}

/// What became of a row.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UserRow")]
struct RowDone {
    /// Which: 1 is the first.
    row: usize,
    /// As it was sent.
    user: String,
    action: Act,
    outcome: Outcome,
    /// The status that the act would have been answered with alone.
    status: u16,
    /// Why it was not done.
    problem: Option<Problem>,
    #[serde(flatten)]
    what: What,
}

/// What there is to say of what was done.
#[derive(Default, Serialize, JsonSchema)]
struct What {
    /// Who it was.
    id: Option<UserId>,
    /// Switched on or off: as they are now. To be deleted, in a dry run: as they are.
    person: Option<UserShown>,
    /// To be deleted, in a dry run: what would end or go with them, by how many.
    removes: Option<Removes>,
    /// To be deleted, in a dry run: what to think of besides.
    warnings: Vec<String>,
    /// What ended, where sessions were ended.
    ended: Option<Ended>,
    /// The grants that were made or taken away.
    grants: Vec<GrantId>,
}

pub(super) async fn run(c: With<Many>) -> Result<Shown<ManyDone>> {
    c.tenant::<UsersView>().await?;
    let Many { rows, dry_run } = c.json()?;
    let most = if dry_run { DRY_ROWS } else { ROWS };
    if rows.is_empty() || rows.len() > most {
        let may =
            if dry_run { format!("1 to {most} in a dry run") } else { format!("1 to {most}") };
        let text = match rows.len() {
            0 => format!("'rows' is empty, and may have {may}"),
            n => format!("'rows' has {n}, and may have {may}"),
        };
        return Err(Error::invalid(text).attr("rows"));
    }
    if !dry_run {
        return Ok(Shown::of(all(&c, rows, false).await));
    }
    let (whole, caller, path) = (c.app.clone(), c.caller.clone(), c.path.clone());
    let rehearsed = c.app.store.rehearse(move |store| {
        Box::pin(async move { Ok(all(&over(&whole, store, caller, path), rows, true).await) })
    });
    rehearsed.await.map(Shown::of)
}

/// The call in a rehearsal.
fn over(
    app: &App,
    store: crate::store::Store,
    caller: Caller,
    path: HashMap<String, String>,
) -> Call {
    let (query, body) = (HashMap::new(), Bytes::new());
    Call::new(app.afresh(store), caller, path, query, body)
}

async fn all(c: &Call, rows: Vec<Row>, dry_run: bool) -> ManyDone {
    let rows_in = rows.len();
    let mut done =
        ManyDone { dry_run, done: 0, refused: 0, stopped: 0, rows: Vec::with_capacity(rows_in) };
    let (mut ended, mut now): (Option<Error>, Option<Call>) = (None, None);
    for (n, row) in rows.into_iter().enumerate() {
        let c = now.as_ref().unwrap_or(c);
        // Asked for each: what was taken from the caller meanwhile is theirs no more.
        if ended.is_none() {
            let still = c.caller.still(&c.app).await;
            ended = still.err().filter(|e| e.kind() == Kind::Unauthenticated);
        }
        let (outcome, told) = match &ended {
            Some(e) => (Outcome::Stopped, Err(stopped(e))),
            None => match one(c, &row, dry_run).await {
                Ok(what) => (Outcome::Done, Ok(what)),
                Err(e) => (Outcome::Refused, Err(named(e))),
            },
        };
        match outcome {
            Outcome::Done => done.done += 1,
            Outcome::Refused => done.refused += 1,
            Outcome::Stopped => done.stopped += 1,
        }
        if dry_run && outcome == Outcome::Done && n + 1 < rows_in {
            // Nothing tells a rehearsal's caches of what was changed in it.
            let (caller, path) = (c.caller.clone(), c.path.clone());
            now = Some(over(&c.app, c.app.store.clone(), caller, path));
        }
        let (status, problem, what) = match told {
            Ok(what) => (row.action.status(), None, what),
            Err(e) => {
                let (status, problem) = Problem::of_one(&e);
                (status, Some(problem), What::default())
            }
        };
        let Row { user, action, .. } = row;
        done.rows.push(RowDone { row: n + 1, user, action, outcome, status, problem, what });
    }
    done
}

impl Act {
    /// What it is answered with alone.
    fn status(self) -> u16 {
        match self {
            Self::Disable | Self::Enable | Self::EndSessions => 200,
            Self::GiveRole => 201,
            Self::Delete | Self::TakeRole => 204,
        }
    }
    fn about_a_role(self) -> bool {
        matches!(self, Self::GiveRole | Self::TakeRole)
    }
}

/// Refuses a row that says what its act has nothing to do with.
fn fits(row: &Row) -> Result<()> {
    let odd = |field: &'static str| {
        Err(Error::invalid(format!("'{field}' does not go with this action")).attr(field))
    };
    match row.action {
        a if a.about_a_role() && row.role.is_none() => {
            Err(Error::invalid("'role' is missing").attr("role"))
        }
        a if !a.about_a_role() && row.role.is_some() => odd("role"),
        a if !a.about_a_role() && row.tenant.is_some() => odd("tenant"),
        a if a != Act::Delete && row.version.is_some() => odd("version"),
        _ => Ok(()),
    }
}

async fn one(c: &Call, row: &Row, dry_run: bool) -> Result<What> {
    fits(row)?;
    let store = &c.app.store;
    match row.action {
        Act::Disable | Act::Enable => {
            let p = c.tenant::<UsersEdit>().await?;
            let id = who(c, row, p.tenant()).await?;
            let user = person::set_enabled(store, &p, id, row.action == Act::Enable).await?;
            Ok(What { person: Some(UserShown::from(&user)), ..What::of(id) })
        }
        Act::EndSessions => {
            let p = c.tenant::<UsersEdit>().await?;
            let id = who(c, row, p.tenant()).await?;
            let ended = users::end_sessions(store, &p, id, None).await?;
            Ok(What { ended: Some(ended.into()), ..What::of(id) })
        }
        Act::Delete => {
            let p = c.tenant::<UsersDelete>().await?;
            let id = who(c, row, p.tenant()).await?;
            let what = if dry_run {
                What::gone(users::removal(store, &p, id).await?)
            } else {
                What::of(id)
            };
            person::remove(store, &p, id, row.version).await?;
            Ok(what)
        }
        Act::GiveRole | Act::TakeRole => {
            let p: Permit<UsersManageRoles> = match &row.tenant {
                Some(t) => c.other(t).await.map_err(|e| e.attr("tenant"))?,
                None => c.tenant().await?,
            };
            let access = &c.app.access;
            let role = find::role(c, &p, row.role.as_deref().unwrap_or_default()).await?;
            let home = c.tenant_id().await?;
            let id = who(c, row, home).await?;
            let grants = if row.action == Act::GiveRole {
                vec![grants::add(access, &p, NewGrant::manual(home, id, role)).await?.id]
            } else {
                grants::take_role(access, &p, (home, id), role).await?
            };
            Ok(What { grants, ..What::of(id) })
        }
    }
}

async fn who(c: &Call, row: &Row, home: TenantId) -> Result<UserId> {
    find::user(c, &row.user, None, home).await.map(|(_, id)| id)
}

impl What {
    fn of(id: UserId) -> Self {
        Self { id: Some(id), ..Self::default() }
    }
    fn gone((user, n): (User, users::Removal)) -> Self {
        let (person, removes) = (Some(UserShown::from(&user)), Some(n.into()));
        Self { person, removes, warnings: warnings(&user), ..Self::of(user.id) }
    }
}

/// The field of the row that an error is about, where whoever made it did not know of rows.
fn named(e: Error) -> Error {
    if matches!(e.kind(), Kind::Internal | Kind::Unavailable) {
        tracing::error!(error = ?e, "one of many acts on users failed");
    }
    match (e.attr_str(), e.kind()) {
        (Some("If-Match"), _) | (None, Kind::Precondition) => e.attr("version"),
        (None, Kind::NotFound) => e.attr("user"),
        (None, Kind::Forbidden | Kind::NeedsStepUp) => e.attr("action"),
        _ => e,
    }
}

fn stopped(e: &Error) -> Error {
    let text = format!(
        "{}: your session or token ended while the rows before were worked on; nothing was done about this one",
        e.detail()
    );
    let stopped = Error::unauthenticated(text);
    match e.code_str() {
        Some(code) => stopped.code(code),
        None => stopped,
    }
}
