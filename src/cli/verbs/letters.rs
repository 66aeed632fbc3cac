//! `muster letters`: how a tenant's letters look, and which have not left.

use super::{at, escaped, given, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Letters {
    /// Set how they look, as a whole: what is not given is the platform's
    #[command(after_help = "The sender's address stays the platform's; letters hold no picture.

Examples:
  muster letters set contoso --display-name 'Contoso IT' --reply-to help@contoso.example --locale de
  muster letters set contoso                     takes all away")]
    Set {
        /// Tenant: id or slug
        tenant: String,
        /// The name that letters are from, beside the platform's
        #[arg(long)]
        display_name: Option<String>,
        /// Where answers go: an address in a domain that is confirmed for the tenant
        #[arg(long)]
        reply_to: Option<String>,
        /// The button's colour, like #1f5fbf; white must be readable on it
        #[arg(long)]
        colour: Option<String>,
        /// The language, unless an invitation has its own: en or de
        #[arg(long)]
        locale: Option<String>,
    },
    /// Those that wait and those that were given up, with what the mail server said, newest first
    Unsent {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// Have one tried now: one that waits, or one that was given up and has no link that ends
    Try {
        /// Tenant: id or slug
        tenant: String,
        /// The letter's id, as `unsent` has it
        letter: String,
    },
    /// Drop one that was given up
    Drop {
        /// Tenant: id or slug
        tenant: String,
        /// The letter's id, as `unsent` has it
        letter: String,
    },
    /// How they look
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Letters, r: &Reach) -> Result<Value> {
    match v {
        Letters::Set { tenant, display_name, reply_to, colour, locale } => {
            let body = given(json!({
                "display_name": display_name, "reply_to": reply_to, "colour": colour, "locale": locale,
            }));
            r.call(Method::PUT, &format!("{}/letters", at(&tenant)), Some(&body)).await
        }
        Letters::Unsent { tenant, page } => {
            page.list(r, &format!("{}/letters/unsent", at(&tenant)), &[]).await
        }
        Letters::Try { tenant, letter } => {
            let path = format!("{}/letters/unsent/{}/try", at(&tenant), escaped(&letter));
            r.call(Method::POST, &path, None).await
        }
        Letters::Drop { tenant, letter } => {
            let path = format!("{}/letters/unsent/{}", at(&tenant), escaped(&letter));
            r.delete(&path).await
        }
        Letters::Show { tenant } => r.get(&format!("{}/letters", at(&tenant))).await,
    }
}
