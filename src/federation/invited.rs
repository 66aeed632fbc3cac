//! An invitation that is accepted through the directory: the account that signed in must be the address that was invited,
//! by the directory's word.

use crate::{
    app::App,
    directories::SignIn,
    error::Result,
    invitations::{self, Invited, Ready},
    protocol::oidc::{Claims, Preset},
    signins::Reason,
    tenants::Required,
    users::User,
};

/// An invitation that this answer may accept.
pub(super) struct Invitation {
    /// Whom it is for.
    pub user: User,
    /// What the planned roles demand.
    pub demanded: Required,
    /// For the transaction that accepts.
    pub ready: Ready,
}

/// Opens the invitation for the account that signed in.
pub(super) async fn open(
    app: &App,
    invited: &Invited,
    s: &SignIn,
    claims: &Claims,
) -> Result<Invitation> {
    let opened = invitations::open(&app.store, &app.access, invited).await?;
    let opened = opened.map_err(|why| {
        Reason::InvitationUsed.error(format!("the invitation cannot be accepted: {why:?}"))
    })?;
    let (user, invitation) = (opened.user, opened.invitation);
    if !vouched(s.preset, claims).any(|a| invitations::same_address(a, &invitation.email)) {
        let why = "no address that the directory vouches for is the one that was invited";
        return Err(Reason::InvitationAddress.error(why));
    }
    let demanded = invitations::demanded(&app.store, &app.access, &invitation).await?;
    let ready = invitations::ready(&app.access, invited, &invitation).await?;
    Ok(Invitation { user, demanded, ready })
}

/// The addresses that the directory vouches for. Entra says of no address that it is verified; there the name to sign in
/// with is in a domain that the customer proved, and the issuer is pinned to that customer's tenant.
fn vouched(preset: Preset, claims: &Claims) -> impl Iterator<Item = &str> {
    let (email, name) = match preset {
        Preset::Entra => (None, claims.preferred_username.as_deref()),
        Preset::Okta | Preset::Google | Preset::Generic => {
            (claims.email.as_deref().filter(|_| claims.email_verified), None)
        }
    };
    email.into_iter().chain(name)
}
