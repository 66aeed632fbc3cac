//! `muster admin`: the first people of an instance.

use super::reach::Reach;
use crate::error::Result;
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
}

pub(super) async fn run(verb: Admin, reach: &Reach) -> Result<Value> {
    let Admin::Create { user_name, display_name, email, provider, slug } = verb;
    let all = reach.get("/tenants").await?;
    let tenants = all["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !tenants.iter().any(|t| t["provider"] == true) {
        let new = json!({ "slug": slug, "name": provider, "provider": true });
        reach.post("/tenants", &new).await?;
    }
    let new = json!({ "user_name": user_name, "display_name": display_name, "email": email });
    reach.post("/administrators", &new).await
}
