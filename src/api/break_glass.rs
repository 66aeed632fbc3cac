//! Accounts for emergencies.

use super::{
    answer::{Made, Shown, With},
    call::Call,
};
use crate::{
    access::{
        Source,
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
    },
    actor::UserKind,
    clock::Timestamp,
    credentials::{self, break_glass::Account},
    error::{Error, Result},
    id::{TenantId, UserId},
    secret::ExposeSecret as _,
    tenants,
    users::NewUser,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An account for emergencies.
#[derive(Serialize, JsonSchema)]
pub(super) struct BreakGlass {
    user: UserId,
    user_name: String,
    made_at: String,
    /// Until when it can be used, once; it is sealed where this is missing or past.
    #[serde(skip_serializing_if = "Option::is_none")]
    armed_until: Option<String>,
    /// When it was used last, if it ever was.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<String>,
    /// How many of its recovery codes are not used yet: without one, and without a passkey, it cannot sign in.
    recovery_codes: i64,
    /// What is to be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}
impl From<&Account> for BreakGlass {
    fn from(a: &Account) -> Self {
        Self {
            user: a.user_id,
            user_name: a.user_name.clone(),
            made_at: a.made_at.rfc3339(),
            armed_until: a.armed_until.map(Timestamp::rfc3339),
            used_at: a.used_at.map(Timestamp::rfc3339),
            recovery_codes: a.recovery_codes,
            warning: a.warning(),
        }
    }
}

/// All of them.
#[derive(Serialize, JsonSchema)]
pub(super) struct BreakGlasses {
    items: Vec<BreakGlass>,
}

pub(super) async fn list(c: Call) -> Result<Shown<BreakGlasses>> {
    let all = c.app.credentials.break_glass(&c.global().await?).await?;
    Ok(Shown::of(BreakGlasses { items: all.iter().map(Into::into).collect() }))
}

/// Who it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "user_name": "emergency-1" }))]
pub(super) struct NewBreakGlass {
    user_name: String,
    display_name: Option<String>,
}

/// The account, and what it signs in with; shown this once.
#[derive(Serialize, JsonSchema)]
pub(super) struct BreakGlassMade {
    user: UserId,
    /// The provider's.
    tenant: TenantId,
    user_name: String,
    password: String,
    /// Each the second factor for one sign-in.
    recovery_codes: Vec<String>,
}

/// The role comes last: whoever is left half-made by a failure has nothing.
pub(super) async fn make(c: With<NewBreakGlass>) -> Result<Made<BreakGlassMade>> {
    c.owner()?;
    let NewBreakGlass { user_name, display_name } = c.json()?;
    let (store, credentials) = (&c.app.store, &c.app.credentials);
    let provider = tenants::provider(store).await?.ok_or_else(|| {
        Error::conflict("there is no provider's tenant yet; make it first (\"provider\": true)")
    })?;
    let (t, global) = (provider.id, c.global().await?);
    credentials.may_have_break_glass(&global).await?;
    let kind = UserKind::Administrator;
    let new = NewUser { kind, user_name, display_name, email: None };
    let user = crate::users::add(store, &c.require(t).await?, new).await?;
    let password = credentials::new_password()?;
    credentials.set_password(&c.require(t).await?, user.id, &password).await?;
    let codes = credentials.make_break_glass(&global, &user).await?;
    let mut grant = NewGrant::manual(t, user.id, GLOBAL_ADMINISTRATOR);
    grant.source = Source::BreakGlass;
    grants::add_everywhere(&c.app.access, &global, grant).await?;
    Ok(Made::of(BreakGlassMade {
        user: user.id,
        tenant: t,
        user_name: user.user_name,
        password: password.expose_secret().to_owned(),
        recovery_codes: codes.iter().map(|s| s.expose_secret().to_owned()).collect(),
    }))
}

/// Why it is needed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "reason": "the provider of our sign-in is down, case 4711" }))]
pub(super) struct Arm {
    reason: String,
}

pub(super) async fn arm(c: With<Arm>) -> Result<Shown<BreakGlass>> {
    let (p, body) = (c.global().await?, c.json()?);
    let armed = c.app.credentials.arm_break_glass(&p, c.id("user")?, &body.reason).await?;
    Ok(Shown::of((&armed).into()))
}
