//! `muster user set-access`: all roles that a person has by hand.

use super::user_at;
use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
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
    /// No role at all, nor what holds in many tenants at once (a tag, a chosen set, all but some)
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
    let done = r.call(Method::PUT, &path, Some(&json!({ "access": access }))).await?;
    let stays = done["stays"].as_array().into_iter().flatten();
    let stays: Vec<&str> = stays.filter_map(|g| g["id"].as_str()).collect();
    if v.nothing && !stays.is_empty() {
        let text = format!(
            "the rest is taken away; these grants stay, as only a Global Administrator may take them: {}",
            stays.join(", ")
        );
        return Err(Error::forbidden(text));
    }
    let elsewhere = done["elsewhere"].as_u64().unwrap_or_default();
    if v.nothing && elsewhere > 0 {
        let text = format!(
            "the rest is taken away; what they were given in tenants where you may not take it stays ({elsewhere} of it)"
        );
        return Err(Error::forbidden(text));
    }
    Ok(done)
}
