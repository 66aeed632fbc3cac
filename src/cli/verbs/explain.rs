//! `muster explain`: whether somebody may do something, and why.

use super::at;
use crate::{cli::reach::Reach, error::Result};
use clap::Args;
use serde_json::Value;
use url::form_urlencoded;

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Tenant: id or slug
    tenant: String,
    /// The user's id or name
    user: String,
    /// The permission's id (`muster config --permissions` lists all)
    permission: String,
    /// The user's own tenant, if it is another
    #[arg(long)]
    home: Option<String>,
}

pub(super) async fn run(v: Explain, r: &Reach) -> Result<Value> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("user", &v.user).append_pair("permission", &v.permission);
    if let Some(home) = v.home {
        query.append_pair("home", &home);
    }
    r.get(&format!("{}/explain?{}", at(&v.tenant), query.finish())).await
}
