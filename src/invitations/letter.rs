//! The letter. Its words are ours, its names are others': those are shortened, kept on one line and escaped, and hold no
//! address that a mail program would make a link of.

use super::{Invitation, State, Undelivered, bound, db};
use crate::{
    crypto::{
        seal::MasterKey,
        token::{self, Kind},
    },
    error::{Error, Result},
    id::InvitationId,
    mail::{Letter, Mailer, plain_name},
    outbox::{GivenUp, Message},
    store::{Cx, Scope, Store, Tx},
    tenants, tx,
};
use askama::Template;

/// The outbox's word for it.
pub const TOPIC: &str = "invitation.mail";

#[derive(Template)]
#[template(path = "invitation.txt", escape = "none")]
struct Text<'a> {
    brand: &'a str,
    company: &'a str,
    inviter: &'a str,
    link: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "invitation_mail.html")]
struct Page<'a> {
    brand: &'a str,
    company: &'a str,
    inviter: &'a str,
    link: &'a str,
    until: &'a str,
}

/// What delivery needs.
#[derive(Clone)]
pub struct Sender {
    /// The database.
    pub store: Store,
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
    let tenant = tenants::find(&mut c, m.tenant).await?;
    drop(c);
    let company = tenant.map(|t| t.name).unwrap_or_default();
    let link = format!("{}/invite/{token}", s.issuer);
    let letter = render(&s.brand, &company, &invitation, &link, &m.id.to_string())?;
    s.mailer.send(letter).await?;
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
    let why = match why {
        GivenUp::Undeliverable => Undelivered::BadAddress,
        GivenUp::Exhausted if invitation.suspended().is_some() => Undelivered::Held,
        GivenUp::Exhausted => Undelivered::NotTaken,
    };
    db::failed(tx, m.tenant, id, &hash, m.id, why.as_str()).await?;
    Ok(())
}

/// The letter of an invitation.
///
/// # Errors
/// Never in practice: when a template cannot be written.
pub fn render(
    brand: &str,
    company: &str,
    invitation: &Invitation,
    link: &str,
    id: &str,
) -> Result<Letter> {
    let (brand, company) = (plain_name(brand, "Muster"), plain_name(company, "your company"));
    let inviter = plain_name(&invitation.invited_by, "An administrator");
    let until = invitation.expires_at.for_people();
    let subject = format!("Your invitation to {company} on {brand}");
    let (brand, company, inviter) = (brand.as_str(), company.as_str(), inviter.as_str());
    let text = Text { brand, company, inviter, link, until: &until };
    let html = Page { brand, company, inviter, link, until: &until };
    Ok(Letter {
        to: invitation.email.clone(),
        subject,
        text: text.render().map_err(Error::internal)?,
        html: html.render().map_err(Error::internal)?,
        id: id.to_owned(),
    })
}
