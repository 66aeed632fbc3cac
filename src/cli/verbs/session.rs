//! `muster session`: a person's sessions.

use super::{escaped, paged::Paged, user_at};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

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
    /// Where you are signed in yourself (with --server and a token of yours)
    Mine,
    /// Name a session of yours
    #[command(after_help = "Examples:
  muster session name 0198f2c4-... 'Work laptop'
  muster session name 0198f2c4-... ''               take the name away")]
    Name {
        /// The session's id
        session: String,
        /// The name; an empty one takes it away
        name: String,
    },
    /// End a session of yours, or all but the one that asks
    #[command(after_help = "Examples:
  muster session end-mine 0198f2c4-...
  muster session end-mine --others
  muster session end-mine --all")]
    EndMine {
        /// The session's id
        #[arg(required_unless_present_any = ["others", "all"])]
        session: Option<String>,
        /// All but the one that asks
        #[arg(long, conflicts_with = "session")]
        others: bool,
        /// All, the one that asks as well
        #[arg(long, conflicts_with_all = ["session", "others"])]
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
        Session::Mine => r.get("/me/sessions").await,
        Session::Name { session, name } => {
            let name = Some(name).filter(|n| !n.is_empty());
            r.patch(&format!("/me/sessions/{}", escaped(&session)), &json!({ "name": name })).await
        }
        Session::EndMine { session: Some(s), .. } => {
            r.delete(&format!("/me/sessions/{}", escaped(&s))).await
        }
        Session::EndMine { all, .. } => {
            r.delete(if all { "/me/sessions?this=true" } else { "/me/sessions" }).await
        }
    }
}
