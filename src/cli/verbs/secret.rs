//! The secrets of an application or integration user: two live at once, so that one is changed without a gap.

use super::{escaped, given};
use crate::{cli::reach::Reach, error::Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// The secrets, without their text
    List(Whose),
    /// Make a further secret; its text is printed this once
    #[command(
        after_help = "Two live at most: make the new one, give it to the program, revoke the old one."
    )]
    Add {
        #[command(flatten)]
        whose: Whose,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// End a secret
    Revoke {
        #[command(flatten)]
        whose: Whose,
        /// The secret's id
        secret: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Tenant: id or slug
    pub(super) tenant: String,
    /// Whose: id or name
    pub(super) client: String,
}

impl Secret {
    pub(super) fn whose(&self) -> &Whose {
        match self {
            Self::List(whose) | Self::Add { whose, .. } | Self::Revoke { whose, .. } => whose,
        }
    }
}

/// `client` is where the application or integration user is.
pub(super) async fn run(v: Secret, client: &str, r: &Reach) -> Result<Value> {
    let all = format!("{client}/secrets");
    match v {
        Secret::List(_) => r.get(&all).await,
        Secret::Add { expires_at, .. } => {
            r.post(&all, &given(json!({ "expires_at": expires_at }))).await
        }
        Secret::Revoke { secret, .. } => r.delete(&format!("{all}/{}", escaped(&secret))).await,
    }
}
