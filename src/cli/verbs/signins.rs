//! `muster signins`: who tried to sign in.

use super::{at, escaped, query, user_at};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Signins {
    /// Attempts, newest first
    #[command(after_help = "Examples:
  muster signins list contoso --bad
  muster signins list contoso --user anna@contoso.com")]
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those that did not become a session
        #[arg(long)]
        bad: bool,
        /// Only of this user: id or name
        #[arg(long)]
        user: Option<String>,
        /// How many at most
        #[arg(long)]
        limit: Option<u32>,
        /// `next` of the page before
        #[arg(long)]
        cursor: Option<String>,
    },
    /// One attempt, by the reference that the person was shown
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// As in K7QF-2M9X-B3TD
        reference: String,
    },
}

pub(super) async fn run(v: Signins, r: &Reach) -> Result<Value> {
    match v {
        Signins::List { tenant, bad, user, limit, cursor } => {
            let user = match user {
                Some(name) => {
                    let path = user_at(r, &tenant, &name).await?;
                    path.rsplit('/').next().map(str::to_owned)
                }
                None => None,
            };
            let query = query(&[
                ("bad", bad.then(|| "true".to_owned())),
                ("user", user),
                ("limit", limit.map(|n| n.to_string())),
                ("cursor", cursor),
            ]);
            r.get(&format!("{}/signins{query}", at(&tenant))).await
        }
        Signins::Show { tenant, reference } => {
            r.get(&format!("{}/signins/{}", at(&tenant), escaped(&reference))).await
        }
    }
}
