//! `muster mapping`: which groups give which roles.

use super::{at, escaped, given};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Give a role to whoever is in a group
    #[command(after_help = "Examples:
  muster mapping create contoso --group 'Muster Admins' --role 'Tenant Administrator'
  muster mapping create us --group Technicians --role 'Help desk' --in-tenant contoso")]
    Create {
        /// The directory's tenant: id or slug
        tenant: String,
        /// The group's id or name
        #[arg(long)]
        group: String,
        /// The role's id or name
        #[arg(long)]
        role: String,
        /// In another tenant than the directory's own: id or slug
        #[arg(long, value_name = "TENANT", conflicts_with = "everywhere")]
        in_tenant: Option<String>,
        /// In every tenant
        #[arg(long)]
        everywhere: bool,
    },
    /// Delete a mapping; what it gave is gone at once
    Delete {
        /// The directory's tenant: id or slug
        tenant: String,
        /// The mapping's id
        mapping: String,
    },
    /// A tenant's mappings
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Mapping, r: &Reach) -> Result<Value> {
    match v {
        Mapping::Create { tenant, group, role, in_tenant, everywhere } => {
            let body = given(json!({
                "group": group, "role": role, "in_tenant": in_tenant, "everywhere": everywhere,
            }));
            r.post(&format!("{}/mappings", at(&tenant)), &body).await
        }
        Mapping::Delete { tenant, mapping } => {
            r.delete(&format!("{}/mappings/{}", at(&tenant), escaped(&mapping))).await
        }
        Mapping::List { tenant } => r.get(&format!("{}/mappings", at(&tenant))).await,
    }
}
