//! SQL of the trail of an exported tenant.

use super::super::db::{Key, Placed, document, time};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{EventId, RequestId, TenantId},
    row, sql,
    store::{Conn, J},
};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

#[expect(clippy::ref_option, reason = "as serde wants it")]
fn perhaps<S: Serializer>(v: &Option<J<Value>>, s: S) -> std::result::Result<S::Ok, S::Error> {
    v.as_ref().map(|v| &v.0).serialize(s)
}

row! {
    /// An event of its trail, with what proves it.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct Happened {
        pub id: EventId,
        #[serde(serialize_with = "time")]
        pub at: Timestamp,
        pub action: String,
        pub actor: String,
        pub acting_tenant: Option<TenantId>,
        pub target: Option<String>,
        pub request: RequestId,
        #[serde(serialize_with = "document")]
        pub detail: J<Value>,
        pub commitment: String,
        pub digest: String,
        pub salt: Option<String>,
        #[serde(serialize_with = "perhaps")]
        pub personal: Option<J<Value>>,
    }
}
impl Placed for Happened {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(in crate::farewell::export) async fn trail(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<Happened>> {
    sql!(
        c,
        all<Happened>,
        "SELECT e.id, e.at, e.action, e.actor, e.acting_tenant, e.target, e.request, e.detail, e.commitment, e.digest,
                p.salt, p.data
         FROM audit_events e
         LEFT JOIN audit_personal p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
         WHERE e.tenant_id = $1 AND e.id > $2 ORDER BY e.id LIMIT $3",
        t,
        after.0,
        n
    )
}
