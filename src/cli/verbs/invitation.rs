//! `muster invitation`: people who are in no directory are asked in.

use super::{at, csv, escaped, given, paged::Paged, text_of};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What a table of people may have.
const COLUMNS: [&str; 6] = ["email", "display_name", "user_name", "kind", "roles", "locale"];

#[derive(Debug, Subcommand)]
pub(crate) enum Invitation {
    /// Add somebody and invite them by e-mail
    #[command(
        after_help = "Without a mail server (mail.server) the answer holds the link, to be handed over.

Examples:
  muster invitation create contoso bert@contoso.com --role 'Tenant Administrator'
  muster invitation create us tess@us.example --kind technician --role Technician@contoso \\
      --role Read-Only@fabrikam
  muster invitation create us ada@us.example --kind administrator --everywhere 'Global Administrator'"
    )]
    Create(New),
    /// Invite many, from a table; says what became of each row
    #[command(
        after_help = "The table is CSV with a line of headings first: email, and as wanted display_name, user_name, kind, locale and
roles (several with | between them, each ROLE or ROLE@TENANT). 500 rows at most. Who is there already is passed over, so
the same table may be sent again.

Examples:
  muster invitation bulk contoso people.csv --role Read-Only
  muster invitation bulk contoso people.csv | jq '.rows[] | select(.outcome == \"refused\")'"
    )]
    Bulk {
        /// Tenant: id or slug
        tenant: String,
        /// The table (-: stdin)
        file: PathBuf,
        /// A role for each row, besides its own: ROLE or ROLE@TENANT; may be given several times
        #[arg(long = "role", value_name = "ROLE[@TENANT]")]
        roles: Vec<String>,
    },
    /// A tenant's invitations, newest first
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those that stand so: pending, accepted, expired, revoked, outdated or suspended
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
    /// One invitation
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// The invitation's id
        invitation: String,
    },
    /// Write the letter anew with a new link; the one before is dead
    Resend {
        /// Tenant: id or slug
        tenant: String,
        /// The invitation's id
        invitation: String,
        /// No letter leaves: the answer holds the link, to be handed over
        #[arg(long)]
        by_hand: bool,
    },
    /// Note that its letter came back, as the mail provider says: no letter goes to its address any more
    Bounced {
        /// Tenant: id or slug
        tenant: String,
        /// The invitation's id
        invitation: String,
        /// To which address the letter was written
        email: String,
        /// It did not come back, but its reader called it unwanted
        #[arg(long)]
        complaint: bool,
    },
    /// Take it back: its link leads nowhere any more
    Revoke {
        /// Tenant: id or slug
        tenant: String,
        /// The invitation's id
        invitation: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// Runs the platform
    Administrator,
    /// The provider's daily worker
    Technician,
    /// Works at a customer
    Tenant,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Tenant: id or slug
    tenant: String,
    /// Where the letter goes
    email: String,
    /// What kind of user
    #[arg(long, value_enum, default_value = "tenant")]
    kind: Kind,
    /// The name to sign in with [default: the address]
    #[arg(long)]
    user_name: Option<String>,
    /// For people to read
    #[arg(long)]
    display_name: Option<String>,
    /// A role, by name or id, in the person's own tenant or in the one after the @; may be given several times
    #[arg(long = "role", value_name = "ROLE[@TENANT]")]
    roles: Vec<String>,
    /// A role on the whole instance; may be given several times
    #[arg(long = "everywhere", value_name = "ROLE")]
    everywhere: Vec<String>,
    /// No letter leaves: the answer holds the link, to be handed over
    #[arg(long)]
    by_hand: bool,
    /// The language of its letters, en or de [default: the tenant's]
    #[arg(long)]
    locale: Option<String>,
}

pub(super) async fn run(v: Invitation, r: &Reach) -> Result<Value> {
    let one = |tenant: &str, id: &str| format!("{}/invitations/{}", at(tenant), escaped(id));
    match v {
        Invitation::Create(new) => create(new, r).await,
        Invitation::Bulk { tenant, file, roles } => {
            let rows = rows(&text_of(&file)?, &roles)?;
            r.post(&format!("{}/invitations/bulk", at(&tenant)), &json!({ "rows": rows })).await
        }
        Invitation::List { tenant, state, page } => {
            page.list(r, &format!("{}/invitations", at(&tenant)), &[("state", state)]).await
        }
        Invitation::Show { tenant, invitation } => r.get(&one(&tenant, &invitation)).await,
        Invitation::Resend { tenant, invitation, by_hand } => {
            let body = json!({ "by_hand": by_hand });
            r.post(&format!("{}/resend", one(&tenant, &invitation)), &body).await
        }
        Invitation::Bounced { tenant, invitation, email, complaint } => {
            let body = json!({ "email": email, "complaint": complaint });
            r.post(&format!("{}/bounced", one(&tenant, &invitation)), &body).await
        }
        Invitation::Revoke { tenant, invitation } => {
            r.call(Method::DELETE, &one(&tenant, &invitation), None).await
        }
    }
}

/// A role, in the person's own tenant or in the one after the @.
fn planned(text: &str) -> Value {
    match text.rsplit_once('@') {
        Some((role, tenant)) => json!({ "role": role, "tenant": tenant }),
        None => json!({ "role": text }),
    }
}

/// What a table is to the API.
fn rows(table: &str, roles: &[String]) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for row in csv::read(table, &COLUMNS)? {
        let of = |name: &str| row.get(name).filter(|text| !text.is_empty());
        let own = of("roles").into_iter().flat_map(|all| all.split('|')).map(str::trim);
        let all = own.filter(|r| !r.is_empty()).chain(roles.iter().map(String::as_str));
        out.push(given(json!({
            "email": row.get("email").cloned().unwrap_or_default(), "kind": of("kind"),
            "user_name": of("user_name"), "display_name": of("display_name"), "locale": of("locale"),
            "roles": all.map(planned).collect::<Vec<_>>(),
        })));
    }
    Ok(out)
}

async fn create(new: New, r: &Reach) -> Result<Value> {
    let kind = match new.kind {
        Kind::Administrator => "administrator",
        Kind::Technician => "technician",
        Kind::Tenant => "tenant",
    };
    let local = new.roles.iter().map(|text| planned(text));
    let everywhere = new.everywhere.iter().map(|role| json!({ "role": role, "everywhere": true }));
    let body = given(json!({
        "email": new.email, "kind": kind, "user_name": new.user_name,
        "display_name": new.display_name, "roles": local.chain(everywhere).collect::<Vec<_>>(),
        "by_hand": new.by_hand, "locale": new.locale,
    }));
    r.post(&format!("{}/invitations", at(&new.tenant)), &body).await
}
