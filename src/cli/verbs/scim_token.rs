//! `muster scim-token`: what a directory's SCIM client proves itself with.

use super::{at, escaped, given, id_of};
use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum ScimToken {
    /// Make a token; its text is printed this once
    #[command(
        after_help = "Two may be live at once: make the new one, give it to the directory, revoke the old one.

Examples:
  muster scim-token create contoso 'Contoso Entra'
  muster scim-token create contoso 0198f2c4-... --expires-at 2027-01-01T00:00:00Z | jq -r .token"
    )]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// A directory's tokens, without their text
    List {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
    },
    /// End a token
    Revoke {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
        /// The token's id
        token: String,
    },
}

pub(super) async fn run(v: ScimToken, r: &Reach) -> Result<Value> {
    let path = |tenant: String, directory: String| async move {
        let all = format!("{}/directories", at(&tenant));
        let id = id_of(r, &all, "name", "directory", &directory).await?;
        Ok::<_, Error>(format!("{all}/{id}/scim-tokens"))
    };
    match v {
        ScimToken::Create { tenant, directory, expires_at } => {
            let body = given(json!({ "expires_at": expires_at }));
            r.post(&path(tenant, directory).await?, &body).await
        }
        ScimToken::List { tenant, directory } => r.get(&path(tenant, directory).await?).await,
        ScimToken::Revoke { tenant, directory, token } => {
            let path = format!("{}/{}", path(tenant, directory).await?, escaped(&token));
            r.delete(&path).await
        }
    }
}
