//! A certificate chain with its private key, read from files and checked before anybody is shown it.

use super::x509::{self, Certificate};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};
use rustls_pki_types::{PrivateKeyDer, pem, pem::PemObject as _};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};
use tokio_rustls::rustls::{self, InconsistentKeys, crypto::CryptoProvider, sign::CertifiedKey};
use zeroize::Zeroizing;

/// A certificate that ends within so many days is told of.
pub const SOON: i64 = 14;

/// A checked pair.
#[derive(Debug)]
pub struct Pair {
    /// The chain and its key, as handshakes want them.
    pub key: Arc<CertifiedKey>,
    /// Our own certificate, the first of the chain.
    pub leaf: Certificate,
    /// Whether each certificate is followed by the one that signed it.
    pub in_order: bool,
}

fn wrong(setting: &str, why: &str) -> Error {
    Error::invalid(format!("{setting}: {why}")).attr(setting)
}

impl Pair {
    /// Reads both files: the chain is there, holds at `now`, and the key is that of its first certificate.
    ///
    /// # Errors
    /// `Invalid`, naming the setting and file at fault and what to do.
    pub fn read(
        cert: &Path,
        key: &Path,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<Self> {
        const CERT: &str = "server.tls_cert";
        let chain = x509::read_pem(CERT, cert)?;
        let read = chain.iter().cloned().map(Certificate::read).collect::<Result<Vec<_>>>()?;
        let in_order = read.windows(2).all(|w| matches!(w, [a, b] if a.signed_by(b)));
        let none = || wrong(CERT, "no certificate");
        let leaf = read.into_iter().next().ok_or_else(none)?;
        let shown = cert.display();
        if leaf.until <= now {
            let until = leaf.until.rfc3339();
            return Err(wrong(
                CERT,
                &format!("the certificate in {shown} ended on {until}; renew it"),
            ));
        }
        if leaf.from > now {
            let from = leaf.from.rfc3339();
            let why = format!(
                "the certificate in {shown} begins on {from}; is this machine's clock right?"
            );
            return Err(wrong(CERT, &why));
        }
        let private = provider
            .key_provider
            .load_private_key(private(key)?)
            .map_err(|e| wrong("server.tls_key", &format!("{}: {e}", key.display())))?;
        let pair = CertifiedKey::new(chain, private);
        match pair.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => {
                let why = format!(
                    "the key in {} does not belong to the first certificate in {shown}; our own \
                     certificate stands first, then those that signed it",
                    key.display()
                );
                return Err(wrong("server.tls_key", &why));
            }
            Err(e) => return Err(wrong(CERT, &format!("{shown}: {e}"))),
        }
        Ok(Self { key: Arc::new(pair), leaf, in_order })
    }
}

fn private(path: &Path) -> Result<PrivateKeyDer<'static>> {
    const KEY: &str = "server.tls_key";
    let shown = path.display();
    let text = x509::file(path).map_err(|e| wrong(KEY, &format!("cannot read {shown}: {e}")))?;
    let text = Zeroizing::new(text);
    PrivateKeyDer::from_pem_slice(&text).map_err(|e| {
        let sealed = text.windows(9).any(|w| w == b"ENCRYPTED");
        let why = match e {
            _ if sealed => format!(
                "the key in {shown} has a passphrase; take it off with: openssl pkey -in {shown}"
            ),
            pem::Error::NoItemsFound => {
                format!("{shown} holds no private key (-----BEGIN PRIVATE KEY-----)")
            }
            e => format!("{shown} is not PEM: {e}"),
        };
        wrong(KEY, &why)
    })
}

/// Whether a file is closed to everybody but its owner and group.
pub fn key_is_private(path: &Path) -> bool {
    const OTHERS: u32 = 0o007;
    fs::metadata(path).is_ok_and(|m| m.permissions().mode() & OTHERS == 0)
}
