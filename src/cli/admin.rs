//! `muster admin`: the first people of an instance.

use super::reach::Reach;
use crate::error::{Error, Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Make a Global Administrator; prints a password and the address of a one-time code
    #[command(
        after_help = "Makes the provider's tenant (your own company) when there is none yet. The password and the
otpauth address are shown this once: give the address to an authenticator app (as a QR code or by hand).

Examples:
  muster admin create --data-dir data --user-name ada@example.com
  muster admin create --data-dir data --user-name ada --display-name 'Ada Lovelace' --provider 'Example Ltd'
  muster admin create --data-dir data --user-name ada | jq -r .otpauth | qrencode -t utf8"
    )]
    Create {
        /// The name to sign in with
        #[arg(long)]
        user_name: String,
        /// For people to read
        #[arg(long)]
        display_name: Option<String>,
        /// E-mail address
        #[arg(long)]
        email: Option<String>,
        /// The provider's name, used only when its tenant is made
        #[arg(long, default_value = "Provider")]
        provider: String,
        /// The provider's slug, used only when its tenant is made
        #[arg(long, default_value = "provider")]
        slug: String,
    },
    /// Accounts for the day when nobody else can come in
    #[command(
        subcommand,
        after_help = "A break-glass account is a Global Administrator who can sign in only while it is armed, once for each
arming and for an hour. Every other Global Administrator is told at once, and once a month when nobody has tried it. Keep
what it signs in with where two people have to go to get it; there are two such accounts at most.

Examples:
  muster admin break-glass create --data-dir data --user-name glass-1
  muster admin break-glass arm glass-1 --data-dir data --reason 'the directory is down'
  muster admin break-glass list"
    )]
    BreakGlass(BreakGlass),
}

#[derive(Debug, Subcommand)]
pub(super) enum BreakGlass {
    /// Make one; prints its password and recovery codes, this once
    Create {
        /// The name to sign in with
        #[arg(long)]
        user_name: String,
        /// For people to read
        #[arg(long)]
        display_name: Option<String>,
    },
    /// Let one sign in once within the next hour
    Arm {
        /// Its user name or id
        user: String,
        /// Why it is needed
        #[arg(long)]
        reason: String,
    },
    /// Those there are, and when they were used last
    List,
}

async fn break_glass(verb: BreakGlass, reach: &Reach) -> Result<Value> {
    match verb {
        BreakGlass::Create { user_name, display_name } => {
            let new = json!({ "user_name": user_name, "display_name": display_name });
            reach.post("/break-glass", &new).await
        }
        BreakGlass::Arm { user, reason } => {
            let all = reach.get("/break-glass").await?;
            let all = all["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let named = |a: &&Value| a["user_name"] == user.as_str() || a["user"] == user.as_str();
            let missing = || Error::not_found(format!("break-glass account '{user}'"));
            let id = all.iter().find(named).ok_or_else(missing)?["user"].as_str();
            let path = format!("/break-glass/{}/arm", id.unwrap_or_default());
            reach.post(&path, &json!({ "reason": reason })).await
        }
        BreakGlass::List => reach.get("/break-glass").await,
    }
}

pub(super) async fn run(verb: Admin, reach: &Reach) -> Result<Value> {
    let (user_name, display_name, email, provider, slug) = match verb {
        Admin::Create { user_name, display_name, email, provider, slug } => {
            (user_name, display_name, email, provider, slug)
        }
        Admin::BreakGlass(verb) => return break_glass(verb, reach).await,
    };
    let all = super::verbs::whole(reach, "/tenants", &[]).await?;
    let tenants = all["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !tenants.iter().any(|t| t["provider"] == true) {
        let new = json!({ "slug": slug, "name": provider, "provider": true });
        reach.post("/tenants", &new).await?;
    }
    let new = json!({ "user_name": user_name, "display_name": display_name, "email": email });
    reach.post("/administrators", &new).await
}
