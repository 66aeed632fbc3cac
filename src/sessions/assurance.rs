//! What a session proves grows or falls while it goes on. It is written down where it happens, so that no way to it is
//! forgotten, and as applications know it: what is the same to them (`acr`) is no change.

use crate::{
    audit::{self, Event},
    error::Result,
    id::{SessionId, TenantId, UserId},
    protocol::oidc::Class,
    store::Tx,
};
use serde_json::json;

/// What the audit trail calls it.
pub const CHANGED: &str = "session.assurance";
/// In its detail, as `by`: the person signed in anew.
pub const SIGN_IN: &str = "sign_in";
/// In its detail, as `by`: the directory's provider says that what it vouched for counts no more.
pub const SIGNAL: &str = "signal";

/// Writes down that a session of class `before` is of class `now`, in the transaction that changes it.
pub(super) async fn changed(
    tx: &mut Tx,
    t: TenantId,
    (id, user): (SessionId, UserId),
    (before, now): (&str, &str),
    by: &'static str,
) -> Result<()> {
    let level = |class: &str| Class::parse(class).unwrap_or(Class::None).acr();
    if level(before) == level(now) {
        return Ok(());
    }
    let detail = json!({ "session": id, "from": before, "to": now, "by": by });
    audit::record(tx, t, Event::new(CHANGED).target("user", user).detail(detail)).await
}
