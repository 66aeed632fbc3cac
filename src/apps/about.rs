//! What people are shown of an application: where they sign in to it, and where they are asked for their consent.

use super::{App, db, settings::picture_origin};
use crate::{
    access::elevation::Own,
    error::Result,
    store::{Scope, Store},
};
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

/// So many are told of.
const MOST: i64 = 500;

/// The applications that somebody can sign in to and that have a page to begin at, by name.
///
/// # Errors
/// The database's.
pub async fn openable(store: &Store, own: &Own) -> Result<Vec<App>> {
    // platform: some serve every tenant.
    let mut c = store.read(Scope::Platform).await?;
    db::openable(&mut c, own.who().0, MOST).await
}
