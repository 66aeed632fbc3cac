//! What a person does with users: add, edit, the switch, remove. What a directory manages stays the directory's;
//! the last administrator stays.

use super::{
    User, announce, db,
    directory::{gone_for_good, off_as},
    fresh, gone, guarded, name_taken, rules,
    tombstones::{self, Why},
};
use crate::{
    access::{
        Access, Gains, Permit,
        guard::By,
        perm::{UsersAdd, UsersDelete, UsersEdit, UsersView},
    },
    actor::UserKind,
    audit::{self, Event},
    directories,
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    sessions::{self, Who},
    store::{Lock, Scope, Store, Topic, Tx},
    text, tx,
};

/// A user to be added by hand.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "kind": "tenant", "user_name": "anna@contoso.com", "email": "anna@contoso.com" }))]
pub struct NewUser {
    /// What kind; integration users are made by `apps`.
    pub kind: UserKind,
    /// The name to sign in with; unique in the tenant among those added by hand.
    pub user_name: String,
    /// For people to read.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
}

/// A change by hand; `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edit {
    /// Another kind; the only thing a person may change of somebody whom a directory manages.
    pub kind: Option<UserKind>,
    /// Another name to sign in with.
    pub user_name: Option<String>,
    /// Another name to read; empty for none.
    pub display_name: Option<String>,
    /// Another address; empty for none.
    pub email: Option<String>,
}

/// Which of a tenant's users a person wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// Part of name, display name or address, in any case.
    pub text: Option<String>,
    /// What the name to sign in with, the address, the display name or its last word begins with, in any case.
    pub starts: Option<String>,
    /// Only this kind.
    pub kind: Option<UserKind>,
    /// Only those of this directory.
    pub directory: Option<DirectoryId>,
    /// Only those whose switch by hand is so.
    pub enabled: Option<bool>,
    /// Only those whom their directory lets in, or not.
    pub active: Option<bool>,
    /// After this one (the last of the page before).
    pub after: Option<UserId>,
    /// How many at most; 100 without, 1000 at most.
    pub limit: Option<i64>,
}

/// Those of the tenant's users who sign in with this name, in any case.
///
/// # Errors
/// The database's.
pub async fn named(store: &Store, p: &Permit<UsersView>, name: &str) -> Result<Vec<UserId>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::named(&mut c, p.tenant(), name).await
}

/// Those of the tenant's users whom this e-mail address reaches, in any case; two at most.
///
/// # Errors
/// The database's.
pub async fn reached(store: &Store, p: &Permit<UsersView>, address: &str) -> Result<Vec<UserId>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::reached(&mut c, p.tenant(), address).await
}

/// One of the tenant's users.
///
/// # Errors
/// `NotFound`.
pub async fn view(store: &Store, p: &Permit<UsersView>, id: UserId) -> Result<User> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::get(&mut c, p.tenant(), id).await?.ok_or_else(|| gone(id))
}

/// Whether a caller may act on this user by hand (edit, switch, remove, set credentials): on an administrator only
/// those who hold everything, or the right to edit people would be a way to become one.
///
/// # Errors
/// `Forbidden`.
pub fn within_reach<P>(p: &Permit<P>, u: &User) -> Result<()> {
    rules::reachable(u.kind, p.everything())
}

/// Adds a user by hand.
///
/// # Errors
/// `Invalid` for a kind that does not fit the tenant; `Forbidden` for an administrator made by somebody who is not a
/// Global Administrator; `Conflict` with the code `uniqueness` for a name that is taken.
pub async fn add(store: &Store, p: &Permit<UsersAdd>, new: NewUser) -> Result<User> {
    let (t, id, may) = (p.tenant(), UserId::new(), p.everything());
    let name = new.user_name.clone();
    tx!(store, &p.cx(), [new], |tx| { insert(tx, t, id, &new, may).await })
        .map_err(|e| name_taken(e, &name, "user_name"))
}

/// The right to add people to a tenant, for a transaction that adds one among other things.
#[derive(Debug, Clone, Copy)]
pub struct Adder {
    tenant: TenantId,
    everything: bool,
}
impl Adder {
    /// What a permit allows.
    pub fn of(p: &Permit<UsersAdd>) -> Self {
        Self { tenant: p.tenant(), everything: p.everything() }
    }
    /// As [`add`], under an id that was chosen before.
    ///
    /// # Errors
    /// As [`add`].
    pub async fn add(self, tx: &mut Tx, id: UserId, new: &NewUser) -> Result<User> {
        insert(tx, self.tenant, id, new, self.everything)
            .await
            .map_err(|e| name_taken(e, &new.user_name, "user_name"))
    }
}

async fn insert(tx: &mut Tx, t: TenantId, id: UserId, new: &NewUser, may: bool) -> Result<User> {
    rules::typed(Some(&new.user_name), new.display_name.as_deref(), new.email.as_deref())?;
    rules::no_id("user_name", &new.user_name)?;
    let draft = rules::by_hand(&new.user_name, new.display_name.clone(), new.email.clone());
    rules::checked(&draft)?;
    let folded = rules::folded(&draft.doc)?;
    let provider = db::is_provider(tx, t).await?;
    rules::kind_fits(new.kind, provider, may)?;
    let user = db::insert_local(tx, t, id, new.kind, &draft, &folded).await?;
    db::insert_emails(tx, t, id, &draft.emails).await?;
    let event = Event::new("user.add").target("user", id);
    let event = event.detail(serde_json::json!({ "kind": new.kind.as_str() }));
    audit::record(tx, t, event.personal(rules::personal(&user))).await?;
    tx.changed(Topic::User(t, id));
    Ok(user)
}

/// A change by hand, with what is asked before its transaction.
#[derive(Debug, Clone)]
pub struct Editing {
    edit: Edit,
    if_match: Option<i64>,
    everything: bool,
    gains: Option<Gains>,
}

impl Editing {
    /// What the caller wants of this user.
    ///
    /// # Errors
    /// `Invalid` for what nobody is called; the database's.
    pub async fn of(
        access: &Access,
        p: &Permit<UsersEdit>,
        id: UserId,
        if_match: Option<i64>,
        edit: Edit,
    ) -> Result<Self> {
        let (name, display) = (edit.user_name.as_deref(), edit.display_name.as_deref());
        rules::typed(name, display, edit.email.as_deref())?;
        let gains = match edit.kind {
            Some(kind) => Some(access.gains(p.actor(), (p.tenant(), id), kind).await?),
            None => None,
        };
        Ok(Self { edit, if_match, everything: p.everything(), gains })
    }
    /// Whether it says under what name somebody signs in, or where letters to them go.
    pub fn calls(&self) -> bool {
        self.edit.user_name.is_some() || self.edit.email.is_some()
    }
    /// By which field a person of no directory would be another to themselves: the name they sign in with, or the address
    /// that a forgotten password goes to.
    pub fn moves(&self, was: &User) -> Option<&'static str> {
        if was.directory_id.is_some() || was.kind == UserKind::Integration {
            return None;
        }
        let draft = rules::edited(was, &self.edit);
        let name = text::fold(&was.user_name) != text::fold(&draft.user_name);
        if was.email == draft.email { name.then_some("user_name") } else { Some("email") }
    }
}

/// Changes a user by hand, in the running transaction. Who may say where somebody's letters go is for the caller to know
/// ([`Editing::moves`]).
///
/// # Errors
/// `NotFound`; `Precondition`; `Forbidden` for what a directory manages, for integration users (see `apps`), for a
/// kind the caller may not give or that lets more count than the caller holds, and when it would take away the last
/// administrator; `Conflict` as [`add`].
pub async fn edit(
    tx: &mut Tx,
    access: &Access,
    (t, id): (TenantId, UserId),
    e: &Editing,
) -> Result<User> {
    let name = e.edit.user_name.as_deref().unwrap_or_default();
    edited(tx, access, (t, id), e).await.map_err(|e| name_taken(e, name, "user_name"))
}

async fn edited(
    tx: &mut Tx,
    access: &Access,
    (t, id): (TenantId, UserId),
    e: &Editing,
) -> Result<User> {
    let Editing { edit, if_match, everything, gains } = e;
    tx.lock(Lock::User(id)).await?;
    let was = db::get(tx, t, id).await?.ok_or_else(|| gone(id))?;
    fresh(&was, *if_match)?;
    editable(tx, &was, edit).await?;
    rules::reachable(was.kind, *everything)?;
    let kind = edit.kind.unwrap_or(was.kind);
    if kind != was.kind {
        rules::kind_fits(kind, db::is_provider(tx, t).await?, *everything)?;
        if let Some(gains) = gains {
            gains.check(access, tx, (t, id)).await?;
        }
    }
    let draft = rules::edited(&was, edit);
    if kind == was.kind && !rules::differs(&was, &draft) {
        return Ok(was);
    }
    rules::checked(&draft)?;
    if was.user_name != draft.user_name {
        rules::no_id("user_name", &draft.user_name)?;
    }
    let guard = if kind == was.kind { None } else { guarded(tx, &was).await? };
    let folded = rules::folded(&draft.doc)?;
    if was.directory_id.is_some() {
        // Their directory does not wait for this lock, and may have written what describes them since.
        if db::set_kind(tx, (t, id), kind, *if_match).await? == 0 {
            fresh(&db::get(tx, t, id).await?.ok_or_else(|| gone(id))?, *if_match)?;
        }
    } else {
        db::update_by_hand(tx, t, id, kind, &draft, &folded).await?;
        if rules::emails_differ(&was, &draft) {
            db::delete_emails(tx, t, id).await?;
            db::insert_emails(tx, t, id, &draft.emails).await?;
        }
    }
    if let Some(g) = guard {
        g.after(tx, By::Hand).await?;
    }
    let user = db::get(tx, t, id).await?.ok_or_else(|| gone(id))?;
    let detail = serde_json::json!({
        "attributes": rules::changed(&was, &draft), "kind": kind.as_str(),
    });
    let event = Event::new("user.edit").target("user", id).detail(detail);
    audit::record(tx, t, event.personal(rules::personal(&user))).await?;
    announce(tx, &user).await?;
    Ok(user)
}

/// Refuses what is not the editor's: what an integration's name and a directory's people are is changed there.
async fn editable(tx: &mut Tx, u: &User, e: &Edit) -> Result<()> {
    rules::a_person(u)?;
    let (Some(d), Some(name)) = (u.directory_id, rules::described(e)) else { return Ok(()) };
    let directory = directories::find(tx, u.tenant_id, d).await?;
    let directory = directory.map_or_else(|| d.to_string(), |d| d.name);
    let text = format!(
        "'{name}' of this person is managed by the directory '{directory}'; change it there"
    );
    Err(Error::forbidden(text).attr(name).code("managed_by_directory"))
}

/// The switch by hand, in the running transaction. Off ends sessions and tokens at once, and holds whatever the directory
/// says later.
///
/// # Errors
/// `NotFound`; `Forbidden` for integration users (see `apps`) and for the last administrator.
pub async fn set_enabled(tx: &mut Tx, p: &Permit<UsersEdit>, id: UserId, on: bool) -> Result<User> {
    tx.lock(Lock::User(id)).await?;
    let was = db::get(tx, p.tenant(), id).await?.ok_or_else(|| gone(id))?;
    rules::a_person(&was)?;
    within_reach(p, &was)?;
    switch(tx, was, on, "disabled by hand").await
}

/// Deletes a user by hand, with everything that is theirs, in the running transaction. The directory that had them does
/// not bring them again until somebody allows it ([`tombstones::lift`]).
///
/// # Errors
/// `NotFound`; `Precondition`; `Forbidden` for integration users (see `apps`) and for the last administrator.
pub async fn remove(
    tx: &mut Tx,
    p: &Permit<UsersDelete>,
    id: UserId,
    if_match: Option<i64>,
) -> Result<()> {
    tx.lock(Lock::User(id)).await?;
    let was = db::get(tx, p.tenant(), id).await?.ok_or_else(|| gone(id))?;
    fresh(&was, if_match)?;
    rules::a_person(&was)?;
    within_reach(p, &was)?;
    let alike = tombstones::alike(tx, &was).await?;
    tombstones::remember(tx, &was, Why::Deleted).await?;
    off_as(tx, &was, &alike).await?;
    gone_for_good(tx, &was, By::Hand, "removed by hand", None).await?;
    Ok(())
}

/// The switch itself, inside a transaction that holds the user's lock.
pub(super) async fn switch(tx: &mut Tx, was: User, on: bool, why: &'static str) -> Result<User> {
    if was.enabled == on {
        return Ok(was);
    }
    let (t, id) = (was.tenant_id, was.id);
    let guard = if on { None } else { guarded(tx, &was).await? };
    db::set_enabled(tx, t, id, on).await?;
    if let Some(d) = was.directory_id.filter(|_| on) {
        // Whoever is so called was decided about anew, by whatever name they were remembered.
        tombstones::settle(tx, t, d, &was).await?;
        tombstones::forget(tx, t, id).await?;
    }
    if !on {
        sessions::revoke(tx, Who::User(t, id), why).await?;
    }
    if let Some(g) = guard {
        g.after(tx, By::Hand).await?;
    }
    let event = Event::new(if on { "user.enable" } else { "user.disable" }).target("user", id);
    audit::record(tx, t, event.personal(rules::personal(&was))).await?;
    announce(tx, &was).await?;
    db::get(tx, t, id).await?.ok_or_else(|| gone(id))
}
