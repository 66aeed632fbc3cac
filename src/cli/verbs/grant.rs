//! `muster grant`: roles given by hand.

use super::{at, confirmed, escaped, given, hold::Place, listed, paged::Paged, scope::ScopeArgs};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Grant {
    /// Give somebody a role in a tenant
    #[command(after_help = "Examples:
  muster grant add contoso anna@contoso.com 'Tenant Administrator' --reason 'first administrator'
  muster grant add contoso tech@provider.example 'Help desk' --home us --until 2026-12-31T00:00:00Z
  muster grant add us ada 'Global Administrator' --everywhere
  muster grant add us tom Technician --tag gold
  muster grant add us tom Read-Only --in contoso --in fabrikam")]
    Add {
        /// Where: tenant, id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The role's id or name
        role: String,
        /// The user's own tenant, if it is another
        #[arg(long)]
        home: Option<String>,
        /// On the whole instance; TENANT is then the user's own
        #[arg(long, conflicts_with_all = ["home", "many"])]
        everywhere: bool,
        #[command(flatten)]
        scope: ScopeArgs,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why, for those who ask later
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take it away
    #[command(after_help = "Examples:
  muster grant remove 0198f2c4-... --tenant contoso
  muster grant remove 0198f2c4-... --everywhere --yes")]
    Remove {
        /// The grant's id
        grant: String,
        #[command(flatten)]
        place: Place,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// What was given in a tenant, or on the whole instance
    #[command(after_help = "Examples:
  muster grant list contoso
  muster grant list --everywhere")]
    List {
        /// Tenant: id or slug
        #[arg(required_unless_present = "everywhere")]
        tenant: Option<String>,
        /// On the whole instance
        #[arg(long, conflicts_with = "tenant")]
        everywhere: bool,
        /// Only of this user: id, or in a tenant the name of one of its own people
        #[arg(long)]
        user: Option<String>,
        /// Only of this role: id, or in a tenant its name
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
}

pub(super) async fn run(v: Grant, r: &Reach) -> Result<Value> {
    match v {
        Grant::Add { tenant, user, role, home, everywhere, scope, until, reason } => {
            let home = if everywhere { Some(tenant.clone()) } else { home };
            let body = given(json!({
                "user": user, "role": role, "home": home, "valid_to": until, "reason": reason,
                "scope": scope.body(),
            }));
            let path =
                if everywhere { "/grants".to_owned() } else { format!("{}/grants", at(&tenant)) };
            r.post(&path, &body).await
        }
        Grant::Remove { grant, place, yes } => {
            let all = format!("{}/grants", place.root());
            if !yes {
                let found = listed(r, &all, "grant", &grant).await?;
                let user = found["user_name"].as_str().unwrap_or_default();
                confirmed("the grant to the user", user, yes)?;
            }
            r.delete(&format!("{all}/{}", escaped(&grant))).await
        }
        Grant::List { tenant, everywhere: _, user, role, page } => {
            let root = tenant.as_deref().map(at).unwrap_or_default();
            page.list(r, &format!("{root}/grants"), &[("user", user), ("role", role)]).await
        }
    }
}
