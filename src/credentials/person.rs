//! What is done by hand about a person, where it touches how they sign in: the name they sign in with and the address that
//! a forgotten password goes to are as good as a credential; and what becomes of an account for emergencies is told.

use super::{
    MORE, SELF, break_glass, gone,
    notice::{self, What},
    own, reset,
};
use crate::{
    access::{
        Access, Permit,
        perm::{UsersDelete, UsersEdit},
    },
    error::{Error, Result},
    groups,
    id::UserId,
    sessions::Live,
    store::{Lock, Store},
    text, tx,
    users::{self, Edit, Editing, User},
};

/// Changes a user. Another address or name to sign in with, of somebody who has no directory, takes a caller who holds
/// what they hold, as setting their credentials does; one's own takes a `proof` that is fresh. Links that were sent do not
/// open any more, and the address until now is told.
///
/// # Errors
/// As [`users::edit`]; `Forbidden` for who holds more than the caller; `NeedsStepUp` for one's own with an old proof.
pub async fn edit(
    store: &Store,
    access: &Access,
    p: &Permit<UsersEdit>,
    proof: Option<&Live>,
    (id, if_match): (UserId, Option<i64>),
    edit: Edit,
) -> Result<User> {
    let t = p.tenant();
    let own = p.actor().user() == Some((t, id));
    let editing = Editing::of(access, p, id, if_match, edit).await?;
    let acting = if editing.calls() && !own {
        Some(access.acting(p.actor(), (t, id), None, None).await?)
    } else {
        None
    };
    let proof = proof.cloned();
    let permit = p.clone();
    tx!(store, &p.cx(), [access, editing, acting, proof, permit], |tx| {
        tx.lock(Lock::User(id)).await?;
        let was = users::find(tx, t, id).await?.ok_or_else(|| gone(id))?;
        let moves = editing.moves(&was);
        if let Some(field) = moves {
            users::within_reach(&permit, &was)?;
            match (&acting, &proof) {
                (Some(acting), _) => {
                    let text = format!("'{field}' is where they are reached to sign in: {MORE}");
                    acting.check(&access, tx, &text).await.map_err(|e| e.attr(field))?;
                }
                (None, Some(s)) => drop(own::may_now(tx, s).await?),
                (None, None) => return Err(Error::forbidden(SELF).code("own_credentials")),
            }
        }
        let glass = break_glass::touched(tx, &permit, &was).await?;
        let user = users::edit(tx, &access, (t, id), &editing).await?;
        if moves.is_some() {
            reset::forget(tx, t, id).await?;
            if super::any(tx, t, id).await? {
                let address = text::fold(was.email.as_deref().unwrap_or_default());
                let same = address == text::fold(user.email.as_deref().unwrap_or_default());
                let what = if same { What::NameChanged } else { What::AddressChanged };
                notice::tell_at(tx, t, &was, what).await?;
            }
        }
        if let Some(account) = glass.filter(|_| user != was) {
            account.tell(tx, "was changed").await?;
        }
        Ok(user)
    })
}

/// The switch by hand.
///
/// # Errors
/// As [`users::set_enabled`]; `Forbidden` for an account for emergencies by another such account.
pub async fn set_enabled(
    store: &Store,
    p: &Permit<UsersEdit>,
    id: UserId,
    on: bool,
) -> Result<User> {
    set_enabled_at(store, p, (id, None), on).await
}

/// The same, of somebody who is still at this version.
///
/// # Errors
/// As [`set_enabled`]; `Precondition`.
pub async fn set_enabled_at(
    store: &Store,
    p: &Permit<UsersEdit>,
    (id, if_match): (UserId, Option<i64>),
    on: bool,
) -> Result<User> {
    let (t, permit) = (p.tenant(), p.clone());
    tx!(store, &p.cx().urgent(), [permit], |tx| {
        tx.lock(Lock::User(id)).await?;
        let was = users::find(tx, t, id).await?.ok_or_else(|| gone(id))?;
        users::fresh(&was, if_match)?;
        let glass = break_glass::touched(tx, &permit, &was).await?;
        let user = users::set_enabled(tx, &permit, id, on).await?;
        if let Some(account) = glass.filter(|_| was.enabled != on) {
            account.tell(tx, if on { "was switched on" } else { "was switched off" }).await?;
        }
        Ok(user)
    })
}

/// Deletes a user by hand.
///
/// # Errors
/// As [`users::remove`]; `Forbidden` for an account for emergencies by another such account.
pub async fn remove(
    store: &Store,
    p: &Permit<UsersDelete>,
    id: UserId,
    if_match: Option<i64>,
) -> Result<()> {
    let (t, permit) = (p.tenant(), p.clone());
    tx!(store, &p.cx().urgent(), [permit], |tx| {
        tx.lock(Lock::User(id)).await?;
        let was = users::find(tx, t, id).await?.ok_or_else(|| gone(id))?;
        let glass = break_glass::touched(tx, &permit, &was).await?;
        groups::left(tx, t, id).await?;
        users::remove(tx, &permit, id, if_match).await?;
        match glass {
            Some(account) => account.tell(tx, "was deleted").await,
            None => Ok(()),
        }
    })
}
