//! `muster directory`: where a company's people come from.

use super::{at, confirmed, given, json_of, paged::Paged, text_of, thing_at};
use crate::{cli::reach::Reach, error::Result};
use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Preset {
    Entra,
    EntraV1,
    Okta,
    Google,
    Auth0,
    Keycloak,
    Ping,
    Adfs,
    Generic,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Newcomers {
    /// Nobody
    Nobody,
    /// Whoever has an address that the directory vouches for, in a domain of the tenant
    Domains,
}

/// What the lack of a claim of groups says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Absent {
    /// Nothing: what the person had stays
    Unknown,
    /// That the person is in none
    None,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Directory {
    /// Make a directory; prints its redirect URI and its SCIM base URL
    #[command(after_help = "Examples:
  muster directory create contoso 'Contoso Entra' --preset entra
  muster directory create contoso 'Contoso Entra' --preset entra \\
      --issuer https://login.microsoftonline.com/TENANT-ID/v2.0 --client-id ID \\
      --client-secret-file secret.txt --auth-context c1
  muster directory create fabrikam 'Fabrikam login' --issuer https://login.fabrikam.example \\
      --client-id muster --client-secret-file secret.txt --mfa-amr otp --mfa-acr urn:example:2fa
  muster directory create initech 'Initech Keycloak' --preset keycloak \\
      --issuer https://kc.initech.example/realms/initech --client-id muster \\
      --client-secret-file secret.txt --mfa-acr 2

It prints the redirect URI to register at the provider, which is this directory's alone: make the directory first, register
it there, then name the provider (muster directory edit ... --issuer ... --client-id ...).")]
    Create(Box<NewDirectory>),
    /// Change a directory; what is not named stays as it is
    #[command(after_help = "Examples:
  muster directory edit contoso 'Contoso Entra' --name 'Entra ID'
  muster directory edit contoso 'Contoso Entra' --client-secret-file new-secret.txt
  muster directory edit contoso 'Contoso Entra' --no-signin
A named part of the sign-in half replaces that part; the rest of it stays.")]
    Edit(Box<EditDirectory>),
    /// One directory
    Show(Which),
    /// How its provisioning is: last request, errors, silence, tokens
    Health(Which),
    /// What would be decided of an id token or a sign-in of the past, and by which rule; nothing is kept
    #[command(after_help = "Examples:
  muster directory simulate contoso 'Contoso Entra' --signin K7QF-2M9X-B3TD
  muster directory simulate contoso 'Contoso Entra' --id-token-file token.txt --app CLIENT-ID
  pbpaste | muster directory simulate contoso 'Contoso Entra' --id-token-file - | jq .steps")]
    Simulate {
        #[command(flatten)]
        which: Which,
        /// File that holds an id token; `-` reads it from stdin
        #[arg(
            long,
            value_name = "FILE",
            required_unless_present = "signin",
            conflicts_with = "signin"
        )]
        id_token_file: Option<std::path::PathBuf>,
        /// The reference of a sign-in
        #[arg(long, value_name = "REFERENCE")]
        signin: Option<String>,
        /// Through which application: its client id
        #[arg(long, value_name = "CLIENT-ID")]
        app: Option<String>,
        /// To use which permission
        #[arg(long)]
        permission: Option<String>,
    },
    /// A link to a test login: to be opened in a browser once, within ten minutes
    #[command(after_help = "Examples:
  muster directory test contoso 'Contoso Entra'
  muster directory test contoso 'Contoso Entra' --result | jq .items[0].result
Nobody is signed in by it. It ends on a page with what was received; --result shows what is kept of that.")]
    Test {
        #[command(flatten)]
        which: Which,
        /// How the last test logins ended, instead of asking for one
        #[arg(long)]
        result: bool,
    },
    /// Offer its sign-in half to people, after a test login of yours; no password is refused for it any more
    Activate(Which),
    /// Let people in by it alone: a password of who is in it, or has an address in the tenant's domains, opens nothing
    Enforce(Which),
    /// Offer its sign-in half to nobody; sessions go on
    Draft(Which),
    /// How its sign-in half is: provider, keys, clock, last sign-ins, secret, stage
    SigninHealth(Which),
    /// Listen to it again
    Enable(Which),
    /// Answer neither its SCIM client nor its people's sign-ins
    Disable(Which),
    /// Delete a directory with everybody it brought
    Delete {
        #[command(flatten)]
        which: Which,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// A tenant's directories
    List {
        /// Tenant: id or slug
        tenant: String,
        #[command(flatten)]
        page: Paged,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewDirectory {
    /// Tenant: id or slug
    pub(crate) tenant: String,
    /// Its name for people
    pub(crate) name: String,
    /// Whose product it is
    #[arg(long, value_enum, default_value = "generic")]
    pub(crate) preset: Preset,
    /// Sign-in: the provider's issuer URL
    #[arg(long, requires = "client_id", value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Sign-in: our client id there
    #[arg(long, requires = "issuer", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Sign-in: our secret there (better from a file: other users of this machine see command lines)
    #[arg(long, requires = "issuer", value_name = "SECRET")]
    pub(crate) client_secret: Option<String>,
    /// Sign-in: file that holds our secret there
    #[arg(long, requires = "issuer", conflicts_with = "client_secret", value_name = "FILE")]
    pub(crate) client_secret_file: Option<std::path::PathBuf>,
    /// Sign-in: when our secret there ends: administrators are told before
    #[arg(long, requires = "issuer", value_name = "TIME")]
    pub(crate) client_secret_ends: Option<String>,
    /// Sign-in: asked for besides `openid`; may be given several times
    #[arg(long = "scope", requires = "issuer", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// Sign-in, Keycloak, Ping, AD FS, generic: a value of `amr` that proves a second factor; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(crate) mfa_amr: Vec<String>,
    /// Sign-in, Keycloak, Ping, Okta, generic: a value of `acr` that proves a second factor; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(crate) mfa_acr: Vec<String>,
    /// Sign-in, Keycloak, Ping, Okta, generic: a value of `acr` that proves a phishing-resistant login; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(crate) phr_acr: Vec<String>,
    /// Sign-in, Entra: the authentication context that a Conditional Access policy binds to a second factor
    #[arg(long, requires = "issuer", value_name = "c1..c99")]
    pub(crate) auth_context: Option<String>,
    /// Sign-in: two methods of different kinds in `amr` prove a second factor
    #[arg(long, requires = "issuer")]
    pub(crate) two_classes: bool,
    /// Sign-in: what you state in writing about all logins there, for a provider that says nothing of each; such a login is
    /// `attested`, which counts where the policy says so
    #[arg(long, requires = "issuer", value_name = "TEXT")]
    pub(crate) attest: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Tenant: id or slug
    tenant: String,
    /// The directory's id or name
    directory: String,
}
impl Which {
    async fn find(&self, r: &Reach) -> Result<String> {
        thing_at(r, &self.tenant, "directories", "directory", &self.directory).await
    }
}

#[derive(Debug, Args)]
pub(crate) struct EditDirectory {
    #[command(flatten)]
    which: Which,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Whose product it is
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Sign-in: the provider's issuer URL
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Sign-in: our client id there
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Sign-in: file that holds our secret there; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<std::path::PathBuf>,
    /// Sign-in: when our secret there ends, like 2027-01-31T00:00:00Z: administrators are told before
    #[arg(long, value_name = "TIME")]
    client_secret_ends: Option<String>,
    /// Sign-in: asked for besides `openid`, instead of what was; may be given several times
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Sign-in: the rules of proof, as a JSON document (`show` prints those there are); `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    rules_file: Option<std::path::PathBuf>,
    /// Sign-in: who comes in at their first sign-in, besides those who were provisioned or invited
    #[arg(long, value_enum)]
    newcomers: Option<Newcomers>,
    /// Sign-in: whether that counts for guests of the directory too
    #[arg(long, value_name = "true|false")]
    guests: Option<bool>,
    /// Sign-in: the claim that lists a person's groups; `none` where groups come by SCIM
    #[arg(long, value_name = "NAME")]
    groups_claim: Option<String>,
    /// Sign-in: what an id token without that claim says of the person's groups
    #[arg(long, value_name = "WHAT")]
    groups_absent: Option<Absent>,
    /// Sign-in: whether who signs out here is sent to the provider's own logout as well
    #[arg(long, value_name = "true|false")]
    end_upstream: Option<bool>,
    /// Take the sign-in half away
    #[arg(long, conflicts_with_all = ["issuer", "client_id", "client_secret_file", "client_secret_ends", "scopes", "rules_file"])]
    no_signin: bool,
    #[command(flatten)]
    log: super::log_settings::LogSettings,
    /// Provisioning: whether two groups may not share a name
    #[arg(long, value_name = "true|false")]
    unique_group_names: Option<bool>,
    /// Provisioning: a habit of directories that is not understood here, by its number in docs/scim.md, or `all`;
    /// instead of what was; may be given several times
    #[arg(long = "rule-off", value_name = "NUMBER")]
    rules_off: Vec<String>,
    /// Provisioning: whether changes that take too much away are parked until somebody decides
    #[arg(long, value_name = "true|false")]
    guard: Option<bool>,
    /// Provisioning: what may be taken away at once, in percent of the tenant's active people
    #[arg(long, value_name = "1..100")]
    guard_percent: Option<u32>,
    /// Provisioning: what counts as at once
    #[arg(long, value_name = "MINUTES")]
    guard_minutes: Option<u32>,
    /// Provisioning: fewer people than this are never too many
    #[arg(long, value_name = "NUMBER")]
    guard_people: Option<u32>,
    /// Provisioning: every habit of directories is understood
    #[arg(long, conflicts_with = "rules_off")]
    all_rules: bool,
}

/// What was, with what is given.
fn newcomers(
    was: &Value,
    people: Option<Newcomers>,
    guests: Option<bool>,
    groups: Option<String>,
    absent: Option<Absent>,
) -> Value {
    let mut to = if was.is_object() { was.clone() } else { json!({}) };
    if let Some(people) = people {
        to["people"] = match people {
            Newcomers::Nobody => "nobody".into(),
            Newcomers::Domains => "domains".into(),
        };
    }
    if let Some(absent) = absent {
        to["absent_is_none"] = (absent == Absent::None).into();
    }
    if let Some(guests) = guests {
        to["guests"] = guests.into();
    }
    if let Some(claim) = groups {
        to["groups"] = if claim == "none" { Value::Null } else { claim.into() };
    }
    to
}

async fn edit(e: EditDirectory, r: &Reach) -> Result<Value> {
    let path = e.which.find(r).await?;
    let was = r.get(&path).await?;
    let secret = e.client_secret_file.as_deref().map(text_of).transpose()?;
    let rules = e.rules_file.as_deref().map(json_of).transpose()?;
    let part = e.issuer.is_some()
        || e.client_id.is_some()
        || secret.is_some()
        || e.client_secret_ends.is_some()
        || !e.scopes.is_empty()
        || rules.is_some()
        || e.newcomers.is_some()
        || e.guests.is_some()
        || e.groups_claim.is_some()
        || e.groups_absent.is_some()
        || e.end_upstream.is_some();
    let mut body = given(json!({ "name": e.name, "preset": e.preset.map(preset) }));
    if e.no_signin {
        body["signin"] = Value::Null;
    } else if part {
        let old = &was["signin"];
        let scopes = if e.scopes.is_empty() { old["scopes"].clone() } else { json!(e.scopes) };
        body["signin"] = given(json!({
            "issuer": e.issuer.map_or_else(|| old["issuer"].clone(), Value::from),
            "client_id": e.client_id.map_or_else(|| old["client_id"].clone(), Value::from),
            "client_secret": secret, "client_secret_expires_at": e.client_secret_ends, "scopes": scopes,
            "rules": rules.unwrap_or_else(|| old["rules"].clone()),
            "newcomers": newcomers(&old["newcomers"], e.newcomers, e.guests, e.groups_claim, e.groups_absent),
            "end_upstream": e.end_upstream.map_or_else(|| old["end_upstream"].clone(), Value::from),
        }));
    }
    let mut provisioning = was["provisioning"].clone();
    if let Some(unique) = e.unique_group_names {
        provisioning["unique_group_names"] = unique.into();
    }
    e.log.set(&mut provisioning);
    if e.all_rules || !e.rules_off.is_empty() {
        provisioning["rules_off"] = json!(e.rules_off);
    }
    let numbers =
        [("percent", e.guard_percent), ("minutes", e.guard_minutes), ("people", e.guard_people)];
    for (field, n) in numbers {
        if let Some(n) = n {
            provisioning["mass_change"][field] = n.into();
        }
    }
    if let Some(on) = e.guard {
        provisioning["mass_change"]["on"] = on.into();
    }
    if provisioning != was["provisioning"] {
        body["provisioning"] = provisioning;
    }
    // What was read is what is changed: nobody else's change is undone.
    r.call_at(Method::PATCH, &path, Some(&body), was["version"].as_i64()).await
}

pub(super) async fn run(v: Directory, r: &Reach) -> Result<Value> {
    match v {
        Directory::Create(new) => {
            let path = format!("{}/directories", at(&new.tenant));
            r.post(&path, &new_directory(*new)?).await
        }
        Directory::Edit(e) => edit(*e, r).await,
        Directory::Show(which) => r.get(&which.find(r).await?).await,
        Directory::Health(which) => r.get(&format!("{}/health", which.find(r).await?)).await,
        Directory::Simulate { which, id_token_file, signin, app, permission } => {
            let token = id_token_file.as_deref().map(text_of).transpose()?;
            let body = given(json!({
                "token": token, "signin": signin, "app": app, "permission": permission,
            }));
            r.post(&format!("{}/simulate", which.find(r).await?), &body).await
        }
        Directory::Test { which, result } => {
            let path = format!("{}/signin-tests", which.find(r).await?);
            if result { r.get(&path).await } else { r.post(&path, &json!({})).await }
        }
        Directory::Activate(which) => {
            r.post(&format!("{}/activate", which.find(r).await?), &json!({})).await
        }
        Directory::Enforce(which) => {
            r.patch(&which.find(r).await?, &json!({ "stage": "enforced" })).await
        }
        Directory::Draft(which) => {
            r.patch(&which.find(r).await?, &json!({ "stage": "draft" })).await
        }
        Directory::SigninHealth(which) => {
            r.get(&format!("{}/signin-health", which.find(r).await?)).await
        }
        Directory::Enable(which) => {
            r.patch(&which.find(r).await?, &json!({ "status": "active" })).await
        }
        Directory::Disable(which) => {
            r.patch(&which.find(r).await?, &json!({ "status": "disabled" })).await
        }
        Directory::Delete { which, yes } => {
            let path = which.find(r).await?;
            confirmed("the directory and everybody it brought:", &which.directory, yes)?;
            r.delete(&path).await
        }
        Directory::List { tenant, page } => {
            page.list(r, &format!("{}/directories", at(&tenant)), &[]).await
        }
    }
}

fn preset(p: Preset) -> &'static str {
    match p {
        Preset::Entra => "entra",
        Preset::EntraV1 => "entra_v1",
        Preset::Okta => "okta",
        Preset::Google => "google",
        Preset::Auth0 => "auth0",
        Preset::Keycloak => "keycloak",
        Preset::Ping => "ping",
        Preset::Adfs => "adfs",
        Preset::Generic => "generic",
    }
}

fn new_directory(new: NewDirectory) -> Result<Value> {
    let secret = match (new.client_secret, new.client_secret_file) {
        (Some(secret), _) => Some(secret),
        (None, Some(file)) => Some(text_of(&file)?),
        (None, None) => None,
    };
    let signin = new.issuer.map(|issuer| {
        given(json!({
            "issuer": issuer, "client_id": new.client_id, "client_secret": secret,
            "client_secret_expires_at": new.client_secret_ends, "scopes": new.scopes,
            "rules": {
                "amr": new.mfa_amr, "acr": new.mfa_acr, "acr_phr": new.phr_acr,
                "acrs": new.auth_context, "two_classes": new.two_classes, "attested": new.attest,
            },
        }))
    });
    Ok(given(json!({ "name": new.name, "preset": preset(new.preset), "signin": signin })))
}
