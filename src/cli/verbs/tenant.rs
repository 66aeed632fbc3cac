//! `muster tenant`: companies.

use super::{at, confirmed, given, paged::Paged, query};
use crate::{
    cli::reach::Reach,
    error::{Kind, Result},
};
use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};
use std::time::Duration;

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
    #[command(after_help = "Examples:
  muster tenant list --tag gold
  muster tenant list --status suspended | jq -r '.items[].slug'")]
    List {
        /// Only those whose name or slug holds this
        #[arg(long)]
        text: Option<String>,
        /// Only those with this tag
        #[arg(long)]
        tag: Option<String>,
        /// Only these: active, suspended or deleting
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
    /// A company
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
    /// How far a company is set up, and what waits for a decision
    #[command(after_help = "Examples:
  muster tenant checklist contoso | jq -r '.setup[] | select(.done | not) | [.title, .detail] | @tsv'")]
    Checklist {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Give a company another name for people; its slug stays
    Rename {
        /// Tenant: id or slug
        tenant: String,
        /// Its name from now on
        name: String,
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
    /// All that a company has, without secrets, as lines of JSON
    #[command(after_help = "Examples:
  muster tenant export contoso > contoso.ndjson
  jq -r 'select(.type == \"user\") | .user_name' contoso.ndjson

The last line has the type `end`; a document without it broke off.")]
    Export {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Delete a suspended company with all that is its own; its audit trail stays
    #[command(after_help = "Examples:
  muster tenant suspend contoso
  muster tenant export contoso > contoso.ndjson
  muster tenant delete contoso

It goes on by itself when this command or the server is stopped, and cannot be taken back.")]
    Delete {
        /// Tenant: id or slug
        tenant: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
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
        Tenant::List { text, tag, status, page } => {
            page.list(r, "/tenants", &[("text", text), ("tag", tag), ("status", status)]).await
        }
        Tenant::Show { tenant } => r.get(&at(&tenant)).await,
        Tenant::Checklist { tenant } => r.get(&format!("{}/checklist", at(&tenant))).await,
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
        Tenant::Rename { tenant, name } => {
            let was = r.get(&at(&tenant)).await?;
            let body = json!({ "name": name });
            r.call_at(Method::PATCH, &at(&tenant), Some(&body), was["version"].as_i64()).await
        }
        Tenant::Export { tenant } => {
            r.copy(&format!("{}/export", at(&tenant)), &mut std::io::stdout()).await?;
            Ok(Value::Null)
        }
        Tenant::Delete { tenant, yes } => delete(&tenant, yes, r).await,
        Tenant::Suspend { tenant } => set(tenant, "suspended").await,
        Tenant::Resume { tenant } => set(tenant, "active").await,
    }
}

async fn delete(tenant: &str, yes: bool, r: &Reach) -> Result<Value> {
    let shown = r.get(&at(tenant)).await?;
    let (id, slug) = (shown["id"].as_str(), shown["slug"].as_str().unwrap_or_default());
    confirmed("the tenant with all that is its own:", slug, yes)?;
    let path = at(id.unwrap_or(tenant));
    let ask = format!("{path}{}", query(&[("confirm", Some(slug.to_owned()))]));
    loop {
        let told = match r.delete(&ask).await {
            // The server was quicker.
            Err(e) if e.kind() == Kind::NotFound => json!({ "id": id, "slug": slug, "gone": true }),
            told => told?,
        };
        if told["gone"] == true {
            return Ok(told);
        }
        if let Ok(shown) = r.get(&path).await {
            eprintln!("  {} rows are gone", shown["deletion"]["removed"]);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
