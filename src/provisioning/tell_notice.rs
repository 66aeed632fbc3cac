//! A tenant's administrators are told of something that they should know and that is no letter of its own: its subject and
//! its sentences are in the message. Found out first who they are, then a letter to each, as in [`super::tell`].

use super::tell::{Sender, TOLD};
use crate::{
    access::guard,
    error::{Error, Result},
    mail::{Letter, plain_name},
    outbox::{self, Message},
    store::{Cx, Scope},
    tenants, tx, users,
};
use askama::Template;
use serde_json::json;

/// The outbox's word for one letter.
pub const LETTER: &str = "notice.mail";

#[derive(Clone, serde::Deserialize, serde::Serialize)]
struct Notice {
    subject: String,
    lines: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

macro_rules! letter {
    ($name:ident, $(#[$meta:meta])*) => {
        #[derive(Template)]
        $(#[$meta])*
        struct $name<'a> {
            brand: &'a str,
            issuer: &'a str,
            company: &'a str,
            subject: &'a str,
            lines: &'a [String],
        }
    };
}
letter!(Text, #[template(path = "notice.txt", escape = "none")]);
letter!(Page, #[template(path = "notice_mail.html")]);

fn read(m: &Message) -> Result<Notice> {
    serde_json::from_value(m.payload.clone())
        .map_err(|e| Error::internal(format!("{}: {e}", m.topic)))
}

/// Finds out who is told, and has a letter written to each.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn fan_out(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let (notice, t) = (read(&m)?, m.tenant);
    let told = tx!(s.store, &cx, [notice], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        let mut told = 0;
        for (home, user) in guard::to_be_told(tx, t).await? {
            let to = users::find(tx, home, user).await?.and_then(|u| u.email);
            if let Some(to) = to.filter(|_| told < TOLD) {
                let letter = json!({ "subject": notice.subject, "lines": notice.lines, "to": to });
                outbox::push(tx, t, LETTER, &letter).await?;
                told += 1;
            }
        }
        Ok(told)
    })?;
    if told == 0 || !s.mailer.sends() {
        tracing::warn!(tenant = %t, topic = m.topic, "administrators should know, and none can be told by mail");
    }
    Ok(())
}

/// Hands one letter over; silent where no mail is sent at all.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    let notice = read(&m)?;
    let Some(to) = notice.to.filter(|_| s.mailer.sends()) else { return Ok(()) };
    let mut c = s.store.read(Scope::Tenant(m.tenant)).await?;
    let Some(tenant) = tenants::find(&mut c, m.tenant).await? else { return Ok(()) };
    drop(c);
    let brand = plain_name(&s.brand, "Muster");
    let company = plain_name(&tenant.name, "your company");
    let (brand, company, issuer) = (brand.as_str(), company.as_str(), s.issuer.as_str());
    let (subject, lines) = (notice.subject.as_str(), notice.lines.as_slice());
    let text = Text { brand, issuer, company, subject, lines }.render();
    let html = Page { brand, issuer, company, subject, lines }.render();
    let letter = Letter {
        to,
        subject: format!("{company}: {subject}"),
        text: text.map_err(Error::internal)?,
        html: html.map_err(Error::internal)?,
        id: m.id.to_string(),
    };
    s.mailer.send(letter).await
}
