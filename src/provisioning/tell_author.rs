//! An administrator is told of a mapping that is suspended, since whoever answers for it was demoted: found out first,
//! then a letter to each, as in [`super::tell`].

use super::tell::{Sender, TOLD};
use crate::{
    access::{
        guard,
        mappings::{self, Mapping},
    },
    error::{Error, Result},
    id::MappingId,
    mail::{Letter, plain_name},
    outbox::{self, Message},
    store::{Cx, Scope},
    tenants, tx, users,
};
use askama::Template;
use serde_json::json;

/// The outbox's word for one letter.
pub const LETTER: &str = "author.mail";

#[derive(Template)]
#[template(path = "mapping_suspended.txt", escape = "none")]
struct Text<'a> {
    brand: &'a str,
    issuer: &'a str,
    company: &'a str,
    group: &'a str,
    author: &'a str,
    tenant: &'a str,
    id: &'a str,
}
#[derive(Template)]
#[template(path = "mapping_suspended_mail.html")]
struct Page<'a> {
    brand: &'a str,
    issuer: &'a str,
    company: &'a str,
    group: &'a str,
    author: &'a str,
    tenant: &'a str,
    id: &'a str,
}

fn about(m: &Message) -> Result<MappingId> {
    let id = m.payload["mapping"].as_str().and_then(MappingId::parse);
    id.ok_or_else(|| Error::internal("a message of this topic without a mapping"))
}

/// Finds out who is told, and has a letter written to each; nothing, when the mapping counts again meanwhile.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn fan_out(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let (id, t) = (about(&m)?, m.tenant);
    let told = tx!(s.store, &cx, [], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        if mappings::find(tx, t, id).await?.is_none_or(|m| m.suspended_at.is_none()) {
            return Ok(None);
        }
        let mut told = 0;
        for (home, user) in guard::to_be_told(tx, t).await? {
            let to = users::find(tx, home, user).await?.and_then(|u| u.email);
            if let Some(to) = to.filter(|_| told < TOLD) {
                let letter = json!({ "mapping": id, "to": to });
                outbox::push(tx, t, LETTER, &letter).await?;
                told += 1;
            }
        }
        Ok(Some(told))
    })?;
    if told == Some(0) || !s.mailer.sends() && told.is_some() {
        tracing::warn!(mapping = %id, "a mapping is suspended, and no administrator can be told by mail");
    }
    Ok(())
}

/// Hands one letter over; silent about a mapping that counts again, and where no mail is sent at all.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    let (id, to) = (about(&m)?, m.payload["to"].as_str().unwrap_or_default());
    if !s.mailer.sends() {
        return Ok(());
    }
    let mut c = s.store.read(Scope::Tenant(m.tenant)).await?;
    let found = mappings::find(&mut c, m.tenant, id).await?;
    let Some(mapping) = found.filter(|m| m.suspended_at.is_some()) else { return Ok(()) };
    let tenant = tenants::find(&mut c, m.tenant).await?;
    drop(c);
    let Some(tenant) = tenant else { return Ok(()) };
    let letter = render((&s.brand, &s.issuer), (&tenant.slug, &tenant.name), &mapping)?;
    s.mailer.send(Letter { to: to.to_owned(), id: m.id.to_string(), ..letter }).await
}

/// What the letter says, without whom it is for.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    (brand, issuer): (&str, &str),
    (tenant, company): (&str, &str),
    m: &Mapping,
) -> Result<Letter> {
    let (brand, company) = (plain_name(brand, "Muster"), plain_name(company, "your company"));
    let group = plain_name(&m.group_name, "a group");
    let author = plain_name(m.adopted_by.as_deref().unwrap_or(&m.created_by), "its author");
    let id = m.id.to_string();
    let (brand, company, group) = (brand.as_str(), company.as_str(), group.as_str());
    let (author, id) = (author.as_str(), id.as_str());
    let text = Text { brand, issuer, company, group, author, tenant, id };
    let html = Page { brand, issuer, company, group, author, tenant, id };
    Ok(Letter {
        to: String::new(),
        subject: format!("{company}: the mapping of a group is suspended"),
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: String::new(),
    })
}
