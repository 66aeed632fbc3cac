//! The commands that set things up: one file for each noun, with its arguments as they are written in a shell and what
//! it asks of the admin API.

mod app;
mod directory;
mod domain;
mod explain;
mod grant;
mod integration;
mod invitation;
mod keys;
mod mapping;
mod policy;
mod role;
mod scim_token;
mod tenant;
mod user;

use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use clap::Subcommand;
use serde_json::{Map, Value};
use std::path::Path;
use url::form_urlencoded;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Companies
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Where a company's people come from: provisioning (SCIM) and sign-in (OpenID Connect)
    #[command(subcommand)]
    Directory(directory::Directory),
    /// Which e-mail domain is whose: how people find their sign-in by their address
    #[command(subcommand)]
    Domain(domain::Domain),
    /// What a directory's SCIM client proves itself with
    #[command(subcommand)]
    ScimToken(scim_token::ScimToken),
    /// Sets of permissions
    #[command(subcommand)]
    Role(role::Role),
    /// Which groups of a directory give which roles
    #[command(subcommand)]
    Mapping(mapping::Mapping),
    /// Roles given by hand
    #[command(subcommand)]
    Grant(grant::Grant),
    /// What a tenant demands of those who sign in
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Applications that sign people in with us
    #[command(subcommand)]
    App(app::App),
    /// Service accounts that call APIs
    #[command(subcommand)]
    Integration(integration::Integration),
    /// People
    #[command(subcommand)]
    User(user::User),
    /// People who are in no directory, asked in by e-mail
    #[command(subcommand)]
    Invitation(invitation::Invitation),
    /// Whether somebody may do something in a tenant, and why
    #[command(after_help = "Examples:
  muster explain contoso anna@contoso.com users.edit
  muster explain contoso tech@provider.example users.view --home provider | jq '.paths[].via'")]
    Explain(explain::Explain),
    /// Signing keys
    #[command(subcommand)]
    Keys(keys::Keys),
}

impl Verb {
    /// Whether it makes sense on a data directory that does not exist yet.
    pub(super) fn makes_data(&self) -> bool {
        matches!(self, Self::Tenant(tenant::Tenant::Create { .. }))
    }
}

/// Does it; what comes back is printed.
pub(super) async fn run(verb: Verb, r: &Reach) -> Result<Value> {
    match verb {
        Verb::Tenant(v) => tenant::run(v, r).await,
        Verb::Directory(v) => directory::run(v, r).await,
        Verb::Domain(v) => domain::run(v, r).await,
        Verb::ScimToken(v) => scim_token::run(v, r).await,
        Verb::Role(v) => role::run(v, r).await,
        Verb::Mapping(v) => mapping::run(v, r).await,
        Verb::Grant(v) => grant::run(v, r).await,
        Verb::Policy(v) => policy::run(v, r).await,
        Verb::App(v) => app::run(v, r).await,
        Verb::Integration(v) => integration::run(v, r).await,
        Verb::User(v) => user::run(v, r).await,
        Verb::Invitation(v) => invitation::run(v, r).await,
        Verb::Explain(v) => explain::run(v, r).await,
        Verb::Keys(v) => keys::run(v, r).await,
    }
}

/// `/tenants/{tenant}`; the text is the user's, so it is escaped.
fn at(tenant: &str) -> String {
    format!("/tenants/{}", escaped(tenant))
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An object without the fields that are null.
fn given(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().filter(|(_, v)| !v.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The id of what is called `name` in the list at `path`; an id passes as it is.
async fn id_of(r: &Reach, path: &str, field: &str, what: &str, name: &str) -> Result<String> {
    if uuid::Uuid::try_parse(name).is_ok() {
        return Ok(name.to_owned());
    }
    let list = r.get(path).await?;
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let folded = name.to_lowercase();
    let is_it = |i: &&Value| i[field].as_str().is_some_and(|n| n.to_lowercase() == folded);
    let mut found = items.iter().filter(is_it).filter_map(|i| i["id"].as_str());
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id.to_owned()),
        (Some(_), Some(_)) => {
            Err(Error::conflict(format!("more than one {what} is called '{name}'; give the id")))
        }
        (None, _) => Err(Error::not_found(format!("{what} '{name}'"))),
    }
}

/// A JSON document from a file (`-`: stdin).
fn json_of(file: &Path) -> Result<Value> {
    serde_json::from_str(&text_of(file)?)
        .map_err(|e| Error::invalid(format!("{} is not JSON: {e}", file.display())))
}

/// A secret from a file (`-`: stdin), without the newline at its end.
fn text_of(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|e| Error::invalid(format!("cannot read {}: {e}", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
