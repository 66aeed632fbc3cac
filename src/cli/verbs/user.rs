//! `muster user`: people.

use super::{at, escaped, given, id_of, text_of};
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
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name or address holds this
        #[arg(long)]
        text: Option<String>,
    },
    /// Switch somebody off: everything of theirs ends at once
    Disable {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Switch somebody on again
    Enable {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
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

pub(super) async fn run(v: User, r: &Reach) -> Result<Value> {
    let switch = |tenant: String, user: String, on: bool| async move {
        let all = format!("{}/users", at(&tenant));
        let query = format!("{all}?limit=1000&text={}", escaped(&user));
        let id = id_of(r, &query, "user_name", "user", &user).await?;
        r.call(Method::PATCH, &format!("{all}/{id}"), Some(&json!({ "enabled": on }))).await
    };
    match v {
        User::Add(new) => add_user(new, r).await,
        User::List { tenant, text } => {
            let query = text.map_or_else(String::new, |t| format!("?text={}", escaped(&t)));
            r.get(&format!("{}/users{query}", at(&tenant))).await
        }
        User::Disable { tenant, user } => switch(tenant, user, false).await,
        User::Enable { tenant, user } => switch(tenant, user, true).await,
    }
}

async fn add_user(new: NewPerson, r: &Reach) -> Result<Value> {
    let kind = match new.kind {
        Kind::Administrator => "administrator",
        Kind::Technician => "technician",
        Kind::Tenant => "tenant",
    };
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
