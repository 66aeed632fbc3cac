//! What people are shown of an application: where they sign in to it, and where they are asked for their consent.

use super::{App, settings::picture_origin};
use serde::{Deserialize, Serialize};

/// An application, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its picture: https, with a plain host name.
    pub logo_uri: Option<String>,
    /// How it treats personal data.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
}

impl About {
    /// The origin its picture is loaded from: what the page that shows it allows beside itself.
    pub fn logo_origin(&self) -> Option<String> {
        self.logo_uri.as_deref().and_then(picture_origin)
    }
}

impl App {
    /// What people are shown of it.
    pub fn about(&self) -> About {
        let s = &self.settings.0;
        About {
            name: self.name.clone(),
            client_uri: s.client_uri.clone(),
            logo_uri: s.logo_uri.clone(),
            policy_uri: s.policy_uri.clone(),
            tos_uri: s.tos_uri.clone(),
        }
    }
}
