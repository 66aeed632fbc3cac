//! `muster integration`: service accounts that call APIs.

use super::at;
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Integration {
    /// Make an integration user; prints its client id and secret this once
    #[command(
        after_help = "Its tokens hold at most what its roles in the tenant permit, and of that only its scopes.

Examples:
  muster integration create contoso Backup --role 'Help desk' --scope users.view
  curl -u CLIENT_ID:SECRET -d grant_type=client_credentials PUBLIC_URL/oauth/token"
    )]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name
        name: String,
        /// What it may ask for; may be given several times
        #[arg(long = "scope", required = true, value_name = "SCOPE")]
        scopes: Vec<String>,
        /// A role it gets in the tenant, by id or name; may be given several times
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// A tenant's integration users
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Integration, r: &Reach) -> Result<Value> {
    match v {
        Integration::Create { tenant, name, scopes, roles } => {
            let body = json!({ "name": name, "scopes": scopes, "roles": roles });
            r.post(&format!("{}/integrations", at(&tenant)), &body).await
        }
        Integration::List { tenant } => r.get(&format!("{}/integrations", at(&tenant))).await,
    }
}
