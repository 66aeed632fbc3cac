//! The way to the mail server, as its address says: with which TLS, and whether anybody could read along.

use crate::{
    crypto::x509,
    error::{Error, Result},
};
use lettre::{
    AsyncSmtpTransport, Tokio1Executor,
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use std::{path::Path, time::Duration};
use url::{Host, Url};

/// How long one exchange with the server may take.
const TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct Way {
    pub transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Letters may cross a network without TLS.
    pub in_the_clear: bool,
}

impl Way {
    /// # Errors
    /// `Invalid` for an address that is none, and for a password that would be sent in the clear.
    pub(super) fn read(address: &str, ca_file: &Path) -> Result<Self> {
        // The address may hold a password: what is wrong with it is told without it.
        let wrong = |why: &str| Error::invalid(format!("mail.server: {why}")).attr("mail.server");
        let form = "not an address like smtps://user:password@host or smtp://user:password@host?tls=required";
        let url = Url::parse(address).map_err(|_| wrong(form))?;
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(address).map_err(|_| wrong(form))?;
        let asked = url.query_pairs().find(|(k, _)| k == "tls").map(|(_, v)| v.into_owned());
        let kind: Option<fn(TlsParameters) -> Tls> = match (url.scheme(), asked.as_deref()) {
            ("smtps", _) => Some(Tls::Wrapper),
            (_, Some("required")) => Some(Tls::Required),
            (_, Some("opportunistic")) => Some(Tls::Opportunistic),
            _ => None,
        };
        let certain = url.scheme() == "smtps" || asked.as_deref() == Some("required");
        let in_the_clear = !certain && !on_this_machine(&url);
        if in_the_clear && url.password().is_some() {
            return Err(wrong(
                "the password would cross the network in the clear; write smtps:// (port 465) or ?tls=required \
                 (STARTTLS, port 587)",
            ));
        }
        if let Some(kind) = kind
            && !ca_file.as_os_str().is_empty()
        {
            builder = builder.tls(kind(trusting(&url, ca_file)?));
        }
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build(), in_the_clear })
    }
}

fn on_this_machine(url: &Url) -> bool {
    // Of a scheme that it does not know, the parser leaves addresses as names.
    let host = url.host_str().unwrap_or_default();
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(ip)) => ip.is_loopback(),
        Ok(Host::Ipv6(ip)) => ip.is_loopback(),
        Err(_) => false,
    }
}

/// TLS to the server, with further authorities.
fn trusting(url: &Url, ca_file: &Path) -> Result<TlsParameters> {
    let mut parameters = TlsParameters::builder(url.host_str().unwrap_or_default().to_owned());
    for der in x509::read_pem("outbound.ca_file", ca_file)? {
        let further = Certificate::from_der(der.to_vec()).map_err(Error::internal)?;
        parameters = parameters.add_root_certificate(further);
    }
    parameters.build().map_err(Error::internal)
}
