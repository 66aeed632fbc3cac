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
    /// A group and its members
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
        Group::Show { tenant, group, preview } => {
            let all = format!("{}/groups", at(&tenant));
            let named = [("text", Some(group.clone()))];
            let id = id_among(r, &all, &named, "display_name", "group", &group).await?;
            if preview {
                return r.post(&format!("{all}/{id}/preview"), &json!({})).await;
            }
            r.get(&format!("{all}/{id}")).await
        }
    }
}
