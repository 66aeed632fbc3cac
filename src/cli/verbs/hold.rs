//! `muster hold`: what is left of roles whose last holder a directory took away.

use super::{at, confirmed, escaped, listed, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    /// The holds of a tenant, or of the whole instance
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        page: Paged,
    },
    /// Give the role back by hand
    #[command(after_help = "Examples:
  muster hold keep 0198f2c4-... --tenant contoso
  muster hold keep 0198f2c4-... --everywhere")]
    Keep {
        /// The hold's id
        hold: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let the role go
    #[command(after_help = "Examples:
  muster hold drop 0198f2c4-... --tenant contoso
  muster hold drop 0198f2c4-... --everywhere --yes")]
    Drop {
        /// The hold's id
        hold: String,
        #[command(flatten)]
        place: Place,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A tenant, or everywhere.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// Tenant: id or slug
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// On the whole instance
    #[arg(long)]
    everywhere: bool,
}
impl Place {
    /// Before what stands there: `/tenants/contoso`, or nothing.
    pub(super) fn root(&self) -> String {
        self.tenant.as_deref().map(at).unwrap_or_default()
    }
}

pub(super) async fn run(v: Hold, r: &Reach) -> Result<Value> {
    let (place, hold, how) = match v {
        Hold::List { place, page } => {
            return page.list(r, &format!("{}/holds", place.root()), &[]).await;
        }
        Hold::Keep { hold, place } => (place, hold, "keep"),
        Hold::Drop { hold, place, yes } => {
            if !yes {
                let found = listed(r, &format!("{}/holds", place.root()), "hold", &hold).await?;
                let user = found["user_name"].as_str().unwrap_or_default();
                confirmed("the hold of the user", user, yes)?;
            }
            (place, hold, "drop")
        }
    };
    let path = format!("{}/holds/{}", place.root(), escaped(&hold));
    r.call(Method::POST, &path, Some(&json!({ "decision": how }))).await
}
