//! `muster domain`: whose addresses an e-mail domain holds.

use super::{at, escaped, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Domain {
    /// Say that a domain is a company's own; prints the TXT record that proves it
    #[command(after_help = "Publish the record, then: muster domain check TENANT DOMAIN

Example:
  muster domain ask contoso contoso.com")]
    Ask {
        /// Tenant: id or slug
        tenant: String,
        /// The part of an address after the @
        domain: String,
    },
    /// Look now whether the record is published; if it is, the domain is the company's
    Check {
        /// Tenant: id or slug
        tenant: String,
        /// The domain
        domain: String,
    },
    /// A company's domains: confirmed, asked for, lost
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Take a company's domain back, whether it is proved or only asked for
    Drop {
        /// Tenant: id or slug
        tenant: String,
        /// The domain
        domain: String,
    },
    /// Confirm by hand that a domain is a company's: who types an address in it is led to that company's sign-in
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
    List {
        #[command(flatten)]
        page: Paged,
    },
    /// Take a domain away; who types an address in it signs in with a password, or by the company's short name
    Remove {
        /// The domain
        domain: String,
    },
}

pub(super) async fn run(v: Domain, r: &Reach) -> Result<Value> {
    let all = |tenant: &str| format!("{}/domains", at(tenant));
    match v {
        Domain::Ask { tenant, domain } => r.post(&all(&tenant), &json!({ "domain": domain })).await,
        Domain::Check { tenant, domain } => {
            r.post(&format!("{}/{}/check", all(&tenant), escaped(&domain)), &json!({})).await
        }
        Domain::Show { tenant } => r.get(&all(&tenant)).await,
        Domain::Drop { tenant, domain } => {
            r.delete(&format!("{}/{}", all(&tenant), escaped(&domain))).await
        }
        Domain::Add { tenant, domain } => {
            r.post("/domains", &json!({ "tenant": tenant, "domain": domain })).await
        }
        Domain::List { page } => page.list(r, "/domains", &[]).await,
        Domain::Remove { domain } => {
            r.call(Method::DELETE, &format!("/domains/{}", escaped(&domain)), None).await
        }
    }
}
