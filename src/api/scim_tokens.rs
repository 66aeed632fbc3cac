//! What a directory's SCIM client proves itself with.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, time},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    directories::{self, Token},
    error::Result,
    id::{DirectoryId, ScimTokenId},
    secret::ExposeSecret as _,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A SCIM token, without its text.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScimToken")]
pub(super) struct TokenShown {
    id: ScimTokenId,
    directory: DirectoryId,
    /// Its last characters.
    hint: String,
    created_at: Time,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
}
impl From<&Token> for TokenShown {
    fn from(t: &Token) -> Self {
        Self {
            id: t.id,
            directory: t.directory_id,
            hint: t.hint.clone(),
            created_at: t.created_at.into(),
            expires_at: t.expires_at.map(Into::into),
            last_used_at: t.last_used_at.map(Into::into),
        }
    }
}

/// A new token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScimTokenMade")]
pub(super) struct TokenMade {
    #[serde(flatten)]
    shown: TokenShown,
    /// Its text, shown this once.
    token: String,
    /// What the SCIM client is told besides.
    scim_base_url: String,
}

/// A token to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewScimToken")]
#[schemars(example = json!({ "expires_at": "2099-01-31T12:00:00Z" }))]
pub(super) struct NewToken {
    /// When it ends, RFC 3339; never, if it is left out.
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<TokenShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let all = directories::tokens(&c.app.store, &p, c.id("directory")?).await?;
    Ok(Shown::page(all.iter().map(Into::into), None))
}

pub(super) async fn create(c: With<NewToken>) -> Result<Made<TokenMade>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (body, id) = (c.json()?, c.id("directory")?);
    let until = time("expires_at", body.expires_at.as_ref())?;
    let (t, text) = directories::token_create(&c.app.store, &c.app.access, &p, id, until).await?;
    Ok(Made::of(TokenMade {
        shown: (&t).into(),
        token: text.expose_secret().to_owned(),
        scim_base_url: c.url(&format!("/scim/{id}/v2")),
    }))
}

pub(super) async fn revoke(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    directories::token_revoke(&c.app.store, &p, c.id("directory")?, c.id("token")?).await?;
    Ok(Done)
}
