//! `muster user set-access`: all roles that a person has by hand.

use super::user_at;
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Args)]
pub(crate) struct SetAccess {
    /// The person's tenant: id or slug
    tenant: String,
    /// The user's id or name
    user: String,
    /// A role, by id or name, in the person's own tenant or in the one after the last @; may be given several times
    #[arg(long = "role", value_name = "ROLE[@TENANT]")]
    roles: Vec<String>,
    /// A role on the whole instance; may be given several times
    #[arg(long = "everywhere", value_name = "ROLE")]
    everywhere: Vec<String>,
    /// No role at all
    #[arg(long, conflicts_with_all = ["roles", "everywhere"], required_unless_present_any = ["roles", "everywhere"])]
    nothing: bool,
}

pub(super) async fn run(v: SetAccess, r: &Reach) -> Result<Value> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for word in &v.roles {
        let (role, tenant) = word.rsplit_once('@').unwrap_or((word, &v.tenant));
        places.entry(tenant).or_default().push(role);
    }
    let mut access: Vec<Value> =
        places.iter().map(|(t, roles)| json!({ "tenant": t, "roles": roles })).collect();
    if !v.everywhere.is_empty() {
        access.push(json!({ "everywhere": true, "roles": v.everywhere }));
    }
    let path = format!("{}/access", user_at(r, &v.tenant, &v.user).await?);
    r.call(Method::PUT, &path, Some(&json!({ "access": access }))).await
}
