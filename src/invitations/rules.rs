//! Pure decisions: where an invitation stands, whose address an address is.

use super::State;
use crate::{clock::Timestamp, error::Result, text};

/// Why a link does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Nobody knows it, or a newer letter replaced it.
    Unknown,
    /// It was used.
    Accepted,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// What it depends on is switched off, or the person can sign in without it.
    Suspended,
}

pub(super) fn state(
    accepted: Option<Timestamp>,
    revoked: Option<Timestamp>,
    expires: Timestamp,
    now: Timestamp,
) -> State {
    match (accepted, revoked) {
        (Some(_), _) => State::Accepted,
        (None, Some(_)) => State::Revoked,
        (None, None) if expires <= now => State::Expired,
        (None, None) => State::Pending,
    }
}

/// An address that a letter can be written to, trimmed.
///
/// # Errors
/// `Invalid`.
pub fn address(text: &str) -> Result<String> {
    text::address("email", text)
}

/// The spellings that users may have of what [`same_address`] calls one address, as they are looked for.
pub(super) fn spellings(address: &str) -> [String; 3] {
    let whole = text::fold(address.trim());
    let Some((local, domain)) = whole.rsplit_once('@') else {
        return [whole.clone(), whole.clone(), whole];
    };
    let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
    let (unicode, _) = idna::domain_to_unicode(domain);
    let (ascii, unicode) = (format!("{local}@{ascii}"), format!("{local}@{unicode}"));
    [whole, ascii, unicode]
}

/// Whether two addresses are one person's: in any case, the domain in any of its two spellings. Dots and "+" parts are
/// not ours to fold: the directory that vouches decides what it calls an account.
pub fn same_address(a: &str, b: &str) -> bool {
    let split = |s: &str| {
        let (local, domain) = s.trim().rsplit_once('@')?;
        Some((text::fold(local), idna::domain_to_ascii(domain).ok()?))
    };
    matches!((split(a), split(b)), (Some(a), Some(b)) if a == b && !a.0.is_empty())
}
