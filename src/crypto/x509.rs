//! Certificates as an operator sees them: whom they name, until when they hold. Trust is rustls's to decide.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use std::path::Path;
use tokio_rustls::rustls::{client::verify_server_name, server::ParsedCertificate};
use x509_parser::{extensions::GeneralName, prelude::parse_x509_certificate};

/// What a certificate says of itself.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: CertificateDer<'static>,
    /// The names it is for: DNS names and addresses, as it spells them.
    pub names: Vec<String>,
    /// It does not hold before.
    pub from: Timestamp,
    /// It does not hold after.
    pub until: Timestamp,
    issuer: Vec<u8>,
    subject: Vec<u8>,
}

impl Certificate {
    /// Reads one.
    ///
    /// # Errors
    /// `Invalid` when it is none.
    pub fn read(der: CertificateDer<'static>) -> Result<Self> {
        let (_, c) = parse_x509_certificate(&der)
            .map_err(|e| Error::invalid(format!("not a certificate: {e}")))?;
        let mut names = Vec::new();
        if let Ok(Some(san)) = c.subject_alternative_name() {
            for name in &san.value.general_names {
                match name {
                    GeneralName::DNSName(n) => names.push((*n).to_owned()),
                    GeneralName::IPAddress(b) => names.extend(address(b)),
                    _ => {}
                }
            }
        }
        let (from, until) = (c.validity().not_before, c.validity().not_after);
        let (from, until) =
            (Timestamp::from_secs(from.timestamp()), Timestamp::from_secs(until.timestamp()));
        let (issuer, subject) = (c.issuer().as_raw().to_vec(), c.subject().as_raw().to_vec());
        Ok(Self { der, names, from, until, issuer, subject })
    }
    /// Whether it is for this host, a name or an address (RFC 9525).
    pub fn covers(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let Ok(name) = ServerName::try_from(host) else { return false };
        ParsedCertificate::try_from(&self.der).is_ok_and(|c| verify_server_name(&c, &name).is_ok())
    }
    /// Whole days left at `now`; negative when it is over.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.until.secs() - now.secs()).div_euclid(24 * 3600)
    }
    /// Whether `other` is who signed it, going by the names.
    pub fn signed_by(&self, other: &Self) -> bool {
        self.issuer == other.subject
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(v6).to_string())
}

/// A file with certificates or a key is not larger than this.
const LARGE: u64 = 1 << 20;

/// Reads a file, which is one: a pipe would keep its reader waiting, a device would never end.
pub(super) fn file(path: &Path) -> std::io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    if about.len() > LARGE {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    std::fs::read(path)
}

/// The certificates in a PEM file, at least one; `setting` is what named it.
///
/// # Errors
/// `Invalid`: it cannot be read, is not PEM, or holds none.
pub fn read_pem(setting: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let wrong = |why: String| Error::invalid(format!("{setting}: {why}")).attr(setting);
    let text = file(path).map_err(|e| wrong(format!("cannot read {shown}: {e}")))?;
    let all: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|e| wrong(format!("{shown} is not PEM: {e}")))?;
    if all.is_empty() {
        return Err(wrong(format!("{shown} holds no certificate (-----BEGIN CERTIFICATE-----)")));
    }
    for (i, der) in all.iter().enumerate() {
        parse_x509_certificate(der)
            .map_err(|e| wrong(format!("certificate {} in {shown} is broken: {e}", i + 1)))?;
    }
    Ok(all)
}
