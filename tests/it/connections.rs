//! Connections that say nothing, or begin and stop: none keeps its place, and nobody else waits for it.

use crate::{story, support::TestServer};
use muster::config::Span;
use reqwest::Method;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A client's first words: none, a part of HTTP/2's preface, a part of a request.
const BEGUN: [&[u8]; 4] = [b"", b"P", b"PRI * HTTP/2.0\r\n\r\nSM", b"GET /healthz HTTP/1.1\r\nho"];

/// Reads to the end, which comes within a few seconds; says what was read.
async fn end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut text)).await;
    let _ = read.expect("the connection is closed");
    String::from_utf8_lossy(&text).into_owned()
}

story! {
    async fn whoever_says_nothing_is_cut_off(t) {
        let server = TestServer::with(&t, |c| {
            c.limits.header_time = Span(Duration::from_millis(400));
        })
        .await;
        for begun in BEGUN {
            let mut slow = TcpStream::connect(server.address).await.unwrap();
            slow.write_all(begun).await.unwrap();
            let since = Instant::now();
            let told = end(&mut slow).await;
            assert!(since.elapsed() > Duration::from_millis(300), "it got its time");
            assert!(!told.contains(" 200 "), "{told}");
        }
        // A connection that is kept for another request is let go as well.
        let mut kept = TcpStream::connect(server.address).await.unwrap();
        kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(end(&mut kept).await.ends_with("ok\n"));
    }
}

story! {
    async fn silent_connections_hold_up_others_for_a_moment_only(t) {
        let server = TestServer::with(&t, |c| {
            c.limits.header_time = Span(Duration::from_millis(400));
            c.limits.connections = BEGUN.len();
        })
        .await;
        let mut silent = Vec::new();
        for begun in BEGUN {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(begun).await.unwrap();
            silent.push(stream);
        }
        let anyone = server.browser();
        let answer = tokio::time::timeout(Duration::from_secs(5), anyone.get("/healthz")).await;
        answer.expect("a place came free").expect(200);
    }
}

story! {
    async fn what_comes_in_pieces_is_read(t) {
        let server = TestServer::start(&t).await;
        // Each byte by itself, begun like HTTP/2 and then not.
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        for byte in b"PRIX /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" {
            slow.write_all(&[*byte]).await.unwrap();
            slow.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(end(&mut slow).await.starts_with("HTTP/1.1 405 "));
        // And HTTP/2 itself, without TLS.
        let two = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
        let answer = two.get(format!("{}/healthz", server.url)).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    }
}

story! {
    async fn a_refusal_reaches_whoever_still_sends(t) {
        let server = TestServer::with(&t, |c| c.limits.scim_body = "64KiB".parse().unwrap()).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let path = format!("/scim/{}/v2/Bulk", scim.directory);
        // Larger than what the two systems keep of it on its way, by one connection after the other and by a kept one.
        let body = "x".repeat(6 << 20);
        for _ in 0..20 {
            let nobody = server.browser();
            let post = |path: &str| nobody.request(Method::POST, path).body(body.clone());
            nobody.send(post(&path)).await.expect(413);
            nobody.send(post("/nothing-here")).await.expect(413);
            nobody.send(nobody.request(Method::POST, &path).body("y".repeat(60_000))).await.expect(401);
        }
    }
}
