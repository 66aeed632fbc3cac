//! What becomes of somebody who comes from a directory's provider: whose identity it is, whether they are invited, or come
//! in as whom nobody brought, and whether they may. A sign-in asks this; a test login and the simulator ask the very same in
//! a store in which nothing stays ([`Gate::would`](super::Gate::would)), so that what they promise is what happens.

mod groups;
mod invited;
mod judged;
mod would;

pub use groups::{Groups, Listed, grouping, listed, put};
pub use judged::{Judged, judge, weak};
pub use would::{Through, Would};

use crate::{
    access::{Access, Permit, perm::Provision},
    clock::Timestamp,
    credentials::break_glass,
    directories::{self, Directory, People, SignIn},
    domains,
    error::{Kind, Result},
    id::{DirectoryId, TenantId, UserId},
    invitations::{self, Invited, Ready},
    protocol::oidc::{self, Claims, vouched},
    signins::Reason,
    store::{Conn, Lock, Scope, Store, Tx},
    tenants::{self, Required, Tenant},
    text,
    users::{self, Draft, User},
};
use serde_json::json;

/// Who somebody is, in the directory's own immutable terms: never an address or a name.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// What it calls the person.
    pub subject: String,
}

impl Identity {
    /// Of these claims.
    ///
    /// # Errors
    /// `Invalid` (`claim_missing`) where the preset's claim is missing.
    pub fn of(s: &SignIn, claims: &Claims) -> Result<Self> {
        let subject = oidc::subject(s.preset, claims)?.to_owned();
        Ok(Self { issuer: claims.iss.clone(), subject })
    }

    /// The linked person, or the provisioned one whom the directory calls so.
    /// Where sign-ins bring people, that id came from one: of another issuer it is another person's.
    ///
    /// # Errors
    /// As [`users::find_by_external_id`].
    pub async fn find(
        &self,
        c: &mut Conn,
        (t, d): (TenantId, DirectoryId),
        brings: bool,
    ) -> Result<Option<User>> {
        let (issuer, subject) = (self.issuer.as_str(), self.subject.as_str());
        if let Some(u) = users::find_by_identity(c, t, d, issuer, subject).await? {
            return Ok(Some(u));
        }
        let Some(found) = users::find_by_external_id(c, t, d, subject).await? else {
            return Ok(None);
        };
        let strange = brings && users::known_elsewhere(c, (t, found.id), d, issuer).await?;
        Ok((!strange).then_some(found))
    }
}

/// Somebody who comes, with the provider's word.
pub struct Coming<'a> {
    /// Where people are looked for and made.
    pub store: &'a Store,
    /// Who may do what.
    pub access: &'a Access,
    /// What the directory may do to its own people.
    pub permit: &'a Permit<Provision>,
    /// The directory's sign-in half.
    pub signin: &'a SignIn,
    /// What its provider says.
    pub claims: &'a Claims,
    /// Who that is.
    pub identity: &'a Identity,
}

/// An invitation that the provider's answer may accept.
#[derive(Debug)]
pub struct Accepting {
    /// What the planned roles demand.
    pub demanded: Required,
    /// For the transaction that accepts.
    pub ready: Ready,
}

/// Who somebody turned out to be.
#[derive(Debug)]
pub struct Arrived {
    /// The person.
    pub user: User,
    /// The invitation that they accept with it.
    pub accepts: Option<Accepting>,
    /// Nobody had brought them: they were made.
    pub made: bool,
}

/// Finds who comes, or makes them where the directory's settings say so; `link` is the invitation whose link was opened.
///
/// # Errors
/// By the reason; those of our own trouble.
pub async fn arrive(c: &Coming<'_>, link: Option<&Invited>) -> Result<Arrived> {
    let (t, d) = (c.signin.tenant, c.signin.directory);
    let mut accepts = link.cloned();
    if accepts.is_none() {
        let mut reader = c.store.read(Scope::Tenant(t)).await?;
        let known = c.identity.find(&mut reader, (t, d), c.signin.newcomers.any()).await?;
        drop(reader);
        if let Some(user) = known {
            return Ok(Arrived { user, accepts: None, made: false });
        }
        // Whoever is invited and begins here instead of at the link accepts as if they had opened it.
        accepts = invited::waiting(c).await?;
    }
    if let Some(invited) = &accepts {
        let (user, accepting) = invited::open(c, invited).await?;
        return Ok(Arrived { user, accepts: Some(accepting), made: false });
    }
    let made = Box::pin(newcomer(c)).await?;
    let user = made.ok_or_else(|| {
        let why = "the directory has provisioned nobody whose 'externalId' is this subject";
        Reason::IdentityUnknown.error(why)
    })?;
    Ok(Arrived { user, accepts: None, made: true })
}

/// The person whom the directory vouches for and nobody brought. `None`: its settings let nobody in so.
async fn newcomer(c: &Coming<'_>) -> Result<Option<User>> {
    let (t, d) = (c.signin.tenant, c.signin.directory);
    let Some(address) = address(c).await? else { return Ok(None) };
    let mut reader = c.store.read(Scope::Tenant(t)).await?;
    if users::is_anothers(&mut reader, t, d, &address).await? {
        let why = "another directory of the company has brought somebody of this address";
        return Err(Reason::LinkRequired.error(why));
    }
    drop(reader);
    let display = c.claims.name.as_deref().and_then(|n| text::key("name", n).ok());
    let mut doc = json!({
        "userName": address, "emails": [{ "value": address, "type": "work", "primary": true }],
    });
    if let Some(name) = display {
        doc["displayName"] = name.into();
    }
    let draft = Draft {
        user_name: address.clone(),
        external_id: Some(c.identity.subject.clone()),
        display_name: display.map(str::to_owned),
        email: Some(address.clone()),
        active: true,
        doc,
        emails: vec![(address, Some("work".to_owned()))],
    };
    let user = match users::create_once(c.store, c.permit, draft).await {
        Err(e) if e.kind() == Kind::Conflict => {
            return Err(Reason::LinkRequired.error(e.detail().to_owned()));
        }
        other => other?,
    };
    let mut reader = c.store.read(Scope::Tenant(t)).await?;
    if users::known_elsewhere(&mut reader, (t, user.id), d, &c.identity.issuer).await? {
        let why = "somebody signed in by this account's id when the directory had another issuer: who that is now, the \
                   id does not say";
        return Err(Reason::LinkRequired.error(why));
    }
    Ok(Some(user))
}

/// The address by which somebody whom nobody brought comes in. `None`: the directory's settings let nobody in so.
///
/// By the reason: an address outside the tenant's domains, a guest. They name nobody.
async fn address(c: &Coming<'_>) -> Result<Option<String>> {
    let (s, claims) = (c.signin, c.claims);
    if s.newcomers.people == People::Nobody {
        return Ok(None);
    }
    if oidc::is_guest(s.preset, claims) && !s.newcomers.guests {
        let why = "the account is a guest in the directory, and its settings let no guests in";
        return Err(Reason::GuestNotAllowed.error(why));
    }
    let mut reader = c.store.read(Scope::Tenant(s.tenant)).await?;
    for address in vouched(s.preset, claims).filter_map(domains::plain_address) {
        if domains::confirmed(&mut reader, s.tenant, &address).await? {
            return Ok(Some(address));
        }
    }
    let why = "the directory vouches for no address of the person in a domain that is confirmed for the tenant";
    Err(Reason::DomainNotVerified.error(why))
}

/// Both the directory and we ourselves must want the person here.
///
/// # Errors
/// [`Reason::UserDeactivated`], [`Reason::UserDisabled`].
pub fn may_enter(user: &User) -> Result<()> {
    if !user.active {
        return Err(Reason::UserDeactivated.error("deactivated by the directory"));
    }
    if !user.enabled {
        return Err(Reason::UserDisabled.error("switched off by hand"));
    }
    Ok(())
}

/// Whether people come in through the directory at all.
///
/// # Errors
/// [`Reason::TenantSuspended`], [`Reason::DirectoryNotActive`].
pub fn open(tenant: Option<&Tenant>, directory: Option<&Directory>) -> Result<()> {
    if tenant.is_none_or(|t| t.status != tenants::Status::Active) {
        return Err(Reason::TenantSuspended.error("the tenant is suspended"));
    }
    let no = |why: &str| Err(Reason::DirectoryNotActive.error(why));
    match directory {
        None => no("the directory is gone"),
        Some(d) if d.status != directories::Status::Active => no("the directory is switched off"),
        Some(d) if d.issuer.is_none() => no("the directory has no sign-in half"),
        Some(d) if !d.stage.offered() => no("the directory's sign-in is not offered to people yet"),
        Some(_) => Ok(()),
    }
}

/// Whether the provider's own session is over already.
///
/// # Errors
/// [`Reason::AuthTooOld`].
pub fn lasts(claims: &Claims, now: Timestamp) -> Result<()> {
    if claims.session_expiry.is_some_and(|end| Timestamp::from_secs(end) <= now) {
        let why = "'session_expiry' is over: the provider's own session has ended already";
        return Err(Reason::AuthTooOld.error(why));
    }
    Ok(())
}

/// Who comes in with which identity.
#[derive(Debug, Clone)]
pub struct Settling {
    /// Where.
    pub tenant: TenantId,
    /// Through which directory.
    pub directory: DirectoryId,
    /// Of which settings; `None`: that is not asked, and whether it is open is not either.
    pub generation: Option<i64>,
    /// Who.
    pub user: UserId,
    /// As whom.
    pub identity: Identity,
    /// The invitation that is accepted with it.
    pub ready: Option<Ready>,
}

/// Link and invitation, in the transaction that lets the person in. What was so when they came back is asked again: the
/// provider had its time to answer in between, and a deactivation that came in between must find the session or prevent it.
///
/// # Errors
/// By the reason; as [`users::link`] and [`invitations::accept`].
pub async fn settle(tx: &mut Tx, access: &Access, s: &Settling) -> Result<()> {
    let (t, d) = (s.tenant, s.directory);
    tx.lock_beside(Lock::User(s.user), directories::settled(d)).await?;
    let gone = || Reason::UserDeactivated.error("removed by the directory");
    may_enter(&users::find(tx, t, s.user).await?.ok_or_else(gone)?)?;
    if let Some(generation) = s.generation {
        let (tenant, directory) = (tenants::find(tx, t).await?, directories::find(tx, t, d).await?);
        open(tenant.as_ref(), directory.as_ref())?;
        if directory.is_some_and(|d| d.generation != generation) {
            let why = "the directory's settings were changed while the provider answered";
            return Err(Reason::GenerationChanged.error(why));
        }
    }
    // It is for the day when no directory helps, and opens only when it is armed.
    if break_glass::find(tx, t, s.user).await?.is_some() {
        let why = "the person is an account for emergencies, which signs in here alone and through no directory";
        return Err(Reason::WrongAccount.error(why));
    }
    if let Some(ready) = &s.ready {
        invitations::accept(tx, access, ready, invitations::How::Directory).await?;
    }
    let Identity { issuer, subject } = &s.identity;
    users::link(tx, t, d, issuer, subject, s.user).await.map(drop)
}
