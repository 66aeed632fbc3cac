//! Why an attempt did not become a session: a closed table. Each row says what the record calls it, whether it was a
//! decision about the person or no decision at all, what the person at the browser is told, and what the administrator
//! does about it.

use super::Outcome;
use crate::error::{Error, Kind};

/// A reason, its row of the table below.
macro_rules! reasons {
    ($( $(#[$doc:meta])* $name:ident $code:literal $outcome:ident $told:ident $next:literal )*) => {
        /// Why.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason { $( $(#[$doc])* $name, )* }
        impl Reason {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The code in the record.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
            /// A decision about the person, or none.
            pub fn outcome(self) -> Outcome {
                match self { $(Self::$name => Outcome::$outcome),* }
            }
            /// What the administrator does about it.
            pub fn next(self) -> &'static str {
                match self { $(Self::$name => $next),* }
            }
            /// What the person may know.
            pub fn told(self) -> Told {
                match self { $(Self::$name => Told::$told),* }
            }
        }
    };
}

reasons! {
    /// The provider answered with an error.
    IdpError "idp_error" Refused Denied
        "Look the error up in the provider's own sign-in log: it, or its conditional access, refused the person."
    /// The provider says that it cannot prove what was asked for.
    AcrUnmet "acr_unmet" Refused SecondFactor
        "Let the person enrol a second factor at the provider, or have its sign-in policy allow one."
    /// The provider does not answer.
    UpstreamUnavailable "upstream_unavailable" Failed Trouble
        "Open the issuer's /.well-known/openid-configuration from the server's machine; check the issuer in the directory's settings."
    /// The provider's address is not one that may be asked.
    OutboundRefused "outbound_refused" Failed Trouble
        "The issuer is not on the public internet. If that is meant, add its address to outbound.allow."
    /// The token endpoint refused the code.
    CodeRefused "code_refused" Failed Trouble
        "Check client id and client secret in the directory's settings (has the secret expired?) and the redirect URI registered at the provider."
    /// No id token in the answer.
    IdTokenMissing "id_token_missing" Failed Trouble
        "Let the provider's application answer to the scope 'openid'; it is registered as plain OAuth, it seems."
    /// The answer, or its token, is from somebody else.
    IssuerMismatch "issuer_mismatch" Failed Trouble
        "Set the directory's issuer to exactly what the provider writes into 'iss', to the last slash; if it is a stranger's, somebody mixed providers up."
    /// The token is for another application.
    AudienceMismatch "audience_mismatch" Failed Trouble
        "Set the directory's client id to the one of the application at the provider that is meant for us."
    /// The token does not answer this request.
    NonceMismatch "nonce_mismatch" Failed Trouble
        "Nothing, if it happened once: an old answer was shown again. If it repeats, the provider drops 'nonce'."
    /// The key is not in the provider's key set.
    KeyUnknown "key_unknown" Failed Trouble
        "Compare the 'kid' in the record with the provider's key set; a key that was just rotated is found within a minute."
    /// The signature does not verify.
    BadSignature "bad_signature" Failed Trouble
        "The token was changed, or the provider publishes a wrong key. Do not ignore this if it repeats."
    /// The algorithm is none that the provider states or that we take.
    AlgNotAllowed "alg_not_allowed" Failed Trouble
        "Have the provider sign id tokens with RS256, PS256, ES256 or EdDSA, and state so in its discovery document."
    /// The token has no signature.
    TokenUnsigned "token_unsigned" Failed Trouble
        "Have the provider sign id tokens; one that was not signed proves nothing. Do not ignore this: somebody may have made it up."
    /// It is no id token at all.
    TokenMalformed "token_malformed" Failed Trouble
        "The provider's token endpoint answers with something that is no id token; see the record."
    /// The token is over.
    TokenExpired "token_expired" Failed Trouble
        "Nothing, if it happened once: an old answer was shown again. If it repeats, one of the two clocks is off by more than two minutes."
    /// The answer came back in another browser than the one that asked.
    StateForeign "state_foreign" Refused Elsewhere
        "Nothing, if the person changed browsers on the way. Otherwise somebody was led into another's sign-in: ask them where they got the link."
    /// The times do not fit.
    ClockSkew "clock_skew" Failed Trouble
        "Set this machine's clock, and the provider's if it is yours: they differ by more than two minutes."
    /// A claim is missing or of another type.
    ClaimMissing "claim_missing" Failed Trouble
        "Have the provider send the claim that the record names, in its standard form."
    /// The Entra tenant is not the issuer's.
    TenantMismatch "tenant_mismatch" Refused Trouble
        "Use the issuer of the customer's own Entra tenant (https://login.microsoftonline.com/TENANT-ID/v2.0)."
    /// The directory has not brought this person.
    IdentityUnknown "identity_unknown_jit_off" Refused Unknown
        "Assign the person to the provisioning application. If they are: the 'externalId' that SCIM sends must be the 'subject' in the record (Entra: map objectId to externalId)."
    /// The directory vouches for nothing in the tenant's domains.
    DomainNotVerified "domain_not_verified" Refused Unknown
        "Confirm the domain of the person's address for the tenant (muster domain ask), have the directory vouch for the address ('email_verified'; Entra: the optional claim 'xms_edov'), or provision or invite the person."
    /// The account is a guest in the directory.
    GuestNotAllowed "guest_not_allowed" Refused Unknown
        "If guests are to come in, set 'guests' in the directory's settings of newcomers; otherwise invite the person, or let them sign in through their own company."
    /// Somebody of that name is here already, and not as this account.
    LinkRequired "link_required" Refused Unknown
        "The record says who stands in the way: delete, rename or adopt that person, or let the directory provision this one."
    /// The account is linked to another person here, or the person to another account.
    WrongAccount "wrong_account" Refused WrongAccount
        "Find out which of the directory's two accounts is the person's; unlink the other one here."
    /// The invitation was used, replaced or taken back while the person was away.
    InvitationUsed "invitation_used" Refused Again
        "Look at the invitation: send it again if it was not the person who used it."
    /// The directory vouches for another address than the one that was invited.
    InvitationAddress "invitation_other_address" Refused WrongAccount
        "Invite the address that the directory knows, or let the person sign in with the invited account. Directories other than Entra must send 'email_verified'."
    /// The person is invited and came without the link, and what the directory says of their address does not suffice.
    InvitationWaits "invitation_waits" Refused Invited
        "Let the person open the link in their letter. To let the sign-in alone suffice, confirm the address's domain for the tenant (muster domain add), have the directory vouch for the address ('email_verified'), and have its sign-in set (again, if need be) by somebody who holds what is planned; the record of the attempt says which of these is missing."
    /// The tenant is suspended.
    TenantSuspended "tenant_suspended" Refused Closed
        "Set the tenant active again."
    /// The directory, or its sign-in half, is switched off.
    DirectoryNotActive "directory_not_active" Refused Closed
        "Switch the directory on, or give it a sign-in half."
    /// The directory's settings changed while the person was away.
    GenerationChanged "generation_changed" Refused Again
        "Nothing: the person begins again."
    /// The directory deactivated the person.
    UserDeactivated "user_deactivated_scim" Refused Off
        "Activate the person in the directory; it sends the change by SCIM."
    /// Somebody switched the person off by hand.
    UserDisabled "user_disabled" Refused Off
        "Enable the user here."
    /// The second factor that the person's roles demand was not proved.
    MfaNotProved "mfa_not_proved" Refused SecondFactor
        "Compare 'evidence' with 'demanded' in the record. What is only 'attested' suffices where the policy says so (muster policy set --level attested). Entra: name an authentication context in the directory's rules, which is attested, or take the preset 'entra_v1'. Okta: demand two factors in the application's sign-in policy. Others: name the 'amr' or 'acr' values that prove it. Local: add a one-time code. 'muster directory simulate' says what each change would do."
    /// A second factor is demanded of the person, and they have none here.
    SecondFactorMissing "second_factor_missing" Refused NoFactor
        "The person has a password and nothing beside it, and what they may do demands more. Send them a link to set one up (muster user reset-link)."
    /// A fresh proof was asked for.
    AuthTooOld "auth_too_old" Refused Stale
        "Add the optional claim 'auth_time' to the provider's id token (Entra: Token configuration); without it nothing shows that the proof is fresh."
    /// Unknown name, or wrong password.
    PasswordWrong "password_wrong" Failed Trouble
        "Nothing, if it is rare. Many in a row: somebody is guessing, or the person needs a new password."
    /// Wrong one-time code.
    CodeWrong "code_wrong" Failed Trouble
        "If it repeats: the clock of the person's telephone is off, or they need a new code."
    /// A passkey's answer does not hold.
    PasskeyWrong "passkey_wrong" Failed Trouble
        "Nothing, if it happened once. If it repeats, the person removes the passkey and makes a new one."
    /// A passkey's authenticator has counted backwards.
    PasskeyCloned "passkey_cloned" Refused Cloned
        "There may be two of the authenticator: ask the person, remove the passkey, let them make a new one. The audit trail has it as an alarm (passkey.cloned)."
    /// Wrong recovery code.
    RecoveryWrong "recovery_code_wrong" Failed Trouble
        "If it repeats: the person has none left, or uses those of an older set. Reset their factors."
    /// The password is too short to be asked for alone, and there is nothing beside it any more.
    PasswordShort "password_short" Refused ShortPassword
        "The password was set for use with a second factor, which is gone. The person sets a longer one by 'I forgot my password', or you send them a link (muster user reset-link)."
    /// A break-glass account that is sealed.
    BreakGlassSealed "break_glass_sealed" Refused Off
        "Somebody has what the account signs in with. If there is an emergency, arm it (muster admin break-glass arm); if not, give it new credentials."
    /// The company's login is the only way in for this person.
    DirectoryEnforced "directory_enforced" Refused Company
        "Nothing, if that is meant: the person signs in through the directory. To let passwords in again, set its stage to active (muster directory activate)."
    /// The password or the one-time code was changed, or taken away, between the two pages of a sign-in.
    CredentialsChanged "credentials_changed" Refused Again
        "Nothing: the person begins again, with what they have now."
    /// Too many wrong tries before this one.
    RateLimited "rate_limited" Failed Trouble
        "It ends by itself in minutes. A new password or a new one-time code ends it at once."
}

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The company's login did not let them in.
    Denied,
    /// A second factor is missing.
    SecondFactor,
    /// A second factor is missing, and they have none.
    NoFactor,
    /// Their password is too short to be asked for alone.
    ShortPassword,
    /// A fresh proof is missing.
    Stale,
    /// Nobody gave them an account.
    Unknown,
    /// They are invited, and the link is the way in.
    Invited,
    /// It is somebody else's account.
    WrongAccount,
    /// Their account is off.
    Off,
    /// Their company's sign-in is off.
    Closed,
    /// Their passkey may have been copied.
    Cloned,
    /// They come in by their company's login.
    Company,
    /// Begin again.
    Again,
    /// It began in another browser.
    Elsewhere,
    /// Something does not fit that is none of their doing.
    Trouble,
}

impl Reason {
    /// Reads [`Self::code`]'s words.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.code() == code)
    }
    /// The reason of an error on the way: by its code, or by what kind of error it is.
    pub fn of(e: &Error) -> Self {
        let code = e.code_str().unwrap_or_default();
        if let Some(known) = Self::parse(code) {
            return known;
        }
        match (code, e.kind()) {
            ("identity_taken" | "already_linked" | "of_another_directory", _) => Self::WrongAccount,
            (_, Kind::NeedsStepUp) => Self::MfaNotProved,
            (_, Kind::Unavailable | Kind::Internal) => Self::UpstreamUnavailable,
            _ => Self::TokenMalformed,
        }
    }
    /// As an error, for the way to where it is recorded; `why` is for the administrator.
    pub fn error(self, why: impl Into<String>) -> Error {
        let kind = match self.outcome() {
            Outcome::Refused => Kind::Forbidden,
            Outcome::Failed | Outcome::Success => Kind::Invalid,
        };
        Error::new(kind, why).code(self.code())
    }
}
