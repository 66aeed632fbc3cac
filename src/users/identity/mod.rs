//! Login identities: (directory, issuer, subject), never an e-mail address.

mod db;

use super::User;
use crate::{
    audit::{self, Event},
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    store::{Conn, Tx},
    text,
};

/// Who signs in with this identity.
pub async fn find_by_identity(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    subject: &str,
) -> Result<Option<User>> {
    db::by_identity(c, t, d, issuer, subject).await
}

/// The provisioned person whom the directory calls `external_id`: how a first sign-in finds them, by an id that
/// both sides hold immutable.
///
/// # Errors
/// `Conflict` (code `ambiguous`) when the directory gave two people the same id: neither is meant for sure.
pub async fn find_by_external_id(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    external_id: &str,
) -> Result<Option<User>> {
    let mut found = db::by_external_id(c, t, d, external_id).await?;
    if found.len() > 1 {
        let detail = "the directory has provisioned more than one person with this externalId";
        return Err(Error::conflict(detail).code("ambiguous"));
    }
    Ok(found.pop())
}

/// Whom a directory brought, or signs in, and who has this address or user name, in any case; nobody where it is several.
pub async fn find_by_address(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    address: &str,
) -> Result<Option<User>> {
    let mut found = db::by_address(c, t, d, &text::fold(address.trim())).await?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// Whether somebody whom another directory of the tenant brought has this address or user name, in any case.
///
/// # Errors
/// The database's.
pub async fn is_anothers(c: &mut Conn, t: TenantId, d: DirectoryId, address: &str) -> Result<bool> {
    db::of_another_directory(c, t, d, &text::fold(address)).await
}

/// Whether the person signed in through this directory when it had another issuer: the same subject there is no sign of the
/// same person.
///
/// # Errors
/// The database's.
pub async fn known_elsewhere(
    c: &mut Conn,
    (t, user): (TenantId, UserId),
    d: DirectoryId,
    issuer: &str,
) -> Result<bool> {
    db::other_issuer(c, t, d, issuer, user).await
}

/// Notes that this identity is that user's and signed in now; says whether it is a new link.
///
/// # Errors
/// `Conflict` when the identity is another user's (code `identity_taken`), when the user has another subject of the
/// same issuer (code `already_linked`): somebody who got a second account in the directory is not the same person; or
/// when the user is another directory's (code `of_another_directory`).
pub async fn link(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    subject: &str,
    user: UserId,
) -> Result<bool> {
    text::key("iss", issuer)?;
    text::key("sub", subject)?;
    tx.lock(crate::store::Lock::User(user)).await?;
    if db::touch_identity(tx, t, d, issuer, subject, user).await? > 0 {
        tx.unaudited("the time of a sign-in is bookkeeping");
        return Ok(false);
    }
    if db::other_subject(tx, t, d, issuer, user).await? {
        let detail = "the person is linked to another account of this directory";
        return Err(Error::conflict(detail).code("already_linked"));
    }
    let made = db::insert_identity(tx, t, d, issuer, subject, user).await.map_err(|e| {
        if e.violates("identities_pkey") {
            let detail = "this account of the directory is linked to another person";
            return Error::conflict(detail).code("identity_taken");
        }
        e
    })?;
    if made == 0 {
        let detail = "the person is another directory's, which alone lets them in";
        return Err(Error::conflict(detail).code("of_another_directory"));
    }
    let event = Event::new("user.link").target("user", user);
    let event = event.detail(serde_json::json!({ "directory": d, "issuer": issuer }));
    audit::record(tx, t, event.personal(serde_json::json!({ "subject": subject }))).await?;
    Ok(true)
}

/// The directory takes the person over: what other directories know them by ends.
pub(super) async fn only(tx: &mut Tx, t: TenantId, d: DirectoryId, user: UserId) -> Result<()> {
    let gone = db::delete_other_identities(tx, t, d, user).await?;
    for (directory, subject) in gone.into_iter().map(|i| (i.directory_id, i.subject)) {
        let event = Event::new("user.unlink").target("user", user);
        let event = event.detail(serde_json::json!({ "directory": directory }));
        audit::record(tx, t, event.personal(serde_json::json!({ "subject": subject }))).await?;
    }
    Ok(())
}
