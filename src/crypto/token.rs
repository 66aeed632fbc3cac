//! Secrets that machines carry: `mst_<kind>_<43 characters><6 of checksum>`. The body has 256 random bits; the
//! checksum lets a scanner, and us, tell a mangled one without a look-up. Stored as SHA-256 only. A refresh token's body
//! begins with a selector that all tokens of its family share: one row, found by it, holds the hash of the live one.

use crate::secret::Secret;
use rand::distr::{Alphanumeric, SampleString as _};

/// 43 letters and digits: 256 bits.
const BODY: usize = 43;
/// 22 letters and digits: 131 bits, in front of the body of a token that has a selector.
const SELECTOR: usize = 22;
const SUM: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// What a token is for; part of its text, so that one kind cannot stand for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory's SCIM bearer token.
    Scim,
    /// A client secret.
    Secret,
    /// A refresh token: the one kind with a selector.
    Refresh,
    /// An authorization code.
    Code,
    /// A session cookie.
    Session,
    /// The cookie that binds a flow to a browser.
    Browser,
    /// The `state` parameter towards an upstream provider.
    State,
    /// The one-time setup link.
    Setup,
    /// An invitation.
    Invitation,
    /// What a transmitter pushes security events with.
    Signals,
    /// A link to set a new password.
    Reset,
    /// A link to a test login.
    Trial,
    /// A link to set a directory up.
    Portal,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Secret => "sec",
            Self::Refresh => "rt",
            Self::Code => "code",
            Self::Session => "ses",
            Self::Browser => "bro",
            Self::State => "st",
            Self::Setup => "set",
            Self::Invitation => "inv",
            Self::Signals => "sig",
            Self::Reset => "rst",
            Self::Trial => "try",
            Self::Portal => "por",
        }
    }
}

fn checksum(text: &str) -> String {
    let mut n = CRC.checksum(text.as_bytes()) as usize;
    let mut out = [b'0'; SUM];
    for place in out.iter_mut().rev() {
        *place = DIGITS[n % 62];
        n /= 62;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn body(kind: Kind) -> usize {
    if kind == Kind::Refresh { SELECTOR + BODY } else { BODY }
}

fn fill(mut text: String, to: usize) -> (Secret, String) {
    let missing = to.saturating_sub(text.len());
    Alphanumeric.append_string(&mut rand::rng(), &mut text, missing);
    let sum = checksum(&text);
    text.push_str(&sum);
    let hash = super::sha256_hex(&text);
    (Secret::from(text), hash)
}

fn head(kind: Kind) -> String {
    format!("mst_{}_", kind.word())
}

/// A new token, and the hash under which it is stored.
pub fn generate(kind: Kind) -> (Secret, String) {
    let head = head(kind);
    let to = head.len() + body(kind);
    fill(head, to)
}

/// The next refresh token of the family with this selector, and the hash under which it is stored.
pub fn generate_next(selector: &str) -> (Secret, String) {
    let head = head(Kind::Refresh);
    let to = head.len() + body(Kind::Refresh);
    fill(head + selector, to)
}

/// The hash to look up; `None` when the text is not a token of this kind (prefix, length, alphabet, checksum).
pub fn hash(kind: Kind, text: &str) -> Option<String> {
    let rest = text.strip_prefix("mst_")?.strip_prefix(kind.word())?.strip_prefix('_')?;
    if rest.len() != body(kind) + SUM || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let (head, sum) = text.split_at(text.len() - SUM);
    super::ct_eq(&checksum(head), sum).then(|| super::sha256_hex(text))
}

/// The selector of a refresh token and its hash; `None` as with [`hash`].
pub fn refresh_parts(text: &str) -> Option<(&str, String)> {
    let hash = hash(Kind::Refresh, text)?;
    let selector = text.strip_prefix("mst_rt_")?.get(..SELECTOR)?;
    Some((selector, hash))
}

/// The last four characters: enough to tell two tokens apart in a list.
pub fn hint(text: &str) -> String {
    let n = text.chars().count();
    text.chars().skip(n.saturating_sub(4)).collect()
}
