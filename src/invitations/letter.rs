//! The letter. Its words are ours, its names are others': those are shortened, kept on one line and escaped, and hold no
//! address that a mail program would make a link of.

use super::{
    Invitation, State, Undelivered, bound, db,
    looks::{self, COLOUR, Looks},
    suppressed, words,
};
use crate::{
    access::Access,
    crypto::{
        seal::MasterKey,
        token::{self, Kind},
    },
    error::{Error, Result, UNDELIVERABLE},
    id::InvitationId,
    mail::{As, Letter, Mailer, plain_name},
    outbox::{GivenUp, Message},
    store::{Cx, Scope, Store, Tx},
    tenants, tx,
};
use askama::Template;

/// The outbox's word for it.
pub const TOPIC: &str = "invitation.mail";

/// So much of a mail server's answer is kept.
const REPLY: usize = 500;

#[derive(Template)]
#[template(path = "invitation.txt", escape = "none")]
struct Text<'a> {
    greeting: &'a str,
    invites: &'a str,
    open: &'a str,
    link: &'a str,
    unexpected: &'a str,
}

#[derive(Template)]
#[template(path = "invitation_mail.html")]
struct Page<'a> {
    lang: &'a str,
    title: &'a str,
    brand: &'a str,
    greeting: &'a str,
    invites: &'a str,
    link: &'a str,
    colour: &'a str,
    button: &'a str,
    once: &'a str,
    unexpected: &'a str,
}

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// The database.
    pub store: Store,
    /// Who may do what.
    pub access: Access,
    /// What opens the token.
    pub master: MasterKey,
    /// The way out.
    pub mailer: Mailer,
    /// Our address.
    pub issuer: String,
    /// The service's name.
    pub brand: String,
}

/// Hands one letter over; silent about an invitation that was accepted, revoked, replaced or deleted meanwhile. Delivered
/// again after a crash it has the same `Message-ID`.
///
/// # Errors
/// The mail server's, the database's: the outbox tries again.
pub async fn deliver(s: Sender, cx: Cx, m: Message) -> Result<()> {
    let (id, token, hash) = opened(&s, &m)?;
    let mut c = s.store.read(Scope::Platform).await?;
    let Some(invitation) = db::get(&mut c, m.tenant, id).await? else { return Ok(()) };
    if !db::is_current(&mut c, m.tenant, id, &hash).await? {
        return Ok(());
    }
    match invitation.state(s.store.clock().now()) {
        State::Pending => {}
        State::Suspended => {
            // That may end before the outbox gives up.
            return Err(Error::unavailable("the invitation cannot be accepted at the moment"));
        }
        State::Accepted | State::Expired | State::Revoked | State::Outdated => return Ok(()),
    }
    // It left, and the crash was before the outbox wrote that down; a link made anew begins without this.
    if invitation.sent_at.is_some() {
        return Ok(());
    }
    if suppressed::why(&mut c, m.tenant, &invitation.email).await?.is_some() {
        let text = "letters to this address come back; none is written to it";
        return Err(Error::unavailable(text).code(UNDELIVERABLE));
    }
    let tenant = tenants::find(&mut c, m.tenant).await?;
    let looks = looks::of(&mut c, m.tenant).await?;
    drop(c);
    let company = tenant.map(|t| t.name).unwrap_or_default();
    let link = format!("{}/invite/{token}", s.issuer);
    let (letter, sender) =
        render((&s.brand, &company), &looks, &invitation, &link, &m.id.to_string())?;
    s.mailer.send_as(letter, sender).await?;
    let t = m.tenant;
    tx!(s.store, &cx, [hash], |tx| {
        tx.unaudited("when a letter left is on the invitation itself");
        db::sent(tx, t, id, &hash).await
    })?;
    Ok(())
}

/// What a message is about: the invitation, its token, and the token's hash.
fn opened(s: &Sender, m: &Message) -> Result<(InvitationId, String, String)> {
    let id = m.payload["invitation"].as_str().and_then(InvitationId::parse);
    let (Some(id), Some(sealed)) = (id, m.payload["token"].as_str()) else {
        return Err(Error::internal("a message of this topic without invitation or token"));
    };
    let plain = s.master.open(&bound(m.tenant, id), sealed)?;
    let token = String::from_utf8(plain).map_err(Error::internal)?;
    let hash = token::hash(Kind::Invitation, &token).unwrap_or_default();
    Ok((id, token, hash))
}

/// Notes on the invitation that its letter was given up, in the transaction that gives it up. One with a newer link has
/// another letter.
///
/// # Errors
/// The database's.
pub async fn given_up(s: &Sender, tx: &mut Tx, m: &Message, why: GivenUp) -> Result<()> {
    let Ok((id, _, hash)) = opened(s, m) else { return Ok(()) };
    let Some(invitation) = db::get(tx, m.tenant, id).await? else { return Ok(()) };
    let came_back = suppressed::why(tx, m.tenant, &invitation.email).await?;
    let reply = match &why {
        GivenUp::Undeliverable(said) => said.clone(),
        GivenUp::Exhausted => None,
    };
    let why = match why {
        GivenUp::Undeliverable(_) if came_back.is_some() => {
            came_back.unwrap_or(Undelivered::Bounced)
        }
        // RFC 3463, 3.2: the address itself is bad.
        GivenUp::Undeliverable(Some(said)) if !said.contains(": 5.1.") => Undelivered::Refused,
        GivenUp::Undeliverable(_) => Undelivered::BadAddress,
        GivenUp::Exhausted if invitation.suspended().is_some() => Undelivered::Held,
        GivenUp::Exhausted => Undelivered::NotTaken,
    };
    let reply = reply.map(|r| r.chars().take(REPLY).collect::<String>());
    db::failed(tx, m.tenant, (id, &hash), m.id, why.as_str(), reply.as_deref()).await?;
    Ok(())
}

/// The letter of an invitation, in its language, else the tenant's, else English; and as whom it is sent.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    (brand, company): (&str, &str),
    looks: &Looks,
    invitation: &Invitation,
    link: &str,
    id: &str,
) -> Result<(Letter, As)> {
    let (lang, all) = words::of([invitation.locale.as_deref(), looks.locale.as_deref()]);
    let brand = plain_name(brand, "Muster");
    let company = plain_name(company, &all.company);
    let inviter = plain_name(invitation.inviter().unwrap_or_default(), &all.inviter);
    let until = all.moment(invitation.expires_at);
    let parts = [
        ("brand", brand.as_str()),
        ("company", company.as_str()),
        ("inviter", inviter.as_str()),
        ("until", until.as_str()),
    ];
    let (w, put) = (&all.invitation, |text: &str| words::fill(text, &parts));
    let (invites, open, once) = (put(&w.invites), put(&w.open), put(&w.once));
    let (greeting, unexpected) = (put(&all.greeting), put(&w.unexpected));
    let text =
        Text { greeting: &greeting, invites: &invites, open: &open, link, unexpected: &unexpected };
    let html = Page {
        lang,
        title: &w.title,
        brand: &brand,
        greeting: &greeting,
        invites: &invites,
        link,
        colour: looks.colour.as_deref().unwrap_or(COLOUR),
        button: &w.button,
        once: &once,
        unexpected: &unexpected,
    };
    let letter = Letter {
        to: invitation.email.clone(),
        subject: put(&w.subject),
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: id.to_owned(),
    };
    Ok((letter, looks.sender(all, &brand)))
}
