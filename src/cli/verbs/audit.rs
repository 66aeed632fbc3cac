//! `muster audit`: what was done.

use super::{at, query};
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Tenant: id or slug [default: the instance itself]
    tenant: Option<String>,
    /// Of the tenant of this id, also after it was deleted
    #[arg(long, value_name = "ID", conflicts_with = "tenant")]
    of: Option<String>,
    /// How many at most
    #[arg(long)]
    limit: Option<u32>,
    /// `next` of the page before
    #[arg(long)]
    cursor: Option<String>,
}

pub(super) async fn run(v: Audit, r: &Reach) -> Result<Value> {
    let limit = v.limit.map(|n| n.to_string());
    let query = query(&[("limit", limit), ("cursor", v.cursor), ("tenant", v.of)]);
    let root = v.tenant.as_deref().map(at).unwrap_or_default();
    r.get(&format!("{root}/audit{query}")).await
}
