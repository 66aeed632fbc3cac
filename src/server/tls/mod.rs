//! TLS in the server itself: TLS 1.3 and 1.2 with HTTP/2 and HTTP/1.1, over the certificate that the settings name. A
//! renewed pair is picked up while connections go on ([`watch`]); a pair that is not good never replaces a good one.

mod watch;

use crate::{
    clock::Clock,
    config::Config,
    crypto::pair::{Pair, SOON, key_is_private},
    error::{Error, Result},
};
use arc_swap::ArcSwap;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::{CryptoProvider, aws_lc_rs},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    },
    server::TlsStream,
};

/// TLS as it is served. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    cert: PathBuf,
    key: PathBuf,
    host: String,
    provider: CryptoProvider,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
    patience: Duration,
    read_again: Notify,
    /// What the files looked like before they were first read.
    opened: watch::Marks,
}

/// The pair that the next handshake shows.
struct Current(ArcSwap<Pair>);

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the current certificate")
    }
}
impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().key.clone())
    }
}

impl Tls {
    /// As the settings say, which are settled; `None` when they name no certificate.
    ///
    /// # Errors
    /// `Invalid`, saying what is wrong with the files and what to do.
    pub fn open(config: &Config) -> Result<Option<Self>> {
        let server = &config.server;
        if !config.tls() {
            return Ok(None);
        }
        let opened = watch::marks(&server.tls_cert, &server.tls_key);
        let provider = aws_lc_rs::default_provider();
        let pair = Pair::read(&server.tls_cert, &server.tls_key, &provider, Clock::System.now())?;
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let mut tls = ServerConfig::builder_with_provider(Arc::new(provider.clone()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(Error::internal)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        tls.ticketer = aws_lc_rs::Ticketer::new().map_err(Error::internal)?;
        let inner = Inner {
            cert: server.tls_cert.clone(),
            key: server.tls_key.clone(),
            host: config.host(),
            provider,
            current,
            acceptor: TlsAcceptor::from(Arc::new(tls)),
            patience: *config.limits.header_time,
            read_again: Notify::new(),
            opened,
        };
        let tls = Self(Arc::new(inner));
        tls.say();
        Ok(Some(tls))
    }
    /// Reads the files again now, as after SIGHUP.
    pub fn read_again(&self) {
        self.0.read_again.notify_one();
    }
    /// What an operator should know of the certificate that is served.
    fn say(&self) {
        let pair = self.0.current.0.load();
        let leaf = &pair.leaf;
        let (host, days) = (&self.0.host, leaf.days_left(Clock::System.now()));
        if !leaf.covers(host) {
            tracing::warn!(
                host,
                names = leaf.names.join(", "),
                "the certificate is not for the host of the public URL: browsers will refuse it"
            );
        }
        if days < SOON {
            tracing::warn!(
                until = leaf.until.rfc3339(),
                days,
                "the certificate ends soon: renew it"
            );
        }
        if !key_is_private(&self.0.key) {
            tracing::warn!(
                file = %self.0.key.display(),
                "everybody on this machine can read the certificate's private key; run: chmod o= FILE"
            );
        }
    }
    /// The handshake, within its time. `None`: there was none, and the connection is closed.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        match tokio::time::timeout(self.0.patience, self.handshake(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(e)) => {
                tracing::debug!(error = %e, "no handshake");
                None
            }
            Err(_) => {
                tracing::debug!("a handshake took too long");
                None
            }
        }
    }
    async fn handshake(
        &self,
        mut stream: TcpStream,
    ) -> std::io::Result<Option<TlsStream<TcpStream>>> {
        // A TLS record begins with a number; HTTP in the clear with a method's letter.
        let mut first = [0];
        stream.peek(&mut first).await?;
        if !first[0].is_ascii_uppercase() {
            return self.0.acceptor.accept(stream).await.map(Some);
        }
        // What is left unread would reset the connection under the answer.
        let mut read = [0; 4096];
        let _ = stream.read(&mut read).await?;
        let text =
            format!("This port speaks TLS: its address begins with https://{}\n", self.0.host);
        let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{text}", text.len());
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        Ok(None)
    }
}
