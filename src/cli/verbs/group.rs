//! `muster group`: the groups that directories brought.

use super::{at, id_among, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// A tenant's groups
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name holds this
        #[arg(long)]
        text: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
    /// Who is in a group
    Members {
        /// Tenant: id or slug
        tenant: String,
        /// The group's id or name
        group: String,
        /// Only those whose name holds this
        #[arg(long)]
        text: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
    /// A group, how many are in it, and the first 200 of them
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// The group's id or name
        group: String,
        /// Say who would lose what instead, were it deleted with its mappings
        #[arg(long)]
        preview: bool,
    },
}

pub(super) async fn run(v: Group, r: &Reach) -> Result<Value> {
    match v {
        Group::List { tenant, text, page } => {
            page.list(r, &format!("{}/groups", at(&tenant)), &[("text", text)]).await
        }
        Group::Members { tenant, group, text, page } => {
            let one = group_at(r, &tenant, &group).await?;
            page.list(r, &format!("{one}/members"), &[("text", text)]).await
        }
        Group::Show { tenant, group, preview } => {
            let one = group_at(r, &tenant, &group).await?;
            if preview {
                return r.post(&format!("{one}/preview"), &json!({})).await;
            }
            r.get(&one).await
        }
    }
}

/// Where a group is: by id, or by name.
async fn group_at(r: &Reach, tenant: &str, group: &str) -> Result<String> {
    let all = format!("{}/groups", at(tenant));
    let named = [("text", Some(group.to_owned()))];
    let id = id_among(r, &all, &named, "display_name", "group", group).await?;
    Ok(format!("{all}/{id}"))
}
