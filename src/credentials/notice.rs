//! The letter that tells a person that something about how they sign in was changed or used: whoever changes it behind
//! their back cannot do so unseen. It goes to the address they had when it happened.

use crate::{
    error::{Error, Result},
    id::{TenantId, UserId},
    mail::{Letter, Mailer, plain_name},
    outbox::{self, Message},
    store::Tx,
    users::{self, User},
};
use askama::Template;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The outbox's word for such a letter.
pub const TOPIC: &str = "credentials.mail";

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    PasskeyAdded(String),
    PasskeyRemoved(String),
    PasskeyCloned,
    RecoveryMade,
    RecoveryUsed(i64),
    CodeSet,
    CodeRemoved,
    PasswordChanged,
    PasswordReset,
    PasswordSet,
    AddressChanged,
    NameChanged,
    Unlocked,
    FactorsReset,
    GlassMade(String),
    GlassArmed(String),
    GlassBroken(String),
    GlassDrill(String),
    GlassTouched(String, String),
}

impl What {
    /// The subject, and what is said.
    fn words(&self) -> (&'static str, String) {
        let name = |n: &str| plain_name(n, "a passkey");
        let account = |n: &str| plain_name(n, "an account");
        let plain = |s: &str| s.to_owned();
        match self {
            Self::PasskeyAdded(n) => (
                "A passkey was added to your account",
                format!("The passkey \"{}\" was added. From now on it signs you in.", name(n)),
            ),
            Self::PasskeyRemoved(n) => (
                "A passkey was removed from your account",
                format!("The passkey \"{}\" was removed. It does not sign you in any more.", name(n)),
            ),
            Self::PasskeyCloned => (
                "A sign-in with your passkey was refused",
                "Your passkey was shown with a count that it had passed before, so there may be two of it. The sign-in \
                 was refused. Remove the passkey and make a new one."
                    .to_owned(),
            ),
            Self::RecoveryMade => (
                "You have new recovery codes",
                plain("New recovery codes were made for your account. Any that you had before are worth nothing now."),
            ),
            Self::RecoveryUsed(left) => (
                "A recovery code of yours was used",
                format!(
                    "Somebody used a recovery code of yours, to sign in or to set a new password. You have {left} left."
                ),
            ),
            Self::CodeSet => (
                "A one-time code was set up for your account",
                plain("An authenticator app was set up for your account. Any that was there before gives wrong codes now."),
            ),
            Self::CodeRemoved => (
                "The one-time code was removed from your account",
                plain("Your account does not ask for codes of an authenticator app any more."),
            ),
            Self::GlassMade(n) => (
                "A break-glass account was made",
                format!("\"{}\" was made a break-glass account: a Global Administrator for emergencies.", account(n)),
            ),
            Self::GlassArmed(n) => (
                "A break-glass account was armed",
                format!(
                    "The break-glass account \"{}\" was armed: it can be used once within an hour. The reason is in the \
                     audit trail.",
                    account(n)
                ),
            ),
            Self::GlassBroken(n) => (
                "A break-glass account is in use",
                format!(
                    "Somebody has just signed in as \"{}\", a Global Administrator for emergencies. The session lasts an hour \
                     at most. If nobody knows of an emergency, end it at once and give the account new credentials.",
                    account(n)
                ),
            ),
            Self::GlassDrill(n) => (
                "A break-glass account has not been tried in a month",
                format!(
                    "Nobody has signed in as \"{}\" in a month. Arm it, sign in, and put away again what it signs in with, so \
                     that you know that it works on the day you need it.",
                    account(n)
                ),
            ),
            Self::GlassTouched(n, did) => (
                "A break-glass account was changed",
                format!(
                    "The break-glass account \"{}\" {did}. Who did it is in the audit trail. If nobody knows why, look into \
                     it at once.",
                    account(n)
                ),
            ),
            Self::PasswordSet => (
                "Your password was set by an administrator",
                plain(
                    "An administrator set another password for your account. Wherever you were signed in, you are not any more.",
                ),
            ),
            Self::AddressChanged => (
                "Your e-mail address was changed",
                plain(
                    "The e-mail address of your account was changed. Letters about it, and links to set a new password, go to \
                     the new one from now on; this is the last that comes here.",
                ),
            ),
            Self::NameChanged => (
                "The name you sign in with was changed",
                plain("The name that your account signs in with was changed."),
            ),
            Self::PasswordReset => (
                "Your password was reset",
                plain("A new password was set by a link that was sent to you. Wherever you were signed in, you are not any more."),
            ),
            Self::Unlocked => (
                "Your account was unlocked",
                plain("An administrator lets you try again at once, after too many wrong attempts to sign in."),
            ),
            Self::FactorsReset => (
                "Your second factors were removed",
                plain(
                    "An administrator removed the one-time code, the passkeys and the recovery codes of your account, and your \
                     password counts no more. Wherever you were signed in, you are not any more. A link to set up new ones \
                     comes by another letter, or from your administrator; it opens for half an hour, once.",
                ),
            ),
            Self::PasswordChanged => (
                "Your password was changed",
                plain("Your password was changed. Wherever else you were signed in, you are not any more."),
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "credentials_changed.txt", escape = "none")]
struct Text<'a> {
    brand: &'a str,
    issuer: &'a str,
    name: &'a str,
    said: &'a str,
    at: &'a str,
}

#[derive(Template)]
#[template(path = "credentials_changed_mail.html")]
struct Page<'a> {
    brand: &'a str,
    issuer: &'a str,
    name: &'a str,
    said: &'a str,
    at: &'a str,
    title: &'a str,
}

/// Has somebody told, if they have an address.
///
/// # Errors
/// The database's.
pub(crate) async fn tell(tx: &mut Tx, t: TenantId, user: UserId, what: What) -> Result<()> {
    let Some(user) = users::find(tx, t, user).await? else { return Ok(()) };
    tell_at(tx, t, &user, what).await
}

/// The same, at the address of somebody as they were.
///
/// # Errors
/// The database's.
pub(crate) async fn tell_at(tx: &mut Tx, t: TenantId, user: &User, what: What) -> Result<()> {
    let (Some(to), name) = (&user.email, user.label()) else { return Ok(()) };
    let at = tx.now().for_people();
    let letter = json!({ "to": to, "name": name, "what": what, "at": at });
    outbox::push(tx, t, TOPIC, &letter).await.map(drop)
}

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// The way out.
    pub mailer: Mailer,
    /// Our address.
    pub issuer: String,
    /// The service's name.
    pub brand: String,
}

/// Hands one letter over; nothing, where no mail is sent.
///
/// # Errors
/// The mail server's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    if !s.mailer.sends() {
        return Ok(());
    }
    let what: What = serde_json::from_value(m.payload["what"].clone()).map_err(Error::internal)?;
    let word = |field: &str| m.payload[field].as_str().unwrap_or_default().to_owned();
    let (title, said) = what.words();
    let (brand, name) = (plain_name(&s.brand, "Muster"), plain_name(&word("name"), "there"));
    let (brand, name, said, at) = (brand.as_str(), name.as_str(), said.as_str(), &word("at"));
    let issuer = s.issuer.as_str();
    let text = Text { brand, issuer, name, said, at };
    let html = Page { brand, issuer, name, said, at, title };
    let letter = Letter {
        to: word("to"),
        subject: format!("{brand}: {title}"),
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: m.id.to_string(),
    };
    s.mailer.send(letter).await
}
