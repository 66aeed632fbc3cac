//! A tenant's sign-in policy, as it is stored and as the API takes it. An unknown field is an error: a rule that
//! somebody wrote and nobody reads would be a hole.

use super::{Lasting, Longest};
use crate::{
    error::{Error, Result},
    id::RoleId,
    protocol::oidc::Class,
    text::excerpt,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a tenant demands of those who sign in to act there.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = serde_json::json!({
    "mfa": { "default": "by_role", "level": "mfa" },
    "permissions": { "users.delete": { "class": "mfa", "max_age": 900 } },
}))]
pub struct Policy {
    /// Second factors.
    pub mfa: MfaPolicy,
    /// Application by application, by client id: what is demanded of whoever signs in to it here, beside what their roles
    /// demand.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub apps: BTreeMap<String, Demand>,
    /// Permission by permission. Its class is demanded of whoever holds it, by whichever role; its `max_age` wherever it is
    /// used: by a request that needs it, and by a token that is to have it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: BTreeMap<String, Demand>,
    /// How long sessions last: those of its people, and those in which somebody acts in it.
    #[serde(skip_serializing_if = "Lasting::is_empty")]
    pub sessions: Lasting,
    /// How long refresh tokens last: those of its people, and those that are for it.
    #[serde(skip_serializing_if = "Lasting::is_empty")]
    pub refresh: Lasting,
}

/// What an application or a permission demands.
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
#[schemars(rename = "SigninDemand")]
#[serde(deny_unknown_fields, default)]
pub struct Demand {
    /// At least this.
    pub class: Required,
    /// Proved not longer ago than this, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i64>,
}
impl Demand {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            class: self.class.max(other.class),
            max_age: self.max_age.into_iter().chain(other.max_age).min(),
        }
    }
}

/// Where a demand comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// A role.
    Role(RoleId),
    /// Everybody, whatever they have.
    Everybody,
    /// A permission that the person holds.
    Permission(&'a str),
    /// The application.
    App(&'a str),
}

/// The shortest time after which a fresh proof may be demanded anew: one that cannot be met would send people in circles.
const SHORTEST: i64 = 60;
/// Applications, and permissions, with a demand of their own at most.
const MOST: usize = 200;

impl Policy {
    /// The policy, if it can be met.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(&self, catalogue: &BTreeSet<String>, longest: Longest) -> Result<()> {
        self.sessions.checked("sessions", longest.sessions)?;
        self.refresh.checked("refresh", longest.refresh)?;
        let bad = |field: String, text: String| Err(Error::invalid(text).attr(field));
        for (name, all) in [("apps", &self.apps), ("permissions", &self.permissions)] {
            if all.len() > MOST {
                return bad(name.to_owned(), format!("'{name}' has more than {MOST} entries"));
            }
            for (key, demand) in all {
                if demand.max_age.is_some_and(|s| !(SHORTEST..=31_536_000).contains(&s)) {
                    let text =
                        format!("'max_age' is not a number of seconds from {SHORTEST} to a year");
                    return bad(format!("{name}.{}.max_age", excerpt(key)), text);
                }
            }
        }
        match self.permissions.keys().find(|p| !catalogue.contains(*p)) {
            Some(p) => {
                let p = excerpt(p);
                let text = format!("'{p}' is no permission of the catalogue");
                bad(format!("permissions.{p}"), text)
            }
            None => Ok(()),
        }
    }
    /// Everything that is demanded of somebody, and by what: `roles` are theirs, each with whether its permissions demand a
    /// second factor by default; `held` says whether they hold a permission, `used` whether it is used now.
    pub fn demands<'a>(
        &'a self,
        roles: impl IntoIterator<Item = (RoleId, bool)>,
        held: impl Fn(&str) -> bool,
        app: Option<&str>,
        used: impl Fn(&str) -> bool,
    ) -> Vec<(Source<'a>, Demand)> {
        let class = |class| Demand { class, max_age: None };
        let everybody = (Source::Everybody, class(self.mfa.required([])));
        let roles = roles
            .into_iter()
            .map(|(id, mfa)| (Source::Role(id), class(self.mfa.required([(id, mfa)]))));
        let permissions = self.permissions.iter().filter(|(p, _)| held(p)).map(|(p, d)| {
            let max_age = d.max_age.filter(|_| used(p));
            (Source::Permission(p), Demand { max_age, ..*d })
        });
        let app = app.and_then(|a| self.apps.get_key_value(a));
        let app = app.map(|(a, d)| (Source::App(a), *d));
        let mut all: Vec<_> = roles.chain(permissions).chain(app).collect();
        // What is said of roles that nothing names is said of whoever has none.
        if !all.iter().any(|(s, _)| matches!(s, Source::Role(_))) {
            all.insert(0, everybody);
        }
        all
    }
}

/// Who needs a second factor.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct MfaPolicy {
    /// For roles that are not named.
    pub default: MfaDefault,
    /// What `default` demands where it demands anything: `mfa`, a proof in the login itself; or `attested`, for which an
    /// administrator's written word about the directory suffices; or `phr`.
    #[serde(skip_serializing_if = "is_mfa")]
    #[serde(default = "mfa")]
    pub level: Required,
    /// Role by role; a role named here is asked for exactly this.
    pub roles: BTreeMap<RoleId, Required>,
}

fn mfa() -> Required {
    Required::Mfa
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's way")]
fn is_mfa(r: &Required) -> bool {
    *r == Required::Mfa
}
impl Default for MfaPolicy {
    fn default() -> Self {
        Self { default: MfaDefault::default(), level: mfa(), roles: BTreeMap::new() }
    }
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
    Default,
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
    #[default]
    None,
    /// Two factors, for which an administrator's written word about the directory suffices.
    Attested,
    /// Two factors, proved by the login itself.
    Mfa,
    /// Phishing resistant.
    Phr,
}

impl Required {
    /// The least class of a login that suffices.
    pub fn class(self) -> Class {
        match self {
            Self::None => Class::None,
            Self::Attested => Class::Attested,
            Self::Mfa => Class::Mfa,
            Self::Phr => Class::PhishingResistant,
        }
    }
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Attested => "attested",
            Self::Mfa => "mfa",
            Self::Phr => "phr",
        }
    }
}

impl MfaPolicy {
    /// What is asked of a holder of `roles`; each comes with whether its permissions demand a second factor by
    /// default. The strongest demand wins.
    pub fn required(&self, roles: impl IntoIterator<Item = (RoleId, bool)>) -> Required {
        let rest = |by_role: bool| match self.default {
            MfaDefault::ByRole if by_role => self.level,
            MfaDefault::Always => self.level,
            MfaDefault::ByRole | MfaDefault::Never => Required::None,
        };
        roles
            .into_iter()
            .map(|(id, by_role)| self.roles.get(&id).copied().unwrap_or_else(|| rest(by_role)))
            .max()
            .unwrap_or_else(|| rest(false))
    }
}
