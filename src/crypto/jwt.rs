//! JSON Web Tokens (RFC 7519): signing over prepared keys, verification with the algorithm pinned by us and never
//! taken from the token. The verifier returns the raw claims; what they mean is read by strict parsers elsewhere.

use super::{b64, unb64};
use crate::error::{Error, Result};
use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// The longest token we look at (bytes).
pub const MAX_TOKEN: usize = 16 * 1024;

/// The algorithms we know; symmetric ones and `none` are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Alg {
    /// ECDSA P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256 (verification only).
    PS256,
}
impl Alg {
    /// The JOSE name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
        }
    }
    /// Reads the JOSE name, in exactly its own case.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "ES256" => Self::ES256,
            "EdDSA" => Self::EdDSA,
            "RS256" => Self::RS256,
            "PS256" => Self::PS256,
            _ => return None,
        })
    }
    fn jose(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
        }
    }
}

/// A public key (RFC 7517), the members we use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Jwk {
    /// Key type: `EC`, `OKP`, `RSA`.
    pub kty: String,
    /// Key id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// The algorithm it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The x coordinate, or the Ed25519 key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The y coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// RSA modulus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

impl Jwk {
    /// Whether this key can verify `alg`: its type, curve, and its own `alg` and `use` where it states them.
    pub fn fits(&self, alg: Alg) -> bool {
        let type_fits = match alg {
            Alg::ES256 => self.kty == "EC" && self.crv.as_deref() == Some("P-256"),
            Alg::EdDSA => self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519"),
            Alg::RS256 | Alg::PS256 => self.kty == "RSA",
        };
        type_fits
            && self.alg.as_deref().is_none_or(|a| a == alg.as_str())
            && self.use_.as_deref().is_none_or(|u| u == "sig")
    }
    fn decoding(&self) -> Option<jsonwebtoken::DecodingKey> {
        use jsonwebtoken::DecodingKey;
        match self.kty.as_str() {
            "EC" => DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?).ok(),
            "OKP" => DecodingKey::from_ed_components(self.x.as_deref()?).ok(),
            "RSA" => DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?).ok(),
            _ => None,
        }
    }
}

/// What a token's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The algorithm as written.
    pub alg: String,
    /// The key id.
    pub kid: Option<String>,
    /// The type.
    pub typ: Option<String>,
}

/// A token whose signature was verified; only [`verify`] and [`Verifier::verify`] make one. Its claims are read and
/// not yet judged.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The header.
    pub header: Header,
    /// The claims, as they stand.
    pub claims: Map<String, Value>,
}

/// Reads the header of a compact token without trusting it.
///
/// # Errors
/// [`crate::error::Kind::Invalid`]: not a compact JWT, or one that names critical extensions.
pub fn header(token: &str) -> Result<Header> {
    let bad = |why: &str| Error::invalid(format!("not a usable JWT: {why}"));
    if token.len() > MAX_TOKEN {
        return Err(bad("too long"));
    }
    let mut parts = token.split('.');
    let (Some(head), Some(_), Some(sig), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad("three parts are wanted"));
    };
    let head = unb64(head).ok_or_else(|| bad("the header is not base64url"))?;
    let map: Map<String, Value> =
        serde_json::from_slice(&head).map_err(|_| bad("the header is not a JSON object"))?;
    if sig.is_empty() {
        return Err(bad("no signature").code("token_unsigned"));
    }
    if map.contains_key("crit") {
        return Err(bad("critical extensions are not supported"));
    }
    let text = |name: &str| match map.get(name) {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.clone())),
        Some(_) => Err(bad(&format!("header '{name}' is not a string"))),
    };
    Ok(Header {
        alg: text("alg")?.ok_or_else(|| bad("no alg"))?,
        kid: text("kid")?,
        typ: text("typ")?,
    })
}

/// One public key, prepared.
pub struct Verifier {
    alg: Alg,
    key: jsonwebtoken::DecodingKey,
}
impl Verifier {
    /// Prepares `jwk` for `alg`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] when the key is not of that kind.
    pub fn new(jwk: &Jwk, alg: Alg) -> Result<Self> {
        let wrong = || Error::invalid(format!("the key does not fit {}", alg.as_str()));
        if !jwk.fits(alg) {
            return Err(wrong());
        }
        let key = jwk.decoding().ok_or_else(wrong)?;
        Ok(Self { alg, key })
    }
    /// Verifies the signature. The claims are not judged here, not even their types: that is for strict parsers, which
    /// name the claim at fault.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`]: another algorithm, a signature that does not verify, or claims that are no
    /// JSON object.
    pub fn verify(&self, token: &str) -> Result<Verified> {
        let header = header(token)?;
        if header.alg != self.alg.as_str() {
            return Err(Error::invalid(format!(
                "algorithm {} where {} is wanted",
                crate::text::excerpt(&header.alg),
                self.alg.as_str()
            )));
        }
        let bad = || Error::invalid("the signature does not verify").code("bad_signature");
        let (message, signature) = token.rsplit_once('.').ok_or_else(bad)?;
        let good =
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, self.alg.jose());
        if !good.map_err(|e| bad().operator(e))? {
            return Err(bad());
        }
        let payload = message.split_once('.').and_then(|(_, p)| unb64(p));
        let claims = payload.and_then(|p| serde_json::from_slice(&p).ok());
        let claims = claims.ok_or_else(|| Error::invalid("the claims are no JSON object"))?;
        Ok(Verified { header, claims })
    }
}

/// Verifies against a key set: the key with the token's `kid` (or, without one, each that fits), with one of the
/// `allowed` algorithms.
///
/// # Errors
/// [`crate::error::Kind::Invalid`]; its code is `key_unknown` when no key fits, so that the caller may fetch anew.
pub fn verify(token: &str, keys: &[Jwk], allowed: &[Alg]) -> Result<Verified> {
    let head = header(token)?;
    let alg = Alg::parse(&head.alg).filter(|a| allowed.contains(a)).ok_or_else(|| {
        Error::invalid(format!("algorithm {} is not allowed", crate::text::excerpt(&head.alg)))
            .code("alg_not_allowed")
    })?;
    let fitting: Vec<&Jwk> = keys
        .iter()
        .filter(|k| k.fits(alg) && (head.kid.is_none() || k.kid == head.kid))
        .take(32)
        .collect();
    if fitting.is_empty() {
        let known: Vec<&str> = keys.iter().filter_map(|k| k.kid.as_deref()).collect();
        return Err(Error::invalid("signed with a key that is not in the key set")
            .code("key_unknown")
            .operator(format!("kid {:?}, known {known:?}", head.kid)));
    }
    let mut last = None;
    for key in fitting {
        match Verifier::new(key, alg).and_then(|v| v.verify(token)) {
            Ok(v) => return Ok(v),
            Err(e) => last = Some(e),
        }
    }
    Err(last
        .unwrap_or_else(|| Error::invalid("the signature does not verify").code("bad_signature")))
}

/// What the signer signs. Only the gate makes one: no token exists that did not pass it.
pub struct Signable {
    typ: &'static str,
    payload: Vec<u8>,
}
impl Signable {
    /// For `gate` alone (the house test holds this): `typ` is the header's type, `payload` the claims as JSON.
    pub fn for_gate(typ: &'static str, payload: Vec<u8>) -> Self {
        Self { typ, payload }
    }
}

enum Pair {
    Es(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rs(RsaKeyPair),
}

/// A private key, prepared for signing.
pub struct Signer {
    kid: String,
    alg: Alg,
    pair: Pair,
    rng: SystemRandom,
}

/// Makes a private key: PKCS#8, to be sealed. RSA takes a good part of a second.
///
/// # Errors
/// [`crate::error::Kind::Unsupported`] for algorithms we only verify.
pub fn generate(alg: Alg) -> Result<Zeroizing<Vec<u8>>> {
    let der = match alg {
        Alg::ES256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|k| k.to_pkcs8v1().map(|d| d.as_ref().to_vec())),
        Alg::EdDSA => {
            Ed25519KeyPair::generate().and_then(|k| k.to_pkcs8v1().map(|d| d.as_ref().to_vec()))
        }
        Alg::RS256 => RsaKeyPair::generate(KeySize::Rsa2048).and_then(|k| {
            let d: aws_lc_rs::encoding::Pkcs8V1Der<'_> = k.as_der()?;
            Ok(d.as_ref().to_vec())
        }),
        Alg::PS256 => {
            return Err(Error::new(crate::error::Kind::Unsupported, "PS256 is only verified"));
        }
    };
    der.map(Zeroizing::new).map_err(Error::internal)
}

impl Signer {
    /// Prepares a PKCS#8 key.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when it is not a key for `alg`.
    pub fn new(kid: String, alg: Alg, pkcs8: &[u8]) -> Result<Self> {
        let pair = match alg {
            Alg::ES256 => Pair::Es(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map_err(Error::internal)?,
            ),
            Alg::EdDSA => Pair::Ed(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(Error::internal)?),
            Alg::RS256 => Pair::Rs(RsaKeyPair::from_pkcs8(pkcs8).map_err(Error::internal)?),
            Alg::PS256 => return Err(Error::internal("PS256 is only verified")),
        };
        Ok(Self { kid, alg, pair, rng: SystemRandom::new() })
    }
    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }
    /// The algorithm.
    pub fn alg(&self) -> Alg {
        self.alg
    }
    /// The public half, as it is published.
    pub fn jwk(&self) -> Jwk {
        let base = Jwk {
            kid: Some(self.kid.clone()),
            use_: Some("sig".to_owned()),
            alg: Some(self.alg.as_str().to_owned()),
            ..Jwk::default()
        };
        match &self.pair {
            Pair::Es(k) => {
                // Uncompressed point: 0x04, x, y.
                let p = k.public_key().as_ref();
                Jwk {
                    kty: "EC".to_owned(),
                    crv: Some("P-256".to_owned()),
                    x: p.get(1..33).map(b64),
                    y: p.get(33..65).map(b64),
                    ..base
                }
            }
            Pair::Ed(k) => Jwk {
                kty: "OKP".to_owned(),
                crv: Some("Ed25519".to_owned()),
                x: Some(b64(k.public_key().as_ref())),
                ..base
            },
            Pair::Rs(k) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(k.public_key());
                Jwk { kty: "RSA".to_owned(), n: Some(b64(parts.n)), e: Some(b64(parts.e)), ..base }
            }
        }
    }
    /// Signs: header, claims and signature put together by hand over the prepared key.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when the library refuses.
    pub fn sign(&self, what: &Signable) -> Result<String> {
        let head = format!(
            r#"{{"alg":"{}","kid":"{}","typ":"{}"}}"#,
            self.alg.as_str(),
            self.kid,
            what.typ
        );
        let mut out = String::with_capacity((head.len() + what.payload.len()) * 4 / 3 + 400);
        URL_SAFE_NO_PAD.encode_string(head, &mut out);
        out.push('.');
        URL_SAFE_NO_PAD.encode_string(&what.payload, &mut out);
        let signature = match &self.pair {
            Pair::Es(k) => {
                let s = k.sign(&self.rng, out.as_bytes()).map_err(Error::internal)?;
                b64(s.as_ref())
            }
            Pair::Ed(k) => b64(k.sign(out.as_bytes()).as_ref()),
            Pair::Rs(k) => {
                let mut s = vec![0; k.public_modulus_len()];
                k.sign(&RSA_PKCS1_SHA256, &self.rng, out.as_bytes(), &mut s)
                    .map_err(Error::internal)?;
                b64(s)
            }
        };
        out.push('.');
        out.push_str(&signature);
        Ok(out)
    }
}
