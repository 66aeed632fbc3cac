//! `muster integration`: service accounts that call APIs.

use super::{
    app::{Keys, add},
    at, given, id_of,
};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Integration {
    /// Make an integration user; prints its client id and, unless it has keys, its secret this once
    #[command(
        after_help = "Its tokens hold at most what its roles in the tenant permit, and of that only its scopes.

Examples:
  muster integration create contoso Backup --role 'Help desk' --scope users.view
  muster integration create contoso Backup --role 'Help desk' --scope users.view --jwks-file keys.json
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
        #[command(flatten)]
        keys: Keys,
    },
    /// Change an integration user; what is not named stays as it is
    Edit {
        /// Tenant: id or slug
        tenant: String,
        /// Integration user: id or name
        integration: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// What it may ask for, instead of what was; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// The switch; off ends everything issued to it
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        #[command(flatten)]
        keys: Keys,
    },
    /// A tenant's integration users
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Integration, r: &Reach) -> Result<Value> {
    match v {
        Integration::Create { tenant, name, scopes, roles, keys } => {
            let mut body = json!({ "name": name, "scopes": scopes, "roles": roles });
            add(&mut body, &keys.fields()?);
            r.post(&format!("{}/integrations", at(&tenant)), &body).await
        }
        Integration::Edit { tenant, integration, name, scopes, enabled, keys } => {
            let mut body = given(json!({
                "name": name, "enabled": enabled,
                "scopes": (!scopes.is_empty()).then_some(scopes),
            }));
            add(&mut body, &keys.fields()?);
            let all = format!("{}/integrations", at(&tenant));
            let id = id_of(r, &all, "name", "integration user", &integration).await?;
            r.call(Method::PATCH, &format!("{all}/{id}"), Some(&body)).await
        }
        Integration::List { tenant } => r.get(&format!("{}/integrations", at(&tenant))).await,
    }
}
