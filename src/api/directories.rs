//! Directories with their two halves.

use super::{
    answer::{Made, Page, Shown, Time, With},
    call::{Call, cut, time},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    directories::{
        self, Directory, Edit, New, Newcomers, PresetColumn, Provisioning, SignInSettings, Stage,
        Status,
    },
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    protocol::oidc::{Preset, Rules},
    provisioning::{self, Gone},
    secret::Secret,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A directory.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Directory")]
pub(super) struct DirectoryShown {
    id: DirectoryId,
    tenant: TenantId,
    name: String,
    /// Whose product it is: `entra`, `entra_v1`, `okta`, `google`, `auth0`, `keycloak`, `ping`, `adfs` or `generic`.
    preset: String,
    status: Status,
    /// How far its sign-in half has come; null where it has none.
    stage: Option<Stage>,
    provisioning: Provisioning,
    /// Its sign-in half, without the secret; null where it has none.
    signin: Option<SignInShown>,
    /// Who stated what `rules.attested` of its sign-in half states, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    attested: Option<AttestedShown>,
    /// Counted up with each change of the sign-in half; the evidence of a sign-in names it.
    generation: i64,
    /// What its SCIM client is told.
    scim_base_url: String,
    /// What is to be registered at its OpenID provider as the redirect URI: this directory's alone.
    redirect_uri: String,
    /// What is to be registered there as the post-logout redirect URI, where `end_upstream` is wanted.
    post_logout_redirect_uri: String,
    /// In the answer to a change: how many sessions ended with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_ended: Option<usize>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// How people of a directory sign in.
#[derive(Serialize, JsonSchema)]
pub(super) struct SignInShown {
    issuer: String,
    client_id: Option<String>,
    /// When the client secret ends at the provider, if somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<Time>,
    scopes: Vec<String>,
    rules: Rules,
    newcomers: Newcomers,
    /// Whether who signs out here is sent to the provider's own logout as well.
    end_upstream: bool,
}

/// Who stated something.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Attestation")]
struct AttestedShown {
    /// `user:<id>` or `owner`.
    by: String,
    at: Time,
}

pub(super) fn show(c: &Call, d: &Directory) -> DirectoryShown {
    let signin = d.issuer.as_ref().map(|issuer| SignInShown {
        issuer: issuer.clone(),
        client_id: d.client_id.clone(),
        client_secret_expires_at: d.secret_expires_at.map(Into::into),
        scopes: d.signin.0.scopes.clone(),
        rules: d.signin.0.rules.clone(),
        newcomers: d.signin.0.newcomers.clone(),
        end_upstream: d.signin.0.end_upstream,
    });
    let attested = d.signin.0.attested.as_ref();
    DirectoryShown {
        id: d.id,
        tenant: d.tenant_id,
        name: d.name.clone(),
        preset: d.preset.as_str().to_owned(),
        status: d.status,
        stage: d.issuer.as_ref().map(|_| d.stage),
        provisioning: d.provisioning.0.clone(),
        signin,
        attested: attested.map(|a| AttestedShown { by: a.by.clone(), at: a.at.into() }),
        generation: d.generation,
        scim_base_url: c.url(&format!("/scim/{}/v2", d.id)),
        redirect_uri: directories::redirect_uri(c.app.config.issuer(), d.id),
        post_logout_redirect_uri: directories::signed_out_uri(c.app.config.issuer(), d.id),
        sessions_ended: None,
        version: d.version,
        created_at: d.created_at.into(),
        updated_at: d.updated_at.into(),
    }
}

/// The sign-in half.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The provider's issuer URL.
    issuer: String,
    /// Our client id there.
    client_id: String,
    /// Our secret there; left out in a change, the one there is stays.
    #[schemars(with = "Option<String>")]
    client_secret: Option<Secret>,
    /// When the secret ends at the provider, RFC 3339: administrators are told before. Left out, what was said of the same
    /// secret stays.
    #[schemars(extend("format" = "date-time"))]
    client_secret_expires_at: Option<String>,
    /// Asked for besides `openid`.
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    rules: Rules,
    /// Whom it lets in whom nobody brought, and where it reads groups; nobody, and nowhere, where it is left out.
    #[serde(default)]
    newcomers: Newcomers,
    /// Whether who signs out here is sent to the provider's own logout as well; its browser comes back to
    /// `post_logout_redirect_uri`. Not with Okta.
    #[serde(default)]
    end_upstream: bool,
}
impl TryFrom<SignIn> for SignInSettings {
    type Error = Error;
    fn try_from(s: SignIn) -> Result<Self> {
        let ends = s.client_secret_expires_at.as_ref();
        Ok(Self {
            issuer: s.issuer,
            client_id: s.client_id,
            client_secret: s.client_secret,
            client_secret_expires_at: time("client_secret_expires_at", ends)?,
            scopes: s.scopes,
            rules: s.rules,
            newcomers: s.newcomers,
            end_upstream: s.end_upstream,
        })
    }
}

/// A directory to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewDirectory", example = json!({ "name": "Contoso Entra", "preset": "entra" }))]
pub(super) struct Create {
    /// For people.
    name: String,
    /// Whose product it is: `entra`, `entra_v1`, `okta`, `google`, `auth0`, `keycloak`, `ping`, `adfs` or `generic`.
    #[serde(default = "generic")]
    preset: String,
    #[serde(default)]
    provisioning: Provisioning,
    signin: Option<SignIn>,
}
fn generic() -> String {
    "generic".to_owned()
}

fn preset(word: &str) -> Result<PresetColumn> {
    PresetColumn::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Preset::ALL.iter().map(|p| p.as_str()).collect();
        Error::invalid(format!("'preset' is one of {}", all.join(", "))).attr("preset")
    })
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<DirectoryShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let limit = c.limit()?;
    let all = directories::page(&c.app.store, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |d| d.id.to_string());
    Ok(Shown::page(items.iter().map(|d| show(&c, d)), next))
}

pub(super) async fn create(c: With<Create>) -> Result<Made<DirectoryShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let body = c.json()?;
    let new = New {
        name: body.name,
        preset: preset(&body.preset)?.0,
        provisioning: body.provisioning,
        signin: body.signin.map(TryInto::try_into).transpose()?,
    };
    let d = directories::create(&c.app.store, &p, new, &c.app.master).await?;
    Ok(Made::of(show(&c, &d)).version(d.version))
}

pub(super) async fn get(c: Call) -> Result<Shown<DirectoryShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let d = directories::get(&c.app.store, &p, c.id("directory")?).await?;
    Ok(Shown::of(show(&c, &d)).version(d.version))
}

#[expect(clippy::option_option, reason = "not there, null and a value are three")]
/// A change of a directory; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeDirectory")]
#[schemars(example = json!({ "name": "Contoso Entra", "status": "disabled" }))]
pub(super) struct Change {
    name: Option<String>,
    preset: Option<String>,
    /// Another sign-in half; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<SignIn>")]
    signin: Option<Option<SignIn>>,
    provisioning: Option<Provisioning>,
    status: Option<Status>,
    /// `draft`, `active` (after a test login) or `enforced`.
    stage: Option<Stage>,
}

#[expect(clippy::option_option, reason = "not there, null and a value are three")]
/// Tells `null` (take it away) from a field that is not there.
fn given<'de, D, T>(d: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(d).map(Some)
}

pub(super) async fn edit(c: With<Change>) -> Result<Shown<DirectoryShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (store, id) = (&c.app.store, c.id("directory")?);
    let body = c.json()?;
    let preset = body.preset.as_deref().map(preset).transpose()?.map(|p| p.0);
    let signin = body.signin.map(|s| s.map(TryInto::try_into).transpose()).transpose()?;
    let edit = Edit {
        name: body.name,
        preset,
        signin,
        provisioning: body.provisioning,
        status: body.status,
        stage: body.stage,
    };
    let (access, master) = (&c.app.access, &c.app.master);
    let done = provisioning::edit(store, access, &p, id, c.if_match, edit, master).await?;
    let d = &done.directory;
    let shown = DirectoryShown { sessions_ended: Some(done.sessions_ended), ..show(&c, d) };
    Ok(Shown::of(shown).version(d.version))
}

pub(super) async fn delete(c: Call) -> Result<Shown<Gone>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (store, id) = (&c.app.store, c.id("directory")?);
    Ok(Shown::of(provisioning::delete_directory(store, &p, id, c.if_match).await?))
}
