//! Pure decisions: whom a directory takes over by itself, and why not.

use crate::{actor::UserKind, users::Draft, users::User};
use serde::{Deserialize, Serialize};

/// Why somebody is not taken over without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "AdoptionReason")]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Their address is in no domain that is confirmed for the tenant, or is none that the directory wrote.
    Domain,
    /// They are an administrator.
    Administrator,
    /// They hold more than Self-Service.
    Roles,
    /// They sign in with a password, and through the directory nobody can.
    OnlyWayIn,
}
impl Reason {
    /// For the administrators of both sides.
    pub fn text(self) -> &'static str {
        match self {
            Self::Domain => {
                "the address is in no domain that is confirmed for this tenant (muster domain add)"
            }
            Self::Administrator => "the person is an administrator",
            Self::Roles => "the person holds more than Self-Service",
            Self::OnlyWayIn => {
                "the person signs in with a password, and this directory lets nobody sign in"
            }
        }
    }
}

/// What is known about a person whom a directory wants.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// They have signed in through the directory as the account that it means.
    pub account: bool,
    /// Their address is in a confirmed domain of the tenant, and the directory wrote it.
    pub domain: bool,
    pub kind: UserKind,
    /// They hold more than Self-Service.
    pub roles: bool,
    /// They have a password or a one-time code here.
    pub credentials: bool,
    /// The directory has a sign-in half.
    pub signin: bool,
}

/// Why not, if not. Whoever has signed in as the very account is taken over whatever they hold: the directory lets them
/// in as it is, and gains nothing by it but that its deactivation reaches them.
pub(super) fn why_not(f: Facts) -> Vec<Reason> {
    if f.account {
        return Vec::new();
    }
    let all = [
        (Reason::Domain, !f.domain),
        (Reason::Administrator, f.kind == UserKind::Administrator),
        (Reason::Roles, f.roles),
        (Reason::OnlyWayIn, f.credentials && !f.signin),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(r, _)| r).collect()
}

/// The address by which a person and a creation are the same: one that the person has here and the directory wrote.
pub(super) fn shared_address<'a>(u: &'a User, d: &Draft) -> Option<&'a str> {
    let theirs = u.email.as_deref().into_iter().chain([u.user_name.as_str()]);
    let wrote: Vec<&str> = d.email.as_deref().into_iter().chain([d.user_name.as_str()]).collect();
    theirs
        .filter(|a| a.contains('@'))
        .find(|a| wrote.iter().any(|w| crate::invitations::same_address(a, w)))
}
