//! `muster role`: sets of permissions.

use super::{at, confirmed, given, id_of, paged::Paged, query, thing_at};
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Make a role
    #[command(after_help = "Examples:
  muster role create contoso 'Help desk' --permission users.view --permission users.edit
  muster role create contoso 'Service desk' --like 'Help desk'               a role's or a template's permissions
  muster role create us Auditor --permission system.view_logs --offered      for all tenants")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name
        name: String,
        /// What it permits; may be given several times
        #[arg(long = "permission", required_unless_present = "like", value_name = "ID")]
        permissions: Vec<String>,
        /// What a role or a template permits, by its name or id; `muster role templates` lists those
        #[arg(long, conflicts_with = "permissions", value_name = "ROLE|TEMPLATE")]
        like: Option<String>,
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
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// The roles that can be given in a tenant
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name holds this
        #[arg(long)]
        text: Option<String>,
        /// Also how often each is used
        #[arg(long)]
        uses: bool,
        #[command(flatten)]
        page: Paged,
    },
    /// Roles for common jobs, to make one's own from
    #[command(after_help = "Examples:
  muster role templates | jq -r '.items[] | [.id, .description] | @tsv'
  muster role create contoso 'Help desk' --like help_desk")]
    Templates,
    /// What a role permits more and less than another
    #[command(after_help = "Examples:
  muster role diff contoso 'Help desk' Technician | jq '{more, less}'")]
    Diff {
        /// Tenant: id or slug
        tenant: String,
        /// The role's id or name
        role: String,
        /// The other role's id or name
        with: String,
    },
    /// Who and what uses a role
    #[command(after_help = "Examples:
  muster role uses contoso 'Help desk' | jq '.grants.items[].name'")]
    Uses {
        /// Tenant: id or slug
        tenant: String,
        /// The role's id or name
        role: String,
        /// How many of each kind are named at most; all are counted
        #[arg(long)]
        limit: Option<u32>,
    },
    /// All roles of a tenant and who has them, as one document
    #[command(after_help = "Examples:
  muster role export contoso > access.md
  muster role export contoso --format csv > access.csv")]
    Export {
        /// Tenant: id or slug
        tenant: String,
        /// To be read, or for a spreadsheet
        #[arg(long, value_name = "markdown|csv", default_value = "markdown")]
        format: String,
    },
}

pub(super) async fn run(v: Role, r: &Reach) -> Result<Value> {
    match v {
        Role::Create { tenant, name, permissions, like, description, offered } => {
            let permissions = like.is_none().then_some(permissions);
            let body = given(json!({
                "name": name, "permissions": permissions, "like": like,
                "description": description, "offered": offered,
            }));
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
        Role::Delete { tenant, role, preview, yes } => {
            let path = find(r, &tenant, &role).await?;
            if preview {
                return r.post(&format!("{path}/preview"), &json!({ "delete": true })).await;
            }
            if !yes {
                let found = r.get(&path).await?;
                confirmed("the role", found["name"].as_str().unwrap_or(&role), yes)?;
            }
            r.delete(&path).await
        }
        Role::List { tenant, text, uses, page } => {
            let filters = [("text", text), ("uses", uses.then(|| "true".to_owned()))];
            page.list(r, &format!("{}/roles", at(&tenant)), &filters).await
        }
        Role::Templates => r.get("/role-templates").await,
        Role::Diff { tenant, role, with } => {
            // Both by the same rule; the address wants an id.
            let with = id_of(r, &format!("{}/roles", at(&tenant)), "name", "role", &with).await?;
            let of = find(r, &tenant, &role).await?;
            r.get(&format!("{of}/difference{}", query(&[("with", Some(with))]))).await
        }
        Role::Uses { tenant, role, limit } => {
            let query = query(&[("limit", limit.map(|n| n.to_string()))]);
            r.get(&format!("{}/uses{query}", find(r, &tenant, &role).await?)).await
        }
        Role::Export { tenant, format } => {
            let query = query(&[("format", Some(format))]);
            r.text(&format!("{}/roles/export{query}", at(&tenant))).await
        }
    }
}

async fn find(r: &Reach, tenant: &str, name: &str) -> Result<String> {
    thing_at(r, tenant, "roles", "role", name).await
}
