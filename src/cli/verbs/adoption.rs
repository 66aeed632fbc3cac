//! `muster adoption`: people who have no directory, and whom one wants to create.

use super::{at, escaped, paged::Paged};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Adoption {
    /// What waits for a decision, and what was decided; newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
    /// One request: who wants whom, and why it takes a decision
    Show(Which),
    /// Let the directory take the person over with its next try
    #[command(after_help = "Examples:
  muster adoption list contoso
  muster adoption accept contoso 0198f2c4-...
From then on the directory describes the person and ends their access; a password they had here is gone. They keep their
id and their roles.")]
    Accept(Which),
    /// Keep the person as they are
    Refuse(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Tenant: id or slug
    tenant: String,
    /// The request's id
    adoption: String,
}
impl Which {
    fn path(&self) -> String {
        format!("{}/adoptions/{}", at(&self.tenant), escaped(&self.adoption))
    }
}

pub(super) async fn run(v: Adoption, r: &Reach) -> Result<Value> {
    let (which, how) = match v {
        Adoption::List { tenant, page } => {
            return page.list(r, &format!("{}/adoptions", at(&tenant)), &[]).await;
        }
        Adoption::Show(which) => return r.get(&which.path()).await,
        Adoption::Accept(which) => (which, "accept"),
        Adoption::Refuse(which) => (which, "refuse"),
    };
    r.call(Method::POST, &which.path(), Some(&json!({ "decision": how }))).await
}
