//! OpenID Connect words.
/// P.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// E.
    Entra,
    /// O.
    Okta,
    /// G.
    Google,
    /// G.
    Generic,
}
impl Preset {
    /// W.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Google => "google",
            Self::Generic => "generic",
        }
    }
    /// W.
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
/// R.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Rules {}
