//! All SQL of invitations.

use super::{Invitation, LeftOut, PlannedRole};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{InvitationId, MessageId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};

/// An invitation with everything that decides where it stands; whoever invited may be another tenant's, so it is read
/// over all of them.
macro_rules! invitation {
    ($which:literal) => {
        concat!(
            "SELECT i.tenant_id, i.id, i.user_id, i.email, i.plan, i.invited_by, i.invited_by_tenant, i.invited_by_user,
                    i.created_at, i.expires_at, i.sent_at, i.accepted_at, i.accepted_by, i.left_out, i.revoked_at,
                    i.failed_at, i.failed, i.failed_message, i.failed_reply, i.asked_at, i.locale,
                    CASE WHEN u.directory_id IS NULL THEN u.email ELSE i.email END,
                    (u.active AND u.enabled),
                    (i.invited_by_user IS NULL
                       OR EXISTS (SELECT 1 FROM users b WHERE b.tenant_id = i.invited_by_tenant
                                  AND b.id = i.invited_by_user AND b.active AND b.enabled)),
                    (h.status = 'active'),
                    (EXISTS (SELECT 1 FROM passwords p WHERE p.tenant_id = i.tenant_id AND p.user_id = i.user_id)
                       OR EXISTS (SELECT 1 FROM passkeys k WHERE k.tenant_id = i.tenant_id AND k.user_id = i.user_id)
                       OR EXISTS (SELECT 1 FROM identities a WHERE a.tenant_id = i.tenant_id AND a.user_id = i.user_id))
             FROM invitations i
             JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
             JOIN tenants h ON h.id = i.tenant_id
             ",
            $which
        )
    };
}

pub(super) struct NewRow<'a> {
    pub t: TenantId,
    pub id: InvitationId,
    pub user: UserId,
    pub hash: &'a str,
    pub email: &'a str,
    pub plan: &'a Vec<PlannedRole>,
    /// How a letter names the inviter, and who they are.
    pub by: (&'a str, Option<(TenantId, UserId)>),
    pub expires: Timestamp,
    pub locale: Option<&'a str>,
}

pub(super) async fn insert(tx: &mut Tx, r: &NewRow<'_>) -> Result<()> {
    let (now, (label, by)) = (tx.now(), r.by);
    let (by_tenant, by_user) = (by.map(|b| b.0), by.map(|b| b.1));
    sql!(
        tx,
        exec,
        "INSERT INTO invitations (tenant_id, id, user_id, hash, email, plan, invited_by, invited_by_tenant,
                                  invited_by_user, created_at, expires_at, letters, letters_from, locale)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $10, $12)",
        r.t,
        r.id,
        r.user,
        r.hash,
        r.email,
        J(r.plan),
        label,
        by_tenant,
        by_user,
        now,
        r.expires,
        r.locale
    )?;
    Ok(())
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: InvitationId) -> Result<Option<Invitation>> {
    sql!(c, opt<Invitation>, invitation!("WHERE i.tenant_id = $1 AND i.id = $2"), t, id)
}

pub(super) async fn by_hash(c: &mut Conn, hash: &str) -> Result<Option<Invitation>> {
    sql!(
        c,
        opt<Invitation>,
        invitation!("WHERE i.hash = $1 /* platform: the link says whose it is */"),
        hash
    )
}

pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    after: Option<InvitationId>,
    limit: i64,
) -> Result<Vec<Invitation>> {
    let after = after.unwrap_or(InvitationId(uuid::Uuid::max()));
    sql!(
        c,
        all<Invitation>,
        invitation!("WHERE i.tenant_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3"),
        t,
        after,
        limit
    )
}

row! {
    struct Waiting { id: InvitationId, hash: String }
}

/// The invitations of people in no directory who have an address of one of these spellings; ten at most.
pub(super) async fn of_address(
    c: &mut Conn,
    t: TenantId,
    [one, two, three]: &[String; 3],
) -> Result<Vec<(InvitationId, String)>> {
    let found = sql!(
        c,
        all<Waiting>,
        "SELECT i.id, i.hash FROM users u JOIN invitations i ON i.tenant_id = u.tenant_id AND i.user_id = u.id
         WHERE u.tenant_id = $1 AND u.email_key IN ($2, $3, $4) AND u.directory_id IS NULL
           AND i.accepted_at IS NULL AND i.revoked_at IS NULL ORDER BY i.id LIMIT 10",
        t,
        one,
        two,
        three
    )?;
    Ok(found.into_iter().map(|w| (w.id, w.hash)).collect())
}

/// Whether anybody has an address of one of these spellings, or signs in with the first of them as a name.
pub(super) async fn is_there(
    c: &mut Conn,
    t: TenantId,
    [one, two, three]: &[String; 3],
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM user_emails WHERE tenant_id = $1 AND value_key IN ($2, $3, $4))
             OR EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND directory_id IS NULL AND user_name_key = $2)",
        t,
        one,
        two,
        three
    )
}

/// Whether the token of this hash is still the invitation's.
pub(super) async fn is_current(
    c: &mut Conn,
    t: TenantId,
    id: InvitationId,
    hash: &str,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM invitations WHERE tenant_id = $1 AND id = $2 AND hash = $3
                        AND accepted_at IS NULL AND revoked_at IS NULL)",
        t,
        id,
        hash
    )
}

/// The invitations of one person that were neither accepted nor taken back.
pub(super) async fn open_of(c: &mut Conn, t: TenantId, user: UserId) -> Result<Vec<Invitation>> {
    sql!(
        c,
        all<Invitation>,
        invitation!(
            "WHERE i.tenant_id = $1 AND i.user_id = $2 AND i.accepted_at IS NULL AND i.revoked_at IS NULL
             ORDER BY i.id"
        ),
        t,
        user
    )
}

/// A new link and a new letter, unless `most` letters were written since `since`.
#[expect(clippy::too_many_arguments, reason = "one statement's columns")]
pub(super) async fn renew(
    tx: &mut Tx,
    t: TenantId,
    id: InvitationId,
    hash: &str,
    email: &str,
    expires: Timestamp,
    (label, by): (&str, Option<(TenantId, UserId)>),
    most: i64,
    since: Timestamp,
) -> Result<bool> {
    let now = tx.now();
    let (by_tenant, by_user) = (by.map(|b| b.0), by.map(|b| b.1));
    let n = sql!(
        tx,
        exec,
        "UPDATE invitations SET hash = $3, expires_at = $4, revoked_at = NULL, sent_at = NULL, failed_at = NULL,
                failed = NULL, failed_message = NULL, failed_reply = NULL, asked_at = NULL, invited_by = $5, invited_by_tenant = $6, invited_by_user = $7, email = $11,
                letters = CASE WHEN letters_from > $8 THEN letters + 1 ELSE 1 END,
                letters_from = CASE WHEN letters_from > $8 THEN letters_from ELSE $9 END
         WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND (letters < $10 OR letters_from <= $8)",
        t,
        id,
        hash,
        expires,
        label,
        by_tenant,
        by_user,
        since,
        now,
        most,
        email
    )?;
    Ok(n > 0)
}

pub(super) async fn revoke(tx: &mut Tx, t: TenantId, id: InvitationId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE invitations SET revoked_at = coalesce(revoked_at, $3)
         WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL",
        t,
        id,
        now
    )
}

pub(super) async fn sent(tx: &mut Tx, t: TenantId, id: InvitationId, hash: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE invitations SET sent_at = $4 WHERE tenant_id = $1 AND id = $2 AND hash = $3",
        t,
        id,
        hash,
        now
    )
}

/// Notes that the letter with the link of this hash was given up.
pub(super) async fn failed(
    tx: &mut Tx,
    t: TenantId,
    (id, hash): (InvitationId, &str),
    message: MessageId,
    why: &str,
    reply: Option<&str>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE invitations SET failed_at = $4, failed = $5, failed_message = $6, failed_reply = $7
         WHERE tenant_id = $1 AND id = $2 AND hash = $3 AND sent_at IS NULL",
        t,
        id,
        hash,
        now,
        why,
        message,
        reply
    )
}

/// Notes that the letter came back, after the mail server had taken it.
pub(super) async fn came_back(
    tx: &mut Tx,
    t: TenantId,
    id: InvitationId,
    why: &str,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE invitations SET failed_at = $3, failed = $4, failed_reply = NULL WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL",
        t,
        id,
        now,
        why
    )
}

/// Notes that the person asks for a new link, unless they did since `since`.
pub(super) async fn asked(
    tx: &mut Tx,
    t: TenantId,
    id: InvitationId,
    since: Timestamp,
) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE invitations SET asked_at = $3
         WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND (asked_at IS NULL OR asked_at <= $4)",
        t,
        id,
        now,
        since
    )?;
    Ok(n > 0)
}

/// Claims an invitation, once: the one statement that decides between two who accept it.
pub(super) async fn claim(
    tx: &mut Tx,
    t: TenantId,
    id: InvitationId,
    hash: &str,
    how: &str,
) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE invitations SET accepted_at = $4, accepted_by = $5
         WHERE tenant_id = $1 AND id = $2 AND hash = $3 AND accepted_at IS NULL AND revoked_at IS NULL
           AND expires_at > $4",
        t,
        id,
        hash,
        now,
        how
    )?;
    Ok(n > 0)
}

/// Notes what an acceptance did not give.
pub(super) async fn left_out(
    tx: &mut Tx,
    t: TenantId,
    id: InvitationId,
    roles: &Vec<LeftOut>,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE invitations SET left_out = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        J(roles)
    )
}

/// Whether somebody can sign in without an invitation: they have a password, a passkey, or an identity of a directory.
pub(super) async fn has_way_in(c: &mut Conn, t: TenantId, user: UserId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM passwords WHERE tenant_id = $1 AND user_id = $2)
             OR EXISTS (SELECT 1 FROM passkeys WHERE tenant_id = $1 AND user_id = $2)
             OR EXISTS (SELECT 1 FROM identities WHERE tenant_id = $1 AND user_id = $2)",
        t,
        user
    )
}
