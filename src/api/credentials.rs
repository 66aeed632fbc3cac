//! Local credentials, and the first administrators.

use super::{
    answer::{Done, Made, Shown, Time, With},
    call::Call,
    users::UserShown,
};
use crate::{
    access::{
        Source,
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
        perm::UsersEdit,
    },
    actor::UserKind,
    credentials,
    error::{Error, Result},
    secret::{ExposeSecret as _, Secret},
    tenants,
    users::NewUser,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A local password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "password": "correct horse battery staple" }))]
pub(super) struct Password {
    /// At least fifteen characters, eight for who has a second factor (or as the settings say); not common, and not easy to
    /// guess.
    #[schemars(with = "String")]
    password: Secret,
}

pub(super) async fn set_password(c: With<Password>) -> Result<Done> {
    let p = c.tenant::<UsersEdit>().await?;
    let body = c.json()?;
    c.app.credentials.set_password(&p, c.id("user")?, &body.password).await?;
    Ok(Done)
}

/// A new one-time code.
#[derive(Serialize, JsonSchema)]
pub(super) struct OneTimeCode {
    /// The address that an authenticator app reads (as a QR code).
    otpauth: String,
    /// The same secret, to be typed.
    secret: String,
}

pub(super) async fn add_code(c: Call) -> Result<Made<OneTimeCode>> {
    let p = c.tenant::<UsersEdit>().await?;
    let code = c.app.credentials.add_code(&p, c.id("user")?, &c.app.config.brand.name).await?;
    Ok(Made::of(OneTimeCode {
        otpauth: code.otpauth.expose_secret().to_owned(),
        secret: code.secret.expose_secret().to_owned(),
    }))
}

pub(super) async fn remove_code(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersEdit>().await?;
    c.app.credentials.remove_code(&p, c.id("user")?).await?;
    Ok(Done)
}

pub(super) async fn unlock(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersEdit>().await?;
    c.app.credentials.unlock(&p, c.id("user")?).await?;
    Ok(Done)
}

/// What was taken away of somebody.
#[derive(Serialize, JsonSchema)]
pub(super) struct FactorsReset {
    one_time_code: bool,
    passkeys: u64,
    /// Recovery codes that were not used yet.
    recovery_codes: u64,
    /// The link to set up something new, shown this once, to be handed over: they have no address, or no mail is sent.
    /// Where it is missing, it was sent to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

pub(super) async fn reset_factors(c: Call) -> Result<Shown<FactorsReset>> {
    let p = c.tenant::<UsersEdit>().await?;
    let sends = c.app.mailer.sends();
    let r = c.app.credentials.reset_factors(&p, c.id("user")?, sends).await?;
    Ok(Shown::of(FactorsReset {
        one_time_code: r.code,
        passkeys: r.passkeys,
        recovery_codes: r.recovery,
        link: r.link.map(|l| c.url(&format!("/reset/{}", l.expose_secret()))),
    }))
}

/// What becomes of a letter.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Letter {
    /// It is handed to the mail server in a moment.
    OnItsWay,
    /// It is kept, and nothing takes it: see `warning`.
    Waits,
}

/// A letter with a link to set a new password.
#[derive(Serialize, JsonSchema)]
pub(super) struct ResetSent {
    letter: Letter,
    /// Until when its link opens.
    expires_at: Time,
    /// Why it waits, and what to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

pub(super) async fn send_reset(c: Call) -> Result<Shown<ResetSent>> {
    let p = c.tenant::<UsersEdit>().await?;
    let until = c.app.credentials.send_reset(&p, c.id("user")?).await?;
    let (letter, warning) = if c.app.mailer.sends() {
        (Letter::OnItsWay, None)
    } else {
        let text = "no mail server is set (mail.server): the letter waits until one is, and its link is over by the time \
                    that is said here; set a password for them, or, where they have a second factor, reset their \
                    factors, which gives you the link";
        (Letter::Waits, Some(text))
    };
    Ok(Shown::of(ResetSent { letter, expires_at: until.into(), warning }))
}

/// Who is to be a Global Administrator.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "user_name": "root@example.com", "email": "root@example.com" }))]
pub(super) struct Administrator {
    user_name: String,
    display_name: Option<String>,
    email: Option<String>,
}

/// The administrator, and what they sign in with; shown this once.
#[derive(Serialize, JsonSchema)]
pub(super) struct AdministratorMade {
    user: UserShown,
    password: String,
    /// The address that an authenticator app reads (as a QR code).
    otpauth: String,
}

/// Makes a Global Administrator in the provider's tenant. The role comes last: whoever is left half-made by a
/// failure has nothing.
pub(super) async fn administrator(c: With<Administrator>) -> Result<Made<AdministratorMade>> {
    c.owner()?;
    let Administrator { user_name, display_name, email } = c.json()?;
    let store = &c.app.store;
    let provider = tenants::provider(store).await?.ok_or_else(|| {
        Error::conflict("there is no provider's tenant yet; make it first (\"provider\": true)")
    })?;
    let t = provider.id;
    let kind = UserKind::Administrator;
    let new = NewUser { kind, user_name, display_name, email };
    let add = c.require(t).await?;
    let user = crate::users::add(store, &add, new).await?;
    let edit = c.require(t).await?;
    let password = credentials::new_password()?;
    c.app.credentials.set_password(&edit, user.id, &password).await?;
    let code = c.app.credentials.add_code(&edit, user.id, &c.app.config.brand.name).await?;
    let mut grant = NewGrant::manual(t, user.id, GLOBAL_ADMINISTRATOR);
    grant.source = Source::Bootstrap;
    grants::add_everywhere(&c.app.access, &c.global().await?, grant).await?;
    Ok(Made::of(AdministratorMade {
        user: (&user).into(),
        password: password.expose_secret().to_owned(),
        otpauth: code.otpauth.expose_secret().to_owned(),
    }))
}
