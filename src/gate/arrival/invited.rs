//! An invitation that is accepted through the directory: the account that signed in must be the address that was invited,
//! by the directory's word.

use super::{Accepting, Coming};
use crate::{
    domains,
    error::Result,
    invitations::{self, Invited},
    protocol::oidc::vouched,
    signins::Reason,
    store::Scope,
    users::{self, User},
};

/// Opens the invitation for the account that signed in.
///
/// # Errors
/// By the reason: another's address, an invitation that is over; the database's.
pub(super) async fn open(c: &Coming<'_>, invited: &Invited) -> Result<(User, Accepting)> {
    let (s, t) = (c.signin, c.signin.tenant);
    if t != invited.tenant {
        let why = "another tenant's directory does not vouch for whom this tenant invited";
        return Err(Reason::InvitationAddress.error(why));
    }
    let opened = invitations::open(c.store, c.access, invited).await?;
    let opened = opened.map_err(|why| {
        Reason::InvitationUsed.error(format!("the invitation cannot be accepted: {why:?}"))
    })?;
    let (user, invitation) = (opened.user, opened.invitation);
    if !vouched(s.preset, c.claims).any(|a| invitations::same_address(a, &invitation.email)) {
        let why = "no address that the directory vouches for is the one that was invited";
        return Err(Reason::InvitationAddress.error(why));
    }
    // Linked to the invited person, the account would outlive what the directory does to the one it brought.
    let mut reader = c.store.read(Scope::Tenant(t)).await?;
    let subject = &c.identity.subject;
    let brought = users::find_by_external_id(&mut reader, t, s.directory, subject).await?;
    drop(reader);
    if brought.is_some_and(|u| u.id != user.id) {
        let why = "the directory has brought this account as another person, who signs in without an invitation";
        return Err(Reason::WrongAccount.error(why));
    }
    let demanded = invitations::demanded(c.store, c.access, &invitation).await?;
    let ready = invitations::ready(c.access, invited, &invitation).await?;
    Ok((user, Accepting { demanded, ready }))
}

/// The invitation that waits for somebody who signed in without its link: of the address that the directory vouches for,
/// in a domain that was confirmed to be the tenant's. `None`: nobody invited them.
///
/// # Errors
/// [`Reason::InvitationWaits`] when they are invited, as far as anybody can tell, and that does not suffice; the database's.
pub(super) async fn waiting(c: &Coming<'_>) -> Result<Option<Invited>> {
    let (store, s, claims) = (c.store, c.signin, c.claims);
    let t = s.tenant;
    let mut why = None;
    for address in vouched(s.preset, claims) {
        let found = invitations::of_address(store, t, address).await?;
        let mut reader = store.read(Scope::Platform).await?;
        let ours = domains::confirmed(&mut reader, t, address).await?;
        drop(reader);
        match <[Invited; 1]>::try_from(found) {
            Ok([invited]) if ours && answered(c, &invited).await? => return Ok(Some(invited)),
            Ok(_) if ours => {
                why = Some(
                    "whoever set where this directory's people sign in does not hold what was planned for the person (or \
                     is not known): somebody who does can set it again",
                );
            }
            Ok(_) => {
                why = Some(
                    "the domain of the address that was invited is not confirmed for the tenant",
                );
            }
            Err(found) if !found.is_empty() => {
                why = Some(
                    "the address was invited more than once: whose account it is cannot be told",
                );
            }
            Err(_) => {}
        }
    }
    let said = claims.email.iter().chain(&claims.preferred_username);
    for address in said.filter(|_| why.is_none()) {
        if !invitations::of_address(store, t, address).await?.is_empty() {
            why = Some("the directory does not vouch for the address that was invited");
            break;
        }
    }
    why.map_or(Ok(None), |why| Err(Reason::InvitationWaits.error(why)))
}

/// Whether whoever set where the directory's people sign in may let somebody in as whom was invited. They choose who vouches
/// for an address, and without the link nothing else does.
async fn answered(c: &Coming<'_>, invited: &Invited) -> Result<bool> {
    let Some(by) = &c.signin.set_by else { return Ok(false) };
    let t = c.signin.tenant;
    let mut reader = c.store.read(Scope::Platform).await?;
    let Some(user) = invitations::invitee(&mut reader, invited).await? else { return Ok(false) };
    let planned = invitations::meant_for(&mut reader, t, user).await?;
    drop(reader);
    let extent = c.access.extent((t, user), &planned).await?;
    c.access.answers_for(by, &extent).await
}
