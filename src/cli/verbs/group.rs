//! `muster group`: the groups that directories brought.

use super::{at, id_of, query};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// A tenant's groups
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name holds this
        #[arg(long)]
        text: Option<String>,
    },
    /// A group and its members
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// The group's id or name
        group: String,
    },
}

pub(super) async fn run(v: Group, r: &Reach) -> Result<Value> {
    match v {
        Group::List { tenant, text } => {
            r.get(&format!("{}/groups{}", at(&tenant), query(&[("text", text)]))).await
        }
        Group::Show { tenant, group } => {
            let all = format!("{}/groups", at(&tenant));
            let named = query(&[("limit", Some("500".into())), ("text", Some(group.clone()))]);
            let list = format!("{all}{named}");
            let id = id_of(r, &list, "display_name", "group", &group).await?;
            r.get(&format!("{all}/{id}")).await
        }
    }
}
