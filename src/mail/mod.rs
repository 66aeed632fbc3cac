//! Mail that leaves by SMTP, through one transport with a pool of connections. Knows letters, not what they are about:
//! who writes renders them, the outbox hands them over.

use crate::{
    config,
    crypto::x509,
    error::{Error, Result, causes},
    secret::ExposeSecret as _,
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use std::{path::Path, sync::Arc, time::Duration};
use url::Url;

/// How long one exchange with the server may take.
const TIMEOUT: Duration = Duration::from_secs(20);

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

/// The way out for letters. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Option<Arc<Inner>>);

struct Inner {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Mailer {
    /// As the settings say; without a server it sends nothing. `ca_file`: certificates that are trusted besides the
    /// system's; may be empty.
    ///
    /// # Errors
    /// `Invalid`, naming the setting.
    pub fn new(settings: &config::Mail, ca_file: &Path) -> Result<Self> {
        let url = settings.server.expose_secret();
        if url.is_empty() {
            return Ok(Self(None));
        }
        let wrong = |name: &str, why: &dyn std::fmt::Display| {
            Error::invalid(format!("{name}: {why}")).attr(name)
        };
        // The address may hold a password: what is wrong with it is told without it.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| wrong("mail.server", &"not an address like smtps://user:password@host"))?;
        if !ca_file.as_os_str().is_empty()
            && let Some(tls) = trusting(url, ca_file)?
        {
            builder = builder.tls(tls);
        }
        let transport = builder.timeout(Some(TIMEOUT)).build();
        let mailbox = |name: &str, text: &str| {
            text.parse::<Mailbox>().map_err(|e| wrong(name, &format!("'{text}': {e}")))
        };
        let from = mailbox("mail.from", &settings.from)?;
        let reply_to = match settings.reply_to.as_str() {
            "" => None,
            text => Some(mailbox("mail.reply_to", text)?),
        };
        Ok(Self(Some(Arc::new(Inner { transport, from, reply_to }))))
    }
    /// Whether there is a server that takes our mail.
    pub fn sends(&self) -> bool {
        self.0.is_some()
    }
    /// Hands a letter to the server.
    ///
    /// # Errors
    /// `Unavailable` with the server's words for the operator; `Invalid` for an address that is none.
    pub async fn send(&self, letter: Letter) -> Result<()> {
        let Some(inner) = &self.0 else {
            return Err(Error::unavailable("no mail server is set (mail.server)"));
        };
        let to: Mailbox = letter
            .to
            .parse()
            .map_err(|e| Error::invalid(format!("not an address: {e}")).attr("email"))?;
        let host = inner.from.email.domain();
        let mut message = Message::builder()
            .from(inner.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{host}>", letter.id)));
        if let Some(reply_to) = &inner.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let body = MultiPart::alternative_plain_html(letter.text, letter.html);
        let message = message.multipart(body).map_err(Error::internal)?;
        inner.transport.send(message).await.map_err(|e| refused(&e))?;
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
        match inner.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::unavailable("the mail server did not answer our greeting")),
            Err(e) => Err(refused(&e)),
        }
    }
}

/// The TLS that the server's address asks for, with further authorities; `None` when it asks for none.
fn trusting(url: &str, ca_file: &Path) -> Result<Option<Tls>> {
    let Ok(url) = Url::parse(url) else { return Ok(None) };
    let way = url.query_pairs().find(|(k, _)| k == "tls").map(|(_, v)| v.into_owned());
    let tls: fn(TlsParameters) -> Tls = match (url.scheme(), way.as_deref()) {
        ("smtps", _) => Tls::Wrapper,
        (_, Some("required")) => Tls::Required,
        (_, Some("opportunistic")) => Tls::Opportunistic,
        _ => return Ok(None),
    };
    let mut parameters = TlsParameters::builder(url.host_str().unwrap_or_default().to_owned());
    for der in x509::read_pem("outbound.ca_file", ca_file)? {
        let further = Certificate::from_der(der.to_vec()).map_err(Error::internal)?;
        parameters = parameters.add_root_certificate(further);
    }
    parameters.build().map(tls).map(Some).map_err(Error::internal)
}

fn refused(e: &lettre::transport::smtp::Error) -> Error {
    Error::unavailable("the mail server did not take it").operator(causes(e))
}
