//! `muster signins`: who tried to sign in.

use super::{at, directory_id, escaped, paged::Latest};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Signins {
    /// Attempts, newest first
    #[command(after_help = "Examples:
  muster signins list contoso --bad
  muster signins list contoso --user anna@contoso.com
  muster signins list contoso --reason mfa_not_proved --since 2026-01-31T00:00:00Z")]
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those that did not become a session
        #[arg(long)]
        bad: bool,
        /// Only of this user: id or name
        #[arg(long)]
        user: Option<String>,
        /// Only what ended so: success, refused or failed
        #[arg(long)]
        outcome: Option<String>,
        /// Only for this reason, as records name it
        #[arg(long)]
        reason: Option<String>,
        /// Only through this directory: id or name
        #[arg(long)]
        directory: Option<String>,
        /// From this moment on, like 2026-01-31T12:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Before this moment
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        #[command(flatten)]
        page: Latest,
    },
    /// One attempt, by the reference that the person was shown
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// As in K7QF-2M9X-B3TD
        reference: String,
    },
    /// The same where the tenant is not known, for Global Administrators
    Find {
        /// As in K7QF-2M9X-B3TD
        reference: String,
    },
}

pub(super) async fn run(v: Signins, r: &Reach) -> Result<Value> {
    match v {
        Signins::List { tenant, bad, user, outcome, reason, directory, since, until, page } => {
            let directory = match directory {
                Some(name) => Some(directory_id(r, &tenant, &name).await?),
                None => None,
            };
            let filters = [
                ("bad", bad.then(|| "true".to_owned())),
                ("user", user),
                ("outcome", outcome),
                ("reason", reason),
                ("directory", directory),
                ("since", since),
                ("until", until),
            ];
            page.list(r, &format!("{}/signins", at(&tenant)), &filters).await
        }
        Signins::Show { tenant, reference } => {
            r.get(&format!("{}/signins/{}", at(&tenant), escaped(&reference))).await
        }
        Signins::Find { reference } => r.get(&format!("/signins/{}", escaped(&reference))).await,
    }
}
