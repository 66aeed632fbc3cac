//! What the provisioning log keeps of a directory's requests, and how long its silence is normal.

use super::{PresetColumn, Provisioning};
use crate::{
    error::{Error, Result},
    protocol::oidc::Preset,
};
use std::time::Duration;

/// What is kept of bodies.
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
pub enum Bodies {
    /// As they were, without secrets: what can be replayed.
    Full,
    /// Which attributes were sent, without what they said of a person.
    #[default]
    Redacted,
    /// Nothing.
    Off,
}

/// What the provisioning log keeps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// Of bodies. Passwords and other secrets are kept never.
    pub bodies: Bodies,
    /// Where bodies are redacted: `userName`, `externalId` and the names of groups are kept.
    pub names: bool,
    /// For how many days, 1 to 400.
    pub days: u32,
    /// How many entries, 100 to 1000000: of more the oldest go.
    pub most: u32,
}
impl Default for Logging {
    fn default() -> Self {
        Self { bodies: Bodies::Redacted, names: false, days: 30, most: 50_000 }
    }
}
impl Logging {
    pub(super) fn checked(&self) -> Result<()> {
        if !(1..=400).contains(&self.days) {
            return Err(Error::invalid("'log.days' is 1 to 400").attr("log.days"));
        }
        if !(100..=1_000_000).contains(&self.most) {
            return Err(Error::invalid("'log.most' is 100 to 1000000").attr("log.most"));
        }
        Ok(())
    }
}

/// How long a directory may be silent; `None`: for ever. Entra asks when something changed, which over a long weekend may
/// be nothing; Google every few hours; the others when somebody changes something.
pub fn silence(p: &Provisioning, preset: PresetColumn) -> Option<Duration> {
    const DAY: u32 = 24;
    let hours = p.silence_hours.unwrap_or(match preset.0 {
        Preset::Entra | Preset::EntraV1 => 4 * DAY,
        Preset::Google => 2 * DAY,
        Preset::Okta
        | Preset::Auth0
        | Preset::Keycloak
        | Preset::Ping
        | Preset::Adfs
        | Preset::Generic => 14 * DAY,
    });
    (hours > 0).then(|| Duration::from_secs(u64::from(hours) * 3600))
}
