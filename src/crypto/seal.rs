//! What must be read back (upstream client secrets, signing keys, one-time-code seeds) is sealed with the master
//! key: AES-256-GCM, bound to where it stands by `aad`, with the key's name in front so that keys can rotate.

use super::{b64, sha256_hex, unb64};
use crate::error::{Error, Result};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};
use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc};
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// The key that seals. Cheap to clone; does not print.
#[derive(Clone)]
pub struct MasterKey {
    key: Arc<LessSafeKey>,
    tags: Arc<hmac::Key>,
    name: Arc<str>,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.name)
    }
}

impl MasterKey {
    fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(Error::internal)?;
        let tags = super::sha256([b"muster tags".as_slice(), bytes].concat());
        let tags = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &tags));
        let name = sha256_hex([b"muster master key".as_slice(), bytes].concat());
        Ok(Self { key: Arc::new(LessSafeKey::new(key)), tags, name: name[..8].into() })
    }
    /// A key that is kept nowhere (tests, the demo).
    ///
    /// # Errors
    /// Never in practice.
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(&mut bytes[..]);
        Self::from_bytes(&bytes)
    }
    /// Reads the key file, or makes it (mode 0600) when there is none.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] when it cannot be read or written, or holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let trouble = |e: std::io::Error| Error::unavailable(format!("{}: {e}", path.display()));
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                let mut bytes = Zeroizing::new([0; 32]);
                rand::fill(&mut bytes[..]);
                file.write_all(b64(*bytes).as_bytes()).map_err(trouble)?;
                file.sync_all().map_err(trouble)?;
                Self::from_bytes(&bytes)
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Self::load(path),
            Err(e) => Err(trouble(e)),
        }
    }
    /// Reads the key file.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] when it cannot be read or holds something else.
    pub fn load(path: &Path) -> Result<Self> {
        let trouble = |e: std::io::Error| Error::unavailable(format!("{}: {e}", path.display()));
        let text = Zeroizing::new(fs::read_to_string(path).map_err(trouble)?);
        let bytes = unb64(text.trim()).map(Zeroizing::new);
        let bytes: Option<&[u8; 32]> = bytes.as_ref().and_then(|b| b.as_slice().try_into().ok());
        let wrong = || Error::unavailable(format!("{}: not a master key", path.display()));
        Self::from_bytes(bytes.ok_or_else(wrong)?)
    }
    /// What it is known by in the values it sealed; says nothing of the key.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What stands for a text where it may be looked for and not read: the same for the same text, and nobody without
    /// the key can try texts out.
    pub fn tag(&self, what: &str, text: &str) -> String {
        let mut cx = hmac::Context::with_key(&self.tags);
        cx.update(what.as_bytes());
        cx.update(&[0]);
        cx.update(text.as_bytes());
        b64(&cx.sign().as_ref()[..16])
    }
    /// Seals `plain`; `aad` names where it stands (table, row, column) and must be given again to open it.
    ///
    /// # Errors
    /// Never in practice.
    pub fn seal(&self, aad: &str, plain: &[u8]) -> Result<String> {
        let mut nonce = [0; NONCE];
        rand::fill(&mut nonce);
        let mut data = plain.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad.as_bytes()),
                &mut data,
            )
            .map_err(Error::internal)?;
        Ok(format!("v1.{}.{}.{}", self.name, b64(nonce), b64(data)))
    }
    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when another key sealed it, it stands elsewhere, or it was changed.
    pub fn open(&self, aad: &str, sealed: &str) -> Result<Vec<u8>> {
        let wrong =
            |why: &str| Error::internal(format!("cannot open a sealed value ({aad}): {why}"));
        let mut parts = sealed.split('.');
        let (Some("v1"), Some(name), Some(nonce), Some(data), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("not sealed"));
        };
        if name != &*self.name {
            return Err(wrong("sealed with another master key"));
        }
        let nonce: [u8; NONCE] =
            unb64(nonce).and_then(|n| n.try_into().ok()).ok_or_else(|| wrong("malformed"))?;
        let mut data = unb64(data).ok_or_else(|| wrong("malformed"))?;
        let plain = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad.as_bytes()),
                &mut data,
            )
            .map_err(|_| wrong("changed, or moved from where it stood"))?;
        Ok(plain.to_vec())
    }
}
