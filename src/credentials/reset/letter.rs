//! Whom it concerns that a password was forgotten, and the letter with the link.

use super::{By, db, offer, open, place};
use crate::{
    credentials::has,
    crypto::seal::MasterKey,
    error::{Error, Result},
    id::{TenantId, UserId},
    mail::{Letter, Mailer, plain_name},
    outbox::Message,
    store::{Cx, Lock, Scope, Store},
    tenants, tx, users,
};
use askama::Template;

/// The outbox's word for what was asked.
pub const ASKED: &str = "password_reset.asked";
/// The outbox's word for the letter.
pub const LETTER: &str = "password_reset.mail";

/// What the sealed link is bound to.
pub(super) fn bound(t: TenantId, user: UserId) -> String {
    format!("password reset {t} {user}")
}

#[derive(Template)]
#[template(path = "password_reset.txt", escape = "none")]
struct Text<'a> {
    brand: &'a str,
    issuer: &'a str,
    name: &'a str,
    link: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset_mail.html")]
struct Page<'a> {
    brand: &'a str,
    issuer: &'a str,
    name: &'a str,
    link: &'a str,
    until: &'a str,
}

/// What finding out and delivery need.
#[derive(Clone)]
pub struct Sender {
    /// The database.
    pub store: Store,
    /// What opens names and links.
    pub master: MasterKey,
    /// The way out.
    pub mailer: Mailer,
    /// Our address.
    pub issuer: String,
    /// The service's name.
    pub brand: String,
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(Error::internal)
}

/// Finds out whom it concerns: people of that name who have a password here and an address, in the company at whose page it
/// was said, or in any.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn asked(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let sealed = m.payload["name"].as_str().unwrap_or_default();
    let name = text(s.master.open(ASKED, sealed)?)?;
    let homes = match place(&s.master, m.payload["at"].as_str()) {
        Some(at) => vec![at],
        None => {
            // platform: the name is all that is known.
            let mut c = s.store.read(Scope::Platform).await?;
            db::homes_of(&mut c, &crate::text::fold(name.trim())).await?
        }
    };
    for home in homes {
        let mut c = s.store.read(Scope::Tenant(home)).await?;
        let found = users::find_local(&mut c, home, &name).await?;
        drop(c);
        let Some(id) = found.map(|u| u.id) else { continue };
        let master = s.master.clone();
        tx!(s.store, &cx, [master], |tx| {
            tx.unaudited("a link that nobody gets");
            tx.lock(Lock::User(id)).await?;
            let (user, tenant) = (users::find(tx, home, id).await?, tenants::find(tx, home).await?);
            let Some((user, tenant)) = user.zip(tenant) else { return Ok(()) };
            if open(&user, &tenant) && has(tx, home, id).await?.password {
                offer(tx, &master, home, &user, By::Themselves).await?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Hands a letter over; nothing, where no mail is sent.
///
/// # Errors
/// The mail server's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    if !s.mailer.sends() {
        return Ok(());
    }
    let word = |field: &str| m.payload[field].as_str().unwrap_or_default().to_owned();
    let user = UserId::parse(&word("user"));
    let user = user.ok_or_else(|| Error::internal("a message of this topic without a person"))?;
    let token = text(s.master.open(&bound(m.tenant, user), &word("link"))?)?;
    let (brand, name) = (plain_name(&s.brand, "Muster"), plain_name(&word("name"), "there"));
    let (issuer, link) = (s.issuer.as_str(), format!("{}/reset/{token}", s.issuer));
    let (brand, name, link, until) = (brand.as_str(), name.as_str(), link.as_str(), &word("until"));
    let page = Text { brand, issuer, name, link, until };
    let html = Page { brand, issuer, name, link, until };
    let letter = Letter {
        to: word("to"),
        subject: format!("{brand}: set a new password"),
        text: page.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: m.id.to_string(),
    };
    s.mailer.send(letter).await
}
