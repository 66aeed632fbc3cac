//! Extensions of a tenant's user schema.

use super::{
    answer::{Made, Page, Shown, Time, With},
    call::Call,
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    directories::{self, Extension},
    error::Result,
    protocol::scim::extension::Declaration,
    provisioning,
};
use schemars::JsonSchema;
use serde::Serialize;

/// An extension, as RFC 7643 7 describes one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeclaredSchema")]
pub(super) struct SchemaShown {
    #[serde(flatten)]
    schema: Declaration,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// An extension and how much it is used.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeclaredSchemaInUse")]
pub(super) struct SchemaUsed {
    #[serde(flatten)]
    shown: SchemaShown,
    /// How many people carry values of it.
    people: i64,
}

/// What went with an extension.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaWithdrawn")]
pub(super) struct Withdrawn {
    /// How many people carried values of it.
    people: u64,
}

fn show(e: Extension) -> SchemaShown {
    SchemaShown {
        schema: e.declaration.0,
        version: e.version,
        created_at: e.created_at.into(),
        updated_at: e.updated_at.into(),
    }
}

fn urn(c: &Call) -> &str {
    c.path.get("schema").map_or("", String::as_str)
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<SchemaShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let all = directories::extensions(&c.app.store, &p).await?;
    Ok(Shown::page(all.into_iter().map(show), None))
}

pub(super) async fn declare(c: With<Declaration>) -> Result<Made<SchemaShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let made = directories::declare(&c.app.store, &p, c.json()?).await?;
    let version = made.version;
    Ok(Made::of(show(made)).version(version))
}

pub(super) async fn get(c: Call) -> Result<Shown<SchemaUsed>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let (found, people) = provisioning::schema(&c.app.store, &p, urn(&c)).await?;
    let version = found.version;
    Ok(Shown::of(SchemaUsed { shown: show(found), people }).version(version))
}

pub(super) async fn change(c: With<Declaration>) -> Result<Shown<SchemaShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let to = c.json()?;
    let after = provisioning::change_schema(&c.app.store, &p, urn(&c), c.if_match, to).await?;
    let version = after.version;
    Ok(Shown::of(show(after)).version(version))
}

pub(super) async fn withdraw(c: Call) -> Result<Shown<Withdrawn>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let drop = c.read::<bool>("drop_values")?.unwrap_or(false);
    let which = (urn(&c), c.if_match);
    let people = provisioning::withdraw_schema(&c.app.store, &p, which, drop).await?;
    Ok(Shown::of(Withdrawn { people }))
}
