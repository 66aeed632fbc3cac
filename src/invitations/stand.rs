//! An invitation and where it stands: one decision, for the link, for the moment of acceptance and for every list.

use super::{LeftOut, PlannedRole, rules, same_address};
use crate::{
    clock::Timestamp,
    id::{InvitationId, MessageId, TenantId, UserId},
    row,
    store::J,
};
use serde::Serialize;

row! {
    /// An invitation.
    #[derive(Debug, Clone)]
    pub struct Invitation {
        /// The person's tenant.
        pub tenant_id: TenantId,
        /// Its id.
        pub id: InvitationId,
        /// The person.
        pub user_id: UserId,
        /// The address it was written to.
        pub email: String,
        /// What acceptance gives.
        pub plan: J<Vec<PlannedRole>>,
        /// By whom, for people.
        pub invited_by: String,
        /// The inviter's tenant; `None`: the owner of the data directory.
        pub invited_by_tenant: Option<TenantId>,
        /// The inviter.
        pub invited_by_user: Option<UserId>,
        /// When it was made.
        pub created_at: Timestamp,
        /// Until when it can be accepted.
        pub expires_at: Timestamp,
        /// When the last letter left.
        pub sent_at: Option<Timestamp>,
        /// When it was accepted.
        pub accepted_at: Option<Timestamp>,
        /// In which way ([`super::How`]).
        pub accepted_by: Option<String>,
        /// The planned roles that were not given; `None` before it is accepted, and when all were.
        pub left_out: Option<J<Vec<LeftOut>>>,
        /// When it was revoked.
        pub revoked_at: Option<Timestamp>,
        /// When the last letter was given up.
        pub failed_at: Option<Timestamp>,
        /// Why ([`Undelivered`]).
        pub failed: Option<String>,
        /// Which message of the outbox that was.
        pub failed_message: Option<MessageId>,
        /// What the mail server answered, where it refused it for good.
        pub failed_reply: Option<String>,
        /// When the person last asked for a new link in place of a dead one.
        pub asked_at: Option<Timestamp>,
        /// The language of its letters, where it is not the tenant's.
        pub locale: Option<String>,
        /// The person's address now; of somebody whom a directory has taken over the one that was invited: the directory
        /// says the address, and who they are proves itself there.
        pub user_email: Option<String>,
        /// Directory and hand both let the person in.
        pub user_live: bool,
        /// The same of whoever invited.
        pub inviter_live: bool,
        /// The person's tenant is not suspended.
        pub company_live: bool,
        /// The person can sign in without it: they have a password, or an account of a directory.
        pub way_in: bool,
    }
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "InvitationState")]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be accepted.
    Pending,
    /// It was.
    Accepted,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// The person has another address now: its link is dead, until it is sent again to that one.
    Outdated,
    /// Its link is dead as long as what [`Suspended`] names is so.
    Suspended,
}

impl State {
    /// Reads the words that it has on the wire.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "pending" => Self::Pending,
            "accepted" => Self::Accepted,
            "expired" => Self::Expired,
            "revoked" => Self::Revoked,
            "outdated" => Self::Outdated,
            "suspended" => Self::Suspended,
            _ => return None,
        })
    }
}

/// Why an invitation cannot be accepted, although nobody took it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "InvitationSuspended")]
#[serde(rename_all = "snake_case")]
pub enum Suspended {
    /// The person was switched off.
    PersonOff,
    /// Whoever invited was switched off or deleted.
    InviterOff,
    /// The person's company is suspended.
    CompanySuspended,
    /// The person can sign in without it.
    SignsInAlready,
}

/// Why a letter was given up, or what came of it afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "InvitationLetterFailed")]
#[serde(rename_all = "snake_case")]
pub enum Undelivered {
    /// The mail server says that there is no such address.
    BadAddress,
    /// The mail server refused it for good, for another reason: its answer says which.
    Refused,
    /// The mail server did not take it, however often it was tried.
    NotTaken,
    /// The invitation was suspended all that time.
    Held,
    /// The mail server took it, and it came back.
    Bounced,
    /// Its reader called it unwanted.
    Complained,
}
impl Undelivered {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadAddress => "bad_address",
            Self::Refused => "refused",
            Self::NotTaken => "not_taken",
            Self::Held => "held",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "bad_address" => Self::BadAddress,
            "refused" => Self::Refused,
            "not_taken" => Self::NotTaken,
            "held" => Self::Held,
            "bounced" => Self::Bounced,
            "complained" => Self::Complained,
            _ => return None,
        })
    }
}

impl Invitation {
    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match rules::state(self.accepted_at, self.revoked_at, self.expires_at, now) {
            State::Pending if !self.still_to() => State::Outdated,
            State::Pending if self.suspended().is_some() => State::Suspended,
            state => state,
        }
    }
    /// What keeps it from being accepted while it is so.
    pub fn suspended(&self) -> Option<Suspended> {
        if !self.user_live {
            return Some(Suspended::PersonOff);
        }
        if !self.inviter_live {
            return Some(Suspended::InviterOff);
        }
        if !self.company_live {
            return Some(Suspended::CompanySuspended);
        }
        // The link of somebody who came in another way must not change how they come in.
        self.way_in.then_some(Suspended::SignsInAlready)
    }
    /// Whether it may be accepted but for its dates: asked where they have just been claimed.
    pub(super) fn sound(&self) -> bool {
        self.still_to() && self.suspended().is_none()
    }
    /// Whether it was written to the address that the person has.
    fn still_to(&self) -> bool {
        self.user_email.as_deref().is_some_and(|e| same_address(e, &self.email))
    }
    /// The inviter; `None`: the owner of the data directory.
    pub fn by(&self) -> Option<(TenantId, UserId)> {
        self.invited_by_tenant.zip(self.invited_by_user)
    }
    /// Why the last letter was given up.
    pub fn undelivered(&self) -> Option<Undelivered> {
        self.failed.as_deref().and_then(Undelivered::parse)
    }
    /// What is to be done about it, if something is.
    pub fn next(&self, now: Timestamp) -> Option<&'static str> {
        match self.state(now) {
            State::Pending => self.undelivered().map(|why| match why {
                Undelivered::BadAddress => {
                    "Correct the person's e-mail address and send it again, or send it again 'by_hand' and hand the link \
                     over yourself."
                }
                Undelivered::Refused => {
                    "The mail server refused the letter for good: 'letter_reply' says why. Mend that and send it again, \
                     or send it again 'by_hand' and hand the link over yourself."
                }
                Undelivered::NotTaken => {
                    "Send it again when the mail server is well (muster doctor says what it answered), or send it again \
                     'by_hand' and hand the link over yourself."
                }
                Undelivered::Bounced | Undelivered::Complained => {
                    "No letter goes to this address any more: send it again 'by_hand' and hand the link over yourself, \
                     or correct the person's e-mail address and send it again. To have the address written to again, \
                     clear it (muster suppression clear)."
                }
                Undelivered::Held => "Send it again: it was suspended when its letter should have left.",
            }),
            State::Expired => Some("Send it again: it lives anew, with a new link."),
            State::Outdated => Some("Send it again: the letter goes to the address that the person has now."),
            State::Suspended => self.suspended().map(|why| match why {
                Suspended::PersonOff => "Enable the person, or revoke the invitation.",
                Suspended::InviterOff => {
                    "Send it again: whoever does so is the inviter from then on. Or revoke it."
                }
                Suspended::CompanySuspended => "Set the company active again.",
                Suspended::SignsInAlready => {
                    "Nothing: the person signs in without it. Revoke it, and give the roles that it planned by hand."
                }
            }),
            State::Accepted | State::Revoked => None,
        }
    }
}
