//! `muster domain`: whose addresses an e-mail domain holds.

use super::escaped;
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Domain {
    /// Confirm that a domain is a company's: who types an address in it is led to that company's sign-in
    #[command(
        after_help = "Confirm only what you know to be theirs: nothing else is asked before it counts.

Examples:
  muster domain add contoso contoso.com
  muster domain add contoso contoso.de"
    )]
    Add {
        /// Tenant: id or slug
        tenant: String,
        /// The part of an address after the @
        domain: String,
    },
    /// All domains
    List,
    /// Take a domain away; who types an address in it signs in with a password, or by the company's short name
    Remove {
        /// The domain
        domain: String,
    },
}

pub(super) async fn run(v: Domain, r: &Reach) -> Result<Value> {
    match v {
        Domain::Add { tenant, domain } => {
            r.post("/domains", &json!({ "tenant": tenant, "domain": domain })).await
        }
        Domain::List => r.get("/domains").await,
        Domain::Remove { domain } => {
            r.call(Method::DELETE, &format!("/domains/{}", escaped(&domain)), None).await
        }
    }
}
