//! `muster statistics`: figures of a tenant, day by day.

use super::{at, query};
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct Statistics {
    /// Tenant: id or slug
    tenant: String,
    /// Of how many days, today being the last: 1 to 90 [default: 30]
    #[arg(long, value_name = "N")]
    days: Option<u32>,
}

pub(super) async fn run(v: Statistics, r: &Reach) -> Result<Value> {
    let days = query(&[("days", v.days.map(|n| n.to_string()))]);
    r.get(&format!("{}/statistics{days}", at(&v.tenant))).await
}
