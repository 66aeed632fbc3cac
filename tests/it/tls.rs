//! TLS in the server itself: what is shown, how it is renewed under open connections, what is refused at the start.

use crate::{
    pure, story,
    support::{TestDb, TestServer},
};
use muster::{
    config::{self, Config},
    server::Tls,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An authority of our own, and a folder for what it signs.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The folder.
    pub dir: tempfile::TempDir,
}

impl Authority {
    /// With its certificate in `ca.pem`.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "An authority for tests");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, dir }
    }
    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    /// Writes `cert.pem` and `key.pem` for these names; `days` is how long it holds, from a day ago.
    pub fn issue(&self, names: &[&str], days: i64) {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let now = time::OffsetDateTime::now_utc();
        params.not_before = now - time::Duration::days(1);
        params.not_after = now + time::Duration::days(days);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        self.put("cert.pem", &(cert.pem() + &self.issuer.pem()));
        self.put("key.pem", &key.serialize_pem());
    }
    /// Replaces a file, as what renews certificates does.
    fn put(&self, name: &str, text: &str) {
        let fresh = self.path(&format!("{name}.new"));
        fs::write(&fresh, text).unwrap();
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(fresh, self.path(name)).unwrap();
    }
    /// A client that trusts this authority alone.
    pub fn client(&self) -> reqwest::ClientBuilder {
        let ca = reqwest::Certificate::from_pem(&fs::read(self.path("ca.pem")).unwrap()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([ca]).tls_info(true)
    }
    fn settings(&self, config: &mut Config) {
        config.server.tls_cert = self.path("cert.pem");
        config.server.tls_key = self.path("key.pem");
    }
    /// A server with the certificate.
    pub async fn serve(&self, t: &TestDb) -> TestServer {
        TestServer::with(t, |c| {
            self.settings(c);
            c.limits.header_time = config::Span(Duration::from_millis(500));
        })
        .await
    }
    /// Why these files would be refused at the start.
    fn refused(&self) -> String {
        let mut config = config::load(None, [], []).unwrap().config;
        self.settings(&mut config);
        config.settle("127.0.0.1:443".parse().unwrap()).unwrap();
        match Tls::open(&config) {
            Ok(_) => panic!("it was taken"),
            Err(e) => e.detail().to_owned(),
        }
    }
}

async fn shown(client: &reqwest::Client, url: &str) -> Vec<u8> {
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    info.peer_certificate().unwrap().to_vec()
}

story! {
    async fn https_with_both_versions_of_http_and_tls(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let server = ca.serve(&t).await;
        assert_eq!(server.url, format!("https://{}", server.address));
        let url = format!("{}/healthz", server.url);
        let get = async |builder: reqwest::ClientBuilder| builder.build().unwrap().get(&url).send().await.unwrap();
        let two = get(ca.client()).await;
        assert_eq!(two.version(), reqwest::Version::HTTP_2);
        assert_eq!(two.headers()["strict-transport-security"], "max-age=31536000");
        assert_eq!(get(ca.client().http1_only()).await.version(), reqwest::Version::HTTP_11);
        let old = ca.client().tls_version_max(reqwest::tls::Version::TLS_1_2);
        assert_eq!(get(old).await.status(), 200);
        let discovery = get(ca.client()).await.url().join("/.well-known/openid-configuration").unwrap();
        let discovery = ca.client().build().unwrap().get(discovery).send().await.unwrap().text().await.unwrap();
        assert!(discovery.contains(&format!("\"issuer\":\"{}\"", server.url)), "{discovery}");
        // Who does not know the authority does not come in.
        let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
        assert!(stranger.get(&url).send().await.is_err());
    }
}

story! {
    async fn a_file_that_keeps_its_reader_waiting_stops_nobody(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let server = ca.serve(&t).await;
        let url = format!("{}/healthz", server.url);
        let before = shown(&ca.client().build().unwrap(), &url).await;
        fs::remove_file(ca.path("cert.pem")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(ca.path("cert.pem")).status().unwrap();
        assert!(made.success());
        // Long enough for it to be looked at more than once.
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let begun = Instant::now();
            assert_eq!(shown(&ca.client().build().unwrap(), &url).await, before);
            assert!(begun.elapsed() < Duration::from_secs(1));
        }
        assert!(ca.refused().contains("it is no file"), "{}", ca.refused());
    }
}

story! {
    async fn a_new_certificate_is_taken_while_connections_go_on(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let server = ca.serve(&t).await;
        let url = format!("{}/healthz", server.url);
        let old = ca.client().pool_max_idle_per_host(1).build().unwrap();
        let before = shown(&old, &url).await;
        // A pair that does not fit changes nothing; nor does a file that is gone.
        let good = fs::read_to_string(ca.path("key.pem")).unwrap();
        ca.put("key.pem", &KeyPair::generate().unwrap().serialize_pem());
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(shown(&ca.client().build().unwrap(), &url).await, before);
        fs::remove_file(ca.path("key.pem")).unwrap();
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert_eq!(shown(&ca.client().build().unwrap(), &url).await, before);
        ca.put("key.pem", &good);
        ca.issue(&["127.0.0.1"], 30);
        let begun = Instant::now();
        let after = loop {
            let after = shown(&ca.client().build().unwrap(), &url).await;
            if after != before {
                break after;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the new certificate is not shown");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        // The connection from before still lives: it shows what it began with.
        assert_eq!(shown(&old, &url).await, before);
        assert_eq!(shown(&ca.client().build().unwrap(), &url).await, after);
    }
}

async fn end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await;
    read.expect("the connection ends").expect("and is not reset");
    String::from_utf8_lossy(&text).into_owned()
}

story! {
    async fn what_is_no_handshake_is_closed(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let server = ca.serve(&t).await;
        let mut plain = TcpStream::connect(server.address).await.unwrap();
        plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let answer = end(&mut plain).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("speaks TLS"), "{answer}");
        let mut noise = TcpStream::connect(server.address).await.unwrap();
        noise.write_all(&[0; 64]).await.unwrap();
        assert!(!end(&mut noise).await.contains("HTTP"));
        // Whoever says nothing, or begins and stops, is cut off; others are served meanwhile.
        for begun in [&b""[..], &[0x16, 3, 1]] {
            let mut slow = TcpStream::connect(server.address).await.unwrap();
            slow.write_all(begun).await.unwrap();
            shown(&ca.client().build().unwrap(), &format!("{}/healthz", server.url)).await;
            let since = Instant::now();
            assert_eq!(end(&mut slow).await, "");
            assert!(since.elapsed() < Duration::from_secs(5));
        }
    }
}

story! {
    async fn a_handshake_takes_a_connections_place(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let server = TestServer::with(&t, |c| {
            ca.settings(c);
            c.limits.connections = 1;
            c.limits.header_time = config::Span(Duration::from_secs(2));
        })
        .await;
        let _silent = TcpStream::connect(server.address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let since = Instant::now();
        shown(&ca.client().build().unwrap(), &format!("{}/healthz", server.url)).await;
        assert!(since.elapsed() > Duration::from_secs(1), "it waited for the place");
    }
}

pure! {
    fn files_that_do_not_serve_are_refused_with_what_to_mend() {
        let ca = Authority::new();
        let says = |part: &str| {
            let why = ca.refused();
            assert!(why.contains(part), "{why}");
        };
        says("server.tls_cert: cannot read");
        ca.issue(&["localhost"], 90);
        let (cert, key) = (ca.path("cert.pem"), ca.path("key.pem"));
        let (good, fits) = (fs::read_to_string(&cert).unwrap(), fs::read_to_string(&key).unwrap());
        ca.put("key.pem", &KeyPair::generate().unwrap().serialize_pem());
        says("does not belong to the first certificate");
        ca.put("key.pem", &fits.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
        says("has a passphrase");
        ca.put("key.pem", "nothing");
        says("holds no private key");
        ca.put("key.pem", &fits);
        // The authority's certificate first: the wrong order.
        let at = good.match_indices("-----BEGIN").nth(1).unwrap().0;
        ca.put("cert.pem", &format!("{}{}", &good[at..], &good[..at]));
        says("does not belong to the first certificate");
        ca.put("cert.pem", &fits);
        says("holds no certificate");
        ca.put("cert.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        says("is broken");
        ca.issue(&["localhost"], 0);
        says("ended on");
    }
}

fn settled(lines: &[(&str, &str)]) -> Result<Config, String> {
    let lines = lines.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let mut config = config::load(None, [], lines.collect::<Vec<_>>()).unwrap().config;
    config.settle("127.0.0.1:9".parse().unwrap()).map_err(|e| e.detail().to_owned())?;
    Ok(config)
}

pure! {
    fn certificate_key_and_public_url_go_together() {
        let both = [("server.tls_cert", "c"), ("server.tls_key", "k")];
        assert_eq!(settled(&both).unwrap().issuer(), "https://127.0.0.1:9");
        assert!(settled(&both[..1]).unwrap_err().contains("belong together"));
        assert!(settled(&both[1..]).unwrap_err().contains("belong together"));
        let clear = [both[0], both[1], ("server.public_url", "http://id.example.com")];
        assert!(settled(&clear).unwrap_err().contains("begins with https://"));
    }
}

fn covers(names: &[&str], host: &str) -> bool {
    let ca = Authority::new();
    ca.issue(names, 90);
    let der =
        muster::crypto::x509::read_pem("x", Path::new(&ca.path("cert.pem"))).unwrap().remove(0);
    muster::crypto::x509::Certificate::read(der).unwrap().covers(host)
}

pure! {
    fn a_certificate_is_for_the_names_in_it() {
        assert!(covers(&["id.example.com"], "id.example.com"));
        assert!(covers(&["*.example.com"], "id.example.com"));
        assert!(covers(&["::1"], "[::1]"));
        assert!(!covers(&["*.example.com"], "a.id.example.com"));
        assert!(!covers(&["example.com"], "id.example.com"));
        assert!(!covers(&["127.0.0.1"], "127.0.0.2"));
    }
}
