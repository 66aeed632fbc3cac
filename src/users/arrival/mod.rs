//! How a directory's people come in: made anew, or taken over from those whom no directory has. Whoever stands in the
//! way (a person deleted by hand, a person of no directory) keeps the new one out; what becomes of that, `provisioning`
//! decides.

mod db;

use super::{
    Draft, User, announce, db as users,
    directory::remembered_off,
    gone, guarded, identity, name_taken, rules,
    tombstones::{self, Tombstone},
};
use crate::{
    access::{Permit, guard::By, parked, perm::Provision},
    audit::{self, Event},
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    sessions::{self, Who},
    store::{Conn, Lock, Store, Tx},
    tx,
};
use std::sync::Arc;

/// The code of a conflict with a person whom no directory has.
pub const UNOWNED: &str = "person_of_no_directory";
/// The code of a conflict with a person who was deleted by hand.
pub const DELETED: &str = "deleted_by_hand";

/// What became of a creation.
enum Arrival {
    Came(Box<User>),
    Deleted(Tombstone),
    Unowned,
    /// They are here already.
    There(Box<User>),
}

/// Makes a user; a customer's directory brings tenant users, the provider's technicians. Somebody who was switched off
/// by hand before the directory deleted them comes back so, and so does whoever has the id of one who is here and off.
///
/// # Errors
/// `Invalid`; `Conflict` with the code `uniqueness` for a name that is taken (in any case), [`DELETED`] for somebody
/// whom a person deleted, [`UNOWNED`] for somebody who is here and of no directory.
pub async fn create(store: &Store, p: &Permit<Provision>, draft: Draft) -> Result<User> {
    comes(store, p, draft, false).await
}

/// The same for whom a sign-in brings: whoever the directory calls so already is the one. Of several at once the first makes
/// the person.
///
/// # Errors
/// As [`create`], and as [`super::find_by_external_id`].
pub async fn create_once(store: &Store, p: &Permit<Provision>, draft: Draft) -> Result<User> {
    comes(store, p, draft, true).await
}

async fn comes(store: &Store, p: &Permit<Provision>, draft: Draft, once: bool) -> Result<User> {
    rules::checked(&draft)?;
    let (t, d, id) = (p.tenant(), p.directory(), UserId::new());
    let folded = Arc::new(rules::folded(&draft.doc)?);
    let draft = Arc::new(draft);
    let name = draft.clone();
    let arrival = tx!(store, &p.cx(), [draft, folded], |tx| {
        if let Some(account) = draft.external_id.as_deref().filter(|_| once) {
            tx.lock(Lock::Named(format!("account {d} {account}"))).await?;
            if let Some(there) = identity::find_by_external_id(tx, t, d, account).await? {
                tx.unaudited("nobody is made");
                return Ok(Arrival::There(Box::new(there)));
            }
        }
        // They travel with the transaction's beginning, so a creation costs no round trip more.
        tx.lock_beside(tombstones::lock(d, &draft.user_name), parked::returns(d)).await?;
        let Some((user, awaited)) = db::insert(tx, t, d, id, &draft, &folded).await? else {
            return stands(tx, t, d, &draft).await;
        };
        users::insert_emails(tx, t, id, &draft.emails).await?;
        if !user.enabled {
            tombstones::settle(tx, t, d, &user).await?;
        }
        if awaited {
            let x = draft.external_id.as_deref();
            parked::restore(tx, t, d, id, &draft.user_name, x).await?;
        }
        let event = Event::new("user.create")
            .target("user", id)
            .detail(serde_json::json!({
                "kind": user.kind.as_str(), "active": user.active, "enabled": user.enabled,
            }))
            .personal(rules::personal(&user));
        // Nothing can have cached an id that did not exist, so nobody is told.
        audit::record(tx, t, event).await?;
        Ok(Arrival::Came(Box::new(user)))
    })
    .map_err(|e| name_taken(e, &name.user_name, "userName"))?;
    match arrival {
        Arrival::Came(user) | Arrival::There(user) => Ok(*user),
        Arrival::Deleted(was) => Err(tombstones::refusal(&name.user_name, &was)),
        Arrival::Unowned => {
            let name = crate::text::excerpt(&name.user_name);
            let text = format!("userName '{name}' belongs to a person whom no directory has");
            Err(Error::conflict(text).code(UNOWNED).attr("userName"))
        }
    }
}

/// Who stands in the way.
async fn stands(tx: &mut Tx, t: TenantId, d: DirectoryId, draft: &Draft) -> Result<Arrival> {
    match tombstones::of(tx, t, d, &draft.user_name, draft.external_id.as_deref()).await? {
        Some(was) => {
            tombstones::asked(tx, &was).await?;
            Ok(Arrival::Deleted(was))
        }
        None => Ok(Arrival::Unowned),
    }
}

/// Those of no directory whom a creation may mean, three at most. It holds what a creation holds, so that nobody is
/// deleted by hand under this name meanwhile.
pub(crate) async fn unowned(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    draft: &Draft,
) -> Result<Vec<User>> {
    tx.lock_beside(tombstones::lock(d, &draft.user_name), parked::returns(d)).await?;
    let (email, external_id) = (draft.email.as_deref(), draft.external_id.as_deref());
    db::unowned(tx, t, d, (Some(&draft.user_name), email, external_id)).await
}

/// By which attribute a creation means a person of no directory, and its value: name, address, or the account that they
/// signed in as.
pub(crate) fn meant_by<'a>(user: &User, draft: &'a Draft) -> (&'static str, &'a str) {
    match (draft.email.as_deref(), draft.external_id.as_deref()) {
        _ if rules::is_called(user, &draft.user_name) => ("userName", &draft.user_name),
        (Some(email), _) if rules::is_called(user, email) => ("emails", email),
        (_, Some(id)) => ("externalId", id),
        _ => ("userName", &draft.user_name),
    }
}

/// Refuses to call somebody whom the directory has by what belongs to a person of no directory, as a creation would be
/// refused where nobody has decided. Only what is another than before is asked about.
///
/// # Errors
/// `Conflict` (code `uniqueness`).
pub(super) async fn not_of_another(
    tx: &mut Tx,
    d: DirectoryId,
    was: &User,
    draft: &Draft,
) -> Result<()> {
    let new = rules::newly_called(was, draft);
    if new == (None, None, None) {
        return Ok(());
    }
    let Some(other) = db::unowned(tx, was.tenant_id, d, new).await?.into_iter().next() else {
        return Ok(());
    };
    let (attr, value) = match new {
        (Some(name), _, _) if rules::is_called(&other, name) => ("userName", name),
        (_, Some(email), _) if rules::is_called(&other, email) => ("emails", email),
        (_, _, external_id) => ("externalId", external_id.unwrap_or_default()),
    };
    let text = format!(
        "{attr} '{}' is that of a person of this tenant whom no directory has, and is not taken over by changing \
         somebody else: an administrator must delete or rename that person ({}) first",
        crate::text::excerpt(value),
        other.id
    );
    Err(Error::conflict(text).code("uniqueness").attr(attr))
}

/// Whether a person has signed in through the directory as the account that it calls so: both sides hold that id
/// immutable.
pub(crate) async fn is_account(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
    external_id: Option<&str>,
) -> Result<bool> {
    match external_id {
        Some(x) => db::is_account(c, t, d, user, x).await,
        None => Ok(false),
    }
}

/// Makes a person the directory's, whom [`unowned`] gave and the caller has seen to be of none under the person's lock:
/// id, kind, roles and the switch by hand stay; what describes them is what the directory says from now on, and it is
/// their only way in: whatever came in by another ends. What was kept for whoever comes so called is theirs. `detail` is
/// for the audit event.
///
/// # Errors
/// `Conflict` with the code `uniqueness` when the directory has the name, [`DELETED`] when a person deleted whoever had it.
pub(crate) async fn adopt(
    tx: &mut Tx,
    d: DirectoryId,
    was: &User,
    draft: &Draft,
    detail: serde_json::Value,
) -> Result<User> {
    rules::checked(draft)?;
    let (t, id) = (was.tenant_id, was.id);
    let folded = rules::folded(&draft.doc)?;
    // Whatever was decided by hand about whoever was called so.
    let x = draft.external_id.as_deref();
    let off = tombstones::becomes(tx, t, d, &draft.user_name, x, x).await? && was.enabled;
    if !was.enabled && crate::text::fold(&was.user_name) != crate::text::fold(&draft.user_name) {
        // Nor is being taken over under another name a way around what was decided about whoever has this one.
        let before = User { directory_id: Some(d), ..was.clone() };
        tombstones::remember(tx, &before, tombstones::Why::Disabled).await?;
    }
    let guard = if draft.active && !off { None } else { guarded(tx, was).await? };
    if off {
        users::set_enabled(tx, t, id, false).await?;
    }
    sessions::revoke(tx, Who::User(t, id), "taken over by the directory").await?;
    identity::only(tx, t, d, id).await?;
    let done = db::adopt(tx, t, d, id, draft, &folded).await;
    done.map_err(|e| name_taken(e, &draft.user_name, "userName"))?;
    users::delete_emails(tx, t, id).await?;
    users::insert_emails(tx, t, id, &draft.emails).await?;
    parked::restore(tx, t, d, id, &draft.user_name, x).await?;
    let held = match guard {
        Some(g) => g.after(tx, By::Directory { user: id, label: was.label().to_owned() }).await?,
        None => false,
    };
    let user = users::get(tx, t, id).await?.ok_or_else(|| gone(id))?;
    let mut detail = detail;
    detail["attributes"] = rules::changed(was, draft).into();
    let event = Event::new("user.adopt").target("user", id).detail(detail);
    audit::record(tx, t, event.personal(rules::personal(&user))).await?;
    if off {
        remembered_off(tx, &user, held).await?;
    }
    if was.active && !draft.active {
        let detail = serde_json::json!({ "attributes": ["active"], "held": held });
        let event = Event::new("user.deactivate").target("user", id).detail(detail);
        audit::record(tx, t, event.personal(rules::personal(&user))).await?;
    }
    announce(tx, &user).await?;
    Ok(user)
}
