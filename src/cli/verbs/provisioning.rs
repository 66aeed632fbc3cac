//! `muster provisioning`: the log of what directories asked, and replay.

use super::{paged::Latest, thing_at};
use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Provisioning {
    /// Requests, newest first
    #[command(after_help = "Examples:
  muster provisioning log contoso 'Contoso Entra' --ignored
  muster provisioning log contoso 'Contoso Entra' --status error --since 2026-01-31T12:00:00Z
  muster provisioning log contoso 'Contoso Entra' --user-name anna@contoso.com --changes
  muster provisioning log contoso 'Contoso Entra' --status 409 | jq '.items[] | [.at, .method, .path, .detail]'")]
    Log(Box<Search>),
    /// One request, with what is kept of its bodies
    Show(Which),
    /// Do a request once more: nothing stays of it, unless --apply
    #[command(
        after_help = "What is kept of bodies is a setting of the directory: a request can be done once more when its
body was kept in full (muster directory edit TENANT DIRECTORY --log-bodies full). A body of more than 64 KiB is kept by no
setting, nor is one that is no JSON: such a request cannot be done again.

Examples:
  muster provisioning replay contoso 'Contoso Entra' ENTRY | jq .diff
  muster provisioning replay contoso 'Contoso Entra' ENTRY --apply"
    )]
    Replay {
        #[command(flatten)]
        which: Which,
        /// For good
        #[arg(long)]
        apply: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Tenant: id or slug
    tenant: String,
    /// The directory's id or name
    directory: String,
}
impl Place {
    async fn find(&self, r: &Reach) -> Result<String> {
        let at = thing_at(r, &self.tenant, "directories", "directory", &self.directory).await?;
        Ok(format!("{at}/log"))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    #[command(flatten)]
    place: Place,
    /// From this moment on, like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// A status (409), a class (4xx), ok or error
    #[arg(long)]
    status: Option<String>,
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(long)]
    method: Option<String>,
    /// User, Group, Bulk or Discovery
    #[arg(long)]
    resource: Option<String>,
    /// About the person or group of this id
    #[arg(long)]
    id: Option<String>,
    /// About who has this userName
    #[arg(long, value_name = "NAME")]
    user_name: Option<String>,
    /// About what has this externalId
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The request of this id, as audit events name it
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Only where a part was ignored
    #[arg(long)]
    ignored: bool,
    /// Only where something changed
    #[arg(long)]
    changes: bool,
    #[command(flatten)]
    page: Latest,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    #[command(flatten)]
    place: Place,
    /// The entry's id
    entry: String,
}
impl Which {
    async fn find(&self, r: &Reach) -> Result<String> {
        let entry = uuid::Uuid::try_parse(&self.entry)
            .map_err(|_| Error::invalid("an entry is called by its id, as the log shows it"))?;
        Ok(format!("{}/{entry}", self.place.find(r).await?))
    }
}

pub(super) async fn run(v: Provisioning, r: &Reach) -> Result<Value> {
    match v {
        Provisioning::Log(s) => {
            let flag = |on: bool| on.then(|| "true".to_owned());
            let path = s.place.find(r).await?;
            let filters = [
                ("since", s.since),
                ("until", s.until),
                ("status", s.status),
                ("method", s.method),
                ("resource", s.resource),
                ("id", s.id),
                ("user_name", s.user_name),
                ("external_id", s.external_id),
                ("request", s.request),
                ("ignored", flag(s.ignored)),
                ("changes", flag(s.changes)),
            ];
            s.page.list(r, &path, &filters).await
        }
        Provisioning::Show(which) => r.get(&which.find(r).await?).await,
        Provisioning::Replay { which, apply } => {
            let path = format!("{}/replay", which.find(r).await?);
            r.post(&path, &json!({ "apply": apply })).await
        }
    }
}
