//! Why attempts did not become sessions, in a few words each. The codes are the API's; what to do about each comes with the
//! record.

use serde_json::Value;

/// The code, and what it says.
pub(super) const ALL: &[(&str, &str)] = &[
    ("password_wrong", "Unknown name, or wrong password"),
    ("code_wrong", "Wrong one-time code"),
    ("passkey_wrong", "The passkey's answer does not hold"),
    ("passkey_cloned", "The passkey may have been copied"),
    ("recovery_code_wrong", "Wrong recovery code"),
    ("rate_limited", "Too many wrong tries before"),
    ("mfa_not_proved", "The second factor was not proved"),
    ("second_factor_missing", "A second factor is asked for, and they have none"),
    ("auth_too_old", "A fresh proof was asked for"),
    ("password_short", "The password is too short to be asked for alone"),
    ("credentials_changed", "The password or the code was changed meanwhile"),
    ("user_disabled", "Switched off by hand"),
    ("user_deactivated_scim", "Deactivated by their directory"),
    ("identity_unknown_jit_off", "The directory has not brought this person"),
    ("domain_not_verified", "The directory does not vouch for a domain of the company"),
    ("guest_not_allowed", "A guest in the directory"),
    ("link_required", "Somebody of that name is here already"),
    ("wrong_account", "Another account of the directory than the linked one"),
    ("invitation_waits", "Invited, and came without the link"),
    ("invitation_used", "The invitation was used or taken back"),
    ("invitation_other_address", "Another address than the one that was invited"),
    ("directory_enforced", "The company's login is the only way in"),
    ("directory_not_active", "The directory, or its sign-in, is switched off"),
    ("tenant_suspended", "The company is suspended"),
    ("generation_changed", "The directory's settings changed meanwhile"),
    ("break_glass_sealed", "An account for emergencies that is sealed"),
    ("state_foreign", "It began in another browser"),
    ("idp_error", "The provider answered with an error"),
    ("acr_unmet", "The provider cannot prove what was asked for"),
    ("upstream_unavailable", "The provider does not answer"),
    ("outbound_refused", "The provider's address may not be asked"),
    ("code_refused", "The provider refused to exchange the code"),
    ("id_token_missing", "The provider sent no id token"),
    ("issuer_mismatch", "The answer is from another issuer"),
    ("audience_mismatch", "The token is for another application"),
    ("nonce_mismatch", "The token does not answer this request"),
    ("key_unknown", "The token's key is not in the provider's set"),
    ("bad_signature", "The token's signature does not verify"),
    ("alg_not_allowed", "The token's algorithm is not taken"),
    ("token_unsigned", "The token has no signature"),
    ("token_malformed", "It is no id token"),
    ("token_expired", "The token is over"),
    ("clock_skew", "The clocks differ"),
    ("claim_missing", "A claim is missing"),
    ("tenant_mismatch", "Another Entra tenant than the issuer's"),
];

/// In words.
pub(in crate::rooms) fn words(code: &str) -> &str {
    ALL.iter().find(|r| r.0 == code).map_or(code, |r| r.1)
}

/// Those of which nothing was decided: the attempt could not be finished. The trail says so of each event itself, but for
/// those of earlier versions.
const UNFINISHED: &[&str] = &[
    "upstream_unavailable",
    "outbound_refused",
    "code_refused",
    "id_token_missing",
    "issuer_mismatch",
    "audience_mismatch",
    "nonce_mismatch",
    "key_unknown",
    "bad_signature",
    "alg_not_allowed",
    "token_unsigned",
    "token_malformed",
    "token_expired",
    "clock_skew",
    "claim_missing",
    "password_wrong",
    "code_wrong",
    "passkey_wrong",
    "recovery_code_wrong",
    "rate_limited",
];

/// How an attempt that became no session ended, in words.
pub(in crate::rooms) fn ended(outcome: &str) -> &'static str {
    if outcome == "refused" { "refused" } else { "not finished" }
}

/// Of these, those that may be somebody's try: what the provider is said to have answered does not fit, or is nobody's.
pub(in crate::rooms) const FORGED: &[&str] =
    &["bad_signature", "token_unsigned", "alg_not_allowed", "issuer_mismatch", "nonce_mismatch"];

/// How the trail's event of such an attempt says that it ended.
pub(in crate::rooms) fn outcome(detail: &Value) -> &str {
    let reason = detail["reason"].as_str().unwrap_or_default();
    let known = if UNFINISHED.contains(&reason) { "failed" } else { "refused" };
    detail["outcome"].as_str().unwrap_or(known)
}

/// Where it is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the directory.
    Directory,
    /// At the person.
    Person,
    /// At the policy, or the directory's rules.
    Policy,
    /// At the domains.
    Domains,
    /// At the invitations.
    Invitations,
    /// Nowhere here.
    None,
}

/// Where whoever reads the record goes next.
pub(super) fn place(code: &str) -> Place {
    match code {
        "mfa_not_proved" | "auth_too_old" => Place::Policy,
        "domain_not_verified" => Place::Domains,
        "invitation_waits" | "invitation_used" | "invitation_other_address" => Place::Invitations,
        "password_wrong"
        | "code_wrong"
        | "passkey_wrong"
        | "passkey_cloned"
        | "recovery_code_wrong"
        | "rate_limited"
        | "second_factor_missing"
        | "password_short"
        | "user_disabled"
        | "wrong_account"
        | "link_required" => Place::Person,
        "tenant_suspended" | "break_glass_sealed" | "credentials_changed" | "state_foreign" => {
            Place::None
        }
        _ => Place::Directory,
    }
}
