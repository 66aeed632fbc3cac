//! How a directory's people come in: made anew, or taken over from those whom no directory has. Whoever stands in the
//! way (a person deleted by hand, a person of no directory) keeps the new one out; what becomes of that, `provisioning`
//! decides.

mod db;

use super::{
    Draft, User, announce, db as users, gone, guarded, name_taken, rules,
    tombstones::{self, Tombstone},
};
use crate::{
    access::{Permit, guard::By, parked, perm::Provision},
    audit::{self, Event},
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    sessions::{self, Who},
    store::{Conn, Store, Tx},
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
}

/// Makes a user; a customer's directory brings tenant users, the provider's technicians. Somebody who was switched off
/// by hand before the directory deleted them comes back so.
///
/// # Errors
/// `Invalid`; `Conflict` with the code `uniqueness` for a name that is taken (in any case), [`DELETED`] for somebody
/// whom a person deleted, [`UNOWNED`] for somebody who is here and of no directory.
pub async fn create(store: &Store, p: &Permit<Provision>, draft: Draft) -> Result<User> {
    rules::checked(&draft)?;
    let (t, d, id) = (p.tenant(), p.directory(), UserId::new());
    let folded = Arc::new(rules::folded(&draft.doc)?);
    let draft = Arc::new(draft);
    let name = draft.clone();
    let arrival = tx!(store, &p.cx(), [draft, folded], |tx| {
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
        Arrival::Came(user) => Ok(*user),
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

/// Those of no directory whom a creation may mean, three at most.
pub(crate) async fn unowned(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    draft: &Draft,
) -> Result<Vec<User>> {
    db::unowned(c, t, d, draft).await
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

/// Makes a person the directory's, whom the caller has seen to be of none under the person's lock: id, kind, roles, identities and the switch
/// by hand stay; what describes them is what the directory says from now on. `detail` is for the audit event.
///
/// # Errors
/// `Conflict` (code `uniqueness`) when the directory has the name.
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
    let guard = if draft.active { None } else { guarded(tx, was).await? };
    if !draft.active {
        sessions::revoke(tx, Who::User(t, id), "deactivated by the directory").await?;
    }
    let done = db::adopt(tx, t, d, id, draft, &folded).await;
    done.map_err(|e| name_taken(e, &draft.user_name, "userName"))?;
    users::delete_emails(tx, t, id).await?;
    users::insert_emails(tx, t, id, &draft.emails).await?;
    if let Some(g) = guard {
        g.after(tx, By::Directory { user: id, label: was.label().to_owned() }).await?;
    }
    let user = users::get(tx, t, id).await?.ok_or_else(|| gone(id))?;
    let event = Event::new("user.adopt").target("user", id).detail(detail);
    audit::record(tx, t, event.personal(rules::personal(&user))).await?;
    announce(tx, &user).await?;
    Ok(user)
}
