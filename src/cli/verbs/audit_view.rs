//! `muster audit-view`: what one looks for in a trail again and again.

use super::{at, id_of};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditView {
    /// Yours in a tenant, by name
    List {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Keep a query under a name
    #[command(after_help = "Examples:
  muster audit-view keep contoso 'Roles that were given' 'action=grant.*'")]
    Keep {
        /// Tenant: id or slug
        tenant: String,
        /// What you call it
        name: String,
        /// As it stands in an address behind `audit?`
        query: String,
    },
    /// Forget one
    Forget {
        /// Tenant: id or slug
        tenant: String,
        /// Its id or name
        view: String,
    },
}

pub(super) async fn run(v: AuditView, r: &Reach) -> Result<Value> {
    let all = |tenant: &str| format!("{}/audit/views", at(tenant));
    match v {
        AuditView::List { tenant } => r.get(&all(&tenant)).await,
        AuditView::Keep { tenant, name, query } => {
            r.post(&all(&tenant), &json!({ "name": name, "query": query })).await
        }
        AuditView::Forget { tenant, view } => {
            let all = all(&tenant);
            let id = id_of(r, &all, "name", "view", &view).await?;
            r.call(Method::DELETE, &format!("{all}/{id}"), None).await
        }
    }
}
