//! Whoever has to decide about access is told by mail that a review waits for them: found out first, then a letter to
//! each, as in [`super::tell`].

use super::tell::TOLD;
use crate::{
    access::{
        Access,
        reviews::{self, Undecided, Waiting},
    },
    error::{Error, Result},
    mail::{Letter, Mailer, plain_name},
    outbox::{self, Message},
    store::{Cx, Scope, Store},
    tenants, tx, users,
};
use askama::Template;
use serde_json::json;

/// The outbox's word for one letter.
pub const LETTER: &str = "review.mail";

/// So many who could decide are looked at for an address.
const LOOKED_AT: usize = 200;

macro_rules! letter {
    ($name:ident, $(#[$meta:meta])*) => {
        #[derive(Template)]
        $(#[$meta])*
        struct $name<'a> {
            brand: &'a str,
            issuer: &'a str,
            place: &'a str,
            tenant: &'a str,
            name: &'a str,
            undecided: i64,
            until: &'a str,
            goes: bool,
            again: bool,
            id: &'a str,
        }
    };
}
letter!(Text, #[template(path = "review_waits.txt", escape = "none")]);
letter!(Page, #[template(path = "review_waits_mail.html")]);

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// Who may decide.
    pub access: Access,
    /// The database.
    pub store: Store,
    /// The way out.
    pub mailer: Mailer,
    /// Our address.
    pub issuer: String,
    /// The service's name.
    pub brand: String,
}

/// Finds out who is told, and has a letter written to each. Whoever began the review knows of it.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn fan_out(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let ((id, again), t) = (reviews::about(&m.payload)?, m.tenant);
    let mut c = s.store.read(Scope::Tenant(t)).await?;
    let found = reviews::waiting(&mut c, t, id).await?;
    drop(c);
    let Some(Waiting { review, .. }) = found else { return Ok(()) };
    let mut people = reviews::awaited(&s.access, &cx, &review, LOOKED_AT).await?;
    let by = review.created_by_tenant.zip(review.created_by_user);
    people.retain(|who| again || review.plan_id.is_some() || Some(*who) != by);
    let nobody = people.is_empty();
    let told = tx!(s.store, &cx, [people], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        let mut told = 0;
        for (home, user) in people {
            let to = users::find(tx, home, user).await?.and_then(|u| u.email);
            if let Some(to) = to.filter(|_| told < TOLD) {
                let letter = json!({ "review": id, "again": again, "to": to });
                outbox::push(tx, t, LETTER, &letter).await?;
                told += 1;
            }
        }
        Ok(told)
    })?;
    if told == 0 && !nobody {
        tracing::warn!(review = %id, "a review of access waits, and nobody who decides can be told by mail");
    }
    Ok(())
}

/// Hands one letter over; silent about a review that waits for nobody any more, and where no mail is sent at all.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    let ((id, again), to) =
        (reviews::about(&m.payload)?, m.payload["to"].as_str().unwrap_or_default());
    if !s.mailer.sends() {
        return Ok(());
    }
    let mut c = s.store.read(Scope::Tenant(m.tenant)).await?;
    let found = reviews::waiting(&mut c, m.tenant, id).await?;
    let tenant = tenants::find(&mut c, m.tenant).await?;
    drop(c);
    let (Some(waits), Some(tenant)) = (found, tenant) else { return Ok(()) };
    let place = (tenant.slug.as_str(), tenant.name.as_str());
    let letter = render((&s.brand, &s.issuer), place, &waits, again)?;
    s.mailer.send(Letter { to: to.to_owned(), id: m.id.to_string(), ..letter }).await
}

/// What the letter says, without whom it is for; of the tenant its slug and name.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    (brand, issuer): (&str, &str),
    (tenant, place): (&str, &str),
    w: &Waiting,
    again: bool,
) -> Result<Letter> {
    let (brand, place) = (plain_name(brand, "Muster"), plain_name(place, "a tenant"));
    let name = plain_name(&w.review.name, "a review of access");
    let (until, id) = (w.review.due_at.for_people(), w.review.id.to_string());
    let (undecided, goes) = (w.undecided, w.review.undecided == Undecided::Remove);
    macro_rules! written {
        ($name:ident) => {
            $name {
                brand: &brand,
                issuer,
                place: &place,
                tenant,
                name: &name,
                undecided,
                until: &until,
                goes,
                again,
                id: &id,
            }
            .render()
            .map_err(Error::internal)?
        };
    }
    let subject = if again {
        format!("{place}: a review of access is due on {until}")
    } else {
        format!("{place}: a review of access waits for you")
    };
    let (text, html) = (written!(Text), written!(Page));
    Ok(Letter { to: String::new(), subject, text, html, id: String::new() })
}
