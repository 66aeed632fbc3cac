//! SQL of reviews, their items and what begins them.

use super::{Count, Item, Outcome, Plan, Review, Verdict, Wanted};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, ReviewId, ReviewItemId, ReviewPlanId, TenantId, UserId},
    row, sql,
    store::{Conn, List, Tx},
};
use uuid::Uuid;

row! {
    /// What a review wants to know of a person besides what they may do.
    pub(super) struct Facts {
        pub id: UserId,
        pub directory_id: Option<DirectoryId>,
        pub seen: Option<Timestamp>,
        pub signed_in: Option<Timestamp>,
        pub secret_used: Option<Timestamp>,
    }
}

/// Where people come from, and when they were last seen: in a session, at a sign-in, by a secret of theirs.
pub(super) async fn facts(c: &mut Conn, home: TenantId, users: &[UserId]) -> Result<Vec<Facts>> {
    let users = List::Ids(users.iter().map(|u| u.0).collect());
    sql!(
        c,
        all<Facts>,
        "SELECT u.id, u.directory_id,
                (SELECT max(s.last_seen_at) FROM sessions s WHERE s.tenant_id = $1 AND s.user_id = u.id),
                (SELECT max(g.at) FROM signins g
                 WHERE g.tenant_id = $1 AND g.user_id = u.id AND g.outcome = 'success'),
                (SELECT max(k.last_used_at) FROM apps a
                 JOIN app_secrets k ON k.tenant_id = a.tenant_id AND k.app_id = a.id
                 WHERE a.tenant_id = $1 AND a.user_id = u.id)
         FROM (SELECT DISTINCT value FROM rarray($2)) AS w CROSS JOIN users u
         WHERE u.tenant_id = $1 AND u.id = w.value",
        home,
        users
    )
}

pub(super) async fn insert(tx: &mut Tx, r: &Review) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO reviews (tenant_id, id, plan_id, name, filter, reviewers, undecided, due_at, state, created_by,
                              created_by_tenant, created_by_user, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11, $12)",
        r.tenant_id,
        r.id,
        r.plan_id,
        r.name,
        r.filter,
        r.reviewers,
        r.undecided,
        r.due_at,
        r.created_by,
        r.created_by_tenant,
        r.created_by_user,
        r.created_at
    )
}

pub(super) async fn insert_item(tx: &mut Tx, t: TenantId, r: ReviewId, i: &Item) -> Result<()> {
    sql!(
        tx,
        later,
        "INSERT INTO review_items (tenant_id, id, review_id, home, user_id, user_label, user_kind, user_live, role_id,
                                   role_name, scope, scope_tenant, via, via_id, source, group_name, directory_name,
                                   reason, given_by, since, until, void, last_use, reviewer_tenant, reviewer_user,
                                   reviewer_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $24, $25, $26)",
        t,
        i.id,
        r,
        i.home,
        i.user_id,
        i.user_label,
        i.user_kind,
        i.user_live,
        i.role_id,
        i.role_name,
        i.scope,
        i.scope_tenant,
        i.via,
        i.via_id,
        i.source,
        i.group_name,
        i.directory_name,
        i.reason,
        i.given_by,
        i.since,
        i.until,
        i.void,
        i.last_use,
        i.reviewer_tenant,
        i.reviewer_user,
        i.reviewer_name
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: ReviewId) -> Result<Option<Review>> {
    sql!(
        c,
        opt<Review>,
        "SELECT tenant_id, id, plan_id, name, filter, reviewers, undecided, due_at, state, created_by, created_by_tenant,
                created_by_user, created_at, closed_at, closed_by, manifest, csv_manifest
         FROM reviews WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    before: Option<ReviewId>,
    limit: i64,
) -> Result<Vec<Review>> {
    let before = before.unwrap_or(ReviewId(Uuid::max()));
    sql!(
        c,
        all<Review>,
        "SELECT tenant_id, id, plan_id, name, filter, reviewers, undecided, due_at, state, created_by, created_by_tenant,
                created_by_user, created_at, closed_at, closed_by, manifest, csv_manifest
         FROM reviews WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        t,
        before,
        limit
    )
}

pub(super) async fn count(c: &mut Conn, t: TenantId, id: ReviewId) -> Result<Count> {
    sql!(
        c,
        one<Count>,
        "SELECT count(*), count(decision), count(CASE WHEN outcome = 'listed' THEN 1 END)
         FROM review_items WHERE tenant_id = $1 AND review_id = $2",
        t,
        id
    )
}

/// Whether nobody has decided yet about something that this person has.
pub(super) async fn waits_for(
    c: &mut Conn,
    (t, review): (TenantId, ReviewId),
    (home, user): (TenantId, UserId),
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM review_items
         WHERE tenant_id = $1 AND review_id = $2 AND home = $3 AND user_id = $4 AND decision IS NULL)",
        t,
        review,
        home,
        user
    )
}

pub(super) async fn items(
    c: &mut Conn,
    (t, review): (TenantId, ReviewId),
    wanted: Wanted,
    after: Option<ReviewItemId>,
    limit: i64,
) -> Result<Vec<Item>> {
    let after = after.unwrap_or(ReviewItemId(Uuid::nil()));
    let (tenant, user) = wanted.reviewer.unzip();
    let outcome = wanted.outcome.map(Outcome::as_str);
    let (anybody, any) = (user.is_none(), outcome.is_none());
    let undecided = wanted.undecided;
    sql!(
        c,
        all<Item>,
        "SELECT id, home, user_id, user_label, user_kind, user_live, role_id, role_name, scope, scope_tenant, via, via_id,
                source, group_name, directory_name, reason, given_by, since, until, void, last_use, reviewer_tenant,
                reviewer_user, reviewer_name, decision, shorten_to, note, decided_by, decided_by_tenant,
                decided_by_user, decided_at, outcome, outcome_text
         FROM review_items
         WHERE tenant_id = $1 AND review_id = $2 AND id > $3 AND (decision IS NULL OR NOT $4)
           AND ($5 OR (reviewer_tenant = $6 AND reviewer_user = $7)) AND ($8 OR outcome = $9)
         ORDER BY id LIMIT $10",
        t,
        review,
        after,
        undecided,
        anybody,
        tenant,
        user,
        any,
        outcome,
        limit
    )
}

pub(super) async fn some(
    c: &mut Conn,
    (t, review): (TenantId, ReviewId),
    these: &[ReviewItemId],
) -> Result<Vec<Item>> {
    let these = List::Ids(these.iter().map(|i| i.0).collect());
    sql!(
        c,
        all<Item>,
        "SELECT id, home, user_id, user_label, user_kind, user_live, role_id, role_name, scope, scope_tenant, via, via_id,
                source, group_name, directory_name, reason, given_by, since, until, void, last_use, reviewer_tenant,
                reviewer_user, reviewer_name, decision, shorten_to, note, decided_by, decided_by_tenant,
                decided_by_user, decided_at, outcome, outcome_text
         FROM review_items
         WHERE tenant_id = $1 AND review_id = $2 AND id IN (SELECT value FROM rarray($3))
         ORDER BY id",
        t,
        review,
        these
    )
}

pub(super) async fn decide(
    tx: &mut Tx,
    (t, review): (TenantId, ReviewId),
    id: ReviewItemId,
    (verdict, to): (Verdict, Option<Timestamp>),
    note: Option<&str>,
) -> Result<u64> {
    let (now, by) = (tx.now(), tx.actor().label());
    let (tenant, user) = tx.actor().user().unzip();
    sql!(
        tx,
        exec,
        "UPDATE review_items SET decision = $4, shorten_to = $5, note = $6, decided_by = $7, decided_by_tenant = $8,
                decided_by_user = $9, decided_at = $10
         WHERE tenant_id = $1 AND review_id = $2 AND id = $3
           AND EXISTS (SELECT 1 FROM reviews r WHERE r.tenant_id = $1 AND r.id = $2 AND r.state = 'open')",
        t,
        review,
        id,
        verdict,
        to,
        note,
        by,
        tenant,
        user,
        now
    )
}

/// Begins to do what was decided, if nobody else does it; says whether it is ours now. One that was begun before `stale`
/// was left behind by whoever did it.
pub(super) async fn claim(
    tx: &mut Tx,
    t: TenantId,
    id: ReviewId,
    stale: Timestamp,
) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE reviews SET state = 'closing', closing_at = $3
         WHERE tenant_id = $1 AND id = $2 AND (state = 'open' OR (state = 'closing' AND closing_at <= $4))",
        t,
        id,
        now,
        stale
    )?;
    Ok(n > 0)
}

/// What is still to be done of a review that is being closed.
pub(super) async fn left(
    c: &mut Conn,
    t: TenantId,
    review: ReviewId,
    limit: i64,
) -> Result<Vec<Item>> {
    sql!(
        c,
        all<Item>,
        "SELECT id, home, user_id, user_label, user_kind, user_live, role_id, role_name, scope, scope_tenant, via, via_id,
                source, group_name, directory_name, reason, given_by, since, until, void, last_use, reviewer_tenant,
                reviewer_user, reviewer_name, decision, shorten_to, note, decided_by, decided_by_tenant,
                decided_by_user, decided_at, outcome, outcome_text
         FROM review_items WHERE tenant_id = $1 AND review_id = $2 AND outcome IS NULL
         ORDER BY id LIMIT $3",
        t,
        review,
        limit
    )
}

pub(super) async fn outcome(
    tx: &mut Tx,
    (t, review): (TenantId, ReviewId),
    id: ReviewItemId,
    outcome: Outcome,
    text: Option<&str>,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE review_items SET outcome = $4, outcome_text = $5
         WHERE tenant_id = $1 AND review_id = $2 AND id = $3 AND outcome IS NULL
           AND EXISTS (SELECT 1 FROM reviews r WHERE r.tenant_id = $1 AND r.id = $2 AND r.state = 'closing')",
        t,
        review,
        id,
        outcome,
        text
    )
}

pub(super) async fn close(tx: &mut Tx, r: &Review) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "UPDATE reviews SET state = 'closed', closed_at = $3, closed_by = $4, manifest = $5, csv_manifest = $6
         WHERE tenant_id = $1 AND id = $2 AND state = 'closing'",
        r.tenant_id,
        r.id,
        r.closed_at,
        r.closed_by,
        r.manifest,
        r.csv_manifest
    )?;
    Ok(n > 0)
}

row! {
    /// A review whose time has come.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Due {
        pub tenant_id: TenantId,
        pub id: ReviewId,
    }
}

/// The reviews that are due, or were left behind half closed.
pub(super) async fn due(
    c: &mut Conn,
    now: Timestamp,
    stale: Timestamp,
    limit: i64,
) -> Result<Vec<Due>> {
    sql!(
        c,
        all<Due>,
        "/* platform: of every tenant, scan: the few that are open, by the index reviews_due */
         SELECT tenant_id, id FROM reviews
         WHERE state <> 'closed' AND ((state = 'open' AND due_at <= $1) OR (state = 'closing' AND closing_at <= $2))
         ORDER BY due_at LIMIT $3",
        now,
        stale,
        limit
    )
}

// what begins them

pub(super) async fn insert_plan(tx: &mut Tx, p: &Plan) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO review_plans (tenant_id, id, name, filter, reviewers, undecided, every_days, decide_seconds,
                                   next_at, created_by, created_by_tenant, created_by_user, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        p.tenant_id,
        p.id,
        p.name,
        p.filter,
        p.reviewers,
        p.undecided,
        p.every_days,
        p.decide_seconds,
        p.next_at,
        p.created_by,
        p.created_by_tenant,
        p.created_by_user,
        p.created_at
    )
}

pub(super) async fn plans(
    c: &mut Conn,
    t: TenantId,
    after: Option<ReviewPlanId>,
    limit: i64,
) -> Result<Vec<Plan>> {
    let after = after.unwrap_or(ReviewPlanId(Uuid::nil()));
    sql!(
        c,
        all<Plan>,
        "SELECT tenant_id, id, name, filter, reviewers, undecided, every_days, decide_seconds, next_at, created_by,
                created_by_tenant, created_by_user, created_at
         FROM review_plans WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after,
        limit
    )
}

pub(super) async fn delete_plan(tx: &mut Tx, t: TenantId, id: ReviewPlanId) -> Result<bool> {
    let n = sql!(tx, exec, "DELETE FROM review_plans WHERE tenant_id = $1 AND id = $2", t, id)?;
    Ok(n > 0)
}

/// The plans whose time has come.
pub(super) async fn plans_due(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Plan>> {
    sql!(
        c,
        all<Plan>,
        "/* platform: of every tenant */
         SELECT tenant_id, id, name, filter, reviewers, undecided, every_days, decide_seconds, next_at, created_by,
                created_by_tenant, created_by_user, created_at
         FROM review_plans WHERE next_at <= $1 ORDER BY next_at LIMIT $2",
        now,
        limit
    )
}

/// Moves a plan on, unless another node did.
pub(super) async fn move_on(
    tx: &mut Tx,
    t: TenantId,
    id: ReviewPlanId,
    (from, to): (Timestamp, Timestamp),
) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "UPDATE review_plans SET next_at = $4 WHERE tenant_id = $1 AND id = $2 AND next_at = $3",
        t,
        id,
        from,
        to
    )?;
    Ok(n > 0)
}

/// Whether the directory is the tenant's.
pub(super) async fn has_directory(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM directories WHERE tenant_id = $1 AND id = $2)",
        t,
        d
    )
}
