//! Whom a directory's sign-in lets in whom nobody brought before, and where it reads their groups. Off as shipped: whoever
//! is to come in is provisioned by SCIM, or invited.

use crate::{
    error::{Error, Result},
    protocol::oidc,
    text,
};
use serde::{Deserialize, Serialize};

/// Who comes in at their first sign-in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// Nobody: they are provisioned or invited.
    #[default]
    Nobody,
    /// Whoever has an address that the directory vouches for, in a domain that is confirmed to be the tenant's.
    Domains,
}

/// What a directory's sign-in does with people and groups that SCIM has not brought. An unknown field is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Newcomers {
    /// Who comes in at their first sign-in.
    pub people: People,
    /// Whether that counts for guests of the directory too (Entra: people of another tenant).
    pub guests: bool,
    /// The claim of the id token that lists a person's groups, by the directory's own ids; none: groups come by SCIM.
    pub groups: Option<String>,
    /// Whether a token without that claim says that the person is in no group: for providers that leave it out then. If
    /// not, it says nothing, and what the person had stays.
    pub absent_is_none: bool,
    /// Entra: where groups are asked for when a token has no room for them; none: `https://graph.microsoft.com`.
    pub graph: Option<String>,
}

/// Microsoft's own.
const GRAPH: &str = "https://graph.microsoft.com";

impl Newcomers {
    /// The settings, if they can be.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Self> {
        if let Some(claim) = &self.groups {
            let fits = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
            if claim.is_empty() || claim.len() > 200 || !claim.chars().all(fits) {
                let shown = text::excerpt(claim);
                return Err(Error::invalid(format!("'{shown}' is no name of a claim"))
                    .attr("newcomers.groups"));
            }
            if oidc::is_read(claim) {
                let why = format!("'{claim}' has a meaning of its own and lists no groups");
                return Err(Error::invalid(why).attr("newcomers.groups"));
            }
        }
        if let Some(graph) = &self.graph {
            let good = url::Url::parse(graph).is_ok_and(|u| {
                u.has_host() && matches!(u.scheme(), "https" | "http") && u.query().is_none()
            });
            if !good {
                let shown = text::excerpt(graph);
                let why = format!("'{shown}' is not an address (https)");
                return Err(Error::invalid(why).attr("newcomers.graph"));
            }
        }
        Ok(self)
    }
    /// Whether a sign-in brings anything.
    pub fn any(&self) -> bool {
        self.people != People::Nobody || self.groups.is_some()
    }
    /// Where Entra is asked for groups.
    pub fn graph(&self) -> &str {
        self.graph.as_deref().unwrap_or(GRAPH).trim_end_matches('/')
    }
}
