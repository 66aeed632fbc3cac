//! `muster grant`: roles given by hand.

use super::{at, given};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Grant {
    /// Give somebody a role in a tenant
    #[command(after_help = "Examples:
  muster grant add contoso anna@contoso.com 'Tenant Administrator' --reason 'first administrator'
  muster grant add contoso tech@provider.example 'Help desk' --home us --until 2026-12-31T00:00:00Z
  muster grant add us ada 'Global Administrator' --everywhere")]
    Add {
        /// Where: tenant, id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The role's id or name
        role: String,
        /// The user's own tenant, if it is another
        #[arg(long)]
        home: Option<String>,
        /// On the whole instance; TENANT is then the user's own
        #[arg(long, conflicts_with = "home")]
        everywhere: bool,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why, for those who ask later
        #[arg(long)]
        reason: Option<String>,
    },
    /// What was given by hand in a tenant
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Grant, r: &Reach) -> Result<Value> {
    match v {
        Grant::Add { tenant, user, role, home, everywhere, until, reason } => {
            let home = if everywhere { Some(tenant.clone()) } else { home };
            let body = given(json!({
                "user": user, "role": role, "home": home, "valid_to": until, "reason": reason,
            }));
            let path =
                if everywhere { "/grants".to_owned() } else { format!("{}/grants", at(&tenant)) };
            r.post(&path, &body).await
        }
        Grant::List { tenant } => r.get(&format!("{}/grants", at(&tenant))).await,
    }
}
