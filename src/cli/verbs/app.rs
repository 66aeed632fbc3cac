//! `muster app`: applications that sign people in with us.

use super::{at, given};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Make an application; prints its client id and, unless it is public, its secret this once
    #[command(after_help = "Examples:
  muster app create contoso Wiki --redirect-uri https://wiki.contoso.com/callback
  muster app create contoso 'Phone app' --public --redirect-uri com.contoso.app:/callback")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name for people
        name: String,
        /// Where answers may go, compared character by character; may be given several times
        #[arg(long = "redirect-uri", required = true, value_name = "URI")]
        redirect_uris: Vec<String>,
        /// What it may ask for [default: everything]; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// It cannot keep a secret (a browser or phone app)
        #[arg(long)]
        public: bool,
    },
    /// A tenant's applications
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: App, r: &Reach) -> Result<Value> {
    match v {
        App::Create { tenant, name, redirect_uris, scopes, public } => {
            let scopes = (!scopes.is_empty()).then_some(scopes);
            let body = given(json!({
                "name": name, "redirect_uris": redirect_uris, "scopes": scopes, "public": public,
            }));
            r.post(&format!("{}/apps", at(&tenant)), &body).await
        }
        App::List { tenant } => r.get(&format!("{}/apps", at(&tenant))).await,
    }
}
