//! What went wrong with a request to another server, for whoever runs this one: where to, what happened, and what to do. In
//! sentences, not in the words of libraries, which follow in brackets.

use crate::error::causes;
use std::{error::Error as StdError, fmt, io, time::Duration};
use url::Url;

/// How long a connection may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// A name that leads nowhere that may be reached.
#[derive(Debug)]
pub(super) struct NotReached(pub String);
impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no address that may be reached", self.0)
    }
}
impl StdError for NotReached {}

/// An address without what may be secret in it.
pub(super) fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The first of an error's causes that is a `T`.
fn cause<'e, T: StdError + 'static>(e: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    let mut at = Some(e);
    while let Some(e) = at {
        if let Some(found) = e.downcast_ref::<T>() {
            return Some(found);
        }
        at = match e.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // An error inside of an `io::Error` is no source of it.
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => e.source(),
        };
    }
    None
}

/// What happened, and what to do about it.
fn what(e: &reqwest::Error, patience: Duration) -> (String, &'static str) {
    let wait = "is it up, and does a firewall on the way swallow what is sent there?";
    if e.is_timeout() {
        let (what, after) =
            if e.is_connect() { ("no connection", CONNECT) } else { ("no answer", patience) };
        return (format!("{what} within {} s", after.as_secs_f64()), wait);
    }
    if cause::<NotReached>(e).is_some() {
        let text = "its name has no address on the public internet";
        return (text.to_owned(), "if that is meant, add its address to outbound.allow");
    }
    let words = causes(e).to_ascii_lowercase();
    if words.contains("dns error") || words.contains("failed to lookup") {
        let text = "its name is not found (DNS)";
        return (
            text.to_owned(),
            "is the name spelled right, and does this machine's resolver work?",
        );
    }
    if words.contains("certificate") {
        let mend = "its certificate must be valid, for this name, and of an authority that this machine or outbound.ca_file trusts";
        return ("its certificate is not accepted (TLS)".to_owned(), mend);
    }
    if let Some(io) = cause::<io::Error>(e)
        && io.kind() == io::ErrorKind::ConnectionRefused
    {
        let mend = "nothing listens there: is the port right, and is it up?";
        return ("the connection is refused".to_owned(), mend);
    }
    if words.contains("tls") || words.contains("handshake") || words.contains("corrupt message") {
        let text = "no TLS connection comes about";
        return (text.to_owned(), "does it speak TLS 1.2 or later at this port?");
    }
    if e.is_connect() {
        return ("no connection comes about".to_owned(), wait);
    }
    ("the connection broke off".to_owned(), wait)
}

/// All of it in one line.
pub(super) fn told(place: &str, e: reqwest::Error, patience: Duration) -> String {
    // Without the URL: a query may carry a secret.
    let e = e.without_url();
    let (what, mend) = what(&e, patience);
    format!("{place}: {what}; {mend} ({})", causes(&e))
}
