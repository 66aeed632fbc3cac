//! What a person let applications know and do.

use super::{
    answer::{Done, Page, Shown, Time},
    call::Call,
};
use crate::{
    access::perm::{UsersEdit, UsersView},
    apps::consents::{self, Consent},
    error::Result,
    id::AppId,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What a person agreed to give one application.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Consent")]
pub(super) struct ConsentShown {
    app: AppId,
    /// The application's name; `null` when it is gone.
    name: Option<String>,
    scopes: Vec<String>,
    /// When they last agreed to more.
    updated_at: Time,
}
impl From<Consent> for ConsentShown {
    fn from(c: Consent) -> Self {
        Self { app: c.app, name: c.name, scopes: c.scopes.0, updated_at: c.updated_at.into() }
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<ConsentShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let all = consents::of_user(&c.app.store, &p, c.id("user")?).await?;
    Ok(Shown::page(all.into_iter().map(Into::into), None))
}

pub(super) async fn withdraw(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersEdit>().await?;
    consents::end_of_user(&c.app.store, &p, c.id("user")?, c.id("app")?).await?;
    Ok(Done)
}
