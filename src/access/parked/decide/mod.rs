//! What becomes of parked roles: let go, or given by hand by whoever decides; for people who are gone, on their return.
//! And what happens by time: a change that waits long is told of once more, what is over is forgotten.

mod db;

use super::{Change, TOPIC, lock};
use crate::{
    access::{
        Access, Effective, Permit, Reach,
        catalogue::GLOBAL_ADMINISTRATOR,
        defaults,
        guard::{self, By},
        perm::{Permission as _, UsersManageRoles},
        roles,
    },
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{DirectoryId, ParkedId, TenantId, UserId},
    outbox,
    store::{Cx, Scope, Store, Topic, Tx},
    text, tx,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Losses are looked at within a window of at most a week.
const LOSSES: Duration = Duration::from_secs(8 * 24 * 3600);
/// Up to so many people are told apart, in audit events and in what caches hear.
const FEW: usize = 50;

/// What an administrator decides.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Keep the roles, as given by hand; else they are gone.
    pub keep: bool,
    /// About these people alone; `None`: about all that waits.
    pub users: Option<Vec<UserId>>,
    /// Why, for whoever asks later.
    pub reason: Option<String>,
}

/// Decides about a change of the permit's tenant, or about some of its people.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Conflict`] when nothing of it waits;
/// [`crate::error::Kind::Forbidden`] to keep more than the caller could give, to let go what was given by hand where the
/// caller could not take it, to let go what a group gave where people would have more by default than the caller holds, or
/// to let the last administrator's role go.
pub async fn decide(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ParkedId,
    decision: Decision,
) -> Result<()> {
    let t = p.tenant();
    if let Some(reason) = &decision.reason {
        text::checked("reason", reason, 2000)?;
    }
    // platform: roles of the provider's may be among them.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let change = super::find(&mut c, t, id).await?;
    let change = change.ok_or_else(|| Error::not_found("parked change"))?;
    let roles = db::roles(&mut c, t, id, decision.users.as_deref()).await?;
    drop(c);
    if roles.is_empty() {
        return Err(Error::conflict("nothing of this waits for a decision"));
    }
    if !decision.keep && roles.iter().any(|k| k.mapped) {
        defaults::could_leave_to_it(access, p).await?;
    }
    for kept in &roles {
        if decision.keep {
            could_give(access, p, kept).await?;
        } else if !kept.mapped {
            could_take(access, p, kept).await?;
        }
    }
    let watched = !decision.keep && roles.iter().any(|k| guard::watches(k.role_id));
    let (decision, change, roles) = (Arc::new(decision), Arc::new(change), Arc::new(roles));
    tx!(access.0.store, &p.cx().urgent(), [decision, change, roles], |tx| {
        let some = decision.users.as_deref();
        let watched = watched
            || !decision.keep && {
                let losing = db::people(tx, t, id, some).await?;
                guard::hang_on_any(tx, t, &losing).await?
            };
        let guard = if watched { Some(guard::before(tx, t).await?) } else { None };
        if decision.keep {
            // Whoever is just coming again is here, or comes after this.
            tx.lock(super::returns(change.directory_id)).await?;
        }
        tx.lock(lock(change.directory_id)).await?;
        // What was added since was not among what the caller may give.
        let now = db::roles(tx, t, id, some).await?;
        if now.iter().any(|k| !roles.contains(k)) {
            return Err(Error::conflict("more was taken away meanwhile; look again"));
        }
        let people = db::people(tx, t, id, some).await?;
        if people.is_empty() {
            return Err(Error::conflict("nothing of this waits for a decision"));
        }
        if decision.keep {
            keep(tx, &change, &decision).await?;
        } else {
            db::drop(tx, t, id, some).await?;
        }
        if let Some(g) = guard {
            g.after(tx, By::Hand).await?;
        }
        let detail = json!({
            "directory": change.directory_id, "people": people.len(),
            "users": people.iter().take(FEW).collect::<Vec<_>>(),
        });
        let action = if decision.keep { "parked.keep" } else { "parked.apply" };
        let event = Event::new(action).target("parked", id).detail(detail);
        audit::record(tx, t, event.personal(json!({ "reason": decision.reason }))).await?;
        if people.len() > FEW {
            tx.changed(Topic::Access(t));
        } else {
            for u in &people {
                tx.changed(Topic::User(t, *u));
            }
        }
        close(tx, &change).await
    })
}

/// Whether the caller decides about roles there: what was given by hand is taken away by whoever could do so by hand.
async fn could_take(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    kept: &db::Kept,
) -> Result<Arc<Effective>> {
    let reach = Reach::read(&kept.scope, kept.scope_tenant);
    let held = access.held_over(p.actor(), &reach).await?;
    let may = match reach {
        Reach::Tenant(t) if t == p.tenant() => true,
        Reach::All => held.global,
        _ => held.global || held.allows(UsersManageRoles::ID),
    };
    if may {
        return Ok(held);
    }
    let text = "a role beyond this tenant is among it, and it takes the right to give roles there";
    Err(Error::forbidden(text))
}

/// Whether the caller could give this role there by hand.
async fn could_give(access: &Access, p: &Permit<UsersManageRoles>, kept: &db::Kept) -> Result<()> {
    let held = could_take(access, p, kept).await?;
    if kept.role_id == GLOBAL_ADMINISTRATOR && !held.global_lasts(None) {
        return Err(Error::forbidden("only Global Administrators make Global Administrators"));
    }
    let mut c = access.0.store.read(Scope::Platform).await?;
    let at = kept.scope_tenant.unwrap_or(p.tenant());
    // A role that was deleted gives nothing.
    match roles::named(&mut c, access, at, kept.role_id).await? {
        Some(role) => roles::ceiling(&role.permissions, &held),
        None => Ok(()),
    }
}

async fn keep(tx: &mut Tx, change: &Change, decision: &Decision) -> Result<()> {
    let (t, id, some) = (change.tenant_id, change.id, decision.users.as_deref());
    let by = tx.actor().label();
    let reason = decision.reason.clone().unwrap_or_else(|| {
        format!(
            "kept when the directory '{}' took it away (parked change of {})",
            change.directory_name,
            change.opened_at.rfc3339()
        )
    });
    db::give(tx, t, id, some, &by, &id.to_string(), &reason).await?;
    db::keep_gone(tx, t, id, some, &by, &reason).await?;
    // What is left of these people is of those who are here, and given.
    db::drop(tx, t, id, some).await?;
    for u in db::again(tx, t, change.directory_id, id).await? {
        give_back(tx, t, change.directory_id, u.id, &u.user_name_key, u.external_id.as_deref())
            .await?;
    }
    Ok(())
}

/// Gives somebody whom the directory has just created or taken over what was kept for them, once.
///
/// # Errors
/// The database's.
pub async fn restore(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
    user_name: &str,
    external_id: Option<&str>,
) -> Result<bool> {
    tx.lock(lock(d)).await?;
    give_back(tx, t, d, user, &text::fold(user_name), external_id).await
}

async fn give_back(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
    name_key: &str,
    external_id: Option<&str>,
) -> Result<bool> {
    let n = db::restore(tx, t, d, user, name_key, external_id).await?;
    db::restored(tx, t, d, name_key, external_id).await?;
    if n > 0 {
        let event = Event::new("parked.restore").target("user", user);
        audit::record(tx, t, event.detail(json!({ "directory": d, "roles": n }))).await?;
        tx.changed(Topic::User(t, user));
    }
    Ok(n > 0)
}

/// Closes a change of which nothing waits any more.
pub(super) async fn close(tx: &mut Tx, change: &Change) -> Result<()> {
    if db::close(tx, change.tenant_id, change.id).await? > 0 {
        let event = Event::new("parked.close").target("parked", change.id);
        audit::record(tx, change.tenant_id, event).await?;
    }
    Ok(())
}

/// Closes whatever of a tenant has nothing that waits.
pub(super) async fn close_empty(tx: &mut Tx, t: TenantId) -> Result<()> {
    for id in db::close_empty(tx, t).await? {
        audit::record(tx, t, Event::new("parked.close").target("parked", id)).await?;
    }
    Ok(())
}

/// Has changes told of once more that wait since before `before`; says how many.
///
/// # Errors
/// The database's.
pub async fn remind(store: &Store, cx: &Cx, before: Timestamp) -> Result<u64> {
    let mut c = store.read(cx.scope).await?;
    let late = db::late(&mut c, before, 100).await?;
    drop(c);
    if late.is_empty() {
        return Ok(0);
    }
    tx!(store, cx, [late], |tx| {
        tx.unaudited("a reminder is written on the change itself");
        let mut n = 0;
        for l in &late {
            if db::reminded(tx, l.tenant_id, l.id).await? > 0 {
                let told = json!({ "parked": l.id, "again": true });
                outbox::push(tx, l.tenant_id, TOPIC, &told).await?;
                n += 1;
            }
        }
        Ok(n)
    })
}

/// Forgets losses that no window sees any more, and changes that were closed before `before` with what was kept for
/// people who never came again.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx, before: Timestamp) -> Result<u64> {
    let losses = store.clock().now().minus(LOSSES);
    let mut c = store.read(cx.scope).await?;
    if !db::any_old(&mut c, losses, before).await? {
        return Ok(0);
    }
    drop(c);
    tx!(store, cx, [], |tx| {
        tx.unaudited("what is over is forgotten");
        Ok(db::sweep_losses(tx, losses).await? + db::sweep_changes(tx, before).await?)
    })
}
