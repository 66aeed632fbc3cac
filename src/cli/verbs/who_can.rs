//! `muster who-can`: who may do something, and why.

use super::{at, query};
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct WhoCan {
    /// Tenant: id or slug
    tenant: String,
    /// The permission's id (`muster config --permissions` lists all)
    permission: String,
    /// How many at most
    #[arg(long)]
    limit: Option<u32>,
    /// `next` of the page before
    #[arg(long)]
    cursor: Option<String>,
}

pub(super) async fn run(v: WhoCan, r: &Reach) -> Result<Value> {
    let query = query(&[
        ("permission", Some(v.permission)),
        ("limit", v.limit.map(|n| n.to_string())),
        ("cursor", v.cursor),
    ]);
    r.get(&format!("{}/who-can{query}", at(&v.tenant))).await
}
