//! A directory creates somebody whom the tenant has already, without a directory: invited first, provisioned later. The
//! directory takes them over by itself only where nothing can be gained by it: the address is in a domain that is
//! confirmed for the tenant, the person holds no more than Self-Service and keeps a way in; or they have signed in
//! through this directory as that very account. Otherwise the creation is refused, and a request waits for an
//! administrator; once it is accepted, the directory's next try takes them over.
//!
//! A bare match of addresses must not be enough: whoever runs the directory could write the address of an administrator,
//! and sign in as them.

mod db;
mod rules;

pub use rules::Reason;

use crate::{
    access::{
        Access, Extent, Permit, Reach,
        catalogue::SELF_SERVICE_ROLE,
        grants,
        perm::{Provision, UsersManageRoles},
    },
    audit::{self, Event},
    clock::Timestamp,
    credentials, directories, domains,
    error::{Error, Result},
    id::{AdoptionId, DirectoryId, RoleId, TenantId, UserId},
    invitations, row,
    store::{J, Lock, Scope, Store, Tx},
    text, tx,
    users::{self, Draft, User},
};
use rules::Facts;
use serde_json::json;
use std::sync::Arc;

/// Where a request stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "AdoptionState")]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has decided.
    Pending,
    /// The directory's next try takes the person over.
    Accepted,
    /// The directory is told so.
    Refused,
}
impl State {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "pending" => Some(Self::Pending),
            "accepted" => Some(Self::Accepted),
            "refused" => Some(Self::Refused),
            _ => None,
        }
    }
}
crate::enum_column!(State);

row! {
    /// A request.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Adoption {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its id.
        pub id: AdoptionId,
        /// Who asks.
        pub directory_id: DirectoryId,
        /// Its name.
        pub directory_name: String,
        /// The person it is about.
        pub user_id: UserId,
        /// Their name here.
        pub user_name: String,
        /// Their name for people to read.
        pub display_name: Option<String>,
        /// What the directory calls them.
        pub wanted_name: String,
        /// The directory's own id for them.
        pub wanted_external_id: Option<String>,
        /// Why it takes a decision.
        pub reasons: J<Vec<Reason>>,
        /// Where it stands.
        pub state: State,
        /// Who decided.
        pub decided_by: Option<String>,
        /// When.
        pub decided_at: Option<Timestamp>,
        /// When it was asked.
        pub created_at: Timestamp,
        /// What the person held when it was accepted.
        pub holds: Option<J<Extent>>,
    }
}
impl Adoption {
    /// Whether it is about exactly what the directory wants now: who decided saw that, and nothing else.
    fn is_about(&self, d: &Draft) -> bool {
        text::fold(&self.wanted_name) == text::fold(&d.user_name)
            && self.wanted_external_id == d.external_id
    }
}

/// Makes a directory's user; somebody whom no directory has is taken over instead, where that may be. Says whether they
/// were.
///
/// # Errors
/// As [`users::create`]; `Conflict` that says what an administrator must do, where a person of no directory is meant.
pub async fn create(
    store: &Store,
    access: &Access,
    p: &Permit<Provision>,
    draft: Draft,
) -> Result<(User, bool)> {
    // Whoever stood in the way may be gone when we look.
    for _ in 0..3 {
        match users::create(store, p, draft.clone()).await {
            Ok(user) => return Ok((user, false)),
            Err(e) if e.code_str() == Some(users::UNOWNED) => {}
            Err(e) => return Err(e),
        }
        match claim(store, access, p, &draft).await? {
            Claim::Adopted(user) => return Ok((*user, true)),
            Claim::Refused(attr, why) => {
                return Err(Error::conflict(why).code("uniqueness").attr(attr));
            }
            Claim::Nobody => {}
        }
    }
    Err(Error::unavailable("people come and go under this name"))
}

/// What became of an attempt to take somebody over. A refusal leaves its request behind, so it is no error here.
enum Claim {
    Adopted(Box<User>),
    Refused(&'static str, String),
    Nobody,
}

async fn claim(
    store: &Store,
    access: &Access,
    p: &Permit<Provision>,
    draft: &Draft,
) -> Result<Claim> {
    let (t, d, draft) = (p.tenant(), p.directory(), Arc::new(draft.clone()));
    tx!(store, &p.cx(), [draft, access], |tx| {
        let name = text::excerpt(&draft.user_name);
        let found = users::unowned(tx, t, d, &draft).await?;
        let id = match found.as_slice() {
            [] => return Ok(Claim::Nobody),
            [one] => one.id,
            _ => {
                let text = format!(
                    "userName '{name}' and its address are those of more than one person of this tenant whom no \
                     directory has; an administrator must delete or rename one of them first"
                );
                return Ok(Claim::Refused("userName", text));
            }
        };
        tx.lock(Lock::User(id)).await?;
        let user = users::find(tx, t, id).await?.filter(|u| u.directory_id.is_none());
        let Some(user) = user else { return Ok(Claim::Nobody) };
        let (attr, value) = users::meant_by(&user, &draft);
        let whose = format!("{attr} '{}'", text::excerpt(value));
        let is = if attr == "userName" { "is" } else { "is that of" };
        // It is for the day when no directory helps, and must not hang on one.
        if credentials::break_glass::find(tx, t, id).await?.is_some() {
            let text = format!(
                "{whose} is that of an account for emergencies, which no directory takes over, \
                 whoever accepts it: call the person otherwise"
            );
            return Ok(Claim::Refused(attr, text));
        }
        // A refusal is about the person, whatever the directory calls them by now; a decision for it about what was seen.
        let asked = db::of(tx, t, d, id).await?;
        let asked = asked.filter(|a| a.state == State::Refused || a.is_about(&draft));
        let planned = invitations::meant_for(tx, t, id).await?;
        let reasons = rules::why_not(facts(tx, d, &user, &draft, &planned).await?);
        let now = access.extent_in(tx, (t, id), &planned).await?;
        // What has come up since was not decided about.
        let decided = |a: &Adoption| {
            reasons.iter().all(|r| a.reasons.0.contains(r))
                && a.holds.as_ref().is_some_and(|then| now.within(&then.0))
        };
        match asked.as_ref().map(|a| (a.state, a)) {
            Some((State::Refused, a)) => {
                let when = a.decided_at.unwrap_or(a.created_at).rfc3339();
                let text = format!(
                    "{whose} {is} a person of this tenant whom no directory has, and an administrator \
                     refused on {when} that this directory takes them over; under Decisions, or with muster adoption \
                     accept {t} {}, they can still let it",
                    a.id
                );
                Ok(Claim::Refused(attr, text))
            }
            _ if reasons.is_empty() => adopt(tx, d, &user, &draft, None).await,
            Some((State::Accepted, a)) if decided(a) => adopt(tx, d, &user, &draft, Some(a)).await,
            known => {
                let id = match known {
                    Some((State::Pending, a)) if a.reasons.0 == reasons => a.id,
                    _ => ask(tx, t, d, &user, &draft, &reasons).await?,
                };
                let why: Vec<&str> = reasons.iter().map(|r| r.text()).collect();
                let text = format!(
                    "{whose} {is} a person of this tenant whom no directory has, and is not taken over \
                     without an administrator's decision: {}. An administrator accepts it under Decisions, or with: \
                     muster adoption accept {t} {id}; then send this again",
                    why.join("; ")
                );
                Ok(Claim::Refused(attr, text))
            }
        }
    })
}

/// What counts in the decision.
async fn facts(
    tx: &mut Tx,
    d: DirectoryId,
    user: &User,
    draft: &Draft,
    planned: &[(Reach, RoleId)],
) -> Result<Facts> {
    let (t, id) = (user.tenant_id, user.id);
    let domain = match rules::shared_address(user, draft) {
        Some(address) => domains::confirmed(tx, t, address).await?,
        None => false,
    };
    let directory = directories::find(tx, t, d).await?;
    Ok(Facts {
        account: users::is_account(tx, t, d, id, draft.external_id.as_deref()).await?,
        domain,
        kind: user.kind,
        roles: grants::beyond_self_service(tx, t, id).await?
            || planned.iter().any(|(_, role)| *role != SELF_SERVICE_ROLE),
        credentials: credentials::any(tx, t, id).await?,
        signin: directory.is_some_and(|d| d.issuer.is_some()),
    })
}

async fn ask(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: &User,
    draft: &Draft,
    reasons: &Vec<Reason>,
) -> Result<AdoptionId> {
    let id = db::ask(tx, t, d, user.id, draft, reasons).await?;
    let detail = json!({ "adoption": id, "directory": d, "reasons": reasons });
    let event = Event::new("adoption.ask").target("user", user.id).detail(detail);
    let who = json!({ "user_name": user.user_name, "wanted_name": draft.user_name });
    audit::record(tx, t, event.personal(who)).await?;
    Ok(id)
}

/// Takes the person over. What they had to sign in with here goes: it would be a way past their directory. What came in
/// by it has ended by then ([`users::adopt`]).
async fn adopt(
    tx: &mut Tx,
    d: DirectoryId,
    user: &User,
    draft: &Draft,
    decided: Option<&Adoption>,
) -> Result<Claim> {
    let detail = json!({
        "directory": d, "adoption": decided.map(|a| a.id),
        "decided_by": decided.and_then(|a| a.decided_by.as_deref()),
    });
    let after = users::adopt(tx, d, user, draft, detail).await?;
    db::forget(tx, after.tenant_id, after.id).await?;
    credentials::forget(tx, after.tenant_id, after.id).await?;
    Ok(Claim::Adopted(Box::new(after)))
}

/// The tenant's requests, newest first, after `after`.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    p: &Permit<UsersManageRoles>,
    after: Option<AdoptionId>,
    limit: u32,
) -> Result<Vec<Adoption>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::list(&mut c, p.tenant(), after, i64::from(limit)).await
}

/// One of the tenant's requests.
///
/// # Errors
/// `NotFound`.
pub async fn get(store: &Store, p: &Permit<UsersManageRoles>, id: AdoptionId) -> Result<Adoption> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::get(&mut c, p.tenant(), id).await?.ok_or_else(|| Error::not_found("adoption"))
}

/// Decides; may be decided again until the person is taken over.
///
/// # Errors
/// `NotFound`; `Forbidden` to accept for somebody who holds what the caller does not: whoever runs the directory can
/// sign in as them from then on.
pub async fn decide(
    store: &Store,
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: AdoptionId,
    accept: bool,
) -> Result<Adoption> {
    let (t, asked) = (p.tenant(), get(store, p, id).await?);
    let mut holds = None;
    if accept {
        let mut c = store.read(Scope::Tenant(t)).await?;
        let user = users::find(&mut c, t, asked.user_id).await?;
        let planned = invitations::meant_for(&mut c, t, asked.user_id).await?;
        drop(c);
        let user = user.ok_or_else(|| Error::not_found("adoption"))?;
        users::within_reach(p, &user)?;
        let extent = access.extent((t, user.id), &planned).await?;
        if !access.reaches(p.actor(), &extent, None).await? {
            let text = "the person holds more than you do, or for longer; whoever runs the directory could act as them";
            return Err(Error::forbidden(text));
        }
        holds = Some(extent);
    }
    let state = if accept { State::Accepted } else { State::Refused };
    tx!(store, &p.cx(), [holds], |tx| {
        let found = db::get(tx, t, id).await?.ok_or_else(|| Error::not_found("adoption"))?;
        // Accepted once more, it is about what the person holds now.
        if found.state == state && found.holds.as_ref().map(|h| &h.0) == holds.as_ref() {
            return Ok(found);
        }
        let by = tx.actor().label();
        db::decide(tx, t, id, state, &by, holds.as_ref()).await?;
        let action = if accept { "adoption.accept" } else { "adoption.refuse" };
        let event = Event::new(action).target("user", found.user_id);
        let event = event.detail(json!({ "adoption": id, "directory": found.directory_id }));
        audit::record(tx, t, event.personal(json!({ "user_name": found.user_name }))).await?;
        db::get(tx, t, id).await?.ok_or_else(|| Error::not_found("adoption"))
    })
}
