//! An administrator is told of a mapping, a default role or an integration user that is suspended, since whoever answers for it was demoted:
//! found out first, then a letter to each, as in [`super::tell`].

use super::tell::{Sender, TOLD};
use crate::{
    access::{
        authors::integrations::{self, Answered},
        defaults::{self, DefaultRole},
        guard,
        mappings::{self, Mapping},
    },
    error::{Error, Result},
    id::{MappingId, TenantId},
    mail::{Letter, plain_name},
    outbox::{self, Message},
    store::{Conn, Cx, Scope},
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
    group: Option<&'a str>,
    integration: Option<&'a str>,
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
    group: Option<&'a str>,
    integration: Option<&'a str>,
    author: &'a str,
    tenant: &'a str,
    id: &'a str,
}

/// What is suspended.
#[derive(Debug, Clone)]
pub enum Suspended {
    /// A group's mapping.
    Mapping(Mapping),
    /// A tenant's default role.
    Default(DefaultRole),
    /// An integration user.
    Integration(Answered),
}

/// What this is about, if it is suspended still.
async fn suspended(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<Suspended>> {
    if let Some(m) = mappings::find(c, t, id).await? {
        return Ok(Some(m).filter(|m| m.suspended_at.is_some()).map(Suspended::Mapping));
    }
    if let Some(a) = integrations::find(c, t, id).await? {
        return Ok(Some(a).filter(|a| a.suspended_at.is_some()).map(Suspended::Integration));
    }
    let found = defaults::find(c, t, id).await?;
    Ok(found.filter(|d| d.suspended_at.is_some()).map(Suspended::Default))
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
        if suspended(tx, t, id).await?.is_none() {
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
        tracing::warn!(mapping = %id, "a mapping, a default role or an integration user is suspended, and no administrator can be told by mail");
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
    let Some(what) = suspended(&mut c, m.tenant, id).await? else { return Ok(()) };
    let tenant = tenants::find(&mut c, m.tenant).await?;
    drop(c);
    let Some(tenant) = tenant else { return Ok(()) };
    let letter = render((&s.brand, &s.issuer), (&tenant.slug, &tenant.name), &what)?;
    s.mailer.send(Letter { to: to.to_owned(), id: m.id.to_string(), ..letter }).await
}

/// What the letter says, without whom it is for.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    (brand, issuer): (&str, &str),
    (tenant, company): (&str, &str),
    what: &Suspended,
) -> Result<Letter> {
    let (brand, company) = (plain_name(brand, "Muster"), plain_name(company, "your company"));
    let (group, integration, adopted, made, id) = match what {
        Suspended::Mapping(m) => (Some(&m.group_name), None, &m.adopted_by, &m.created_by, m.id.0),
        Suspended::Default(d) => (None, None, &d.adopted_by, &d.created_by, d.id.0),
        Suspended::Integration(a) => (None, Some(&a.name), &a.adopted_by, &a.created_by, a.id.0),
    };
    let group = group.map(|name| plain_name(name, "a group"));
    let integration = integration.map(|name| plain_name(name, "an integration user"));
    let author = plain_name(adopted.as_ref().unwrap_or(made), "its author");
    let id = id.to_string();
    let (brand, company, group) = (brand.as_str(), company.as_str(), group.as_deref());
    let integration = integration.as_deref();
    let (author, id) = (author.as_str(), id.as_str());
    let text = Text { brand, issuer, company, group, integration, author, tenant, id };
    let html = Page { brand, issuer, company, group, integration, author, tenant, id };
    Ok(Letter {
        to: String::new(),
        subject: match what {
            Suspended::Mapping(_) => format!("{company}: the mapping of a group is suspended"),
            Suspended::Default(_) => format!("{company}: the default role is suspended"),
            Suspended::Integration(_) => format!("{company}: an integration user is suspended"),
        },
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: String::new(),
    })
}
