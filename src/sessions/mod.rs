//! Sessions, refresh families, and the revoke path: `revoke` is the only way anything ends.
use crate::{error::Result, id::*, store::Tx};
/// Who.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// T.
    Tenant(TenantId),
    /// U.
    User(TenantId, UserId),
    /// S.
    Session(TenantId, SessionId),
}
/// Revoked.
#[derive(Debug)]
pub struct Revoked;
/// Revokes.
pub async fn revoke(_tx: &mut Tx, _who: Who, _why: &'static str) -> Result<Revoked> {
    Ok(Revoked)
}
