//! The audit trail's SQL.

use super::Query;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{EventId, TenantId},
    row, some_rows, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

pub(super) struct NewRow<'a> {
    pub tenant: TenantId,
    pub id: EventId,
    pub action: &'static str,
    pub actor: String,
    pub acting: Option<TenantId>,
    pub target: Option<&'a str>,
    pub detail: J<&'a Value>,
    pub commitment: String,
    pub digest: String,
}

pub(super) async fn insert(tx: &mut Tx, r: &NewRow<'_>) -> Result<()> {
    let (now, request) = (tx.now(), tx.actor().request());
    sql!(tx, later, {
        lite: "INSERT INTO audit_events (tenant_id, id, at, action, actor, acting_tenant, target, request, detail,
                                         commitment, digest, tx)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)",
        pg: "INSERT INTO audit_events (tenant_id, id, at, action, actor, acting_tenant, target, request, detail,
                                       commitment, digest, tx)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, pg_current_xact_id()::text::bigint)",
    }, r.tenant, r.id, now, r.action, r.actor, r.acting, r.target, request, r.detail, r.commitment, r.digest)
}

pub(super) async fn insert_personal(
    tx: &mut Tx,
    tenant: TenantId,
    event: EventId,
    salt: &str,
    data: &J<&Value>,
) -> Result<()> {
    sql!(
        tx,
        later,
        "INSERT INTO audit_personal (tenant_id, event_id, salt, data) VALUES ($1, $2, $3, $4)",
        tenant,
        event,
        salt,
        *data
    )
}

row! {
    pub(super) struct Row {
        pub id: EventId,
        pub at: Timestamp,
        pub action: String,
        pub actor: String,
        pub acting_tenant: Option<TenantId>,
        pub target: Option<String>,
        pub detail: J<Value>,
        pub personal: Option<J<Value>>,
        pub digest: String,
    }
}

/// An event where it stands in the trail: newest first by when it was, and of the same moment by id.
pub(super) type Place = (Timestamp, EventId);

row! {
    pub(super) struct At {
        pub at: Timestamp,
        pub id: EventId,
    }
}

macro_rules! events {
    ($which:literal) => {
        concat!(
            "SELECT e.id, e.at, e.action, e.actor, e.acting_tenant, e.target, e.detail, p.data, e.digest
             FROM audit_events e
             LEFT JOIN audit_personal p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
             WHERE e.tenant_id = $1 AND (e.at, e.id) >= ($2, $3) AND (e.at, e.id) < ($4, $5)
               AND e.action >= $6 AND e.action <= $7 ",
            $which,
            " ORDER BY e.at DESC, e.id DESC LIMIT $8"
        )
    };
}

/// Newest first: from `from` on and before `to`, as the query says.
pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    (from, to): (Place, Place),
    q: &Query,
    limit: i64,
) -> Result<Vec<Row>> {
    let (least, most) = q.action.as_ref().map_or(("", "~"), |a| (a.0.as_str(), a.1.as_str()));
    match (q.target.as_deref(), q.actor.as_deref()) {
        (None, None) => {
            sql!(c, all<Row>, events!(""), t, from.0, from.1, to.0, to.1, least, most, limit)
        }
        (None, Some(actor)) => {
            sql!(
                c,
                all<Row>,
                events!("AND e.actor = $9"),
                t,
                from.0,
                from.1,
                to.0,
                to.1,
                least,
                most,
                limit,
                actor
            )
        }
        (Some(target), None) => {
            sql!(
                c,
                all<Row>,
                events!("AND e.target = $9"),
                t,
                from.0,
                from.1,
                to.0,
                to.1,
                least,
                most,
                limit,
                target
            )
        }
        // What happened to one thing is little, and what somebody did may be much: no index is to begin with that.
        (Some(target), Some(actor)) => {
            sql!(
                c,
                all<Row>,
                events!("AND e.target = $9 AND e.actor || '' = $10"),
                t,
                from.0,
                from.1,
                to.0,
                to.1,
                least,
                most,
                limit,
                target,
                actor
            )
        }
    }
}

/// The text of [`nth`]; `$which` says of whom.
macro_rules! nth {
    ($which:literal) => {
        concat!(
            "SELECT at, id FROM audit_events
             WHERE tenant_id = $1 AND (at, id) >= ($2, $3) AND (at, id) < ($4, $5) ",
            $which,
            " ORDER BY at DESC, id DESC LIMIT 1 OFFSET $6"
        )
    };
}

/// The event before which so many newer ones stand, from `from` on and before `to`; of one thing, or of one who acts, if the
/// query says so.
pub(super) async fn nth(
    c: &mut Conn,
    t: TenantId,
    (from, to): (Place, Place),
    q: &Query,
    n: i64,
) -> Result<Option<At>> {
    match (q.target.as_deref(), q.actor.as_deref()) {
        (None, None) => sql!(c, opt<At>, nth!(""), t, from.0, from.1, to.0, to.1, n),
        (None, Some(actor)) => {
            sql!(c, opt<At>, nth!("AND actor = $7"), t, from.0, from.1, to.0, to.1, n, actor)
        }
        (Some(target), _) => {
            sql!(c, opt<At>, nth!("AND target = $7"), t, from.0, from.1, to.0, to.1, n, target)
        }
    }
}

/// Some of the personal data in the trail of a tenant that leaves.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("audit_personal", "event_id"), t, n)
}
