//! `muster integration`: service accounts that call APIs.

use super::{
    app::{Keys, add},
    at, confirmed, given,
    paged::Paged,
    secret::{self, Secret},
    thing_at,
};
use crate::{cli::reach::Reach, error::Result};
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
        /// Only those whose name holds this
        #[arg(long)]
        text: Option<String>,
        /// Only those that are switched on, or off
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        #[command(flatten)]
        page: Paged,
    },
    /// One integration user
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        integration: String,
    },
    /// Answer for it from now on: it counts again if whoever chose its permissions was demoted, and may be changed if they
    /// have left
    Adopt {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        integration: String,
    },
    /// Switch it on again
    Enable {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        integration: String,
    },
    /// Switch it off; everything issued to it ends
    Disable {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        integration: String,
    },
    /// Delete it; everything issued to it ends
    Delete {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        integration: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// What it proves itself with
    #[command(subcommand)]
    Secret(Secret),
}

pub(super) async fn run(v: Integration, r: &Reach) -> Result<Value> {
    match v {
        Integration::Create { tenant, name, scopes, roles, keys } => {
            let mut body = json!({ "name": name, "scopes": scopes, "roles": roles });
            add(&mut body, &keys.fields()?);
            r.post(&format!("{}/integrations", at(&tenant)), &body).await
        }
        Integration::Adopt { tenant, integration } => {
            let path = find(r, &tenant, &integration).await?;
            r.post(&format!("{path}/adopt"), &json!({})).await
        }
        Integration::Edit { tenant, integration, name, scopes, enabled, keys } => {
            let mut body = given(json!({
                "name": name, "enabled": enabled,
                "scopes": (!scopes.is_empty()).then_some(scopes),
            }));
            add(&mut body, &keys.fields()?);
            r.patch(&find(r, &tenant, &integration).await?, &body).await
        }
        Integration::List { tenant, text, enabled, page } => {
            page.list(
                r,
                &format!("{}/integrations", at(&tenant)),
                &[("text", text), ("enabled", enabled.map(|on| on.to_string()))],
            )
            .await
        }
        Integration::Show { tenant, integration } => {
            r.get(&find(r, &tenant, &integration).await?).await
        }
        Integration::Enable { tenant, integration } => {
            r.patch(&find(r, &tenant, &integration).await?, &json!({ "enabled": true })).await
        }
        Integration::Disable { tenant, integration } => {
            r.patch(&find(r, &tenant, &integration).await?, &json!({ "enabled": false })).await
        }
        Integration::Delete { tenant, integration, yes } => {
            let path = find(r, &tenant, &integration).await?;
            confirmed("the integration user", &integration, yes)?;
            r.delete(&path).await
        }
        Integration::Secret(v) => {
            let path = find(r, &v.whose().tenant, &v.whose().client).await?;
            secret::run(v, &path, r).await
        }
    }
}

async fn find(r: &Reach, tenant: &str, name: &str) -> Result<String> {
    thing_at(r, tenant, "integrations", "integration user", name).await
}
