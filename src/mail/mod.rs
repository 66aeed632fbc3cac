//! Mail that leaves by SMTP, through one transport with a pool of connections. Knows letters, not what they are about:
//! who writes renders them, the outbox hands them over.

mod names;
mod way;

pub use names::plain_name;

use crate::{
    config,
    error::{Error, Result, UNDELIVERABLE, causes},
    secret::ExposeSecret as _,
};
use lettre::{
    AsyncTransport as _, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use std::{path::Path, sync::Arc};
use way::Way;

/// A letter to one person, in plain text and as a page.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who gets it: an address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same, as HTML without anything that is loaded.
    pub html: String,
    /// What a repetition is known by: the local part of its `Message-ID`.
    pub id: String,
}

/// As whom a letter is sent; what is not said is the platform's. The address that it is from stays the platform's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct As {
    /// The name beside the address.
    pub name: Option<String>,
    /// Where answers go: an address.
    pub reply_to: Option<String>,
}

/// The way out for letters. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Option<Arc<Inner>>);

struct Inner {
    way: Way,
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

/// Says that no person wrote it, so that no absence notice comes back (RFC 3834, 5).
#[derive(Clone)]
struct AutoSubmitted;
impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    /// As the settings say; without a server it sends nothing. `ca_file`: certificates that are trusted besides the
    /// system's; may be empty.
    ///
    /// # Errors
    /// `Invalid`, naming the setting.
    pub fn new(settings: &config::Mail, ca_file: &Path) -> Result<Self> {
        let address = settings.server.expose_secret();
        if address.is_empty() {
            return Ok(Self(None));
        }
        let way = Way::read(address, ca_file)?;
        let mailbox = |name: &str, text: &str| {
            text.parse::<Mailbox>()
                .map_err(|e| Error::invalid(format!("{name}: '{text}': {e}")).attr(name))
        };
        let from = mailbox("mail.from", &settings.from)?;
        let reply_to = match settings.reply_to.as_str() {
            "" => None,
            text => Some(mailbox("mail.reply_to", text)?),
        };
        Ok(Self(Some(Arc::new(Inner { way, from, reply_to }))))
    }
    /// Whether letters may cross a network without TLS.
    pub fn in_the_clear(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.way.in_the_clear)
    }
    /// Whether there is a server that takes our mail.
    pub fn sends(&self) -> bool {
        self.0.is_some()
    }
    /// Hands a letter to the server.
    ///
    /// # Errors
    /// `Unavailable` with the server's words for the operator, without anybody's address; `Invalid` for an address that is none. Of what
    /// no other try will deliver, as the server refused it for good, the code is [`UNDELIVERABLE`].
    pub async fn send(&self, letter: Letter) -> Result<()> {
        self.send_as(letter, As::default()).await
    }
    /// Hands a letter to the server that is from somebody else than the platform by its name.
    ///
    /// # Errors
    /// As [`Self::send`]; `Invalid` for an address of answers that is none.
    pub async fn send_as(&self, letter: Letter, sender: As) -> Result<()> {
        let Some(inner) = &self.0 else {
            return Err(Error::unavailable("no mail server is set (mail.server)"));
        };
        let to: Mailbox = ascii_domain(&letter.to)
            .parse()
            .map_err(|e| Error::invalid(format!("not an address: {e}")).attr("email"))
            .map_err(|e| e.code(UNDELIVERABLE))?;
        let mut from = inner.from.clone();
        if sender.name.is_some() {
            from.name = sender.name;
        }
        let reply_to =
            match &sender.reply_to {
                Some(address) => {
                    let parsed = ascii_domain(address).parse::<Mailbox>();
                    Some(parsed.map_err(|e| {
                        Error::invalid(format!("not an address: {e}")).attr("reply_to")
                    })?)
                }
                None => inner.reply_to.clone(),
            };
        let host = inner.from.email.domain();
        let mut message = Message::builder()
            .from(from)
            .to(to)
            .subject(letter.subject)
            .header(AutoSubmitted)
            .message_id(Some(format!("<{}@{host}>", letter.id)));
        if let Some(reply_to) = reply_to {
            message = message.reply_to(reply_to);
        }
        let body = MultiPart::alternative_plain_html(letter.text, letter.html);
        let message = message.multipart(body).map_err(Error::internal)?;
        inner.way.transport.send(message).await.map_err(|e| refused(&e, &letter.to))?;
        Ok(())
    }
    /// Whether the server answers and lets us in.
    ///
    /// # Errors
    /// `Unavailable` with what it said.
    pub async fn probe(&self) -> Result<()> {
        let Some(inner) = &self.0 else {
            return Err(Error::unavailable("no mail server is set (mail.server)"));
        };
        match inner.way.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::unavailable("the mail server did not answer our greeting")),
            Err(e) => Err(refused(&e, "")),
        }
    }
}

/// The domain as mail servers know it: few take one that is not ASCII.
fn ascii_domain(address: &str) -> String {
    match address.rsplit_once('@').map(|(who, domain)| (who, idna::domain_to_ascii(domain))) {
        Some((who, Ok(domain))) => format!("{who}@{domain}"),
        _ => address.to_owned(),
    }
}

fn refused(e: &lettre::transport::smtp::Error, to: &str) -> Error {
    let words = causes(e);
    let error =
        Error::unavailable("the mail server did not take it").operator(nameless(&words, to));
    // A permanent answer is about this letter, and another try gets the same one; but one about our own name and password
    // (RFC 4954, 6) is about all letters, which leave when the setting is mended.
    let ours = |code: u16| matches!(code, 530 | 534 | 535 | 538);
    let for_good = e.is_permanent() && !e.status().is_some_and(|code| ours(code.into()));
    if for_good { error.code(UNDELIVERABLE) } else { error }
}

/// A server's words without anybody's address: they are logged, and servers repeat whom a letter was for, whole or only
/// the part before the `@`.
fn nameless(words: &str, to: &str) -> String {
    let local = to.rsplit_once('@').map_or(to, |(local, _)| local);
    let ends = |c: char| c.is_whitespace() || "<>()[]\"',;:=".contains(c);
    let mut out = String::new();
    for part in words.split_inclusive(ends) {
        let word = part.trim_end_matches(ends);
        let theirs = !local.is_empty() && word.eq_ignore_ascii_case(local);
        if word.contains('@') || theirs {
            out.push_str("(address)");
            out.push_str(part.get(word.len()..).unwrap_or_default());
        } else {
            out.push_str(part);
        }
    }
    out
}
