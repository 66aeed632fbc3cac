//! `muster setup-link`: links by which a company's IT staff set a directory up.

use super::{at, escaped, given, id_of};
use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum SetupLink {
    /// Make a link; it is printed this once
    #[command(
        after_help = "It opens one directory's setup, step by step, and nothing else: no account is needed.

Examples:
  muster setup-link create contoso 'Contoso Entra' --note 'Sam at Contoso IT'
  muster setup-link create contoso 'Contoso Entra' --hours 24 | jq -r .link"
    )]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
        /// For how many hours it is good: 1 to 336
        #[arg(long, default_value_t = 72)]
        hours: u32,
        /// For whom it is
        #[arg(long)]
        note: Option<String>,
    },
    /// The links of a directory that are good, without their text
    List {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
    },
    /// Take a link back; whoever has it open is out at once
    Revoke {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
        /// The link's id
        link: String,
    },
}

pub(super) async fn run(v: SetupLink, r: &Reach) -> Result<Value> {
    let path = |tenant: String, directory: String| async move {
        let all = format!("{}/directories", at(&tenant));
        let id = id_of(r, &all, "name", "directory", &directory).await?;
        Ok::<_, Error>(format!("{all}/{id}/setup-links"))
    };
    match v {
        SetupLink::Create { tenant, directory, hours, note } => {
            let body = given(json!({ "hours": hours, "note": note }));
            r.post(&path(tenant, directory).await?, &body).await
        }
        SetupLink::List { tenant, directory } => r.get(&path(tenant, directory).await?).await,
        SetupLink::Revoke { tenant, directory, link } => {
            let path = format!("{}/{}", path(tenant, directory).await?, escaped(&link));
            r.delete(&path).await
        }
    }
}
