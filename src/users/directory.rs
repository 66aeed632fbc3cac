//! What a directory's SCIM client does with its people, once it has them ([`super::arrival`] is how they come).

use super::{
    Draft, Page, Query, User, announce, arrival, db, fresh, gone, guarded, name_taken, rules,
    tombstones::{self, Why},
};
use crate::{
    access::{
        Permit, authors,
        guard::{self, By},
        parked::{self, Limits, Parked},
        perm::Provision,
    },
    audit::{self, Event},
    directories,
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    sessions::{self, Who},
    store::{self, Cx, J, Lock, Scope, Store, Telling, Tx},
    tx,
};
use std::sync::Arc;

/// What a request makes of a user: pure, since it may run more than once. `None` says that nothing changes.
pub type Change = Arc<dyn Fn(&User) -> Result<Option<Draft>> + Send + Sync>;

/// What is to become of a user, and how it was asked for: the trail says that somebody was replaced, since whoever hears of
/// people is told so.
#[derive(Clone)]
struct Asked {
    change: Change,
    whole: bool,
}

/// One of the directory's users.
///
/// # Errors
/// `NotFound`, also for a user of another directory.
pub async fn get(store: &Store, p: &Permit<Provision>, id: UserId) -> Result<User> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::of_directory(&mut c, p.tenant(), p.directory(), id).await?.ok_or_else(|| gone(id))
}

/// The directory's users that a filter names, a page of them.
pub async fn list(store: &Store, p: &Permit<Provision>, query: &Query) -> Result<Page<User>> {
    let mut c = query.reader(store, Scope::Tenant(p.tenant())).await?;
    db::page(&mut c, p.tenant(), p.directory(), query).await
}

/// Lets `change` decide what becomes of a user, under the user's lock; says whether anything changed. When `active`
/// falls, sessions and tokens end in the same transaction; the last administrator's grant stays as a hold.
///
/// # Errors
/// `NotFound`; `Precondition`; the closure's; `Conflict` with the code `uniqueness`.
pub async fn modify(
    store: &Store,
    p: &Permit<Provision>,
    id: UserId,
    if_match: Option<i64>,
    change: Change,
) -> Result<(User, bool)> {
    modify_seen(store, p, get(store, p, id).await?, if_match, change).await
}

/// As [`modify`], of a user whom the caller has just read: what changes nothing needs no transaction, and what ends
/// access goes ahead of bulk work.
///
/// # Errors
/// As [`modify`].
pub async fn modify_seen(
    store: &Store,
    p: &Permit<Provision>,
    seen: User,
    if_match: Option<i64>,
    change: Change,
) -> Result<(User, bool)> {
    done(store, p, seen, if_match, Asked { change, whole: false }).await
}

/// As [`modify_seen`], where another is put in the user's place (PUT).
///
/// # Errors
/// As [`modify`].
pub async fn replace_seen(
    store: &Store,
    p: &Permit<Provision>,
    seen: User,
    if_match: Option<i64>,
    change: Change,
) -> Result<(User, bool)> {
    done(store, p, seen, if_match, Asked { change, whole: true }).await
}

async fn done(
    store: &Store,
    p: &Permit<Provision>,
    seen: User,
    if_match: Option<i64>,
    asked: Asked,
) -> Result<(User, bool)> {
    fresh(&seen, if_match)?;
    let Some(draft) = (asked.change)(&seen)?.filter(|d| rules::differs(&seen, d)) else {
        return Ok((seen, false));
    };
    rules::checked(&draft)?;
    let name = draft.user_name.clone();
    let ends = seen.active && !draft.active;
    let cx = if ends { p.cx().urgent() } else { p.cx() };
    let id = seen.id;
    let mut ready = rules::keeps_names(&seen, &draft).then(|| Arc::new((seen, draft)));
    // Whoever was quicker made another row of it; the next time it may be the same again.
    for _ in 0..STALE {
        let r = match ready.take() {
            Some(ready) => prepared(store, &cx, p, ready, if_match, &asked).await,
            None => decided(store, &cx, p, id, if_match, &asked).await,
        };
        match r {
            Err(e) if store::stale(&e) => {}
            // Whether it was done is seen when it is decided again; who named a version would be told of another.
            Err(e) if store::unknown(&e) && if_match.is_none() => {}
            r => return r.map_err(|e| name_taken(e, &name, "userName")),
        }
    }
    Err(Error::unavailable("this person is being changed all the time; try again"))
}

/// How often a change is decided anew because the person has changed meanwhile.
const STALE: u32 = 4;

/// Why their sessions end.
const DEACTIVATED: &str = "deactivated by the directory";

/// Writes what was decided about the person as the caller saw them, if they are still that: on PostgreSQL one statement,
/// which is its own transaction. Where access ends it is under the person's lock, and whoever is an administrator or
/// answers for mappings is looked at anew.
async fn prepared(
    store: &Store,
    cx: &Cx,
    p: &Permit<Provision>,
    ready: Arc<(User, Draft)>,
    if_match: Option<i64>,
    asked: &Asked,
) -> Result<(User, bool)> {
    let (t, d) = (p.tenant(), p.directory());
    tx!(store, cx, [ready, asked], |tx| {
        let (seen, draft) = &*ready;
        if seen.active && !draft.active {
            tx.lock_beside(Lock::User(seen.id), guard::ends()).await?;
            let ties = guard::ties(tx, t, seen.id).await?;
            if ties.admin || ties.answers {
                return again(tx, (t, d, seen.id), if_match, &asked).await;
            }
            if ties.live {
                sessions::revoke(tx, Who::User(t, seen.id), DEACTIVATED).await?;
            } else {
                sessions::revoke_tokens(tx, t, seen.id).await?;
            }
        }
        describe(tx, seen, draft).await?;
        Ok((record(tx, seen, draft, (false, asked.whole)).await?, true))
    })
}

/// Decides about the person as they are, under their lock.
async fn decided(
    store: &Store,
    cx: &Cx,
    p: &Permit<Provision>,
    id: UserId,
    if_match: Option<i64>,
    asked: &Asked,
) -> Result<(User, bool)> {
    let (t, d) = (p.tenant(), p.directory());
    tx!(store, cx, [asked], |tx| {
        tx.lock(Lock::User(id)).await?;
        again(tx, (t, d, id), if_match, &asked).await
    })
}

async fn again(
    tx: &mut Tx,
    (t, d, id): (TenantId, DirectoryId, UserId),
    if_match: Option<i64>,
    asked: &Asked,
) -> Result<(User, bool)> {
    let was = db::of_directory(tx, t, d, id).await?.ok_or_else(|| gone(id))?;
    fresh(&was, if_match)?;
    match (asked.change)(&was)? {
        Some(draft) if rules::differs(&was, &draft) => {
            Ok((write(tx, &was, &draft, asked.whole).await?, true))
        }
        _ => Ok((was, false)),
    }
}

async fn write(tx: &mut Tx, was: &User, draft: &Draft, whole: bool) -> Result<User> {
    rules::checked(draft)?;
    let (t, id) = (was.tenant_id, was.id);
    let newly = draft.external_id.as_deref().filter(|_| was.external_id != draft.external_id);
    let left = was.external_id.is_some() && was.external_id != draft.external_id;
    let alike = if left { tombstones::alike(tx, was).await? } else { Vec::new() };
    // Another name must be no way around what was decided by hand about whoever had it.
    let off = match was.directory_id {
        Some(d) if rules::renamed(was, draft) => {
            // The id that they had all along was decided about when they got it.
            tombstones::becomes(tx, t, d, &draft.user_name, newly, newly).await? && was.enabled
        }
        _ => false,
    };
    if let Some(d) = was.directory_id {
        arrival::not_of_another(tx, d, was, draft).await?;
    }
    // Nor is leaving a name a way around what was decided about whoever had it.
    if !was.enabled && rules::renamed(was, draft) {
        tombstones::remember(tx, was, Why::Disabled).await?;
        off_as(tx, was, &alike).await?;
    }
    let ends = off || was.active && !draft.active;
    let guard = if ends { guarded(tx, was).await? } else { None };
    if off {
        db::set_enabled(tx, t, id, false).await?;
    }
    // Once more than it was, where the switch is in between.
    let was =
        User { version: was.version + i64::from(off), enabled: was.enabled && !off, ..was.clone() };
    describe(tx, &was, draft).await?;
    if ends {
        sessions::revoke(tx, Who::User(t, id), DEACTIVATED).await?;
    }
    let held = match guard {
        Some(g) => g.after(tx, By::Directory { user: id, label: was.label().to_owned() }).await?,
        None => false,
    };
    if off {
        remembered_off(tx, &was, held).await?;
    }
    record(tx, &was, draft, (held, whole)).await
}

/// The audit event of a switch that follows from what is remembered of whoever was so called.
pub(super) async fn remembered_off(tx: &mut Tx, was: &User, held: bool) -> Result<()> {
    let detail = serde_json::json!({ "remembered": true, "held": held });
    let event = Event::new("user.disable").target("user", was.id).detail(detail);
    audit::record(tx, was.tenant_id, event.personal(rules::personal(was))).await?;
    Ok(())
}

/// The row, and the index of addresses.
async fn describe(tx: &mut Tx, was: &User, draft: &Draft) -> Result<()> {
    let (t, id) = (was.tenant_id, was.id);
    let folded = rules::folded(&draft.doc)?;
    db::update_provisioned(tx, (t, id, was.version), draft, &folded).await?;
    if rules::emails_differ(was, draft) {
        db::delete_emails(tx, t, id).await?;
        db::insert_emails(tx, t, id, &draft.emails).await?;
    }
    Ok(())
}

/// The audit event, and who is told; the user as they are now.
async fn record(
    tx: &mut Tx,
    was: &User,
    draft: &Draft,
    (held, whole): (bool, bool),
) -> Result<User> {
    let action = match (was.active, draft.active) {
        (true, false) => "user.deactivate",
        (false, true) => "user.reactivate",
        _ => "user.modify",
    };
    let user = User {
        user_name: draft.user_name.clone(),
        external_id: draft.external_id.clone(),
        display_name: draft.display_name.clone(),
        email: draft.email.clone(),
        active: draft.active,
        doc: J(draft.doc.clone()),
        version: was.version + 1,
        updated_at: tx.now(),
        ..was.clone()
    };
    let mut detail = serde_json::json!({ "attributes": rules::changed(was, draft), "held": held });
    if whole {
        detail["replaced"] = true.into();
    }
    let event = Event::new(action).target("user", was.id).detail(detail);
    audit::record(tx, was.tenant_id, event.personal(rules::personal(&user))).await?;
    announce(tx, &user).await?;
    Ok(user)
}

/// Deletes a user with memberships, identities and sessions, in the transaction in which their groups learn of it
/// (`groups::delete_person`); the last administrator's grant stays as a hold. One who was switched off by hand is switched off
/// when the directory creates them again.
///
/// # Errors
/// `NotFound`; `Precondition`.
pub async fn delete_in(
    tx: &mut Tx,
    p: &Permit<Provision>,
    id: UserId,
    if_match: Option<i64>,
) -> Result<Option<Parked>> {
    let (t, d) = (p.tenant(), p.directory());
    tx.lock(Lock::User(id)).await?;
    let was = db::of_directory(tx, t, d, id).await?.ok_or_else(|| gone(id))?;
    fresh(&was, if_match)?;
    let by = By::Directory { user: id, label: was.label().to_owned() };
    if !was.enabled {
        let alike = tombstones::alike(tx, &was).await?;
        tombstones::remember(tx, &was, Why::Disabled).await?;
        off_as(tx, &was, &alike).await?;
    }
    let settings = directories::find(tx, t, d).await?.ok_or_else(|| gone(id))?.provisioning;
    let limits = Some(settings.0.mass_change);
    gone_for_good(tx, &was, by, "deleted by the directory", limits).await
}

/// Switches off who carries the id of somebody who is off by hand and leaves it: from now on the id would be theirs alone,
/// and let in whom a person has shut out.
pub(super) async fn off_as(tx: &mut Tx, was: &User, alike: &[UserId]) -> Result<()> {
    let t = was.tenant_id;
    for id in alike {
        let Some(user) = db::get(tx, t, *id).await?.filter(|u| u.enabled) else { continue };
        let guard = guarded(tx, &user).await?;
        db::set_enabled(tx, t, user.id, false).await?;
        let why = "carries the externalId of a person who was disabled by hand";
        sessions::revoke(tx, Who::User(t, user.id), why).await?;
        let held = match guard {
            Some(g) => {
                g.after(tx, By::Directory { user: user.id, label: user.label().to_owned() }).await?
            }
            None => false,
        };
        let event = Event::new("user.disable").target("user", user.id);
        let event = event.detail(serde_json::json!({ "as": was.id, "held": held }));
        audit::record(tx, t, event.personal(rules::personal(&user))).await?;
        announce(tx, &user).await?;
    }
    Ok(())
}

/// Ends a user's access and deletes the row, with guard, audit event and what was granted; with limits where a directory
/// does it by itself, and what it takes away beyond them is kept for the person's return.
pub(super) async fn gone_for_good(
    tx: &mut Tx,
    was: &User,
    by: By,
    why: &'static str,
    limits: Option<Limits>,
) -> Result<Option<Parked>> {
    let (t, id) = (was.tenant_id, was.id);
    let guard = guarded(tx, was).await?;
    sessions::revoke(tx, Who::User(t, id), why).await?;
    announce(tx, was).await?;
    let parked = match (limits, was.directory_id) {
        (Some(limits), Some(d)) => parked::person(tx, (t, d), id, &limits).await?,
        _ => None,
    };
    db::delete(tx, t, id).await?;
    guard::forget(tx, t, id).await?;
    let held = match guard {
        Some(g) => g.after(tx, by).await?,
        None => false,
    };
    let event = Event::new("user.delete").target("user", id);
    let event = event.detail(serde_json::json!({
        "kind": was.kind.as_str(), "held": held, "parked": parked.map(|p| p.change),
    }));
    audit::record(tx, t, event.personal(rules::personal(was))).await?;
    if tx.wanted(t, "user.delete") == Telling::No {
        // Else it goes when the applications that knew them were told.
        sessions::apps::unmeet(tx, t, id).await?;
    }
    Ok(parked)
}

/// Marks a directory's people inactive, all at once: it is going away.
pub(crate) async fn deactivate_all(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<u64> {
    authors::all_leave(tx, t, d).await?;
    db::deactivate_all(tx, t, d).await
}

/// Ends and deletes up to `limit` people of a directory that is going away; says how many.
pub(crate) async fn remove_some(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    limit: i64,
) -> Result<usize> {
    let users = db::some(tx, t, d, limit).await?;
    for u in &users {
        // Before the administrators' lock, also of the second.
        tx.lock_beside(Lock::User(u.id), guard::ends()).await?;
        let by = By::Directory { user: u.id, label: u.label().to_owned() };
        gone_for_good(tx, u, by, "directory deleted", None).await?;
    }
    Ok(users.len())
}
