//! Applications and integration users, as the API tells of them: both are clients.

use crate::{
    ask::{Answer, Ask, Trouble},
    rooms::{kit, sure::Sure},
    shell::Shell,
    text::{self, When},
};
use serde::Deserialize;
use serde_json::Value;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rooms) enum Room {
    /// Applications: people sign in to them.
    Apps,
    /// Integration users: programs without a person in front.
    Integrations,
}

impl Room {
    /// The part of addresses, of ours and of the API.
    pub(in crate::rooms) fn path(self) -> &'static str {
        match self {
            Self::Apps => "/apps",
            Self::Integrations => "/integrations",
        }
    }
    /// The page of the way around.
    pub(in crate::rooms) fn section(self) -> crate::nav::Section {
        match self {
            Self::Apps => crate::nav::Section::Apps,
            Self::Integrations => crate::nav::Section::Integrations,
        }
    }
    /// What they are called, many of them.
    pub(in crate::rooms) fn many(self) -> &'static str {
        match self {
            Self::Apps => "Applications",
            Self::Integrations => "Integrations",
        }
    }
    /// Whether whoever sits there may change one.
    pub(in crate::rooms) fn may_edit(self, shell: &Shell) -> bool {
        match self {
            Self::Apps => shell.may("system.edit_settings"),
            Self::Integrations => shell.may("system.manage_integrations"),
        }
    }
    /// The frame of a page about one, with the way back.
    pub(in crate::rooms) async fn found(
        self,
        ask: &Ask,
        t: &str,
        id: &str,
    ) -> Result<(Shell, Party), Trouble> {
        let shell = ask.shell(t, self.section(), self.many()).await?;
        let (client, version) = ask.versioned::<Party>(&shell.api(&self.at(id))).await?;
        let client = Party { version, ..client };
        let list = format!("{}{}", shell.base(), self.path());
        Ok((shell.crumb(self.many(), list), client))
    }
    /// What switching one off means, before it is done.
    pub(in crate::rooms) async fn off_page(self, ask: &Ask, (t, id): (&str, &str)) -> Answer {
        let (shell, client) = self.found(ask, t, id).await?;
        if !self.may_edit(&shell) {
            return Err(kit::forbidden().into());
        }
        let back = format!("{}{}", shell.base(), self.at(id));
        let name = &client.name;
        let says = match self {
            Self::Apps => format!(
                "From that moment nobody can sign in to {name}, and no token that was issued to it counts. \
                 What it is set to stays, its secrets as well."
            ),
            Self::Integrations => format!(
                "From that moment {name} gets no token, and none that it has counts. Its roles, permissions and \
                 secrets stay."
            ),
        };
        let shell = shell.crumb(name, &back).titled(format!("Switch {name} off"));
        let says = vec![says, "Switched on again, it works as before.".to_owned()];
        let (action, fields) = (format!("{back}/switch"), vec![("enabled", "false".to_owned())]);
        let back = (back, "Keep it on");
        Sure { shell, says, fields, action, button: "Switch it off", back }.page()
    }
    /// One of them, below a tenant's address.
    pub(in crate::rooms) fn at(self, id: &str) -> String {
        format!("{}/{}", self.path(), text::escape(id))
    }
}

/// What it is set to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::rooms) struct Settings {
    pub(in crate::rooms) redirect_uris: Vec<String>,
    pub(in crate::rooms) scopes: Option<Vec<String>>,
    pub(in crate::rooms) audience: Option<String>,
    pub(in crate::rooms) id_token_alg: String,
    pub(in crate::rooms) access_ttl: u32,
    pub(in crate::rooms) trusted: bool,
    pub(in crate::rooms) client_uri: Option<String>,
    pub(in crate::rooms) logo_uri: Option<String>,
    pub(in crate::rooms) policy_uri: Option<String>,
    pub(in crate::rooms) tos_uri: Option<String>,
    pub(in crate::rooms) post_logout_redirect_uris: Vec<String>,
    pub(in crate::rooms) backchannel_logout_uri: Option<String>,
    pub(in crate::rooms) backchannel_logout_session_required: bool,
    pub(in crate::rooms) jwks: Option<Value>,
    pub(in crate::rooms) jwks_uri: Option<String>,
}

/// An application or an integration user.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::rooms) struct Party {
    pub(in crate::rooms) id: String,
    #[serde(default)]
    pub(in crate::rooms) user: Option<String>,
    pub(in crate::rooms) name: String,
    pub(in crate::rooms) client_id: String,
    pub(in crate::rooms) public: bool,
    pub(in crate::rooms) platform: bool,
    pub(in crate::rooms) settings: Settings,
    pub(in crate::rooms) enabled: bool,
    pub(in crate::rooms) created_by: String,
    #[serde(default)]
    pub(in crate::rooms) created_by_name: Option<String>,
    #[serde(default)]
    pub(in crate::rooms) adopted_by: Option<String>,
    #[serde(default)]
    pub(in crate::rooms) adopted_by_name: Option<String>,
    #[serde(default)]
    pub(in crate::rooms) author: Option<String>,
    #[serde(default)]
    pub(in crate::rooms) suspended_at: Option<When>,
    pub(in crate::rooms) created_at: When,
    #[serde(default)]
    pub(in crate::rooms) client_secret: Option<String>,
    /// Of what is shown, where it was asked for alone.
    #[serde(skip)]
    pub(in crate::rooms) version: String,
}

impl Party {
    /// Whether it proves itself with a key.
    pub(in crate::rooms) fn keyed(&self) -> bool {
        self.settings.jwks.is_some() || self.settings.jwks_uri.is_some()
    }
    /// How it proves that it is itself, for people.
    pub(in crate::rooms) fn proof(&self) -> &'static str {
        match (self.public, &self.settings.jwks_uri, &self.settings.jwks) {
            (true, ..) => "none: it runs where a secret cannot be kept",
            (_, Some(_), _) => "a private key; the public one is fetched from its address",
            (_, _, Some(_)) => "a private key; the public one is set here",
            _ => "a secret",
        }
    }
    /// The kind, in a word.
    pub(in crate::rooms) fn kind(&self) -> &'static str {
        match (self.public, self.platform) {
            (true, true) => "browser or phone, for every tenant",
            (true, false) => "browser or phone",
            (false, true) => "on a server, for every tenant",
            (false, false) => "on a server",
        }
    }
    /// How it is, and how that is coloured.
    pub(in crate::rooms) fn state(&self) -> (&'static str, &'static str) {
        match (self.enabled, self.author.as_deref()) {
            (false, _) => ("switched off", "bad"),
            (true, Some("suspended")) => ("suspended", "bad"),
            (true, Some("author_left")) => ("its author has left", "warn"),
            _ => ("on", "good"),
        }
    }
    /// Whether somebody has to answer for it.
    pub(in crate::rooms) fn orphan(&self) -> bool {
        matches!(self.author.as_deref(), Some("suspended" | "author_left"))
    }
    /// Who made it.
    pub(in crate::rooms) fn maker(&self) -> String {
        kit::who(&self.created_by, self.created_by_name.as_ref())
    }
    /// Who has answered for it since.
    pub(in crate::rooms) fn adopter(&self) -> Option<String> {
        self.adopted_by.as_ref().map(|by| kit::who(by, self.adopted_by_name.as_ref()))
    }
    /// How long its access tokens live.
    pub(in crate::rooms) fn lives(&self) -> String {
        kit::lasting(i64::from(self.settings.access_ttl))
    }
    /// The key set as text.
    pub(in crate::rooms) fn keys(&self) -> String {
        self.settings.jwks.as_ref().map(kit::pretty).unwrap_or_default()
    }
}

/// What there is to permit, under its heading.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::rooms) struct Category {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) name: String,
    pub(in crate::rooms) permissions: Vec<Entry>,
}

/// A permission.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::rooms) struct Entry {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) name: String,
}

impl Category {
    /// The whole id of one of its permissions.
    pub(in crate::rooms) fn full(&self, entry: &Entry) -> String {
        format!("{}.{}", self.id, entry.id)
    }
}

#[derive(Deserialize)]
struct Catalogue {
    categories: Vec<Category>,
}

/// All that can be permitted.
pub(in crate::rooms) async fn catalogue(ask: &Ask) -> Result<Vec<Category>, Trouble> {
    let all: Catalogue = ask.get("/catalogue").await?;
    Ok(all.categories)
}
