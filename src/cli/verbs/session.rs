//! `muster session`: a person's sessions.

use super::{escaped, paged::Paged, user_at};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// A person's sessions, newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        #[command(flatten)]
        page: Paged,
    },
    /// End a session, or all of a person with everything issued in them
    #[command(after_help = "Examples:
  muster session end contoso anna@contoso.com 0198f2c4-...
  muster session end contoso anna@contoso.com --all")]
    End {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The session's id
        #[arg(required_unless_present = "all")]
        session: Option<String>,
        /// All of them
        #[arg(long, conflicts_with = "session")]
        all: bool,
    },
}

pub(super) async fn run(v: Session, r: &Reach) -> Result<Value> {
    match v {
        Session::List { tenant, user, page } => {
            page.list(r, &format!("{}/sessions", user_at(r, &tenant, &user).await?), &[]).await
        }
        Session::End { tenant, user, session, all: _ } => {
            let one = session.map(|s| format!("/{}", escaped(&s))).unwrap_or_default();
            r.delete(&format!("{}/sessions{one}", user_at(r, &tenant, &user).await?)).await
        }
    }
}
