//! `muster tombstone`: people who are gone and whom their directory does not bring back as if nothing had been.

use super::{at, escaped, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Tombstone {
    /// Who was deleted by hand, or by their directory while they were switched off by hand; newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// Let the directory create the person again, as anybody else
    #[command(after_help = "Examples:
  muster tombstone list contoso
  muster tombstone lift contoso 0198f2c4-...")]
    Lift {
        /// Tenant: id or slug
        tenant: String,
        /// The tombstone's id
        tombstone: String,
    },
}

pub(super) async fn run(v: Tombstone, r: &Reach) -> Result<Value> {
    match v {
        Tombstone::List { tenant, page } => {
            page.list(r, &format!("{}/tombstones", at(&tenant)), &[]).await
        }
        Tombstone::Lift { tenant, tombstone } => {
            r.delete(&format!("{}/tombstones/{}", at(&tenant), escaped(&tombstone))).await
        }
    }
}
