//! Invitations: a person who is in no directory is added, gets a letter with a link that opens once, and takes the
//! roles that were meant for them when they accept, so far as the inviter still holds them.
//!
//! May use users, credentials and access. Must not know pages. Revoking an invitation leaves the person in the list,
//! without roles and without a way in: they are invited again, or deleted. Whoever sends a letter again is the inviter
//! from then on, so the plan is measured by what they hold.

mod accept;
mod ask;
pub mod daily;
mod db;
mod letter;
mod looks;
mod rules;
mod stand;
mod suppressed;
pub mod unsent;
mod words;

pub use accept::{
    How, Invited, Opened, Ready, accept, all_given, demanded, find, invitee, of_address, open,
    ready,
};
pub use ask::{ASKED, ASKED_LETTER, ask, asked_letter, tell, told};
pub use daily::{Daily, LIMIT};
pub use letter::{Sender, TOPIC, deliver, given_up, render};
pub use looks::{Looks, get as looks, set as set_looks};
pub use rules::{Closed, address, same_address};
pub use stand::{Invitation, State, Suspended, Undelivered};
pub use suppressed::{CameBack, SUPPRESSED, Suppressed, came_back, clear, list as suppressed};
pub use words::{LOCALES, PageWords, Told, locale};

use crate::{
    access::{
        Access, Acting, Permit, Reach, RoleRef, defaults,
        grants::{self, Giver},
        perm::{Global, UsersAdd, UsersManageRoles, UsersView},
        roles,
    },
    actor::{Actor, UserKind},
    audit::{self, Event},
    clock::Timestamp,
    crypto::{
        seal::MasterKey,
        token::{self, Kind},
    },
    error::{Error, Kind as ErrorKind, Result},
    id::{InvitationId, RoleId, TenantId, UserId},
    outbox,
    secret::{ExposeSecret as _, Secret},
    store::{Lock, Scope, Store, Tx},
    tenants, tx,
    users::{self, Adder, NewUser},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Letters about one invitation within a day.
const LETTERS: i64 = 5;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A role that acceptance gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRole {
    /// Where; `None` is on the whole instance.
    pub tenant: Option<TenantId>,
    /// The role.
    pub role: RoleId,
}

/// A planned role that acceptance did not give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Where, as planned.
    pub tenant: Option<TenantId>,
    /// The role.
    pub role: RoleId,
    /// Why, for the administrator.
    pub why: String,
}

/// A person to be invited.
#[derive(Debug, Clone)]
pub struct New {
    /// Where the letter goes.
    pub email: String,
    /// What kind.
    pub kind: UserKind,
    /// The name to sign in with; the address where none is given.
    pub user_name: Option<String>,
    /// For people to read.
    pub display_name: Option<String>,
    /// Refused, when somebody in the tenant has the address already.
    pub only_if_new: bool,
    /// No letter leaves: whoever invites hands the link over.
    pub by_hand: bool,
    /// The language of its letters, where it is not the tenant's.
    pub locale: Option<String>,
}

/// The code of a [`New::only_if_new`] whose address somebody has.
pub const THERE: &str = "exists";

/// A role to plan, with the right to give it.
pub enum Wanted {
    /// In a tenant.
    In(Permit<UsersManageRoles>, RoleId),
    /// On the whole instance.
    Everywhere(Permit<Global>, RoleId),
}

/// An invitation just made or written anew. `link` is the way to accept it; it is handed out only where no mail is sent.
#[derive(Debug)]
pub struct Made {
    /// The invitation.
    pub invitation: Invitation,
    /// The last part of the link's path.
    pub token: Secret,
}

/// How letters leave.
#[derive(Clone)]
pub struct Post {
    /// Whether a mail server is set.
    pub sends: bool,
    /// How long an invitation can be accepted.
    pub life: Duration,
    /// What seals the token until the letter is written.
    pub master: MasterKey,
    /// How many letters a day allows.
    pub daily: Daily,
}

const IS_THERE: &str = "somebody in the tenant has this address already; if they were invited and did not accept, send that \
                        invitation again";

fn gone() -> Error {
    Error::not_found("invitation")
}

/// Adds a person and invites them.
///
/// # Errors
/// `Invalid` for an address that is none; `Forbidden` for a role that the inviter could not give, and where somebody new
/// has by default what the inviter does not hold; `Conflict` (code `uniqueness`) when the name is taken, (code [`THERE`])
/// when the address should be new and is not, and (code [`SUPPRESSED`]) when letters to it come back; `RateLimited` (code
/// [`LIMIT`]) when a day has had as many letters as it may.
pub async fn create(
    store: &Store,
    access: &Access,
    p: &Permit<UsersAdd>,
    post: &Post,
    new: New,
    wanted: &[Wanted],
) -> Result<Made> {
    let t = p.tenant();
    let email = rules::address(&new.email)?;
    defaults::within(access, p).await?;
    let locale = new.locale.as_deref().map(locale).transpose()?;
    let provider = tenants::get(store, t).await?.provider;
    let mut plan: Vec<PlannedRole> = Vec::new();
    for w in wanted {
        let (giver, tenant, role) = match w {
            Wanted::In(p, role) => (Giver::Tenant(p), Some(p.tenant()), *role),
            Wanted::Everywhere(p, role) => (Giver::Instance(p), None, *role),
        };
        let would = grants::would_give(access, giver, t, provider, new.kind, role).await;
        would.map_err(|e| if e.attr_str().is_some() { e } else { e.attr("roles") })?;
        let planned = PlannedRole { tenant, role };
        if !plan.contains(&planned) {
            plan.push(planned);
        }
    }
    let letter = post.sends && !new.by_hand;
    let spellings = new.only_if_new.then(|| rules::spellings(&email));
    let user = NewUser {
        kind: new.kind,
        user_name: new.user_name.unwrap_or_else(|| email.clone()),
        display_name: new.display_name,
        email: Some(email.clone()),
    };
    let (id, user_id) = (InvitationId::new(), UserId::new());
    let (token, hash) = token::generate(Kind::Invitation);
    let sealed = post.master.seal(&bound(t, id), token.expose_secret().as_bytes())?;
    let (adder, plan, post) = (Adder::of(p), Arc::new(plan), post.clone());
    let inviter = inviter(store, p.actor()).await?;
    let cx = p.cx();
    let invitation = tx!(
        store,
        &cx,
        [user, plan, hash, sealed, email, post, inviter, spellings, locale],
        |tx| {
            if let Some(spellings) = &spellings
                && db::is_there(tx, t, spellings).await?
            {
                return Err(Error::conflict(IS_THERE).attr("email").code(THERE));
            }
            if letter {
                suppressed::refuse(tx, t, &email).await?;
                daily::count(tx, &post, t, &email).await?;
            }
            adder.add(tx, user_id, &user).await?;
            let expires = tx.now().plus(post.life);
            let by = (inviter.as_str(), tx.actor().user());
            let row = db::NewRow {
                t,
                id,
                user: user_id,
                hash: &hash,
                email: &email,
                plan: &plan,
                by,
                expires,
                locale: locale.as_deref(),
            };
            db::insert(tx, &row).await?;
            let detail = json!({ "user": user_id, "kind": user.kind.as_str(), "roles": *plan });
            let event = Event::new("invitation.create").target("invitation", id).detail(detail);
            audit::record(tx, t, event.personal(json!({ "email": email }))).await?;
            write(tx, t, id, &sealed, letter).await?;
            db::get(tx, t, id).await?.ok_or_else(gone)
        }
    )?;
    Ok(Made { invitation, token })
}

/// What is kept as the name of an inviter who has none: the owner of the data directory, and whoever is gone.
const UNNAMED: &str = "The administrator";
const GONE: &str = "An administrator";

impl Invitation {
    /// What the inviter is called; nothing where they have no name, which each language says in its own words.
    pub fn inviter(&self) -> Option<&str> {
        Some(self.invited_by.as_str()).filter(|n| ![UNNAMED, GONE].contains(n))
    }
}

/// Who invites, as a letter names them.
async fn inviter(store: &Store, actor: &Actor) -> Result<String> {
    let Some((home, user)) = actor.user() else { return Ok(UNNAMED.to_owned()) };
    let mut c = store.read(Scope::Tenant(home)).await?;
    let found = users::find(&mut c, home, user).await?;
    Ok(found.map_or_else(|| GONE.to_owned(), |u| u.label().to_owned()))
}

/// What a sealed token is bound to.
fn bound(t: TenantId, id: InvitationId) -> String {
    format!("invitation {t} {id}")
}

/// The letter, if letters leave.
async fn write(
    tx: &mut Tx,
    t: TenantId,
    id: InvitationId,
    sealed: &str,
    sends: bool,
) -> Result<()> {
    if sends {
        outbox::push_patient(tx, t, TOPIC, &json!({ "invitation": id, "token": sealed })).await?;
    }
    Ok(())
}

/// Refuses whoever could not set the credentials of the person that an invitation is for: its link does just that.
async fn reachable(
    store: &Store,
    access: &Access,
    p: &Permit<UsersAdd>,
    id: InvitationId,
) -> Result<Acting> {
    let t = p.tenant();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let user = db::get(&mut c, t, id).await?.ok_or_else(gone)?.user_id;
    let user = users::find(&mut c, t, user).await?.ok_or_else(gone)?;
    drop(c);
    users::within_reach(p, &user)?;
    let acting = access.acting(p.actor(), (t, user.id), None, None).await?;
    if !acting.covered() {
        return Err(Error::forbidden(MORE));
    }
    Ok(acting)
}

/// Why somebody may not have another's link.
const MORE: &str =
    "the person holds more than you do, or for longer; whoever has their link could act as them";

/// Writes the letter anew, with a new link; the one before is dead. An expired or revoked invitation lives again, and
/// what became of the letter before is forgotten. `by_hand`: no letter leaves, whoever asks hands the link over.
///
/// # Errors
/// `NotFound`; `Forbidden` when the person holds what the caller does not; `Conflict` when it was accepted, or the
/// person can sign in without it by now, or (code [`SUPPRESSED`]) when letters to the address come back; `RateLimited` (code [`LIMIT`])
/// after five letters within a day, or when the day has had as many for all as it may.
pub async fn resend(
    store: &Store,
    access: &Access,
    p: &Permit<UsersAdd>,
    post: &Post,
    id: InvitationId,
    by_hand: bool,
) -> Result<Made> {
    let t = p.tenant();
    let acting = reachable(store, access, p, id).await?;
    let (token, hash) = token::generate(Kind::Invitation);
    let sealed = post.master.seal(&bound(t, id), token.expose_secret().as_bytes())?;
    let (post, inviter) = (post.clone(), inviter(store, p.actor()).await?);
    let invitation = tx!(store, &p.cx(), [hash, sealed, post, inviter, acting, access], |tx| {
        tx.lock(Lock::Named(format!("invitation:{id}"))).await?;
        acting.check(&access, tx, MORE).await?;
        let was = db::get(tx, t, id).await?.ok_or_else(gone)?;
        if was.accepted_at.is_some() {
            return Err(Error::conflict("the invitation was accepted; there is nothing to send"));
        }
        if db::has_way_in(tx, t, was.user_id).await? {
            let text = "the person can sign in already; an invitation would open their account to whoever has it";
            return Err(Error::conflict(text));
        }
        // To where the person is now: whoever reads the old address may be somebody else.
        let user = users::find(tx, t, was.user_id).await?.ok_or_else(gone)?;
        let email = user.email.ok_or_else(|| {
            Error::conflict("the person has no e-mail address any more; give them one first")
        })?;
        let email = rules::address(&email)?;
        let letter = post.sends && !by_hand;
        if letter {
            suppressed::refuse(tx, t, &email).await?;
        }
        let now = tx.now();
        let expires = now.plus(post.life);
        let by = (inviter.as_str(), tx.actor().user());
        if !db::renew(tx, t, id, &hash, &email, expires, by, LETTERS, now.minus(DAY)).await? {
            let text = format!("{LETTERS} letters were written about this invitation today");
            return Err(Error::new(ErrorKind::RateLimited, text).code(LIMIT));
        }
        if letter {
            daily::count(tx, &post, t, &email).await?;
        }
        if let Some(message) = was.failed_message {
            outbox::settled(tx, t, message).await?;
        }
        write(tx, t, id, &sealed, letter).await?;
        let event = Event::new("invitation.resend").target("invitation", id);
        let event = event.detail(json!({ "by_hand": by_hand }));
        audit::record(tx, t, event.personal(json!({ "email": email }))).await?;
        db::get(tx, t, id).await?.ok_or_else(gone)
    })?;
    Ok(Made { invitation, token })
}

/// Takes an invitation back: its link leads nowhere any more.
///
/// # Errors
/// `NotFound`; `Forbidden` for an administrator's, unless the caller holds everything; `Conflict` when it was accepted.
pub async fn revoke(
    store: &Store,
    access: &Access,
    p: &Permit<UsersAdd>,
    id: InvitationId,
) -> Result<()> {
    let t = p.tenant();
    let acting = reachable(store, access, p, id).await?;
    tx!(store, &p.cx().urgent(), [acting, access], |tx| {
        tx.lock(Lock::Named(format!("invitation:{id}"))).await?;
        acting.check(&access, tx, MORE).await?;
        // The row decides, not what was read of it: somebody may be accepting it right now.
        let was = db::revoke(tx, t, id).await?;
        if was == 0 {
            db::get(tx, t, id).await?.ok_or_else(gone)?;
            let text = "the invitation was accepted; disable or delete the person instead";
            return Err(Error::conflict(text));
        }
        let was = db::get(tx, t, id).await?.ok_or_else(gone)?;
        let event = Event::new("invitation.revoke").target("invitation", id);
        audit::record(tx, t, event.personal(json!({ "email": was.email }))).await
    })
}

/// The tenant's invitations, newest first, after `after`.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    p: &Permit<UsersView>,
    after: Option<InvitationId>,
    limit: u32,
) -> Result<Vec<Invitation>> {
    // Whoever invited may be another tenant's, and counts.
    let mut c = store.read(Scope::Platform).await?;
    db::list(&mut c, p.tenant(), after, i64::from(limit)).await
}

/// A role that somebody has as soon as they accept an invitation.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Which invitation.
    pub invitation: InvitationId,
    /// The role.
    pub role: RoleRef,
    /// Where; `None` is on the whole instance.
    pub tenant: Option<TenantId>,
    /// By whom, for people.
    pub invited_by: String,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// What acceptance of an invitation would give a person: of every one that was neither accepted nor taken back, since one
/// whose time is over lives again when it is sent again.
///
/// # Errors
/// The database's.
pub async fn meant_for(
    c: &mut crate::store::Conn,
    t: TenantId,
    user: UserId,
) -> Result<Vec<(Reach, RoleId)>> {
    let open = db::open_of(c, t, user).await?;
    let roles = open.into_iter().flat_map(|i| i.plan.0);
    Ok(roles.map(|p| (p.tenant.map_or(Reach::All, Reach::Tenant), p.role)).collect())
}

/// What the open invitations of one person plan for them.
///
/// # Errors
/// The database's.
pub async fn pending(
    store: &Store,
    access: &Access,
    p: &Permit<UsersManageRoles>,
    user: UserId,
) -> Result<Vec<Pending>> {
    let (t, now) = (p.tenant(), store.clock().now());
    // The planned roles may be other tenants'.
    let mut c = store.read(Scope::Platform).await?;
    let mut out = Vec::new();
    for i in db::open_of(&mut c, t, user).await? {
        if i.state(now) != State::Pending {
            continue;
        }
        for planned in &i.plan.0 {
            let at = planned.tenant.unwrap_or(t);
            let Some(role) = roles::named(&mut c, access, at, planned.role).await? else {
                continue;
            };
            out.push(Pending {
                invitation: i.id,
                role: role.to_ref(),
                tenant: planned.tenant,
                invited_by: i.invited_by.clone(),
                expires_at: i.expires_at,
            });
        }
    }
    Ok(out)
}

/// One of the tenant's invitations.
///
/// # Errors
/// `NotFound`.
pub async fn get(store: &Store, p: &Permit<UsersView>, id: InvitationId) -> Result<Invitation> {
    let mut c = store.read(Scope::Platform).await?;
    db::get(&mut c, p.tenant(), id).await?.ok_or_else(gone)
}
