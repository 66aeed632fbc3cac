//! What somebody sees of themselves: who keeps what is said of them, why they have their roles, what they can open.

use super::when;
use crate::{
    access::{self, Effective, Source, Via},
    app::App,
    apps, directories,
    error::{Error, Result},
    id::AppId,
    store::Scope,
    users,
    web::{Caller, LiveSession},
};

/// How a role came to somebody.
pub(super) struct Why {
    pub(super) role: String,
    pub(super) how: String,
    /// For machines and for people.
    pub(super) since: (String, String),
    pub(super) until: Option<(String, String)>,
}

impl Why {
    pub(super) fn of(p: &access::Path) -> Self {
        let how = match &p.via {
            Via::Assignment { source, reason, .. } => {
                let how = match source {
                    Source::Manual => "given to you by hand",
                    Source::Invitation => "given to you with your invitation",
                    Source::Elevation => "yours for a while, because you asked for it",
                    Source::Bootstrap => "yours because you set this instance up",
                    Source::BreakGlass => "yours for an emergency",
                    Source::Hold => "kept, although your directory took it away",
                };
                match reason.as_deref().filter(|r| !r.trim().is_empty()) {
                    Some(reason) => format!("{how} ({reason})"),
                    None => how.to_owned(),
                }
            }
            Via::Mapping { group_name, directory_name, .. } => {
                format!("because you are in the group {group_name} of {directory_name}")
            }
            Via::Parked { directory_name, .. } => {
                format!("kept until somebody decides: {directory_name} took it away")
            }
            Via::Default { .. } => "as everybody in your company has it".to_owned(),
        };
        let (since, until) = (when(p.since), p.end().map(when));
        Self { role: p.role.name.clone(), how, since, until }
    }
}

/// An application that somebody can open.
pub(super) struct Opens {
    pub(super) id: AppId,
    pub(super) name: String,
    pub(super) to: String,
}

/// The applications that somebody can sign in to and that have a page to begin at.
pub(super) async fn opens(app: &App, caller: &Caller) -> Result<Vec<Opens>> {
    let own = app.access.own(&caller.actor)?;
    let all = apps::openable(&app.store, &own).await?;
    let opens = all.into_iter().filter_map(|a| {
        let to = a.settings.0.client_uri?;
        Some(Opens { id: a.id, name: a.name, to })
    });
    Ok(opens.collect())
}

/// The address of whoever is signed in, and the directory that says who they are, if one does.
pub(super) async fn profile(
    app: &App,
    s: &LiveSession,
) -> Result<(Option<String>, Option<String>)> {
    let mut c = app.store.read(Scope::Tenant(s.home)).await?;
    let user = users::find(&mut c, s.home, s.user).await?;
    let user = user.ok_or_else(|| Error::unauthenticated("you are not signed in"))?;
    let directory = match user.directory_id {
        Some(d) => directories::find(&mut c, s.home, d).await?.map(|d| d.name),
        None => None,
    };
    Ok((user.email, directory))
}

/// Whether somebody may do anything that the pages of administration are for.
pub(super) fn administers(e: &Effective) -> bool {
    e.permissions.iter().any(|p| p.starts_with("users.") || p.starts_with("system."))
}
