//! An administrator is told, once for each change that is parked, and once more when it has waited long: first it is
//! found out who they are, then each letter leaves by itself, so that one that does not arrive repeats no other.

use crate::{
    access::{
        guard,
        parked::{self, Change, Waiting},
    },
    error::{Error, Result},
    id::ParkedId,
    mail::{Letter, Mailer, plain_name},
    outbox::{self, Message},
    store::{Cx, Scope, Store},
    tenants, tx, users,
};
use askama::Template;
use serde_json::json;

/// The outbox's word for one letter.
pub const LETTER: &str = "parked.mail";

/// So many administrators are told at most.
pub(super) const TOLD: usize = 20;

macro_rules! letter {
    ($name:ident, $(#[$meta:meta])*) => {
        #[derive(Template)]
        $(#[$meta])*
        struct $name<'a> {
            brand: &'a str,
            issuer: &'a str,
            company: &'a str,
            directory: &'a str,
            tenant: &'a str,
            id: &'a str,
            people: i64,
            percent: u32,
            minutes: u32,
            again: bool,
        }
    };
}
letter!(Text, #[template(path = "parked.txt", escape = "none")]);
letter!(Page, #[template(path = "parked_mail.html")]);

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// The database.
    pub store: Store,
    /// The way out.
    pub mailer: Mailer,
    /// Our address.
    pub issuer: String,
    /// The service's name.
    pub brand: String,
}

fn about(m: &Message) -> Result<ParkedId> {
    let id = m.payload["parked"].as_str().and_then(ParkedId::parse);
    id.ok_or_else(|| Error::internal("a message of this topic without a parked change"))
}

/// Finds out who is told, and has a letter written to each.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn fan_out(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let (id, t, again) = (about(&m)?, m.tenant, m.payload["again"] == true);
    let told = tx!(s.store, &cx, [], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        if parked::find(tx, t, id).await?.is_none_or(|c| c.closed_at.is_some()) {
            return Ok(None);
        }
        let mut told = 0;
        for (home, user) in guard::to_be_told(tx, t).await? {
            let to = users::find(tx, home, user).await?.and_then(|u| u.email);
            if let Some(to) = to.filter(|_| told < TOLD) {
                let letter = json!({ "parked": id, "to": to, "again": again });
                outbox::push(tx, t, LETTER, &letter).await?;
                told += 1;
            }
        }
        Ok(Some(told))
    })?;
    if told == Some(0) || !s.mailer.sends() && told.is_some() {
        tracing::warn!(parked = %id, "a parked change waits, and no administrator can be told by mail");
    }
    Ok(())
}

/// Hands one letter over; silent about a change that was decided meanwhile, and where no mail is sent at all.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    let (id, to) = (about(&m)?, m.payload["to"].as_str().unwrap_or_default());
    if !s.mailer.sends() {
        return Ok(());
    }
    let mut c = s.store.read(Scope::Tenant(m.tenant)).await?;
    let found = parked::find(&mut c, m.tenant, id).await?;
    let Some(change) = found.filter(|c| c.closed_at.is_none()) else { return Ok(()) };
    let waiting = parked::waiting(&mut c, m.tenant, id).await?;
    let tenant = tenants::find(&mut c, m.tenant).await?;
    drop(c);
    let Some(tenant) = tenant else { return Ok(()) };
    let again = m.payload["again"] == true;
    let place = (tenant.slug.as_str(), tenant.name.as_str());
    let letter = render((&s.brand, &s.issuer), place, &change, waiting, again)?;
    s.mailer.send(Letter { to: to.to_owned(), id: m.id.to_string(), ..letter }).await
}

/// What the letter says, without whom it is for.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    (brand, issuer): (&str, &str),
    (slug, company): (&str, &str),
    change: &Change,
    waiting: Waiting,
    again: bool,
) -> Result<Letter> {
    let (brand, company) = (plain_name(brand, "Muster"), plain_name(company, "your company"));
    let directory = plain_name(&change.directory_name, "your directory");
    let id = change.id.to_string();
    let (brand, company, directory) = (brand.as_str(), company.as_str(), directory.as_str());
    let (tenant, id, people) = (slug, id.as_str(), waiting.people);
    let (percent, minutes) = (change.limits.0.percent, change.limits.0.minutes);
    let text =
        Text { brand, issuer, company, directory, tenant, id, people, percent, minutes, again };
    let html =
        Page { brand, issuer, company, directory, tenant, id, people, percent, minutes, again };
    let still = if again { "still " } else { "" };
    Ok(Letter {
        to: String::new(),
        subject: format!("{company}: roles of {people} people {still}wait for your decision"),
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: String::new(),
    })
}
