//! The letter to a tenant's administrators: what of a directory's provisioning is not well, and what is well again.

use crate::{
    directories,
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    mail::{Letter, Mailer, plain_name},
    outbox::Message,
    store::{Scope, Store},
    tenants, users,
};
use askama::Template;
use serde::Deserialize;

/// The outbox's word for it.
pub const TOPIC: &str = "provisioning.health";

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// The database.
    pub store: Store,
    /// The way out.
    pub mailer: Mailer,
    /// The service's name.
    pub brand: String,
    /// Its address.
    pub issuer: String,
}

#[derive(Deserialize)]
struct Payload {
    directory: DirectoryId,
    home: TenantId,
    user: UserId,
    raised: Vec<String>,
    over: Vec<String>,
}

#[derive(Template)]
#[template(path = "health.txt", escape = "none")]
struct Text<'a> {
    brand: &'a str,
    company: &'a str,
    directory: &'a str,
    issuer: &'a str,
    raised: &'a [String],
    over: &'a [&'static str],
}

#[derive(Template)]
#[template(path = "health_mail.html")]
struct Page<'a> {
    brand: &'a str,
    company: &'a str,
    directory: &'a str,
    issuer: &'a str,
    raised: &'a [String],
    over: &'a [&'static str],
}

/// What is well again, in words.
fn well(code: &str) -> &'static str {
    match code {
        "silent" => "It asks again.",
        "failing" => "Its requests are answered again.",
        "no_token" => "It has a valid token again.",
        "token_expires" => "Its token no longer ends soon.",
        _ => "Something that was not well is well again.",
    }
}

/// Writes to one administrator; silent about a directory or a person that is gone, and where no mail is sent.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    let p = Payload::deserialize(&m.payload).map_err(Error::internal)?;
    if !s.mailer.sends() {
        return Ok(());
    }
    let mut c = s.store.read(Scope::Platform).await?;
    let Some(directory) = directories::find(&mut c, m.tenant, p.directory).await? else {
        return Ok(());
    };
    let person = users::find(&mut c, p.home, p.user).await?.filter(users::User::live);
    let Some(to) = person.and_then(|u| u.email) else { return Ok(()) };
    let tenant = tenants::find(&mut c, m.tenant).await?;
    drop(c);
    let company = tenant.map(|t| t.name).unwrap_or_default();
    let (brand, company) = (plain_name(&s.brand, "Muster"), plain_name(&company, "your company"));
    let name = plain_name(&directory.name, "a directory");
    let over: Vec<&'static str> = p.over.iter().map(|c| well(c)).collect();
    let subject = if p.raised.is_empty() {
        format!("{name} provisions {company} again")
    } else {
        format!("{name} needs attention ({company} on {brand})")
    };
    let (brand, company, name) = (brand.as_str(), company.as_str(), name.as_str());
    let (raised, over, issuer) = (p.raised.as_slice(), over.as_slice(), s.issuer.as_str());
    let text = Text { brand, company, directory: name, issuer, raised, over };
    let html = Page { brand, company, directory: name, issuer, raised, over };
    let letter = Letter {
        to,
        subject,
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: m.id.to_string(),
    };
    s.mailer.send(letter).await
}
