//! `muster directory`: where a company's people come from.

use super::{at, given, text_of};
use crate::{cli::reach::Reach, error::Result};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Preset {
    Entra,
    Okta,
    Google,
    Generic,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Directory {
    /// Make a directory; prints its SCIM base URL
    #[command(after_help = "Examples:
  muster directory create contoso 'Contoso Entra' --preset entra
  muster directory create contoso 'Contoso Entra' --preset entra \\
      --issuer https://login.microsoftonline.com/TENANT-ID/v2.0 --client-id ID \\
      --client-secret-file secret.txt --auth-context c1
  muster directory create fabrikam 'Fabrikam login' --issuer https://login.fabrikam.example \\
      --client-id muster --client-secret-file secret.txt --mfa-amr otp --mfa-acr urn:example:2fa

The redirect URI to register at the provider is PUBLIC_URL/federation/callback.")]
    Create(Box<NewDirectory>),
    /// A tenant's directories
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewDirectory {
    /// Tenant: id or slug
    pub(crate) tenant: String,
    /// Its name for people
    pub(crate) name: String,
    /// Whose product it is
    #[arg(long, value_enum, default_value = "generic")]
    pub(crate) preset: Preset,
    /// Sign-in: the provider's issuer URL
    #[arg(long, requires = "client_id", value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Sign-in: our client id there
    #[arg(long, requires = "issuer", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Sign-in: our secret there (better from a file: other users of this machine see command lines)
    #[arg(long, requires = "issuer", value_name = "SECRET")]
    pub(crate) client_secret: Option<String>,
    /// Sign-in: file that holds our secret there
    #[arg(long, requires = "issuer", conflicts_with = "client_secret", value_name = "FILE")]
    pub(crate) client_secret_file: Option<std::path::PathBuf>,
    /// Sign-in: asked for besides `openid`; may be given several times
    #[arg(long = "scope", requires = "issuer", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// Sign-in, generic: a value of `amr` that proves a second factor; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(crate) mfa_amr: Vec<String>,
    /// Sign-in, generic: a value of `acr` that proves a second factor; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(crate) mfa_acr: Vec<String>,
    /// Sign-in, generic: a value of `acr` that proves a phishing-resistant login; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(crate) phr_acr: Vec<String>,
    /// Sign-in, Entra: the authentication context that a Conditional Access policy binds to a second factor
    #[arg(long, requires = "issuer", value_name = "c1..c99")]
    pub(crate) auth_context: Option<String>,
}

pub(super) async fn run(v: Directory, r: &Reach) -> Result<Value> {
    match v {
        Directory::Create(new) => {
            let path = format!("{}/directories", at(&new.tenant));
            r.post(&path, &new_directory(*new)?).await
        }
        Directory::List { tenant } => r.get(&format!("{}/directories", at(&tenant))).await,
    }
}

fn new_directory(new: NewDirectory) -> Result<Value> {
    let preset = match new.preset {
        Preset::Entra => "entra",
        Preset::Okta => "okta",
        Preset::Google => "google",
        Preset::Generic => "generic",
    };
    let secret = match (new.client_secret, new.client_secret_file) {
        (Some(secret), _) => Some(secret),
        (None, Some(file)) => Some(text_of(&file)?),
        (None, None) => None,
    };
    let signin = new.issuer.map(|issuer| {
        given(json!({
            "issuer": issuer, "client_id": new.client_id, "client_secret": secret,
            "scopes": new.scopes,
            "rules": {
                "amr": new.mfa_amr, "acr": new.mfa_acr, "acr_phr": new.phr_acr,
                "acrs": new.auth_context,
            },
        }))
    });
    Ok(given(json!({ "name": new.name, "preset": preset, "signin": signin })))
}
