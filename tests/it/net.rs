//! The outbound client reaches the public internet and nothing else (Zitadel GHSA-29jh-8cfq-rr8x, CVE-2026-27945).

use crate::{pure, story};
use futures::future::BoxFuture;
use muster::{
    config::Outbound,
    net::{Client, refused},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicUsize, Ordering},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn client(allow: &[&str]) -> Client {
    let shipped = muster::config::load(None, [], []).expect("the manual").config.outbound;
    let allow = allow.iter().map(|a| (*a).to_owned()).collect();
    Client::new(&Outbound { allow, ..shipped }).expect("a client")
}
fn get(url: &str) -> http::Request<Vec<u8>> {
    http::Request::get(url).body(Vec::new()).expect("a request")
}

pure!(
    fn addresses_that_are_not_public_are_refused() {
        for bad in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "100::1",
            "64:ff9b:1::1",
            "5f00::1",
            "2606:4700::5efe:7f00:1",
            "2606:4700::200:5efe:10.0.0.1",
        ] {
            assert!(refused(bad.parse::<IpAddr>().unwrap()), "{bad}");
        }
        for good in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2002:101:101::1",
        ] {
            assert!(!refused(good.parse::<IpAddr>().unwrap()), "{good}");
        }
    }
);

pure!(
    fn every_spelling_of_an_address_is_read_before_the_request() {
        let rt = tokio::runtime::Runtime::new().unwrap();
        rt.block_on(async {
            let c = client(&[]);
            for url in [
                "https://127.0.0.1/",
                "https://2130706433/",
                "https://0x7f.1/",
                "https://0177.0.0.1/",
                "https://127.1/",
                "https://[::1]/",
                "https://[::ffff:127.0.0.1]/",
                "https://[::ffff:7f00:1]/",
                "https://169.254.169.254/latest",
                "https://localhost/",
                "https://localhost./",
                "http://1.1.1.1/",
                "ftp://1.1.1.1/",
                "https://user@1.1.1.1/",
            ] {
                let Ok(request) = http::Request::get(url).body(Vec::new()) else { continue };
                let e = c.send(request).await.unwrap_err();
                assert_eq!(e.kind(), muster::error::Kind::Unavailable, "{url}");
            }
        });
    }
);

/// A server that answers everything with `answer`, and says how often it was asked.
async fn server(
    answer: &'static str,
) -> (std::net::SocketAddr, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = l.local_addr().unwrap();
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let n = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut s, _)) = l.accept().await {
            n.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::spawn(async move {
                let mut b = [0; 2048];
                let _ = s.read(&mut b).await;
                let _ = s.write_all(answer.as_bytes()).await;
            });
        }
    });
    (at, asked)
}

story!(
    async fn only_what_is_listed_is_reached_and_no_redirect_is_followed(t) {
        let (inner, asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
        let text = Box::leak(
            format!("HTTP/1.1 302 Found\r\nlocation: http://{inner}/\r\ncontent-length: 0\r\n\r\n").into_boxed_str(),
        );
        let (outer, _) = server(text).await;
        let listed = outer.to_string();
        let c = client(&[&listed]);
        let a = c.send(get(&format!("http://{outer}/"))).await.unwrap();
        assert_eq!(a.status(), 302, "the redirect is the answer");
        assert!(c.send(get(&format!("http://{inner}/"))).await.is_err(), "its neighbour is not listed");
        let name = format!("http://localhost:{}/", outer.port());
        assert!(c.send(get(&name)).await.is_err(), "a name is not the address");
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0, "nobody reached it");
    }
);

story!(
    /// DNS rebinding: a name that led to an address that may be reached leads to another a moment later.
    async fn a_name_that_changes_its_mind_is_judged_again(t) {
        let counted = async |at: &str| {
            let l = tokio::net::TcpListener::bind(at).await.unwrap();
            let (port, n) = (l.local_addr().unwrap().port(), std::sync::Arc::new(AtomicUsize::new(0)));
            let seen = n.clone();
            tokio::spawn(async move {
                // Counted before it is let go of, which is what the other side waits for.
                while let Ok(_open) = l.accept().await {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
            });
            (port, n)
        };
        let (port, listed) = counted("127.0.0.2:0").await;
        let (_, secret) = counted(&format!("127.0.0.3:{port}")).await;
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let turn = asked.clone();
        let names = move |name: String| -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
            assert_eq!(name, "rebind.example");
            let all: &[&str] = match turn.fetch_add(1, Ordering::SeqCst) {
                0 => &["127.0.0.2:0"],
                1 => &["127.0.0.3:0"],
                2 => &["[::ffff:127.0.0.3]:0"],
                _ => &["127.0.0.3:0", "127.0.0.2:0"],
            };
            let all = all.iter().map(|a| a.parse().unwrap()).collect();
            Box::pin(async move { Ok(all) })
        };
        let shipped = muster::config::load(None, [], []).expect("the manual").config.outbound;
        let settings = Outbound { allow: vec!["127.0.0.2/32".to_owned()], ..shipped };
        let c = Client::with_names(&settings, std::sync::Arc::new(names)).unwrap();
        for (turn, reached) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
            let url = format!("https://rebind.example:{port}/");
            c.send(get(&url)).await.unwrap_err();
            assert_eq!(asked.load(Ordering::SeqCst), turn, "asked each time");
            assert_eq!(listed.load(Ordering::SeqCst), reached, "turn {turn}");
            assert_eq!(secret.load(Ordering::SeqCst), 0, "turn {turn}");
        }
    }
);

story!(
    /// Where to, what happened, what to do.
    async fn what_went_wrong_is_said_in_words(t) {
        let told = async |c: &Client, url: &str| {
            let e = c.send(get(url)).await.unwrap_err();
            e.operator_text().unwrap().to_owned()
        };
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let c = client(&["127.0.0.0/8"]);
        let text = told(&c, &format!("http://127.0.0.1:{port}/a?secret=b")).await;
        assert!(text.starts_with(&format!("http://127.0.0.1:{port}/a: the connection is refused; nothing listens there")), "{text}");
        assert!(!text.contains("secret"), "{text}");
        // Somebody who says nothing, and somebody who speaks no TLS.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = silent.local_addr().unwrap();
        let shipped = muster::config::load(None, [], []).expect("the manual").config.outbound;
        let hasty = Outbound { allow: vec!["127.0.0.0/8".to_owned()], timeout: "1s".parse().unwrap(), ..shipped };
        let c = Client::new(&hasty).unwrap();
        let text = told(&c, &format!("http://{at}/")).await;
        assert!(text.starts_with(&format!("http://{at}/: no answer within 1 s; ")), "{text}");
        let plain = tokio::spawn(async move {
            while let Ok((mut tcp, _)) = silent.accept().await {
                let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        });
        let text = told(&c, &format!("https://{at}/")).await;
        assert!(text.starts_with(&format!("https://{at}/: no TLS connection comes about; ")), "{text}");
        plain.abort();
        // Names.
        let names = |name: String| -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
            Box::pin(async move {
                match name.as_str() {
                    "inside.example" => Ok(vec!["10.0.0.1:0".parse().unwrap()]),
                    _ => Err(std::io::Error::other("failed to lookup address information")),
                }
            })
        };
        let shipped = muster::config::load(None, [], []).expect("the manual").config.outbound;
        let c = Client::with_names(&shipped, std::sync::Arc::new(names)).unwrap();
        let text = told(&c, "https://inside.example/x").await;
        assert!(text.contains("no address on the public internet") && text.contains("outbound.allow"), "{text}");
        let text = told(&c, "https://nowhere.example/x").await;
        assert!(text.starts_with("https://nowhere.example/x: its name is not found (DNS); "), "{text}");
    }
);

story!(
    async fn an_authority_of_the_own_network_is_trusted_only_when_its_file_is_given(t) {
        let ca = crate::tls::Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let inside = ca.serve(&t).await;
        let url = format!("{}/healthz", inside.url);
        let with = |file: std::path::PathBuf| {
            let shipped = muster::config::load(None, [], []).unwrap().config.outbound;
            let allow = vec![inside.address.to_string()];
            Client::new(&Outbound { allow, ca_file: file, ..shipped })
        };
        let refused = with(std::path::PathBuf::new()).unwrap().send(get(&url)).await.unwrap_err();
        let told = refused.operator_text().unwrap();
        assert!(told.starts_with(&format!("{url}: its certificate is not accepted (TLS); ")), "{told}");
        assert!(told.contains("outbound.ca_file") && told.contains("UnknownIssuer"), "{told}");
        let answer = with(ca.path("ca.pem")).unwrap().send(get(&url)).await.unwrap();
        assert_eq!(answer.status(), 200);
        // The system's authorities stay trusted beside it: nobody is forgotten, and names are still checked.
        let named = format!("https://localhost:{}/healthz", inside.address.port());
        assert!(with(ca.path("ca.pem")).unwrap().send(get(&named)).await.is_err());
        for (name, why) in [("none.pem", "cannot read"), ("key.pem", "holds no certificate")] {
            let Err(e) = with(ca.path(name)) else { panic!("{name} was taken") };
            assert!(e.detail().starts_with("outbound.ca_file: ") && e.detail().contains(why), "{e:?}");
        }
    }
);

story!(
    async fn an_endless_answer_is_cut(t) {
        let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = l.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut s, _) = l.accept().await.unwrap();
            let mut b = [0; 2048];
            let _ = s.read(&mut b).await;
            let _ = s.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while s.write_all(&[b'x'; 8192]).await.is_ok() {}
        });
        let c = client(&[&at.to_string()]);
        let e = c.send(get(&format!("http://{at}/"))).await.unwrap_err();
        assert!(e.detail().contains("too long"), "{e:?}");
    }
);
