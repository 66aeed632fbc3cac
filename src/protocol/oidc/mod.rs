//! OpenID Connect without a network: the claims of an upstream's id token, read strictly, and what they prove. Pure:
//! the same code decides a login, a step-up, a test login and a simulation.

mod assurance;
mod claims;
mod guest;
mod place;
mod vouched;

pub use assurance::{
    Assurance, Attested, Class, Connection, Decision, Demand, Evidence, Freshness, Rules, Step,
    Verdict, assurance, decide, freshness, request, step_up,
};
pub use claims::{Audience, Claims, Expected, SKEW, is_read, numeric_date};
pub use guest::is_guest;
pub use place::{Place, place, subject};
pub use vouched::vouched;

/// What kind of provider a directory's sign-in half talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Microsoft Entra ID, v2.0 tokens.
    Entra,
    /// Microsoft Entra ID, v1.0 tokens, which say in `amr` what was done.
    EntraV1,
    /// Okta.
    Okta,
    /// Google Workspace.
    Google,
    /// Auth0.
    Auth0,
    /// Keycloak.
    Keycloak,
    /// `PingFederate`, `PingAM`, `PingOne`.
    Ping,
    /// AD FS.
    Adfs,
    /// Any conforming provider; what proves a second factor is named in its rules.
    Generic,
}
impl Preset {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Entra,
        Self::EntraV1,
        Self::Okta,
        Self::Google,
        Self::Auth0,
        Self::Keycloak,
        Self::Ping,
        Self::Adfs,
        Self::Generic,
    ];
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::EntraV1 => "entra_v1",
            Self::Okta => "okta",
            Self::Google => "google",
            Self::Auth0 => "auth0",
            Self::Keycloak => "keycloak",
            Self::Ping => "ping",
            Self::Adfs => "adfs",
            Self::Generic => "generic",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == s)
    }
    /// Whether it is Entra, by either kind of token.
    pub fn is_entra(self) -> bool {
        matches!(self, Self::Entra | Self::EntraV1)
    }
}
