//! Addresses of a tenant that letters do not reach, as a mail provider says afterwards: who runs the platform passes its
//! webhook on. No letter about an invitation is written there until somebody clears it; a link handed over by hand
//! still opens.

mod db;

use super::{Invitation, Undelivered, gone, rules};
use crate::{
    access::{
        Access, Permit,
        perm::{UsersAdd, UsersEdit, UsersView},
    },
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{InvitationId, SuppressionId, TenantId},
    row,
    store::{Conn, Lock, Scope, Store},
    tx,
};
use serde_json::json;

/// The code of a refusal to write to such an address.
pub const SUPPRESSED: &str = "address_suppressed";

row! {
    /// An address that is not written to.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Suppressed {
        /// Its id.
        pub id: SuppressionId,
        /// The address, as the letter had it.
        pub email: String,
        /// `bounced` or `complained`.
        pub why: String,
        /// The invitation whose letter it was.
        pub invitation_id: InvitationId,
        /// Who said so.
        pub noted_by: String,
        /// When.
        pub noted_at: Timestamp,
    }
}

/// What came of a letter after the mail server had taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameBack {
    /// There is no such mailbox, or it takes nothing.
    Bounced,
    /// Its reader called it unwanted.
    Complained,
}
impl CameBack {
    fn as_undelivered(self) -> Undelivered {
        match self {
            Self::Bounced => Undelivered::Bounced,
            Self::Complained => Undelivered::Complained,
        }
    }
}

/// One spelling for each mailbox.
pub(super) fn key(email: &str) -> String {
    let [_, ascii, _] = rules::spellings(email);
    ascii
}

/// Notes that a letter of an invitation to `email` came back; that address is not written to any more. Where the person has
/// another by now, the invitation stays as it is: its letter to the other may have arrived. Said again, it changes nothing:
/// webhooks repeat themselves.
///
/// # Errors
/// `NotFound`; `Invalid` for an address that is none; `Forbidden` when the person holds what the caller does not, as to send
/// or to revoke it; `Conflict` when it was accepted and this is its address: its letter arrived.
pub async fn came_back(
    store: &Store,
    access: &Access,
    p: &Permit<UsersAdd>,
    id: InvitationId,
    email: &str,
    how: CameBack,
) -> Result<Invitation> {
    let (t, why) = (p.tenant(), how.as_undelivered().as_str());
    let email = rules::address(email)?;
    let acting = super::reachable(store, access, p, id).await?;
    tx!(store, &p.cx(), [acting, access, email], |tx| {
        tx.lock(Lock::Named(format!("invitation:{id}"))).await?;
        acting.check(&access, tx, super::MORE).await?;
        let was = super::db::get(tx, t, id).await?.ok_or_else(gone)?;
        let current = key(&was.email) == key(&email);
        if current && was.accepted_at.is_some() {
            return Err(Error::conflict("the invitation was accepted: its letter arrived"));
        }
        let by = tx.actor().label();
        let key = key(&email);
        let new = db::insert(tx, t, SuppressionId::new(), &key, &email, why, id, &by).await?;
        if new == 0 && (!current || was.failed.as_deref() == Some(why)) {
            tx.unaudited("it is known");
            return Ok(was);
        }
        if current {
            super::db::came_back(tx, t, id, why).await?;
        }
        let event = Event::new("invitation.bounced").target("invitation", id);
        let detail = json!({ "why": why, "suppressed": new > 0, "current": current });
        audit::record(tx, t, event.detail(detail).personal(json!({ "email": email }))).await?;
        super::db::get(tx, t, id).await?.ok_or_else(gone)
    })
}

/// Refuses to write to an address that letters come back from.
///
/// # Errors
/// `Conflict`, with the code [`SUPPRESSED`] and what to do instead.
pub(super) async fn refuse(c: &mut Conn, t: TenantId, email: &str) -> Result<()> {
    let Some(s) = db::of_address(c, t, &key(email)).await? else { return Ok(()) };
    let what = if s.why == Undelivered::Complained.as_str() {
        "whoever reads this address called a letter unwanted"
    } else {
        "letters to this address come back"
    };
    let text = format!(
        "{what} (noted {}), so none is written to it: correct the address; or hand the link over yourself \
         ('by_hand'); or have it cleared (muster suppression clear)",
        s.noted_at.for_people()
    );
    Err(Error::conflict(text).attr("email").code(SUPPRESSED))
}

/// Why an address is not written to, if it is not.
pub(super) async fn why(c: &mut Conn, t: TenantId, email: &str) -> Result<Option<Undelivered>> {
    let found = db::of_address(c, t, &key(email)).await?;
    Ok(found.and_then(|s| Undelivered::parse(&s.why)))
}

/// The addresses of the tenant that are not written to, newest first, after `after`.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    p: &Permit<UsersView>,
    after: Option<SuppressionId>,
    limit: u32,
) -> Result<Vec<Suppressed>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::list(&mut c, p.tenant(), after, i64::from(limit)).await
}

/// Lets an address be written to again.
///
/// # Errors
/// `NotFound`.
pub async fn clear(store: &Store, p: &Permit<UsersEdit>, id: SuppressionId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        let was = db::delete(tx, t, id).await?.ok_or_else(|| Error::not_found("suppression"))?;
        let event = Event::new("suppression.clear").target("suppression", id);
        let event = event.detail(json!({ "why": was.why }));
        audit::record(tx, t, event.personal(json!({ "email": was.email }))).await
    })
}
