//! Whoever could approve is told by mail of a role that somebody asks for, and who asked, of what was decided: found out
//! first, then a letter to each, as in [`super::tell`].

use super::tell::TOLD;
use crate::{
    access::{
        Access, Reach,
        elevation::{self, Elevation, State},
    },
    clock::Timestamp,
    error::{Error, Result},
    id::ElevationId,
    mail::{Letter, Mailer, plain_name},
    outbox::{self, Message},
    store::{Conn, Cx, Scope, Store},
    tenants, tx, users,
};
use askama::Template;
use serde_json::json;

/// The outbox's word for one letter.
pub const LETTER: &str = "elevation.mail";

/// So many who could approve are looked at for an address.
const LOOKED_AT: usize = 200;

macro_rules! letter {
    ($name:ident { $($field:ident: $type:ty),* } $(#[$meta:meta])*) => {
        #[derive(Template)]
        $(#[$meta])*
        struct $name<'a> {
            brand: &'a str,
            issuer: &'a str,
            place: &'a str,
            role: &'a str,
            reason: &'a str,
            until: &'a str,
            id: &'a str,
            $($field: $type),*
        }
    };
}
letter!(Asked { who: &'a str, minutes: i64, at: &'a str }
    #[template(path = "elevation_asked.txt", escape = "none")]);
letter!(AskedPage { who: &'a str, minutes: i64, at: &'a str }
    #[template(path = "elevation_asked_mail.html")]);
letter!(Decided { state: &'a str } #[template(path = "elevation_decided.txt", escape = "none")]);
letter!(DecidedPage { state: &'a str } #[template(path = "elevation_decided_mail.html")]);

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// Who could approve.
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

fn about(m: &Message) -> Result<(ElevationId, bool)> {
    let id = m.payload["elevation"].as_str().and_then(ElevationId::parse);
    let id = id.ok_or_else(|| Error::internal("a message of this topic without a request"))?;
    Ok((id, m.payload["decided"] == true))
}

/// Finds out who is told, and has a letter written to each.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn fan_out(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let (id, decided) = about(&m)?;
    // platform: who asks and who decides may be of different tenants.
    let mut c = s.store.read(Scope::Platform).await?;
    let found = elevation::find(&mut c, id).await?;
    drop(c);
    let Some(asked) = found else { return Ok(()) };
    let people = if decided {
        vec![(asked.tenant_id, asked.user_id)]
    } else if asked.state(s.store.clock().now()) == State::Open {
        let at = asked.reach().tenant().unwrap_or(asked.tenant_id);
        let permit = s.access.require(&cx.actor, at).await?;
        elevation::approvers(&s.access, &permit, &asked, LOOKED_AT).await?
    } else {
        return Ok(());
    };
    let t = m.tenant;
    let told = tx!(s.store, &cx, [people], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        let mut told = 0;
        for (home, user) in people {
            let to = users::find(tx, home, user).await?.and_then(|u| u.email);
            if let Some(to) = to.filter(|_| told < TOLD) {
                let letter = json!({ "elevation": id, "to": to, "decided": decided });
                outbox::push(tx, t, LETTER, &letter).await?;
                told += 1;
            }
        }
        Ok(told)
    })?;
    if told == 0 && !decided {
        tracing::warn!(elevation = %id, "a role is asked for, and nobody who could approve can be told by mail");
    }
    Ok(())
}

/// Hands one letter over; silent about a request that was decided before its letter left, and where no mail is sent at all.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, m: Message) -> Result<()> {
    let ((id, decided), to) = (about(&m)?, m.payload["to"].as_str().unwrap_or_default());
    if !s.mailer.sends() {
        return Ok(());
    }
    // platform: the role may be in another tenant than its holder.
    let mut c = s.store.read(Scope::Platform).await?;
    let Some(e) = elevation::find(&mut c, id).await? else { return Ok(()) };
    let now = s.store.clock().now();
    if !decided && e.state(now) != State::Open {
        return Ok(());
    }
    let (at, place) = place(&mut c, &e).await?;
    drop(c);
    let role = e.role(s.access.catalogue());
    let words = Words { at: &at, place: &place, role: &role };
    let letter = render((&s.brand, &s.issuer), &words, &e, e.state(now), decided)?;
    s.mailer.send(Letter { to: to.to_owned(), id: m.id.to_string(), ..letter }).await
}

/// How a command names where the role holds, and how people do.
async fn place(c: &mut Conn, e: &Elevation) -> Result<(String, String)> {
    let at = e.reach().tenant().unwrap_or(e.tenant_id);
    let found = tenants::find(c, at).await?;
    let (slug, name) = found.map_or_else(Default::default, |t| (t.slug, t.name));
    Ok(match e.reach() {
        Reach::Tenant(_) => (format!("--tenant {slug}"), name),
        Reach::All => ("--everywhere".to_owned(), "the whole instance".to_owned()),
        _ => (format!("--tenant {slug}"), "several tenants".to_owned()),
    })
}

/// Names for a letter.
pub struct Words<'a> {
    /// How a command names the place.
    pub at: &'a str,
    /// How people do.
    pub place: &'a str,
    /// The role's name.
    pub role: &'a str,
}

/// What the letter says, without whom it is for.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    (brand, issuer): (&str, &str),
    words: &Words<'_>,
    e: &Elevation,
    state: State,
    decided: bool,
) -> Result<Letter> {
    let brand = plain_name(brand, "Muster");
    let place = plain_name(words.place, "a tenant");
    let (who, role) = (plain_name(&e.user_label, "somebody"), plain_name(words.role, "a role"));
    let said = if decided { e.decided_reason.as_deref().unwrap_or_default() } else { &e.reason };
    let reason = plain_name(said, "");
    let until = if decided { e.until } else { Some(e.expires_at) };
    let until = until.map(Timestamp::for_people).unwrap_or_default();
    let id = e.id.to_string();
    let state = match state {
        State::Running | State::Ended => "approved",
        State::Refused => "refused",
        State::Withdrawn => "withdrawn",
        State::Open | State::Expired | State::Cancelled => "expired",
    };
    macro_rules! written {
        ($name:ident, $($field:ident: $value:expr),*) => {
            $name {
                brand: &brand,
                issuer,
                place: &place,
                role: &role,
                reason: &reason,
                until: &until,
                id: &id,
                $($field: $value),*
            }
            .render()
            .map_err(Error::internal)?
        };
    }
    let (subject, text, html) = if decided {
        let what = match state {
            "approved" => "you have the role for a while",
            "refused" => "the role was not given to you",
            "withdrawn" => "the role cannot be asked for any more",
            _ => "nobody decided about the role in time",
        };
        let (text, html) = (written!(Decided, state: state), written!(DecidedPage, state: state));
        (format!("{place}: {what}"), text, html)
    } else {
        let (minutes, at) = (e.minutes, words.at);
        let text = written!(Asked, who: &who, minutes: minutes, at: at);
        let html = written!(AskedPage, who: &who, minutes: minutes, at: at);
        (format!("{place}: {who} asks for a role for {minutes} minutes"), text, html)
    };
    Ok(Letter { to: String::new(), subject, text, html, id: String::new() })
}
