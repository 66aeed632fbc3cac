//! `muster role`: sets of permissions.

use super::{at, given, thing_at};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Make a role
    #[command(after_help = "Examples:
  muster role create contoso 'Help desk' --permission users.view --permission users.edit
  muster role create us Auditor --permission system.view_logs --offered      for all tenants")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name
        name: String,
        /// What it permits; may be given several times
        #[arg(long = "permission", required = true, value_name = "ID")]
        permissions: Vec<String>,
        /// One sentence
        #[arg(long, default_value = "")]
        description: String,
        /// A role of the provider: other tenants may give it as well
        #[arg(long)]
        offered: bool,
    },
    /// Change a role; what is not named stays as it is
    #[command(after_help = "Examples:
  muster role edit contoso 'Help desk' --permission users.view --permission users.edit
  muster role edit contoso 'Help desk' --name 'Service desk'")]
    Edit {
        /// Tenant: id or slug
        tenant: String,
        /// The role's id or name
        role: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// What it permits, instead of what was; may be given several times
        #[arg(long = "permission", value_name = "ID")]
        permissions: Vec<String>,
        /// One sentence
        #[arg(long)]
        description: Option<String>,
        /// Whether other tenants may give it as well
        #[arg(long, value_name = "true|false")]
        offered: Option<bool>,
        /// Only say who would gain and lose what
        #[arg(long, requires = "permissions")]
        preview: bool,
    },
    /// One role
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// The role's id or name
        role: String,
    },
    /// Delete a role that nobody has
    Delete {
        /// Tenant: id or slug
        tenant: String,
        /// The role's id or name
        role: String,
        /// Only say who would lose what, were all that gives it gone too
        #[arg(long)]
        preview: bool,
    },
    /// The roles that can be given in a tenant
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

pub(super) async fn run(v: Role, r: &Reach) -> Result<Value> {
    match v {
        Role::Create { tenant, name, permissions, description, offered } => {
            let body = json!({
                "name": name, "permissions": permissions, "description": description,
                "offered": offered,
            });
            r.post(&format!("{}/roles", at(&tenant)), &body).await
        }
        Role::Edit { tenant, role, name, permissions, description, offered, preview } => {
            if preview {
                let path = format!("{}/preview", find(r, &tenant, &role).await?);
                return r.post(&path, &json!({ "permissions": permissions })).await;
            }
            let body = given(json!({
                "name": name, "description": description, "offered": offered,
                "permissions": (!permissions.is_empty()).then_some(permissions),
            }));
            r.patch(&find(r, &tenant, &role).await?, &body).await
        }
        Role::Show { tenant, role } => r.get(&find(r, &tenant, &role).await?).await,
        Role::Delete { tenant, role, preview } => {
            let path = find(r, &tenant, &role).await?;
            if preview {
                return r.post(&format!("{path}/preview"), &json!({ "delete": true })).await;
            }
            r.delete(&path).await
        }
        Role::List { tenant } => r.get(&format!("{}/roles", at(&tenant))).await,
    }
}

async fn find(r: &Reach, tenant: &str, name: &str) -> Result<String> {
    thing_at(r, tenant, "roles", "role", name).await
}
