//! `muster who-can`: who may do something, and why.

use super::{at, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct WhoCan {
    /// Tenant: id or slug
    tenant: String,
    /// The permission's id (`muster config --permissions` lists all)
    permission: String,
    #[command(flatten)]
    page: Paged,
}

pub(super) async fn run(v: WhoCan, r: &Reach) -> Result<Value> {
    let filters = [("permission", Some(v.permission))];
    v.page.list(r, &format!("{}/who-can", at(&v.tenant)), &filters).await
}
