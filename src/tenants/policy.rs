//! A tenant's sign-in policy, as it is stored and as the API takes it. An unknown field is an error: a rule that
//! somebody wrote and nobody reads would be a hole.

use crate::id::RoleId;
use std::collections::BTreeMap;

/// What a tenant demands of those who sign in to act there.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Second factors.
    pub mfa: MfaPolicy,
}

/// Who needs a second factor.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct MfaPolicy {
    /// For roles that are not named.
    pub default: MfaDefault,
    /// Role by role; a role named here is asked for exactly this.
    pub roles: BTreeMap<RoleId, Required>,
}

/// What holds for a role that the policy does not name.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MfaDefault {
    /// As the role's permissions demand: a second factor where they could harm.
    #[default]
    ByRole,
    /// A second factor for everybody.
    Always,
    /// None; the directory alone decides.
    Never,
}

/// How strong a proof is asked for; ordered.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// Whatever the directory accepts.
    None,
    /// Two factors.
    Mfa,
    /// Phishing resistant.
    Phr,
}

impl MfaPolicy {
    /// What is asked of a holder of `roles`; each comes with whether its permissions demand a second factor by
    /// default. The strongest demand wins.
    pub fn required(&self, roles: impl IntoIterator<Item = (RoleId, bool)>) -> Required {
        let rest = |by_role: bool| match self.default {
            MfaDefault::ByRole if by_role => Required::Mfa,
            MfaDefault::Always => Required::Mfa,
            MfaDefault::ByRole | MfaDefault::Never => Required::None,
        };
        roles
            .into_iter()
            .map(|(id, by_role)| self.roles.get(&id).copied().unwrap_or_else(|| rest(by_role)))
            .max()
            .unwrap_or_else(|| rest(false))
    }
}
