//! `muster mapping`: which groups give which roles.

use super::{at, confirmed, escaped, given, listed, paged::Paged, scope::ScopeArgs};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Give a role to whoever is in a group
    #[command(after_help = "Examples:
  muster mapping create contoso --group 'Muster Admins' --role 'Tenant Administrator'
  muster mapping create us --group Technicians --role 'Help desk' --in-tenant contoso
  muster mapping create us --group 'Gold team' --role Technician --tag gold
  muster mapping create us --group Technicians --role Technician --all-tenants-except us --all-tenants-except bank")]
    Create {
        /// The directory's tenant: id or slug
        tenant: String,
        /// The group's id or name
        #[arg(long)]
        group: String,
        /// The role's id or name
        #[arg(long)]
        role: String,
        /// In another tenant than the directory's own: id or slug
        #[arg(long, value_name = "TENANT", conflicts_with_all = ["everywhere", "many"])]
        in_tenant: Option<String>,
        /// On the whole instance
        #[arg(long)]
        everywhere: bool,
        #[command(flatten)]
        scope: ScopeArgs,
        /// Only say who would gain what
        #[arg(long)]
        preview: bool,
    },
    /// Answer for a mapping whose author was demoted (it is suspended) or has left
    Adopt {
        /// The directory's tenant: id or slug
        tenant: String,
        /// The mapping's id
        mapping: String,
    },
    /// Delete a mapping; what it gave is gone at once
    Delete {
        /// The directory's tenant: id or slug
        tenant: String,
        /// The mapping's id
        mapping: String,
        /// Only say who would lose what
        #[arg(long)]
        preview: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// A tenant's mappings
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only to this role: id or name
        #[arg(long)]
        role: Option<String>,
        /// Only of this group: id or name
        #[arg(long)]
        group: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
}

pub(super) async fn run(v: Mapping, r: &Reach) -> Result<Value> {
    match v {
        Mapping::Create { tenant, group, role, in_tenant, everywhere, scope, preview } => {
            let body = given(json!({
                "scope": scope.body(),
                "group": group, "role": role, "in_tenant": in_tenant, "everywhere": everywhere,
            }));
            let what = if preview { "mappings/preview" } else { "mappings" };
            r.post(&format!("{}/{what}", at(&tenant)), &body).await
        }
        Mapping::Adopt { tenant, mapping } => {
            let path = format!("{}/mappings/{}/adopt", at(&tenant), escaped(&mapping));
            r.post(&path, &json!({})).await
        }
        Mapping::Delete { tenant, mapping, preview, yes } => {
            let all = format!("{}/mappings", at(&tenant));
            let path = format!("{all}/{}", escaped(&mapping));
            if preview {
                return r.post(&format!("{path}/preview"), &json!({})).await;
            }
            if !yes {
                let found = listed(r, &all, "mapping", &mapping).await?;
                let group = found["group_name"].as_str().unwrap_or_default();
                confirmed("the mapping of the group", group, yes)?;
            }
            r.delete(&path).await
        }
        Mapping::List { tenant, role, group, page } => {
            page.list(r, &format!("{}/mappings", at(&tenant)), &[("role", role), ("group", group)])
                .await
        }
    }
}
