//! `muster tenant`: companies.

use super::{at, given};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a company
    #[command(after_help = "Examples:
  muster tenant create contoso --name 'Contoso AG'
  muster tenant create us --name 'Our company' --provider     the one that runs the platform")]
    Create {
        /// Its name in addresses: lower case letters, digits, hyphens
        slug: String,
        /// Its name for people [default: the slug]
        #[arg(long)]
        name: Option<String>,
        /// The platform's own company; there is one
        #[arg(long)]
        provider: bool,
        /// A word by which roles can be given in many tenants at once; may be given several times
        #[arg(long = "tag", value_name = "WORD")]
        tags: Vec<String>,
    },
    /// All companies
    List,
    /// A company
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Set a company's tags; roles that were given by a tag follow at once
    #[command(after_help = "Examples:
  muster tenant tag contoso gold 'region north'
  muster tenant tag contoso                       takes all away")]
    Tag {
        /// Tenant: id or slug
        tenant: String,
        /// All its tags from now on
        tags: Vec<String>,
    },
    /// What its own people have there whom no mapped group gives a role: show it, set it, or none
    #[command(after_help = "Examples:
  muster tenant default-role contoso                        what it is, and who answers for it
  muster tenant default-role contoso Read-Only --preview    who would gain and lose what; nothing is done
  muster tenant default-role contoso Read-Only
  muster tenant default-role contoso --none
  muster tenant default-role contoso --adopt                when whoever set it was demoted (it is suspended) or has left")]
    DefaultRole {
        /// Tenant: id or slug
        tenant: String,
        /// The role's id or name
        #[arg(conflicts_with_all = ["none", "adopt"])]
        role: Option<String>,
        /// From now on they have nothing by default
        #[arg(long)]
        none: bool,
        /// Answer for it as it is
        #[arg(long, conflicts_with_all = ["none", "preview"])]
        adopt: bool,
        /// Only say who would gain and lose what
        #[arg(long)]
        preview: bool,
    },
    /// End everything of a company at once, until `resume`
    Suspend {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Let a suspended company act again
    Resume {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Tenant, r: &Reach) -> Result<Value> {
    let set = |tenant: String, status: &'static str| async move {
        r.call(Method::PATCH, &at(&tenant), Some(&json!({ "status": status }))).await
    };
    match v {
        Tenant::Create { slug, name, provider, tags } => {
            let name = name.unwrap_or_else(|| slug.clone());
            let body = json!({ "slug": slug, "name": name, "provider": provider, "tags": tags });
            r.post("/tenants", &body).await
        }
        Tenant::List => r.get("/tenants").await,
        Tenant::Show { tenant } => r.get(&at(&tenant)).await,
        Tenant::Tag { tenant, tags } => r.patch(&at(&tenant), &json!({ "tags": tags })).await,
        Tenant::DefaultRole { tenant, role, none, adopt, preview } => {
            let path = format!("{}/default-role", at(&tenant));
            match (role, none, adopt, preview) {
                (None, false, true, _) => r.post(&format!("{path}/adopt"), &json!({})).await,
                (role, none, _, true) if none || role.is_some() => {
                    r.post(&format!("{path}/preview"), &given(json!({ "role": role }))).await
                }
                (Some(role), ..) => {
                    r.call(Method::PUT, &path, Some(&json!({ "role": role }))).await
                }
                (None, true, ..) => r.delete(&path).await,
                (None, false, ..) => r.get(&path).await,
            }
        }
        Tenant::Suspend { tenant } => set(tenant, "suspended").await,
        Tenant::Resume { tenant } => set(tenant, "active").await,
    }
}
