//! `muster user`: people.

use super::{
    at, directory_id, given, paged::Paged, text_of, user_access, user_at, user_delete, user_many,
};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// Runs the platform
    Administrator,
    /// The provider's daily worker
    Technician,
    /// Works at a customer
    Tenant,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add somebody by hand
    #[command(after_help = "Examples:
  muster user add contoso bert --display-name 'Bert Berg' --email bert@contoso.com
  muster user add us tech --kind technician --password-file pw.txt --one-time-code")]
    Add(NewPerson),
    /// A tenant's people
    #[command(after_help = "Examples:
  muster user list contoso --starts berg
  muster user list contoso --role 'Tenant Administrator'
  muster user list contoso --enabled false | jq -r '.items[].user_name'")]
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name to sign in with, address, display name or its last word begins with this
        #[arg(long, value_name = "TEXT")]
        starts: Option<String>,
        /// Only those whose name or address has this anywhere in it: among very many people this takes longer
        #[arg(long)]
        text: Option<String>,
        /// Only this kind: administrator, technician, tenant or integration
        #[arg(long)]
        kind: Option<String>,
        /// Only those of this directory: id or name
        #[arg(long)]
        directory: Option<String>,
        /// Only those who are switched on by hand, or off
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        /// Only those whom their directory lets in, or does not
        #[arg(long, value_name = "true|false")]
        active: Option<bool>,
        /// Only those who have this role there now, by whatever way: id or name
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        page: Paged,
    },
    /// One person
    Show {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Change a person's details; what is not named stays as it is
    #[command(
        after_help = "What a directory manages is changed there; of its people only the kind is changed here.

Examples:
  muster user edit contoso bert --display-name 'Bert Berg'
  muster user edit contoso bert --email ''                  without an address
  muster user edit us tech --kind administrator"
    )]
    Edit(EditPerson),
    /// Where a person has which role, and from where
    Access {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Set all roles that a person has by hand, tenant by tenant; prints what changed
    #[command(
        after_help = "All of it or nothing. In a tenant that is not named, and that you may speak for, they keep
nothing that was given by hand; roles by groups stay.

Examples:
  muster user set-access contoso bert --role 'Help desk'
  muster user set-access us tess --role 'Tenant Administrator@contoso' --role Read-Only@fabrikam
  muster user set-access us ada --everywhere 'Global Administrator'
  muster user set-access contoso bert --nothing"
    )]
    SetAccess(user_access::SetAccess),
    /// Delete people; shows first what goes with them, and asks
    #[command(after_help = "Examples:
  muster user delete contoso bert
  muster user delete contoso bert --dry-run      show what it would remove, and stop
  muster user delete contoso --file gone.txt     many, each by itself; status 1 if any is refused")]
    Delete(user_delete::Delete),
    /// Set a person's local password from a file; their sessions end
    Password {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// File that holds the password; `-` reads it from stdin
        #[arg(long, value_name = "FILE")]
        password_file: std::path::PathBuf,
    },
    /// Give a person a new one-time code, printed this once, or take it away
    OneTimeCode {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// Take it away
        #[arg(long)]
        remove: bool,
    },
    /// Let somebody try again at once who was wrong too often
    Unlock {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Take away all that a person signs in with; their sessions end, and they are sent a link to set up anew
    ResetFactors {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Send a person a link to set a new password, and a second factor where they lack one
    ResetLink {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Switch people off: everything of theirs ends at once
    #[command(
        after_help = "Of one person it prints how they are; of several what became of each, and its status is 1 if any
was refused.

Examples:
  muster user disable contoso bert
  muster user disable contoso bert carl dora
  muster user disable contoso --file gone.txt | jq '.rows[] | select(.outcome != \"done\")'"
    )]
    Disable(user_many::Whom),
    /// Switch people on again
    Enable(user_many::Whom),
}

#[derive(Debug, Args)]
pub(crate) struct NewPerson {
    /// Tenant: id or slug
    pub(crate) tenant: String,
    /// The name to sign in with
    pub(crate) user_name: String,
    /// What kind
    #[arg(long, value_enum, default_value = "tenant")]
    pub(crate) kind: Kind,
    /// For people to read
    #[arg(long)]
    pub(crate) display_name: Option<String>,
    /// E-mail address
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// File that holds a password for signing in here; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<std::path::PathBuf>,
    /// Make a one-time code as well; its otpauth address is printed this once
    #[arg(long)]
    pub(crate) one_time_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EditPerson {
    /// Tenant: id or slug
    tenant: String,
    /// The user's id or name
    user: String,
    /// Another name to sign in with
    #[arg(long)]
    user_name: Option<String>,
    /// Another name to read; empty for none
    #[arg(long)]
    display_name: Option<String>,
    /// Another address; empty for none
    #[arg(long)]
    email: Option<String>,
    /// Another kind
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

pub(super) async fn run(v: User, r: &Reach) -> Result<Value> {
    match v {
        User::Add(new) => add_user(new, r).await,
        User::List { tenant, starts, text, kind, directory, enabled, active, role, page } => {
            let directory = match directory {
                Some(name) => Some(directory_id(r, &tenant, &name).await?),
                None => None,
            };
            let filters = [
                ("starts", starts),
                ("text", text),
                ("kind", kind),
                ("directory", directory),
                ("enabled", enabled.map(|on| on.to_string())),
                ("active", active.map(|on| on.to_string())),
                ("role", role),
            ];
            page.list(r, &format!("{}/users", at(&tenant)), &filters).await
        }
        User::Show { tenant, user } => r.get(&user_at(r, &tenant, &user).await?).await,
        User::Edit(e) => {
            let body = given(json!({
                "user_name": e.user_name, "display_name": e.display_name, "email": e.email,
                "kind": e.kind.map(kind_word),
            }));
            r.patch(&user_at(r, &e.tenant, &e.user).await?, &body).await
        }
        User::Access { tenant, user } => {
            r.get(&format!("{}/access", user_at(r, &tenant, &user).await?)).await
        }
        User::SetAccess(v) => user_access::run(v, r).await,
        User::Delete(v) => user_delete::run(v, r).await,
        User::Password { tenant, user, password_file } => {
            let body = json!({ "password": text_of(&password_file)? });
            let path = format!("{}/password", user_at(r, &tenant, &user).await?);
            r.call(Method::PUT, &path, Some(&body)).await
        }
        User::OneTimeCode { tenant, user, remove } => {
            let path = format!("{}/one-time-code", user_at(r, &tenant, &user).await?);
            if remove { r.delete(&path).await } else { r.post(&path, &json!({})).await }
        }
        User::Unlock { tenant, user } => done_to(r, &tenant, &user, "unlock").await,
        User::ResetFactors { tenant, user } => done_to(r, &tenant, &user, "reset-factors").await,
        User::ResetLink { tenant, user } => done_to(r, &tenant, &user, "reset-link").await,
        User::Disable(whom) => user_many::switch(whom, false, r).await,
        User::Enable(whom) => user_many::switch(whom, true, r).await,
    }
}

/// What a help desk does.
async fn done_to(r: &Reach, tenant: &str, user: &str, what: &str) -> Result<Value> {
    r.post(&format!("{}/{what}", user_at(r, tenant, user).await?), &json!({})).await
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Administrator => "administrator",
        Kind::Technician => "technician",
        Kind::Tenant => "tenant",
    }
}

async fn add_user(new: NewPerson, r: &Reach) -> Result<Value> {
    let kind = kind_word(new.kind);
    // Read before anything is made: a file that is not there must not leave half a person.
    let password = new.password_file.as_deref().map(text_of).transpose()?;
    let all = format!("{}/users", at(&new.tenant));
    let body = given(json!({
        "kind": kind, "user_name": new.user_name, "display_name": new.display_name,
        "email": new.email,
    }));
    let mut made = r.post(&all, &body).await?;
    let id = made["id"].as_str().unwrap_or_default().to_owned();
    if let Some(password) = password {
        let body = json!({ "password": password });
        r.call(Method::PUT, &format!("{all}/{id}/password"), Some(&body)).await?;
    }
    if new.one_time_code {
        let code = r.post(&format!("{all}/{id}/one-time-code"), &json!({})).await?;
        made["otpauth"] = code["otpauth"].clone();
    }
    Ok(made)
}
