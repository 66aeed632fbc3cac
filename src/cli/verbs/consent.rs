//! `muster consent`: what a person let applications know and do.

use super::{escaped, user_at};
use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Consent {
    /// What a person agreed to, last first
    List {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Take it back: what the application has by it ends, and the person is asked anew
    #[command(after_help = "Examples:
  muster consent withdraw contoso anna@contoso.com Wiki")]
    Withdraw {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The application's id or name
        app: String,
    },
}

pub(super) async fn run(v: Consent, r: &Reach) -> Result<Value> {
    match v {
        Consent::List { tenant, user } => {
            r.get(&format!("{}/consents", user_at(r, &tenant, &user).await?)).await
        }
        Consent::Withdraw { tenant, user, app } => {
            let all = format!("{}/consents", user_at(r, &tenant, &user).await?);
            let list = r.get(&all).await?;
            let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let named = |i: &&Value| {
                i["app"] == app.as_str()
                    || i["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(&app))
            };
            let mut found = items.iter().filter(named).filter_map(|i| i["app"].as_str());
            match (found.next(), found.next()) {
                (Some(id), None) => r.delete(&format!("{all}/{}", escaped(id))).await,
                (Some(_), Some(_)) => Err(Error::conflict(format!(
                    "more than one application is called '{app}'; give the id"
                ))),
                (None, _) => Err(Error::not_found(format!("consent for '{app}'"))),
            }
        }
    }
}
