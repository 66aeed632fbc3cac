//! OpenID Connect without a network: the claims of an upstream's id token, read strictly, and what they prove. Pure:
//! the same code decides a login, a test login and a simulation.

mod assurance;
mod claims;

pub use assurance::{Assurance, Class, Rules, assurance, freshness, request, step_up};
pub use claims::{Audience, Claims, Expected, SKEW, numeric_date};

/// What kind of provider a directory's sign-in half talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Microsoft Entra ID, v2.0 tokens.
    Entra,
    /// Okta.
    Okta,
    /// Google Workspace.
    Google,
    /// Any conforming provider; what proves a second factor is named in its rules.
    Generic,
}
impl Preset {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Google => "google",
            Self::Generic => "generic",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "entra" => Self::Entra,
            "okta" => Self::Okta,
            "google" => Self::Google,
            "generic" => Self::Generic,
            _ => return None,
        })
    }
}
