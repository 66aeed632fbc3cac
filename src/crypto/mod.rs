//! Hashing, sealing, signing, prefixed tokens. Knows algorithms, not who may use them: what the signer signs is
//! made by `gate` alone.

pub mod jwt;
pub mod pair;
pub mod seal;
pub mod token;
pub mod x509;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Base64url without padding.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding.
pub fn unb64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256, in lower-case hexadecimal.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(64);
    for b in sha256(bytes) {
        let _ = write!(out, "{b:02x}");
    }
    out
}

/// SHA-256.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    let mut out = [0; 32];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes.as_ref());
    out.copy_from_slice(digest.as_ref());
    out
}

/// `n` random bytes in base64url (`n` of at least 16 for anything that must not be guessed).
pub fn random_b64(n: usize) -> String {
    let mut bytes = vec![0; n];
    rand::fill(&mut bytes[..]);
    b64(bytes)
}

/// Compares in a time that does not depend on where the texts differ.
pub fn ct_eq(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
