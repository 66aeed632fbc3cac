//! SQL of sessions as they are looked at.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{SessionId, TenantId, UserId},
    row, sql,
    store::{Conn, J},
};
use serde_json::Value;

row! {
    /// A session as it is listed.
    #[derive(Debug, Clone)]
    pub struct Listed {
        /// The session.
        pub id: SessionId,
        /// The tenant acted in.
        pub acting_tenant: TenantId,
        /// The assurance class.
        pub class: String,
        /// What it was decided on.
        pub evidence: J<Value>,
        /// Address and user agent.
        pub client: J<Value>,
        /// The beginning.
        pub created_at: Timestamp,
        /// Last request noted.
        pub last_seen_at: Timestamp,
        /// The end.
        pub expires_at: Timestamp,
        /// Ended before that.
        pub ended_at: Option<Timestamp>,
        /// Why.
        pub ended_why: Option<String>,
        /// What its person calls it; for people only.
        pub name: Option<String>,
    }
}

pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    user: UserId,
    before: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let before = before.unwrap_or(SessionId(uuid::Uuid::max()));
    sql!(
        c,
        all<Listed>,
        "SELECT id, acting_tenant, class, evidence, client, created_at, last_seen_at, expires_at, ended_at, ended_why,
                name
         FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        t,
        user,
        before,
        limit
    )
}

/// Whose session it is.
pub(super) async fn whose(c: &mut Conn, t: TenantId, id: SessionId) -> Result<Option<UserId>> {
    sql!(c, opt<UserId>, "SELECT user_id FROM sessions WHERE tenant_id = $1 AND id = $2", t, id)
}
