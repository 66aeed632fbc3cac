//! SQL of the flight recorder.

use super::{Attempt, Outcome, Query, Reason};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, SigninId, TenantId, UserId},
    row, some_rows, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

/// The columns of a row to be written that are not the transaction's.
pub struct NewRow<'a> {
    pub id: SigninId,
    pub reference: &'a str,
    pub directory: Option<DirectoryId>,
    pub user: Option<UserId>,
    pub outcome: Outcome,
    pub reason: Option<&'a str>,
    pub detail: J<&'a Value>,
}

pub async fn insert(tx: &mut Tx, t: TenantId, r: &NewRow<'_>) -> Result<()> {
    let now: Timestamp = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO signins (tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        t,
        r.id,
        r.reference,
        now,
        r.directory,
        r.user,
        r.outcome,
        r.reason,
        r.detail
    )?;
    Ok(())
}

pub async fn by_reference(c: &mut Conn, reference: &str) -> Result<Option<Attempt>> {
    sql!(
        c,
        opt<Attempt>,
        "/* platform: whose attempt it was is what the reference tells */
         SELECT tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail
         FROM signins WHERE reference = $1",
        reference
    )
}

/// An attempt where it stands among the others: newest first by when it was, and of the same moment by id.
pub(super) type Place = (Timestamp, SigninId);

row! {
    pub(super) struct At {
        pub at: Timestamp,
        pub id: SigninId,
    }
}

macro_rules! attempts {
    ($which:literal) => {
        concat!(
            "SELECT tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail FROM signins
             WHERE tenant_id = $1 AND (at, id) >= ($2, $3) AND (at, id) < ($4, $5)
               AND (NOT $6 OR outcome <> 'success') AND ($7 OR outcome = $8) AND ($9 OR reason = $10) ",
            $which,
            " ORDER BY at DESC, id DESC LIMIT $11"
        )
    };
}

/// Newest first: from `from` on and before `to`, as the query says.
pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    (from, to): (Place, Place),
    q: &Query,
    limit: i64,
) -> Result<Vec<Attempt>> {
    let (every_outcome, every_reason) = (q.outcome.is_none(), q.reason.is_none());
    let reason = q.reason.map(Reason::code);
    let outcome = q.outcome.map(Outcome::as_str);
    match (q.user, q.directory) {
        (None, None) => sql!(
            c,
            all<Attempt>,
            attempts!(""),
            t,
            from.0,
            from.1,
            to.0,
            to.1,
            q.bad,
            every_outcome,
            outcome,
            every_reason,
            reason,
            limit
        ),
        (None, Some(directory)) => sql!(
            c,
            all<Attempt>,
            attempts!("AND directory_id = $12"),
            t,
            from.0,
            from.1,
            to.0,
            to.1,
            q.bad,
            every_outcome,
            outcome,
            every_reason,
            reason,
            limit,
            directory
        ),
        // One user has few, a directory many: no index is to begin with that.
        (Some(user), directory) => sql!(
            c,
            all<Attempt>,
            attempts!("AND user_id = $12 AND ($13 OR directory_id = $14)"),
            t,
            from.0,
            from.1,
            to.0,
            to.1,
            q.bad,
            every_outcome,
            outcome,
            every_reason,
            reason,
            limit,
            user,
            directory.is_none(),
            directory
        ),
    }
}

/// The text of [`nth`]; `$which` says of which directory.
macro_rules! nth {
    ($which:literal) => {
        concat!(
            "SELECT at, id FROM signins
             WHERE tenant_id = $1 AND (at, id) >= ($2, $3) AND (at, id) < ($4, $5) ",
            $which,
            " ORDER BY at DESC, id DESC LIMIT 1 OFFSET $6"
        )
    };
}

/// The attempt before which so many newer ones stand, from `from` on and before `to`; through one directory, if there is one.
pub(super) async fn nth(
    c: &mut Conn,
    t: TenantId,
    (from, to): (Place, Place),
    directory: Option<DirectoryId>,
    n: i64,
) -> Result<Option<At>> {
    match directory {
        None => sql!(c, opt<At>, nth!(""), t, from.0, from.1, to.0, to.1, n),
        Some(d) => {
            sql!(c, opt<At>, nth!("AND directory_id = $7"), t, from.0, from.1, to.0, to.1, n, d)
        }
    }
}

row! {
    /// How many attempts of a day ended so.
    pub struct OfADay {
        /// Days since 1970-01-01.
        pub day: i64,
        /// How they ended.
        pub outcome: Outcome,
        /// How many.
        pub count: i64,
    }
}

/// How many attempts ended how, day by day (of `day` microseconds), from the first moment on and before the second.
pub(super) async fn by_day(
    c: &mut Conn,
    t: TenantId,
    (from, to): (Timestamp, Timestamp),
    day: i64,
) -> Result<Vec<OfADay>> {
    sql!(
        c,
        all<OfADay>,
        "SELECT at / $3, outcome, count(*) FROM signins WHERE tenant_id = $1 AND at >= $2 AND at < $4
         GROUP BY 1, 2 ORDER BY 1, 2",
        t,
        from,
        day,
        to
    )
}

/// The text of [`last`]; `$which` says of which.
macro_rules! last {
    ($which:literal) => {
        concat!(
            "SELECT tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail FROM signins
             WHERE tenant_id = $1 AND directory_id = $2 AND outcome ",
            $which,
            " 'success' ORDER BY at DESC, id DESC LIMIT 1"
        )
    };
}

/// The last success through a directory, or the last that was none.
pub async fn last(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    success: bool,
) -> Result<Option<Attempt>> {
    if success {
        sql!(c, opt<Attempt>, last!("="), t, d)
    } else {
        sql!(c, opt<Attempt>, last!("<>"), t, d)
    }
}

/// Removes attempts before `before`, so many at most, the oldest first.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM signins /* platform: worker */ WHERE (tenant_id, id) IN (
           SELECT tenant_id, id FROM signins WHERE at < $1 ORDER BY at LIMIT $2)",
        before,
        limit
    )
}

/// Some of the records of a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("signins", "id"), t, n)
}
