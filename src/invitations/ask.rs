//! Asking for a new link in place of a dead one. Whoever has an old letter may ask; nothing is sent to them by that. The
//! inviter is told, and decides; where they are gone, or may invite nobody there any more, the tenant's administrators are.

use super::{
    Invitation, Sender, State, db,
    looks::{self, Looks},
    rules, words,
};
use crate::{
    access::{
        guard,
        perm::{Permission as _, UsersAdd},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::{Error, Result},
    id::{InvitationId, TenantId, UserId},
    mail::{Letter, plain_name},
    outbox::{self, Message},
    store::{Cx, Lock, Scope, Store},
    tenants, tx, users,
};
use askama::Template;
use serde_json::json;

/// The outbox's word for what was asked.
pub const ASKED: &str = "invitation.asked";
/// The outbox's word for one letter about it.
pub const ASKED_LETTER: &str = "invitation.asked.mail";

/// So many administrators are told at most.
const TOLD: usize = 20;

#[derive(Template)]
#[template(path = "invitation_asked.txt", escape = "none")]
struct Text<'a> {
    greeting: &'a str,
    asks: &'a str,
    decide: &'a str,
    nothing: &'a str,
    tenant: &'a str,
    id: &'a str,
    brand: &'a str,
    issuer: &'a str,
}
#[derive(Template)]
#[template(path = "invitation_asked_mail.html")]
struct Page<'a> {
    lang: &'a str,
    title: &'a str,
    greeting: &'a str,
    asks: &'a str,
    decide: &'a str,
    nothing: &'a str,
    tenant: &'a str,
    id: &'a str,
    brand: &'a str,
    issuer: &'a str,
}

impl Invitation {
    /// Whether its link is dead and a new one would open: whoever is switched off, or can sign in, asks in vain.
    fn may_be_asked_for(&self, now: Timestamp) -> bool {
        let dead = !matches!(self.state(now), State::Pending | State::Accepted);
        dead && self.accepted_at.is_none() && self.user_live && self.company_live && !self.way_in
    }
}

/// Has whoever can send it again told that the holder of this link asks for it, once a day at most. What came of it is
/// not said: whoever holds a dead link learns nothing of why it is dead.
///
/// # Errors
/// The database's.
pub async fn ask(store: &Store, cx: &Cx, link: &str) -> Result<()> {
    let Some(hash) = token::hash(Kind::Invitation, link) else { return Ok(()) };
    let mut c = store.read(Scope::Platform).await?;
    let Some(i) = db::by_hash(&mut c, &hash).await? else { return Ok(()) };
    drop(c);
    let (t, id) = (i.tenant_id, i.id);
    tx!(store, cx, [], |tx| {
        tx.lock(Lock::Named(format!("invitation:{id}"))).await?;
        let now = tx.now();
        let may = db::get(tx, t, id).await?.is_some_and(|i| i.may_be_asked_for(now));
        if !may || !db::asked(tx, t, id, now.minus(super::DAY)).await? {
            return Ok(());
        }
        audit::record(tx, t, Event::new("invitation.ask").target("invitation", id)).await?;
        outbox::push_patient(tx, t, ASKED, &json!({ "invitation": id })).await?;
        Ok(())
    })
}

fn about(m: &Message) -> Result<InvitationId> {
    let id = m.payload["invitation"].as_str().and_then(InvitationId::parse);
    id.ok_or_else(|| Error::internal("a message of this topic without an invitation"))
}

/// Finds out who is told, and has a letter written to each; nothing, when it was sent again meanwhile.
///
/// # Errors
/// The database's: the outbox tries again.
pub async fn told(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let (id, t) = (about(&m)?, m.tenant);
    let people = whom(&s, &cx, &m, id).await?;
    let told = tx!(s.store, &cx, [people], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        let now = tx.now();
        if db::get(tx, t, id).await?.is_none_or(|i| !i.may_be_asked_for(now)) {
            return Ok(None);
        }
        for to in &people {
            let letter = json!({ "invitation": id, "to": to });
            outbox::push_patient(tx, t, ASKED_LETTER, &letter).await?;
        }
        Ok(Some(people.len()))
    })?;
    if told == Some(0) || !s.mailer.sends() && told.is_some() {
        tracing::warn!(invitation = %id, "somebody asks for a new invitation, and nobody can be told by mail");
    }
    Ok(())
}

/// The addresses of whoever is told: the inviter, or else the administrators of the tenant; of these, whoever could send it
/// again.
async fn whom(s: &Sender, cx: &Cx, m: &Message, id: InvitationId) -> Result<Vec<String>> {
    let t = m.tenant;
    // The inviter first; each with their address.
    let found = tx!(s.store, cx, [], |tx| {
        tx.unaudited("nothing is written");
        let Some(i) = db::get(tx, t, id).await? else { return Ok((None, Vec::new())) };
        let inviter = i.by().filter(|_| i.inviter_live);
        let mut people: Vec<(TenantId, UserId)> = inviter.into_iter().collect();
        people.extend(guard::to_be_told(tx, t).await?);
        let mut out = Vec::new();
        for (home, user) in people {
            let to = users::find(tx, home, user).await?.and_then(|u| u.email);
            out.extend(to.map(|to| (home, user, to)));
        }
        Ok((inviter, out))
    })?;
    let (inviter, people) = found;
    let mut out = Vec::new();
    for (home, user, to) in people {
        if !s.access.effective(home, user, t).await?.allows(UsersAdd::ID) {
            continue;
        }
        if inviter == Some((home, user)) {
            return Ok(vec![to]);
        }
        out.extend(Some(to).filter(|_| out.len() < TOLD));
    }
    Ok(out)
}

/// Hands one letter over; silent about an invitation that was sent again meanwhile, and where no mail is sent at all.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn tell(s: Sender, m: Message) -> Result<()> {
    let (id, to) = (about(&m)?, m.payload["to"].as_str().unwrap_or_default());
    if !s.mailer.sends() {
        return Ok(());
    }
    // Whoever invited may be another tenant's.
    let mut c = s.store.read(Scope::Platform).await?;
    let now = s.store.clock().now();
    let found = db::get(&mut c, m.tenant, id).await?.filter(|i| i.may_be_asked_for(now));
    let Some(i) = found else { return Ok(()) };
    let person = users::find(&mut c, m.tenant, i.user_id).await?;
    let tenant = tenants::find(&mut c, m.tenant).await?;
    let looks = looks::of(&mut c, m.tenant).await?;
    drop(c);
    let Some((person, tenant)) = person.zip(tenant) else { return Ok(()) };
    let names = (tenant.slug.as_str(), tenant.name.as_str(), person.label());
    let email = person.email.as_deref().unwrap_or(&i.email);
    let letter = asked_letter((&s.brand, &s.issuer), &looks, names, email, id)?;
    s.mailer.send(Letter { to: to.to_owned(), id: m.id.to_string(), ..letter }).await
}

/// What the letter says, in the tenant's language, without whom it is for.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn asked_letter(
    (brand, issuer): (&str, &str),
    looks: &Looks,
    (tenant, company, person): (&str, &str, &str),
    email: &str,
    id: InvitationId,
) -> Result<Letter> {
    let (lang, all) = words::of([looks.locale.as_deref(), None]);
    let brand = plain_name(brand, "Muster");
    let company = plain_name(company, &all.company);
    let person = plain_name(person, &all.person);
    // An address keeps its dots: it says where the new link would go.
    let email = rules::address(email).unwrap_or_default();
    let parts =
        [("company", company.as_str()), ("person", person.as_str()), ("email", email.as_str())];
    let (w, put) = (&all.asked, |text: &str| words::fill(text, &parts));
    let (asks, id) = (put(&w.asks), id.to_string());
    let text = Text {
        greeting: &all.greeting,
        asks: &asks,
        decide: &w.decide,
        nothing: &w.nothing,
        tenant,
        id: &id,
        brand: &brand,
        issuer,
    };
    let html = Page {
        lang,
        title: &w.title,
        greeting: &all.greeting,
        asks: &asks,
        decide: &w.decide,
        nothing: &w.nothing,
        tenant,
        id: &id,
        brand: &brand,
        issuer,
    };
    Ok(Letter {
        to: String::new(),
        subject: put(&w.subject),
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: String::new(),
    })
}
