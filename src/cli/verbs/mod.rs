//! The commands that set things up: one file for each noun, with its arguments as they are written in a shell and what
//! it asks of the admin API.

mod adoption;
mod app;
mod audit;
mod audit_view;
mod consent;
mod csv;
mod directory;
mod domain;
mod elevation;
mod explain;
mod grant;
mod group;
mod hold;
mod integration;
mod invitation;
mod keys;
mod letters;
mod log_settings;
mod mail;
mod mapping;
mod paged;
mod parked;
mod policy;
mod provisioning;
mod review;
mod role;
mod schema;
mod scim_token;
mod scope;
mod secret;
mod session;
mod setup_link;
mod signals;
mod signins;
mod statistics;
mod suppression;
mod tenant;
mod tombstone;
mod user;
mod user_access;
mod user_delete;
mod user_many;
mod who_can;

use crate::{
    cli::reach::Reach,
    error::{Error, Result},
};
use clap::Subcommand;
pub(super) use paged::whole;
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
    /// Security events that a directory's provider sends
    #[command(subcommand)]
    Signals(signals::Signals),
    /// Which e-mail domain is whose: how people find their sign-in by their address
    #[command(subcommand)]
    Domain(domain::Domain),
    /// What a directory asked by SCIM and was answered; do a request once more
    #[command(subcommand)]
    Provisioning(provisioning::Provisioning),
    /// What directories may say of people besides the standard's attributes
    #[command(subcommand)]
    Schema(schema::Schema),
    /// What a directory's SCIM client proves itself with
    #[command(subcommand)]
    ScimToken(scim_token::ScimToken),
    /// Links by which a company's IT staff set a directory up, without an account
    #[command(subcommand)]
    SetupLink(setup_link::SetupLink),
    /// Sets of permissions
    #[command(subcommand)]
    Role(role::Role),
    /// Which groups of a directory give which roles
    #[command(subcommand)]
    Mapping(mapping::Mapping),
    /// Roles given by hand
    #[command(subcommand)]
    Grant(grant::Grant),
    /// Roles for a while, on request: who may ask, what was asked, what became of it
    #[command(subcommand)]
    Elevation(elevation::Elevation),
    /// Who has what, decided about again by people who are not its subject, with evidence
    #[command(subcommand)]
    Review(review::Review),
    /// What is left of roles whose last holder a directory took away
    #[command(subcommand)]
    Hold(hold::Hold),
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
    /// People without a directory whom a directory wants to create
    #[command(subcommand)]
    Adoption(adoption::Adoption),
    /// What directories took away beyond their limits, until somebody decides
    #[command(subcommand)]
    Parked(parked::Parked),
    /// People who are gone and whom their directory does not bring back by itself
    #[command(subcommand)]
    Tombstone(tombstone::Tombstone),
    /// The groups that directories brought
    #[command(subcommand)]
    Group(group::Group),
    /// A person's sessions
    #[command(subcommand)]
    Session(session::Session),
    /// What a person let applications know and do
    #[command(subcommand)]
    Consent(consent::Consent),
    /// People who are in no directory, asked in by e-mail
    #[command(subcommand)]
    Invitation(invitation::Invitation),
    /// How a tenant's letters look
    #[command(subcommand)]
    Letters(letters::Letters),
    /// Addresses that letters come back from, and which are not written to any more
    #[command(subcommand)]
    Suppression(suppression::Suppression),
    /// Whether somebody may do something in a tenant, and why
    #[command(after_help = "Examples:
  muster explain contoso anna@contoso.com users.edit
  muster explain contoso tech@provider.example users.view --home provider | jq '.paths[].via'")]
    Explain(explain::Explain),
    /// Who may do something in a tenant, and why
    #[command(after_help = "Examples:
  muster who-can contoso users.delete | jq '.items[].user_name'")]
    WhoCan(who_can::WhoCan),
    /// Who tried to sign in, and why it did not work
    #[command(subcommand)]
    Signins(signins::Signins),
    /// How many signed in, and how many requests its directories made, day by day
    #[command(after_help = "Examples:
  muster statistics contoso --days 7 | jq '.days[] | [.day, .signins.entered, .signins.refused, .tokens.integrations]'")]
    Statistics(statistics::Statistics),
    /// What was done, newest first
    #[command(after_help = "Examples:
  muster audit contoso
  muster audit contoso --action 'user.*' --since 2026-01-01T00:00:00Z
  muster audit contoso --actor anna@contoso.com | jq -r '.items[].action'
  muster audit contoso --since 2026-01-01T00:00:00Z --file csv > trail.csv
  muster audit --target contoso --file ndjson > contoso.ndjson
  muster audit --limit 5000 | jq '.items[] | [.at, .actor, .action]'      of the instance itself")]
    Audit(audit::Audit),
    /// What you look for in a trail again and again
    #[command(subcommand)]
    AuditView(audit_view::AuditView),
    /// Signing keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Tenants, roles, directories, mappings and applications as a file
    Export(super::declared::Export),
    /// Make a server what such a file says, after showing the plan
    Apply(super::declared::Apply),
    /// Who you are for the server, and what you may do where
    Me,
    /// The applications that you can open
    Apps,
    /// The server: what it is called, its version, database, mail and limits
    System,
    /// Whether letters arrive
    #[command(subcommand)]
    Mail(mail::Mail),
    /// The permissions and the built-in roles
    Catalogue,
}

impl Verb {
    /// Whether it makes sense on a data directory that does not exist yet.
    pub(super) fn makes_data(&self) -> bool {
        match self {
            Self::Tenant(v) => matches!(v, tenant::Tenant::Create { .. }),
            Self::Apply(v) => v.writes(),
            _ => false,
        }
    }
}

/// Does it; what comes back is printed.
pub(super) async fn run(verb: Verb, r: &Reach) -> Result<Value> {
    match verb {
        Verb::Tenant(v) => tenant::run(v, r).await,
        Verb::Directory(v) => directory::run(v, r).await,
        Verb::Signals(v) => signals::run(v, r).await,
        Verb::Provisioning(v) => provisioning::run(v, r).await,
        Verb::Domain(v) => domain::run(v, r).await,
        Verb::Schema(v) => schema::run(v, r).await,
        Verb::ScimToken(v) => scim_token::run(v, r).await,
        Verb::SetupLink(v) => setup_link::run(v, r).await,
        Verb::Role(v) => role::run(v, r).await,
        Verb::Mapping(v) => mapping::run(v, r).await,
        Verb::Grant(v) => grant::run(v, r).await,
        Verb::Policy(v) => policy::run(v, r).await,
        Verb::App(v) => app::run(v, r).await,
        Verb::Integration(v) => integration::run(v, r).await,
        Verb::User(v) => user::run(v, r).await,
        Verb::Invitation(v) => invitation::run(v, r).await,
        Verb::Letters(v) => letters::run(v, r).await,
        Verb::Suppression(v) => suppression::run(v, r).await,
        Verb::Explain(v) => explain::run(v, r).await,
        Verb::WhoCan(v) => who_can::run(v, r).await,
        Verb::Keys(v) => keys::run(v, r).await,
        Verb::Review(v) => review::run(v, r).await,
        Verb::Elevation(v) => elevation::run(v, r).await,
        Verb::Hold(v) => hold::run(v, r).await,
        Verb::Adoption(v) => adoption::run(v, r).await,
        Verb::Parked(v) => parked::run(v, r).await,
        Verb::Tombstone(v) => tombstone::run(v, r).await,
        Verb::Group(v) => group::run(v, r).await,
        Verb::Session(v) => session::run(v, r).await,
        Verb::Consent(v) => consent::run(v, r).await,
        Verb::Signins(v) => signins::run(v, r).await,
        Verb::Statistics(v) => statistics::run(v, r).await,
        Verb::Audit(v) => audit::run(v, r).await,
        Verb::AuditView(v) => audit_view::run(v, r).await,
        Verb::Export(v) => super::declared::export(v, r).await.map(Value::String),
        Verb::Apply(v) => super::declared::apply(v, r).await,
        Verb::Me => r.get("/me").await,
        Verb::Apps => r.get("/me/apps").await,
        Verb::System => r.get("/system").await,
        Verb::Mail(v) => mail::run(v, r).await,
        Verb::Catalogue => r.get("/catalogue").await,
    }
}

/// `/tenants/{tenant}`; the text is the user's, so it is escaped.
pub(super) fn at(tenant: &str) -> String {
    format!("/tenants/{}", escaped(tenant))
}

pub(super) fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An object without the fields that are null.
pub(super) fn given(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().filter(|(_, v)| !v.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The id of what is called `name` in the list at `path`; an id passes as it is.
async fn id_of(r: &Reach, path: &str, field: &str, what: &str, name: &str) -> Result<String> {
    id_among(r, path, &[], field, what, name).await
}

/// The same of those that a filter leaves.
async fn id_among(
    r: &Reach,
    path: &str,
    filters: &[(&str, Option<String>)],
    field: &str,
    what: &str,
    name: &str,
) -> Result<String> {
    if uuid::Uuid::try_parse(name).is_ok() {
        return Ok(name.to_owned());
    }
    let list = whole(r, path, filters).await?;
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

/// What has this id in the list at `path`.
async fn listed(r: &Reach, path: &str, what: &str, id: &str) -> Result<Value> {
    let list = whole(r, path, &[]).await?;
    let found = list["items"].as_array().into_iter().flatten().find(|i| i["id"] == id);
    found.cloned().ok_or_else(|| Error::not_found(format!("{what} '{id}'")))
}

/// Where a user is: by id, or by the name to sign in with.
async fn user_at(r: &Reach, tenant: &str, user: &str) -> Result<String> {
    let all = format!("{}/users", at(tenant));
    let filters = [("text", Some(user.to_owned()))];
    let id = id_among(r, &all, &filters, "user_name", "user", user).await?;
    Ok(format!("{all}/{id}"))
}

/// The id of a directory: by id, or by name.
async fn directory_id(r: &Reach, tenant: &str, name: &str) -> Result<String> {
    id_of(r, &format!("{}/directories", at(tenant)), "name", "directory", name).await
}

/// Where a thing of a tenant is: by id, or by name. `list` is the last word of the list's address.
pub(super) async fn thing_at(
    r: &Reach,
    tenant: &str,
    list: &str,
    what: &str,
    name: &str,
) -> Result<String> {
    let all = format!("{}/{list}", at(tenant));
    let id = id_of(r, &all, "name", what, name).await?;
    Ok(format!("{all}/{id}"))
}

/// Makes sure that somebody who deletes means it: they type the name, or said `--yes`.
fn confirmed(what: &str, name: &str, yes: bool) -> Result<()> {
    use std::io::IsTerminal as _;
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        let text = format!("to delete {what} '{name}' without being asked, say --yes");
        return Err(Error::invalid(text));
    }
    eprint!("To delete {what} '{name}', type its name: ");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(Error::internal)?;
    if typed.trim() == name {
        return Ok(());
    }
    Err(Error::invalid("that is another name; nothing was deleted"))
}

/// The parts of a query that are given.
fn query(parts: &[(&str, Option<String>)]) -> String {
    let mut q = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parts {
        if let Some(value) = value {
            q.append_pair(name, value);
        }
    }
    let text = q.finish();
    if text.is_empty() { text } else { format!("?{text}") }
}

/// A JSON document from a file (`-`: stdin).
fn json_of(file: &Path) -> Result<Value> {
    serde_json::from_str(&text_of(file)?)
        .map_err(|e| Error::invalid(format!("{} is not JSON: {e}", file.display())))
}

/// A secret from a file (`-`: stdin), without the newline at its end.
pub(super) fn text_of(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|e| Error::invalid(format!("cannot read {}: {e}", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
