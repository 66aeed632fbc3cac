//! Applications (OpenID clients of ours) and the credentials of integration users. A client is remembered with its
//! secrets, so that authenticating one by a secret costs no query; secrets overlap (two live at most) and show when
//! they were last used. A client that has keys proves itself with an assertion (RFC 7523), used once.

mod about;
pub mod assertions;
mod clients;
pub mod consents;
mod db;
mod edit;
mod keys;
mod manage;
mod secrets;
mod settings;

pub use about::{About, openable};
pub use clients::{Apps, Client, Kept, Proof};
pub use edit::{Change, edit, integration_adopt, integration_edit, set_enabled};
pub use keys::{ASSERTION_ALGS, KeySet};
pub use manage::{
    App, IntegrationPlan, NewApp, Views, create, get, integration_create, leave, page, remove,
    to_be_told,
};
pub use secrets::{SecretInfo, secret_add, secret_list, secret_revoke};
pub use settings::{ALL_PEOPLE, Settings};

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "ClientKind")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An application that people sign in to.
    App,
    /// A program that acts as an integration user.
    Integration,
}
impl Kind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Integration => "integration",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "app" => Some(Self::App),
            "integration" => Some(Self::Integration),
            _ => None,
        }
    }
}
crate::enum_column!(Kind);
