//! `muster role`: sets of permissions.

use super::at;
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Make a role
    #[command(after_help = "Examples:
  muster role create contoso 'Help desk' --permission users.view --permission users.edit
  muster role create us Auditor --permission system.view_logs --offered      for all tenants")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name
        name: String,
        /// What it permits; may be given several times
        #[arg(long = "permission", required = true, value_name = "ID")]
        permissions: Vec<String>,
        /// One sentence
        #[arg(long, default_value = "")]
        description: String,
        /// A role of the provider: other tenants may give it as well
        #[arg(long)]
        offered: bool,
    },
    /// The roles that can be given in a tenant
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Role, r: &Reach) -> Result<Value> {
    match v {
        Role::Create { tenant, name, permissions, description, offered } => {
            let body = json!({
                "name": name, "permissions": permissions, "description": description,
                "offered": offered,
            });
            r.post(&format!("{}/roles", at(&tenant)), &body).await
        }
        Role::List { tenant } => r.get(&format!("{}/roles", at(&tenant))).await,
    }
}
