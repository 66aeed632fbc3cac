//! `muster user delete`: what goes with a person is shown before it goes.

use super::{
    confirmed, user_at,
    user_many::{self, Whom},
};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    whom: Whom,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print what it would remove, as JSON, and stop
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(v: Delete, r: &Reach) -> Result<Value> {
    let Some(user) = v.whom.one() else {
        return user_many::delete(&v.whom, v.yes, v.dry_run, r).await;
    };
    let path = user_at(r, &v.whom.tenant, user).await?;
    let told = r.get(&format!("{path}/removal")).await?;
    if v.dry_run {
        return Ok(told);
    }
    let name = told["user"]["user_name"].as_str().unwrap_or_default();
    let label = told["user"]["display_name"].as_str().unwrap_or(name);
    eprintln!("{label} ({name}) of {} goes, and with them:", v.whom.tenant);
    for (what, n) in told["removes"].as_object().into_iter().flatten() {
        if n.as_i64().is_some_and(|n| n > 0) {
            eprintln!("  {n:>4} {}", what.replace('_', " "));
        }
    }
    for text in told["stays"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("  stays: {text}");
    }
    for text in told["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("  note: {text}");
    }
    confirmed("the user", name, v.yes)?;
    // The person that was shown is the one that goes, or nobody.
    r.call_at(Method::DELETE, &path, None, told["user"]["version"].as_i64()).await
}
