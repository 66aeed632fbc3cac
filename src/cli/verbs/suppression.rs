//! `muster suppression`: addresses that letters come back from.

use super::{at, escaped, id_of, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Suppression {
    /// Addresses to which no letter about an invitation is written, newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// Let an address be written to again
    #[command(after_help = "Examples:
  muster suppression list contoso
  muster suppression clear contoso bert@contoso.example")]
    Clear {
        /// Tenant: id or slug
        tenant: String,
        /// The address, or the suppression's id
        address: String,
    },
}

pub(super) async fn run(v: Suppression, r: &Reach) -> Result<Value> {
    match v {
        Suppression::List { tenant, page } => {
            page.list(r, &format!("{}/suppressions", at(&tenant)), &[]).await
        }
        Suppression::Clear { tenant, address } => {
            let all = format!("{}/suppressions", at(&tenant));
            let id = id_of(r, &all, "email", "suppressed address", &address).await?;
            r.delete(&format!("{all}/{}", escaped(&id))).await
        }
    }
}
